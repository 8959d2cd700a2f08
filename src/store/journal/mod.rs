//! Typed events over the sealed log: encode, seal once, chain, append; read, open, decode.

mod opening;
mod sealing;
mod walk;

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;

use super::keys::KeyStore;
use super::last_heads::LastHeads;
use super::log::{AppendError, ChainedEvent, Direction, EventLog, Expected, Position, ReadError, StoredEvent, behind};
use super::verify::{Step, verify};
use crate::domain::Instant;
use crate::domain::event::{Event, Meta};
use crate::domain::person::PersonId;
use crate::engine::ports::checkpoint::Anchor;
use crate::engine::ports::entropy::Entropy;
use crate::engine::ports::journal::{ChainReport, Fault, Journal, JournalError, Recorded, Told};
use crate::engine::ports::proof::{OpeningKey, ProvenEvent};
use opening::Opening;
pub use walk::{JournalPage, Poison, Walk};

/// How often an append with an unknown outcome is repeated, with the same bytes and ids.
const RETRIES: usize = 3;

/// The log with its keys.
pub struct SealedJournal {
    log: Arc<dyn EventLog>,
    keys: Arc<KeyStore>,
    entropy: Arc<dyn Entropy>,
    last_heads: LastHeads,
}

impl SealedJournal {
    /// Joins a log, its keys and a source of nonces.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, keys: Arc<KeyStore>, entropy: Arc<dyn Entropy>) -> Self {
        Self { log, keys, entropy, last_heads: LastHeads::default() }
    }

    /// The position of the last event of the log.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn last_position(&self) -> Result<Option<Position>, JournalError> {
        self.log.last_position().await.map_err(unavailable)
    }

    /// How many events come after a position, and when the first of them was recorded.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn behind(&self, position: Option<Position>) -> Result<(u64, Option<Instant>), JournalError> {
        let (events, first) = behind(self.log.as_ref(), position).await.map_err(unavailable)?;
        Ok((events, first.and_then(Instant::from_timestamp_micros)))
    }

    /// How many keys were destroyed so far.
    ///
    /// # Errors
    /// When the keys do not answer.
    pub async fn keys_destroyed(&self) -> Result<i64, JournalError> {
        self.keys.now().await.map(|now| now.destroyed()).map_err(unavailable)
    }

    /// What opens some events, by the keys as they are now.
    async fn opening(&self, events: &[StoredEvent]) -> Result<Opening, JournalError> {
        Opening::of(&self.keys.now().await.map_err(unavailable)?, events).await
    }

    async fn stored(&self, person: PersonId, from: u64, limit: usize) -> Result<Vec<StoredEvent>, JournalError> {
        match self.log.read_stream(&person.stream(), from, Direction::Forward, limit).await {
            Ok(page) => Ok(page.events),
            Err(ReadError::NotFound) => Ok(Vec::new()),
            Err(ReadError::Store(error)) => Err(unavailable(error)),
        }
    }
}

/// Counts what was appended: how much it is, and who wrote the texts in it.
fn counted(events: &[(Meta, Event)]) {
    metrics::counter!("candor_events_appended_total").increment(events.len() as u64);
    for (_, event) in events {
        if let Event::NarrativePublished(published) = event {
            // The words of the engine; a label has no other.
            let source = match published.narrative.source.as_str() {
                "template" => "template",
                "mixed" => "mixed",
                _ => "model",
            };
            metrics::counter!("candor_narratives_total", "source" => source).increment(1);
        }
    }
}

fn unavailable(error: impl std::fmt::Display) -> JournalError {
    JournalError::Unavailable(error.to_string())
}

#[async_trait]
impl Journal for SealedJournal {
    async fn append(
        &self,
        person: PersonId,
        expected: Option<u64>,
        key: &str,
        events: &[(Meta, Event)],
        recorded_at: Instant,
    ) -> Result<u64, JournalError> {
        let stream = person.stream();
        let known = self.last_heads.at(person, expected);
        let head = if known.is_some() { known } else { self.log.head(&stream).await.map_err(unavailable)? };
        if head.map(|head| head.revision) != expected {
            return Err(JournalError::Conflict);
        }
        let expectation = head.map_or(Expected::NoStream, |head| Expected::Exact(head.revision));
        // A stream that goes on from where this process left it has lost no key since (see `LastHeads`).
        let keys =
            if known.is_some() { self.keys.known_before() } else { self.keys.now().await.map_err(unavailable)? };
        let at = recorded_at.timestamp_micros();
        let chained = sealing::chained((person, head), key, events, at, &keys, self.entropy.as_ref()).await?;
        let mut outcome = self.log.append(&stream, expectation, Arc::clone(&chained)).await;
        for _ in 0..RETRIES {
            if !matches!(outcome, Err(AppendError::Unavailable(_))) {
                break;
            }
            outcome = self.log.append(&stream, expectation, Arc::clone(&chained)).await;
        }
        // What was there before may hold other bytes under the same ids, and another hash.
        let written = matches!(&outcome, Ok(appended) if appended.replayed == Some(false));
        let erasing = events.iter().any(|(_, event)| matches!(event, Event::ErasureRequested(_)));
        self.last_heads.set(person, chained.last().filter(|_| written && !erasing).map(ChainedEvent::head));
        match outcome {
            Ok(appended) => {
                if appended.replayed != Some(true) {
                    counted(events);
                }
                Ok(appended.last_revision)
            }
            Err(AppendError::Conflict { .. }) => Err(JournalError::Conflict),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn read(&self, person: PersonId, from: u64, limit: usize) -> Result<Vec<Recorded>, JournalError> {
        let events = self.stored(person, from, limit).await?;
        let opening = self.opening(&events).await?;
        events.into_iter().map(|event| Ok(opening.recorded(person, event)?)).collect()
    }

    async fn told(&self, person: PersonId, from: u64, limit: usize) -> Result<Vec<Told>, JournalError> {
        let events = self.stored(person, from, limit).await?;
        let opening = self.opening(&events).await?;
        events.into_iter().map(|event| Ok(opening.told(event)?)).collect()
    }

    async fn proven(
        &self,
        person: PersonId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(Option<OpeningKey>, ProvenEvent)>, JournalError> {
        let events = self.stored(person, from, limit).await?;
        let opening = self.opening(&events).await?;
        let mut proven = Vec::new();
        for event in events {
            let opened = opening.body(&event)?;
            let recorded_at = Instant::from_timestamp_micros(event.recorded_at).unwrap_or_default();
            let body =
                opened.as_ref().map(|(_, body)| serde_json::from_slice(body)).transpose().map_err(unavailable)?;
            let key = opened
                .map(|(key, _)| OpeningKey { key_ids: event.key_ids.clone(), key: STANDARD.encode(key.as_slice()) });
            let event = ProvenEvent {
                position: event.position.to_string(),
                recorded_at: recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
                sealed: event.body.map(|sealed| STANDARD.encode(sealed)),
                body_digest: event.body_digest.to_hex(),
                prev_hash: event.prev_hash.to_hex(),
                hash: event.hash.to_hex(),
                body,
                stream: event.stream,
                revision: event.revision,
                event_id: event.event_id,
                kind: event.event_type,
                schema_version: event.schema_version,
                key_ids: event.key_ids,
            };
            proven.push((key, event));
        }
        Ok(proven)
    }

    async fn head(&self, person: PersonId) -> Result<Option<u64>, JournalError> {
        Ok(self.log.head(&person.stream()).await.map_err(unavailable)?.map(|head| head.revision))
    }

    async fn check(
        &self,
        anchor: Option<Anchor>,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<ChainReport, JournalError> {
        let mut faults = Vec::new();
        let mut tell = |step: Step| match step {
            Step::Fault(fault) => faults.push(Fault {
                position: fault.position.map(|position| position.to_string()).unwrap_or_default(),
                rule: fault.rule.to_string(),
            }),
            Step::Progress(events) => progress(events),
        };
        let summary = verify(self.log.as_ref(), anchor, &mut tell).await.map_err(unavailable)?;
        Ok(ChainReport { events: summary.events, streams: summary.streams, faults })
    }
}
