//! A metric's Monday: what the search and its looks come to, as statements raised, renewed and withdrawn.

use super::search::{self, Look, Outcome, Sought, Watch, Windows, windows};
use super::stage::{Numbers, expire, statement};
use super::stated::{SUREST, stated};
use super::trend::slope_a_week;
use crate::domain::claim::Direction;
use crate::domain::day::LocalDay;
use crate::domain::event::{BaselineComputed, InsightExpired, InsightRaised, InsightRenewed};
use crate::domain::evidence::{Value, Window};
use crate::domain::grade::Grade;
use crate::domain::insight::{Insight, InsightKind};
use crate::domain::metric::{Metric, round_to};
use crate::domain::watch::Raise;
use crate::engine::run::{Run, RunError};

/// Takes one metric one Monday further.
pub(super) fn look_at(run: &mut Run<'_>, metric: Metric) -> Result<(), RunError> {
    let before = run.state.watches.get(&metric).copied().unwrap_or_default();
    let looked = search::look(&before, run.history.points(metric, run.analysed), run.analysed.number());
    let open = run.state.open_move(metric).cloned();
    let silent = matches!(looked.outcome, Outcome::Doubted | Outcome::Expired);
    let (Some(raise), Some(found)) = (looked.next.raise(), looked.found.filter(|_| !silent)) else {
        return without_numbers(run, metric, open, &before, &looked);
    };
    let Some(numbers) = numbers(run, metric, &raise, &found, looked.at_most_c) else {
        return withdraw(run, metric, open.as_ref(), &before, looked.next, "not_supported");
    };
    if numbers.grade == Grade::D {
        // A raise on too few days is none: nothing was said, so nothing is waited for.
        if matches!(looked.outcome, Outcome::Raised) {
            run.below_threshold += 1;
            return Ok(());
        }
        return withdraw(run, metric, open.as_ref(), &before, looked.next, "not_supported");
    }
    let first_day = LocalDay::from_number(raise.raised_on).unwrap_or(run.analysed);
    let insight = statement(run, metric, raise.sought.into(), Some(direction(found.rises)), first_day, numbers);
    let watch = Some(looked.next);
    if open.is_some() {
        return run.emit(InsightRenewed { insight, watch });
    }
    let baseline = insight.evidence.baseline.map(|window| BaselineComputed {
        insight_id: insight.id,
        metric,
        window,
        n: u32::try_from(found.n_before).unwrap_or(u32::MAX),
        mean: metric.round(found.mean_before),
        sd: round_to(found.sd, metric.definition().decimals + 1),
        sources: insight.evidence.sources.clone(),
    });
    run.emit(InsightRaised { insight, watch })?;
    baseline.map_or(Ok(()), |baseline| run.emit(baseline))
}

/// A Monday that brought no numbers to report: the claim stays, is withdrawn, or is over.
fn without_numbers(
    run: &mut Run<'_>,
    metric: Metric,
    open: Option<Insight>,
    before: &Watch,
    looked: &Look,
) -> Result<(), RunError> {
    let reason = match looked.outcome {
        Outcome::Doubted => "not_supported",
        Outcome::Expired => "not_confirmed",
        Outcome::Passed => "passed",
        Outcome::Nothing | Outcome::NotEnough => {
            run.below_threshold += u32::from(matches!(looked.outcome, Outcome::Nothing));
            return Ok(());
        }
        Outcome::Confirmed => {
            // The last looks brought no numbers: what was reported last stands.
            return match open {
                Some(insight) => run.emit(InsightRenewed { insight, watch: Some(looked.next) }),
                None => withdraw(run, metric, None, before, looked.next, "not_supported"),
            };
        }
        Outcome::Resting | Outcome::Raised | Outcome::Supported => return Ok(()),
    };
    withdraw(run, metric, open.as_ref(), before, looked.next, reason)
}

/// Withdraws a claim and moves its watch on; the watch alone when the claim was withdrawn before.
fn withdraw(
    run: &mut Run<'_>,
    metric: Metric,
    open: Option<&Insight>,
    before: &Watch,
    next: Watch,
    reason: &str,
) -> Result<(), RunError> {
    if let Some(open) = open {
        return expire(run, open.kind, metric, reason, Some(next));
    }
    let Some(raise) = before.raise().filter(|_| next != *before) else { return Ok(()) };
    let Some(first_day) = LocalDay::from_number(raise.raised_on) else { return Ok(()) };
    let kind = InsightKind::from(raise.sought);
    let event = InsightExpired {
        insight_id: Insight::id(run.person, kind, metric, Some(direction(raise.rises)), first_day),
        metric,
        day: run.analysed,
        reason: reason.to_owned(),
        watch: Some(next),
        sources: Vec::new(),
    };
    run.emit(event)
}

fn direction(rises: bool) -> Direction {
    if rises { Direction::Higher } else { Direction::Lower }
}

/// The days `first` to `last` as a window; `None` beyond the calendar.
fn span((first, last): (i32, i32)) -> Option<Window> {
    let days = u32::try_from(last.checked_sub(first)?.checked_add(1)?).ok()?;
    Some(Window::ending(LocalDay::from_number(last)?, days))
}

fn numbers(run: &Run<'_>, metric: Metric, raise: &Raise, found: &super::Change, at_most_c: bool) -> Option<Numbers> {
    let today = run.analysed.number();
    let Windows { before, after } = windows(raise, today);
    let (before, after) = (span(before)?, span(after)?);
    let searched = round_to(found.confidence, 2).min(SUREST);
    let (confidence, grade) = stated(found.confidence, found.n, found.coverage, at_most_c);
    let coverage = round_to(found.coverage, 2);
    let (unit, decimals) = (metric.unit().symbol(), metric.definition().decimals);
    let mut values = super::shown(metric, found);
    values.extend([
        Value::new("n_before", found.n_before as f64, "", 0),
        Value::new("n_after", found.n_after as f64, "", 0),
        Value::new("before_days", before.days.into(), "", 0),
        Value::new("after_days", after.days.into(), "", 0),
        Value::new("coverage", coverage, "", 2),
        Value::new("confidence", confidence, "", 2),
    ]);
    match raise.sought {
        Sought::Change => {}
        Sought::Step => {
            values.push(Value::new("step_days_ago", f64::from(today.saturating_sub(raise.since)), "days", 0));
        }
        Sought::Trend => {
            let from = LocalDay::number(before.first);
            let slope = slope_a_week(run.history.points(metric, run.analysed), from, today)?;
            values.push(Value::new("slope", slope.abs(), unit, decimals + 2));
        }
    }
    if searched > confidence {
        values.push(Value::new("search_confidence", searched, "", 2));
    }
    Some(Numbers {
        grade,
        confidence,
        n: u32::try_from(found.n).unwrap_or(u32::MAX),
        n_effective: round_to(found.n_effective, 1),
        coverage,
        window: after,
        baseline: Some(before),
        values,
    })
}
