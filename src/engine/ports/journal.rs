//! The log as the engine knows it: typed events of one person, appended at an expected revision.

use async_trait::async_trait;
use thiserror::Error;
use uuid::Uuid;

use crate::domain::Instant;
use crate::domain::event::{Event, Meta, Said};
use crate::domain::person::PersonId;
use crate::engine::ports::checkpoint::Anchor;
use crate::engine::ports::proof::{OpeningKey, ProvenEvent};

/// An event as it was read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its place in the whole log, an opaque ordered token.
    pub position: String,
    /// Whose it is.
    pub person: PersonId,
    /// Its place in the person's stream.
    pub revision: u64,
    /// Its id.
    pub event_id: Uuid,
    /// Its type.
    pub kind: String,
    /// When it was sealed.
    pub recorded_at: Instant,
    /// Its hash, in hex.
    pub hash: String,
    /// The keys it was sealed with.
    pub key_ids: Vec<Uuid>,
    /// What it says; `None` once one of them is destroyed.
    pub content: Option<(Meta, Event)>,
}

/// An event as its owner's trail shows it.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its place in the whole log, an opaque ordered token.
    pub position: String,
    /// Its place in the person's stream.
    pub revision: u64,
    /// Its id.
    pub event_id: Uuid,
    /// Its type.
    pub kind: String,
    /// When it was sealed.
    pub recorded_at: Instant,
    /// Its hash, in hex.
    pub hash: String,
    /// What it says; `None` once a key it was sealed with is destroyed.
    pub said: Option<Said>,
}

/// Why nothing was appended or read.
#[derive(Debug, Error)]
pub enum JournalError {
    /// Somebody else appended first: load again and decide again.
    #[error("the stream has moved on")]
    Conflict,
    /// The store did not answer, or answered with something that cannot be.
    #[error("the log is not available: {0}")]
    Unavailable(String),
    /// A record does not hold what its type says, or was changed.
    #[error("position {position}: {reason}")]
    Inconsistent {
        /// Where.
        position: String,
        /// What is wrong.
        reason: String,
    },
}

/// A fault that a check of the whole log found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The position of the event, or of the last good one before it.
    pub position: String,
    /// The rule that it breaks.
    pub rule: String,
}

/// What a check of the whole log came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainReport {
    /// Events walked.
    pub events: u64,
    /// Streams met.
    pub streams: u64,
    /// What is wrong, in order.
    pub faults: Vec<Fault>,
}

/// The log.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends events to a person's stream at the revision the decision was made at. All or none are written, and an
    /// answer means they are durable. `key` makes the ids: the same decision appended twice is one.
    ///
    /// # Errors
    /// `Conflict` when the stream is not at `expected`; `Unavailable` when the outcome is unknown.
    async fn append(
        &self,
        person: PersonId,
        expected: Option<u64>,
        key: &str,
        events: &[(Meta, Event)],
        recorded_at: Instant,
    ) -> Result<u64, JournalError>;

    /// Reads a person's events from a revision on: at most `limit`, fewer where they are large, none where the stream ends. No such
    /// person is an empty answer.
    ///
    /// # Errors
    /// When the store does not answer or a record is not what it claims to be.
    async fn read(&self, person: PersonId, from: u64, limit: usize) -> Result<Vec<Recorded>, JournalError>;

    /// The same for a trail: what the events say is not taken apart.
    ///
    /// # Errors
    /// As for [`Self::read`].
    async fn told(&self, person: PersonId, from: u64, limit: usize) -> Result<Vec<Told>, JournalError>;

    /// Reads a person's events from a revision on with everything that proves them, as many as [`Self::read`] does, each with
    /// the key that opens it unless it is destroyed.
    ///
    /// # Errors
    /// When the store does not answer or a record is not what it claims to be.
    async fn proven(
        &self,
        person: PersonId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(Option<OpeningKey>, ProvenEvent)>, JournalError>;

    /// The revision of a person's newest event; nothing for nobody.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn head(&self, person: PersonId) -> Result<Option<u64>, JournalError>;

    /// Walks the whole log: positions, revisions, links, digests, heads, and what a checkpoint says.
    ///
    /// # Errors
    /// When the store does not answer; what is wrong with the log itself is in the report.
    async fn check(
        &self,
        anchor: Option<Anchor>,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<ChainReport, JournalError>;
}
