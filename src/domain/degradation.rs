//! Degradation: what Candor does not do for now, and why. Each state is an event and is shown to the person.

use serde::{Deserialize, Serialize};

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
    /// Two sources of one metric differ by more than 20 %: neither counts for an alert.
    ConflictingSignals {
        /// The metric they differ in.
        metric: Metric,
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
        }
    }

    /// What the state holds back, in plain words.
    #[must_use]
    pub const fn blocks(&self) -> &'static str {
        match self {
            Self::InsufficientData { .. } => "no change is looked for until there are 7 points in 14 days",
            Self::BaselinesFrozen { .. } => "usual values stand still until data arrive again",
            Self::ConflictingSignals { .. } => "no alert from either source",
        }
    }
}
