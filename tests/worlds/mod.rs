//! Daily series whose truth is known: AR(1) noise with gaps, weekends and, if wanted, a lasting step.

use candor::engine::model::{Point, is_weekend};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A day on which a series may begin; a Monday.
pub(crate) const FIRST_DAY: i32 = 738_886;

/// What a series is made of. Its day-to-day standard deviation is 1, its usual value 0.
#[derive(Clone, Copy)]
pub(crate) struct World {
    pub(crate) phi: f64,
    pub(crate) days: i32,
    /// Share of days that are missing, at random.
    pub(crate) missing: f64,
    /// How much higher weekend days are, in SD, with the week's mean kept at zero.
    pub(crate) weekend: f64,
    /// The first day, counted from the first, with a mean that is higher by so many SD.
    pub(crate) step: Option<(i32, f64)>,
}

/// The valid days of one series.
pub(crate) fn series(world: World, seed: u64) -> Vec<Point> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let fresh = (1.0 - world.phi * world.phi).sqrt();
    let mut noise = normal(&mut chance);
    let mut points = Vec::new();
    for index in 0..world.days {
        let day = FIRST_DAY + index;
        let weekend = f64::from(u8::from(is_weekend(day))) - 2.0 / 7.0;
        let stepped = match world.step {
            Some((from, size)) if index >= from => size,
            Some(_) | None => 0.0,
        };
        if uniform(&mut chance) >= world.missing {
            points.push(Point { day, value: noise + world.weekend * weekend + stepped });
        }
        noise = world.phi * noise + fresh * normal(&mut chance);
    }
    points
}

/// A number between 0 and 1, never 0.
pub(crate) fn uniform(chance: &mut ChaCha8Rng) -> f64 {
    ((chance.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

/// A standard normal number (Box and Muller).
fn normal(chance: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * libm::log(uniform(chance))).sqrt();
    radius * libm::cos(std::f64::consts::TAU * uniform(chance))
}
