//! Weeks of a person: from a local Monday to the Sunday after it.
//!
//! The origin of this cut weeks by UTC, and one of its stores counted every Monday in the week before.

use std::collections::BTreeMap;

use thiserror::Error;

use super::Family;
use crate::domain::day::LocalDay;

/// What one activity brings to its week.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Its local day.
    pub day: LocalDay,
    /// Its sport.
    pub family: Family,
    /// Metres, where known.
    pub distance_m: Option<f64>,
    /// Seconds in motion, where told: how long it took by the clock is not that.
    pub moving_s: Option<f64>,
}

/// Why a week has no pace.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NoPace {
    /// A ride and a run have none in common.
    #[error("is of one sport; this week has several, and `sport` names one")]
    SeveralSports,
    /// No activity tells both.
    #[error("needs an activity of which both the distance and the time in motion are told")]
    NeverBoth,
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
    /// How many of them tell no distance.
    pub without_distance: u32,
    /// Seconds in motion of those for which they are known; none without any.
    pub moving_s: Option<f64>,
    /// How many of them tell no time in motion.
    pub without_moving: u32,
    /// Seconds a kilometre over all for which both are known: time by distance, not a mean of paces, and of one sport.
    pub pace_s_km: Result<f64, NoPace>,
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
        weeks.entry(monday(share.day)).or_default().push(share.clone());
    }
    weeks.into_iter().rev().map(|(monday, shares)| week(monday, &shares)).collect()
}

fn week(monday: LocalDay, shares: &[Share]) -> Week {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let sum = |value: fn(&Share) -> Option<f64>| shares.iter().filter_map(value).reduce(|a, b| a + b);
    let without =
        |value: fn(&Share) -> Option<f64>| count(shares.iter().filter(|share| value(share).is_none()).count());
    Week {
        monday,
        count: count(shares.len()),
        distance_m: sum(|share| share.distance_m),
        without_distance: without(|share| share.distance_m),
        moving_s: sum(|share| share.moving_s),
        without_moving: without(|share| share.moving_s),
        pace_s_km: pace(shares),
    }
}

fn pace(shares: &[Share]) -> Result<f64, NoPace> {
    if shares.windows(2).any(|two| two[0].family != two[1].family) {
        return Err(NoPace::SeveralSports);
    }
    let both = shares.iter().filter_map(|share| share.moving_s.zip(share.distance_m));
    let (seconds, metres) = both.fold((0.0, 0.0), |(s, m), (seconds, metres)| (s + seconds, m + metres));
    if seconds > 0.0 && metres > 0.0 { Ok(seconds / metres * 1_000.0) } else { Err(NoPace::NeverBoth) }
}
