//! Links, false discoveries and the yardsticks of the calibration against public packages: scipy's Welch, Pearson and
//! false discovery control, and pymannkendall. `tests/oracles/yardsticks.py` makes the numbers and records the versions.

use candor::engine::calibrate::world::{FIRST_DAY, World};
use candor::engine::calibrate::yardsticks::{mann_kendall, welch};
use candor::engine::model::Point;
use candor::engine::model::ar1;
use candor::engine::model::change_point::Scan;
use candor::engine::model::link::{Adjusted, FALSE_DISCOVERIES, pass};
use serde::Deserialize;

#[derive(Deserialize)]
struct Oracle {
    welch: Vec<Windows>,
    trend: Vec<Trend>,
    discovery: Vec<Discovery>,
    links: Vec<Linked>,
}

#[derive(Deserialize)]
struct Windows {
    before: Vec<f64>,
    after: Vec<f64>,
    p: f64,
}

#[derive(Deserialize)]
struct Trend {
    values: Vec<f64>,
    p: f64,
}

#[derive(Deserialize)]
struct Discovery {
    p: Vec<f64>,
    pass: Vec<bool>,
}

#[derive(Deserialize)]
struct Linked {
    lead: Vec<f64>,
    follower: Vec<f64>,
    lag: u16,
    n: usize,
    r: f64,
    n_effective: f64,
    p: f64,
    interval: (f64, f64),
}

fn oracle() -> Oracle {
    serde_json::from_str(include_str!("oracles/yardsticks.json")).expect("the numbers are readable")
}

fn points(values: &[f64]) -> Vec<Point> {
    (FIRST_DAY..).zip(values).map(|(day, &value)| Point { day, value }).collect()
}

#[track_caller]
fn close(actual: f64, expected: f64, what: &str) {
    assert!((actual - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{what}: {actual} instead of {expected}");
}

#[test]
fn welch_agrees_with_scipy() {
    for (index, case) in oracle().welch.iter().enumerate() {
        let found = welch(&points(&case.before), &points(&case.after)).expect("a verdict");
        close(found.p(0.0), case.p, &format!("case {index}"));
    }
}

#[test]
fn mann_and_kendall_agree_with_pymannkendall() {
    for (index, case) in oracle().trend.iter().enumerate() {
        close(mann_kendall(&points(&case.values)), case.p, &format!("case {index}"));
    }
}

#[test]
fn false_discoveries_are_controlled_as_scipy_does() {
    for case in oracle().discovery {
        assert_eq!(pass(&case.p, FALSE_DISCOVERIES), case.pass);
    }
    assert!(pass(&[], FALSE_DISCOVERIES).is_empty());
}

#[test]
fn a_link_has_the_correlation_interval_and_probability_of_scipy() {
    for (index, case) in oracle().links.iter().enumerate() {
        let days = case.lead.len();
        let last = FIRST_DAY + days as i32 - 1;
        let of = |values: &[f64]| Adjusted::new(&points(values), last, days as u32, 60).expect("a series");
        let (lead, follower) = (of(&case.lead), of(&case.follower));
        let found = lead.at_lag(&follower, case.lag).expect("a link");
        let what = format!("case {index}");
        assert_eq!(found.n, case.n, "{what}");
        close(found.r, case.r, &what);
        close(found.n_effective, case.n_effective, &what);
        close(found.p, case.p, &what);
        close(found.interval.0, case.interval.0, &what);
        close(found.interval.1, case.interval.1, &what);
    }
}

/// The scan solves each candidate from sums; the regression itself solves it from the days.
#[test]
fn the_best_step_has_the_t_of_the_regression_at_its_day() {
    for seed in 0..20 {
        let world = World { steps: vec![(40, 1.5)], ..World::quiet(0.3, 90) };
        let points = world.series(seed);
        let scan = Scan::new(&points).expect("a window");
        let best = scan.step().expect("a step");
        let t_at = |first_after: usize| {
            let constant = vec![1.0; points.len()];
            let weekend: Vec<f64> =
                points.iter().map(|p| f64::from(u8::from(candor::engine::model::is_weekend(p.day)))).collect();
            let step: Vec<f64> = (0..points.len()).map(|at| f64::from(u8::from(at >= first_after))).collect();
            let fitted = ar1::fit(&points, &[&constant, &step, &weekend], 1).expect("a fit");
            // The scan weighs every second phi of the regression's grid, so the averages differ a little.
            fitted.components().iter().map(|one| one.weight * one.estimate / one.error).sum::<f64>()
        };
        let all: Vec<f64> = (7..=points.len() - 7).map(t_at).collect();
        let largest = all.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        let at_best = t_at(points.partition_point(|p| p.day < best.day));
        assert!((best.t - at_best).abs() < 0.05 * at_best.abs(), "{} against {at_best}", best.t);
        assert!(at_best.abs() > 0.97 * largest.abs(), "{at_best} is not the largest, {largest} is");
    }
}
