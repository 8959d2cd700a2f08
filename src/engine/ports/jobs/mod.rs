//! Work that is done later, once: the queue as those who order it and those who do it know it.
//!
//! A job is done at least once and its effect is written so that a second time changes nothing. A worker holds a job by a
//! lease; whoever lost the lease cannot end the job any more.

mod shown;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use thiserror::Error;
use uuid::Uuid;

pub use shown::{DeadLetter, Job, JobRun, JobState, NoPlace, Page, Place, Replay, Standing};

use crate::domain::Instant;
use crate::domain::person::PersonId;

/// The queue did not answer: what was asked of it may or may not have been done.
#[derive(Debug, Error)]
#[error("the queue of jobs is not available: {0}")]
pub struct QueueError(pub String);

/// How urgent a job is.
///
/// What is less urgent counts as if it had been ordered later: it waits for what is more urgent, and not for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Something has just happened: a notice names it, or a person waits for it.
    Live,
    /// What is done by the clock, and what brings a person up to date.
    Usual,
    /// What is long past.
    History,
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Live, Self::Usual, Self::History];

    /// How much later it counts as ordered.
    #[must_use]
    pub const fn behind(self) -> TimeDelta {
        match self {
            Self::Live => TimeDelta::zero(),
            Self::Usual => TimeDelta::minutes(10),
            Self::History => TimeDelta::hours(2),
        }
    }
}

/// How far apart the turns of one person's jobs of one priority are: between two of them others get theirs.
pub const SPACING: TimeDelta = TimeDelta::seconds(10);

/// A job to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Its id.
    pub id: Uuid,
    /// Which handler does it.
    pub kind: String,
    /// Two jobs of one key are the same work: one waits at most, and one runs at most.
    pub key: String,
    /// Whom it is about.
    pub person: Option<PersonId>,
    /// What the handler is told: ids and windows, never a measurement.
    pub payload: String,
    /// How urgent it is.
    pub priority: Priority,
    /// Not before then.
    pub run_at: Instant,
    /// Attempts after which it is given up.
    pub max_attempts: u32,
}

/// A job that this worker holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its id.
    pub id: Uuid,
    /// Which handler does it.
    pub kind: String,
    /// Whom it is about.
    pub person: Option<PersonId>,
    /// What the handler is told.
    pub payload: String,
    /// How urgent it is.
    pub priority: Priority,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Attempts after which it is given up.
    pub max_attempts: u32,
    /// The lease by which it is held.
    pub lease: Uuid,
    /// When this attempt began.
    pub started_at: Instant,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Done,
    /// To be tried again.
    Again {
        /// Not before then.
        at: Instant,
        /// What went wrong.
        fault: JobFault,
    },
    /// Not its turn: it waits and the attempt does not count.
    PutOff {
        /// Not before then.
        at: Instant,
        /// Why.
        fault: JobFault,
    },
    /// Given up: it lies among the dead letters.
    Dead(JobFault),
}

/// What went wrong, for a person and for a count. It holds no health value, no token and no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFault {
    /// A code, as in `rate_limited`.
    pub code: &'static str,
    /// A sentence.
    pub reason: String,
}

/// What each step of a job took, in the order of their names.
pub type Steps = BTreeMap<&'static str, Duration>;

/// An attempt that ended, to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which job, by which lease.
    pub job: Claimed,
    /// When.
    pub at: Instant,
    /// How.
    pub ending: Ending,
    /// What each step took.
    pub steps: Steps,
}

/// One turn of a worker: what it did is written down, and what it may do next is handed to it, all or nothing.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Who.
    pub worker: String,
    /// The time.
    pub now: Instant,
    /// Attempts that ended.
    pub ended: Vec<Ended>,
    /// Jobs it still works on: their leases are renewed.
    pub holding: Vec<(Uuid, Uuid)>,
    /// How many more it takes.
    pub want: u32,
    /// It takes nothing less urgent.
    pub least: Priority,
    /// The lease of what it takes.
    pub lease: Uuid,
    /// Until when leases hold.
    pub lease_until: Instant,
}

/// What a turn came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turned {
    /// Jobs that are the worker's now.
    pub claimed: Vec<Claimed>,
    /// Jobs whose lease somebody else has: what is still done for them is not written down.
    pub lost: Vec<Uuid>,
}

/// The queue.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Orders jobs; how many of them are new. What waits already under a key is not ordered twice, and is done no later and as
    /// no less urgent than the earlier and the more urgent of both.
    ///
    /// Turns go by when a job may begin, [`Priority::behind`] later, and at least [`SPACING`] after the last job of the same
    /// person and priority that waits: so persons take turns, however many jobs one of them has.
    ///
    /// # Errors
    /// When the queue does not answer.
    async fn order(&self, jobs: Vec<NewJob>, now: Instant) -> Result<u64, QueueError>;

    /// Writes down what a worker did and hands it what it may do next, in one transaction. Jobs whose lease ran out are taken
    /// back first: to wait again, or among the dead letters when they had all their attempts.
    ///
    /// # Errors
    /// When the queue does not answer: then nothing of the turn is to be taken for written down.
    async fn turn(&self, turn: Turn) -> Result<Turned, QueueError>;

    /// Orders a job by the clock: only for who moves the schedule from `due` to `next`. The first time `due` is `None`.
    ///
    /// # Errors
    /// When the queue does not answer.
    async fn fire(
        &self,
        name: &str,
        cron: &str,
        due: Option<Instant>,
        next: Instant,
        jobs: Vec<NewJob>,
    ) -> Result<bool, QueueError>;

    /// When a schedule is due next, if it is known under this rule.
    ///
    /// # Errors
    /// When the queue does not answer.
    async fn due(&self, name: &str, cron: &str) -> Result<Option<Instant>, QueueError>;

    /// When the last job of a key was done.
    ///
    /// # Errors
    /// When the queue does not answer.
    async fn last_done(&self, key: &str) -> Result<Option<Instant>, QueueError>;

    /// Jobs as they stand, the newest first.
    ///
    /// # Errors
    /// When the queue does not answer.
    async fn jobs(&self, page: Page, state: Option<JobState>) -> Result<Vec<Job>, QueueError>;

    /// Attempts, the newest first.
    ///
    /// # Errors
    /// When the queue does not answer.
    async fn runs(&self, page: Page, job: Option<Uuid>) -> Result<Vec<JobRun>, QueueError>;

    /// What was given up, the newest first.
    ///
    /// # Errors
    /// When the queue does not answer.
    async fn dead_letters(&self, page: Page) -> Result<Vec<DeadLetter>, QueueError>;

    /// Orders a dead letter again, once: under a new id, unless the same work waits already.
    ///
    /// # Errors
    /// When the queue does not answer.
    async fn replay(
        &self,
        person: Option<PersonId>,
        job: Uuid,
        again: Uuid,
        now: Instant,
    ) -> Result<Replay, QueueError>;

    /// How many jobs of each kind stand where, everybody's, in the order of kinds.
    ///
    /// # Errors
    /// When the queue does not answer.
    async fn standings(&self, now: Instant) -> Result<Vec<Standing>, QueueError>;

    /// Forgets jobs that were done before an instant, with their attempts, and those that were given up before another.
    ///
    /// # Errors
    /// When the queue does not answer.
    async fn prune(&self, done: Instant, given_up: Instant) -> Result<u64, QueueError>;
}
