//! The draws of one scenario: seeds that follow from the run's seed and the scenario's name, and nothing else.

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// What a scenario draws from.
pub struct Draw<'a> {
    seed: u64,
    /// Series to draw.
    pub series: u64,
    tick: &'a (dyn Fn() + Sync),
}

impl<'a> Draw<'a> {
    /// The draws of a scenario; `tick` is called once a series.
    pub fn new(seed: u64, scenario: &str, series: u64, tick: &'a (dyn Fn() + Sync)) -> Self {
        // FNV-1a of the name, so that scenarios share no series.
        let name = scenario
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self { seed: mixed(seed ^ name), series, tick }
    }

    /// A seed for each series.
    pub fn each(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.series).map(|index| {
            (self.tick)();
            mixed(self.seed.wrapping_add(index))
        })
    }
}

/// A generator for what a series is made of, apart from the series' own noise.
pub fn chance(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(mixed(seed))
}

/// Spreads neighbouring numbers over all 64 bits (the finaliser of splitmix64).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
