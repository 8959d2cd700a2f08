//! Temperature: skin warmer than the person's usual, and a body temperature that was measured.

use super::signal::{Alarm, Finding, Signal, line, number};
use super::threshold::{CLEAR_NIGHTS, FEVER, SKIN_RISE};
use crate::domain::metric::Metric;
use crate::domain::safety::{Level, SafetyNotice};
use crate::engine::history::DayValue;

/// Days whose median is a person's usual skin temperature.
const USUAL_DAYS: u32 = 28;

/// How far a night lies above the person's usual: as the provider reckons it, else against their own median.
fn rise(signal: &Signal<'_>, metric: Metric, night: &DayValue) -> Option<f64> {
    match metric {
        Metric::SkinTemperatureDeviation => Some(night.value),
        _ => signal.usual(metric, night.day, USUAL_DAYS).map(|own| metric.round(night.value - own)),
    }
}

pub(super) fn skin(signal: &Signal<'_>) -> Finding {
    let there = |metric: &Metric| signal.last(*metric, 1, 7).is_some();
    let Some(metric) = [Metric::SkinTemperatureDeviation, Metric::SkinTemperature].into_iter().find(there) else {
        return Finding::Undecided;
    };
    if let Some(two) = signal.last(metric, 2, 4) {
        let rises: Option<Vec<f64>> = two.iter().map(|night| rise(signal, metric, night)).collect();
        if let Some(rises) = rises.filter(|rises| rises.iter().all(|rise| *rise >= SKIN_RISE.value)) {
            let compared = vec![line(&SKIN_RISE), number(metric, "above_own", rises[1])];
            return Finding::Holds(Alarm::of(Level::Warn, metric, &two, compared));
        }
    }
    let Some(last) = signal.last(metric, CLEAR_NIGHTS.value as usize, 7) else { return Finding::Undecided };
    let fine = |night: &DayValue| rise(signal, metric, night).is_some_and(|rise| rise < SKIN_RISE.value);
    if last.iter().all(fine) { Finding::Over } else { Finding::Undecided }
}

pub(super) fn body(signal: &Signal<'_>, open: Option<&SafetyNotice>) -> Finding {
    let Some(last) = signal.last(Metric::BodyTemperature, 1, 3) else { return Finding::Undecided };
    if last[0].value >= FEVER.value {
        return Finding::Holds(Alarm::of(Level::Review, Metric::BodyTemperature, &last, vec![line(&FEVER)]));
    }
    // A reading of an earlier day does not end what a later one began.
    if open.is_none_or(|notice| last[0].day > notice.day) { Finding::Over } else { Finding::Undecided }
}
