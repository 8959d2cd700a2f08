//! Jobs, attempts and dead letters as they are shown.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::DateTime;
use thiserror::Error;
use uuid::Uuid;

use crate::domain::Instant;
use crate::domain::person::PersonId;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It waits.
    Ready,
    /// Somebody works on it.
    Running,
    /// It is done.
    Done,
    /// It was given up.
    Dead,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Ready, Self::Running, Self::Done, Self::Dead];

    /// The stable name.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

/// A job as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// Which handler does it.
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// Attempts begun.
    pub attempt: u32,
    /// Attempts after which it is given up.
    pub max_attempts: u32,
    /// Not before then.
    pub run_at: Instant,
    /// When it was ordered.
    pub created_at: Instant,
    /// When it ended.
    pub ended_at: Option<Instant>,
}

/// An attempt as it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    /// Of which job.
    pub job: Uuid,
    /// Its kind.
    pub kind: String,
    /// Which one, from 1.
    pub run: u32,
    /// When it began.
    pub started_at: Instant,
    /// When it ended.
    pub ended_at: Instant,
    /// `done`, `again`, `put_off`, `dead` or `lost`.
    pub outcome: String,
    /// What went wrong: code and sentence.
    pub fault: Option<(String, String)>,
    /// What each step took, in milliseconds.
    pub steps: BTreeMap<String, u64>,
}

/// A job that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Which job.
    pub job: Uuid,
    /// Its kind.
    pub kind: String,
    /// What its handler was told.
    pub payload: String,
    /// Attempts made.
    pub attempts: u32,
    /// What went wrong: code and sentence.
    pub fault: (String, String),
    /// When.
    pub died_at: Instant,
    /// The job that does it again, if one does.
    pub replayed_as: Option<Uuid>,
}

impl Job {
    /// Where it stands in a list.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place { at: self.created_at, job: self.id, run: 0 }
    }
}

impl JobRun {
    /// Where it stands in a list.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place { at: self.ended_at, job: self.job, run: self.run }
    }
}

impl DeadLetter {
    /// Where it stands in a list.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place { at: self.died_at, job: self.job, run: 0 }
    }
}

/// Where an entry stands in a list whose newest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// When it was ordered, or ended.
    pub at: Instant,
    /// Which job.
    pub job: Uuid,
    /// Which attempt of it; 0 in lists of jobs.
    pub run: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.at.timestamp_micros(), self.job, self.run)
    }
}

/// A text that names no place of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this is no place of a list of jobs")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let mut parts = text.split('/');
        let mut next = || parts.next().ok_or(NoPlace);
        let at = next()?.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or(NoPlace)?;
        let job = next()?.parse().map_err(|_| NoPlace)?;
        let run = next()?.parse().map_err(|_| NoPlace)?;
        Ok(Self { at, job, run })
    }
}

/// A page of a list, the newest first.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Whose jobs; those of everybody, and of nobody in particular, for who runs the server.
    pub person: Option<PersonId>,
    /// What comes after this place.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: u32,
}

/// What became of the wish to order a dead letter again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// This job does it: a new one, or the one of its key that waits already.
    As(Uuid),
    /// It was ordered again before, as this job.
    Before(Uuid),
    /// There is no such letter of this person.
    Unknown,
}

/// How many jobs of a kind stand somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which handler does them.
    pub kind: String,
    /// Where they stand.
    pub state: JobState,
    /// How many.
    pub count: u64,
    /// Since when the one that may begin the longest could begin; of those that wait alone.
    pub oldest: Option<Instant>,
}
