//! An event as the cluster keeps it: the sealed body as data, everything else that is hashed as custom metadata.
//!
//! The bytes of the metadata, numbers big-endian: `candor/1`, schema version (4), recorded at (8), body digest (32),
//! previous hash (32), hash (32), then the key ids (16 each). What has no such metadata is not ours.

use std::sync::Arc;

use bytes::Bytes;
use eventstore::{EventData, RecordedEvent};
use uuid::Uuid;

use crate::store::chain::Hash;
use crate::store::log::{ChainedEvent, Head, Position, StoredEvent};

const TAG: &[u8; 8] = b"candor/1";
/// The metadata of an event that is sealed with no key.
const LEAST: usize = 8 + 4 + 8 + 3 * 32;

/// The type of the event that closes a stream. It is none of the log's own: nobody above the adapter sees it.
const CLOSED: &str = "candor_stream_closed";
const CLOSED_TAG: &[u8; 8] = b"candor/c";

/// The name of the part of a cluster that is one log's own, and with it the names of its streams on the server.
#[derive(Debug, Clone)]
pub(super) struct Space(pub Arc<str>);

impl Space {
    /// What the server calls a stream.
    pub fn named(&self, stream: &str) -> String {
        if self.0.is_empty() { stream.to_owned() } else { format!("{}/{stream}", self.0) }
    }

    /// What we call a stream of the server's; `None` for one that is not this log's.
    fn own<'a>(&self, named: &'a str) -> Option<&'a str> {
        let (space, stream) = named.rsplit_once('/').unwrap_or(("", named));
        (*space == *self.0 && !named.starts_with('$')).then_some(stream)
    }
}

/// What an event of the server's is to this log.
#[derive(Debug)]
pub(super) enum Met {
    /// One of its events.
    Event(Box<StoredEvent>),
    /// The mark that its stream is closed, with the head before it.
    Closed(Head),
    /// Another's, or the server's own.
    Foreign,
}

/// An event as the server gave it.
#[derive(Debug)]
pub(super) struct Raw {
    pub position: Position,
    pub revision: u64,
    pub met: Met,
}

/// Turns a chained event into what the server takes.
pub(super) fn data(event: &ChainedEvent) -> EventData {
    let mut metadata = Vec::with_capacity(LEAST + 16 * event.key_ids.len());
    metadata.extend_from_slice(TAG);
    metadata.extend_from_slice(&event.schema_version.to_be_bytes());
    metadata.extend_from_slice(&event.recorded_at.to_be_bytes());
    for hash in [event.body_digest, event.prev_hash, event.hash] {
        metadata.extend_from_slice(hash.as_bytes());
    }
    event.key_ids.iter().for_each(|id| metadata.extend_from_slice(id.as_bytes()));
    EventData::binary(&event.event_type, Bytes::copy_from_slice(&event.body))
        .id(event.event_id)
        .metadata(Bytes::from(metadata))
}

/// The mark that a stream with this head is closed.
pub(super) fn closing(stream: &str, head: Head) -> EventData {
    let mut metadata = CLOSED_TAG.to_vec();
    metadata.extend_from_slice(&head.revision.to_be_bytes());
    metadata.extend_from_slice(head.hash.as_bytes());
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{CLOSED} {stream}").as_bytes());
    EventData::binary(CLOSED, Bytes::new()).id(id).metadata(Bytes::from(metadata))
}

/// Reads an event of the server's.
pub(super) fn met(space: &Space, recorded: RecordedEvent) -> Raw {
    let position = match recorded.position.commit {
        // The server tells no position of what it reads by stream.
        u64::MAX => Position::UNKNOWN,
        commit => Position::pair(commit, recorded.position.prepare),
    };
    let revision = recorded.revision;
    let met = own(space, position, &recorded).unwrap_or(Met::Foreign);
    Raw { position, revision, met }
}

fn own(space: &Space, position: Position, recorded: &RecordedEvent) -> Option<Met> {
    let stream = space.own(recorded.stream_id())?;
    let mut bytes = recorded.custom_metadata.as_ref();
    let tag = take::<8>(&mut bytes)?;
    if recorded.event_type == CLOSED && tag == *CLOSED_TAG {
        let revision = u64::from_be_bytes(take(&mut bytes)?);
        return Some(Met::Closed(Head { revision, hash: hash(&mut bytes)? }));
    }
    if tag != *TAG {
        return None;
    }
    let schema_version = u32::from_be_bytes(take(&mut bytes)?);
    let recorded_at = i64::from_be_bytes(take(&mut bytes)?);
    let (body_digest, prev_hash, hash) = (hash(&mut bytes)?, hash(&mut bytes)?, hash(&mut bytes)?);
    let (ids, rest) = bytes.as_chunks::<16>();
    if !rest.is_empty() {
        return None;
    }
    Some(Met::Event(Box::new(StoredEvent {
        position,
        stream: stream.to_owned(),
        revision: recorded.revision,
        event_id: recorded.id,
        event_type: recorded.event_type.clone(),
        schema_version,
        recorded_at,
        key_ids: ids.iter().copied().map(Uuid::from_bytes).collect(),
        body: Some(recorded.data.to_vec()),
        body_digest,
        prev_hash,
        hash,
    })))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

fn hash(bytes: &mut &[u8]) -> Option<Hash> {
    Hash::try_from(take::<32>(bytes)?.as_slice()).ok()
}
