//! The one estimator: linear regression on a daily series whose noise remembers yesterday.
//!
//! The noise is AR(1) in calendar time: days `t` and `s` correlate by `phi^|t - s|`, so a gap needs
//! no filling. Each day is whitened with the valid day before it, for every phi of a fixed grid; the
//! phis are then weighed by how well they explain the series and averaged over, so that not knowing
//! phi widens the result instead of being ignored. The arithmetic
//! at one phi is in `whitened`.

use super::point::Point;
use super::quantile;
use super::student_t::StudentT;
use super::whitened::{SINGULAR, Solved, Sums};

/// Columns a design may have.
pub const MOST_COLUMNS: usize = 4;
/// Size of the phi grid: -0.20, -0.15, ... 0.95.
pub const PHIS: usize = 24;

/// Posterior weight under which a phi is left out of the mixture.
const NEGLIGIBLE: f64 = 1e-12;

/// Spreads, in the metric's unit, whose squares and reciprocals are ordinary numbers.
const SPREADS: std::ops::RangeInclusive<f64> = 1e-140..=1e140;

/// The regression at one phi.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Component {
    /// Correlation of two neighbouring days.
    pub phi: f64,
    /// Posterior probability of this phi.
    pub weight: f64,
    /// Estimate of the coefficient of interest, in the metric's unit.
    pub estimate: f64,
    /// Its standard error.
    pub error: f64,
    /// Marginal standard deviation of the noise.
    pub sd: f64,
}

/// What the series says about one coefficient: a mixture of t distributions, one for each phi.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posterior {
    components: [Component; PHIS],
    used: usize,
    t: StudentT,
    coefficients: [f64; MOST_COLUMNS],
    n: usize,
    n_effective: f64,
}

/// Fits `value = columns * coefficients + AR(1) noise` and describes the coefficient `interest`.
///
/// `points` are in time order, one for each day at most; every column has one entry for each point,
/// and the first column is the constant 1.
/// Nothing is fitted (`None`) when a number is not finite, when days do not increase, when there are
/// not more points than columns or more than [`MOST_COLUMNS`] columns, when the columns cannot be
/// told apart, or when the columns explain the values without remainder: without noise there is
/// nothing to judge a coefficient by.
///
/// Formulas, with `y*`, `X*` whitened: `log m(phi) = -1/2 log|R| - 1/2 log|X*'X*|
/// - (n-p)/2 log RSS + log N(phi; 0.4, 0.25)`, coefficient given phi is t with `n - p` degrees.
pub fn fit(points: &[Point], columns: &[&[f64]], interest: usize) -> Option<Posterior> {
    let (n, p) = (points.len(), columns.len());
    if p == 0 || p > MOST_COLUMNS || interest >= p || n <= p {
        return None;
    }
    if columns[0].iter().any(|&cell| cell != 1.0) {
        return None;
    }
    let scale = Scale::of(points)?;
    let sums = Sums::over(points, columns, |value| scale.standard(value))?;
    let t = StudentT::new(u32::try_from(n - p).ok()?)?;
    let df = f64::from(t.df());

    let mut solved = [Solved::default(); PHIS];
    let mut best = f64::NEG_INFINITY;
    for (index, slot) in solved.iter_mut().enumerate() {
        let phi = (index as f64 - 4.0) / 20.0;
        *slot = sums.solve(phi, p, interest, df)?;
        best = best.max(slot.ln_weight);
    }
    let total: f64 = solved.iter().map(|one| libm::exp(one.ln_weight - best)).sum();

    let mut posterior = Posterior {
        components: [Component::default(); PHIS],
        used: 0,
        t,
        coefficients: [0.0; MOST_COLUMNS],
        n,
        n_effective: 0.0,
    };
    let mut kept = 0.0;
    for one in &solved {
        let weight = libm::exp(one.ln_weight - best) / total;
        if weight < NEGLIGIBLE {
            continue;
        }
        kept += weight;
        posterior.components[posterior.used] = Component {
            phi: one.phi,
            weight,
            estimate: scale.back(one.coefficients[interest], interest),
            error: one.error * scale.spread,
            sd: one.sd * scale.spread,
        };
        posterior.used += 1;
        posterior.n_effective += weight * one.information;
        for (sum, coefficient) in posterior.coefficients.iter_mut().zip(one.coefficients) {
            *sum += weight * coefficient;
        }
    }
    for component in &mut posterior.components[..posterior.used] {
        component.weight /= kept;
    }
    // Noise that swings back each day would count a day more than once; a day counts once at most.
    posterior.n_effective = (posterior.n_effective / kept).min(n as f64);
    for (column, coefficient) in posterior.coefficients.iter_mut().enumerate() {
        *coefficient = scale.back(*coefficient / kept, column);
    }
    let finite = |one: &Component| one.estimate.is_finite() && one.error.is_finite() && one.error > 0.0 && one.sd > 0.0;
    posterior.components().iter().all(finite).then_some(posterior)
}

impl Posterior {
    /// The regression at every phi that carries weight, in order of phi.
    pub fn components(&self) -> &[Component] {
        &self.components[..self.used]
    }

    /// Degrees of freedom of every component.
    pub fn df(&self) -> u32 {
        self.t.df()
    }

    /// Posterior mean of the coefficient of interest, in the metric's unit.
    pub fn mean(&self) -> f64 {
        self.average(|one| one.estimate)
    }

    /// Posterior mean of each coefficient, in the order of the columns.
    pub fn coefficient(&self, column: usize) -> Option<f64> {
        self.coefficients.get(column).copied()
    }

    /// Posterior mean of phi.
    pub fn phi_mean(&self) -> f64 {
        self.average(|one| one.phi)
    }

    /// Posterior mean of the marginal residual standard deviation, in the metric's unit.
    pub fn sd(&self) -> f64 {
        self.average(|one| one.sd)
    }

    /// Days fitted.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Independent days that would tell as much about a mean: `1'R^-1 1`, averaged over phi, at most
    /// `n`.
    pub fn n_effective(&self) -> f64 {
        self.n_effective
    }

    /// Posterior probability that the coefficient is at or below `x`.
    pub fn cdf(&self, x: f64) -> f64 {
        self.weighed(self.t.cdf(self.standardised(x)), |_| 1.0)
    }

    /// Posterior density of the coefficient at `x`.
    pub fn pdf(&self, x: f64) -> f64 {
        self.weighed(self.t.pdf(self.standardised(x)), |one| 1.0 / one.error)
    }

    /// The equal-tailed interval that holds the coefficient with the given probability.
    pub fn interval(&self, probability: f64) -> (f64, f64) {
        let tail = 0.5 * (1.0 - probability);
        let scale = self.average(|one| one.error);
        let at = |x| (self.cdf(x), self.pdf(x));
        (
            quantile::solve(at, tail, self.mean() - 2.0 * scale, scale),
            quantile::solve(at, 1.0 - tail, self.mean() + 2.0 * scale, scale),
        )
    }

    /// How many standard errors `x` lies from each component's estimate.
    fn standardised(&self, x: f64) -> [f64; PHIS] {
        let mut distances = [0.0; PHIS];
        for (distance, one) in distances.iter_mut().zip(self.components()) {
            *distance = (x - one.estimate) / one.error;
        }
        distances
    }

    fn weighed(&self, values: [f64; PHIS], unit: impl Fn(&Component) -> f64) -> f64 {
        self.components().iter().zip(values).map(|(one, value)| one.weight * unit(one) * value).sum()
    }

    fn average(&self, of: impl Fn(&Component) -> f64) -> f64 {
        self.components().iter().map(|one| one.weight * of(one)).sum()
    }
}

/// Where the values lie and how far they spread: they are fitted with mean 0 and largest deviation 1,
/// so that neither the unit nor an offset can cost digits or overflow.
struct Scale {
    centre: f64,
    spread: f64,
}

impl Scale {
    /// `None` when a value is not finite or when the values are all the same but for rounding.
    fn of(points: &[Point]) -> Option<Self> {
        let first = points.first()?.value;
        let count = points.len() as f64;
        let largest = points.iter().map(|point| point.value.abs()).fold(0.0, f64::max);
        let centre: f64 = points.iter().map(|point| point.value / count).sum();
        let spread = points.iter().map(|point| (point.value - centre).abs()).fold(0.0, f64::max);
        let usable = points.iter().all(|point| point.value.is_finite())
            && points.iter().any(|point| point.value != first)
            && SPREADS.contains(&spread)
            && spread > SINGULAR * largest;
        usable.then_some(Self { centre, spread })
    }

    fn standard(&self, value: f64) -> f64 {
        (value - self.centre) / self.spread
    }

    /// A coefficient back in the metric's unit. The first column is the constant and carries the
    /// centre.
    fn back(&self, coefficient: f64, column: usize) -> f64 {
        let offset = if column == 0 { self.centre } else { 0.0 };
        coefficient * self.spread + offset
    }
}
