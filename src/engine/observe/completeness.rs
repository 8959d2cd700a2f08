//! How much of what is usually measured came in, and which kind of missing the rest is.

use crate::domain::degradation::{Absence, Missing};
use crate::domain::evidence::Window;
use crate::domain::metric::{Cadence, Metric};
use crate::engine::run::Run;

/// Days over which completeness is judged, and days that say what is usual.
const RECENT_DAYS: u32 = 7;
const USUAL_DAYS: u32 = 60;
/// Days of the usual without which nothing is expected.
const FEWEST: usize = 14;
/// Days after which a metric that came in regularly is called missing.
const MISSING_AFTER: i64 = 2;
/// Days before the newest data after which it is no longer missed.
const FORGOTTEN_AFTER: u32 = 120;

/// Whether a metric is one of which a value a day is to be expected.
fn is_regular(metric: Metric) -> bool {
    matches!(metric.definition().cadence, Cadence::Nightly | Cadence::Daily)
}

/// What came in over the last seven days and can be used, as a share of what usually does: the mean over the metrics
/// that have come in regularly, each at most 1. `None` while nothing is known to be usual.
///
/// It is measured against the person's own habit: somebody who wears their device three nights a week learns slowly, but
/// does learn.
#[must_use]
pub fn quality(run: &Run<'_>) -> Option<f64> {
    let recent = Window::ending(run.analysed, RECENT_DAYS);
    let usual = Window::ending(recent.first.minus(1), USUAL_DAYS);
    let share = |metric: Metric| {
        let days = run.history.days(metric, recent.last);
        let begin = days.partition_point(|day| day.day < usual.first);
        let split = days.partition_point(|day| day.day < recent.first);
        let (before, now) = (&days[begin..split], &days[split..]);
        let first = before.first().filter(|_| before.len() >= FEWEST)?;
        let span = usual.last.days_since(first.day) + 1;
        let habit = before.len() as f64 / span as f64;
        let valid = now.iter().filter(|day| !day.conflict).count() as f64 / f64::from(RECENT_DAYS);
        Some((valid / habit).min(1.0))
    };
    let shares: Vec<f64> = run.history.metrics().filter(|metric| is_regular(*metric)).filter_map(share).collect();
    (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
}

/// The metrics that used to come in and do not, each with its kind of missing.
///
/// "Not worn" is said only where the same source sent something else of later days; where nothing at all came in, what
/// is missing was not received, and why is not known.
#[must_use]
pub fn missing(run: &Run<'_>, received: bool) -> Vec<Missing> {
    let newest_of = |of: &dyn Fn(&crate::engine::history::DayValue) -> bool| {
        let newest = run.history.metrics().filter_map(|metric| run.history.days(metric, run.day).last());
        newest.filter(|day| of(day)).map(|day| day.day).max()
    };
    let mut missing = Vec::new();
    for metric in run.history.metrics().filter(|metric| is_regular(*metric)) {
        let days = run.history.days(metric, run.day);
        let Some(last) = days.last() else { continue };
        let usual = Window::ending(last.day, USUAL_DAYS);
        let regular = days.iter().rev().take_while(|day| day.day >= usual.first).count() >= FEWEST;
        let forgotten = last.day < run.analysed.minus(FORGOTTEN_AFTER);
        if !regular || forgotten || run.day.days_since(last.day) < MISSING_AFTER {
            continue;
        }
        let own = newest_of(&|day| day.provider == last.provider);
        let others = newest_of(&|day| day.provider != last.provider);
        let absence = if !received {
            Absence::NotReceived
        } else if own > Some(last.day) {
            Absence::NotWorn
        } else if others > Some(last.day) {
            Absence::NotMeasured
        } else {
            Absence::NotReceived
        };
        missing.push(Missing { metric, absence, last_day: last.day });
    }
    missing
}
