//! Confidence in an effect: the probability that it has the claimed sign and is big enough to matter.
//!
//! The prior is a spike at zero and a normal slab around it, in units of the person's own day-to-day
//! standard deviation: most things that are looked at did not change. A p-value turned round is not a
//! confidence, and is never used as one.

use super::ar1::{PHIS, Posterior};
use super::student_t::half_powers;

/// What is believed of an effect before the data are seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Probability that there is no effect at all.
    pub pi0: f64,
    /// Standard deviation of an effect that is there, in SD of the series.
    pub tau: f64,
}

/// One planned look, such as an experiment's end.
pub const ONE_LOOK: Prior = Prior { pi0: 0.8, tau: 0.5 };
/// Looking again every week: the same series gets many chances to look changed by luck.
pub const SEARCH: Prior = Prior { pi0: 0.98, tau: 0.8 };

/// The smallest effect that is worth a word, in SD.
pub const SMALLEST_EFFECT_SD: f64 = 0.2;

/// Standard deviations of the slab beyond which an effect is judged as if it lay there.
///
/// The slab is normal, so it calls an effect far outside impossible rather than large, and prefers no effect with
/// strongly dependent noise: without this limit a lasting step of 7 SD would never be found, and a confidence would fall
/// as its effect grows.
const FARTHEST_TAU: f64 = 3.0;

/// The effect grid: -4 SD to 4 SD in steps of 0.05 SD.
const GRID: usize = 161;
const STEPS_PER_SD: f64 = 20.0;
const CENTRE: usize = 80;
/// Grid steps from zero at which [`SMALLEST_EFFECT_SD`] is reached.
const SMALLEST_STEPS: usize = 4;

/// P(sign as the posterior mean has it AND |effect| >= 0.2 SD | data), between 0 and 1.
///
/// The posterior under a flat prior is the likelihood of the effect; it is multiplied by the prior on
/// a grid of effects and summed.
pub fn confidence(posterior: &Posterior, prior: Prior) -> f64 {
    let farthest = FARTHEST_TAU * prior.tau * posterior.sd();
    let too_far = posterior.mean() - posterior.mean().clamp(-farthest, farthest);
    let likelihood = likelihoods(posterior, too_far);
    let mut slab = [0.0; GRID];
    let mut slab_total = 0.0;
    for (index, cell) in slab.iter_mut().enumerate() {
        let distance = (index as f64 - CENTRE as f64) / STEPS_PER_SD / prior.tau;
        *cell = libm::exp(-0.5 * distance * distance);
        slab_total += *cell;
    }
    let rises = posterior.mean() > 0.0;
    let mut all = prior.pi0 * likelihood[CENTRE];
    let mut claimed = 0.0;
    for (index, (weight, likelihood)) in slab.iter().zip(likelihood).enumerate() {
        let mass = (1.0 - prior.pi0) * weight / slab_total * likelihood;
        all += mass;
        let as_claimed = if rises { index >= CENTRE + SMALLEST_STEPS } else { index + SMALLEST_STEPS <= CENTRE };
        if as_claimed {
            claimed += mass;
        }
    }
    claimed / all
}

/// The mixture's density at every effect of the grid, up to a common factor, once it is moved towards zero by `moved`.
///
/// Each component is taken relative to its own highest point on the grid, and those peaks relative to
/// the highest of them: nothing that matters can underflow, however far the data lie from zero. With
/// whole degrees of freedom the density is a whole power of a ratio under a square root, which costs
/// a tenth of a logarithm and an exponential.
fn likelihoods(posterior: &Posterior, moved: f64) -> [f64; GRID] {
    let df = f64::from(posterior.df());
    let sd = posterior.sd();
    let mut peaks = [(0.0, 0.0); PHIS];
    let mut highest = f64::NEG_INFINITY;
    for (peak, one) in peaks.iter_mut().zip(posterior.components()) {
        let estimate = one.estimate - moved;
        let nearest = (estimate / sd * STEPS_PER_SD).round().clamp(-(CENTRE as f64), CENTRE as f64);
        let z = (nearest / STEPS_PER_SD * sd - estimate) / one.error;
        let base = 1.0 + z * z / df;
        let ln_height = libm::log(one.weight / one.error) - 0.5 * (df + 1.0) * libm::log(base);
        *peak = (base, ln_height);
        highest = highest.max(ln_height);
    }
    let mut likelihood = [0.0; GRID];
    for (one, (base, ln_height)) in posterior.components().iter().zip(peaks) {
        let height = libm::exp(ln_height - highest);
        if height == 0.0 {
            continue;
        }
        let step = sd / STEPS_PER_SD / one.error;
        let offset = (one.estimate - moved) / one.error;
        let mut ratios = [0.0; GRID];
        for (index, ratio) in ratios.iter_mut().enumerate() {
            let z = (index as f64 - CENTRE as f64) * step - offset;
            *ratio = base / (1.0 + z * z / df);
        }
        let densities = half_powers(ratios, posterior.df() + 1);
        for (cell, density) in likelihood.iter_mut().zip(densities) {
            *cell += height * density;
        }
    }
    likelihood
}
