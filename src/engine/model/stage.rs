//! The stage itself: which statements about usual values and changes hold today?
//!
//! Levels are looked at every day, changes on local Mondays only: looking every day breaks the meaning of confidence.

use super::level::level;
use super::search::{self, Outcome, Watch};
use crate::domain::claim::Direction;
use crate::domain::day::LocalDay;
use crate::domain::event::{BaselineComputed, InsightExpired, InsightRaised, InsightRenewed};
use crate::domain::evidence::{Evidence, Value, Window};
use crate::domain::grade::{Design, Grade};
use crate::domain::insight::{Insight, InsightKind};
use crate::domain::metric::{Cadence, Metric, round_to};
use crate::domain::provider::Provider;
use crate::engine::run::{Run, RunError};

/// Days over which the usual value is stated.
pub const LEVEL_DAYS: u32 = 60;
/// Coverage and days below which a usual value is not stated at all.
const LEAST_COVERAGE: f64 = 0.3;
/// The confidence that is stated at most of a change no later day has confirmed: the highest that still means C. A search
/// picks the window that looks most changed, so its own confidence promises more than it keeps.
const SUREST_OF_A_RAISE: f64 = 0.59;

/// Runs the stage.
///
/// # Errors
/// When an event would break an invariant.
pub fn stage(run: &mut Run<'_>) -> Result<(), RunError> {
    for metric in run.metrics() {
        // A day without an activity is not a missing day: activities have no usual value a day.
        if metric.definition().cadence == Cadence::PerActivity {
            continue;
        }
        look_at_level(run, metric)?;
        if run.analysed.is_monday() && !run.is_sparse() {
            look_for_change(run, metric)?;
        }
    }
    Ok(())
}

fn look_at_level(run: &mut Run<'_>, metric: Metric) -> Result<(), RunError> {
    let window = Window::ending(run.analysed, LEVEL_DAYS);
    let points = run.history.points(metric, run.analysed);
    let first = points.partition_point(|p| p.day < window.first.number());
    let days = points.len() - first;
    let found = level(points, run.analysed.number(), LEVEL_DAYS);
    let coverage = round_to(days as f64 / f64::from(LEVEL_DAYS), 2);
    let n = u32::try_from(days).unwrap_or(u32::MAX);
    let (unit, decimals) = (metric.unit().symbol(), metric.definition().decimals);
    let confidence = found.map_or(0.0, |l| round_to(l.confidence, 2));
    let grade = Grade::of(confidence, n, coverage);
    if let Some(found) = found.filter(|_| grade != Grade::D) {
        let values = vec![
            Value::new("mean", found.mean, unit, decimals),
            Value::new("interval_low", found.interval.0, unit, decimals),
            Value::new("interval_high", found.interval.1, unit, decimals),
            Value::new("interval_pct", 95.0, "%", 0),
            Value::new("sd", found.sd, unit, decimals + 1),
            Value::new("n", n.into(), "", 0),
            Value::new("window_days", LEVEL_DAYS.into(), "", 0),
            Value::new("coverage", coverage, "", 2),
            Value::new("confidence", confidence, "", 2),
        ];
        let n_effective = round_to(found.n_effective, 1);
        let numbers = Numbers { grade, confidence, n, n_effective, coverage, window, baseline: None, values };
        return settle_level(run, metric, InsightKind::Level, numbers);
    }
    let too_few = n < 7 || coverage < LEAST_COVERAGE;
    if days > 0 && too_few && metric.definition().cadence != Cadence::Irregular {
        let needed = 0.3 * f64::from(LEVEL_DAYS);
        let values = vec![
            Value::new("n", n.into(), "", 0),
            Value::new("needed", needed, "", 0),
            Value::new("window_days", LEVEL_DAYS.into(), "", 0),
        ];
        let numbers =
            Numbers { grade: Grade::D, confidence: 0.0, n, n_effective: 0.0, coverage, window, baseline: None, values };
        return settle_level(run, metric, InsightKind::InsufficientData, numbers);
    }
    if days > 0 {
        run.below_threshold += 1;
    }
    expire(run, InsightKind::Level, metric, "no_longer_holds", None)?;
    expire(run, InsightKind::InsufficientData, metric, "no_longer_holds", None)
}

/// What a look came to, before it is compared with what is open.
struct Numbers {
    grade: Grade,
    confidence: f64,
    n: u32,
    n_effective: f64,
    coverage: f64,
    window: Window,
    baseline: Option<Window>,
    values: Vec<Value>,
}

fn settle_level(run: &mut Run<'_>, metric: Metric, kind: InsightKind, numbers: Numbers) -> Result<(), RunError> {
    let other = match kind {
        InsightKind::Level => InsightKind::InsufficientData,
        InsightKind::InsufficientData | InsightKind::Change => InsightKind::Level,
    };
    expire(run, other, metric, "replaced", None)?;
    let open = run.state.open(kind, metric).cloned();
    let first_day = open.as_ref().map_or(run.analysed, |i| i.first_day);
    let insight = statement(run, metric, kind, None, first_day, numbers);
    match open {
        None => run.emit(InsightRaised { insight, watch: None }),
        Some(open) if open.reads_like(&insight) => Ok(()),
        Some(_) => run.emit(InsightRenewed { insight, watch: None }),
    }
}

fn look_for_change(run: &mut Run<'_>, metric: Metric) -> Result<(), RunError> {
    let watch = run.state.watches.get(&metric).copied().unwrap_or_default();
    let points = run.history.points(metric, run.analysed);
    let step = search::step(&watch, points, run.analysed.number());
    let open = run.state.open(InsightKind::Change, metric).cloned();
    let Some(found) = step.found.filter(|_| !matches!(step.outcome, Outcome::Doubted | Outcome::Expired)) else {
        return without_numbers(run, metric, open, &watch, &step);
    };
    let numbers = change_numbers(run.analysed, metric, &found, raised_on(&step.next), step.at_most_c);
    if numbers.grade == Grade::D {
        // A raise on too few days is none: nothing was said, so nothing is waited for.
        if matches!(step.outcome, Outcome::Raised) {
            run.below_threshold += 1;
            return Ok(());
        }
        return withdraw(run, metric, open.is_some(), &watch, step.next, "not_supported");
    }
    let first_day = raised_on(&step.next).and_then(LocalDay::from_number).unwrap_or(run.analysed);
    let insight = statement(run, metric, InsightKind::Change, Some(direction(found.rises)), first_day, numbers);
    let watch = Some(step.next);
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
    step: &search::Step,
) -> Result<(), RunError> {
    let reason = match step.outcome {
        Outcome::Doubted => "not_supported",
        Outcome::Expired => "not_confirmed",
        Outcome::Passed => "passed",
        Outcome::Nothing | Outcome::NotEnough => {
            run.below_threshold += u32::from(matches!(step.outcome, Outcome::Nothing));
            return Ok(());
        }
        Outcome::Confirmed => {
            // The last looks brought no numbers: what was reported last stands.
            return match open {
                Some(insight) => run.emit(InsightRenewed { insight, watch: Some(step.next) }),
                None => withdraw(run, metric, false, before, step.next, "not_supported"),
            };
        }
        Outcome::Resting | Outcome::Raised | Outcome::Supported => return Ok(()),
    };
    withdraw(run, metric, open.is_some(), before, step.next, reason)
}

/// Withdraws a claim and moves its watch on; the watch alone when the claim was withdrawn before.
fn withdraw(
    run: &mut Run<'_>,
    metric: Metric,
    is_open: bool,
    before: &Watch,
    next: Watch,
    reason: &str,
) -> Result<(), RunError> {
    if is_open {
        return expire(run, InsightKind::Change, metric, reason, Some(next));
    }
    if next == *before {
        return Ok(());
    }
    let Some(first_day) = raised_on(before).and_then(LocalDay::from_number) else { return Ok(()) };
    let rises = matches!(before, Watch::Raised { rises: true, .. } | Watch::Confirmed { rises: true, .. });
    let event = InsightExpired {
        insight_id: Insight::id(run.person, InsightKind::Change, metric, Some(direction(rises)), first_day),
        metric,
        day: run.analysed,
        reason: reason.to_owned(),
        watch: Some(next),
        sources: Vec::new(),
    };
    run.emit(event)
}

/// The Monday on which what is waited for was raised.
fn raised_on(watch: &Watch) -> Option<i32> {
    match watch {
        Watch::Idle { .. } => None,
        Watch::Raised { raised_on, .. } | Watch::Confirmed { raised_on, .. } => Some(*raised_on),
    }
}

fn direction(rises: bool) -> Direction {
    if rises { Direction::Higher } else { Direction::Lower }
}

fn change_numbers(
    today: LocalDay,
    metric: Metric,
    found: &super::Change,
    raised_on: Option<i32>,
    at_most_c: bool,
) -> Numbers {
    // A fresh raise speaks of the last 30 days, a look of the days since the raise; both of the same 60 before.
    let raised = raised_on.and_then(LocalDay::from_number).unwrap_or(today);
    let recent = u32::from(search::RECENT_DAYS);
    let since = u32::try_from(today.days_since(raised)).unwrap_or(0);
    let after = Window::ending(today, if since == 0 { recent } else { since });
    let before = Window::ending(raised.minus(recent), u32::from(search::BASELINE_DAYS));
    let searched = round_to(found.confidence, 2);
    let confidence = if at_most_c { searched.min(SUREST_OF_A_RAISE) } else { searched };
    let coverage = round_to(found.coverage, 2);
    let n = u32::try_from(found.n).unwrap_or(u32::MAX);
    let mut values = super::shown(metric, found);
    values.extend([
        Value::new("n_before", found.n_before as f64, "", 0),
        Value::new("n_after", found.n_after as f64, "", 0),
        Value::new("before_days", before.days.into(), "", 0),
        Value::new("after_days", after.days.into(), "", 0),
        Value::new("coverage", coverage, "", 2),
        Value::new("confidence", confidence, "", 2),
    ]);
    if searched > confidence {
        values.push(Value::new("search_confidence", searched, "", 2));
    }
    Numbers {
        grade: Grade::of(confidence, n, coverage),
        confidence,
        n,
        n_effective: round_to(found.n_effective, 1),
        coverage,
        window: after,
        baseline: Some(before),
        values,
    }
}

fn statement(
    run: &Run<'_>,
    metric: Metric,
    kind: InsightKind,
    direction: Option<Direction>,
    first_day: LocalDay,
    numbers: Numbers,
) -> Insight {
    let first = numbers.baseline.map_or(numbers.window.first, |b| b.first);
    let days = run.history.days(metric, run.analysed);
    let mut sources: Vec<Provider> = days.iter().filter(|d| d.day >= first).map(|d| d.provider).collect();
    sources.sort_unstable();
    sources.dedup();
    Insight {
        id: Insight::id(run.person, kind, metric, direction, first_day),
        kind,
        metric,
        direction,
        design: Design::Observational,
        grade: numbers.grade,
        confidence: numbers.confidence,
        n: numbers.n,
        n_effective: numbers.n_effective,
        coverage: numbers.coverage,
        first_day,
        day: run.analysed,
        evidence: Evidence {
            metric: Some(metric),
            sources,
            window: numbers.window,
            baseline: numbers.baseline,
            input_revision: run.input_revision,
            values: numbers.values,
        },
    }
}

fn expire(
    run: &mut Run<'_>,
    kind: InsightKind,
    metric: Metric,
    reason: &str,
    watch: Option<Watch>,
) -> Result<(), RunError> {
    let Some(open) = run.state.open(kind, metric) else {
        return Ok(());
    };
    let event = InsightExpired {
        insight_id: open.id,
        metric,
        day: run.analysed,
        reason: reason.to_owned(),
        watch,
        sources: open.evidence.sources.clone(),
    };
    run.emit(event)
}
