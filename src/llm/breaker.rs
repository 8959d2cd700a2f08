//! When an endpoint is not asked: after it failed, and while what it plans is mostly replaced. Pure: time is an argument,
//! counted from any fixed moment.

use std::collections::VecDeque;
use std::time::Duration;

use crate::engine::ports::narrator::NoAnswer;

/// How long a breaker stays open at first; it doubles with every trial that fails.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// How long it stays open at most.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// Failures in a row that open it.
const FAILURES_IN_A_ROW: usize = 5;
/// The last calls that are looked at: half of them failed, and it opens.
const LAST_CALLS: usize = 20;
/// The last plans that are looked at.
const LAST_PLANS: usize = 50;
/// The share of replaced sentences in them that opens the breaker.
const MOST_REPLACED: f64 = 0.30;

/// Both breakers of an endpoint.
#[derive(Debug, Default)]
pub struct Breakers {
    calls: Gate,
    /// Whether the last calls failed, oldest first.
    failed: VecDeque<bool>,
    plans: Gate,
    /// How much of the last plans was replaced, oldest first.
    replaced: VecDeque<f64>,
}

impl Breakers {
    /// Whether a call may be made now; a call that is admitted after a wait is a trial, and nobody else is admitted beside it.
    pub fn admit(&mut self, now: Duration) -> bool {
        let admitted = self.calls.admits(now) && self.plans.admits(now);
        if admitted {
            self.calls.begin(now);
            self.plans.begin(now);
        }
        admitted
    }

    /// How an admitted call ended. A refusal does not pass by waiting: the breaker stays open as long as the configuration, that
    /// is, the process, lives.
    pub fn ended(&mut self, failure: Option<NoAnswer>, now: Duration) {
        if failure == Some(NoAnswer::Refused) {
            self.calls = Gate::Shut;
            return;
        }
        let failed = failure.is_some();
        keep(&mut self.failed, failed, LAST_CALLS);
        let in_a_row = self.failed.iter().rev().take_while(|failed| **failed).count();
        let of_the_last = self.failed.iter().filter(|failed| **failed).count();
        let too_many = in_a_row >= FAILURES_IN_A_ROW || of_the_last * 2 >= LAST_CALLS;
        if self.calls.judge(failed, too_many, now) {
            self.failed.clear();
        }
    }

    /// How much of a plan was replaced, 0 to 1.
    pub fn judged(&mut self, replaced: f64, now: Duration) {
        // What is no number is no praise.
        let replaced = if replaced.is_finite() { replaced.clamp(0.0, 1.0) } else { 1.0 };
        keep(&mut self.replaced, replaced, LAST_PLANS);
        #[expect(clippy::cast_precision_loss, reason = "at most fifty")]
        let mean = self.replaced.iter().sum::<f64>() / self.replaced.len() as f64;
        let too_many = self.replaced.len() == LAST_PLANS && mean >= MOST_REPLACED;
        if self.plans.judge(replaced >= MOST_REPLACED, too_many, now) {
            self.replaced.clear();
        }
    }
}

fn keep<T>(last: &mut VecDeque<T>, new: T, most: usize) {
    last.push_back(new);
    while last.len() > most {
        last.pop_front();
    }
}

/// Whether calls pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gate {
    /// They do.
    #[default]
    Closed,
    /// None until then; `wait` is how long that was.
    Open { until: Duration, wait: Duration },
    /// One was let through, and another is if nobody has said by then how it ended.
    Trial { until: Duration, wait: Duration },
    /// None any more.
    Shut,
}

impl Gate {
    fn admits(self, now: Duration) -> bool {
        match self {
            Self::Closed => true,
            Self::Open { until, .. } | Self::Trial { until, .. } => now >= until,
            Self::Shut => false,
        }
    }

    /// A call goes through.
    fn begin(&mut self, now: Duration) {
        if let Self::Open { wait, .. } | Self::Trial { wait, .. } = *self {
            *self = Self::Trial { until: now.saturating_add(wait), wait };
        }
    }

    /// Moves by how a call went, and by whether the last of them were too bad. Returns whether they are to be forgotten.
    fn judge(&mut self, bad: bool, too_many: bool, now: Duration) -> bool {
        let open = |wait: Duration| Self::Open { until: now.saturating_add(wait), wait };
        match *self {
            Self::Closed if too_many => *self = open(FIRST_WAIT),
            Self::Trial { wait, .. } if bad => *self = open((wait * 2).min(LONGEST_WAIT)),
            Self::Trial { .. } => *self = Self::Closed,
            // What began before it opened says nothing about now.
            Self::Open { .. } => {}
            Self::Closed | Self::Shut => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FAILED: Option<NoAnswer> = Some(NoAnswer::Server);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Calls that are all admitted and end so.
    fn calls(breakers: &mut Breakers, endings: &[Option<NoAnswer>], now: Duration) {
        for ending in endings {
            assert!(breakers.admit(now));
            breakers.ended(*ending, now);
        }
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_half_a_minute() {
        let mut breakers = Breakers::default();
        calls(&mut breakers, &[FAILED; 4], at(0));
        calls(&mut breakers, &[None], at(0));
        calls(&mut breakers, &[FAILED; 5], at(1));
        assert!(!breakers.admit(at(1)) && !breakers.admit(at(30)));
        assert!(breakers.admit(at(31)));
    }

    #[test]
    fn half_of_the_last_twenty_open_it() {
        let mut breakers = Breakers::default();
        for _ in 0..9 {
            calls(&mut breakers, &[FAILED, None], at(0));
        }
        calls(&mut breakers, &[None, None, FAILED], at(0));
        assert!(breakers.admit(at(0)), "nine of the last twenty");
        breakers.ended(FAILED, at(0));
        assert!(!breakers.admit(at(0)), "ten of the last twenty");
    }

    #[test]
    fn a_trial_that_fails_doubles_the_wait_up_to_ten_minutes_and_one_that_succeeds_closes_it() {
        let mut breakers = Breakers::default();
        calls(&mut breakers, &[FAILED; 5], at(0));
        let mut now = 0;
        for wait in [30, 60, 120, 240, 480, 600, 600] {
            assert!(!breakers.admit(at(now + wait - 1)), "{wait}");
            now += wait;
            assert!(breakers.admit(at(now)), "{wait}");
            assert!(!breakers.admit(at(now)), "one trial at a time");
            breakers.ended(Some(NoAnswer::Timeout), at(now));
        }
        now += 600;
        calls(&mut breakers, &[None; 3], at(now));
        calls(&mut breakers, &[FAILED; 5], at(now));
        assert!(!breakers.admit(at(now + 29)) && breakers.admit(at(now + 30)), "it begins with half a minute again");
    }

    #[test]
    fn a_trial_nobody_reports_on_does_not_close_the_way_for_ever() {
        let mut breakers = Breakers::default();
        calls(&mut breakers, &[FAILED; 5], at(0));
        assert!(breakers.admit(at(30)) && !breakers.admit(at(59)) && breakers.admit(at(60)));
    }

    #[test]
    fn a_refusal_stays() {
        let mut breakers = Breakers::default();
        calls(&mut breakers, &[None, Some(NoAnswer::Refused)], at(0));
        breakers.ended(None, at(1));
        breakers.judged(0.0, at(1));
        assert!(!breakers.admit(at(1)) && !breakers.admit(Duration::MAX));
    }

    #[test]
    fn fifty_plans_of_which_three_tenths_were_replaced_open_it() {
        let mut breakers = Breakers::default();
        for _ in 0..49 {
            breakers.judged(0.30, at(0));
        }
        assert!(breakers.admit(at(0)), "forty-nine are not fifty");
        breakers.judged(0.31, at(0));
        assert!(!breakers.admit(at(29)));
        assert!(breakers.admit(at(30)));
        breakers.judged(0.9, at(30));
        assert!(!breakers.admit(at(89)) && breakers.admit(at(90)), "twice as long");
        breakers.judged(0.1, at(90));
        assert!(breakers.admit(at(90)) && breakers.admit(at(90)));
        for _ in 0..200 {
            breakers.judged(0.29, at(90));
        }
        assert!(breakers.admit(at(90)));
    }

    #[test]
    fn a_call_that_began_before_it_opened_changes_nothing() {
        let mut breakers = Breakers::default();
        calls(&mut breakers, &[FAILED; 5], at(0));
        breakers.ended(None, at(1));
        breakers.ended(FAILED, at(2));
        assert!(!breakers.admit(at(29)) && breakers.admit(at(30)));
    }

    proptest! {
        #[test]
        fn it_always_opens_again_after_ten_minutes_unless_it_was_refused(
            steps in prop::collection::vec((0..3_u8, any::<f64>(), 0..1_000_u64), 0..300),
        ) {
            let (mut breakers, mut now) = (Breakers::default(), 0);
            for (kind, replaced, later) in steps {
                now += later;
                match kind {
                    0 if breakers.admit(at(now)) => breakers.ended(FAILED, at(now)),
                    1 if breakers.admit(at(now)) => breakers.ended(None, at(now)),
                    _ => breakers.judged(replaced, at(now)),
                }
            }
            prop_assert!(breakers.admit(at(now + 600)));
        }
    }
}
