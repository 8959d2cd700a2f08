//! Degradation: what Candor does not do for now, and why. Each state is an event and is shown to the person.

use serde::{Deserialize, Serialize};

use super::day::LocalDay;
use super::metric::Metric;

/// A state in which something is held back. A safety notice is never among it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Degradation {
    /// Under 7 points in 14 days in every metric: no change is looked for.
    InsufficientData {
        /// The most points any metric has in the last 14 days.
        points: u32,
    },
    /// No wearable data for 48 hours: usual values stand still.
    BaselinesFrozen {
        /// Whole hours since the last data.
        hours_without_data: i64,
    },
    /// Two sources of one metric differ by more than 20 % or two pooled standard deviations: neither counts for an alert.
    ConflictingSignals {
        /// The metric they differ in.
        metric: Metric,
    },
    /// Under 60 % of what is usually measured came in over seven days: nothing is learnt from them.
    LearningPaused {
        /// What came in and can be used, as a share of what usually does, in percent.
        quality_pct: u32,
    },
    /// Somebody must look at something first.
    HumanReviewNeeded {
        /// Open reviews.
        reviews: u32,
    },
    /// An experiment cannot be relied on: no verdict is given.
    EvaluationUnreliable {
        /// Its outcome.
        metric: Metric,
    },
    /// The last three days vary more than twice as much as is usual: nothing is suggested about it.
    InterventionSuppressed {
        /// The metric that varies.
        metric: Metric,
    },
    /// What the person was trying is no longer within what is allowed.
    ProtocolInvalidated {
        /// The catalogue entry.
        intervention: String,
    },
}

impl Degradation {
    /// The stable key.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::InsufficientData { .. } => "insufficient_data",
            Self::BaselinesFrozen { .. } => "baselines_frozen",
            Self::ConflictingSignals { .. } => "conflicting_signals",
            Self::LearningPaused { .. } => "learning_paused",
            Self::HumanReviewNeeded { .. } => "human_review_needed",
            Self::EvaluationUnreliable { .. } => "evaluation_unreliable",
            Self::InterventionSuppressed { .. } => "intervention_suppressed",
            Self::ProtocolInvalidated { .. } => "protocol_invalidated",
        }
    }

    /// What the state holds back, in plain words.
    #[must_use]
    pub const fn blocks(&self) -> &'static str {
        match self {
            Self::InsufficientData { .. } => "no change is looked for until there are 7 points in 14 days",
            Self::BaselinesFrozen { .. } => "usual values stand still until data arrive again",
            Self::ConflictingSignals { .. } => "no alert from either source",
            Self::LearningPaused { .. } => "no statement is raised or renewed until data are complete again",
            Self::HumanReviewNeeded { .. } => {
                "nothing beyond low-risk information is suggested until a reviewer has decided"
            }
            Self::EvaluationUnreliable { .. } => "no verdict is given",
            Self::InterventionSuppressed { .. } => "nothing is suggested about this until it is steadier",
            Self::ProtocolInvalidated { .. } => "what was being tried is not suggested any more",
        }
    }
}

/// Why a value is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// Nothing at all has come in from its source.
    NotReceived,
    /// Its source sent other things of these days, but not this.
    NotWorn,
    /// The source that measures now has never measured it.
    NotMeasured,
}

/// A metric that used to come in and does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Missing {
    /// The metric.
    pub metric: Metric,
    /// Which kind of missing.
    pub absence: Absence,
    /// The last day with a value.
    pub last_day: LocalDay,
}
