//! The weekly search for a change: raised cautiously, then judged by later days alone.
//!
//! A rolling search sees the same days again and again, so some window will look changed by luck.
//! The rule answers that twice: the search takes the stricter prior [`SEARCH`], and what it raises is
//! graded C at most, with a confidence that says no more, until days nobody had seen at the raise
//! speak for themselves.
//!
//! - **Search**, on a Monday: the last 30 days against the 60 before them. Confidence of 0.4 or more
//!   raises a change.
//! - **Looks**, on the Mondays 14 to 42 days after the raise: the days since the raise against the
//!   pinned baseline, which is the 60 days before the 30 that raised it. The 30 themselves are used by
//!   neither window: they were picked because they look changed. The confidence of the latest look is
//!   the one that is reported and graded.
//! - **End**: the last look decides, since it has the most days. At 0.6 or more the change is
//!   confirmed; otherwise it expires. An early look below 0.4 withdraws the claim and not the watch:
//!   14 days are few, and ending there would lose four in ten of the changes this rule can find.
//! - **Rest**: the days a raise and its looks have used are not searched as recent days again. After an
//!   expired raise the search resumes 30 days later, when all recent days are new. A confirmed change
//!   rests until 90 days after its raise: by then both windows lie behind the raise, and the same
//!   step cannot be found twice.
//!
//! Measured on fresh worlds (`tests/search_rates.rs`): at phi 0.3 a metric that does not change is
//! raised .042 times a year and reaches B or A .0006 times; a lasting step of 1.5 SD at phi 0.2 reaches
//! B in .83 of people, of 2 SD at phi 0.35 in .87, after 49 and 48 days in the median.
//!
//! A step of many SD is where the rule is weak: days of it that fall into the wrong window look like strongly
//! dependent noise, and of steps of 7 SD only .58 reach B.
//!
//! Strong autocorrelation is where the rule fails, so above a phi of 0.6 nothing is graded above C. That
//! guard is weak: windows in which a change looks likely look less autocorrelated than they are, and
//! at a true phi of 0.65 it held 6 changes where 403 reached B.

use serde::{Deserialize, Serialize};

pub use crate::domain::watch::Watch;

use super::change::{Change, Screened, screen};
use super::confidence::SEARCH;
use super::point::{Point, window};

/// Calendar days that are searched for something new.
pub const RECENT_DAYS: u16 = 30;
/// Calendar days they are compared with.
pub const BASELINE_DAYS: u16 = 60;
/// Confidence at which a change is raised, and under which a raised one is withdrawn.
pub const RAISE_AT: f64 = 0.4;
/// Confidence the last look must have for the change to stand.
pub const CONFIRM_AT: f64 = 0.6;
/// Days from the raise to the first look.
pub const FIRST_LOOK: i32 = 14;
/// Days from the raise to the last look.
pub const LAST_LOOK: i32 = 42;
/// Autocorrelation above which a change is held at grade C.
pub const HOLD_ABOVE_PHI: f64 = 0.6;

/// Days from one search Monday to the next.
const WEEK: i32 = 7;

/// What one Monday brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No search is due, and nothing that was reported changes.
    Resting,
    /// The days that are needed are too few, or do not vary.
    NotEnough,
    /// Both windows were compared and nothing was raised.
    Nothing,
    /// A change is raised: `found` is the search's comparison, grade C at most.
    Raised,
    /// A look speaks for the raised change: `found` replaces what was reported.
    Supported,
    /// A look does not: `found` replaces what was reported and is below 0.4, or is missing because
    /// the direction turned. The claim is withdrawn; a later look may restore it.
    Doubted,
    /// The watch ends and the change stands, as `found` or, when its last Mondays brought too few
    /// days or were missed, as it was reported last.
    Confirmed,
    /// The watch ends and the change is withdrawn.
    Expired,
    /// A confirmed change has had its time: it is over as news, not refuted.
    Passed,
}

/// The answer to one Monday.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// What to pass in next Monday.
    pub next: Watch,
    /// The comparison to report and grade.
    pub found: Option<Change>,
    /// Whether `found` is graded C at most, whatever its confidence.
    pub at_most_c: bool,
    /// What happened.
    pub outcome: Outcome,
}

/// Takes one metric one Monday further.
///
/// `history` holds the valid days of the metric in time order; days after `today` are ignored, and so
/// are days too old for any window. `today` counts as a day of the window, so a caller whose day is
/// not over leaves its value out.
pub fn step(watch: &Watch, history: &[Point], today: i32) -> Step {
    match *watch {
        Watch::Idle { resume_on } => match resume_on {
            Some(day) if today < day => rest(*watch, Outcome::Resting),
            Some(_) | None => search(history, today),
        },
        Watch::Raised { raised_on, rises, standing } => {
            let raise = Raise { on: raised_on, rises, standing };
            match today.saturating_sub(raised_on) {
                age if age < FIRST_LOOK => rest(*watch, Outcome::Resting),
                age if age <= LAST_LOOK => raise.look(history, today),
                _ => raise.conclude(None, today),
            }
        }
        Watch::Confirmed { raised_on, .. } => {
            let over = raised_on.saturating_add(i32::from(BASELINE_DAYS + RECENT_DAYS));
            if today < over { rest(*watch, Outcome::Resting) } else { rest(Watch::default(), Outcome::Passed) }
        }
    }
}

fn rest(next: Watch, outcome: Outcome) -> Step {
    Step { next, found: None, at_most_c: false, outcome }
}

fn search(history: &[Point], today: i32) -> Step {
    let recent = window(history, today, u32::from(RECENT_DAYS));
    let Some(screened) = against_baseline(history, today, recent, u32::from(RECENT_DAYS)) else {
        return rest(Watch::default(), Outcome::NotEnough);
    };
    if screened.confidence() < RAISE_AT {
        return rest(Watch::default(), Outcome::Nothing);
    }
    Step {
        next: Watch::Raised { raised_on: today, rises: screened.rises(), standing: false },
        found: Some(screened.change()),
        at_most_c: true,
        outcome: Outcome::Raised,
    }
}

/// Compares days with the baseline of a search on the Monday `raised_on`.
fn against_baseline(history: &[Point], raised_on: i32, days: &[Point], calendar_days: u32) -> Option<Screened> {
    let baseline_end = raised_on.saturating_sub(i32::from(RECENT_DAYS));
    let baseline = window(history, baseline_end, u32::from(BASELINE_DAYS));
    screen(baseline, days, u32::from(BASELINE_DAYS), calendar_days, SEARCH)
}

/// A raised change that waits for its looks.
#[derive(Clone, Copy)]
struct Raise {
    on: i32,
    rises: bool,
    standing: bool,
}

impl Raise {
    fn look(self, history: &[Point], today: i32) -> Step {
        let last = today.saturating_add(WEEK) > self.on.saturating_add(LAST_LOOK);
        let since = today.abs_diff(self.on);
        let days = window(history, today, since);
        let Some(screened) = against_baseline(history, self.on, days, since) else {
            return if last { self.conclude(None, today) } else { rest(self.watch(), Outcome::NotEnough) };
        };
        let agrees = screened.rises() == self.rises;
        let looked = Self { standing: agrees && screened.confidence() >= CONFIRM_AT, ..self };
        let found = agrees.then(|| screened.change());
        if last {
            return looked.conclude(found, today);
        }
        let supported = agrees && screened.confidence() >= RAISE_AT;
        Step {
            next: looked.watch(),
            found,
            at_most_c: held(found),
            outcome: if supported { Outcome::Supported } else { Outcome::Doubted },
        }
    }

    fn conclude(self, found: Option<Change>, today: i32) -> Step {
        if self.standing {
            let next = Watch::Confirmed { raised_on: self.on, rises: self.rises };
            return Step { next, found, at_most_c: held(found), outcome: Outcome::Confirmed };
        }
        let resume_on = today.min(self.on.saturating_add(LAST_LOOK)).saturating_add(i32::from(RECENT_DAYS));
        let next = Watch::Idle { resume_on: Some(resume_on) };
        rest(next, Outcome::Expired)
    }

    fn watch(self) -> Watch {
        Watch::Raised { raised_on: self.on, rises: self.rises, standing: self.standing }
    }
}

fn held(found: Option<Change>) -> bool {
    found.is_some_and(|change| change.phi > HOLD_ABOVE_PHI)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: i32 = 738_886;

    /// A calm series, with a step of `size` SD from the day `from` on.
    fn days(count: i32, from: i32, size: f64) -> Vec<Point> {
        (0..count)
            .map(|index| {
                let turn = f64::from((index * 7919).rem_euclid(101)) / 101.0 - 0.5;
                let step = if index >= from { size } else { 0.0 };
                Point { day: MONDAY + index, value: 3.4 * turn + step }
            })
            .collect()
    }

    fn weeks(history: &[Point], count: i32) -> Vec<(i32, Step)> {
        let mut watch = Watch::default();
        (0..count)
            .map(|week| {
                let today = MONDAY + 7 * week;
                let step = step(&watch, history, today);
                watch = step.next;
                (7 * week, step)
            })
            .collect()
    }

    fn outcomes(history: &[Point], count: i32) -> Vec<(i32, Outcome)> {
        let mut all: Vec<(i32, Outcome)> =
            weeks(history, count).into_iter().map(|(day, step)| (day, step.outcome)).collect();
        all.dedup_by_key(|(_, outcome)| *outcome);
        all
    }

    #[test]
    fn a_lasting_step_is_raised_then_confirmed_then_passes() {
        let history = days(400, 154, 3.0);
        let expected = [
            Outcome::NotEnough,
            Outcome::Nothing,
            Outcome::Raised,
            Outcome::Resting,
            Outcome::Supported,
            Outcome::Confirmed,
            Outcome::Resting,
            Outcome::Passed,
            Outcome::Nothing,
        ];
        let seen: Vec<Outcome> = outcomes(&history, 57).iter().map(|one| one.1).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_raise_is_held_at_c_and_its_looks_see_only_the_days_since() {
        let history = days(400, 154, 3.0);
        let steps = weeks(&history, 57);
        let raised = steps.iter().position(|(_, step)| step.outcome == Outcome::Raised);
        let raised = raised.expect("the step is raised");
        assert!(steps[raised].1.at_most_c);
        let first = steps[raised + 2].1;
        assert_eq!(first.outcome, Outcome::Supported);
        assert_eq!(first.found.expect("a comparison").n_after, 14);
        assert!(!first.at_most_c);
        let last = steps[raised + 6].1;
        assert_eq!(last.outcome, Outcome::Confirmed);
        assert_eq!(last.found.expect("a comparison").n_after, 42);
    }

    #[test]
    fn a_passing_bump_expires_and_is_not_searched_until_all_recent_days_are_new() {
        let mut history = days(400, 154, 3.0);
        for point in history.iter_mut().filter(|point| point.day >= MONDAY + 175) {
            point.value -= 3.0;
        }
        let steps = weeks(&history, 57);
        let at = |outcome| {
            let found = steps.iter().find(|(_, step)| step.outcome == outcome);
            found.expect("it happens").0
        };
        let (raised, expired) = (at(Outcome::Raised), at(Outcome::Expired));
        assert_eq!(expired - raised, LAST_LOOK);
        let resumed = steps.iter().find(|(day, step)| *day > expired && step.outcome != Outcome::Resting);
        assert_eq!(resumed.expect("it resumes").0, expired + 35);
    }

    #[test]
    fn a_confirmation_that_turns_round_is_doubted_without_a_comparison() {
        let mut history = days(400, 154, 3.0);
        for point in history.iter_mut().filter(|point| point.day >= MONDAY + 182) {
            point.value -= 6.0;
        }
        let steps = weeks(&history, 57);
        let doubted = steps.iter().rfind(|(_, step)| step.outcome == Outcome::Doubted);
        assert_eq!(doubted.expect("it is doubted").1.found, None);
    }

    #[test]
    fn missed_mondays_end_a_watch_by_its_latest_look() {
        let history = days(200, 400, 0.0);
        let raised = |standing| Watch::Raised { raised_on: MONDAY, rises: true, standing };
        let stands = step(&raised(true), &history, MONDAY + 56);
        assert_eq!(stands.outcome, Outcome::Confirmed);
        let falls = step(&raised(false), &history, MONDAY + 56);
        assert_eq!(falls.outcome, Outcome::Expired);
        let resume_on = Some(MONDAY + LAST_LOOK + i32::from(RECENT_DAYS));
        assert_eq!(falls.next, Watch::Idle { resume_on });
    }

    #[test]
    fn a_watch_survives_being_stored() {
        let watch = Watch::Raised { raised_on: MONDAY, rises: false, standing: true };
        let text = serde_json::to_string(&watch).expect("it is written");
        let expected = r#"{"state":"raised","raised_on":738886,"rises":false,"standing":true}"#;
        assert_eq!(text, expected);
        let read: Watch = serde_json::from_str(&text).expect("it is read");
        assert_eq!(read, watch);
    }
}
