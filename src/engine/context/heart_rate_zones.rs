//! Heart-rate zones by the person's own heart-rate reserve, the span from their pulse at rest to the highest measured.

use super::{ContextItem, Named, number};
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Value, Window};
use crate::domain::metric::Metric;
use crate::engine::history::History;
use crate::engine::model::moments::median;
use crate::engine::observe::one_source::{self, fullest};

/// Days of the resting heart rate, and how many of them must be there (engineering default).
const REST_DAYS: u32 = 28;
const FEWEST_OF_REST: usize = 14;
/// Days in which the highest heart rate is looked for, and how many of them must have one (engineering default).
const HIGHEST_DAYS: u32 = 180;
const FEWEST_OF_HIGHEST: usize = 14;
/// What a highest heart rate may come from.
const HIGHEST: [Metric; 2] = [Metric::ActivityHeartRateMax, Metric::HeartRateMax];
/// Where the five zones begin and where the last ends, as shares of the reserve.
const BORDERS: [f64; 6] = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// The stable key.
pub const KEY: &str = "heart_rate_zones";

const NAMED: Named = Named {
    key: KEY,
    label: "heart-rate zones",
    method: "Karvonen's heart-rate reserve: rest + share x (highest - rest) at 50, 60, 70, 80, 90 and 100 %, with rest as \
             the 28-day median and the highest heart rate measured in 180 days, which may lie below the highest possible.",
};

/// The borders of the zones in beats a minute, from where the first begins to where the last ends.
#[must_use]
pub fn borders(rest: f64, highest: f64) -> [f64; 6] {
    BORDERS.map(|share| rest + share * (highest - rest))
}

/// The item for a day.
pub(super) fn item(history: &History, until: LocalDay) -> ContextItem {
    let metrics = [Metric::RestingHeartRate, HIGHEST[0], HIGHEST[1]];
    let window = Window::ending(until, REST_DAYS);
    let Some(measured) = fullest(history, Metric::RestingHeartRate, window) else {
        let reason = format!("needs a resting heart rate on {FEWEST_OF_REST} of {REST_DAYS} days, has none");
        return NAMED.item(&metrics, window, None, Err(reason));
    };
    let long = Window::ending(until, HIGHEST_DAYS);
    let mut peaks: Vec<(LocalDay, f64, Metric)> = Vec::new();
    for metric in HIGHEST {
        let days = one_source::of(history, metric, long, measured.provider);
        peaks.extend(days.into_iter().map(|(day, value)| (day, value, metric)));
    }
    let mut with_peak: Vec<LocalDay> = peaks.iter().map(|(day, _, _)| *day).collect();
    with_peak.sort_unstable();
    with_peak.dedup();
    // Of equals the latest, and an activity before a day.
    let peak = peaks.into_iter().reduce(|best, next| if (next.1, next.0) > (best.1, best.0) { next } else { best });
    let n = measured.days.len();
    let found = match (median(measured.days.iter().map(|(_, value)| *value)), peak) {
        (Some(rest), Some(peak)) if n >= FEWEST_OF_REST && with_peak.len() >= FEWEST_OF_HIGHEST => {
            told(Metric::RestingHeartRate.round(rest), peak)
        }
        _ if n < FEWEST_OF_REST => {
            Err(format!("needs a resting heart rate on {FEWEST_OF_REST} of {REST_DAYS} days from one source, has {n}"))
        }
        _ => Err(format!(
            "needs a highest heart rate on {FEWEST_OF_HIGHEST} of {HIGHEST_DAYS} days from the same source, has {}",
            with_peak.len()
        )),
    };
    NAMED.item(&metrics, window, Some((measured.provider, n)), found)
}

fn told(rest: f64, (day, highest, metric): (LocalDay, f64, Metric)) -> super::Found {
    if highest <= rest {
        return Err("the highest heart rate does not lie above the one at rest".to_owned());
    }
    let bpm = |name: &str, value: f64| Value::new(name, value, metric.unit().symbol(), 0);
    let [one, two, three, four, five, end] = borders(rest, highest);
    let zones = [
        bpm("zone_1_from", one),
        bpm("zone_2_from", two),
        bpm("zone_3_from", three),
        bpm("zone_4_from", four),
        bpm("zone_5_from", five),
        bpm("zone_5_to", end),
    ];
    let starts: Vec<String> = zones[..5].iter().map(Value::shown).collect();
    let (rest, highest) = (number(Metric::RestingHeartRate, "rest", rest), number(metric, "highest", highest));
    let text = format!(
        "zones 1 to 5 from {} up to {} {}; rest {}, {} {} on {day}",
        starts.join(", "),
        zones[5].shown(),
        highest.unit,
        rest.shown(),
        metric.label(),
        highest.shown()
    );
    Ok((text, zones.into_iter().chain([rest, highest]).collect()))
}
