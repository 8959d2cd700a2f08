//! Whose data it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The random id of a person. It is the only thing in clear that points at them, and means nothing by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(Uuid);

impl PersonId {
    /// Wraps an id that the caller has drawn or read.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The id as a UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The name of this person's stream in the log: `person-<uuid>`.
    #[must_use]
    pub fn stream(self) -> String {
        format!("person-{}", self.0)
    }

    /// The person a stream belongs to, or `None` for the streams of no person.
    #[must_use]
    pub fn of_stream(stream: &str) -> Option<Self> {
        stream.strip_prefix("person-")?.parse().ok()
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PersonId {
    type Err = uuid::Error;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(s).map(Self)
    }
}
