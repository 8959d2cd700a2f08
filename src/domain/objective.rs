//! What a person works towards. It moves what is told first, never what is measured or found.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::day::LocalDay;
use super::plan::Matter;

/// An aim with its days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// Its id.
    pub id: Uuid,
    /// What it is about.
    pub goal: Matter,
    /// What it leads up to, in the person's words, as in a race.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The day of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_day: Option<LocalDay>,
    /// The first day on which it stands.
    pub since: LocalDay,
    /// The last one, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LocalDay>,
}

impl Objective {
    /// Objectives that may stand at once.
    pub const MOST: usize = 10;
    /// Objectives that are kept, those that are over included.
    pub const MOST_KEPT: usize = 200;
    /// Letters in which an event is named.
    pub const LETTERS: usize = 120;

    /// Whether it stands on a day.
    #[must_use]
    pub fn stands_on(&self, day: LocalDay) -> bool {
        self.since <= day && self.until.is_none_or(|until| day <= until)
    }

    /// Days from a day to its event: none without one, or once it is over.
    #[must_use]
    pub fn days_left(&self, day: LocalDay) -> Option<i64> {
        self.event_day.map(|event| event.days_since(day)).filter(|days| *days >= 0)
    }
}
