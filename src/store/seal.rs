//! Sealing: a body that only its owner's keys can open.
//!
//! XChaCha20-Poly1305 under a key derived (HKDF-SHA256) from the person's key and the key of every provider the content
//! rests on. Destroying any of them makes exactly those bodies unreadable for good. The header is authenticated along.
//!
//! XChaCha20-Poly1305 is put together as its draft (draft-irtf-cfrg-xchacha-03, section 2.3) does: ChaCha20-Poly1305 of RFC 8439 under
//! HChaCha20 of the key and the first 16 bytes of the nonce, with the last 8 as its own nonce (`docs/adr/0031-*`).

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use chacha20::{R20, hchacha};
use hkdf::Hkdf;
use sha2::Sha256;
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use super::chain::put;
use crate::engine::ports::entropy::Entropy;

const BODY_TAG: &[u8] = b"candor/body/v1";
const NONCE: usize = 24;
/// The bytes of a nonce that go into the key.
const HASHED: usize = 16;

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
    let (cipher, own) = cipher(key, &nonce)?;
    let mut sealed = Vec::with_capacity(NONCE + message.len() + CHACHA20_POLY1305.tag_len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(message);
    let tag = cipher.seal_in_place_separate_tag(own, Aad::from(aad), &mut sealed[NONCE..]).map_err(|_| Unsealable)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// The reverse of [`encrypt`].
///
/// # Errors
/// When anything is not as it was.
pub fn decrypt(key: &Key, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
    let (nonce, message) = sealed.split_first_chunk::<NONCE>().ok_or(Unsealable)?;
    let (cipher, own) = cipher(key, nonce)?;
    let mut opened = message.to_vec();
    let length = cipher.open_in_place(own, Aad::from(aad), &mut opened).map_err(|_| Unsealable)?.len();
    opened.truncate(length);
    Ok(opened)
}

/// The cipher and the nonce of RFC 8439 that stand for a key and a nonce of 24 bytes.
fn cipher(key: &Key, nonce: &[u8; NONCE]) -> Result<(LessSafeKey, Nonce), Unsealable> {
    let (first, last) = nonce.split_at(HASHED);
    let first = first.try_into().map_err(|_| Unsealable)?;
    // HChaCha20 leaves its last state on the stack, which could be run back to the key: the crate does not wipe it.
    let mut hashed = hchacha::<R20>((&**key).into(), first);
    let mut derived = Key::default();
    derived.copy_from_slice(&hashed);
    hashed.as_mut_slice().zeroize();
    let unbound = UnboundKey::new(&CHACHA20_POLY1305, derived.as_slice()).map_err(|_| Unsealable)?;
    let mut own = [0; NONCE_LEN];
    own[NONCE_LEN - last.len()..].copy_from_slice(last);
    Ok((LessSafeKey::new(unbound), Nonce::assume_unique_for_key(own)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20poly1305::aead::{Aead, Payload};
    use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
    use proptest::prelude::*;

    /// A nonce that is known.
    struct Fixed([u8; NONCE]);

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0);
        }
    }

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    #[test]
    fn it_seals_as_the_draft_of_xchacha_says() {
        let message = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                        sunscreen would be it.";
        let aad = bytes("50515253c0c1c2c3c4c5c6c7");
        let key = Key::new(std::array::from_fn(|at| 0x80 + at as u8));
        let nonce = std::array::from_fn(|at| 0x40 + at as u8);
        let sealed = encrypt(&key, &aad, message, &Fixed(nonce)).unwrap();
        let expected = "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39\
                        ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
                        21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49";
        assert_eq!(sealed, [nonce.as_slice(), &bytes(expected)].concat());
        assert_eq!(decrypt(&key, &aad, &sealed).unwrap(), message);
    }

    proptest! {
        #[test]
        fn another_implementation_makes_and_opens_the_same_bytes(
            key: [u8; 32], nonce: [u8; NONCE], aad: Vec<u8>, message in prop::collection::vec(any::<u8>(), 0..2_000),
        ) {
            let sealed = encrypt(&Key::new(key), &aad, &message, &Fixed(nonce)).unwrap();
            let payload = Payload { msg: &message, aad: &aad };
            let other = XChaCha20Poly1305::new(&key.into()).encrypt(&XNonce::from(nonce), payload).unwrap();
            prop_assert_eq!(&sealed[NONCE..], other);
            prop_assert_eq!(decrypt(&Key::new(key), &aad, &sealed).unwrap(), message);
        }

        #[test]
        fn a_changed_byte_or_a_cut_opens_nothing(
            message in prop::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, bit in 0..8_u32,
        ) {
            let (key, aad) = (Key::new([7; 32]), b"what it is bound to");
            let sealed = encrypt(&key, aad, &message, &Fixed([9; NONCE])).unwrap();
            let mut changed = sealed.clone();
            changed[at.index(sealed.len())] ^= 1 << bit;
            prop_assert!(decrypt(&key, aad, &changed).is_err());
            prop_assert!(decrypt(&key, aad, &sealed[..at.index(sealed.len())]).is_err());
            prop_assert!(decrypt(&key, b"something else", &sealed).is_err());
        }
    }
}
