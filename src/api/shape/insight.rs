//! A graded statement.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Evidence, word};
use crate::domain::feedback::Feedback;
use crate::engine::as_of::Since;
use crate::engine::tell::InsightView;

/// A statement that holds, with its grade and its evidence.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Insight {
    /// Its id, for `why`.
    #[schema(format = Uuid)]
    pub id: String,
    /// `level`, `change`, `trend`, `step`, `association`, `experiment`, `streak` or `insufficient_data`.
    pub kind: &'static str,
    /// The metric.
    pub metric_key: &'static str,
    /// What it says.
    pub statement: String,
    /// 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub confidence: f64,
    /// Valid days in the smaller window.
    pub n: u32,
    /// What they are worth after their autocorrelation.
    pub n_effective: f64,
    /// 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub coverage: f64,
    /// `A`, `B`, `C` or `D`.
    pub grade: String,
    /// `observational` or `randomised`.
    pub design: String,
    /// `useful`, `wrong` or `not_me`: what the person said of it; what they dispute is not told for 90 days.
    pub feedback: Option<&'static str>,
    /// With `as_of`: `same`, `altered` or `gone`, what became of it since.
    pub now: Option<&'static str>,
    /// What it rests on.
    pub evidence: Evidence,
}

impl From<InsightView> for Insight {
    fn from(view: InsightView) -> Self {
        Self {
            id: view.id,
            kind: view.kind,
            metric_key: view.metric_key,
            statement: view.statement,
            confidence: view.confidence,
            n: view.n,
            n_effective: view.n_effective,
            coverage: view.coverage,
            grade: word(&view.grade),
            design: word(&view.design),
            feedback: view.feedback.map(Feedback::key),
            now: view.now.map(Since::key),
            evidence: view.evidence.into(),
        }
    }
}
