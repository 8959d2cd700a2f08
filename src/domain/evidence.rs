//! Evidence: the numbers a statement may use, and where they come from.

use serde::{Deserialize, Serialize};

use super::day::LocalDay;
use super::metric::Metric;
use super::provider::Provider;

/// A span of local days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first day.
    pub first: LocalDay,
    /// The last day.
    pub last: LocalDay,
    /// How many calendar days lie in it.
    pub days: u32,
}

impl Window {
    /// The `days` days that end with `last`.
    #[must_use]
    pub fn ending(last: LocalDay, days: u32) -> Self {
        Self { first: last.minus(days.saturating_sub(1)), last, days }
    }

    /// The `days` days that begin with `first`.
    #[must_use]
    pub fn starting(first: LocalDay, days: u32) -> Self {
        Self { first, last: first.plus(days.saturating_sub(1)), days }
    }

    /// The days from `first` to `last`, or `None` when there are none.
    #[must_use]
    pub fn between(first: LocalDay, last: LocalDay) -> Option<Self> {
        let days = u32::try_from(last.days_since(first).checked_add(1)?).ok().filter(|days| *days > 0)?;
        Some(Self { first, last, days })
    }

    /// Whether a day lies in the window.
    #[must_use]
    pub fn contains(&self, day: LocalDay) -> bool {
        self.first <= day && day <= self.last
    }

    /// Its days, in order.
    pub fn each(&self) -> impl Iterator<Item = LocalDay> + use<> {
        let first = self.first;
        (0..self.days).map(move |n| first.plus(n))
    }

    /// Whether two windows share a day.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// A number of the evidence, already rounded: what a sentence may show is exactly this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// What the number is, as in `mean`, `interval_low`, `n`, `confidence`.
    pub name: String,
    /// The number, rounded to `decimals`.
    pub value: f64,
    /// Its unit; empty for a count or a share.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Decimals with which it is written.
    pub decimals: u32,
}

impl Value {
    /// Rounds a number and keeps it.
    #[must_use]
    pub fn new(name: &str, value: f64, unit: &str, decimals: u32) -> Self {
        Self { name: name.to_owned(), value: super::metric::round_to(value, decimals), unit: unit.to_owned(), decimals }
    }

    /// The number as it stands in a sentence, with its decimals and without its unit.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{:.*}", self.decimals as usize, self.value)
    }

    /// The number with its unit, as a person says it: whole minutes from an hour on are hours and minutes.
    #[must_use]
    pub fn said(&self) -> String {
        if self.is_said_in_hours() {
            let (sign, minutes) = (if self.value < 0.0 { "-" } else { "" }, self.value.abs() as u64);
            return format!("{sign}{} h {} min", minutes / 60, minutes % 60);
        }
        if self.unit.is_empty() { self.shown() } else { format!("{} {}", self.shown(), self.unit) }
    }

    /// Whether it is said in hours and minutes.
    #[must_use]
    pub fn is_said_in_hours(&self) -> bool {
        self.unit == "min" && self.decimals == 0 && self.value.abs() >= 60.0
    }
}

/// What a statement rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The metric it is about, if about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// Whose measurements it rests on, in order of priority.
    pub sources: Vec<Provider>,
    /// The days it is about.
    pub window: Window,
    /// The days it is compared with, where it compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Window>,
    /// The revision of the person's stream up to which observations were read.
    pub input_revision: u64,
    /// Every number a sentence may show.
    pub values: Vec<Value>,
}

impl Evidence {
    /// The number with a name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|v| v.name == name)
    }

    /// Whether every source allows its data to reach a language model.
    #[must_use]
    pub fn model_allowed(&self) -> bool {
        self.sources.iter().all(|p| p.terms().model_allowed)
    }
}
