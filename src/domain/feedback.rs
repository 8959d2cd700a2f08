//! What a person says of a statement. It changes what they are told, never what was measured.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::day::LocalDay;

/// A person's word on a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    /// It helps: it is told before others of its kind.
    Useful,
    /// It is not so.
    Wrong,
    /// It may be so, but not of them: somebody else wore the device, or the day was no day of theirs.
    NotMe,
}

impl Feedback {
    /// Every word there is.
    pub const ALL: [Self; 3] = [Self::Useful, Self::Wrong, Self::NotMe];

    /// Whether it keeps a statement from being told.
    #[must_use]
    pub const fn disputes(self) -> bool {
        matches!(self, Self::Wrong | Self::NotMe)
    }

    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Useful => "useful",
            Self::Wrong => "wrong",
            Self::NotMe => "not_me",
        }
    }
}

impl fmt::Display for Feedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// What is no word of feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("feedback is useful, wrong or not_me")]
pub struct NoFeedback;

impl FromStr for Feedback {
    type Err = NoFeedback;

    fn from_str(text: &str) -> Result<Self, NoFeedback> {
        Self::ALL.into_iter().find(|feedback| feedback.key() == text).ok_or(NoFeedback)
    }
}

/// A word that stands, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The word.
    pub feedback: Feedback,
    /// The day on which it was given.
    pub day: LocalDay,
}

impl Given {
    /// Days for which a dispute holds: as long as the days it was about are looked at.
    pub const DISPUTED_DAYS: i64 = 90;

    /// Whether the statement is not told on a day, and nothing is suggested because of it.
    #[must_use]
    pub fn disputes(self, day: LocalDay) -> bool {
        self.feedback.disputes() && day.days_since(self.day) < Self::DISPUTED_DAYS
    }
}
