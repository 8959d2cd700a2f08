//! How long a failed attempt waits: a random part of an exponentially growing time ("full jitter"), so that many that failed
//! together do not come back together.

use std::time::Duration;

/// The longest wait after the first failure; it doubles with each.
const FIRST: Duration = Duration::from_secs(5);
/// The longest wait of all.
const LONGEST: Duration = Duration::from_hours(1);

/// How long to wait after so many attempts, `chance` being 0 to 1. Who is told when to come back is put off until then instead.
#[must_use]
pub fn wait(attempts: u32, chance: f64) -> Duration {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    let chance = if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 1.0 };
    doubled.min(LONGEST).mul_f64(chance)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_never_exceeds_its_bound(attempts in 0_u32..100, chance in any::<f64>()) {
            prop_assert!(wait(attempts, chance) <= LONGEST);
        }
    }

    #[test]
    fn it_doubles_up_to_an_hour() {
        let most: Vec<u64> = [1, 2, 3, 10, 11, 30].map(|attempts| wait(attempts, 1.0).as_secs()).to_vec();
        assert_eq!(most, [5, 10, 20, 2560, 3600, 3600]);
        assert_eq!(wait(3, 0.5), Duration::from_secs(10));
    }
}
