//! The model's statistics against public packages: scipy's t, statsmodels' dense-covariance GLS, and
//! a brute-force mixture. `tests/oracles/model.py` makes the numbers and records the versions.

use candor::engine::model::ar1::{self, Posterior};
use candor::engine::model::confidence::confidence;
use candor::engine::model::student_t::StudentT;
use candor::engine::model::{ONE_LOOK, Point, SEARCH, Turn, contrast, is_weekend};
use serde::Deserialize;

#[derive(Deserialize)]
struct Oracle {
    /// Degrees of freedom, t, probability up to t, density at t.
    student: Vec<(u32, f64, f64, f64)>,
    series: Vec<Series>,
    blocks: Vec<Turns>,
}

/// Days with and without in turns.
#[derive(Deserialize)]
struct Turns {
    days: Vec<i32>,
    values: Vec<f64>,
    with: Vec<bool>,
    components: Vec<(f64, f64, f64, f64, f64)>,
    mean: f64,
    sd: f64,
    interval: (f64, f64),
    confidence: Confidences,
}

#[derive(Deserialize)]
struct Series {
    days: Vec<i32>,
    values: Vec<f64>,
    step_from: Option<usize>,
    components: Vec<(f64, f64, f64, f64, f64)>,
    mean: f64,
    sd: f64,
    phi_mean: f64,
    n_effective: f64,
    cdf: Vec<(f64, f64)>,
    interval: (f64, f64),
    confidence: Confidences,
}

#[derive(Deserialize)]
struct Confidences {
    one_look: f64,
    search: f64,
}

fn oracle() -> Oracle {
    serde_json::from_str(include_str!("oracles/model.json")).expect("the numbers are readable")
}

fn fitted(series: &Series) -> Posterior {
    let points: Vec<Point> =
        series.days.iter().zip(&series.values).map(|(&day, &value)| Point { day, value }).collect();
    let constant = vec![1.0; points.len()];
    let weekend: Vec<f64> = points.iter().map(|point| f64::from(u8::from(is_weekend(point.day))) - 2.0 / 7.0).collect();
    let step: Option<Vec<f64>> =
        series.step_from.map(|from| (0..points.len()).map(|index| f64::from(u8::from(index >= from))).collect());
    let mut columns: Vec<&[f64]> = vec![&constant];
    columns.extend(step.as_deref());
    columns.push(&weekend);
    ar1::fit(&points, &columns, usize::from(step.is_some())).expect("the series can be fitted")
}

/// The largest error, relative to the size of the expected number or to `scale` if that is larger.
fn close(actual: f64, expected: f64, scale: f64, tolerance: f64, what: &str) {
    let error = (actual - expected).abs() / expected.abs().max(scale);
    assert!(error <= tolerance, "{what}: {actual} instead of {expected}, off by {error:e}");
}

#[test]
fn student_t_agrees_with_scipy() {
    for (df, t, cdf, pdf) in oracle().student {
        let law = StudentT::new(df).expect("positive degrees of freedom");
        close(law.cdf([t])[0], cdf, 1.0, 1e-14, &format!("cdf({t}; {df})"));
        close(law.pdf([t])[0], pdf, 0.0, 1e-12, &format!("pdf({t}; {df})"));
    }
}

#[test]
fn student_t_takes_arguments_that_are_out_of_all_proportion() {
    for df in [1, 2, 57, 58] {
        let law = StudentT::new(df).expect("positive degrees of freedom");
        let [least, most, middle] = law.cdf([f64::NEG_INFINITY, f64::MAX, 1e-300]);
        close(least, 0.0, 1.0, 1e-15, "far below");
        close(most, 1.0, 1.0, 1e-15, "far above");
        close(middle, 0.5, 1.0, 1e-15, "in the middle");
    }
    assert_eq!(StudentT::new(0), None);
}

#[test]
fn every_phi_agrees_with_dense_covariance_gls() {
    let mut compared = 0;
    for (index, series) in oracle().series.iter().enumerate() {
        let posterior = fitted(series);
        for &(phi, weight, estimate, error, sd) in &series.components {
            let found = posterior.components().iter().find(|one| one.phi == phi);
            let Some(found) = found else {
                assert!(weight < 1e-11, "series {index}: phi {phi} is missing");
                continue;
            };
            let what = format!("series {index} at phi {phi}");
            close(found.weight, weight, 1e-3, 1e-9, &what);
            close(found.estimate, estimate, sd, 1e-9, &what);
            close(found.error, error, 0.0, 1e-9, &what);
            close(found.sd, sd, 0.0, 1e-9, &what);
            compared += 1;
        }
    }
    assert!(compared > 200, "only {compared} fits were compared");
}

#[test]
fn the_mixture_over_phi_agrees_with_brute_force() {
    for (index, series) in oracle().series.iter().enumerate() {
        let posterior = fitted(series);
        let what = format!("series {index}");
        close(posterior.mean(), series.mean, series.sd, 1e-9, &what);
        close(posterior.sd(), series.sd, 0.0, 1e-9, &what);
        close(posterior.phi_mean(), series.phi_mean, 0.01, 1e-9, &what);
        close(posterior.n_effective(), series.n_effective, 0.0, 1e-9, &what);
        for &(x, cdf) in &series.cdf {
            close(posterior.cdf(x), cdf, 1e-3, 1e-9, &what);
        }
        let (low, high) = posterior.interval(0.95);
        close(low, series.interval.0, series.sd, 1e-8, &what);
        close(high, series.interval.1, series.sd, 1e-8, &what);
    }
}

#[test]
fn confidence_agrees_with_brute_force() {
    for (index, series) in oracle().series.iter().enumerate() {
        let posterior = fitted(series);
        let what = format!("series {index}");
        let (once, weekly) = (series.confidence.one_look, series.confidence.search);
        close(confidence(&posterior, ONE_LOOK), once, 1e-3, 1e-8, &what);
        close(confidence(&posterior, SEARCH), weekly, 1e-3, 1e-8, &what);
    }
}

#[test]
fn days_in_turns_agree_with_dense_covariance_gls() {
    let mut compared = 0;
    for (index, turns) in oracle().blocks.iter().enumerate() {
        let days = turns.days.iter().zip(&turns.values).zip(&turns.with);
        let days: Vec<Turn> = days.map(|((&day, &value), &with)| Turn { point: Point { day, value }, with }).collect();
        // The calendar days that were scheduled bear on the coverage alone.
        let screened = contrast(&days, 42, 42, ONE_LOOK).expect("the days can be fitted");
        let posterior = screened.posterior();
        for &(phi, weight, estimate, error, sd) in &turns.components {
            let Some(found) = posterior.components().iter().find(|one| one.phi == phi) else {
                assert!(weight < 1e-11, "blocks {index}: phi {phi} is missing");
                continue;
            };
            let what = format!("blocks {index} at phi {phi}");
            close(found.weight, weight, 1e-3, 1e-9, &what);
            close(found.estimate, estimate, sd, 1e-10, &what);
            close(found.error, error, 0.0, 1e-10, &what);
            close(found.sd, sd, 0.0, 1e-10, &what);
            compared += 1;
        }
        let (what, change) = (format!("blocks {index}"), screened.change());
        close(change.difference, turns.mean, turns.sd, 1e-9, &what);
        close(change.interval.0, turns.interval.0, turns.sd, 1e-8, &what);
        close(change.interval.1, turns.interval.1, turns.sd, 1e-8, &what);
        close(change.confidence, turns.confidence.one_look, 1e-3, 1e-8, &what);
    }
    assert!(compared > 80, "only {compared} fits were compared");
}
