//! Do two daily series go together, and after how many days? A correlation between what is left of each once weekdays are
//! taken out, at lags of 0 to 7 days.
//!
//! Two series that remember yesterday correlate by chance more than independent days do, so a correlation counts for
//! `n (1 - rx ry) / (1 + rx ry)` days, with `rx` and `ry` the correlation of neighbouring days in each (M. S. Bartlett,
//! 1935). The best of eight lags pays for the other seven (Bonferroni), and the pairs looked at together for one another
//! (Benjamini and Hochberg, 1995). Measured in `candor calibrate`; a link never says what brings what about.

use super::point::{Point, window};
use super::student_t::StudentT;

/// The longest lag, in days.
pub const LONGEST_LAG: u16 = 7;
/// Share of wrong links among those that pass together.
pub const FALSE_DISCOVERIES: f64 = 0.1;
/// Days that must have a value in both series.
pub const FEWEST_DAYS: usize = 60;

/// Share of the fewest days on which either answer of a yes or no must stand: otherwise single days decide.
const EITHER_ANSWER: usize = 6;

/// The standard deviations of the normal that leaves out 2.5 % at either end.
const Z_95: f64 = 1.959_963_984_540_054;
/// The smallest correlation that is worth a word.
pub const SMALLEST: f64 = 0.1;
/// The effect grid of the confidence: Fisher's z from -2 to 2 in steps of 0.01.
const GRID: i32 = 200;
const PER_STEP: f64 = 0.01;
/// Spread of Fisher's z of a link that is there.
const SPREAD: f64 = 0.3;

/// A window of one series with its weekdays taken out; a missing day is not a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjusted {
    values: Vec<f64>,
    /// Correlation of neighbouring days.
    memory: f64,
}

/// A link at one lag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Days by which the second series follows the first.
    pub lag: u16,
    /// The correlation.
    pub r: f64,
    /// Its 95 % interval (Fisher's z).
    pub interval: (f64, f64),
    /// Days with a value in both.
    pub n: usize,
    /// Independent days that would say as much.
    pub n_effective: f64,
    /// Days with both as a share of the window.
    pub coverage: f64,
    /// Two-sided probability of such a correlation without a link, at this lag alone.
    pub p: f64,
}

impl Adjusted {
    /// The window of `days` days that ends with `last_day`. `None` when fewer than `fewest` are valid or nothing varies.
    #[must_use]
    pub fn new(points: &[Point], last_day: i32, days: u32, fewest: usize) -> Option<Self> {
        let points = window(points, last_day, days);
        let length = i32::try_from(days).ok()?;
        let first = last_day.checked_sub(length)?.checked_add(1)?;
        if points.len() < fewest || points.iter().any(|point| !point.value.is_finite()) {
            return None;
        }
        if is_one_sided(points, fewest / EITHER_ANSWER) {
            return None;
        }
        let (mut sums, mut counts) = ([0.0; 7], [0.0; 7]);
        let weekday = |day: i32| day.rem_euclid(7) as usize;
        for point in points {
            sums[weekday(point.day)] += point.value;
            counts[weekday(point.day)] += 1.0;
        }
        let mut values = vec![f64::NAN; days as usize];
        for point in points {
            let at = weekday(point.day);
            *values.get_mut(usize::try_from(point.day - first).ok()?)? = point.value - sums[at] / counts[at];
        }
        let memory = correlation(&values, &values, 1).map_or(0.0, |(r, _)| r);
        // Nothing but weekdays, or nothing at all, varies.
        correlation(&values, &values, 0)?;
        Some(Self { values, memory })
    }

    /// The link to a series that follows by `lag` days; both must be windows of the same days.
    #[must_use]
    pub fn at_lag(&self, follower: &Self, lag: u16) -> Option<Link> {
        let (r, n) = correlation(&self.values, &follower.values, usize::from(lag))?;
        let shared = self.memory * follower.memory;
        // Swinging series would make a day count more than once; a day counts once at most.
        let n_effective = (n as f64 * (1.0 - shared) / (1.0 + shared)).min(n as f64);
        if n_effective < 5.0 || r.abs() >= 1.0 {
            return None;
        }
        let law = StudentT::new((n_effective - 2.0) as u32)?;
        let t = r.abs() * libm::sqrt((n_effective - 2.0) / (1.0 - r * r));
        let (z, reach) = (libm::atanh(r), Z_95 / libm::sqrt(n_effective - 3.0));
        Some(Link {
            lag,
            r,
            interval: (libm::tanh(z - reach), libm::tanh(z + reach)),
            n,
            n_effective,
            coverage: n as f64 / self.values.len() as f64,
            p: 2.0 * law.cdf([-t])[0],
        })
    }

    /// The strongest link over all lags, with its probability multiplied by their number.
    #[must_use]
    pub fn strongest(&self, follower: &Self) -> Option<Link> {
        let lags = (0..=LONGEST_LAG).filter_map(|lag| self.at_lag(follower, lag));
        let best = lags.filter(|link| link.n >= FEWEST_DAYS).min_by(|a, b| a.p.total_cmp(&b.p))?;
        Some(Link { p: (best.p * f64::from(LONGEST_LAG + 1)).min(1.0), ..best })
    }
}

impl Link {
    /// P(a correlation of this sign and at least 0.1 | data), when a share `pi0` of such pairs has no link at all and the
    /// others have a Fisher's z of N(0, 0.3 squared).
    #[must_use]
    pub fn confidence(&self, pi0: f64) -> f64 {
        let (z, error) = (libm::atanh(self.r), 1.0 / libm::sqrt(self.n_effective - 3.0));
        let density = |at: f64| libm::exp(-0.5 * (at - z) * (at - z) / error / error);
        let (mut slab, mut all, mut claimed) = (0.0, 0.0, 0.0);
        for step in -GRID..=GRID {
            let at = f64::from(step) * PER_STEP;
            let weight = libm::exp(-0.5 * at * at / SPREAD / SPREAD);
            slab += weight;
            all += weight * density(at);
            if at * z > 0.0 && at.abs() >= SMALLEST {
                claimed += weight * density(at);
            }
        }
        let mass = (1.0 - pi0) / slab;
        mass * claimed / (mass * all + pi0 * density(0.0))
    }
}

/// Whether a series has two values of which one stands on fewer than `fewest` days.
fn is_one_sided(points: &[Point], fewest: usize) -> bool {
    let low = points.iter().map(|point| point.value).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|point| point.value).fold(f64::NEG_INFINITY, f64::max);
    let on = |value: f64| points.iter().filter(|point| point.value == value).count();
    let (lows, highs) = (on(low), on(high));
    lows + highs == points.len() && lows.min(highs) < fewest
}

/// Pearson's correlation of the days that both have, the second series `lag` days later, and their number.
fn correlation(first: &[f64], second: &[f64], lag: usize) -> Option<(f64, usize)> {
    let (mut n, mut x, mut y, mut xx, mut yy, mut xy) = (0_usize, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (a, b) in first.iter().zip(second.get(lag..)?) {
        if a.is_nan() || b.is_nan() {
            continue;
        }
        n += 1;
        x += a;
        y += b;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    let count = n as f64;
    let (left, right) = (xx - x * x / count, yy - y * y / count);
    let scale = libm::sqrt(left * right);
    let usable = n > 4 && scale.is_finite() && left > 1e-9 * xx && right > 1e-9 * yy;
    usable.then(|| ((xy - x * y / count) / scale, n))
}

/// Which of the probabilities pass together at a false discovery rate of `q` (Benjamini and Hochberg).
#[must_use]
pub fn pass(probabilities: &[f64], q: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
    let last = order
        .iter()
        .enumerate()
        .rev()
        .find(|(rank, at)| probabilities[**at] <= q * (*rank as f64 + 1.0) / probabilities.len() as f64);
    let passing = last.map_or(0, |(rank, _)| rank + 1);
    let mut passes = vec![false; probabilities.len()];
    order[..passing].iter().for_each(|at| passes[*at] = true);
    passes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_that_is_rare_is_no_series_and_one_that_is_not_is() {
        let noted = |yes: i32| -> Vec<Point> {
            (1..=90).map(|day| Point { day, value: f64::from(u8::from(day % 9 == 4 && day / 9 < yes)) }).collect()
        };
        assert!(Adjusted::new(&noted(9), 90, 90, FEWEST_DAYS).is_none());
        assert!(Adjusted::new(&noted(10), 90, 90, FEWEST_DAYS).is_some());
    }
}
