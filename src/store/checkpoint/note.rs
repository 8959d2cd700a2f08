//! A checkpoint as text: a signed note of C2SP (`c2sp.org/signed-note`) that holds a tree head (`c2sp.org/tlog-checkpoint`).
//!
//! The name of the key is the origin of the log, and both follow from the public key: a log has one key and a key one log.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::engine::ports::checkpoint::Anchor;
use crate::store::chain::{Hash, hex};

/// What the name of every key of ours begins with.
const ORIGIN: &str = "candor/log/";
/// The kind of key that Ed25519 is, in a verifier key and in the hash of a key.
const ED25519_KIND: u8 = 1;
/// What a line with a signature begins with.
const SIGNED: &str = "\u{2014} ";

/// A text that is no checkpoint, or not of that key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNote {
    /// It is none.
    #[error("it is no checkpoint")]
    NoCheckpoint,
    /// The key has not signed it.
    #[error("that key has not signed it")]
    NotSigned,
}

/// What checks a signature: the name of a key and the key, as in `candor/log/0a1b2c3d4e5f6071+5d2a9c31+AT...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    public: [u8; 32],
}

/// A text that is no verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a verifier key is written NAME+HASH+KEY, as `candor checkpoint` shows it")]
pub struct NoVerifier;

impl Verifier {
    /// The first four bytes of SHA-256 over the name, a line end, the kind of the key and the key.
    fn id(&self) -> [u8; 4] {
        let of = [self.name.as_bytes(), b"\n", &[ED25519_KIND], &self.public].concat();
        let [a, b, c, d, ..] = *Hash::of(&of).as_bytes();
        [a, b, c, d]
    }

    /// Reads a checkpoint that this key has signed. Lines of other keys, of witnesses for example, are let be.
    ///
    /// # Errors
    /// When it is none, or this key has not signed it.
    pub fn open(&self, note: &str) -> Result<Anchor, BadNote> {
        // Neither the text nor a signature holds an empty line.
        let (text, signatures) = note.split_once("\n\n").ok_or(BadNote::NoCheckpoint)?;
        let text = format!("{text}\n");
        let signatures = signatures.strip_suffix('\n').ok_or(BadNote::NoCheckpoint)?;
        let mut signed = false;
        for line in signatures.split('\n') {
            let line = line.strip_prefix(SIGNED).ok_or(BadNote::NoCheckpoint)?;
            let (name, signature) = line.split_once(' ').ok_or(BadNote::NoCheckpoint)?;
            let signature = STANDARD.decode(signature).map_err(|_| BadNote::NoCheckpoint)?;
            let (id, signature) = signature.split_first_chunk::<4>().ok_or(BadNote::NoCheckpoint)?;
            if name == self.name && *id == self.id() {
                let key = UnparsedPublicKey::new(&ED25519, &self.public);
                key.verify(text.as_bytes(), signature).map_err(|_| BadNote::NotSigned)?;
                signed = true;
            }
        }
        if !signed {
            return Err(BadNote::NotSigned);
        }
        let (origin, anchor) = head(&text).ok_or(BadNote::NoCheckpoint)?;
        if origin == self.name { Ok(anchor) } else { Err(BadNote::NotSigned) }
    }
}

/// What a checkpoint says, whoever signed it.
pub(super) fn unsigned(note: &str) -> Option<Anchor> {
    let (text, _) = note.split_once("\n\n")?;
    head(&format!("{text}\n")).map(|(_, anchor)| anchor)
}

/// The origin and the tree head of a text; lines after them are of extensions.
fn head(text: &str) -> Option<(&str, Anchor)> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    let (origin, number, root) = (lines.next()?, lines.next()?, lines.next()?);
    let size: u64 = number.parse().ok().filter(|size: &u64| size.to_string() == number)?;
    let root = STANDARD.decode(root).ok()?.try_into().ok()?;
    lines.all(|line| !line.is_empty()).then_some((origin, Anchor { size, root }))
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ED25519_KIND], self.public.as_slice()].concat());
        write!(f, "{}+{}+{key}", self.name, hex(&self.id()))
    }
}

impl FromStr for Verifier {
    type Err = NoVerifier;

    fn from_str(text: &str) -> Result<Self, NoVerifier> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoVerifier);
        };
        let key = STANDARD.decode(key).map_err(|_| NoVerifier)?;
        let Some((&ED25519_KIND, public)) = key.split_first() else { return Err(NoVerifier) };
        let public = public.try_into().map_err(|_| NoVerifier)?;
        let verifier = Self { name: name.to_owned(), public };
        let named = !name.is_empty() && !name.contains(char::is_whitespace);
        if named && hex(&verifier.id()) == id { Ok(verifier) } else { Err(NoVerifier) }
    }
}

/// Signs checkpoints.
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: Verifier,
}

/// The secret makes no signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret makes no key for checkpoints")]
pub struct NoSigner;

impl Signer {
    /// The signer of a seed of 32 bytes.
    ///
    /// # Errors
    /// When the cryptographic library does not take it, which it does for any.
    pub fn new(seed: &[u8]) -> Result<Self, NoSigner> {
        Self::named(seed, |public| format!("{ORIGIN}{}", hex(&Hash::of(public).as_bytes()[..8])))
    }

    fn named(seed: &[u8], name: impl FnOnce(&[u8]) -> String) -> Result<Self, NoSigner> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoSigner)?;
        let public: [u8; 32] = pair.public_key().as_ref().try_into().map_err(|_| NoSigner)?;
        Ok(Self { pair, verifier: Verifier { name: name(&public), public } })
    }

    /// What checks its signatures.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Writes a checkpoint and signs it: the same one always gives the same bytes.
    #[must_use]
    pub fn sign(&self, anchor: &Anchor) -> String {
        let Verifier { name, .. } = &self.verifier;
        self.signed(format!("{name}\n{}\n{}\n", anchor.size, STANDARD.encode(anchor.root)))
    }

    fn signed(&self, text: String) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let signature = STANDARD.encode([self.verifier.id().as_slice(), signature.as_ref()].concat());
        format!("{text}\n{SIGNED}{} {signature}\n", self.verifier.name)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.verifier).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the note format in the documentation of the Go checksum database, key, text and signature; its
    /// secret key is published there too.
    const PUBLISHED_SECRET: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PUBLISHED_VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PUBLISHED_TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const PUBLISHED_SIGNATURE: &str = "\u{2014} PeterNeumann \
        x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn anchor() -> Anchor {
        Anchor { size: 20_852_163, root: [7; 32] }
    }

    fn signer(byte: u8) -> Signer {
        Signer::new(&[byte; 32]).unwrap()
    }

    #[test]
    fn the_published_example_comes_out_byte_for_byte() {
        let seed = STANDARD.decode(PUBLISHED_SECRET).unwrap().split_off(1);
        let signer = Signer::named(&seed, |_| "PeterNeumann".to_owned()).unwrap();
        assert_eq!(signer.verifier().to_string(), PUBLISHED_VERIFIER);
        assert_eq!(PUBLISHED_VERIFIER.parse().as_ref(), Ok(signer.verifier()));
        let note = signer.signed(PUBLISHED_TEXT.to_owned());
        assert_eq!(note, format!("{PUBLISHED_TEXT}\n{PUBLISHED_SIGNATURE}"));
        // It is signed, and no checkpoint.
        assert_eq!(signer.verifier().open(&note), Err(BadNote::NoCheckpoint));
        assert_eq!(signer.verifier().open(&note.replace("cryptography", "cryptographs")), Err(BadNote::NotSigned));
    }

    #[test]
    fn a_checkpoint_has_three_lines_and_a_signature() {
        let note = signer(1).sign(&anchor());
        let lines: Vec<&str> = note.lines().collect();
        let name = lines[0];
        assert!(name.strip_prefix("candor/log/").is_some_and(|id| id.len() == 16), "{name}");
        // 32 bytes of 7 in base64, by hand: ten times BwcH and the rest.
        assert_eq!(lines[1..4], ["20852163", &format!("{}Bwc=", "BwcH".repeat(10)), ""]);
        assert!(lines[4].starts_with(&format!("\u{2014} {name} ")) && lines.len() == 5, "{note}");
        let verifier: Verifier = signer(1).verifier().to_string().parse().unwrap();
        assert_eq!(verifier.open(&note), Ok(anchor()));
        assert_eq!(signer(2).verifier().open(&note), Err(BadNote::NotSigned));
    }

    #[test]
    fn lines_of_witnesses_and_extensions_are_let_be() {
        let (own, witness) = (signer(1), signer(2));
        let name = &own.verifier().name;
        let text = format!("{name}\n3\n{}\nan extension\n", STANDARD.encode([7; 32]));
        let note = own.signed(text.clone());
        let by_witness = witness.signed(text);
        let (_, line) = by_witness.split_once("\n\n").unwrap();
        let both = format!("{note}{line}");
        for verifier in [own.verifier(), witness.verifier()] {
            let opened = verifier.open(&both);
            // A witness signs the checkpoint of another log, and is not its origin.
            let expected = if verifier == own.verifier() { Ok(3) } else { Err(BadNote::NotSigned) };
            assert_eq!(opened.map(|anchor| anchor.size), expected);
        }
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let own = signer(1);
        let name = own.verifier().name.clone();
        let root = STANDARD.encode([7; 32]);
        for text in [
            format!("{name}\n\n{root}\n"),
            format!("{name}\n03\n{root}\n"),
            format!("{name}\n+3\n{root}\n"),
            format!("{name}\n-3\n{root}\n"),
            format!("{name}\n3\n{}\n", STANDARD.encode([7; 31])),
            format!("{name}\n3\n"),
            format!("{name}\n99999999999999999999\n{root}\n"),
        ] {
            assert!(own.verifier().open(&own.signed(text.clone())).is_err(), "{text:?}");
        }
        let note = own.sign(&anchor());
        for broken in ["", "\n\n", &note[..note.len() - 1], &note.replace('\u{2014}', "-"), &format!("{note}\n")] {
            assert_eq!(own.verifier().open(broken), Err(BadNote::NoCheckpoint), "{broken:?}");
        }
        let other = own.signed(format!("another.log\n3\n{root}\n"));
        assert_eq!(own.verifier().open(&other), Err(BadNote::NotSigned));
    }

    #[test]
    fn what_is_no_verifier_key_is_refused() {
        let good = signer(1).verifier().to_string();
        let (rest, key) = good.rsplit_once('+').unwrap();
        let (name, id) = rest.rsplit_once('+').unwrap();
        let kind = STANDARD.encode([[2].as_slice(), &[7; 32]].concat());
        for bad in [
            "",
            name,
            rest,
            &format!("{name}+00000000+{key}"),
            &format!("another+{id}+{key}"),
            &format!("{name}+{id}+{kind}"),
            &format!("{name}+{id}+{}", &key[..key.len() - 4]),
        ] {
            assert_eq!(bad.parse::<Verifier>(), Err(NoVerifier), "{bad:?}");
        }
        assert!(format!(" {good}\n").parse::<Verifier>().is_ok());
    }
}
