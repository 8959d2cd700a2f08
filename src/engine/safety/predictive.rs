//! Is one day outside what the days before it let expect?
//!
//! The predictive t of one further value of a sample: t = (x - mean) / (s sqrt(1 + 1/N)) with N - 1 degrees of freedom,
//! over the valid days of the 60 before, the day itself left out. Measured in simulation: 3.5 to 4.3 single days below
//! p = 0.01 a year, whatever the autocorrelation up to 0.6.

use crate::engine::model::point::is_constant;
use crate::engine::model::student_t::StudentT;
use crate::engine::model::{Moments, Point};

/// Days looked back on.
pub const DAYS: i32 = 60;
/// Valid days without which nothing is expected.
pub const FEWEST: usize = 14;

/// How a day compares with the days before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predictive {
    /// The statistic; positive above the mean.
    pub t: f64,
    /// The two-sided probability of a day at least as far out.
    pub p: f64,
    /// The mean of the days before.
    pub mean: f64,
    /// Their standard deviation, with N - 1.
    pub sd: f64,
    /// How many they are.
    pub n: u32,
}

/// Compares a value on a day with the valid days among the 60 before. `None` below 14 of them, or when they do not vary.
///
/// The points must be in time order; the day itself and what follows is not looked at.
#[must_use]
pub fn predictive(points: &[Point], day: i32, value: f64) -> Option<Predictive> {
    let from = points.partition_point(|point| point.day < day.saturating_sub(DAYS));
    let to = points.partition_point(|point| point.day < day);
    let before = points.get(from..to).filter(|before| before.len() >= FEWEST)?;
    // Zero variance means no test.
    if is_constant(before) {
        return None;
    }
    let usual = Moments::of(before.iter().map(|point| point.value));
    let (n, mean, sd) = (usual.n, usual.mean, usual.sd());
    let t = (value - mean) / (sd * libm::sqrt(1.0 + 1.0 / n));
    let count = u32::try_from(before.len()).ok()?;
    let [below] = StudentT::new(count - 1)?.cdf([-t.abs()]);
    Some(Predictive { t, p: 2.0 * below, mean, sd, n: count })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn days(values: &[f64]) -> Vec<Point> {
        (1..).zip(values).map(|(day, value)| Point { day, value: *value }).collect()
    }

    #[test]
    fn agrees_with_the_independent_implementation() {
        #[derive(serde::Deserialize)]
        struct Case {
            values: Vec<f64>,
            next: f64,
            t: f64,
            p: f64,
        }
        // Made by tests/oracles/predictive.py with scipy.
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../../tests/oracles/predictive.json")).unwrap();
        assert!(cases.len() >= 8);
        for case in cases {
            let day = i32::try_from(case.values.len()).unwrap() + 1;
            let found = predictive(&days(&case.values), day, case.next).unwrap();
            assert!((found.t - case.t).abs() < 1e-9 * case.t.abs().max(1.0), "{found:?} against {}", case.t);
            assert!((found.p - case.p).abs() < 1e-10, "{found:?} against {}", case.p);
        }
    }

    #[test]
    fn says_nothing_on_few_or_constant_days_and_looks_at_neither_the_day_nor_what_follows() {
        assert_eq!(predictive(&days(&[1.0; 13]), 14, 5.0), None);
        assert_eq!(predictive(&days(&[60.1; 40]), 41, 90.0), None);
        let values: Vec<f64> = (0..80).map(|n| f64::from(n * 7 % 11)).collect();
        let whole = days(&values);
        assert_eq!(predictive(&whole, 70, 30.0), predictive(&whole[..69], 70, 30.0));
        assert_eq!(predictive(&whole, 70, 30.0).unwrap().n, 60);
        // Days far back do not count: there are only 10 of the last 60.
        assert_eq!(predictive(&whole, 131, 30.0), None);
    }

    proptest! {
        #[test]
        fn farther_out_is_never_more_probable(
            values in prop::collection::vec(30.0_f64..100.0, 14..60), out in 0.0_f64..50.0, more in 0.0_f64..50.0,
        ) {
            let points = days(&values);
            let day = 61;
            let Some(at) = predictive(&points, day, 65.0) else { return Ok(()) };
            let p = |x: f64| predictive(&points, day, x).map_or(1.0, |found| found.p);
            prop_assert!(p(at.mean + out + more) <= p(at.mean + out) + 1e-12);
            prop_assert!((p(at.mean + out) - p(at.mean - out)).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&at.p));
        }
    }
}
