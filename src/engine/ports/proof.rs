//! The lines of an export that proves itself: every event with what the chain is made of, the keys that open it, and a signed
//! seal at the end. `docs/log.md` says how each hash is made, so that anybody can check one without this program.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use thiserror::Error;
use uuid::Uuid;

/// An event with everything that its hash is made of, and what it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenEvent {
    /// The stream.
    pub stream: String,
    /// Its place in the stream.
    pub revision: u64,
    /// Its place in the whole log, which no hash holds.
    pub position: String,
    /// Its id.
    pub event_id: Uuid,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The version of its body's shape.
    pub schema_version: u32,
    /// When it was sealed: RFC 3339 with six decimals.
    pub recorded_at: String,
    /// The keys its body is sealed with.
    pub key_ids: Vec<Uuid>,
    /// The sealed body in base64; nothing once it was removed.
    pub sealed: Option<String>,
    /// SHA-256 of the sealed body, in hex.
    pub body_digest: String,
    /// The hash of the event before it, in hex.
    pub prev_hash: String,
    /// Its own hash, in hex.
    pub hash: String,
    /// What it says; nothing once a key is destroyed.
    pub body: Option<Json>,
}

/// The key that opens what is sealed with some keys: it stands before the first event that it opens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningKey {
    /// The ids of the keys it is mixed of, in their order.
    pub key_ids: Vec<Uuid>,
    /// Itself, in base64.
    pub key: String,
}

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpeningKey").field("key_ids", &self.key_ids).finish_non_exhaustive()
    }
}

/// The last line: what the export holds, signed by the server that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The stream.
    pub stream: String,
    /// How many events there are, from revision 0 on without a gap.
    pub events: u64,
    /// The hash of the last one, in hex.
    pub head: String,
    /// SHA-256 over every line before this one, line ends included, in hex.
    pub lines: String,
    /// When it was made.
    pub exported_at: String,
    /// The Ed25519 key of the server, in hex.
    pub signed_by: String,
    /// Its signature, in hex.
    pub signature: String,
}

impl Seal {
    /// The bytes that are signed.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        let Self { stream, events, head, lines, exported_at, .. } = self;
        format!("candor export v1\n{stream}\n{events}\n{head}\n{lines}\n{exported_at}\n").into_bytes()
    }

    /// Whether the key that it names has signed it.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        is_signed(&self.signed_by, &self.signature, &self.signed_bytes())
    }
}

/// Whether a key has signed some bytes; both are in hex.
#[must_use]
pub fn is_signed(key: &str, signature: &str, bytes: &[u8]) -> bool {
    let (Some(key), Some(signature)) = (unhex(key), unhex(signature)) else { return false };
    UnparsedPublicKey::new(&ED25519, key).verify(bytes, &signature).is_ok()
}

/// A line of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// A key.
    Key(OpeningKey),
    /// An event.
    Event(Box<ProvenEvent>),
    /// The end.
    Seal(Seal),
}

/// The secret makes no signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the secret makes no signing key")]
pub struct NoSigner;

/// Signs exports, with a key of its own that follows from the server's secret.
pub struct ExportSigner(Ed25519KeyPair);

impl fmt::Debug for ExportSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExportSigner").field(&self.public()).finish()
    }
}

impl ExportSigner {
    /// The signer of a server's secret.
    ///
    /// # Errors
    /// When the cryptographic library does not take it, which it does for any.
    pub fn new(secret: &[u8]) -> Result<Self, NoSigner> {
        let seed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"candor/exports");
        Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map(Self).map_err(|_| NoSigner)
    }

    /// The key that checks what it signs, in hex.
    #[must_use]
    pub fn public(&self) -> String {
        hex(self.0.public_key().as_ref())
    }

    /// Signs the end of an export: its key and its signature are put in.
    #[must_use]
    pub fn sign(&self, seal: Seal) -> Seal {
        let seal = Seal { signed_by: self.public(), ..seal };
        let signature = self.signature(&seal.signed_bytes());
        Seal { signature, ..seal }
    }

    /// The signature over some bytes, in hex.
    #[must_use]
    pub fn signature(&self, bytes: &[u8]) -> String {
        hex(self.0.sign(bytes).as_ref())
    }
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from hexadecimal digits; nothing where they are none.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| (0..text.len()).step_by(2).map(pair).collect())
        .flatten()
}
