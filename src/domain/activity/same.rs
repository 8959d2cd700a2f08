//! One workout that two providers recorded: found and linked, never merged away.
//!
//! What one provider recorded twice is two: two rides on one day stay two rides.

use chrono::TimeDelta;

use super::Family;
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::provider::Provider;

/// Two that start this close together may be one.
const START: TimeDelta = TimeDelta::minutes(2);
/// Or that share this much of the shorter.
const OVERLAP: f64 = 0.8;
/// Their durations differ by this share of the longer at most.
const DURATION: f64 = 0.1;
/// Where a clock is off by a zone, duration and distance differ by this share at most...
const ALIKE: f64 = 0.01;
/// ...and the starts by whole half hours, up to this...
const FURTHEST: TimeDelta = TimeDelta::hours(14);
const HALF_HOUR: i64 = 30 * 60;
/// ...but for so many seconds.
const LEEWAY: i64 = 60;

/// What is compared of an activity.
#[derive(Clone, Debug, PartialEq)]
pub struct Workout {
    /// Who recorded it.
    pub provider: Provider,
    /// The sport.
    pub family: Family,
    /// When it started.
    pub start: Instant,
    /// Seconds from start to end.
    pub duration_s: f64,
    /// The local day it belongs to.
    pub day: LocalDay,
    /// Metres, where known.
    pub distance_m: Option<f64>,
}

/// Why two are taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alike {
    /// They were recorded at the same time.
    SameTime,
    /// They are alike but for a clock that is off by a time zone.
    ClockOff {
        /// Minutes by which the second starts later.
        minutes: i64,
    },
}

/// Two workouts that are one, by their places in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The first.
    pub a: usize,
    /// The second.
    pub b: usize,
    /// Why.
    pub alike: Alike,
}

/// Whether two workouts are one.
#[must_use]
pub fn alike(a: &Workout, b: &Workout) -> Option<Alike> {
    if a.provider == b.provider || a.family != b.family {
        return None;
    }
    let apart = b.start - a.start;
    let within = |share: f64, a: f64, b: f64| a > 0.0 && b > 0.0 && (a - b).abs() <= share * a.max(b);
    let overlap = overlap_s(a, b) >= OVERLAP * a.duration_s.min(b.duration_s);
    if (apart.abs() <= START || overlap) && within(DURATION, a.duration_s, b.duration_s) {
        return Some(Alike::SameTime);
    }
    let distance = a.distance_m.zip(b.distance_m).is_some_and(|(a, b)| within(ALIKE, a, b));
    let seconds = apart.num_seconds();
    let half_hours = (seconds + HALF_HOUR / 2).div_euclid(HALF_HOUR);
    let whole = half_hours != 0 && (seconds - half_hours * HALF_HOUR).abs() <= LEEWAY;
    let near = apart.abs() <= FURTHEST + TimeDelta::seconds(LEEWAY) && a.day.days_since(b.day).abs() <= 1;
    (distance && whole && near && within(ALIKE, a.duration_s, b.duration_s))
        .then_some(Alike::ClockOff { minutes: half_hours * HALF_HOUR / 60 })
}

fn seconds(span: TimeDelta) -> f64 {
    // A span between two instants of a calendar is far within what a float holds exactly.
    span.as_seconds_f64()
}

fn overlap_s(a: &Workout, b: &Workout) -> f64 {
    let apart = seconds(b.start - a.start);
    (a.duration_s.min(apart + b.duration_s) - apart.max(0.0)).max(0.0)
}

/// The links among some workouts. One has at most one counterpart at each provider, the closest in time; a clock that is off
/// is thought of only where neither has one at the other's: who rides the same way to work and back is not linked across.
#[must_use]
pub fn links(workouts: &[Workout]) -> Vec<Link> {
    let mut order: Vec<usize> = (0..workouts.len()).collect();
    order.sort_by_key(|index| (workouts[*index].start, *index));
    let mut found = Vec::new();
    for (place, a) in order.iter().enumerate() {
        let first = &workouts[*a];
        let reach = seconds(FURTHEST).max(first.duration_s) + 60.0;
        let near = order[place + 1..].iter().take_while(|b| seconds(workouts[**b].start - first.start) <= reach);
        found.extend(near.filter_map(|b| Some(Link { a: *a, b: *b, alike: alike(first, &workouts[*b])? })));
    }
    let apart = |link: &Link| (workouts[link.b].start - workouts[link.a].start).abs();
    found.sort_by_key(|link| (link.alike != Alike::SameTime, apart(link), link.a, link.b));
    let mut taken: Vec<(usize, Provider)> = Vec::new();
    found.retain(|link| {
        let ends = [(link.a, workouts[link.b].provider), (link.b, workouts[link.a].provider)];
        let free = ends.iter().all(|end| !taken.contains(end));
        if free {
            taken.extend(ends);
        }
        free
    });
    found
}
