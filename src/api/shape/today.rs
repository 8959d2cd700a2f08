//! The present day.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Insight, word};
use crate::engine::tell::{MetricView, NoticeView, TodayView};

/// A safety notice that stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Notice {
    /// Its id, for `why`.
    #[schema(format = Uuid)]
    pub id: String,
    /// The rule that raised it.
    pub rule: String,
    /// How far it goes.
    pub level: String,
    /// What it says, verbatim.
    pub text: String,
    /// The first day of its episode.
    #[schema(format = Date)]
    pub since: String,
}

impl From<NoticeView> for Notice {
    fn from(view: NoticeView) -> Self {
        Self { id: view.id, rule: word(&view.rule), level: word(&view.level), text: view.text, since: view.since }
    }
}

/// Something that is held back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeldBack {
    /// The state.
    pub state: String,
    /// What it blocks, in words.
    pub blocks: String,
}

/// A metric that used to come in and does not.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Missing {
    /// The metric.
    pub metric_key: &'static str,
    /// `not_worn`, `not_received` or `not_measured`.
    pub absence: String,
    /// The last day with a value.
    #[schema(format = Date)]
    pub last_day: String,
}

/// What matters today.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Today {
    /// The present local day.
    #[schema(format = Date)]
    pub day: String,
    /// The newest day with data.
    #[schema(format = Date)]
    pub newest_data: Option<String>,
    /// The present day's score; none without its data.
    #[schema(minimum = 0, maximum = 100)]
    pub score: Option<u8>,
    /// Its band; none that urges on while a notice stands.
    pub band: Option<&'static str>,
    /// The difference from the day before.
    pub delta: Option<i32>,
    /// Safety notices, the most urgent first.
    pub notices: Vec<Notice>,
    /// What is held back.
    pub degradation: Vec<HeldBack>,
    /// What does not come in any more.
    pub missing: Vec<Missing>,
    /// The statements that hold.
    pub insights: Vec<Insight>,
}

impl From<TodayView> for Today {
    fn from(view: TodayView) -> Self {
        let text = |state: &serde_json::Value, key: &str| state[key].as_str().unwrap_or_default().to_owned();
        let held = |state: &serde_json::Value| HeldBack { state: text(state, "state"), blocks: text(state, "blocks") };
        Self {
            day: view.day,
            newest_data: view.newest_data,
            score: view.score,
            band: view.band,
            delta: view.delta,
            notices: view.notices.into_iter().map(Into::into).collect(),
            degradation: view.degradation.iter().map(held).collect(),
            missing: view
                .missing
                .iter()
                .map(|missing| Missing {
                    metric_key: missing.metric.key(),
                    absence: word(&missing.absence),
                    last_day: missing.last_day.to_string(),
                })
                .collect(),
            insights: view.insights.into_iter().map(Into::into).collect(),
        }
    }
}

/// A metric of which something was measured.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Metric {
    /// The key.
    pub metric_key: &'static str,
    /// The name.
    pub label: &'static str,
    /// The unit.
    pub unit: &'static str,
    /// Days with a value.
    pub days: usize,
    /// The newest of them.
    #[schema(format = Date)]
    pub newest_day: String,
    /// Its value.
    pub newest_value: f64,
    /// Who measured it.
    pub source: &'static str,
    /// The last 60 days' mean, where it is stated.
    pub usual: Option<f64>,
}

impl From<MetricView> for Metric {
    fn from(view: MetricView) -> Self {
        let MetricView { metric_key, label, unit, days, newest_day, newest_value, source, usual } = view;
        Self { metric_key, label, unit, days, newest_day, newest_value, source, usual }
    }
}
