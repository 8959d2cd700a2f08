//! An event as the log sees it: a header in clear, a sealed body, and its place in the chain.

use super::{Head, Position};
use crate::store::chain::{Hash, Header};
use crate::store::error::{Inconsistency, StoreError};
use uuid::Uuid;

/// An event that is sealed and chained, ready to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainedEvent {
    /// Its id, derived by the caller; unique in the log.
    pub event_id: Uuid,
    /// Its place in the stream.
    pub revision: u64,
    /// Its stable name.
    pub event_type: String,
    /// The version of its body's shape.
    pub schema_version: u32,
    /// When the command sealed it, in microseconds since 1970; never used for order.
    pub recorded_at: i64,
    /// The keys its body is sealed with.
    pub key_ids: Vec<Uuid>,
    /// The sealed body.
    pub body: Vec<u8>,
    /// The SHA-256 of the sealed body.
    pub body_digest: Hash,
    /// The hash of the event before it in the stream.
    pub prev_hash: Hash,
    /// Its own hash.
    pub hash: Hash,
}

impl ChainedEvent {
    /// The head of its stream once it is the last one.
    #[must_use]
    pub const fn head(&self) -> Head {
        Head { revision: self.revision, hash: self.hash }
    }
}

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the whole log.
    pub position: Position,
    /// The stream it belongs to.
    pub stream: String,
    /// Its place in the stream.
    pub revision: u64,
    /// Its id.
    pub event_id: Uuid,
    /// Its stable name.
    pub event_type: String,
    /// The version of its body's shape.
    pub schema_version: u32,
    /// When the command sealed it, in microseconds since 1970.
    pub recorded_at: i64,
    /// The keys its body is sealed with.
    pub key_ids: Vec<Uuid>,
    /// The sealed body; `None` after a physical erasure.
    pub body: Option<Vec<u8>>,
    /// The SHA-256 of the sealed body.
    pub body_digest: Hash,
    /// The hash of the event before it in the stream.
    pub prev_hash: Hash,
    /// Its own hash.
    pub hash: Hash,
}

impl StoredEvent {
    /// The part that is hashed together with the body's digest.
    pub fn header(&self) -> Header<'_> {
        Header {
            stream: &self.stream,
            revision: self.revision,
            event_id: self.event_id,
            event_type: &self.event_type,
            schema_version: self.schema_version,
            recorded_at: self.recorded_at,
            key_ids: &self.key_ids,
        }
    }
}

/// What a Merkle tree over the log holds of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// The place of the event in the whole log.
    pub position: Position,
    /// Its id.
    pub event_id: Uuid,
    /// Its hash.
    pub hash: Hash,
}

/// A leaf from its row.
pub(super) fn leaf(position: i64, event_id: Uuid, hash: &[u8]) -> Result<Leaf, StoreError> {
    let at = |column| Inconsistency::new("events", column, position);
    let number = u64::try_from(position).map_err(|_| at("position"))?;
    let hash = Hash::try_from(hash).map_err(|_| at("hash"))?;
    Ok(Leaf { position: Position::sequence(number), event_id, hash })
}

/// Packs key ids into one column.
pub(super) fn pack_key_ids(key_ids: &[Uuid]) -> Vec<u8> {
    key_ids.iter().flat_map(Uuid::as_bytes).copied().collect()
}

/// An `events` row before it is checked; both SQL backends read into it.
pub(super) struct EventRow<'r> {
    pub position: i64,
    pub stream: String,
    pub revision: i64,
    pub event_id: Uuid,
    pub event_type: String,
    pub schema_version: i64,
    pub recorded_at: i64,
    pub key_ids: &'r [u8],
    pub body: Option<Vec<u8>>,
    pub body_digest: &'r [u8],
    pub prev_hash: &'r [u8],
    pub hash: &'r [u8],
}

impl TryFrom<EventRow<'_>> for StoredEvent {
    type Error = Inconsistency;

    fn try_from(row: EventRow<'_>) -> Result<Self, Self::Error> {
        let at = |column| Inconsistency::new("events", column, row.position);
        let hash = |bytes: &[u8], column| Hash::try_from(bytes).map_err(|_| at(column));
        let (ids, rest) = row.key_ids.as_chunks::<16>();
        if !rest.is_empty() {
            return Err(at("key_ids"));
        }
        Ok(Self {
            position: Position::sequence(u64::try_from(row.position).map_err(|_| at("position"))?),
            revision: u64::try_from(row.revision).map_err(|_| at("revision"))?,
            event_id: row.event_id,
            schema_version: u32::try_from(row.schema_version).map_err(|_| at("schema_version"))?,
            recorded_at: row.recorded_at,
            key_ids: ids.iter().copied().map(Uuid::from_bytes).collect(),
            body_digest: hash(row.body_digest, "body_digest")?,
            prev_hash: hash(row.prev_hash, "prev_hash")?,
            hash: hash(row.hash, "hash")?,
            body: row.body,
            stream: row.stream,
            event_type: row.event_type,
        })
    }
}
