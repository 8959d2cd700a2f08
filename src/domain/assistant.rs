//! What may be told to the assistant: short, of days that can be, and not without end.

use uuid::Uuid;

use super::day::LocalDay;
use super::event::{ConversationSummarised, QuestionAnswered};
use super::invariants::{Checked, ensure};
use super::noted::Noted;
use super::objective::Objective;
use super::state::PersonState;

/// Letters of a question.
const LETTERS_OF_A_QUESTION: usize = 500;
/// Things that one answer tells of.
const TOLD: usize = 64;

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
        state.objectives.contains_key(&objective.id) || beside(state, objective) < Objective::MOST,
        "objectives_at_once",
        "objective",
        "at most 10 stand at once: end one first",
    )?;
    ensure(
        state.objectives.contains_key(&objective.id) || state.objectives.len() < Objective::MOST_KEPT,
        "objectives_kept",
        "objective",
        "there are 200, those that are over included: end some of them first",
    )
}

/// The objectives that share a day with another.
fn beside(state: &PersonState, other: &Objective) -> usize {
    let begins_before = |one: &Objective, end: &Objective| one.since <= end.until.unwrap_or(LocalDay::LAST);
    let shares = |one: &&Objective| begins_before(one, other) && begins_before(other, one);
    state.objectives.values().filter(shares).count()
}

/// Only what stands can be ended.
pub(super) fn ended(state: &PersonState, objective: Uuid) -> Checked {
    let known = state.objectives.contains_key(&objective);
    ensure(known, "ended_objective_stands", "objective_id", "there is no such objective")
}

/// A question is short, and an answer tells of what a page holds.
pub(super) fn answered(answered: &QuestionAnswered) -> Checked {
    ensure(
        fits(answered.question.as_deref(), LETTERS_OF_A_QUESTION),
        "question_is_short",
        "question",
        "has from 1 to 500 letters",
    )?;
    ensure(answered.told.len() <= TOLD, "answer_is_short", "told", "an answer tells of 64 things at most")
}

/// A summary says what its sitting came to.
pub(super) fn summarised(state: &PersonState, summarised: &ConversationSummarised) -> Checked {
    let held = state.conversations.get(summarised.session_id);
    let same = held.is_some_and(|held| held.gist == summarised.gist);
    ensure(same, "summary_is_of_its_sitting", "gist", "says what the sitting came to")
}

/// A note is short and about days in order, and there are not too many.
pub(super) fn noted(state: &PersonState, noted: &Noted) -> Checked {
    ensure(
        state.noted.contains(&noted.id) || state.noted.len() < Noted::MOST,
        "notes_at_most",
        "note",
        "there are 2,000 notes: no more are taken",
    )?;
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
