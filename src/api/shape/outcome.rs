//! What was usual, what experiments showed, what safety says.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Evidence, Notice, Window, word};
use crate::domain::event::BaselineComputed;
use crate::domain::experiment::Unreliable;
use crate::engine::outcomes::{SafetyView, Shown};

/// What was usual before a change that was found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Baseline {
    /// The statement that cites it, for `why`.
    #[schema(format = Uuid)]
    pub insight_id: String,
    /// The metric.
    pub metric_key: &'static str,
    /// The days.
    pub window: Window,
    /// Days with a value.
    pub n: u32,
    /// Their mean, in the metric's unit.
    pub mean: f64,
    /// The standard deviation of what the model leaves over.
    pub sd: f64,
    /// Whose measurements it rests on.
    pub sources: Vec<String>,
}

impl From<BaselineComputed> for Baseline {
    fn from(baseline: BaselineComputed) -> Self {
        Self {
            insight_id: baseline.insight_id.to_string(),
            metric_key: baseline.metric.key(),
            window: baseline.window.into(),
            n: baseline.n,
            mean: baseline.mean,
            sd: baseline.sd,
            sources: baseline.sources.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What an experiment showed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Evaluation {
    /// Its id, for `why`.
    #[schema(format = Uuid)]
    pub id: String,
    /// The experiment.
    #[schema(format = Uuid)]
    pub experiment_id: String,
    /// What was tried.
    pub intervention: String,
    /// The outcome.
    pub metric_key: &'static str,
    /// The day it was made.
    #[schema(format = Date)]
    pub day: String,
    /// `helpful`, `not_helpful`, `unclear` or `insufficient_data`.
    pub verdict: String,
    /// Why it must not be relied on; nothing where nothing speaks against it.
    pub unreliable: Vec<&'static str>,
    /// The same in words.
    pub statement: Option<String>,
    /// `observational` or `randomised`.
    pub design: String,
    /// `A` to `D`.
    pub grade: String,
    /// 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub confidence: f64,
    /// Valid days in the smaller arm.
    pub n: u32,
    /// The smaller arm's coverage.
    #[schema(minimum = 0, maximum = 1)]
    pub coverage: f64,
    /// Days that went as scheduled over days scheduled.
    #[schema(minimum = 0, maximum = 1)]
    pub adherence: f64,
    /// The numbers.
    pub evidence: Evidence,
}

impl From<Shown> for Evaluation {
    fn from(Shown { evaluation, statement }: Shown) -> Self {
        Self {
            id: evaluation.id.to_string(),
            experiment_id: evaluation.experiment_id.to_string(),
            metric_key: evaluation.metric.key(),
            day: evaluation.day.to_string(),
            verdict: word(&evaluation.verdict),
            unreliable: evaluation.unreliable.iter().copied().map(Unreliable::label).collect(),
            statement,
            design: word(&evaluation.design),
            grade: word(&evaluation.grade),
            confidence: evaluation.confidence,
            n: evaluation.n,
            coverage: evaluation.coverage,
            adherence: evaluation.adherence,
            evidence: evaluation.evidence.into(),
            intervention: evaluation.intervention,
        }
    }
}

/// What is allowed while the notices and the profile are as they are.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Allowed {
    /// Whether the data are analysed at all.
    pub analysis: bool,
    /// How far a suggestion may go: `nothing`, `information` or `everything`.
    pub reach: String,
    /// The most a suggestion may do to the load of training.
    pub load: String,
    /// What a suggestion must not touch, as in `heat`.
    pub barred: Vec<String>,
    /// Metrics that are measured and not spoken of.
    pub hidden: Vec<&'static str>,
}

/// What safety says.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Safety {
    /// The notices that stand, the most urgent first.
    pub standing: Vec<Notice>,
    /// Those that were cleared, the newest first.
    pub cleared: Vec<Notice>,
    /// What is allowed now.
    pub allows: Allowed,
}

impl From<SafetyView> for Safety {
    fn from(view: SafetyView) -> Self {
        let SafetyView { standing, cleared, allows } = view;
        Self {
            standing: standing.into_iter().map(Into::into).collect(),
            cleared: cleared.into_iter().map(Into::into).collect(),
            allows: Allowed {
                analysis: allows.analysis,
                reach: word(&allows.reach),
                load: word(&allows.load),
                barred: allows.barred.iter().map(word).collect(),
                hidden: allows.hidden.iter().map(|metric| metric.key()).collect(),
            },
        }
    }
}
