//! Weeks of a person: from a local Monday to the Sunday after it.
//!
//! The origin of this cut weeks by UTC, and one of its stores counted every Monday in the week before.

use std::collections::BTreeMap;

use crate::domain::day::LocalDay;

/// What one activity brings to its week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Its local day.
    pub day: LocalDay,
    /// Metres, where known.
    pub distance_m: Option<f64>,
    /// Seconds in motion, where known.
    pub moving_s: Option<f64>,
}

/// A week with at least one activity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Week {
    /// Its Monday.
    pub monday: LocalDay,
    /// How many activities.
    pub count: u32,
    /// Metres of those whose distance is known; none without any.
    pub distance_m: Option<f64>,
    /// Seconds in motion of those for which they are known.
    pub moving_s: Option<f64>,
    /// Seconds a kilometre over all for which both are known: time by distance, not a mean of paces.
    pub pace_s_km: Option<f64>,
}

/// The Monday on or before a day.
#[must_use]
pub fn monday(day: LocalDay) -> LocalDay {
    // Day 1 of the calendar was a Monday.
    day.minus((day.number() - 1).rem_euclid(7).unsigned_abs())
}

/// The weeks of some activities, the newest first; one without any is absent.
#[must_use]
pub fn weeks(shares: &[Share]) -> Vec<Week> {
    let mut weeks: BTreeMap<LocalDay, Vec<Share>> = BTreeMap::new();
    for share in shares {
        weeks.entry(monday(share.day)).or_default().push(*share);
    }
    let week = |(monday, shares): (LocalDay, Vec<Share>)| {
        let sum = |value: fn(&Share) -> Option<f64>| shares.iter().filter_map(value).reduce(|a, b| a + b);
        let both: Vec<(f64, f64)> = shares.iter().filter_map(|share| share.moving_s.zip(share.distance_m)).collect();
        let (seconds, metres) = both.iter().fold((0.0, 0.0), |(s, m), (seconds, metres)| (s + seconds, m + metres));
        Week {
            monday,
            count: u32::try_from(shares.len()).unwrap_or(u32::MAX),
            distance_m: sum(|share| share.distance_m),
            moving_s: sum(|share| share.moving_s),
            pace_s_km: (seconds > 0.0 && metres > 0.0).then(|| seconds / metres * 1_000.0),
        }
    };
    weeks.into_iter().rev().map(week).collect()
}
