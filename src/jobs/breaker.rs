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
/// How long nobody asks who was asked too often and does not say when to come back; it doubles with every trial that is told so.
const LIMITED_WAIT: Duration = Duration::from_mins(1);
/// How long somebody may tell us to stay away.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);
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

/// The breaker after an answer that there were too many calls: nobody asks again for as long as it says, or as is sensible.
#[must_use]
pub fn limited(breaker: Breaker, said: Option<Duration>, now: Instant) -> Breaker {
    let wait = match breaker.open_until {
        Some(_) => (breaker.wait * 2).clamp(LIMITED_WAIT, LONGEST_WAIT),
        None => LIMITED_WAIT,
    };
    // Who says when is taken at that word, and then one asks first, for a minute.
    let (wait, pause) = said.map_or((wait, wait), |said| (LIMITED_WAIT, said.min(LONGEST_PAUSE)));
    Breaker { open_until: Some(after(now, pause)), wait, ..breaker }
}

/// Whether it was opened by another after a call had begun: how that call went says nothing new then.
fn opened_since(breaker: Breaker, began: Instant) -> bool {
    breaker.open_until.is_some_and(|until| until - TimeDelta::from_std(breaker.wait).unwrap_or(TimeDelta::MAX) > began)
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

/// Tells a breaker by name how a call went that began at an instant.
///
/// # Errors
/// When the breakers cannot be read or written.
pub async fn tell(
    breakers: &dyn Breakers,
    name: &str,
    failed: bool,
    (began, now): (Instant, Instant),
) -> Result<(), QueueError> {
    change(breakers, name, |breaker| if opened_since(breaker, began) { breaker } else { ended(breaker, failed, now) })
        .await
        .map(|_| ())
}

/// Tells a breaker by name that a call which began at an instant was one too many; until when nobody asks.
///
/// # Errors
/// When the breakers cannot be read or written.
pub async fn tell_limited(
    breakers: &dyn Breakers,
    name: &str,
    said: Option<Duration>,
    (began, now): (Instant, Instant),
) -> Result<Instant, QueueError> {
    let open = change(breakers, name, |breaker| {
        let longer = limited(breaker, said, now);
        let known = opened_since(breaker, began) && (said.is_none() || breaker.open_until >= longer.open_until);
        if known { breaker } else { longer }
    });
    Ok(open.await?.open_until.unwrap_or(now))
}

/// Changes a breaker, looking again where another changes it at once; what it is then.
async fn change(breakers: &dyn Breakers, name: &str, to: impl Fn(Breaker) -> Breaker) -> Result<Breaker, QueueError> {
    for _ in 0..TRIES {
        let (breaker, version) = breakers.breaker(name).await?;
        let after = to(breaker);
        if after == breaker || breakers.set_breaker(name, version, after).await? {
            return Ok(after);
        }
    }
    breakers.breaker(name).await.map(|(breaker, _)| breaker)
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
    fn too_many_calls_make_a_pause_that_doubles_or_lasts_as_long_as_is_said() {
        let limited_at = |breaker, said, second| limited(breaker, said, at(second));
        let mut breaker = limited_at(Breaker::default(), None, 0);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let until = admit(breaker, at(0)).expect_err("open");
            pauses.push((until - at(0)).num_seconds());
            let trial = admit(breaker, until).expect("one may try");
            breaker = limited(trial, None, at(0));
        }
        assert_eq!(pauses, [60, 120, 240, 480, 900, 900]);
        let said = limited_at(breaker, Some(Duration::from_secs(7)), 0);
        assert_eq!(admit(said, at(6)), Err(at(7)));
        let trial = admit(said, at(7)).expect("one may try");
        assert_eq!(ended(trial, false, at(8)), Breaker::default());
        assert_eq!(limited_at(breaker, Some(Duration::MAX), 0).open_until, Some(at(86_400)));
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
