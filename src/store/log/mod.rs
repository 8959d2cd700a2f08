//! The event log: sealed bytes in order, appended under an expectation, never changed.
//!
//! The trait promises the same on every backend, held by one contract suite: an append is atomic, acknowledged only when
//! it is durable, and an identical retry gives the first answer; the global order never shows a later event before an
//! earlier one. Sealing, hashing and the rules of the domain live above it. Deliberately absent: appending without an
//! expectation, deleting, truncating, several streams in one append, and subscriptions pushed by the server.

mod batch;
mod copy;
mod decide;
mod event;
#[cfg(feature = "eventstore")]
pub mod eventstore;
pub mod left;
mod position;
pub mod postgres;
pub mod sqlite;
mod writer;

pub use batch::{MAX_BATCH_BYTES, MAX_BATCH_EVENTS};
pub use copy::{Copied, CopyError, copy};
pub use event::{ChainedEvent, Leaf, StoredEvent};
#[cfg(feature = "eventstore")]
pub use eventstore::EventStoreLog;
pub use position::{InvalidPosition, Position};
pub use postgres::PostgresLog;
pub use sqlite::SqliteLog;

use std::sync::Arc;

use super::chain::Hash;
use super::error::{Cause, Inconsistency, StoreError};
use async_trait::async_trait;

/// What the caller believes about the stream it appends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The stream has no event yet.
    NoStream,
    /// The last event of the stream has this revision.
    Exact(u64),
}

impl Expected {
    /// The revision the next event must have.
    pub const fn next_revision(self) -> u64 {
        match self {
            Self::NoStream => 0,
            Self::Exact(revision) => revision.saturating_add(1),
        }
    }
}

/// A durable append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The revision of the first event of the batch.
    pub first_revision: u64,
    /// The revision of the last event of the batch.
    pub last_revision: u64,
    /// The position of the last event of the batch.
    pub position: Position,
    /// Whether these events were there before; `None` where the backend cannot tell. Nothing may depend on it.
    pub replayed: Option<bool>,
}

/// Why an append did not happen, or may not have happened.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The stream is not where the caller believed; it ends at `actual`.
    #[error("the stream is at another revision")]
    Conflict {
        /// The last revision, or `None` when there is no stream.
        actual: Option<u64>,
    },
    /// The stream was closed for good by an erasure.
    #[error("the stream is closed")]
    Closed,
    /// The batch has too many events or too many bytes.
    #[error("the batch is too large")]
    TooLarge,
    /// The batch holds no event.
    #[error("the batch is empty")]
    Empty,
    /// No answer: the batch may or may not be in the log. Retry with the same bytes and ids.
    #[error("{0}")]
    Unavailable(#[source] Cause),
    /// The batch does not continue the chain, or what stands there cannot be one.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistency),
}

impl AppendError {
    /// Wraps any cause as "outcome unknown".
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }
}

impl From<StoreError> for AppendError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::Inconsistent(inconsistency) => Self::Inconsistent(inconsistency),
        }
    }
}

impl From<sqlx::Error> for AppendError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such stream.
    #[error("no such stream")]
    NotFound,
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The way a stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the given revision upwards.
    Forward,
    /// From the given revision downwards.
    Backward,
}

/// The last event of a stream: its revision and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last revision.
    pub revision: u64,
    /// The hash the next event has to name.
    pub hash: Hash,
}

impl Head {
    /// The head of a stream from the row of its last event.
    fn of_row(stream: &str, revision: i64, hash: &[u8]) -> Result<Self, Inconsistency> {
        let at = |column| Inconsistency::new("events", column, stream);
        Ok(Self {
            revision: u64::try_from(revision).map_err(|_| at("revision"))?,
            hash: Hash::try_from(hash).map_err(|_| at("hash"))?,
        })
    }
}

/// A page of one stream.
#[derive(Debug, Clone)]
pub struct StreamPage {
    /// The events, in the direction asked for.
    pub events: Vec<StoredEvent>,
    /// Where the stream ended when the page was read.
    pub head: Head,
}

/// A page of the whole log.
#[derive(Debug, Clone)]
pub struct LogPage {
    /// The events in global order.
    pub events: Vec<StoredEvent>,
    /// What to pass as `after` next; equals the `after` given when the page is empty.
    pub next: Option<Position>,
    /// Whether the page reached the end of the log as it was.
    pub caught_up: bool,
}

/// Bytes of bodies after which a page ends, so that reading large events stays small.
const PAGE_BYTES: usize = 8 << 20;

/// The most events that are counted for a lag, where positions do not tell how many there are.
const MOST_BEHIND: u64 = 10_000;

/// How many events come after a position, and when the first of them was recorded, in microseconds since 1970. Where
/// positions are no counts, more than 10,000 are told as 10,000.
///
/// # Errors
/// When the store cannot answer.
pub async fn behind(log: &dyn EventLog, after: Option<Position>) -> Result<(u64, Option<i64>), StoreError> {
    let events = events_after(log, after, MOST_BEHIND).await?;
    if events == 0 {
        return Ok((0, None));
    }
    Ok((events, log.read_all(after, 1).await?.events.first().map(|event| event.recorded_at)))
}

/// How many events come after a position. Where positions are no counts, no more than `most` are counted.
///
/// # Errors
/// When the store cannot answer.
pub async fn events_after(log: &dyn EventLog, after: Option<Position>, most: u64) -> Result<u64, StoreError> {
    let last = log.last_position().await?;
    if log.capabilities().gapless_positions {
        let number = |position: Option<Position>| position.map_or(0, Position::number);
        return Ok(number(last).saturating_sub(number(after)));
    }
    let (mut counted, mut at) = (0, after);
    while counted < most && at < last {
        let page = usize::try_from(most - counted).unwrap_or(usize::MAX).min(COUNTED_AT_A_TIME);
        let leaves = log.leaves(at, page).await?;
        let Some(end) = leaves.last() else { break };
        (counted, at) = (counted + leaves.len() as u64, Some(end.position));
    }
    Ok(counted)
}

/// Events counted at a time.
const COUNTED_AT_A_TIME: usize = 1_000;

/// What a backend can do beyond the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Positions are 1, 2, 3 and so on, without a gap.
    pub gapless_positions: bool,
    /// A body can be removed for good while its digest stays.
    pub physical_erase: bool,
}

/// An append-only log of sealed events.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends a batch to one stream, whole or not at all; returns when it is durable.
    ///
    /// # Errors
    /// Everything [`AppendError`] names. An identical retry (same stream, ids and expectation) is no error: it gives the
    /// revisions and the position of the first time, whatever bytes it carries.
    async fn append(
        &self,
        stream: &str,
        expected: Expected,
        events: Arc<[ChainedEvent]>,
    ) -> Result<Appended, AppendError>;

    /// Reads up to `limit` events of one stream, starting with revision `from`; fewer where they are large.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] for a stream without events, otherwise when the store cannot answer.
    async fn read_stream(
        &self,
        stream: &str,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<StreamPage, ReadError>;

    /// Reads up to `limit` events of the whole log that come after a position; fewer where they are large.
    ///
    /// # Errors
    /// When the store cannot answer.
    async fn read_all(&self, after: Option<Position>, limit: usize) -> Result<LogPage, StoreError>;

    /// Reads the hashes of up to `limit` events of the whole log that come after a position, without what is hashed.
    ///
    /// # Errors
    /// When the store cannot answer.
    async fn leaves(&self, after: Option<Position>, limit: usize) -> Result<Vec<Leaf>, StoreError>;

    /// Where a stream ends; `None` when there is no such stream.
    ///
    /// # Errors
    /// When the store cannot answer.
    async fn head(&self, stream: &str) -> Result<Option<Head>, StoreError>;

    /// The position of the last event of the log; `None` when it is empty.
    ///
    /// # Errors
    /// When the store cannot answer.
    async fn last_position(&self) -> Result<Option<Position>, StoreError>;

    /// Closes a stream for good: every later append is refused with [`AppendError::Closed`]. Repeating it does nothing.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] for a stream without events, otherwise when the store cannot answer.
    async fn close(&self, stream: &str) -> Result<(), ReadError>;

    /// Removes the sealed bodies of a stream for good and keeps their digests, so that the chain still verifies.
    /// Returns how many were removed; always 0 where [`Capabilities::physical_erase`] is false.
    ///
    /// # Errors
    /// When the store cannot answer.
    async fn erase_bodies(&self, stream: &str) -> Result<u64, StoreError>;

    /// A hint that something was appended through this handle; other processes do not show up here.
    fn wake(&self) -> tokio::sync::watch::Receiver<u64>;

    /// What this backend can do beyond the contract.
    fn capabilities(&self) -> Capabilities;
}
