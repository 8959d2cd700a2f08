//! Daily series whose truth is known: AR(1) noise with gaps, weekends and, if wanted, lasting steps and a drift.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::engine::model::{Point, is_weekend};

/// A day on which a series may begin; a Monday.
pub const FIRST_DAY: i32 = 738_886;

/// What a series is made of. Its day-to-day standard deviation is 1, its usual value 0.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Correlation of two neighbouring days.
    pub phi: f64,
    /// Calendar days.
    pub days: i32,
    /// Share of days that are missing, at random.
    pub missing: f64,
    /// How much higher weekend days are, in SD, with the week's mean kept at zero.
    pub weekend: f64,
    /// Share of the variance that is fresh each day, on top of what the day before explains.
    pub fresh: f64,
    /// Whether the noise has heavy tails: Student's t with 4 degrees instead of the normal.
    pub heavy: bool,
    /// Rise of the mean from one day to the next, in SD.
    pub drift: f64,
    /// Lasting steps: the first day, counted from the first, with a mean that is higher by so many SD.
    pub steps: Vec<(i32, f64)>,
}

impl World {
    /// A world in which nothing changes: 10 % of days missing, weekends 0.3 SD higher.
    #[must_use]
    pub fn quiet(phi: f64, days: i32) -> Self {
        Self { phi, days, missing: 0.1, weekend: 0.3, fresh: 0.0, heavy: false, drift: 0.0, steps: Vec::new() }
    }

    /// The true mean of a day, weekends apart; days are counted from the first.
    #[must_use]
    pub fn mean(&self, index: i32) -> f64 {
        let stepped: f64 = self.steps.iter().filter(|(from, _)| index >= *from).map(|(_, size)| size).sum();
        stepped + self.drift * f64::from(index)
    }

    /// The true mean over the days `from..to`, both calendar days of which only `to` is left out.
    #[must_use]
    pub fn mean_over(&self, from: i32, to: i32) -> f64 {
        let days = (from..to).map(|day| self.mean(day - FIRST_DAY));
        days.sum::<f64>() / f64::from((to - from).max(1))
    }

    /// The valid days of one series.
    #[must_use]
    pub fn series(&self, seed: u64) -> Vec<Point> {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let innovation = libm::sqrt(1.0 - self.phi * self.phi);
        let (kept, fresh) = (libm::sqrt(1.0 - self.fresh), libm::sqrt(self.fresh));
        let mut noise = normal(&mut chance);
        let mut points = Vec::new();
        for index in 0..self.days {
            let day = FIRST_DAY + index;
            let weekend = f64::from(u8::from(is_weekend(day))) - 2.0 / 7.0;
            let there = uniform(&mut chance) >= self.missing;
            let extra = if self.fresh > 0.0 { fresh * normal(&mut chance) } else { 0.0 };
            if there {
                let value = kept * noise + extra + self.weekend * weekend + self.mean(index);
                points.push(Point { day, value });
            }
            let next = if self.heavy { heavy(&mut chance) } else { normal(&mut chance) };
            noise = self.phi * noise + innovation * next;
        }
        points
    }
}

/// A number between 0 and 1, never 0.
pub fn uniform(chance: &mut ChaCha8Rng) -> f64 {
    ((chance.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// A standard normal number (Box and Muller).
pub fn normal(chance: &mut ChaCha8Rng) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(uniform(chance)));
    radius * libm::cos(std::f64::consts::TAU * uniform(chance))
}

/// Student's t with 4 degrees of freedom, brought to variance 1.
fn heavy(chance: &mut ChaCha8Rng) -> f64 {
    // A chi-squared number with 4 degrees is twice the sum of two exponential ones.
    let squares = -2.0 * (libm::log(uniform(chance)) + libm::log(uniform(chance)));
    normal(chance) / libm::sqrt(squares / 4.0) / std::f64::consts::SQRT_2
}
