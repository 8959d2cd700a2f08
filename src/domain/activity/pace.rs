//! The pace along an activity: from time and distance, without outliers, smoothed.
//!
//! The origin of this smoothed with a mean that trails behind and holds its last value over a gap, and averaged paces
//! instead of dividing time by distance. Here the mean is centred, a gap stays one, and a pace is always time by distance.

use super::track::Track;

/// Steps to either side that an outlier is judged by, and how many spreads off it lies: Hampel's rule with the usual limit
/// of three (Pearson, "Outliers in process modeling and identification", IEEE Transactions on Control Systems Technology
/// 10 (2002), 55-63).
const HALF_WINDOW: usize = 7;
const LIMIT: f64 = 3.0;
/// A pace within this share of those around it is no outlier (engineering default).
const LEAST: f64 = 0.05;
/// The standard deviation of a normal distribution whose median absolute deviation is 1.
const SPREAD: f64 = 1.4826;
/// A smoothed pace is that of this many seconds to either side (engineering default).
const REACH_S: f64 = 15.0;

/// Which values lie more than `limit` spreads from the median of the `half` values to either side and themselves. Where more
/// than half of a window is alike there is no spread, and nothing is an outlier.
#[must_use]
pub fn outliers(values: &[f64], half: usize, limit: f64) -> Vec<bool> {
    outliers_beyond(values, half, limit, 0.0)
}

/// The same, where what lies within a share of its median is none: of paces that hardly differ the spread is a device's rounding.
fn outliers_beyond(values: &[f64], half: usize, limit: f64, least: f64) -> Vec<bool> {
    let mut window: Vec<f64> = Vec::with_capacity(2 * half + 1);
    let place = |window: &[f64], value: f64| window.partition_point(|held| held.total_cmp(&value).is_lt());
    let (mut from, mut to) = (0, 0);
    let mut found = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        while to < values.len() && to <= index + half {
            window.insert(place(&window, values[to]), values[to]);
            to += 1;
        }
        while from + half < index {
            window.remove(place(&window, values[from]));
            from += 1;
        }
        let (median, deviation) = centre(&window);
        let off = (value - median).abs();
        found.push(deviation > 0.0 && off > limit * SPREAD * deviation && off >= least * median.abs());
    }
    found
}

/// The median of sorted values and the median of their distances from it.
fn centre(sorted: &[f64]) -> (f64, f64) {
    let middle = sorted.len() / 2;
    let even = sorted.len().is_multiple_of(2);
    let median = if even { f64::midpoint(sorted[middle - 1], sorted[middle]) } else { sorted[middle] };
    // Distances grow to either side: the two halves are merged up to the middle.
    let (mut below, mut above) = (middle, middle);
    let (mut last, mut distance) = (0.0, 0.0);
    for _ in 0..=middle {
        let down = below.checked_sub(1).map(|at| median - sorted[at]);
        let up = sorted.get(above).map(|value| value - median);
        last = distance;
        distance = match (down, up) {
            (Some(down), Some(up)) if down < up => {
                below -= 1;
                down
            }
            (_, Some(up)) => {
                above += 1;
                up
            }
            (Some(down), None) => {
                below -= 1;
                down
            }
            (None, None) => distance,
        };
    }
    (median, if even { f64::midpoint(last, distance) } else { distance })
}

/// The smoothed pace at each sample, in seconds a kilometre. Where the person stood, nothing was recorded or the pace is an
/// outlier, there is none.
#[must_use]
pub fn smoothed(track: &Track) -> Vec<Option<f64>> {
    let moved = track.legs.iter().filter_map(|leg| Some((leg, leg.moved_from_s?)));
    let legs: Vec<_> = moved.map(|(leg, from)| (leg, from, track.time_s[leg.end])).collect();
    let raw: Vec<f64> = legs.iter().map(|(leg, from, to)| (to - from) / (leg.to_m - leg.from_m)).collect();
    let kept: Vec<_> = legs
        .iter()
        .zip(outliers_beyond(&raw, HALF_WINDOW, LIMIT, LEAST))
        .filter(|(_, is_outlier)| !is_outlier)
        .collect();
    let mut paces = vec![None; track.time_s.len()];
    let (mut low, mut high) = (0, 0);
    let (mut seconds, mut metres) = (0.0, 0.0);
    for ((leg, from, to), _) in &kept {
        let middle = f64::midpoint(*from, *to);
        let of = |at: usize| {
            kept.get(at).map(|((leg, from, to), _)| (f64::midpoint(*from, *to), to - from, leg.to_m - leg.from_m))
        };
        while let Some((_, s, m)) = of(high).filter(|(at, ..)| *at <= middle + REACH_S) {
            (seconds, metres, high) = (seconds + s, metres + m, high + 1);
        }
        while let Some((_, s, m)) = of(low).filter(|(at, ..)| *at < middle - REACH_S) {
            (seconds, metres, low) = (seconds - s, metres - m, low + 1);
        }
        if metres > 0.0 && seconds > 0.0 {
            paces[leg.start + 1..=leg.end]
                .iter_mut()
                .zip(&track.time_s[leg.start + 1..])
                .filter(|(_, time)| *time > from)
                .for_each(|(pace, _)| *pace = Some(seconds / metres * 1_000.0));
        }
    }
    paces
}
