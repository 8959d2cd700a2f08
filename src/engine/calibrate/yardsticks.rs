//! The methods others use, measured on the same draws: Welch's t, a z rule, and Mann and Kendall's test.
//!
//! None of them knows that a day resembles the day before. They are here to be compared with and judge nothing else.
//! `tests/yardstick_oracles.rs` holds them against scipy and pymannkendall.

use crate::engine::model::Point;
use crate::engine::model::point::window;
use crate::engine::model::student_t::StudentT;

/// Probability under which a yardstick claims something.
pub const LEVEL: f64 = 0.05;
/// Days before a day that the z rule compares it with, those of them it needs, and the SD beyond which it claims.
const Z_DAYS: u32 = 28;
const Z_FEWEST: usize = 14;
const Z_BEYOND: f64 = 2.0;

/// What a yardstick says of a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Mean after minus mean before.
    pub difference: f64,
    /// Its standard error, as the method has it.
    error: f64,
    law: Option<StudentT>,
}

impl Verdict {
    /// Two-sided probability of a difference at least so far from `truth`, if `truth` were right.
    #[must_use]
    pub fn p(&self, truth: f64) -> f64 {
        let z = (self.difference - truth).abs() / self.error;
        match self.law {
            Some(law) => 2.0 * law.cdf([-z])[0],
            None => libm::erfc(z / std::f64::consts::SQRT_2),
        }
    }
}

fn moments(points: &[Point]) -> (f64, f64, f64) {
    let n = points.len() as f64;
    let mean = points.iter().map(|p| p.value).sum::<f64>() / n;
    let squares: f64 = points.iter().map(|p| (p.value - mean) * (p.value - mean)).sum();
    (n, mean, squares / (n - 1.0))
}

/// Welch's t test of two windows (B. L. Welch, 1947), its degrees of freedom rounded down.
#[must_use]
pub fn welch(before: &[Point], after: &[Point]) -> Option<Verdict> {
    if before.len().min(after.len()) < 3 {
        return None;
    }
    let ((n, mean, variance), (m, later, other)) = (moments(before), moments(after));
    let (a, b) = (variance / n, other / m);
    let df = (a + b) * (a + b) / (a * a / (n - 1.0) + b * b / (m - 1.0));
    let law = StudentT::new(df as u32)?;
    Some(Verdict { difference: later - mean, error: libm::sqrt(a + b), law: Some(law) })
}

/// The rule of many dashboards: the recent mean against the mean and SD of the days before, as a z score.
#[must_use]
pub fn z_rule(before: &[Point], after: &[Point]) -> Option<Verdict> {
    if before.len() < 3 || after.is_empty() {
        return None;
    }
    let ((_, mean, variance), m) = (moments(before), after.len() as f64);
    let later = after.iter().map(|p| p.value).sum::<f64>() / m;
    Some(Verdict { difference: later - mean, error: libm::sqrt(variance / m), law: None })
}

/// The same rule for one day: whether it lies more than two SD from the mean of the 28 days before it. `points` hold the days
/// before in time order; the day itself and what follows is not looked at.
#[must_use]
pub fn z_day(points: &[Point], day: &Point) -> bool {
    let before = window(points, day.day - 1, Z_DAYS);
    if before.len() < Z_FEWEST {
        return false;
    }
    let (_, mean, variance) = moments(before);
    (day.value - mean).abs() > Z_BEYOND * libm::sqrt(variance)
}

/// Mann and Kendall's test of a trend: its two-sided probability without a trend, ties counted as neither.
#[must_use]
pub fn mann_kendall(points: &[Point]) -> f64 {
    let mut s = 0.0;
    for (at, earlier) in points.iter().enumerate() {
        for later in &points[at + 1..] {
            s += f64::from(u8::from(later.value > earlier.value)) - f64::from(u8::from(later.value < earlier.value));
        }
    }
    let n = points.len() as f64;
    let variance = n * (n - 1.0) * (2.0 * n + 5.0) / 18.0;
    let z = (s.abs() - 1.0).max(0.0) / libm::sqrt(variance);
    libm::erfc(z / std::f64::consts::SQRT_2)
}
