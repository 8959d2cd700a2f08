//! Sums along an activity, so that any stretch of it is a difference of two.

use super::grade::{self, Cost};
use super::track::{Leg, Track};

/// Running sums at each sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// Metres covered.
    pub metres: Vec<f64>,
    /// Seconds in motion.
    pub moving_s: Vec<f64>,
    /// Metres of which the grade is known.
    pub graded_m: Vec<f64>,
    /// Metres on the flat that would have cost as much as those.
    pub flat_m: Vec<f64>,
    /// Seconds with a heart rate.
    pub beating_s: Vec<f64>,
    /// Heart rate times seconds.
    pub beats: Vec<f64>,
}

impl Sums {
    /// Sums up a record. Without a cost of climbing nothing is graded.
    #[must_use]
    pub fn of(track: &Track, heights: &[Option<f64>], cost: Option<Cost>) -> Self {
        let mut sums = Self::default();
        sums.legs(track, cost.map(|cost| grade::factors(track, heights, cost)));
        sums.hearts(track);
        sums
    }

    fn legs(&mut self, track: &Track, factors: Option<Vec<Option<f64>>>) {
        let mut legs = track.legs.iter().enumerate().peekable();
        // Metres, seconds in motion, metres with a grade, the same on the flat: all before the leg at hand.
        let mut before = [0.0; 4];
        for (index, time) in track.time_s.iter().enumerate() {
            while let Some((number, leg)) = legs.next_if(|(_, leg)| leg.end < index) {
                before = add(before, whole(track, leg, factor(factors.as_ref(), number)));
            }
            let now = match legs.peek() {
                Some((number, leg)) if leg.start < index => {
                    add(before, part(track, leg, *time, factor(factors.as_ref(), *number)))
                }
                _ => before,
            };
            let [metres, moving, graded, flat] = now;
            self.metres.push(metres);
            self.moving_s.push(moving);
            self.graded_m.push(graded);
            self.flat_m.push(flat);
        }
    }

    fn hearts(&mut self, track: &Track) {
        self.beating_s = vec![0.0; track.time_s.len()];
        self.beats = vec![0.0; track.time_s.len()];
        for (index, seconds) in track.steps() {
            if let Some(rate) = track.heart_rate[index] {
                self.beating_s[index] = seconds;
                self.beats[index] = rate * seconds;
            }
        }
        for sums in [&mut self.beating_s, &mut self.beats] {
            let mut total = 0.0;
            for value in sums {
                total += *value;
                *value = total;
            }
        }
    }
}

/// What a sum comes to between two times, in seconds, on straight lines between samples.
#[must_use]
pub fn between(time_s: &[f64], sums: &[f64], from_s: f64, to_s: f64) -> f64 {
    at(time_s, sums, to_s) - at(time_s, sums, from_s)
}

fn at(time_s: &[f64], sums: &[f64], time: f64) -> f64 {
    let next = time_s.partition_point(|sample| *sample < time);
    let (Some(after), Some(total)) = (time_s.get(next), sums.get(next)) else {
        return sums.last().copied().unwrap_or_default();
    };
    let Some(last) = next.checked_sub(1) else { return *total };
    let share = (time - time_s[last]) / (after - time_s[last]);
    sums[last] + share * (total - sums[last])
}

fn factor(factors: Option<&Vec<Option<f64>>>, leg: usize) -> Option<f64> {
    factors.and_then(|factors| factors.get(leg).copied().flatten())
}

fn add(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    std::array::from_fn(|index| a[index] + b[index])
}

fn whole(track: &Track, leg: &Leg, factor: Option<f64>) -> [f64; 4] {
    part(track, leg, track.time_s[leg.end], factor)
}

/// What a leg comes to up to a time within it.
fn part(track: &Track, leg: &Leg, time: f64, factor: Option<f64>) -> [f64; 4] {
    let (left, end) = (track.time_s[leg.left], track.time_s[leg.end]);
    let share = ((time - left) / (end - left)).clamp(0.0, 1.0);
    let metres = share * (leg.to_m - leg.from_m);
    let moving = leg.moved_from_s.map_or(0.0, |from| (time - from).max(0.0));
    let graded = factor.map_or((0.0, 0.0), |factor| (metres, metres * factor));
    [metres, moving, graded.0, graded.1]
}
