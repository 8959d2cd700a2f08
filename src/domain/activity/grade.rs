//! What climbing costs: a pace on a slope as a pace on the flat that would have cost as much.
//!
//! The origin of this counted a climb of 10 % as 0.8 % dearer than the flat. Measured on a treadmill it costs about 60 % more.

use super::track::Track;

/// The steepest grade of the measurements, as a ratio of rise to distance; beyond it their nearest value holds.
pub const STEEPEST: f64 = 0.45;
/// A grade is taken over the shortest stretch that reaches this far to either side, in metres: less of it is noise of the
/// altimeter (engineering default).
const REACH_M: f64 = 30.0;

/// The energy cost of going on a slope, in joules per kilogram and metre, from grade -0.45 to 0.45: the polynomials of
/// Minetti, Moia, Roi, Susta and Ferretti, "Energy cost of walking and running at extreme uphill and downhill slopes",
/// Journal of Applied Physiology 93 (2002), 1039-1046.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// 155.4 i^5 - 30.4 i^4 - 43.3 i^3 + 46.3 i^2 + 19.5 i + 3.6.
    Running,
    /// 280.5 i^5 - 58.7 i^4 - 76.8 i^3 + 51.9 i^2 + 19.6 i + 2.5.
    Walking,
}

impl Cost {
    /// Joules per kilogram and metre on a grade; beyond the measured range, those at its end.
    #[must_use]
    pub fn at(self, grade: f64) -> f64 {
        let i = grade.clamp(-STEEPEST, STEEPEST);
        let [a, b, c, d, e, flat] = match self {
            Self::Running => [155.4, -30.4, -43.3, 46.3, 19.5, 3.6],
            Self::Walking => [280.5, -58.7, -76.8, 51.9, 19.6, 2.5],
        };
        ((((a * i + b) * i + c) * i + d) * i + e) * i + flat
    }

    /// How many times as much as the flat a grade costs.
    #[must_use]
    pub fn factor(self, grade: f64) -> f64 {
        self.at(grade) / self.at(0.0)
    }
}

/// The factor of each leg; none where the altitude about it is not known.
pub(super) fn factors(track: &Track, heights: &[Option<f64>], cost: Cost) -> Vec<Option<f64>> {
    let Some(first) = track.legs.first() else { return Vec::new() };
    // Where the distance is known: the start of the first leg, then the end of each.
    let places: Vec<(f64, Option<f64>)> = std::iter::once((first.from_m, first.start))
        .chain(track.legs.iter().map(|leg| (leg.to_m, leg.end)))
        .map(|(metres, index)| (metres, heights.get(index).copied().flatten()))
        .collect();
    let (mut low, mut high) = (0, 0);
    let mut factors = Vec::with_capacity(track.legs.len());
    for leg in &track.legs {
        let middle = f64::midpoint(leg.from_m, leg.to_m);
        while low + 1 < places.len() && places[low + 1].0 <= middle - REACH_M {
            low += 1;
        }
        while high + 1 < places.len() && places[high].0 < middle + REACH_M {
            high += 1;
        }
        let ((from_m, from), (to_m, to)) = (places[low], places[high]);
        let rise = from.zip(to).map(|(from, to)| to - from);
        factors.push(rise.filter(|_| to_m - from_m >= REACH_M).map(|rise| cost.factor(rise / (to_m - from_m))));
    }
    factors
}
