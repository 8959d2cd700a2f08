//! The log on an EventStoreDB (KurrentDB) cluster: streams, revisions and the expectation of an append are the server's own.
//!
//! No subscriptions: a reader asks for pages. The server takes the same ids a second time at the new head, so whoever
//! retries a command looks first whether it was done; the ids of the last event alone are compared here. A stream is
//! closed by a last event of another type, which nobody above sees: an append that races with it is refused by its revision.

mod client;
mod envelope;
mod read;

use std::sync::Arc;

use async_trait::async_trait;
use eventstore::{AppendToStreamOptions, Client, Credentials, EventData, StreamState};
use quick_cache::sync::Cache;
use tokio::sync::watch;

use super::{
    AppendError, Appended, Capabilities, ChainedEvent, Direction, EventLog, Expected, Head, Leaf, LogPage, Position,
    ReadError, StreamPage, batch,
};
use crate::store::error::{Inconsistency, StoreError};
pub use client::{Address, BadAddress};
use client::{Cell, Refused};
use envelope::{Space, closing, data};
use read::End;

/// The event log on a cluster.
pub struct EventStoreLog {
    cell: Cell,
    space: Space,
    /// Where streams ended when they were last looked at. Old ones do no harm: the server has the last word.
    ends: Cache<String, Option<End>>,
    wake: watch::Sender<u64>,
}

/// How many ends are remembered.
const MOST_ENDS: usize = 10_000;

impl EventStoreLog {
    /// A log on a cluster. Nothing is asked yet. The space is the name under which several logs share a cluster; it may be empty.
    #[must_use]
    pub fn new(address: Address, space: &str) -> Self {
        let (cell, space) = (Cell::new(address), Space(space.into()));
        Self { cell, space, ends: Cache::new(MOST_ENDS), wake: watch::Sender::new(0) }
    }

    /// Writes events behind a revision; the position of the last one.
    async fn write(&self, stream: &str, expected: Expected, events: Vec<EventData>) -> Result<Position, Refused> {
        let state = match expected {
            Expected::NoStream => StreamState::NoStream,
            Expected::Exact(revision) => StreamState::StreamRevision(revision),
        };
        let options = AppendToStreamOptions::default().stream_state(state).requires_leader(true);
        let options = match self.cell.login() {
            Some(login) => options.authenticated(Credentials::clone(login)),
            None => options,
        };
        let named = self.space.named(stream);
        let question = |client: Client| {
            let (named, options, events) = (named.clone(), options.clone(), events.clone());
            async move { client.append_to_stream(named, &options, events).await }
        };
        let written = self.cell.ask(question).await?;
        Ok(Position::pair(written.position.commit, written.position.prepare))
    }
}

/// What can be said of an append before the server is asked.
fn foreseen(stream: &str, expected: Expected, events: &[ChainedEvent], end: Option<End>) -> Result<(), AppendError> {
    let next = expected.next_revision();
    let actual = end.map(|end| end.head.revision);
    let length = actual.map_or(0, |last| last + 1);
    if next < length {
        // A repetition, or a conflict: the server compares the ids.
        return Ok(());
    }
    if end.is_some_and(|end| end.is_closed()) {
        return Err(AppendError::Closed);
    }
    let repeats = end.is_some_and(|end| events.iter().any(|event| Some(event.event_id) == end.id));
    if next > length || repeats {
        return Err(AppendError::Conflict { actual });
    }
    let previous = end.map_or(crate::store::chain::Hash::GENESIS, |end| end.head.hash);
    if events.first().is_some_and(|first| first.prev_hash != previous) {
        return Err(Inconsistency::new("events", "prev_hash", stream).into());
    }
    Ok(())
}

#[async_trait]
impl EventLog for EventStoreLog {
    async fn append(
        &self,
        stream: &str,
        expected: Expected,
        events: Arc<[ChainedEvent]>,
    ) -> Result<Appended, AppendError> {
        batch::check(expected, &events)?;
        // Whoever decided what to append has just looked where the stream ends.
        let seen = self.ends.remove(stream).map(|(_, end)| end);
        let fits = |end: &Option<End>| end.map_or(0, |end| end.head.revision + 1) == expected.next_revision();
        let end = match seen.filter(fits) {
            Some(end) => end,
            None => self.end(stream).await?,
        };
        foreseen(stream, expected, &events, end)?;
        let count = events.len() as u64;
        let written = match batch::has_twins(&events) {
            true => Err(Refused::Conflict),
            false => self.write(stream, expected, events.iter().map(data).collect()).await,
        };
        match written {
            Ok(position) => {
                self.wake.send_modify(|count| *count = count.wrapping_add(1));
                let first_revision = expected.next_revision();
                let last_revision = first_revision + count - 1;
                Ok(Appended { first_revision, last_revision, position, replayed: None })
            }
            Err(Refused::Store(error)) => Err(error.into()),
            Err(Refused::Conflict | Refused::NotFound) => {
                let end = self.end(stream).await?;
                match end {
                    Some(end) if end.is_closed() => Err(AppendError::Closed),
                    _ => Err(AppendError::Conflict { actual: end.map(|end| end.head.revision) }),
                }
            }
        }
    }

    async fn read_stream(
        &self,
        stream: &str,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<StreamPage, ReadError> {
        self.page(stream, from, direction, limit).await
    }

    async fn read_all(&self, after: Option<Position>, limit: usize) -> Result<LogPage, StoreError> {
        self.all(after, limit).await
    }

    async fn leaves(&self, after: Option<Position>, limit: usize) -> Result<Vec<Leaf>, StoreError> {
        // The server sends whole events: a page of them is as many as one of its own.
        let page = self.all(after, limit).await?;
        let leaf =
            |event: super::StoredEvent| Leaf { position: event.position, event_id: event.event_id, hash: event.hash };
        Ok(page.events.into_iter().map(leaf).collect())
    }

    async fn head(&self, stream: &str) -> Result<Option<Head>, StoreError> {
        let end = self.end(stream).await?;
        self.ends.insert(stream.to_owned(), end);
        Ok(end.map(|end| end.head))
    }

    async fn last_position(&self) -> Result<Option<Position>, StoreError> {
        self.last().await
    }

    async fn close(&self, stream: &str) -> Result<(), ReadError> {
        loop {
            let end = self.end(stream).await?.ok_or(ReadError::NotFound)?;
            if end.is_closed() {
                return Ok(());
            }
            let expected = Expected::Exact(end.head.revision);
            match self.write(stream, expected, vec![closing(stream, end.head)]).await {
                Ok(_) => return Ok(()),
                // Somebody wrote meanwhile: the mark goes behind that.
                Err(Refused::Conflict | Refused::NotFound) => {}
                Err(Refused::Store(error)) => return Err(error.into()),
            }
        }
    }

    async fn erase_bodies(&self, _stream: &str) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn wake(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { gapless_positions: false, physical_erase: false }
    }
}
