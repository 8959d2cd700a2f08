//! Single days: how often a resting pulse that is as usual is told as unusual, and how often one that is not is.

use chrono::{TimeZone as _, Utc};

use super::draw::{Draw, chance};
use super::found::{Figure, Found};
use super::tally::Share;
use super::world::{FIRST_DAY, World, uniform};
use super::yardsticks::z_day;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, ObservationKey, RecordKind};
use crate::domain::provider::Provider;
use crate::engine::history::History;
use crate::engine::model::Point;
use crate::engine::safety::heart_rate::finding;
use crate::engine::safety::predictive::{DAYS, predictive};
use crate::engine::safety::signal::{Finding, Signal};
use crate::engine::safety::threshold::RHR_P;

const METRIC: Metric = Metric::RestingHeartRate;
/// The usual pulse and its day-to-day standard deviation, in beats a minute: nobody reaches the fixed lines of the rule.
const USUAL: f64 = 60.0;
const SD: f64 = 3.0;
/// Days that are looked at, after those that only say what is usual.
const LOOKED_AT: i32 = 365;
/// What is to be found: so many days, so many SD higher.
const HIGHER_DAYS: i32 = 3;
const HIGHER_BY: f64 = 2.0;

/// A pulse as it was measured, and the days of it that count.
struct Pulse {
    history: History,
    points: Vec<Point>,
}

impl Pulse {
    fn of(world: &World, seed: u64) -> Self {
        let observations = world.series(seed).into_iter().filter_map(|point| {
            let day = LocalDay::from_number(point.day)?;
            let start = Utc.timestamp_opt(86_400 * i64::from(point.day), 0).single()?;
            let key = ObservationKey {
                provider: Provider::Whoop,
                kind: RecordKind::Day,
                metric: METRIC,
                start,
                provider_id: None,
            };
            Some(Observation { resolution: 0.1, ..Observation::new(key, day, METRIC.round(USUAL + SD * point.value)) })
        });
        let history = History::of(observations);
        let points = history.points(METRIC, LocalDay::LAST).to_vec();
        Self { history, points }
    }

    /// What the rule of SAFETY finds on a day.
    fn notice(&self, day: i32) -> Finding {
        let Some(until) = LocalDay::from_number(day) else { return Finding::Undecided };
        // What is pinned to an open notice matters only to one that asks for a human, and none here does.
        finding(&Signal { history: &self.history, until }, None)
    }

    fn is_unusual(&self, point: &Point) -> bool {
        predictive(&self.points, point.day, point.value).is_some_and(|found| found.p < RHR_P.value)
    }

    fn from(&self, first: i32) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(move |point| point.day >= first)
    }
}

/// Notices, unusual single days and days beyond 2 SD for each 365 measured days of a pulse that is as usual; and how often
/// each of them speaks within three days that are 2 SD higher.
pub(super) fn days(scenario: &str, phi: f64, draw: &Draw<'_>) -> Found {
    let first = FIRST_DAY + DAYS;
    let (mut counts, mut hits, mut measured) = ([0_u64; 3], [Share::default(); 3], 0_u64);
    for seed in draw.each() {
        let quiet = Pulse::of(&World::quiet(phi, DAYS + LOOKED_AT), seed);
        let mut open = false;
        for point in quiet.from(first) {
            measured += 1;
            match quiet.notice(point.day) {
                // A condition that lasts is one notice.
                Finding::Holds(_) => counts[0] += u64::from(!std::mem::replace(&mut open, true)),
                Finding::Over => open = false,
                Finding::Undecided => {}
            }
            counts[1] += u64::from(quiet.is_unusual(point));
            counts[2] += u64::from(z_day(&quiet.points, point));
        }
        // Every weekday may be the first.
        let from = DAYS + (7.0 * uniform(&mut chance(seed))) as i32;
        let steps = vec![(from, HIGHER_BY)];
        let higher = Pulse::of(&World { steps, ..World::quiet(phi, from + HIGHER_DAYS) }, seed);
        let any = |speaks: &dyn Fn(&Point) -> bool| higher.from(FIRST_DAY + from).any(speaks);
        hits[0].count(any(&|point| matches!(higher.notice(point.day), Finding::Holds(_))));
        hits[1].count(any(&|point| higher.is_unusual(point)));
        hits[2].count(any(&|point| z_day(&higher.points, point)));
    }
    let years = measured as f64 / 365.0;
    let methods = ["candor", "one_day", "z_rule"];
    let figures = methods.into_iter().zip(counts).zip(hits).map(|((method, count), hits)| Figure {
        scenario: scenario.to_owned(),
        method,
        series: draw.series,
        power: hits.rate(),
        years: Some(years),
        false_alerts: Some(count as f64 / years),
        ..Figure::default()
    });
    Found { figures: figures.collect(), ..Found::default() }
}
