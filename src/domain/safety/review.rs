//! Reviews: what a human looks at before Candor goes on.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Level;
use crate::domain::day::LocalDay;
use crate::domain::provider::Provider;

/// What a review is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// A safety notice.
    SafetyNotice(Uuid),
    /// A graded statement.
    Insight(Uuid),
    /// What an experiment showed.
    Evaluation(Uuid),
    /// A suggestion.
    Intervention(Uuid),
}

impl Subject {
    /// The type of entity and its id.
    #[must_use]
    pub const fn entity(self) -> (&'static str, Uuid) {
        match self {
            Self::SafetyNotice(id) => ("safety_notice", id),
            Self::Insight(id) => ("insight", id),
            Self::Evaluation(id) => ("evaluation", id),
            Self::Intervention(id) => ("intervention", id),
        }
    }
}

/// A question to a human.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The review's id.
    pub id: Uuid,
    /// What it is about.
    pub subject: Subject,
    /// Why it is asked, as in `spo2_low` or `large_effect`.
    pub reason: String,
    /// The day it was asked.
    pub day: LocalDay,
    /// Whose data the subject rests on.
    pub sources: Vec<Provider>,
}

/// What a reviewer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is over, or harmless: what it held back is let through.
    Clear,
    /// It stands.
    Keep,
}

/// A review and where it stands; without a decision it is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldReview {
    /// The review.
    pub review: Review,
    /// The last decision.
    pub decision: Option<Decision>,
}

/// A condition a reviewer has cleared: it is not raised again at this level before data have shown it to be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// The notice that was cleared.
    pub notice_id: Uuid,
    /// The level it had.
    pub level: Level,
}

/// Who cleared a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearedBy {
    /// The measurements: the condition is over.
    Data,
    /// The person, who no longer declares what it rests on.
    Declaration,
    /// A reviewer.
    Reviewer,
}
