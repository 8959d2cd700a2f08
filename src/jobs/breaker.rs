//! A breaker: after failures in a row nothing passes for a while, then one call does, and how it goes decides.
//!
//! It stands in the database, so that a restart does not forget it and all workers share it. The rules here are pure; of two
//! workers that change a breaker at once one looks again.

use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::Instant;
use crate::engine::ports::breakers::{Breaker, Breakers};
use crate::engine::ports::jobs::QueueError;

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// How long it is open at first; it doubles with every trial that fails.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// How long it is open at most.
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// How often a change is tried against others that change it at once.
const TRIES: usize = 16;

/// Whether a call passes, and the breaker from then on: `Err` says until when nothing does.
///
/// # Errors
/// The instant until which it is open.
pub fn admit(breaker: Breaker, now: Instant) -> Result<Breaker, Instant> {
    match breaker.open_until {
        Some(until) if until > now => Err(until),
        // One goes through to try; everybody else waits as long again, or until it has said how it went.
        Some(_) => Ok(Breaker { open_until: Some(after(now, breaker.wait)), ..breaker }),
        None => Ok(breaker),
    }
}

/// The breaker after a call that passed.
#[must_use]
pub fn ended(breaker: Breaker, failed: bool, now: Instant) -> Breaker {
    if !failed {
        return Breaker::default();
    }
    let failures = breaker.failures.saturating_add(1);
    let wait = match breaker.open_until {
        Some(_) => (breaker.wait * 2).min(LONGEST_WAIT),
        None if failures >= FAILURES => FIRST_WAIT,
        None => return Breaker { failures, ..breaker },
    };
    Breaker { failures, open_until: Some(after(now, wait)), wait }
}

fn after(now: Instant, wait: Duration) -> Instant {
    now + TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX)
}

/// Asks a breaker by name whether a call passes; the instant until which it does not.
///
/// # Errors
/// When the breakers cannot be read or written.
pub async fn passes(breakers: &dyn Breakers, name: &str, now: Instant) -> Result<Option<Instant>, QueueError> {
    for _ in 0..TRIES {
        let (breaker, version) = breakers.breaker(name).await?;
        match admit(breaker, now) {
            Err(until) => return Ok(Some(until)),
            Ok(after) if after == breaker => return Ok(None),
            Ok(after) if breakers.set_breaker(name, version, after).await? => return Ok(None),
            Ok(_) => {}
        }
    }
    Ok(Some(now))
}

/// Tells a breaker by name how a call went.
///
/// # Errors
/// When the breakers cannot be read or written.
pub async fn tell(breakers: &dyn Breakers, name: &str, failed: bool, now: Instant) -> Result<(), QueueError> {
    for _ in 0..TRIES {
        let (breaker, version) = breakers.breaker(name).await?;
        let after = ended(breaker, failed, now);
        if after == breaker || breakers.set_breaker(name, version, after).await? {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Instant {
        Utc.timestamp_opt(1_800_000_000 + second, 0).single().expect("an instant")
    }

    #[test]
    fn five_failures_open_it_a_trial_that_fails_doubles_the_wait_and_one_that_does_not_closes_it() {
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            breaker = ended(admit(breaker, at(0)).expect("closed"), true, at(0));
        }
        breaker = ended(admit(breaker, at(0)).expect("closed"), true, at(0));
        assert_eq!(admit(breaker, at(29)), Err(at(30)));
        let trial = admit(breaker, at(30)).expect("one may try");
        assert_eq!(admit(trial, at(31)), Err(at(60)), "nobody else beside it");
        let failed = ended(trial, true, at(32));
        assert_eq!(admit(failed, at(91)), Err(at(92)));
        let trial = admit(failed, at(92)).expect("one may try");
        assert_eq!(ended(trial, false, at(93)), Breaker::default());
    }

    #[test]
    fn a_failure_between_successes_opens_nothing() {
        let mut breaker = Breaker::default();
        for second in 0..100 {
            breaker = ended(breaker, second % 5 != 0, at(second));
        }
        assert!(admit(breaker, at(100)).is_ok());
    }

    proptest! {
        /// A provider that is down for an hour is asked a few times, not thousands of times, and again soon after.
        #[test]
        fn who_is_down_for_an_hour_is_left_alone(step in 1_i64..20) {
            let (mut breaker, mut asked, mut back) = (Breaker::default(), 0, None);
            let mut second = 0;
            while back.is_none() && second < 20_000 {
                if let Ok(admitted) = admit(breaker, at(second)) {
                    let down = second < 3_600;
                    asked += u32::from(down);
                    breaker = ended(admitted, down, at(second));
                    if !down { back = Some(second); }
                }
                second += step;
            }
            prop_assert!(asked <= 5 + 9, "{asked}");
            prop_assert!(back.is_some_and(|at| at <= 3_600 + 900 + step), "{back:?}");
        }
    }
}
