//! What the rules look at: the last measured days of a metric, and what is usual for this person.
//!
//! A day on which two sources disagree counts for nothing here. A missing day is neither good nor bad: it is not there.

use crate::domain::day::LocalDay;
use crate::domain::evidence::{Evidence, Value, Window};
use crate::domain::metric::Metric;
use crate::domain::provider::Provider;
use crate::domain::safety::{Level, SafetyNotice};
use crate::engine::history::{DayValue, History};
use crate::engine::model::{Point, moments};
use crate::engine::observe::conflict;
use crate::engine::run::Run;

/// Days without which nothing is called usual.
const FEWEST_OF_USUAL: usize = 14;
/// Days after which a value says nothing about the present any more.
const FRESH_DAYS: i64 = 2;

/// What a rule finds.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) enum Finding {
    /// The condition holds.
    Holds(Alarm),
    /// Enough was measured to say that it does not.
    Over,
    /// Neither can be said.
    Undecided,
}

/// The measurements behind a notice.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) struct Alarm {
    pub level: Level,
    pub metric: Option<Metric>,
    pub window: Window,
    pub sources: Vec<Provider>,
    pub values: Vec<Value>,
}

impl Alarm {
    /// An alarm about some days of a metric: their values, newest first, and what they are compared with.
    pub(super) fn of(level: Level, metric: Metric, days: &[DayValue], mut compared: Vec<Value>) -> Self {
        let (first, last) = (days.first(), days.last());
        let window = first.zip(last).map_or_else(
            || Window::ending(LocalDay::new(chrono::NaiveDate::MIN), 1),
            |(first, last)| Window {
                first: first.day,
                last: last.day,
                days: u32::try_from(last.day.days_since(first.day) + 1).unwrap_or(1),
            },
        );
        let names = ["value", "value_before", "value_before_that"];
        let mut values: Vec<Value> =
            days.iter().rev().zip(names).map(|(day, name)| number(metric, name, day.value)).collect();
        values.append(&mut compared);
        Self { level, metric: Some(metric), window, sources: sources(days), values }
    }

    pub(super) fn evidence(self, input_revision: u64) -> Evidence {
        let Self { metric, window, sources, values, .. } = self;
        Evidence { metric, sources, window, baseline: None, input_revision, values }
    }
}

/// A number in a metric's unit and decimals.
pub(super) fn number(metric: Metric, name: &str, value: f64) -> Value {
    Value::new(name, value, metric.unit().symbol(), metric.definition().decimals)
}

/// A threshold as a number of the evidence.
pub(super) fn line(threshold: &super::threshold::Threshold) -> Value {
    Value::new(threshold.name, threshold.value, threshold.unit, if threshold.value.fract() == 0.0 { 0 } else { 2 })
}

/// Whose measurements some days are.
pub(super) fn sources(days: &[DayValue]) -> Vec<Provider> {
    Provider::distinct(days.iter().map(|day| day.provider))
}

/// A person's measurements up to a day, without those that are in conflict.
pub(in crate::engine) struct Signal<'a> {
    pub history: &'a History,
    pub until: LocalDay,
}

impl<'a> Signal<'a> {
    pub(super) fn of(run: &Run<'a>) -> Self {
        Self { history: run.history, until: run.analysed }
    }

    /// The days of a metric in a window that are not in conflict.
    pub(super) fn days(&self, metric: Metric, window: Window) -> Vec<DayValue> {
        let days = self.history.days(metric, window.last.min(self.until));
        let days = &days[days.partition_point(|day| day.day < window.first)..];
        days.iter().filter(|day| !conflict::between(self.history, metric, day)).copied().collect()
    }

    /// The last `count` measured days, in order, if there are as many within `within` days and the newest is fresh.
    pub(super) fn last(&self, metric: Metric, count: usize, within: u32) -> Option<Vec<DayValue>> {
        let days = self.days(metric, Window::ending(self.until, within));
        let fresh = days.last().is_some_and(|day| self.until.days_since(day.day) <= FRESH_DAYS);
        (fresh && days.len() >= count).then(|| days[days.len() - count..].to_vec())
    }

    /// The median of the `days` days before a day; none below 14 of them.
    pub(super) fn usual(&self, metric: Metric, before: LocalDay, days: u32) -> Option<f64> {
        let days = self.days(metric, Window::ending(before.minus(1), days));
        if days.len() < FEWEST_OF_USUAL { None } else { median(&days) }
    }

    /// The same days as points.
    pub(super) fn points(&self, metric: Metric, days: u32) -> Vec<Point> {
        let days = self.days(metric, Window::ending(self.until, days));
        days.iter().map(|day| Point { day: day.day.number(), value: day.value }).collect()
    }
}

/// The number that a notice was raised with.
pub(super) fn pinned(open: Option<&SafetyNotice>, name: &str) -> Option<f64> {
    open.and_then(|notice| notice.evidence.value(name)).map(|value| value.value)
}

/// The median of some days; none of none.
pub(super) fn median(days: &[DayValue]) -> Option<f64> {
    moments::median(days.iter().map(|day| day.value))
}
