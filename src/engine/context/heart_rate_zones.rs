//! Heart-rate zones by the person's own heart-rate reserve, the span from their pulse at rest to the highest measured.

use super::{ContextItem, Named, number};
use crate::domain::activity::Reserve;
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Value, Window};
use crate::domain::metric::Metric;
use crate::domain::provider::Provider;
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

/// The stable key.
pub const KEY: &str = "heart_rate_zones";

const NAMED: Named = Named {
    key: KEY,
    label: "heart-rate zones",
    method: "Karvonen's heart-rate reserve: rest + share x (highest - rest) at 50, 60, 70, 80, 90 and 100 %, with rest as \
             the 28-day median and the highest heart rate measured in 180 days, which may lie below the highest possible.",
};

/// What a person's zones are made of, as far as a day knows it.
struct Sought {
    provider: Provider,
    days_of_rest: usize,
    /// The reserve, and what the highest was measured as and when; or why there is none.
    reserve: Result<(Reserve, LocalDay, Metric), String>,
}

/// A person's heart-rate reserve on a day: their usual resting heart rate, the median of 28 days, and the highest measured in
/// 180 days by the same source. No age, and no default, stands in for either.
///
/// # Errors
/// What is missing, in words.
pub fn reserve(history: &History, until: LocalDay) -> Result<Reserve, String> {
    let found = found(history, until).ok_or_else(no_rest)?;
    found.reserve.map(|(reserve, _, _)| reserve)
}

fn no_rest() -> String {
    format!("needs a resting heart rate on {FEWEST_OF_REST} of {REST_DAYS} days, has none")
}

/// The item for a day.
pub(super) fn item(history: &History, until: LocalDay) -> ContextItem {
    let metrics = [Metric::RestingHeartRate, HIGHEST[0], HIGHEST[1]];
    let window = Window::ending(until, REST_DAYS);
    let Some(found) = found(history, until) else { return NAMED.item(&metrics, window, None, Err(no_rest())) };
    let told = found.reserve.map(|(reserve, day, metric)| told(reserve, day, metric));
    NAMED.item(&metrics, window, Some((found.provider, found.days_of_rest)), told)
}

fn found(history: &History, until: LocalDay) -> Option<Sought> {
    let measured = fullest(history, Metric::RestingHeartRate, Window::ending(until, REST_DAYS))?;
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
    let reserve = match (median(measured.days.iter().map(|(_, value)| *value)), peak) {
        (Some(rest), Some((day, highest, metric))) if n >= FEWEST_OF_REST && with_peak.len() >= FEWEST_OF_HIGHEST => {
            Reserve::new(Metric::RestingHeartRate.round(rest), highest)
                .map(|reserve| (reserve, day, metric))
                .ok_or_else(|| "the highest heart rate does not lie above the one at rest".to_owned())
        }
        _ if n < FEWEST_OF_REST => {
            Err(format!("needs a resting heart rate on {FEWEST_OF_REST} of {REST_DAYS} days from one source, has {n}"))
        }
        _ => Err(format!(
            "needs a highest heart rate on {FEWEST_OF_HIGHEST} of {HIGHEST_DAYS} days from the same source, has {}",
            with_peak.len()
        )),
    };
    Some(Sought { provider: measured.provider, days_of_rest: n, reserve })
}

fn told(reserve: Reserve, day: LocalDay, metric: Metric) -> (String, Vec<Value>) {
    let bpm = |name: &str, value: f64| Value::new(name, value, metric.unit().symbol(), 0);
    let [one, two, three, four, five, end] = reserve.borders();
    let zones = [
        bpm("zone_1_from", one),
        bpm("zone_2_from", two),
        bpm("zone_3_from", three),
        bpm("zone_4_from", four),
        bpm("zone_5_from", five),
        bpm("zone_5_to", end),
    ];
    let starts: Vec<String> = zones[..5].iter().map(Value::shown).collect();
    let rest = number(Metric::RestingHeartRate, "rest", reserve.rest());
    let highest = number(metric, "highest", reserve.highest());
    let text = format!(
        "zones 1 to 5 from {} up to {} {}; rest {}, {} {} on {day}",
        starts.join(", "),
        zones[5].shown(),
        highest.unit,
        rest.shown(),
        metric.label(),
        highest.shown()
    );
    (text, zones.into_iter().chain([rest, highest]).collect())
}
