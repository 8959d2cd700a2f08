//! What may be told to the assistant: short, of days that can be, and not without end.

use super::invariants::{Checked, ensure};
use super::noted::Noted;
use super::objective::Objective;
use super::state::PersonState;

/// Whether a text is there and fits.
fn fits(text: Option<&str>, letters: usize) -> bool {
    text.is_none_or(|text| !text.trim().is_empty() && text.chars().count() <= letters)
}

/// An objective's days are in order, and there are not too many.
pub(super) fn objective(state: &PersonState, objective: &Objective) -> Checked {
    ensure(
        objective.until.is_none_or(|until| until >= objective.since),
        "objective_runs_forward",
        "until",
        "lies on or after `since`",
    )?;
    ensure(
        objective
            .event_day
            .is_none_or(|day| day >= objective.since && objective.until.is_none_or(|until| day <= until)),
        "event_lies_in_its_objective",
        "event_day",
        "lies between `since` and `until`",
    )?;
    ensure(
        fits(objective.event.as_deref(), Objective::LETTERS),
        "event_is_short",
        "event",
        "has from 1 to 120 letters",
    )?;
    ensure(
        state.objectives.contains_key(&objective.id) || state.objectives.len() < Objective::MOST,
        "objectives_at_once",
        "objective",
        "at most 10 stand at once: end one first",
    )
}

/// A note is short and about days in order.
pub(super) fn noted(noted: &Noted) -> Checked {
    ensure(noted.last >= noted.first, "note_runs_forward", "until", "lies on or after the day it began")?;
    ensure(
        noted.last.days_since(noted.first) < Noted::DAYS,
        "note_is_about_92_days",
        "until",
        "a note is about 92 days at most",
    )?;
    ensure(fits(noted.words.as_deref(), Noted::LETTERS), "note_is_short", "note", "has from 1 to 500 letters")?;
    ensure(
        fits(noted.source.as_deref(), Noted::LETTERS_OF_SOURCE),
        "source_is_short",
        "source",
        "has from 1 to 60 letters",
    )
}
