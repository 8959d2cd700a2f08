//! Blood oxygen: below the line and below the person's own level, or far below that level.

use super::signal::{Alarm, Finding, Signal, line, number, pinned};
use super::threshold::{SPO2_BELOW_OWN, SPO2_CLEAR_NIGHTS, SPO2_DROP, SPO2_NIGHTS, SPO2_REVIEW, SPO2_WARN};
use crate::domain::metric::Metric;
use crate::domain::safety::{Level, SafetyNotice};

const METRIC: Metric = Metric::Spo2;

/// Whether a night is low. Somebody whose sensor reads 93 every night is not told so again and again: below the line
/// counts only below their own level too, once that is known.
fn is_low(value: f64, own: Option<f64>) -> bool {
    let below_line = value < SPO2_WARN.value && own.is_none_or(|own| value <= own - SPO2_BELOW_OWN.value);
    below_line || own.is_some_and(|own| value <= own - SPO2_DROP.value)
}

pub(super) fn finding(signal: &Signal<'_>, open: Option<&SafetyNotice>) -> Finding {
    if let Some(two) = signal.last(METRIC, 2, 7).filter(|two| two.iter().all(|night| night.value < SPO2_REVIEW.value)) {
        return Finding::Holds(Alarm::of(Level::Review, METRIC, &two, vec![line(&SPO2_REVIEW)]));
    }
    if let Some(three) = signal.last(METRIC, 3, 7) {
        let own = three.first().and_then(|first| signal.usual(METRIC, first.day, 60));
        let low = three.iter().filter(|night| is_low(night.value, own)).count();
        if low as f64 >= SPO2_NIGHTS.value {
            let mut compared = vec![line(&SPO2_WARN)];
            compared.extend(own.map(|own| number(METRIC, "own", own)));
            return Finding::Holds(Alarm::of(Level::Warn, METRIC, &three, compared));
        }
    }
    let nights = SPO2_CLEAR_NIGHTS.value as usize;
    let Some(recent) = signal.last(METRIC, nights, 42) else { return Finding::Undecided };
    // An episode ends against what was usual before it began, not against what it has become.
    let own = pinned(open, "own");
    let fine = |value: f64| value >= SPO2_WARN.value && own.is_none_or(|own| value > own - SPO2_DROP.value);
    if recent.iter().all(|night| fine(night.value)) { Finding::Over } else { Finding::Undecided }
}
