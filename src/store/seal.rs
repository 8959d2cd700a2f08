//! Sealing: a body that only its owner's keys can open.
//!
//! XChaCha20-Poly1305 under a key derived (HKDF-SHA256) from the person's key and the key of every provider the content
//! rests on. Destroying any of them makes exactly those bodies unreadable for good. The header is authenticated along.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::chain::put;
use crate::engine::ports::entropy::Entropy;

const BODY_TAG: &[u8] = b"candor/body/v1";
const NONCE: usize = 24;

/// A 256-bit key. It is wiped when dropped and never printed.
pub type Key = Zeroizing<[u8; 32]>;

/// Sealed bytes that do not open: another key, another header, or changed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes do not open")]
pub struct Unsealable;

/// What a body is bound to besides its key.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// The stream.
    pub stream: &'a str,
    /// The event's id.
    pub event_id: Uuid,
    /// The event's type.
    pub event_type: &'a str,
    /// The version of the body's shape.
    pub schema_version: u32,
    /// The ids of the keys, in the order in which they are mixed.
    pub key_ids: &'a [Uuid],
}

impl Binding<'_> {
    fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(160);
        put(&mut out, BODY_TAG);
        put(&mut out, self.stream.as_bytes());
        put(&mut out, self.event_id.as_bytes());
        put(&mut out, self.event_type.as_bytes());
        put(&mut out, &self.schema_version.to_be_bytes());
        for id in self.key_ids {
            put(&mut out, id.as_bytes());
        }
        out
    }
}

/// Mixes keys, in the order of their ids' list, into the one that seals.
pub fn mix(keys: &[Key]) -> Key {
    let mut material = Zeroizing::new(Vec::with_capacity(keys.len() * 32));
    for key in keys {
        material.extend_from_slice(key.as_slice());
    }
    let mut mixed = Key::default();
    // 32 bytes are always within what HKDF-SHA256 can expand to.
    let expanded = Hkdf::<Sha256>::new(None, &material).expand(BODY_TAG, mixed.as_mut_slice());
    debug_assert!(expanded.is_ok());
    mixed
}

/// Seals a body: nonce, then ciphertext.
///
/// # Errors
/// Never for bodies below the cipher's limit of 256 GB.
pub fn seal(key: &Key, binding: &Binding<'_>, body: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, Unsealable> {
    encrypt(key, &binding.canonical(), body, entropy)
}

/// Opens a sealed body.
///
/// # Errors
/// When key, header or bytes are not the ones it was sealed with.
pub fn open(key: &Key, binding: &Binding<'_>, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
    decrypt(key, &binding.canonical(), sealed)
}

/// Encrypts under a fresh nonce, with `aad` authenticated along.
///
/// # Errors
/// Never for messages below the cipher's limit.
pub fn encrypt(key: &Key, aad: &[u8], message: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, Unsealable> {
    let mut nonce = [0; NONCE];
    entropy.fill(&mut nonce);
    let cipher = XChaCha20Poly1305::new((&**key).into());
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: message, aad }).map_err(|_| Unsealable)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// The reverse of [`encrypt`].
///
/// # Errors
/// When anything is not as it was.
pub fn decrypt(key: &Key, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
    let (nonce, message) = sealed.split_first_chunk::<NONCE>().ok_or(Unsealable)?;
    let cipher = XChaCha20Poly1305::new((&**key).into());
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: message, aad }).map_err(|_| Unsealable)
}
