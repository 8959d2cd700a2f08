//! Student's t distribution: what an estimate looks like when its spread had to be estimated too.
//!
//! The cumulative distribution is the regularised incomplete beta function, evaluated by its
//! continued fraction (Abramowitz and Stegun 26.5.8, with Lentz's algorithm; the relation to t is
//! 26.7.1).

use super::quantile;

/// Terms of the continued fraction; it needs about the square root of the degrees of freedom.
const MOST_TERMS: usize = 500;
/// Relative change at which the continued fraction has converged: two units in the last place, since
/// one can flicker for ever.
const CONVERGED: f64 = 4e-16;
/// Stands in for a zero denominator in Lentz's algorithm.
const TINY: f64 = 1e-300;

/// Student's t with a fixed number of degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StudentT {
    df: f64,
    ln_beta: f64,
}

impl StudentT {
    /// The distribution with `df` degrees of freedom, or `None` unless `df` is positive and finite.
    pub fn new(df: f64) -> Option<Self> {
        if !(df.is_finite() && df > 0.0) {
            return None;
        }
        let ln_beta = libm::lgamma(0.5 * df) + libm::lgamma(0.5) - libm::lgamma(0.5 * (df + 1.0));
        Some(Self { df, ln_beta })
    }

    /// Degrees of freedom.
    pub fn df(&self) -> f64 {
        self.df
    }

    /// Natural logarithm of the density at `t`.
    pub fn ln_pdf(&self, t: f64) -> f64 {
        -self.ln_beta - 0.5 * libm::log(self.df) - 0.5 * (self.df + 1.0) * libm::log1p(t * t / self.df)
    }

    /// Density at `t`.
    pub fn pdf(&self, t: f64) -> f64 {
        libm::exp(self.ln_pdf(t))
    }

    /// Probability of a value at or below `t`.
    pub fn cdf(&self, t: f64) -> f64 {
        if t.is_nan() {
            return f64::NAN;
        }
        let tail = self.upper_tail(t.abs());
        if t > 0.0 { 1.0 - tail } else { tail }
    }

    /// The value below which a share `p` of the distribution lies; NaN unless `0 < p < 1`.
    pub fn quantile(&self, p: f64) -> f64 {
        if !(p > 0.0 && p < 1.0) {
            return f64::NAN;
        }
        if p == 0.5 {
            return 0.0;
        }
        // The lower half keeps its digits where the upper half would lose them to 1 - tail.
        let lower = p.min(1.0 - p);
        let x = quantile::solve(|t| (self.cdf(t), self.pdf(t)), lower, -1.0, 1.0);
        if p < 0.5 { x } else { -x }
    }

    /// P(T > t) for `t >= 0`: half the incomplete beta function at `df / (df + t^2)`.
    fn upper_tail(&self, t: f64) -> f64 {
        let square = t * t;
        if square.is_infinite() {
            return 0.0;
        }
        if square == 0.0 {
            return 0.5;
        }
        let (a, b) = (0.5 * self.df, 0.5);
        let x = self.df / (self.df + square);
        let y = square / (self.df + square);
        let front = libm::exp(a * libm::log(x) + b * libm::log(y) - self.ln_beta);
        // The fraction converges fast on the near side of the mean of the beta distribution only.
        if x < (a + 1.0) / (a + b + 2.0) {
            0.5 * front * fraction(a, b, x) / a
        } else {
            0.5 - 0.5 * front * fraction(b, a, y) / b
        }
    }
}

/// The continued fraction of the incomplete beta function.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    let mut m = 0.0;
    for _ in 0..MOST_TERMS {
        m += 1.0;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / nonzero(1.0 + even * d);
        c = nonzero(1.0 + even / c);
        value *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / nonzero(1.0 + odd * d);
        c = nonzero(1.0 + odd / c);
        let step = c * d;
        value *= step;
        if (step - 1.0).abs() <= CONVERGED {
            break;
        }
    }
    value
}

fn nonzero(x: f64) -> f64 {
    if x.abs() < TINY { TINY } else { x }
}
