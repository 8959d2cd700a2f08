//! The usual value of a metric over a window, and how near the true one it is.
//!
//! Stated with a confidence of 0.8 or more, the mean is within half of the true SD of the true mean
//! .998, .973 and .830 of the time at phi 0.2, 0.5 and 0.8 (`tests/rates/search.rs`, 4,000 windows of
//! 60 days each). At phi 0.8 the SD is underestimated too: by half of the SD it states it is right
//! .771 of the time, so a level of a series that strongly remembers yesterday says less than its
//! confidence.

use serde::{Deserialize, Serialize};

use super::ar1;
use super::point::{Point, weekend_column, window};

/// Valid days without which no level is stated.
pub const FEWEST_DAYS: usize = 7;
/// How near the true mean has to be for the stated one to count as right, in SD.
pub const NEAR_SD: f64 = 0.5;

/// The usual value over a window: its mean over the seven days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The mean, in the metric's unit.
    pub mean: f64,
    /// The 95 % interval of the mean.
    pub interval: (f64, f64),
    /// Day-to-day standard deviation, weekends apart.
    pub sd: f64,
    /// Valid days in the window.
    pub n: usize,
    /// Independent days that would say as much.
    pub n_effective: f64,
    /// Valid days as a share of the calendar days of the window.
    pub coverage: f64,
    /// How strongly a day resembles the day before, -0.2 to 0.95.
    pub phi: f64,
    /// P(the true mean lies within 0.5 SD of the stated one).
    pub confidence: f64,
}

/// The level of a series over the `window_days` days that end with `last_day`.
///
/// `points` are in time order; those outside the window are ignored. The mean is that of a whole
/// week, however the valid days fell on weekends; when the window holds only weekdays or only weekend
/// days it is the mean of those. `None`, which the caller reports as insufficient data, when fewer
/// than seven days are valid, when the values do not vary (or not beyond a fixed weekend pattern), or
/// when a value is not a finite number.
pub fn level(points: &[Point], last_day: i32, window_days: u32) -> Option<Level> {
    let points = window(points, last_day, window_days);
    if points.len() < FEWEST_DAYS {
        return None;
    }
    let constant = vec![1.0; points.len()];
    let weekend = weekend_column(points.iter());
    let mut columns: Vec<&[f64]> = vec![&constant];
    columns.extend(weekend.as_deref());
    let posterior = ar1::fit(points, &columns, 0)?;
    let (mean, sd) = (posterior.mean(), posterior.sd());
    let reach = NEAR_SD * sd;
    Some(Level {
        mean,
        interval: posterior.interval(0.95),
        sd,
        n: points.len(),
        n_effective: posterior.n_effective(),
        coverage: points.len() as f64 / f64::from(window_days),
        phi: posterior.phi_mean(),
        confidence: posterior.cdf(mean + reach) - posterior.cdf(mean - reach),
    })
}
