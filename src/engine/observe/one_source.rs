//! One source at a time: two devices differ by more than a person does from one week to the next.
//!
//! A day without an activity is a day of rest only where its source shows that it was listening; otherwise it is missing.

use std::collections::BTreeSet;

use crate::domain::day::LocalDay;
use crate::domain::evidence::Window;
use crate::domain::metric::{Cadence, Metric};
use crate::domain::provider::Provider;
use crate::engine::history::History;

/// The days of a metric as one source has them.
pub(in crate::engine) struct Measured {
    pub provider: Provider,
    pub days: Vec<(LocalDay, f64)>,
}

/// What one source says of a metric in a window, in the order of the days.
pub(in crate::engine) fn of(
    history: &History,
    metric: Metric,
    window: Window,
    provider: Provider,
) -> Vec<(LocalDay, f64)> {
    let days = history.days(metric, window.last);
    let days = &days[days.partition_point(|day| day.day < window.first)..];
    let value = |day: LocalDay| history.by_source(metric, day).into_iter().find(|(who, _)| *who == provider);
    days.iter().filter_map(|day| Some((day.day, value(day.day)?.1))).collect()
}

/// The source with the most days of a metric in a window; of equals, the first in the order of priority.
pub(in crate::engine) fn fullest(history: &History, metric: Metric, window: Window) -> Option<Measured> {
    let all = Provider::ALL.map(|provider| Measured { provider, days: of(history, metric, window, provider) });
    most(all, |measured| measured.days.len()).filter(|measured| !measured.days.is_empty())
}

/// The one of which there is most; of equals, the first.
pub(in crate::engine) fn most<T>(all: impl IntoIterator<Item = T>, count: impl Fn(&T) -> usize) -> Option<T> {
    all.into_iter().reduce(|best, next| if count(&next) > count(&best) { next } else { best })
}

/// The same with a zero on days of rest, where the metric is one of activities. What the source delivered up to the day
/// `seen`, which may lie after the window, shows whether it was listening.
pub(in crate::engine) fn with_rest(
    history: &History,
    metric: Metric,
    window: Window,
    provider: Provider,
    seen: LocalDay,
) -> Vec<(LocalDay, f64)> {
    let mut days = of(history, metric, window, provider);
    if metric.definition().cadence == Cadence::PerActivity && !days.is_empty() {
        days.extend(rests(history, window, provider, seen).into_iter().map(|day| (day, 0.0)));
        days.sort_unstable_by_key(|(day, _)| *day);
    }
    days
}

/// The days of rest: those on which a source delivered something else and no activity. Of a source that delivers nothing
/// but activities, all the others between its first and its last.
fn rests(history: &History, window: Window, provider: Provider, seen: LocalDay) -> BTreeSet<LocalDay> {
    let (mut active, mut other) = (BTreeSet::new(), BTreeSet::new());
    let looked_at = Window { last: seen, ..window };
    for metric in history.metrics() {
        let days = of(history, metric, looked_at, provider).into_iter().map(|(day, _)| day);
        match metric.definition().cadence {
            Cadence::PerActivity => active.extend(days),
            Cadence::Nightly | Cadence::Daily | Cadence::Irregular => other.extend(days),
            // A note says nothing of the device.
            Cadence::Noted | Cadence::PerQuestion => {}
        }
    }
    if other.is_empty()
        && let (Some(first), Some(last)) = (active.first(), active.last())
    {
        other.extend(Window::between(*first, *last).iter().flat_map(Window::each));
    }
    other.difference(&active).copied().filter(|day| window.contains(*day)).collect()
}
