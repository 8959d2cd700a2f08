//! Load and recovery over whole weeks: a high load with a high pulse and a low variability.

use super::signal::{Alarm, Finding, Signal, line, sources};
use super::threshold::{STRAIN_REVIEW_DAYS, STRAIN_SD, STRAIN_WARN_DAYS};
use crate::domain::evidence::{Value, Window};
use crate::domain::metric::{Cadence, Metric, round_to};
use crate::domain::provider::Provider;
use crate::domain::safety::Level;
use crate::engine::model::Moments;

/// What stands for load, the first that there is.
pub(in crate::engine) const LOADS: [Metric; 4] =
    [Metric::Strain, Metric::RelativeEffort, Metric::ActivityStrain, Metric::ActivityDuration];
/// What stands for variability, the first that there is.
const VARIABILITIES: [Metric; 2] = [Metric::HrvRmssd, Metric::HrvSdnn];
/// Days that say what is usual.
const USUAL_DAYS: u32 = 60;
/// The share of days that must have a value, in either window.
const COVERAGE: f64 = 5.0 / 7.0;

/// How a span of days compares with the 60 before, in standard deviations of a day.
struct Shift {
    metric: Metric,
    sds: f64,
    sources: Vec<Provider>,
}

fn shift(signal: &Signal<'_>, metric: Metric, days: u32) -> Option<Shift> {
    let now = Window::ending(signal.until, days);
    let before = Window::ending(now.first.minus(1), USUAL_DAYS);
    let (recent, usual) = (signal.days(metric, now), signal.days(metric, before));
    // A day without an activity is a day with none; of anything else it is a missing day.
    let resting = metric.definition().cadence == Cadence::PerActivity;
    let enough = |found: usize, of: u32| found as f64 >= COVERAGE * f64::from(of);
    if if resting { usual.is_empty() } else { !enough(recent.len(), days) || usual.len() < 14 } {
        return None;
    }
    let values = |found: &[crate::engine::history::DayValue], of: u32| {
        let mut values: Vec<f64> = found.iter().map(|day| day.value).collect();
        if resting {
            values.resize(values.len().max(of as usize), 0.0);
        }
        values
    };
    let now = Moments::of(values(&recent, days));
    let before = Moments::of(values(&usual, USUAL_DAYS));
    let sd = before.sd();
    if sd.is_nan() || sd <= f64::EPSILON * before.mean.abs() {
        return None;
    }
    let sds = round_to((now.mean - before.mean) / sd, 2);
    Some(Shift { metric, sds, sources: sources(&recent) })
}

fn first(signal: &Signal<'_>, metrics: &[Metric], days: u32) -> Option<Shift> {
    metrics.iter().find_map(|metric| shift(signal, *metric, days))
}

/// How far the load of the last days lies above the usual, in standard deviations, if it does.
pub(super) fn is_up(signal: &Signal<'_>, days: u32) -> Option<f64> {
    first(signal, &LOADS, days).map(|load| load.sds).filter(|sds| *sds >= STRAIN_SD.value)
}

/// Whether all three point the same way over some days; `None` when one of them cannot be told.
fn strained(signal: &Signal<'_>, days: u32) -> Option<(bool, [Shift; 3])> {
    let variability = first(signal, &VARIABILITIES, days)?;
    let pulse = shift(signal, Metric::RestingHeartRate, days)?;
    let load = first(signal, &LOADS, days)?;
    let line = STRAIN_SD.value;
    let all = variability.sds <= -line && pulse.sds >= line && load.sds >= line;
    Some((all, [variability, pulse, load]))
}

pub(super) fn overtraining(signal: &Signal<'_>) -> Finding {
    let levels = [(Level::Review, STRAIN_REVIEW_DAYS), (Level::Warn, STRAIN_WARN_DAYS)];
    for (level, threshold) in levels {
        let days = threshold.value as u32;
        let Some((true, shifts)) = strained(signal, days) else { continue };
        let mut values = vec![line(&threshold), line(&STRAIN_SD)];
        values.extend(shifts.iter().map(|shift| Value::new(shift.metric.key(), shift.sds, "", 2)));
        let sources = Provider::distinct(shifts.iter().flat_map(|shift| shift.sources.clone()));
        return Finding::Holds(Alarm {
            level,
            metric: None,
            window: Window::ending(signal.until, days),
            sources,
            values,
        });
    }
    match strained(signal, STRAIN_WARN_DAYS.value as u32) {
        // Back at the usual, not just under the line: an episode that hovers about it is one.
        Some((false, [variability, pulse, _])) if variability.sds >= 0.0 || pulse.sds <= 0.0 => Finding::Over,
        _ => Finding::Undecided,
    }
}
