//! The state of the weekly search in one metric: what was raised, and what later days are waited for. It is kept in the
//! events it leads to.

use serde::{Deserialize, Serialize};

/// What a weekly search looks for in one series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sought {
    /// The last 30 days lie elsewhere than the 60 before.
    #[default]
    Change,
    /// The mean jumped on a day that can be named.
    Step,
    /// A steady rise or fall.
    Trend,
}

/// What was raised, and on which Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raise {
    /// What was found.
    #[serde(default)]
    pub sought: Sought,
    /// The Monday of the raise: the last day that the search saw.
    pub raised_on: i32,
    /// The first of the days that looked different on that Monday: for a step, the day after it.
    pub since: i32,
    /// The direction that was claimed.
    pub rises: bool,
}

/// What is being waited for in one metric of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Watch {
    /// Nothing is pending.
    Idle {
        /// The first day on which to search again, if that had to be put off.
        resume_on: Option<i32>,
    },
    /// Something was raised and later days are to confirm it.
    Raised {
        /// What.
        #[serde(flatten)]
        raise: Raise,
        /// Whether the latest look, if there was one, reached a confidence of 0.6.
        standing: bool,
    },
    /// Later days confirmed it, and its windows have not passed yet.
    Confirmed {
        /// What.
        #[serde(flatten)]
        raise: Raise,
    },
}

impl Watch {
    /// What was raised, if anything is pending.
    #[must_use]
    pub const fn raise(&self) -> Option<Raise> {
        match self {
            Self::Idle { .. } => None,
            Self::Raised { raise, .. } | Self::Confirmed { raise } => Some(*raise),
        }
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::Idle { resume_on: None }
    }
}
