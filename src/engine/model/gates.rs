//! How large the largest of many statistics must be before it says anything: thresholds set by simulation.
//!
//! `cargo bench --bench thresholds -- 20261121 400000` draws them again and prints them: 400,000 windows of 90 days, phi 0 to
//! 0.8, 10 % missing, weekends. Nothing was drawn above a phi of 0.8, so the last band takes the threshold of the one
//! before it. Error rates are read on other draws (`candor calibrate`, `tests/rates/search.rs`).

use super::change_point::ChangePoint;

/// Upper ends of the bands of phi that have a threshold of their own; the last holds whatever lies above.
pub const PHI_BANDS: [f64; 8] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, f64::INFINITY];

/// What a series must pass before later days are asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gates {
    /// The least |t| of a step, by the phi found with it.
    pub step: [f64; PHI_BANDS.len()],
    /// The least |t| of a trend.
    pub trend: f64,
}

/// One look at 90 days: 5 % of windows in which nothing changes pass.
pub const ONCE: Gates = Gates { step: [3.15, 3.12, 3.24, 3.43, 3.67, 3.92, 4.00, 4.00], trend: 2.11 };

/// Weekly looks: 0.2 % of such windows pass for a step, 2 % for a trend, which must outdo the best step besides.
pub const WEEKLY: Gates = Gates { step: [4.35, 4.54, 4.82, 5.30, 5.72, 6.17, 5.65, 5.65], trend: 2.59 };

impl Gates {
    /// Whether a step is larger than chance makes the largest, and explains the days better than a straight line does.
    #[must_use]
    pub fn step(&self, stepped: &ChangePoint, slope: f64) -> bool {
        let band = PHI_BANDS.iter().zip(self.step).find(|(end, _)| stepped.phi < **end);
        stepped.t.abs() > slope.abs() && band.is_some_and(|(_, least)| stepped.t.abs() >= least)
    }

    /// Whether a slope is larger than chance makes it, and explains the days better than the best step does.
    #[must_use]
    pub fn trend(&self, slope: f64, stepped: &ChangePoint) -> bool {
        slope.abs() >= self.trend && slope.abs() >= stepped.t.abs()
    }
}
