//! Best efforts: the shortest time in which a distance was covered without a break in between being left out.

use super::track::Track;

/// The distances that are looked for, in metres.
pub const DISTANCES: [f64; 10] =
    [400.0, 800.0, 1_000.0, 1_500.0, 1_609.344, 3_000.0, 5_000.0, 10_000.0, 21_097.5, 42_195.0];

/// The fastest stretch of a distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Metres.
    pub distance_m: f64,
    /// Seconds it took by the clock, pauses included, as a race is timed.
    pub time_s: f64,
    /// Seconds after the start of the activity when it began.
    pub start_s: f64,
}

/// The best effort over each distance that was covered, in one pass over the record for each.
#[must_use]
pub fn efforts(track: &Track) -> Vec<Effort> {
    let places = places(track);
    DISTANCES.into_iter().filter_map(|distance| best(&places, distance)).collect()
}

/// Times and metres where the distance is known. Standing still has two: when it was reached and when it was left.
fn places(track: &Track) -> Vec<(f64, f64)> {
    let mut places = Vec::with_capacity(2 * track.legs.len() + 1);
    for leg in &track.legs {
        places.push((track.time_s[leg.start], leg.from_m));
        if leg.left > leg.start {
            places.push((track.time_s[leg.left], leg.from_m));
        }
    }
    places.extend(track.legs.last().map(|leg| (track.time_s[leg.end], leg.to_m)));
    places
}

/// The shortest time for a distance. Distance runs straight between places, so that the fastest stretch begins or ends at
/// one of them; both are tried. `places` rise in time and do not fall in distance.
#[must_use]
pub fn best(places: &[(f64, f64)], distance_m: f64) -> Option<Effort> {
    let (first, last) = places.first().zip(places.last())?;
    if last.1 - first.1 < distance_m {
        return None;
    }
    let mut best: Option<Effort> = None;
    let mut take = |start_s: f64, end_s: f64| {
        let time_s = end_s - start_s;
        if time_s > 0.0 && best.is_none_or(|found| time_s < found.time_s) {
            best = Some(Effort { distance_m, time_s, start_s });
        }
    };
    let mut end = 0;
    for (start_s, from_m) in places {
        while end < places.len() && places[end].1 < from_m + distance_m {
            end += 1;
        }
        let Some(before) = end.checked_sub(1).filter(|_| end < places.len()) else { break };
        take(*start_s, crossing(places[before], places[end], from_m + distance_m));
    }
    let mut start = 0;
    for (end_s, to_m) in places {
        while start + 1 < places.len() && places[start + 1].1 <= to_m - distance_m {
            start += 1;
        }
        if places[start].1 <= to_m - distance_m {
            let next = places.get(start + 1).copied().unwrap_or(places[start]);
            take(crossing(places[start], next, to_m - distance_m), *end_s);
        }
    }
    best
}

fn crossing((from_s, from_m): (f64, f64), (to_s, to_m): (f64, f64), metres: f64) -> f64 {
    if to_m <= from_m { from_s } else { from_s + (metres - from_m) / (to_m - from_m) * (to_s - from_s) }
}
