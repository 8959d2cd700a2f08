//! Opening what is sealed: the keys of a page of events first, then each event by itself.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Poison, unavailable};
use crate::domain::Instant;
use crate::domain::event::{Event, Said};
use crate::domain::person::PersonId;
use crate::engine::ports::journal::{JournalError, Recorded, Told};
use crate::store::keys::KeysNow;
use crate::store::log::{Position, StoredEvent};
use crate::store::seal::{self, Binding, Key};

/// An event that does not open, or does not say what its type says.
pub(super) struct Misread {
    position: Position,
    reason: String,
}

impl From<Misread> for JournalError {
    fn from(Misread { position, reason }: Misread) -> Self {
        Self::Inconsistent { position: position.to_string(), reason }
    }
}

/// What opens some events: the keys that each was sealed with, mixed; nothing once one of them is destroyed.
pub(super) struct Opening(HashMap<Vec<Uuid>, Option<Key>>);

impl Opening {
    /// Looks the keys of some events up.
    pub(super) async fn of(keys: &KeysNow<'_>, events: &[StoredEvent]) -> Result<Self, JournalError> {
        let mut mixed = HashMap::new();
        for event in events {
            if mixed.contains_key(&event.key_ids) {
                continue;
            }
            let mut parts = Vec::with_capacity(event.key_ids.len());
            for id in &event.key_ids {
                parts.extend(keys.get(*id).await.map_err(unavailable)?);
            }
            let whole = parts.len() == event.key_ids.len();
            mixed.insert(event.key_ids.clone(), whole.then(|| seal::mix(&parts)));
        }
        Ok(Self(mixed))
    }

    /// The body of an event and the key that opens it; nothing once a key is destroyed or the body removed.
    pub(super) fn body(&self, event: &StoredEvent) -> Result<Option<(&Key, Vec<u8>)>, Misread> {
        let key = self.0.get(&event.key_ids).and_then(Option::as_ref);
        let Some((key, sealed)) = key.zip(event.body.as_ref()) else { return Ok(None) };
        let binding = Binding {
            stream: &event.stream,
            event_id: event.event_id,
            event_type: &event.event_type,
            schema_version: event.schema_version,
            key_ids: &event.key_ids,
        };
        let body = seal::open(key, &binding, sealed).map_err(|_| fault(event, "body_opens"))?;
        Ok(Some((key, body)))
    }

    /// An event with what it says.
    pub(super) fn recorded(&self, person: PersonId, event: StoredEvent) -> Result<Recorded, Misread> {
        let content = match self.body(&event)? {
            Some((_, body)) => {
                let decoded = Event::decode(&event.event_type, event.schema_version, &body);
                Some(decoded.map_err(|error| fault(&event, error))?)
            }
            None => None,
        };
        Ok(Recorded {
            position: event.position.to_string(),
            person,
            revision: event.revision,
            event_id: event.event_id,
            recorded_at: recorded_at(&event)?,
            hash: event.hash.to_hex(),
            kind: event.event_type,
            key_ids: event.key_ids,
            content,
        })
    }

    /// An event for its owner's trail.
    pub(super) fn told(&self, event: StoredEvent) -> Result<Told, Misread> {
        let said = match self.body(&event)? {
            Some((_, body)) => Some(Said::read(&event.event_type, &body).map_err(|error| fault(&event, error))?),
            None => None,
        };
        Ok(Told {
            recorded_at: recorded_at(&event)?,
            position: event.position.to_string(),
            revision: event.revision,
            event_id: event.event_id,
            hash: event.hash.to_hex(),
            said,
            kind: event.event_type,
        })
    }

    /// All events that are somebody's, in their order.
    pub(super) fn all(&self, events: Vec<StoredEvent>) -> Vec<Result<Recorded, Poison>> {
        let somebodys = events.into_iter().filter_map(|event| Some((PersonId::of_stream(&event.stream)?, event)));
        let opened = somebodys.map(|(person, event)| {
            let poison = |Misread { position, reason }| Poison { person, position: position.to_string(), reason };
            self.recorded(person, event).map_err(poison)
        });
        opened.collect()
    }
}

fn recorded_at(event: &StoredEvent) -> Result<Instant, Misread> {
    Instant::from_timestamp_micros(event.recorded_at).ok_or_else(|| fault(event, "recorded_at"))
}

fn fault(event: &StoredEvent, reason: impl ToString) -> Misread {
    Misread { position: event.position, reason: reason.to_string() }
}
