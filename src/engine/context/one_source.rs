//! One source at a time: two devices differ by more than a person does from one week to the next.

use crate::domain::day::LocalDay;
use crate::domain::evidence::Window;
use crate::domain::metric::Metric;
use crate::domain::provider::Provider;
use crate::engine::history::History;

/// The days of a metric as one source has them.
pub(super) struct Measured {
    pub provider: Provider,
    pub days: Vec<(LocalDay, f64)>,
}

/// What one source says of a metric in a window, in the order of the days.
pub(super) fn of(history: &History, metric: Metric, window: Window, provider: Provider) -> Vec<(LocalDay, f64)> {
    let days = history.days(metric, window.last);
    let days = &days[days.partition_point(|day| day.day < window.first)..];
    let value = |day: LocalDay| history.by_source(metric, day).into_iter().find(|(who, _)| *who == provider);
    days.iter().filter_map(|day| Some((day.day, value(day.day)?.1))).collect()
}

/// The source with the most days of a metric in a window; of equals, the first in the order of priority.
pub(super) fn fullest(history: &History, metric: Metric, window: Window) -> Option<Measured> {
    let all = Provider::ALL.map(|provider| Measured { provider, days: of(history, metric, window, provider) });
    most(all, |measured| measured.days.len()).filter(|measured| !measured.days.is_empty())
}

/// The one of which there is most; of equals, the first.
pub(super) fn most<T>(all: impl IntoIterator<Item = T>, count: impl Fn(&T) -> usize) -> Option<T> {
    all.into_iter().reduce(|best, next| if count(&next) > count(&best) { next } else { best })
}
