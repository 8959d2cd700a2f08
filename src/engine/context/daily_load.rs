//! The load of each day, by one metric of one source: what a source calls load, or the time spent in activities.
//!
//! A day without an activity is a day of rest only where its source shows that it was listening; otherwise it is missing.

use std::collections::BTreeSet;

use super::one_source::{self, most};
use crate::domain::day::LocalDay;
use crate::domain::evidence::Window;
use crate::domain::metric::{Cadence, Metric};
use crate::domain::provider::Provider;
use crate::engine::history::History;
use crate::engine::safety::LOADS;

/// Days that the averages look back: what is older weighs less than 2 %.
const LONGEST: u32 = 180;
/// Days of which most must be known, and the share of them (engineering default).
pub(super) const CHRONIC_DAYS: u32 = 42;
const KNOWN_SHARE: f64 = 0.7;

/// The known days of load, in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DailyLoad {
    pub metric: Metric,
    pub provider: Provider,
    pub days: Vec<(LocalDay, f64)>,
}

impl DailyLoad {
    /// The days of a window.
    pub(super) fn within(&self, window: Window) -> Vec<f64> {
        self.days.iter().filter(|(day, _)| window.contains(*day)).map(|(_, load)| *load).collect()
    }

    fn known(&self, last: LocalDay) -> usize {
        self.within(Window::ending(last, CHRONIC_DAYS)).len()
    }
}

/// The load up to a day by the first metric of which enough is known, from the source that knows most of it.
///
/// # Errors
/// Why there is none.
pub(super) fn of(history: &History, last: LocalDay) -> Result<DailyLoad, String> {
    let window = Window::ending(last, LONGEST);
    let fewest = (KNOWN_SHARE * f64::from(CHRONIC_DAYS)).ceil();
    let mut best = 0;
    for metric in LOADS {
        let all = Provider::ALL.map(|provider| {
            let mut days = one_source::of(history, metric, window, provider);
            if metric.definition().cadence == Cadence::PerActivity && !days.is_empty() {
                days.extend(rests(history, window, provider).into_iter().map(|day| (day, 0.0)));
                days.sort_unstable_by_key(|(day, _)| *day);
            }
            DailyLoad { metric, provider, days }
        });
        let Some(load) = most(all, |load| load.known(last)) else { continue };
        let known = load.known(last);
        if f64::from(u32::try_from(known).unwrap_or(u32::MAX)) >= fewest {
            return Ok(load);
        }
        best = best.max(known);
    }
    Err(format!("needs the load of {fewest} of the last {CHRONIC_DAYS} days from one source, has {best}"))
}

/// The days of rest: those on which a source delivered something else and no activity. Of a source that delivers nothing
/// but activities, all the others between its first and its last.
fn rests(history: &History, window: Window, provider: Provider) -> BTreeSet<LocalDay> {
    let (mut active, mut other) = (BTreeSet::new(), BTreeSet::new());
    // The day after, which may not be over, shows as well as any that the source was listening.
    let seen = Window::ending(window.last.plus(1), window.days + 1);
    for metric in history.metrics() {
        let days = one_source::of(history, metric, seen, provider).into_iter().map(|(day, _)| day);
        match metric.definition().cadence {
            Cadence::PerActivity => active.extend(days),
            Cadence::Nightly | Cadence::Daily | Cadence::Irregular | Cadence::PerQuestion => other.extend(days),
        }
    }
    if other.is_empty()
        && let (Some(first), Some(last)) = (active.first(), active.last())
    {
        other.extend(Window::between(*first, *last).iter().flat_map(Window::each));
    }
    other.difference(&active).copied().filter(|day| window.contains(*day)).collect()
}
