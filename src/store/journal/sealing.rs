//! Sealing and chaining: from facts to events that can be appended.

use std::sync::Arc;

use uuid::Uuid;

use super::unavailable;
use crate::domain::event::{Event, Meta};
use crate::domain::person::PersonId;
use crate::engine::ports::entropy::Entropy;
use crate::engine::ports::journal::JournalError;
use crate::store::chain::{Hash, Header};
use crate::store::event_id::event_ids;
use crate::store::keys::KeysNow;
use crate::store::log::{AppendError, ChainedEvent, Head};
use crate::store::seal::{self, Binding, Key};

/// Seals facts of a person and chains them to the head of their stream. Done once: retries use the same bytes.
pub(super) async fn chained(
    (person, head): (PersonId, Option<Head>),
    key: &str,
    events: &[(Meta, Event)],
    recorded_at: i64,
    keys: &KeysNow<'_>,
    entropy: &dyn Entropy,
) -> Result<Arc<[ChainedEvent]>, JournalError> {
    let stream = person.stream();
    let (mut revision, mut previous) = head.map_or((0, Hash::GENESIS), |head| (head.revision + 1, head.hash));
    let length = u16::try_from(events.len()).map_err(|_| unavailable(AppendError::TooLarge))?;
    // Facts that follow each other rest on the same keys more often than not.
    let mut mixed: Option<(Vec<Uuid>, Key)> = None;
    let mut chained = Vec::with_capacity(events.len());
    for (id, (meta, event)) in event_ids(&stream, key, length).into_iter().zip(events) {
        let (mut key_ids, mut parts) = (Vec::new(), Vec::new());
        for scope in event.sealed_by() {
            let (id, part) = keys.of(person, scope).await.map_err(unavailable)?;
            key_ids.push(id);
            parts.push(part);
        }
        let sealing = match &mixed {
            Some((of, key)) if *of == key_ids => key,
            _ => &mixed.insert((key_ids.clone(), seal::mix(&parts))).1,
        };
        let binding = Binding {
            stream: &stream,
            event_id: id,
            event_type: event.kind(),
            schema_version: event.schema_version(),
            key_ids: &key_ids,
        };
        let body = event.encode(meta).map_err(unavailable)?;
        let body = seal::seal(sealing, &binding, &body, entropy).map_err(unavailable)?;
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
    Ok(chained.into())
}
