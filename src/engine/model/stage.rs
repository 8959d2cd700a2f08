//! The stage itself: which statements hold today?
//!
//! Levels are looked at every day, everything that is searched for on local Mondays only: looking every day breaks the
//! meaning of confidence.

use super::level::level;
use super::link_stage::look_at_links;
use super::stated::stated;
use super::weekly;
use crate::domain::claim::Direction;
use crate::domain::day::LocalDay;
use crate::domain::event::{InsightExpired, InsightRaised, InsightRenewed};
use crate::domain::evidence::{Evidence, Value, Window};
use crate::domain::grade::{Design, Grade};
use crate::domain::insight::{Insight, InsightKind};
use crate::domain::metric::{Cadence, Metric, round_to};
use crate::domain::provider::Provider;
use crate::domain::watch::Watch;
use crate::engine::run::{Run, RunError};

/// Days over which the usual value is stated.
pub const LEVEL_DAYS: u32 = 60;
/// Coverage and days below which a usual value is not stated at all.
const LEAST_COVERAGE: f64 = 0.3;

/// Runs the stage.
///
/// # Errors
/// When an event would break an invariant.
pub fn stage(run: &mut Run<'_>) -> Result<(), RunError> {
    for metric in run.metrics() {
        // A day without an activity is not a missing day, and a yes has no size: neither has a usual value a day.
        if matches!(metric.definition().cadence, Cadence::PerActivity | Cadence::Noted) {
            continue;
        }
        look_at_level(run, metric)?;
        if run.analysed.is_monday() && !run.is_sparse() {
            weekly::look_at(run, metric)?;
        }
    }
    if run.analysed.is_monday() && !run.is_sparse() {
        look_at_links(run)?;
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
    let (confidence, grade) = found.map_or((0.0, Grade::D), |level| stated(level.confidence, days, coverage, false));
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
pub(super) struct Numbers {
    pub(super) grade: Grade,
    pub(super) confidence: f64,
    pub(super) n: u32,
    pub(super) n_effective: f64,
    pub(super) coverage: f64,
    pub(super) window: Window,
    pub(super) baseline: Option<Window>,
    pub(super) values: Vec<Value>,
}

fn settle_level(run: &mut Run<'_>, metric: Metric, kind: InsightKind, numbers: Numbers) -> Result<(), RunError> {
    let other = match kind {
        InsightKind::Level => InsightKind::InsufficientData,
        InsightKind::InsufficientData
        | InsightKind::Change
        | InsightKind::Step
        | InsightKind::Trend
        | InsightKind::Association => InsightKind::Level,
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

/// The statement that numbers make.
pub(super) fn statement(
    run: &Run<'_>,
    metric: Metric,
    kind: InsightKind,
    direction: Option<Direction>,
    first_day: LocalDay,
    numbers: Numbers,
) -> Insight {
    let first = numbers.baseline.map_or(numbers.window.first, |b| b.first);
    let days = run.history.days(metric, run.analysed);
    let sources = Provider::distinct(days.iter().filter(|d| d.day >= first).map(|d| d.provider));
    Insight {
        id: Insight::id(run.person, kind, metric, direction, first_day),
        kind,
        metric,
        with: None,
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

/// Ends the open statement of a kind about a metric, if there is one.
pub(super) fn expire(
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
