//! A straight line through a window: how much does the mean rise in a day, and how sure is that?

use super::ar1::{self, Posterior};
use super::point::{Point, weekend_column, window};

/// Valid days without which no line is fitted.
pub const FEWEST_DAYS: usize = 14;

const WEEK: f64 = 7.0;

/// The rise in a day over the window from `first` to `last`, in the metric's unit, weekends apart.
///
/// `None` when fewer than fourteen days are valid, or when the regression cannot be made.
#[must_use]
pub fn slope(points: &[Point], first: i32, last: i32) -> Option<Posterior> {
    let days = u32::try_from(last.checked_sub(first)?.checked_add(1)?).ok()?;
    let points = window(points, last, days);
    if points.len() < FEWEST_DAYS {
        return None;
    }
    let constant = vec![1.0; points.len()];
    // Centred, so that line and constant are told apart without losing digits.
    let middle = 0.5 * (f64::from(first) + f64::from(last));
    let line: Vec<f64> = points.iter().map(|point| f64::from(point.day) - middle).collect();
    let weekend = weekend_column(points.iter());
    let mut columns: Vec<&[f64]> = vec![&constant, &line];
    columns.extend(weekend.as_deref());
    ar1::fit(points, &columns, 1)
}

/// The mean rise in a week, as a sentence states it.
#[must_use]
pub fn slope_a_week(points: &[Point], first: i32, last: i32) -> Option<f64> {
    slope(points, first, last).map(|posterior| WEEK * posterior.mean())
}
