//! Splits: the activity kilometre by kilometre.

use super::sums::{Sums, between};
use super::track::Track;

/// Metres of a split.
const SPLIT_M: f64 = 1_000.0;
/// A last split shorter than this, in metres, is left out.
pub(super) const LAST_M: f64 = 100.0;
/// How much of a split a heart rate and a grade must be known of (engineering defaults).
const BEATING: f64 = 0.5;
const GRADED: f64 = 0.9;

/// One split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Metres; fewer than 1,000 only in the last.
    pub distance_m: f64,
    /// Seconds after the start of the activity when it began.
    pub start_s: f64,
    /// Seconds by the clock.
    pub elapsed_s: f64,
    /// Seconds in motion.
    pub moving_s: f64,
    /// Seconds in motion a kilometre.
    pub pace_s_km: Option<f64>,
    /// Beats a minute, on average over the time for which there is one; none where that is less than half.
    pub heart_rate: Option<f64>,
    /// How much higher it ended than it began, in metres.
    pub elevation_m: Option<f64>,
    /// The pace on the flat that would have cost as much; none where the grade is not known of nearly all.
    pub grade_adjusted_s_km: Option<f64>,
}

/// The splits of a record, in order.
#[must_use]
pub fn splits(track: &Track, heights: &[Option<f64>], sums: &Sums) -> Vec<Split> {
    let Some(first) = track.legs.first() else { return Vec::new() };
    let mut splits: Vec<Split> = Vec::new();
    let (mut from_s, mut from_m) = (track.time_s[first.start], first.from_m);
    for leg in &track.legs {
        while leg.to_m >= from_m + SPLIT_M {
            let to_m = from_m + SPLIT_M;
            let (left, end) = (track.time_s[leg.left], track.time_s[leg.end]);
            let to_s = left + (to_m - leg.from_m) / (leg.to_m - leg.from_m) * (end - left);
            splits.push(split(track, heights, sums, (from_s, to_s), SPLIT_M));
            (from_s, from_m) = (to_s, to_m);
        }
    }
    if let Some(last) = track.legs.last().filter(|last| last.to_m - from_m > LAST_M) {
        splits.push(split(track, heights, sums, (from_s, track.time_s[last.end]), last.to_m - from_m));
    }
    splits
}

fn split(track: &Track, heights: &[Option<f64>], sums: &Sums, (from, to): (f64, f64), distance_m: f64) -> Split {
    let sum = |column: &[f64]| between(&track.time_s, column, from, to);
    let moving_s = sum(&sums.moving_s).min(to - from);
    let pace_s_km = (moving_s > 0.0).then(|| moving_s / distance_m * 1_000.0);
    let rise = height_at(track, heights, from).zip(height_at(track, heights, to));
    Split {
        distance_m,
        start_s: from,
        elapsed_s: to - from,
        moving_s,
        pace_s_km,
        heart_rate: mean_heart_rate(sum(&sums.beats), sum(&sums.beating_s), moving_s),
        elevation_m: rise.map(|(from, to)| to - from),
        grade_adjusted_s_km: grade_adjusted(pace_s_km, distance_m, sum(&sums.graded_m), sum(&sums.flat_m)),
    }
}

/// The mean heart rate of a stretch in which somebody moved for some seconds.
pub(super) fn mean_heart_rate(beats: f64, beating_s: f64, moving_s: f64) -> Option<f64> {
    (beating_s > 0.0 && beating_s >= BEATING * moving_s).then(|| beats / beating_s)
}

/// A pace as one on the flat.
pub(super) fn grade_adjusted(pace: Option<f64>, metres: f64, graded_m: f64, flat_m: f64) -> Option<f64> {
    pace.filter(|_| flat_m > 0.0 && graded_m >= GRADED * metres).map(|pace| pace * graded_m / flat_m)
}

fn height_at(track: &Track, heights: &[Option<f64>], time: f64) -> Option<f64> {
    let next = track.time_s.partition_point(|sample| *sample < time);
    let after = heights.get(next).copied().flatten()?;
    let Some(last) = next.checked_sub(1).filter(|_| track.time_s[next] > time) else { return Some(after) };
    let before = heights[last]?;
    let share = (time - track.time_s[last]) / (track.time_s[next] - track.time_s[last]);
    Some(before + share * (after - before))
}
