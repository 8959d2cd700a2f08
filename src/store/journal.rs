//! Typed events over the sealed log: encode, seal once, chain, append; read, open, decode.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;
use uuid::Uuid;

use super::chain::{Hash, Header};
use super::event_id::event_id;
use super::keys::{KeyStore, KeysNow};
use super::last_heads::LastHeads;
use super::log::{AppendError, ChainedEvent, Direction, EventLog, Expected, LogPage, Position, ReadError, StoredEvent};
use super::seal::{self, Binding, Key};
use super::verify::{Step, verify};
use crate::domain::Instant;
use crate::domain::event::{Event, Meta, Said};
use crate::domain::person::PersonId;
use crate::engine::ports::checkpoint::Anchor;
use crate::engine::ports::entropy::Entropy;
use crate::engine::ports::journal::{ChainReport, Fault, Journal, JournalError, Recorded, Told};
use crate::engine::ports::proof::{OpeningKey, ProvenEvent};

/// How often an append with an unknown outcome is repeated, with the same bytes and ids.
const RETRIES: usize = 3;

/// A page of the whole log.
pub struct JournalPage {
    /// The events in their order; one that does not open stands there as what is wrong with it.
    pub events: Vec<Result<Recorded, Poison>>,
    /// What to pass as `after` next.
    pub next: Option<Position>,
    /// Whether the page reached the end of the log as it was.
    pub caught_up: bool,
}

/// An event that this build cannot take in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    /// Whose it is.
    pub person: PersonId,
    /// Its place in the log.
    pub position: String,
    /// What is wrong.
    pub reason: String,
}

/// The log with its keys.
pub struct SealedJournal {
    log: Arc<dyn EventLog>,
    keys: Arc<KeyStore>,
    entropy: Arc<dyn Entropy>,
    /// The keys that were mixed last, and their mix: events of one person follow each other.
    last_mix: Mutex<Option<(Vec<Key>, Key)>>,
    last_heads: LastHeads,
}

impl SealedJournal {
    /// Joins a log, its keys and a source of nonces.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, keys: Arc<KeyStore>, entropy: Arc<dyn Entropy>) -> Self {
        Self { log, keys, entropy, last_mix: Mutex::default(), last_heads: LastHeads::default() }
    }

    /// A page of the whole log up to a position, opened. Events of no person are left out.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn read_all(
        &self,
        after: Option<Position>,
        until: Option<Position>,
        limit: usize,
    ) -> Result<JournalPage, JournalError> {
        let LogPage { mut events, mut next, mut caught_up } =
            self.log.read_all(after, limit).await.map_err(unavailable)?;
        if let Some(until) = until.filter(|until| next.is_some_and(|next| next >= *until)) {
            events.retain(|event| event.position <= until);
            (next, caught_up) = (events.last().map(|event| event.position).or(after), true);
        }
        let keys = self.keys.now().await.map_err(unavailable)?;
        let mut opened = Vec::with_capacity(events.len());
        for event in &events {
            let Some(person) = PersonId::of_stream(&event.stream) else { continue };
            opened.push(match self.open(&keys, person, event).await {
                Ok(recorded) => Ok(recorded),
                Err(JournalError::Inconsistent { position, reason }) => Err(Poison { person, position, reason }),
                Err(error) => return Err(error),
            });
        }
        Ok(JournalPage { events: opened, next, caught_up })
    }

    /// The position of the last event of the log.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn last_position(&self) -> Result<Option<Position>, JournalError> {
        self.log.last_position().await.map_err(unavailable)
    }

    /// When the first event after a position was recorded.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn recorded_after(&self, position: Option<Position>) -> Result<Option<Instant>, JournalError> {
        let page = self.log.read_all(position, 1).await.map_err(unavailable)?;
        Ok(page.events.first().and_then(|event| Instant::from_timestamp_micros(event.recorded_at)))
    }

    /// How many keys were destroyed so far.
    ///
    /// # Errors
    /// When the keys do not answer.
    pub async fn keys_destroyed(&self) -> Result<i64, JournalError> {
        self.keys.now().await.map(|now| now.destroyed()).map_err(unavailable)
    }

    fn mixed(&self, keys: Vec<Key>) -> Key {
        let mut last = self.last_mix.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref().filter(|(of, _)| *of == keys) {
            Some((_, mixed)) => mixed.clone(),
            None => last.insert((keys.clone(), seal::mix(&keys))).1.clone(),
        }
    }

    /// The body of an event and the key that opens it; nothing once a key is destroyed or the body removed.
    async fn opened(&self, now: &KeysNow<'_>, event: &StoredEvent) -> Result<Option<(Key, Vec<u8>)>, JournalError> {
        let mut keys = Vec::with_capacity(event.key_ids.len());
        for id in &event.key_ids {
            keys.extend(now.get(*id).await.map_err(unavailable)?);
        }
        let Some(sealed) = event.body.as_ref().filter(|_| keys.len() == event.key_ids.len()) else { return Ok(None) };
        let binding = Binding {
            stream: &event.stream,
            event_id: event.event_id,
            event_type: &event.event_type,
            schema_version: event.schema_version,
            key_ids: &event.key_ids,
        };
        let key = self.mixed(keys);
        let body = seal::open(&key, &binding, sealed).map_err(|_| JournalError::Inconsistent {
            position: event.position.to_string(),
            reason: "body_opens".to_owned(),
        })?;
        Ok(Some((key, body)))
    }

    async fn open(&self, keys: &KeysNow<'_>, person: PersonId, event: &StoredEvent) -> Result<Recorded, JournalError> {
        let fault = |reason: &str| JournalError::Inconsistent {
            position: event.position.to_string(),
            reason: reason.to_owned(),
        };
        let content = match self.opened(keys, event).await? {
            Some((_, body)) => {
                let decoded = Event::decode(&event.event_type, event.schema_version, &body);
                Some(decoded.map_err(|error| fault(&error.to_string()))?)
            }
            None => None,
        };
        let recorded_at = Instant::from_timestamp_micros(event.recorded_at).ok_or_else(|| fault("recorded_at"))?;
        Ok(Recorded {
            position: event.position.to_string(),
            person,
            revision: event.revision,
            event_id: event.event_id,
            kind: event.event_type.clone(),
            recorded_at,
            hash: event.hash.to_hex(),
            key_ids: event.key_ids.clone(),
            content,
        })
    }

    async fn stored(&self, person: PersonId, from: u64, limit: usize) -> Result<Vec<StoredEvent>, JournalError> {
        match self.log.read_stream(&person.stream(), from, Direction::Forward, limit).await {
            Ok(page) => Ok(page.events),
            Err(ReadError::NotFound) => Ok(Vec::new()),
            Err(ReadError::Store(error)) => Err(unavailable(error)),
        }
    }

    /// Seals and chains events once; retries use the same bytes.
    async fn chain(
        &self,
        person: PersonId,
        (mut revision, mut previous): (u64, Hash),
        key: &str,
        events: &[(Meta, Event)],
        recorded_at: i64,
    ) -> Result<Vec<ChainedEvent>, JournalError> {
        let stream = person.stream();
        let now = self.keys.now().await.map_err(unavailable)?;
        let length = u32::try_from(events.len()).unwrap_or(u32::MAX);
        let mut chained = Vec::with_capacity(events.len());
        for (index, (meta, event)) in (0..).zip(events) {
            let mut key_ids = Vec::new();
            let mut keys = Vec::new();
            for scope in event.sealed_by() {
                let (id, key) = now.of(person, scope).await.map_err(unavailable)?;
                key_ids.push(id);
                keys.push(key);
            }
            let id: Uuid = event_id(&stream, key, length, index);
            let binding = Binding {
                stream: &stream,
                event_id: id,
                event_type: event.kind(),
                schema_version: event.schema_version(),
                key_ids: &key_ids,
            };
            let body = event.encode(meta).map_err(|error| JournalError::Unavailable(error.to_string()))?;
            let body = seal::seal(&self.mixed(keys), &binding, &body, self.entropy.as_ref()).map_err(unavailable)?;
            let body_digest = Hash::of(&body);
            let header = Header {
                stream: &stream,
                revision,
                event_id: id,
                event_type: event.kind(),
                schema_version: event.schema_version(),
                recorded_at,
                key_ids: &key_ids,
            };
            let hash = header.chain(&previous, &body_digest);
            chained.push(ChainedEvent {
                event_id: id,
                revision,
                event_type: event.kind().to_owned(),
                schema_version: event.schema_version(),
                recorded_at,
                key_ids,
                body,
                body_digest,
                prev_hash: previous,
                hash,
            });
            previous = hash;
            revision += 1;
        }
        Ok(chained)
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
        let (expectation, start) = match head {
            None => (Expected::NoStream, (0, Hash::GENESIS)),
            Some(head) => (Expected::Exact(head.revision), (head.revision + 1, head.hash)),
        };
        let chained = self.chain(person, start, key, events, recorded_at.timestamp_micros()).await?;
        let mut outcome = self.log.append(&stream, expectation, chained.clone()).await;
        for _ in 0..RETRIES {
            if !matches!(outcome, Err(AppendError::Unavailable(_))) {
                break;
            }
            outcome = self.log.append(&stream, expectation, chained.clone()).await;
        }
        // What was there before may hold other bytes under the same ids, and another hash.
        let written = matches!(&outcome, Ok(appended) if appended.replayed == Some(false));
        self.last_heads.set(person, chained.last().filter(|_| written).map(ChainedEvent::head));
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
        let keys = self.keys.now().await.map_err(unavailable)?;
        let mut opened = Vec::with_capacity(events.len());
        for event in &events {
            opened.push(self.open(&keys, person, event).await?);
        }
        Ok(opened)
    }

    async fn told(&self, person: PersonId, from: u64, limit: usize) -> Result<Vec<Told>, JournalError> {
        let events = self.stored(person, from, limit).await?;
        let keys = self.keys.now().await.map_err(unavailable)?;
        let mut told = Vec::with_capacity(events.len());
        for event in events {
            let fault = |reason: String| JournalError::Inconsistent { position: event.position.to_string(), reason };
            let said = match self.opened(&keys, &event).await? {
                Some((_, body)) => {
                    Some(Said::read(&event.event_type, &body).map_err(|error| fault(error.to_string()))?)
                }
                None => None,
            };
            let recorded_at = Instant::from_timestamp_micros(event.recorded_at);
            told.push(Told {
                recorded_at: recorded_at.ok_or_else(|| fault("recorded_at".to_owned()))?,
                position: event.position.to_string(),
                revision: event.revision,
                event_id: event.event_id,
                hash: event.hash.to_hex(),
                said,
                kind: event.event_type,
            });
        }
        Ok(told)
    }

    async fn proven(
        &self,
        person: PersonId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(Option<OpeningKey>, ProvenEvent)>, JournalError> {
        let keys = self.keys.now().await.map_err(unavailable)?;
        let mut proven = Vec::new();
        for event in self.stored(person, from, limit).await? {
            let opened = self.opened(&keys, &event).await?;
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
