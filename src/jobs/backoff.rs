//! How long a failed attempt waits: a random part of an exponentially growing time ("full jitter"), so that many that failed
//! together do not come back together.

use std::time::Duration;

/// The longest wait after the first failure; it doubles with each.
const FIRST: Duration = Duration::from_secs(5);
/// The longest wait of all.
const LONGEST: Duration = Duration::from_hours(1);

/// How long to wait after so many attempts, `chance` being 0 to 1. Who was told to wait waits at least that long.
#[must_use]
pub fn wait(attempts: u32, told: Option<Duration>, chance: f64) -> Duration {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    let chance = if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 1.0 };
    doubled.min(LONGEST).mul_f64(chance) + told.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_never_exceeds_its_bound_and_never_ignores_what_it_was_told(
            attempts in 0_u32..100,
            told in proptest::option::of(0_u64..100_000),
            chance in any::<f64>(),
        ) {
            let told = told.map(Duration::from_secs);
            let waited = wait(attempts, told, chance);
            prop_assert!(waited >= told.unwrap_or_default());
            prop_assert!(waited <= LONGEST + told.unwrap_or_default());
        }
    }

    #[test]
    fn it_doubles_up_to_an_hour() {
        let most: Vec<u64> = [1, 2, 3, 10, 11, 30].map(|attempts| wait(attempts, None, 1.0).as_secs()).to_vec();
        assert_eq!(most, [5, 10, 20, 2560, 3600, 3600]);
        assert_eq!(wait(3, None, 0.5), Duration::from_secs(10));
    }
}
