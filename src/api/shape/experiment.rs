//! An experiment as it stands.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Window, word};
use crate::engine::experiments::view::ExperimentView;

/// An experiment: what was fixed, how it goes, what it showed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Experiment {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// `running`, `stopped`, `evaluated` or `invalidated`.
    pub status: String,
    /// `observational` or `randomised`.
    pub design: String,
    /// The intervention that is tried.
    pub intervention: String,
    /// The outcome.
    pub metric_key: &'static str,
    /// Its days.
    pub window: Window,
    /// What the present day asks: `with` or `without`; nothing on a day that is not one of it.
    pub arm_today: Option<String>,
    /// Days that went as scheduled.
    pub kept: u32,
    /// Days that are over.
    pub scheduled: u32,
    /// The share of the one in the other.
    pub adherence: Option<f64>,
    /// What it showed, in words.
    pub statement: Option<String>,
    /// Why it must not be relied on.
    pub reasons: Vec<&'static str>,
    /// The id of its evaluation, for `why`.
    #[schema(format = Uuid)]
    pub evaluation_id: Option<String>,
}

impl From<ExperimentView> for Experiment {
    fn from(view: ExperimentView) -> Self {
        Self {
            id: view.id.to_string(),
            status: word(&view.status),
            design: word(&view.design),
            intervention: view.plan.intervention,
            metric_key: view.plan.metric.key(),
            window: view.plan.window.into(),
            arm_today: view.arm_today.map(|arm| word(&arm)),
            kept: view.adherence.kept,
            scheduled: view.adherence.scheduled,
            adherence: view.adherence.share,
            statement: view.statement,
            reasons: view.reasons,
            evaluation_id: view.evaluation.map(|evaluation| evaluation.id.to_string()),
        }
    }
}
