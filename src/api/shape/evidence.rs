//! The numbers of a statement.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::evidence;

/// A span of local days, both ends included.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Window {
    /// The first day.
    #[schema(format = Date)]
    pub first: String,
    /// The last day.
    #[schema(format = Date)]
    pub last: String,
    /// How many calendar days lie in it.
    pub days: u32,
}

impl From<evidence::Window> for Window {
    fn from(window: evidence::Window) -> Self {
        Self { first: window.first.to_string(), last: window.last.to_string(), days: window.days }
    }
}

/// A number that a sentence may show, rounded to its decimals.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Value {
    /// What it is, as in `mean` or `interval_low`.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Its unit; empty for a count or a share.
    pub unit: String,
    /// Decimals with which it is written.
    pub decimals: u32,
}

impl From<evidence::Value> for Value {
    fn from(value: evidence::Value) -> Self {
        Self { name: value.name, value: value.value, unit: value.unit, decimals: value.decimals }
    }
}

/// What a statement rests on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Evidence {
    /// The metric it is about, if about one.
    pub metric_key: Option<&'static str>,
    /// Whose measurements it rests on.
    pub sources: Vec<String>,
    /// The days it is about.
    pub window: Window,
    /// The days it is compared with.
    pub baseline: Option<Window>,
    /// The revision of the person's stream up to which observations were read.
    pub input_revision: u64,
    /// Every number a sentence may show.
    pub values: Vec<Value>,
}

impl From<evidence::Evidence> for Evidence {
    fn from(evidence: evidence::Evidence) -> Self {
        Self {
            metric_key: evidence.metric.map(crate::domain::metric::Metric::key),
            sources: evidence.sources.iter().map(ToString::to_string).collect(),
            window: evidence.window.into(),
            baseline: evidence.baseline.map(Into::into),
            input_revision: evidence.input_revision,
            values: evidence.values.into_iter().map(Into::into).collect(),
        }
    }
}
