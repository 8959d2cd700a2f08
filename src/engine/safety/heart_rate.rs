//! Heart rate at rest: far from expected for anybody, far above the person's own level, or outside their usual.

use super::predictive::{Predictive, predictive};
use super::signal::{Alarm, Finding, Signal, line, number, pinned};
use super::threshold::{CLEAR_NIGHTS, RHR_HIGH, RHR_LOW, RHR_P, RHR_RISE};
use crate::domain::evidence::Value;
use crate::domain::metric::Metric;
use crate::domain::safety::{Level, SafetyNotice};
use crate::engine::history::DayValue;
use crate::engine::model::Point;

const METRIC: Metric = Metric::RestingHeartRate;

/// What is unusual about a day, if anything is.
fn unusual(points: &[Point], day: &DayValue) -> Option<Predictive> {
    predictive(points, day.day.number(), day.value).filter(|found| found.p < RHR_P.value)
}

pub(in crate::engine) fn finding(signal: &Signal<'_>, open: Option<&SafetyNotice>) -> Finding {
    let points = signal.points(METRIC, 70);
    if let Some(two) = signal.last(METRIC, 2, 4) {
        let own = signal.usual(METRIC, two[0].day, 60);
        let all = |far: &dyn Fn(f64) -> bool| two.iter().all(|day| far(day.value));
        let crossed = [
            (all(&|value| value > RHR_HIGH.value), RHR_HIGH),
            (all(&|value| value < RHR_LOW.value), RHR_LOW),
            (own.is_some_and(|own| all(&|value| value >= own + RHR_RISE.value)), RHR_RISE),
        ];
        if let Some((_, threshold)) = crossed.iter().find(|(crossed, _)| *crossed) {
            let mut compared = vec![line(threshold)];
            compared.extend(own.map(|own| number(METRIC, "own", own)));
            return Finding::Holds(Alarm::of(Level::Review, METRIC, &two, compared));
        }
        if let (Some(first), Some(second)) = (unusual(&points, &two[0]), unusual(&points, &two[1]))
            && (first.t > 0.0) == (second.t > 0.0)
        {
            let compared = vec![
                line(&RHR_P),
                Value::new("p", second.p, "", 4),
                number(METRIC, "mean", second.mean),
                number(METRIC, "sd", second.sd),
                Value::new("n", second.n.into(), "", 0),
            ];
            return Finding::Holds(Alarm::of(Level::Warn, METRIC, &two, compared));
        }
    }
    let Some(last) = signal.last(METRIC, CLEAR_NIGHTS.value as usize, 7) else { return Finding::Undecided };
    // An episode that asked for a human ends against what was usual before it began.
    let own = pinned(open.filter(|notice| notice.level >= Level::Review), "own");
    let fine = |day: &DayValue| {
        (RHR_LOW.value..=RHR_HIGH.value).contains(&day.value)
            && own.is_none_or(|own| day.value < own + RHR_RISE.value)
            && unusual(&points, day).is_none()
    };
    if last.iter().all(fine) { Finding::Over } else { Finding::Undecided }
}
