//! A measurement, as the log has it now.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::observation;

/// A measurement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Observation {
    /// The local day it belongs to.
    #[schema(format = Date)]
    pub day: String,
    /// What was measured.
    pub metric_key: &'static str,
    /// The value in the metric's unit.
    pub value: f64,
    /// The unit.
    pub unit: &'static str,
    /// Who measured it, as in `whoop`.
    pub provider: String,
    /// What kind of record it stood in.
    pub kind: &'static str,
    /// When that began.
    #[schema(format = DateTime)]
    pub start: String,
    /// When it ended, where it says.
    #[schema(format = DateTime)]
    pub end: Option<String>,
    /// How new the source's word is.
    #[schema(format = DateTime)]
    pub as_of: String,
    /// The file it stood in; empty without one.
    pub file: String,
    /// The row of that file, from 1 without the header.
    pub row: u32,
}

impl Observation {
    /// A measurement and the file it stood in.
    #[must_use]
    pub fn of(observation: observation::Observation, file: String) -> Self {
        let metric = observation.key.metric;
        Self {
            day: observation.day.to_string(),
            metric_key: metric.key(),
            value: observation.value,
            unit: metric.unit().symbol(),
            provider: observation.key.provider.to_string(),
            kind: observation.key.kind.key(),
            start: observation.key.start.to_rfc3339(),
            end: observation.end.map(|end| end.to_rfc3339()),
            as_of: observation.as_of.to_rfc3339(),
            file,
            row: observation.row,
        }
    }
}

/// A page of measurements.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ObservationPage {
    /// The measurements, the newest first.
    pub observations: Vec<Observation>,
    /// What to ask with for the next page; nothing after the last.
    pub next_cursor: Option<String>,
}
