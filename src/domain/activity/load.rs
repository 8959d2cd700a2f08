//! The load of an activity: Banister's training impulse, by the person's own reserve.

use serde::Serialize;

use super::track::Track;
use super::zone::Reserve;

/// Minutes times the share of the reserve times a weight that grows with it, with both published weights: nothing here
/// knows which of the two fits the person (Banister, "Modeling elite athletic performance", 1991; weights from Morton,
/// Fitz-Clarke and Banister, Journal of Applied Physiology 69 (1990), 1171-1177).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Load {
    /// With the weight measured on men, 0.64 e^(1.92 x).
    pub of_men: f64,
    /// With the weight measured on women, 0.86 e^(1.67 x).
    pub of_women: f64,
    /// Seconds with a heart rate that it rests on.
    pub measured_s: f64,
}

/// The load of a record; nothing without a heart rate. A sample counts for the time since the one before; below rest is
/// rest, beyond the highest is the highest.
#[must_use]
pub fn load(track: &Track, reserve: Reserve) -> Option<Load> {
    let mut load = Load { of_men: 0.0, of_women: 0.0, measured_s: 0.0 };
    for (index, seconds) in track.steps() {
        let Some(rate) = track.heart_rate[index] else { continue };
        let share = reserve.share(rate).clamp(0.0, 1.0);
        load.of_men += seconds / 60.0 * share * 0.64 * libm::exp(1.92 * share);
        load.of_women += seconds / 60.0 * share * 0.86 * libm::exp(1.67 * share);
        load.measured_s += seconds;
    }
    (load.measured_s > 0.0).then_some(load)
}
