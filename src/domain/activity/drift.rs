//! Drift and decoupling: how the heart and the work drew apart over an activity.
//!
//! Friel's convention: what was done per heartbeat in the first half less that in the second, as a share of the first, so
//! that it is positive when the heart rate rises at the same pace ("The Triathlete's Training Bible"). The origin of this
//! had the sign the other way round, looked at the first minutes too when an activity was short, and put a curve in place of
//! the heart rate that was measured there.

use serde::Serialize;

use super::Family;
use super::sums::Sums;
use super::track::Track;

/// The first and the last of an activity, in seconds, are warming up and easing off, and not looked at.
const WARM_UP_S: f64 = 600.0;
const EASE_OFF_S: f64 = 300.0;
/// What must be left, in seconds (engineering default).
pub(super) const FEWEST_S: f64 = 1_200.0;
/// Of how much of the distance the grade must be known to use it (engineering default).
const GRADED: f64 = 0.9;

/// What the heart rate is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Speed on the flat that would have cost as much.
    GradeAdjustedSpeed,
    /// Speed as it was.
    Speed,
    /// Power.
    Power,
}

/// How heart and work drew apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// What the heart rate is held against.
    pub work: Work,
    /// Seconds looked at: in motion, with a heart rate, after warming up and before easing off.
    pub seconds: f64,
    /// Mean heart rate of the first and of the second half, beats a minute.
    pub heart_rate: [f64; 2],
    /// The second less the first.
    pub drift_bpm: f64,
    /// Percent; positive when the heart rate rose relative to the work.
    pub decoupling_percent: f64,
}

/// Seconds, work and beats of one step.
type Step = (f64, f64, f64);

/// The drift of a record; nothing where less than twenty minutes are left to look at. A ride is held against power alone:
/// its speed is made by wind and slope.
#[must_use]
pub fn drift(track: &Track, sums: &Sums, family: &Family) -> Option<Drift> {
    let (first, last) = track.time_s.first().zip(track.time_s.last())?;
    let (from, to) = (first + WARM_UP_S, last - EASE_OFF_S);
    let looked_at = |index: usize, seconds: f64| {
        let time = track.time_s[index];
        let moving = sums.moving_s[index] - sums.moving_s[index - 1] >= seconds / 2.0 || *family == Family::Ride;
        (moving && time - seconds >= from && time <= to).then_some(track.heart_rate[index]).flatten()
    };
    let work = work(track, sums, family, from, to);
    let done = |index: usize, seconds: f64| match work {
        Work::Power => Some(track.power_w[index]? * seconds),
        Work::Speed => Some(sums.metres[index] - sums.metres[index - 1]),
        Work::GradeAdjustedSpeed => {
            let graded = sums.graded_m[index] - sums.graded_m[index - 1];
            (graded > 0.0).then(|| sums.flat_m[index] - sums.flat_m[index - 1])
        }
    };
    let step = |(index, seconds): (usize, f64)| {
        let rate = looked_at(index, seconds)?;
        Some((seconds, done(index, seconds)?, rate * seconds))
    };
    let steps: Vec<Step> = track.steps().filter_map(step).collect();
    let seconds: f64 = steps.iter().map(|(seconds, ..)| seconds).sum();
    let [one, two] = halves(&steps, seconds);
    let per_beat = |(_, work, beats): Step| work / beats;
    if seconds < FEWEST_S || one.0 <= 0.0 || two.0 <= 0.0 || per_beat(one) <= 0.0 {
        return None;
    }
    let heart_rate = [one, two].map(|(seconds, _, beats)| beats / seconds);
    Some(Drift {
        work,
        seconds,
        heart_rate,
        drift_bpm: heart_rate[1] - heart_rate[0],
        decoupling_percent: (per_beat(one) - per_beat(two)) / per_beat(one) * 100.0,
    })
}

fn work(track: &Track, sums: &Sums, family: &Family, from: f64, to: f64) -> Work {
    if *family == Family::Ride {
        return Work::Power;
    }
    let sum = |column: &[f64]| super::sums::between(&track.time_s, column, from, to);
    let graded = sum(&sums.graded_m) >= GRADED * sum(&sums.metres);
    if graded && sum(&sums.flat_m) > 0.0 { Work::GradeAdjustedSpeed } else { Work::Speed }
}

/// The sums of the first and the second half of the time.
fn halves(steps: &[Step], seconds: f64) -> [Step; 2] {
    let mut sums = [(0.0, 0.0, 0.0); 2];
    let mut gone = 0.0;
    for (length, work, beats) in steps {
        let half = &mut sums[usize::from(gone + length / 2.0 > seconds / 2.0)];
        *half = (half.0 + length, half.1 + work, half.2 + beats);
        gone += length;
    }
    sums
}
