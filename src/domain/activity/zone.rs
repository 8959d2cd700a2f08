//! Heart-rate zones by a person's own reserve, the span from their pulse at rest to the highest measured.
//!
//! One definition for the context of a day and for an activity. There is no default: a zone of somebody else's heart says
//! nothing. The origin counted everything below 60 % as zone 1; here that begins at 50 %, and less is below the zones.

use super::track::Track;

/// Where the five zones begin and where the last ends, as shares of the reserve.
pub const BORDERS: [f64; 6] = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// A person's heart-rate reserve (Karvonen, Kentala and Mustala 1957).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reserve {
    rest: f64,
    highest: f64,
}

impl Reserve {
    /// The reserve between a heart rate at rest and the highest, in beats a minute; none unless the second is higher.
    #[must_use]
    pub fn new(rest: f64, highest: f64) -> Option<Self> {
        (rest.is_finite() && highest.is_finite() && rest < highest).then_some(Self { rest, highest })
    }

    /// Beats a minute at rest.
    #[must_use]
    pub const fn rest(self) -> f64 {
        self.rest
    }

    /// The highest beats a minute.
    #[must_use]
    pub const fn highest(self) -> f64 {
        self.highest
    }

    /// The share of the reserve that a heart rate takes: 0 at rest, 1 at the highest, and beyond both.
    #[must_use]
    pub fn share(self, heart_rate: f64) -> f64 {
        (heart_rate - self.rest) / (self.highest - self.rest)
    }

    /// The borders of the zones in beats a minute, from where the first begins to where the last ends.
    #[must_use]
    pub fn borders(self) -> [f64; 6] {
        BORDERS.map(|share| self.rest + share * (self.highest - self.rest))
    }

    /// The zone of a heart rate, from 1 to 5; none below the first. A border belongs to the zone above it, and what lies
    /// beyond the highest to the fifth.
    #[must_use]
    pub fn zone(self, heart_rate: f64) -> Option<usize> {
        let begun = self.borders()[..5].iter().filter(|border| heart_rate >= **border).count();
        (begun > 0).then_some(begun)
    }
}

/// Seconds in each zone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ZoneTimes {
    /// Zones 1 to 5.
    pub zones_s: [f64; 5],
    /// With a heart rate below the first.
    pub below_s: f64,
    /// Recorded without a heart rate: in no zone.
    pub unknown_s: f64,
}

/// The time in each zone. A stretch without samples is time in none; nothing without any heart rate.
#[must_use]
pub fn times(track: &Track, reserve: Reserve) -> Option<ZoneTimes> {
    let mut times = ZoneTimes::default();
    let mut measured = false;
    for (index, seconds) in track.steps() {
        let place = match track.heart_rate[index] {
            None => &mut times.unknown_s,
            Some(rate) => {
                measured = true;
                match reserve.zone(rate).and_then(|zone| times.zones_s.get_mut(zone - 1)) {
                    Some(zone) => zone,
                    None => &mut times.below_s,
                }
            }
        };
        *place += seconds;
    }
    measured.then_some(times)
}
