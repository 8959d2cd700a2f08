//! What points alone tell: how far, and how much higher.

use super::Position;

/// The mean radius of the Earth in metres (IUGG, R1).
const EARTH_M: f64 = 6_371_008.8;

/// A climb counts once it is this many metres above the lowest point since the last one: less is the noise of
/// a receiver or a barometer, which raw differences would add up to hundreds of metres.
const CLIMB_M: f64 = 3.0;

/// The way so far.
#[derive(Default)]
pub(super) struct Way {
    last: Option<Position>,
    metres: f64,
}

impl Way {
    /// Goes on to a position; the metres covered so far.
    pub(super) fn to(&mut self, position: Position) -> f64 {
        if let Some(last) = self.last {
            self.metres += apart(last, position);
        }
        self.last = Some(position);
        self.metres
    }

    /// The next position starts anew: what lies between was not recorded.
    pub(super) fn pause(&mut self) {
        self.last = None;
    }
}

/// The metres between two positions on a sphere, by the haversine formula.
fn apart(a: Position, b: Position) -> f64 {
    let (lat_a, lat_b) = (a.latitude.to_radians(), b.latitude.to_radians());
    let half = |difference: f64| {
        let sine = libm::sin(difference / 2.0);
        sine * sine
    };
    let longitude = (b.longitude - a.longitude).to_radians();
    let h = half(lat_b - lat_a) + libm::cos(lat_a) * libm::cos(lat_b) * half(longitude);
    2.0 * EARTH_M * libm::asin(h.clamp(0.0, 1.0).sqrt())
}

/// The climbs so far.
#[derive(Default)]
pub(super) struct Climb {
    low: Option<f64>,
    metres: f64,
}

impl Climb {
    /// Goes on to an altitude in metres.
    pub(super) fn to(&mut self, altitude: f64) {
        let low = *self.low.get_or_insert(altitude);
        if altitude - low >= CLIMB_M {
            self.metres += altitude - low;
            self.low = Some(altitude);
        } else if altitude < low {
            self.low = Some(altitude);
        }
    }

    /// Metres climbed; `None` where no altitude was told.
    pub(super) fn metres(&self) -> Option<f64> {
        self.low.map(|_| self.metres)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_of_a_meridian_is_a_360th_of_the_circumference() {
        let at = |latitude, longitude| Position { latitude, longitude };
        let mut way = Way::default();
        assert_eq!(way.to(at(0.0, 0.0)), 0.0);
        // 2 * pi * 6371008.8 / 360
        assert!((way.to(at(1.0, 0.0)) - 111_195.08).abs() < 0.01);
        way.pause();
        assert!((way.to(at(60.0, 0.0)) - 111_195.08).abs() < 0.01, "a pause adds nothing");
        // At 60 degrees a degree of longitude is close to half as long.
        assert!((way.to(at(60.0, 1.0)) - 166_792.0).abs() < 5.0);
    }

    #[test]
    fn noise_is_no_climb() {
        let climbed = |altitudes: &[f64]| {
            let mut climb = Climb::default();
            altitudes.iter().for_each(|altitude| climb.to(*altitude));
            climb.metres()
        };
        assert_eq!(climbed(&[]), None);
        assert_eq!(climbed(&[100.0, 101.0, 99.5, 101.5, 100.0]), Some(0.0));
        assert_eq!(climbed(&[100.0, 102.0, 104.0, 106.0, 108.0, 90.0, 95.0]), Some(13.0));
    }
}
