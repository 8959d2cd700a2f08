//! The hash chain: every event of a stream carries the hash of the one before it and of its own sealed body.
//!
//! The header is written length-prefixed in a fixed order, never as JSON, so that there is exactly one byte string for
//! one header. Everything that is stored is hashed except the position, whose gaplessness is checked instead. The body
//! enters through its digest: a body that was physically removed leaves a chain that still verifies.

use aws_lc_rs::digest::{Context, Digest, SHA256, digest};
use std::fmt;
use uuid::Uuid;

const HEADER_TAG: &[u8] = b"candor event header v1";
const CHAIN_TAG: &[u8] = b"candor event chain v1";

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first event of a stream names as the hash before it.
    pub const GENESIS: Self = Self([0; 32]);

    /// Takes the bytes of a digest as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Hashes bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::taken(&digest(&SHA256, bytes))
    }

    /// What the cryptographic library made: SHA-256 gives 32 bytes.
    pub(super) fn taken(digest: &Digest) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }

    /// The digest as bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest in lower-case hexadecimal.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = std::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hash({})", self.to_hex())
    }
}

/// What is said about an event in clear, and hashed.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// The stream the event belongs to.
    pub stream: &'a str,
    /// Its place in the stream, from 0.
    pub revision: u64,
    /// Its id.
    pub event_id: Uuid,
    /// Its stable name.
    pub event_type: &'a str,
    /// The version of its body's shape.
    pub schema_version: u32,
    /// When the command sealed it, in microseconds since 1970.
    pub recorded_at: i64,
    /// The keys its body is sealed with.
    pub key_ids: &'a [Uuid],
}

impl Header<'_> {
    /// The one byte string that stands for this header.
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(
            HEADER_TAG.len() + self.stream.len() + self.event_type.len() + 16 * self.key_ids.len() + 96,
        );
        put(&mut out, HEADER_TAG);
        put(&mut out, self.stream.as_bytes());
        put(&mut out, &self.revision.to_be_bytes());
        put(&mut out, self.event_id.as_bytes());
        put(&mut out, self.event_type.as_bytes());
        put(&mut out, &self.schema_version.to_be_bytes());
        put(&mut out, &self.recorded_at.to_be_bytes());
        out.extend_from_slice(&(self.key_ids.len() as u32).to_be_bytes());
        for key_id in self.key_ids {
            put(&mut out, key_id.as_bytes());
        }
        out
    }

    /// The hash of the event that has this header, follows `previous` and holds a body with this digest.
    pub fn chain(&self, previous: &Hash, body_digest: &Hash) -> Hash {
        let mut hasher = Context::new(&SHA256);
        hasher.update(CHAIN_TAG);
        hasher.update(previous.as_bytes());
        hasher.update(&self.canonical());
        hasher.update(body_digest.as_bytes());
        Hash::taken(&hasher.finish())
    }
}

/// Appends bytes with their length in front, so that no two sequences of parts read the same.
pub(crate) fn put(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u32).to_be_bytes());
    out.extend_from_slice(part);
}

/// Writes bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(keys: &[Uuid]) -> Header<'_> {
        Header {
            stream: "person-1",
            revision: 3,
            event_id: Uuid::from_u128(7),
            event_type: "day_scored",
            schema_version: 1,
            recorded_at: 1_700_000_000_000_000,
            key_ids: keys,
        }
    }

    #[test]
    fn every_field_of_the_header_changes_the_hash() {
        let keys = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let base = header(&keys);
        let body = Hash::of(b"body");
        let hash = base.chain(&Hash::GENESIS, &body);
        let others = [
            Header { stream: "person-2", ..base },
            Header { revision: 4, ..base },
            Header { event_id: Uuid::from_u128(8), ..base },
            Header { event_type: "day_score", ..base },
            Header { schema_version: 2, ..base },
            Header { recorded_at: base.recorded_at + 1, ..base },
            Header { key_ids: &keys[..1], ..base },
        ];
        for other in others {
            assert_ne!(other.chain(&Hash::GENESIS, &body), hash, "{other:?}");
        }
        assert_ne!(base.chain(&Hash::of(b"x"), &body), hash);
        assert_ne!(base.chain(&Hash::GENESIS, &Hash::of(b"bodz")), hash);
    }

    #[test]
    fn the_canonical_header_is_pinned() {
        let keys = [Uuid::from_u128(1)];
        assert_eq!(
            header(&keys).chain(&Hash::GENESIS, &Hash::of(b"body")).to_hex(),
            "fc095f5f38cec9ca42ffcf2fa321ff81db18e3aaee7027d66a5c55bdcba1d66d"
        );
    }
}
