//! The weekly search of one series for what moved: raised cautiously, then judged by later days alone.
//!
//! A rolling search sees the same days again and again, so some window will look changed by luck.
//! The rule answers that twice: the search takes the stricter prior [`SEARCH`], and what it raises is
//! graded C at most, with a confidence that says no more, until days nobody had seen at the raise
//! speak for themselves.
//!
//! - **Search**, on a Monday, in this order; the first that is raised takes the days for itself, and nothing more is looked
//!   for in them. A *trend*: a straight line through the last 90 days passes its gate and explains them better than the
//!   best step; the last 45 days are compared with the first 45. A *change*: the last 30 days against the 60 before them. A
//!   *step*: the largest step of the last 90 days passes its gate and explains them better than a line; the days since
//!   it are compared with 60 days that end a week before it. Confidence of 0.4 or more raises what was compared.
//! - **Looks**, on the Mondays 14 to 42 days after the raise: the days since the raise against the
//!   pinned days before. The days between were picked because they look changed and are used by
//!   neither window. The confidence of the latest look is the one that is reported and graded.
//! - **End**: the last look decides, since it has the most days. At 0.6 or more the claim is
//!   confirmed; otherwise it expires. An early look below 0.4 withdraws the claim and not the watch:
//!   14 days are few, and ending there would lose four in ten of the changes this rule can find.
//! - **Rest**: the days a raise and its looks have used are not searched as recent days again. After an
//!   expired raise the search resumes 30 days later, when all recent days are new. A confirmed claim
//!   rests until 90 days after its raise: by then both windows lie behind the raise, and the same
//!   step cannot be found twice.
//!
//! A change alone loses large steps: days of them that fall into the wrong window look like strongly dependent noise, and of
//! steps of 7 SD only .58 reached B. The step's windows hold no day of the other side. The gates ([`super::gates`]) were
//! chosen among three sets by the same kind of simulation, 450 to 600 metric-years a phi: with 1 % of null windows let through
//! a metric that does not change is raised .08 to .16 times a year, with 0.2 % .04 to .11, at the same power from 2 SD on.
//! `docs/calibration.md` has the rates on other draws, `tests/rates/search.rs` holds them.
//!
//! Where the rule fails: where steps are rare and tiny, and where dependence is strong. Above a phi of 0.6 nothing is graded
//! above C, a weak guard: windows in which a change looks likely look less autocorrelated than they are.
//! A slow drift is more often told as a change, or as a step, than as the trend it is.

use serde::{Deserialize, Serialize};

pub use crate::domain::watch::{Raise, Sought, Watch};

use super::change::{Change, Screened, screen};
use super::change_point::Scan;
use super::confidence::SEARCH;
use super::gates::{self, Gates};
use super::point::{Point, window};

/// Calendar days that are searched for a change.
pub const RECENT_DAYS: i32 = 30;
/// Calendar days they are compared with.
pub const BASELINE_DAYS: i32 = 60;
/// Calendar days that are searched for a step or a trend.
pub const WHOLE_DAYS: i32 = 90;
/// Days before a step that its baseline leaves out: the step may have fallen a little earlier.
pub const MARGIN_DAYS: i32 = 7;
/// Confidence at which something is raised, and under which a raised claim is withdrawn.
pub const RAISE_AT: f64 = 0.4;
/// Confidence the last look must have for it to stand.
pub const CONFIRM_AT: f64 = 0.6;
/// Days from the raise to the first look.
pub const FIRST_LOOK: i32 = 14;
/// Days from the raise to the last look.
pub const LAST_LOOK: i32 = 42;
/// Autocorrelation above which a claim is held at grade C.
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
    /// The windows were compared and nothing was raised.
    Nothing,
    /// Something is raised: `found` is the search's comparison, grade C at most.
    Raised,
    /// A look speaks for what was raised: `found` replaces what was reported.
    Supported,
    /// A look does not: `found` replaces what was reported and is below 0.4, or is missing because
    /// the direction turned. The claim is withdrawn; a later look may restore it.
    Doubted,
    /// The watch ends and the claim stands, as `found` or, when its last Mondays brought too few
    /// days or were missed, as it was reported last.
    Confirmed,
    /// The watch ends and the claim is withdrawn.
    Expired,
    /// A confirmed claim has had its time: it is over as news, not refuted.
    Passed,
}

/// The answer to one Monday.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// What to pass in next Monday.
    pub next: Watch,
    /// The comparison to report and grade.
    pub found: Option<Change>,
    /// Whether `found` is graded C at most, whatever its confidence.
    pub at_most_c: bool,
    /// What happened.
    pub outcome: Outcome,
}

/// The windows of a comparison, as first and last days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The pinned days before.
    pub before: (i32, i32),
    /// The days compared with them.
    pub after: (i32, i32),
}

/// Which days are compared on a Monday: on that of the raise the days that looked different, later the days since the raise
/// alone; both with the same pinned days before.
#[must_use]
pub fn windows(raise: &Raise, today: i32) -> Windows {
    let (days, margin) = match raise.sought {
        Sought::Change => (BASELINE_DAYS, 0),
        Sought::Step => (BASELINE_DAYS, MARGIN_DAYS),
        Sought::Trend => (WHOLE_DAYS / 2, 0),
    };
    let end = raise.since.saturating_sub(1 + margin);
    let first = if today <= raise.raised_on { raise.since } else { raise.raised_on.saturating_add(1) };
    Windows { before: (end.saturating_sub(days - 1), end), after: (first, today) }
}

/// Takes one metric one Monday further.
///
/// `history` holds the valid days of the metric in time order; days after `today` are ignored, and so
/// are days too old for any window. `today` counts as a day of the window, so a caller whose day is
/// not over leaves its value out.
#[must_use]
pub fn look(watch: &Watch, history: &[Point], today: i32) -> Look {
    look_through(&gates::WEEKLY, watch, history, today)
}

/// The same through other gates: how the gates were chosen is repeated with it.
#[must_use]
pub fn look_through(gates: &Gates, watch: &Watch, history: &[Point], today: i32) -> Look {
    match *watch {
        Watch::Idle { resume_on } => match resume_on {
            Some(day) if today < day => rest(*watch, Outcome::Resting),
            Some(_) | None => search(gates, history, today),
        },
        Watch::Raised { raise, standing } => match today.saturating_sub(raise.raised_on) {
            age if age < FIRST_LOOK => rest(*watch, Outcome::Resting),
            age if age <= LAST_LOOK => again(raise, standing, history, today),
            _ => conclude(raise, standing, None, today),
        },
        Watch::Confirmed { raise } => {
            let over = raise.raised_on.saturating_add(BASELINE_DAYS + RECENT_DAYS);
            if today < over { rest(*watch, Outcome::Resting) } else { rest(Watch::default(), Outcome::Passed) }
        }
    }
}

fn rest(next: Watch, outcome: Outcome) -> Look {
    Look { next, found: None, at_most_c: false, outcome }
}

/// Looks for a trend, a change and a step, in this order: the first that is raised takes the days for itself.
fn search(gates: &Gates, history: &[Point], today: i32) -> Look {
    let whole = window(history, today, WHOLE_DAYS.unsigned_abs());
    let scan = Scan::new(whole);
    let stepped = scan.as_ref().and_then(Scan::step);
    let slope = scan.as_ref().and_then(Scan::slope);
    let beginning = |sought, since, rises| Raise { sought, raised_on: today, since, rises };
    let shapes = stepped.zip(slope);
    let trend = || {
        let (stepped, slope) = shapes?;
        let raise = beginning(Sought::Trend, today.saturating_sub(WHOLE_DAYS / 2 - 1), slope > 0.0);
        gates.trend(slope, &stepped).then_some(raise)
    };
    let step = || {
        let (stepped, slope) = shapes?;
        gates.step(&stepped, slope).then(|| beginning(Sought::Step, stepped.day, stepped.t > 0.0))
    };
    let change = beginning(Sought::Change, today.saturating_sub(RECENT_DAYS - 1), false);
    let changed = compared(&change, history, today);
    let change = changed.map(|screened| Raise { rises: screened.rises(), ..change });
    let raised = [trend(), change, step()].into_iter().flatten().find_map(|raise| {
        let screened = compared(&raise, history, today)?;
        (screened.rises() == raise.rises && screened.confidence() >= RAISE_AT).then_some((raise, screened))
    });
    match raised {
        Some((raise, screened)) => Look {
            next: Watch::Raised { raise, standing: false },
            found: Some(screened.change()),
            at_most_c: true,
            outcome: Outcome::Raised,
        },
        None if changed.is_none() => rest(Watch::default(), Outcome::NotEnough),
        None => rest(Watch::default(), Outcome::Nothing),
    }
}

fn compared(raise: &Raise, history: &[Point], today: i32) -> Option<Screened> {
    let Windows { before, after } = windows(raise, today);
    let days = |(first, last): (i32, i32)| last.saturating_sub(first).saturating_add(1).unsigned_abs();
    let of = |span: (i32, i32)| window(history, span.1, days(span));
    screen(of(before), of(after), days(before), days(after), SEARCH)
}

/// A look at the days since a raise.
fn again(raise: Raise, standing: bool, history: &[Point], today: i32) -> Look {
    let last = today.saturating_add(WEEK) > raise.raised_on.saturating_add(LAST_LOOK);
    let Some(screened) = compared(&raise, history, today) else {
        let waiting = Watch::Raised { raise, standing };
        return if last { conclude(raise, standing, None, today) } else { rest(waiting, Outcome::NotEnough) };
    };
    let agrees = screened.rises() == raise.rises;
    let standing = agrees && screened.confidence() >= CONFIRM_AT;
    let found = agrees.then(|| screened.change());
    if last {
        return conclude(raise, standing, found, today);
    }
    let supported = agrees && screened.confidence() >= RAISE_AT;
    Look {
        next: Watch::Raised { raise, standing },
        found,
        at_most_c: held(found),
        outcome: if supported { Outcome::Supported } else { Outcome::Doubted },
    }
}

fn conclude(raise: Raise, standing: bool, found: Option<Change>, today: i32) -> Look {
    if standing {
        return Look { next: Watch::Confirmed { raise }, found, at_most_c: held(found), outcome: Outcome::Confirmed };
    }
    let resume_on = today.min(raise.raised_on.saturating_add(LAST_LOOK)).saturating_add(RECENT_DAYS);
    rest(Watch::Idle { resume_on: Some(resume_on) }, Outcome::Expired)
}

fn held(found: Option<Change>) -> bool {
    found.is_some_and(|change| change.phi > HOLD_ABOVE_PHI)
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
