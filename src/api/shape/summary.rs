//! What a metric came to over some days.

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::summaries;

/// A metric over some days. A mean of few days is a mean of few days: `days` and `coverage` say of how many.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Span {
    /// The first day.
    #[schema(format = Date)]
    pub first: String,
    /// The last day.
    #[schema(format = Date)]
    pub last: String,
    /// Days with a value.
    pub days: u32,
    /// The same as a share of all its days.
    #[schema(minimum = 0, maximum = 1)]
    pub coverage: f64,
    /// The mean of the days with a value, in the metric's unit.
    pub mean: Option<f64>,
    /// The lowest day.
    pub min: Option<f64>,
    /// The highest day.
    pub max: Option<f64>,
}

impl From<summaries::Span> for Span {
    fn from(span: summaries::Span) -> Self {
        Self {
            first: span.window.first.to_string(),
            last: span.window.last.to_string(),
            days: span.days,
            coverage: span.coverage,
            mean: span.mean,
            min: span.min,
            max: span.max,
        }
    }
}

/// A metric's summaries: plain figures, without a grade.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MetricSummary {
    /// The metric.
    pub metric_key: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The last seven days.
    pub days_7: Span,
    /// The last 28 days.
    pub days_28: Span,
    /// The last 84 days.
    pub weeks_12: Span,
    /// Those days week by week, the oldest first.
    #[schema(min_items = 12, max_items = 12)]
    pub weeks: Vec<Span>,
}

impl From<summaries::Summary> for MetricSummary {
    fn from(summary: summaries::Summary) -> Self {
        Self {
            metric_key: summary.metric.key(),
            unit: summary.metric.unit().symbol(),
            days_7: summary.week.into(),
            days_28: summary.month.into(),
            weeks_12: summary.quarter.into(),
            weeks: summary.weeks.into_iter().map(Into::into).collect(),
        }
    }
}
