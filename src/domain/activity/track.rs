//! The samples of an activity made fit to reckon with.
//!
//! A device writes times twice, distances that fall back, and positions that leap. What cannot be so is dropped, never
//! mended: a sample whose time does not rise is left out whole, a value that cannot be one becomes a gap.

use super::{Family, Streams};

/// An activity lasts two weeks at most, as the registry has it.
const LONGEST_S: f64 = 14.0 * 86_400.0;
/// What a coarse distance may be off by, in metres: some devices write tens of metres.
const COARSE_M: f64 = 10.0;
/// Slower than this is standing (engineering default): about 55 minutes a kilometre.
const STANDING_M_S: f64 = 0.3;
/// Between two samples this far apart, in seconds, nothing was recorded (engineering default)...
const PAUSE_S: f64 = 10.0;
/// ...unless the device usually writes this much more rarely: so many times its usual step.
const PAUSE_STEPS: f64 = 4.0;
/// Altitudes no further apart than this, in seconds, have a line between them: barometers are read less often.
const ALTITUDE_S: f64 = 30.0;
/// Plausible values; a zero heart rate is how devices write that there was no sensor.
const HEART_RATE: (f64, f64) = (25.0, 250.0);
const ALTITUDE: (f64, f64) = (-500.0, 9_000.0);
const CADENCE: (f64, f64) = (0.0, 300.0);
const SPEED: (f64, f64) = (0.0, 100.0);
const POWER: (f64, f64) = (0.0, 3_000.0);

/// A rise of the distance: from where it stood, when it was left, to where it is higher. Places are indexes of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// The first sample at the distance it begins with.
    pub start: usize,
    /// The last sample at that distance.
    pub left: usize,
    /// The first sample beyond it.
    pub end: usize,
    /// Metres at the start.
    pub from_m: f64,
    /// Metres at the end, more than at the start.
    pub to_m: f64,
    /// Since when, in seconds, the person moved; nothing if they stood all the time.
    pub moved_from_s: Option<f64>,
}

/// The record, cleaned. Every column has as many entries as `time_s`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// Seconds since the start, strictly rising.
    pub time_s: Vec<f64>,
    /// Beats a minute.
    pub heart_rate: Vec<Option<f64>>,
    /// Steps or turns a minute.
    pub cadence: Vec<Option<f64>>,
    /// Metres above sea level.
    pub altitude_m: Vec<Option<f64>>,
    /// Metres a second, as the device has it.
    pub speed_m_s: Vec<Option<f64>>,
    /// Watts.
    pub power_w: Vec<Option<f64>>,
    /// Metres covered since the first distance, never falling; leaps are not covered.
    pub distance_m: Vec<Option<f64>>,
    /// The rises of the distance, in order.
    pub legs: Vec<Leg>,
    /// The longest step between samples that is not a pause, in seconds.
    pub longest_step_s: f64,
}

impl Track {
    /// Cleans a record. Columns may be short or long, times out of order, values anything.
    #[must_use]
    pub fn of(streams: &Streams, family: &Family) -> Self {
        let mut kept: Vec<usize> = Vec::with_capacity(streams.time_s.len());
        let mut last = f64::NEG_INFINITY;
        for (index, time) in streams.time_s.iter().enumerate() {
            if (0.0..=LONGEST_S).contains(time) && *time > last {
                kept.push(index);
                last = *time;
            }
        }
        let time_s: Vec<f64> = kept.iter().map(|index| streams.time_s[*index]).collect();
        let column = |values: &[Option<f64>], (low, high): (f64, f64)| -> Vec<Option<f64>> {
            let value = |index: &usize| values.get(*index).copied().flatten().filter(|v| (low..=high).contains(v));
            kept.iter().map(value).collect()
        };
        let distance_m = covered(&time_s, &column(&streams.distance_m, (0.0, f64::MAX)), family.fastest_m_s());
        Self {
            heart_rate: column(&streams.heart_rate, HEART_RATE),
            cadence: column(&streams.cadence, CADENCE),
            altitude_m: column(&streams.altitude_m, ALTITUDE),
            speed_m_s: column(&streams.speed_m_s, SPEED),
            power_w: column(&streams.power_w, POWER),
            legs: legs(&time_s, &distance_m),
            longest_step_s: longest_step(&time_s),
            distance_m,
            time_s,
        }
    }

    /// The steps between samples that are no pause: the index of the sample at the end, and the seconds. A sample speaks for
    /// the time since the one before it.
    pub fn steps(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let steps = self.time_s.windows(2).enumerate().map(|(index, two)| (index + 1, two[1] - two[0]));
        steps.filter(|(_, seconds)| *seconds <= self.longest_step_s)
    }

    /// Metres in all; nothing without a distance that rises.
    #[must_use]
    pub fn total_m(&self) -> Option<f64> {
        self.legs.last().map(|leg| leg.to_m)
    }

    /// Seconds from the first to the last sample.
    #[must_use]
    pub fn elapsed_s(&self) -> f64 {
        self.time_s.first().zip(self.time_s.last()).map_or(0.0, |(first, last)| last - first)
    }

    /// The altitude at each sample, on a line between two that were measured close to each other.
    #[must_use]
    pub fn heights(&self) -> Vec<Option<f64>> {
        let mut heights = self.altitude_m.clone();
        let known: Vec<(usize, f64)> =
            heights.iter().enumerate().filter_map(|(index, height)| Some((index, (*height)?))).collect();
        for two in known.windows(2) {
            let ((from, low), (to, high)) = (two[0], two[1]);
            let seconds = self.time_s[to] - self.time_s[from];
            if seconds > ALTITUDE_S {
                continue;
            }
            let times = &self.time_s[from + 1..to];
            for (height, time) in heights[from + 1..to].iter_mut().zip(times) {
                *height = Some(low + (time - self.time_s[from]) / seconds * (high - low));
            }
        }
        heights
    }
}

/// The usual step, in seconds, times what makes a pause of it.
fn longest_step(time_s: &[f64]) -> f64 {
    let mut steps: Vec<f64> = time_s.windows(2).map(|two| two[1] - two[0]).collect();
    if steps.is_empty() {
        return PAUSE_S;
    }
    let middle = steps.len() / 2;
    let (_, usual, _) = steps.select_nth_unstable_by(middle, f64::total_cmp);
    PAUSE_S.max(PAUSE_STEPS * *usual)
}

/// The distance since the first one. A value that falls back, or lies further off than anybody moves, is a gap; where the
/// device goes on from there, after a leap or from a new zero, so does the distance, without the leap.
fn covered(time_s: &[f64], distance_m: &[Option<f64>], fastest: f64) -> Vec<Option<f64>> {
    // The last sample that was taken, and one that lies too far from it to be taken yet.
    let (mut base, mut other) = (None::<(f64, f64)>, None::<(f64, f64)>);
    // What the device's own count is ahead by.
    let (mut ahead, mut total) = (0.0, 0.0);
    let mut covered = vec![None; time_s.len()];
    for ((time, value), covered) in time_s.iter().zip(distance_m).zip(&mut covered) {
        let Some(value) = *value else { continue };
        let step = |from: (f64, f64)| {
            let metres = value - from.1;
            (metres >= 0.0 && metres <= fastest * (time - from.0) + COARSE_M).then_some(metres)
        };
        match base {
            None => ahead = value,
            Some(last) => match (step(last), other.and_then(step)) {
                (Some(_), _) => {}
                (None, Some(metres)) => ahead = value - (total + metres),
                (None, None) => {
                    // A little back is a wobble, far back a new beginning.
                    other = (value > last.1 || value < last.1 / 2.0).then_some((*time, value));
                    continue;
                }
            },
        }
        // A new beginning may come out a rounding below what it goes on from.
        total = f64::max(total, value - ahead);
        (base, other, *covered) = (Some((*time, value)), None, Some(total));
    }
    covered
}

fn legs(time_s: &[f64], distance_m: &[Option<f64>]) -> Vec<Leg> {
    let mut legs: Vec<Leg> = Vec::with_capacity(time_s.len());
    let mut at: Option<(usize, usize, f64)> = None;
    for (index, distance) in distance_m.iter().enumerate() {
        let Some(distance) = *distance else { continue };
        at = match at {
            Some((start, left, from_m)) if distance > from_m => {
                let moved_from_s = moved_from((time_s[start], time_s[left], time_s[index]), distance - from_m);
                legs.push(Leg { start, left, end: index, from_m, to_m: distance, moved_from_s });
                Some((index, index, distance))
            }
            Some((start, _, from_m)) => Some((start, index, from_m)),
            None => Some((index, index, distance)),
        };
    }
    legs
}

/// A distance that stays the same for a moment is a coarse one; for long, it is standing.
fn moved_from((start, left, end): (f64, f64, f64), metres: f64) -> Option<f64> {
    [start, left].into_iter().find(|from| metres >= STANDING_M_S * (end - from))
}
