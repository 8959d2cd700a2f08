//! CONTEXT: what may be good to know beside the graded statements of a day?
//!
//! Input: what was measured up to a day. Output: a few published measures of sleep, load and pulse, each from one source
//! alone, rounded, with the formula's name, or with the reason why it cannot be told. Nothing here has a grade, and nothing
//! here is an event: no insight, notice, score or suggestion rests on it. `docs/context.md` has the formulas.

mod daily_load;
pub mod heart_rate_zones;
pub mod hrv_band;
pub mod sleep_debt;
pub mod sleep_regularity;
pub mod training_load;
pub mod training_monotony;

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::history::History;
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Value, Window};
use crate::domain::metric::Metric;
use crate::domain::provider::Provider;

/// Days before a day that its context looks at.
pub const LOOKBACK_DAYS: u32 = 185;

/// A measure that stands beside the graded statements.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContextItem {
    /// The stable key.
    pub key: &'static str,
    /// The name a person reads.
    pub label: &'static str,
    /// What it is reckoned from.
    pub metrics: Vec<Metric>,
    /// The days it is about.
    pub window: Window,
    /// How many of them have a value of the source.
    pub n: u32,
    /// The source, alone; none where nothing was measured.
    pub sources: Vec<Provider>,
    /// What the source asks to be shown beside its data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<&'static str>,
    /// The formula's name and where it comes from.
    pub method: &'static str,
    /// What it comes to.
    #[serde(flatten)]
    pub told: Told,
}

/// What an item comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Told {
    /// It can be told.
    Values {
        /// In one plain line.
        text: String,
        /// Every number of it, and those it was reckoned from.
        values: Vec<Value>,
    },
    /// It cannot be told.
    Missing {
        /// Why not.
        missing: String,
    },
}

/// What an item is called and how it is reckoned.
struct Named {
    key: &'static str,
    label: &'static str,
    method: &'static str,
}

/// The line and the numbers of an item, or why there are none.
type Found = Result<(String, Vec<Value>), String>;

impl Named {
    fn item(&self, metrics: &[Metric], window: Window, source: Option<(Provider, usize)>, found: Found) -> ContextItem {
        ContextItem {
            key: self.key,
            label: self.label,
            metrics: metrics.to_vec(),
            window,
            n: source.map_or(0, |(_, n)| u32::try_from(n).unwrap_or(u32::MAX)),
            sources: source.iter().map(|(provider, _)| *provider).collect(),
            attribution: source.and_then(|(provider, _)| provider.terms().attribution),
            method: self.method,
            told: match found {
                Ok((text, values)) => Told::Values { text, values },
                Err(missing) => Told::Missing { missing },
            },
        }
    }
}

/// The context of a day, in the order in which it is read.
#[must_use]
pub fn context(history: &History, until: LocalDay) -> Vec<ContextItem> {
    // What needs whole days ends with the day before: the day itself may not be over.
    let whole = until.minus(1);
    let load = daily_load::of(history, whole);
    vec![
        sleep_regularity::item(history, whole),
        sleep_debt::item(history, until),
        training_load::item(&load, whole),
        training_monotony::item(&load, whole),
        hrv_band::item(history, until),
        heart_rate_zones::item(history, until),
    ]
}

/// A number in a metric's unit and decimals.
fn number(metric: Metric, name: &str, value: f64) -> Value {
    Value::new(name, value, metric.unit().symbol(), metric.definition().decimals)
}

/// How many there are of something.
fn count(name: &str, count: usize) -> Value {
    Value::new(name, f64::from(u32::try_from(count).unwrap_or(u32::MAX)), "", 0)
}
