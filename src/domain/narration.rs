//! What came of asking a model for a plan: kept in the log, so that a text can be made again without asking anybody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::claim::Period;
use super::plan::NarrativePlan;

/// Who plans, and with which settings: a plan of another is not used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The model's name.
    pub model: String,
    /// A digest of everything else that shapes an answer: endpoint, prompt, schema, parameters.
    pub settings: String,
}

/// Why there is no answer. No variant carries a word of what was sent or received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NoAnswer {
    /// It took too long.
    #[error("timeout")]
    Timeout,
    /// No connection, or it broke off.
    #[error("connection")]
    Connection,
    /// The server refused: wrong key, no right, no such model or address.
    #[error("refused")]
    Refused,
    /// The server has too much to do.
    #[error("busy")]
    Busy,
    /// The server failed, or said that it had.
    #[error("server")]
    Server,
    /// The server sent the request somewhere else.
    #[error("redirected")]
    Redirected,
    /// More than 64 KiB.
    #[error("too_large")]
    TooLarge,
    /// Not finished: cut off, filtered, or refused by the model.
    #[error("not_finished")]
    NotFinished,
    /// Not what a plan looks like.
    #[error("unreadable")]
    Unreadable,
    /// The endpoint has failed too often lately and is not asked.
    #[error("breaker_open")]
    BreakerOpen,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// A plan of the right shape; what it says is checked when the text is made.
    Planned {
        /// The plan.
        plan: NarrativePlan,
    },
    /// The same was asked before: that plan is used again, and nobody was asked.
    Reused {
        /// The plan.
        plan: NarrativePlan,
    },
    /// None.
    Failed {
        /// Why.
        class: NoAnswer,
    },
}

/// An answer to the question that a digest names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The digest of what was asked.
    pub payload: String,
    /// Who was asked.
    pub identity: Identity,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A planned sentence that was not taken as planned, or something that was mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// s1 to s12; empty for what no sentence said.
    pub sentence: String,
    /// The check it failed.
    pub check: String,
    /// Whether the template's sentence stands in its place.
    pub replaced: bool,
}

/// What a person's stream remembers of models: the answers the next run makes its texts by, and the last plans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// Answers since the last run.
    pub fresh: BTreeMap<Period, Answered>,
    /// The last plan of each period, to be used again for the same question.
    pub kept: BTreeMap<Period, Answered>,
}

impl Answers {
    /// Takes an answer in.
    pub fn take(&mut self, period: Period, answered: Answered) {
        self.fresh.insert(period, answered);
    }

    /// A run has made its texts: what it had is no answer to the next.
    pub fn settle(&mut self) {
        for (period, answered) in std::mem::take(&mut self.fresh) {
            if !matches!(answered.outcome, Outcome::Failed { .. }) {
                self.kept.insert(period, answered);
            }
        }
    }

    /// The plan that the same question to the same model was answered with before: also by a run that came to nothing.
    #[must_use]
    pub fn known(&self, period: Period, payload: &str, identity: &Identity) -> Option<&NarrativePlan> {
        let answers = [self.fresh.get(&period), self.kept.get(&period)].into_iter().flatten();
        let same = answers.filter(|known| known.payload == payload && known.identity == *identity);
        let mut plans = same.filter_map(|known| match &known.outcome {
            Outcome::Planned { plan } | Outcome::Reused { plan } => Some(plan),
            Outcome::Failed { .. } => None,
        });
        plans.next()
    }
}
