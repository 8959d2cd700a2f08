//! Student's t distribution: what an estimate looks like when its spread had to be estimated too.
//!
//! The degrees of freedom are whole, so the distribution is a finite sum (Abramowitz and Stegun 26.7.3 and 26.7.4) and
//! the density a power under a square root. Both take several arguments at once, which lets the processor do several
//! of them in one step: an interval of a mixture asks for hundreds.

use std::array;
use std::f64::consts::{FRAC_2_PI, PI};

/// Beyond this the distribution is 0 or 1 to the last digit, and its square is still a number.
const FARTHEST: f64 = 1e100;

/// Student's t with a fixed whole number of degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StudentT {
    df: u32,
    peak: f64,
}

impl StudentT {
    /// The distribution with `df` degrees of freedom, or `None` when there are none.
    pub fn new(df: u32) -> Option<Self> {
        if df == 0 {
            return None;
        }
        let half = 0.5 * f64::from(df);
        let peak = libm::exp(libm::lgamma(half + 0.5) - libm::lgamma(half)) / libm::sqrt(PI * f64::from(df));
        Some(Self { df, peak })
    }

    /// Degrees of freedom.
    pub fn df(&self) -> u32 {
        self.df
    }

    /// Density at each `t`.
    pub fn pdf<const N: usize>(&self, t: [f64; N]) -> [f64; N] {
        let df = f64::from(self.df);
        half_powers(t.map(|t| df / (df + t * t)), self.df + 1).map(|density| self.peak * density)
    }

    /// Probability of a value at or below each `t`, to about 15 decimals.
    pub fn cdf<const N: usize>(&self, t: [f64; N]) -> [f64; N] {
        let df = f64::from(self.df);
        let t = t.map(|t| t.clamp(-FARTHEST, FARTHEST));
        // With t = sqrt(df) tan(angle), both cases are sums over powers of the squared cosine.
        let squares = t.map(|t| df / (df + t * t));
        let sines: [f64; N] = array::from_fn(|i| t[i] / libm::sqrt(df + t[i] * t[i]));
        let odd = self.df % 2;
        let mut sums = [1.0; N];
        for k in (1..self.df.div_ceil(2).saturating_sub(odd)).rev() {
            let ratio = f64::from(2 * k - 1 + odd) / f64::from(2 * k + odd);
            for (sum, square) in sums.iter_mut().zip(squares) {
                *sum = 1.0 + ratio * square * *sum;
            }
        }
        if odd == 0 {
            return array::from_fn(|i| 0.5 + 0.5 * sines[i] * sums[i]);
        }
        let root = libm::sqrt(df);
        array::from_fn(|i| {
            let rest = if self.df == 1 { 0.0 } else { sines[i] * libm::sqrt(squares[i]) * sums[i] };
            0.5 + 0.5 * FRAC_2_PI * (libm::atan(t[i] / root) + rest)
        })
    }
}

/// Every base to the power `halves / 2`. The squarings run over all of them at a time.
pub(super) fn half_powers<const N: usize>(bases: [f64; N], halves: u32) -> [f64; N] {
    let mut result = if halves % 2 == 1 { bases.map(libm::sqrt) } else { [1.0; N] };
    let (mut square, mut left) = (bases, halves / 2);
    while left > 0 {
        if left % 2 == 1 {
            for (cell, factor) in result.iter_mut().zip(square) {
                *cell *= factor;
            }
        }
        left /= 2;
        if left > 0 {
            for cell in &mut square {
                *cell *= *cell;
            }
        }
    }
    result
}
