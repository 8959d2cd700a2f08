//! Two windows of one series compared: did its mean move, by how much, and how sure is that?
//!
//! [`screen`] gives the confidence; the interval costs several times as much and is computed only by
//! [`Screened::change`], for what is going to be shown.

use serde::{Deserialize, Serialize};

use super::ar1::{self, Posterior};
use super::confidence::{Prior, confidence};
use super::point::{Point, is_constant, weekend_column};

/// Valid days each window must have.
pub const FEWEST_DAYS: usize = 7;

/// A difference between the means of two windows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Mean after minus mean before, weekends apart, in the metric's unit.
    pub difference: f64,
    /// The 95 % interval of the difference.
    pub interval: (f64, f64),
    /// The difference in SD.
    pub effect_sd: f64,
    /// Day-to-day standard deviation within the windows.
    pub sd: f64,
    /// Mean of a whole week before, as the regression has it.
    pub mean_before: f64,
    /// The same after: `mean_before + difference`.
    pub mean_after: f64,
    /// Valid days before.
    pub n_before: usize,
    /// Valid days after.
    pub n_after: usize,
    /// Valid days in the smaller window.
    pub n: usize,
    /// Independent days that would say as much as those `n`.
    pub n_effective: f64,
    /// Valid days as a share of calendar days, in the worse of the two windows.
    pub coverage: f64,
    /// How strongly a day resembles the day before, -0.2 to 0.95.
    pub phi: f64,
    /// P(the mean moved in this direction by at least 0.2 SD).
    pub confidence: f64,
    /// Whether the mean went up.
    pub rises: bool,
}

/// A comparison whose confidence is known and whose interval has not been asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Screened {
    posterior: Posterior,
    n_before: usize,
    n_after: usize,
    coverage: f64,
    confidence: f64,
}

/// Compares two windows of one series, in full.
///
/// `before` and `after` are the valid days of windows of `before_days` and `after_days` calendar
/// days, in time order, all of `before` earlier than all of `after`; days may lie between them. The
/// regression has a constant, a weekend column (left out when the days are all of one kind) and the
/// step between the windows. `None` when a window has fewer than seven valid days or values that do
/// not vary, when a value is not finite, or when the step cannot be told from the weekend.
pub fn compare(before: &[Point], after: &[Point], before_days: u32, after_days: u32, prior: Prior) -> Option<Change> {
    screen(before, after, before_days, after_days, prior).map(|screened| screened.change())
}

/// The cheap part of [`compare`], with the same conditions.
pub fn screen(before: &[Point], after: &[Point], before_days: u32, after_days: u32, prior: Prior) -> Option<Screened> {
    if is_constant(before) || is_constant(after) {
        return None;
    }
    let points = [before, after].concat();
    let mut stepped = vec![0.0; before.len()];
    stepped.resize(points.len(), 1.0);
    let counts = Counts {
        before: before.len(),
        after: after.len(),
        coverage: (before.len() as f64 / f64::from(before_days)).min(after.len() as f64 / f64::from(after_days)),
    };
    Screened::of(&points, &stepped, None, counts, prior)
}

/// Valid days of two sets of days that are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Counts {
    pub(super) before: usize,
    pub(super) after: usize,
    pub(super) coverage: f64,
}

impl Screened {
    /// Fits a constant, the set a day belongs to (0 or 1), weekends, and a trend where one is given.
    pub(super) fn of(
        points: &[Point],
        set: &[f64],
        trend: Option<&[f64]>,
        counts: Counts,
        prior: Prior,
    ) -> Option<Self> {
        if counts.before.min(counts.after) < FEWEST_DAYS {
            return None;
        }
        let constant = vec![1.0; points.len()];
        let weekend = weekend_column(points.iter());
        let mut columns: Vec<&[f64]> = vec![&constant, set];
        columns.extend(weekend.as_deref());
        columns.extend(trend);
        let posterior = ar1::fit(points, &columns, 1)?;
        Some(Self {
            posterior,
            n_before: counts.before,
            n_after: counts.after,
            coverage: counts.coverage,
            confidence: confidence(&posterior, prior),
        })
    }

    /// What the days say about the difference.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    /// P(the mean moved in this direction by at least 0.2 SD).
    pub fn confidence(&self) -> f64 {
        self.confidence
    }

    /// Whether the mean went up.
    pub fn rises(&self) -> bool {
        self.posterior.mean() > 0.0
    }

    /// The whole comparison, interval included.
    pub fn change(&self) -> Change {
        let posterior = &self.posterior;
        let (difference, sd) = (posterior.mean(), posterior.sd());
        let mean_before = posterior.coefficient(0).unwrap_or(f64::NAN);
        let n = self.n_before.min(self.n_after);
        Change {
            difference,
            interval: posterior.interval(0.95),
            effect_sd: difference / sd,
            sd,
            mean_before,
            mean_after: mean_before + difference,
            n_before: self.n_before,
            n_after: self.n_after,
            n,
            n_effective: n as f64 * posterior.n_effective() / posterior.n() as f64,
            coverage: self.coverage,
            phi: posterior.phi_mean(),
            confidence: self.confidence,
            rises: self.rises(),
        }
    }
}
