//! The state of the weekly search in one metric: what later days are waited for. It is kept in the events it leads to.

use serde::{Deserialize, Serialize};

/// What is being waited for in one metric of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Watch {
    /// Nothing is pending.
    Idle {
        /// The first day on which to search again, if that had to be put off.
        resume_on: Option<i32>,
    },
    /// A change was raised and later days are to confirm it.
    Raised {
        /// The Monday of the raise: the last day that the search saw.
        raised_on: i32,
        /// The direction that was claimed.
        rises: bool,
        /// Whether the latest look, if there was one, reached a confidence of 0.6.
        standing: bool,
    },
    /// Later days confirmed a change, and its windows have not passed yet.
    Confirmed {
        /// The Monday of the raise.
        raised_on: i32,
        /// The direction that was confirmed.
        rises: bool,
    },
}

impl Default for Watch {
    fn default() -> Self {
        Self::Idle { resume_on: None }
    }
}
