//! The sleep regularity index: how often a person was in the same state, asleep or awake, 24 hours apart.
//!
//! Epochs are compared by 24 hours of time and not by the clock on the wall, as the index is defined: no zone is needed, and
//! a change of the clock or a journey counts as the change of rhythm that it is. What is called a day begins and ends half a
//! day from the middle of the usual sleep, so that no border cuts a night, wherever the person lives.

use super::{ContextItem, Named, count};
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Value, Window};
use crate::domain::metric::Metric;
use crate::domain::provider::Provider;
use crate::engine::history::History;
use crate::engine::observe::one_source::most;
use crate::engine::sleeps::Sleep;

/// Days that are looked at, and pairs of neighbours that must be recorded (published: at least a week of them).
const DAYS: u32 = 14;
const FEWEST_PAIRS: u32 = 7;
/// One-minute epochs of a day.
const EPOCHS: i64 = 1_440;

const NAMED: Named = Named {
    key: "sleep_regularity",
    label: "sleep regularity",
    method: "Sleep regularity index (Phillips 2017): 200 times the share of one-minute epochs that agree with those 24 hours \
             later, less 100; asleep from start to end of each sleep and nap. 100 is the same every day, 0 is chance.",
};

/// How regular some days were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regularity {
    /// The index, -100 to 100.
    pub index: f64,
    /// Pairs of neighbouring days that were recorded.
    pub pairs: u32,
    /// Days that were recorded.
    pub days: u32,
}

/// The regularity of one source's sleeps in a window of days; none without a pair of recorded neighbours.
///
/// A day is recorded when the middle of a main sleep lies in it. A night without sleep and a night without a record look
/// alike, so neither counts.
#[must_use]
pub fn regularity(sleeps: &[Sleep], window: Window) -> Option<Regularity> {
    let nights = || sleeps.iter().filter(|sleep| !sleep.nap && window.contains(sleep.day));
    let mut middles: Vec<i64> = nights().map(|night| middle(night) - midnight(night.day)).collect();
    middles.sort_unstable();
    let usual = middles.get(middles.len().checked_sub(1)? / 2)?;
    let first = midnight(window.first) + usual - EPOCHS / 2;
    let day_of = |minute: i64| usize::try_from((minute - first).div_euclid(EPOCHS)).ok();
    let days = window.days as usize;
    let mut asleep = vec![false; days * EPOCHS as usize];
    let mut recorded = vec![false; days];
    for sleep in sleeps {
        // An epoch is slept through when the person is asleep as it starts.
        let (from, to) = (minute_from(sleep.start) - first, minute_from(sleep.end) - first);
        let within = |minute: i64| usize::try_from(minute).unwrap_or(0).min(asleep.len());
        let (from, to) = (within(from), within(to));
        if let Some(epochs) = asleep.get_mut(from..to) {
            epochs.fill(true);
        }
        if !sleep.nap
            && let Some(day) = day_of(middle(sleep)).and_then(|day| recorded.get_mut(day))
        {
            *day = true;
        }
    }
    let epochs: Vec<&[bool]> = asleep.chunks(EPOCHS as usize).collect();
    let (mut pairs, mut same) = (0, 0_u32);
    for (states, recorded) in epochs.windows(2).zip(recorded.windows(2)) {
        if recorded == [true, true] {
            pairs += 1;
            same += states[0].iter().zip(states[1]).map(|(a, b)| u32::from(a == b)).sum::<u32>();
        }
    }
    let index = 200.0 * f64::from(same) / (f64::from(pairs) * EPOCHS as f64) - 100.0;
    let days = recorded.iter().map(|recorded| u32::from(*recorded)).sum();
    (pairs > 0).then_some(Regularity { index, pairs, days })
}

/// The minute in which the middle of a sleep lies, counted from 1970.
fn middle(sleep: &Sleep) -> i64 {
    i64::midpoint(sleep.start.timestamp(), sleep.end.timestamp()).div_euclid(60)
}

/// The first minute that begins at an instant or after it.
fn minute_from(instant: Instant) -> i64 {
    (instant.timestamp() + 59).div_euclid(60)
}

/// The minute with which a day begins in UTC.
fn midnight(day: LocalDay) -> i64 {
    day.date().and_time(chrono::NaiveTime::MIN).and_utc().timestamp().div_euclid(60)
}

/// The item for the days that end with a day.
pub(super) fn item(history: &History, last: LocalDay) -> ContextItem {
    let window = Window::ending(last, DAYS);
    let all = Provider::ALL.map(|provider| {
        let sleeps: Vec<Sleep> = history.sleeps().of(provider).collect();
        let nights = sleeps.iter().filter(|sleep| !sleep.nap && window.contains(sleep.day)).count();
        (provider, regularity(&sleeps, window), nights)
    });
    let fullest =
        most(all, |(_, regularity, nights)| regularity.map_or(usize::from(*nights > 0), |r| 1 + r.days as usize));
    let metrics = [Metric::SleepDuration, Metric::NapDuration];
    let (source, found) = match fullest {
        Some((provider, Some(found), _)) if found.pairs >= FEWEST_PAIRS => {
            let index = Value::new("sleep_regularity_index", found.index, "", 1);
            let pairs = count("pairs", found.pairs as usize);
            let text = format!("{} on a scale up to 100, from {} pairs of days", index.shown(), pairs.shown());
            (Some((provider, found.days as usize)), Ok((text, vec![index, pairs])))
        }
        Some((provider, found, nights)) if nights > 0 => {
            let pairs = found.map_or(0, |found| found.pairs);
            let reason =
                format!("needs {FEWEST_PAIRS} pairs of nights with start and end from one source, has {pairs}");
            (Some((provider, found.map_or(nights, |found| found.days as usize))), Err(reason))
        }
        _ => (None, Err(format!("needs {FEWEST_PAIRS} pairs of nights with start and end, has none"))),
    };
    NAMED.item(&metrics, window, source, found)
}
