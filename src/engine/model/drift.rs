//! Was it moving all along? A before/after cannot tell a drift from an effect, but it can show that there is one.
//!
//! The check looks for a slope within the two windows, the step between them apart. It is a warning light and no
//! remedy: a drift that it misses still passes for an effect (`tests/rates/experiments.rs` counts how often).

use super::ar1;
use super::point::{Point, weekend_column};

/// Probability of a slope in the direction of the change from which it is called a drift.
///
/// Within two windows a slope shows at little more than half the contrast that the step it fakes has, so the light goes
/// on early: a false one costs a grade, a missed one lets a drift pass for an effect.
pub const LIKELY: f64 = 0.8;

/// The probability that the values moved, within the two windows, in the direction in which they differ between them.
///
/// `None` when there is nothing to fit: too few days, or values without noise.
pub fn drift(before: &[Point], after: &[Point], rises: bool) -> Option<f64> {
    let points = [before, after].concat();
    let constant = vec![1.0; points.len()];
    let mut stepped = vec![0.0; before.len()];
    stepped.resize(points.len(), 1.0);
    let first = f64::from(points.first()?.day);
    let slope: Vec<f64> = points.iter().map(|point| f64::from(point.day) - first).collect();
    let weekend = weekend_column(points.iter());
    let mut columns: Vec<&[f64]> = vec![&constant, &slope, &stepped];
    columns.extend(weekend.as_deref());
    let falls = ar1::fit(&points, &columns, 1)?.cdf(0.0);
    Some(if rises { 1.0 - falls } else { falls })
}
