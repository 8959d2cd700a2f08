//! The manifest of an exported folder: every file with its digest, signed, so that what was changed, cut, swapped, removed
//! or added is found; and a mark for each line of a text, so that the place is found too.

use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::proof::{ExportSigner, hex, is_signed};

/// The name of the manifest in its folder.
pub const MANIFEST: &str = "manifest.json";
/// Bytes of a line's digest that mark it: they say where a change is, the digest of the whole file that there is one.
pub const MARK: usize = 4;

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its path below the folder, with `/`.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 over it, in hex.
    pub sha256: String,
    /// Of a text the first [`MARK`] bytes of SHA-256 over each line, its end included, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<String>,
}

/// What a folder holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Whose it is, as in `person-<uuid>`.
    pub stream: String,
    /// When it was made.
    pub exported_at: String,
    /// Its files, without this one, in the order of their paths.
    pub files: Vec<Listed>,
    /// The Ed25519 key of the server, in hex.
    pub signed_by: String,
    /// Its signature, in hex.
    pub signature: String,
}

impl Manifest {
    /// Lists files and signs the list.
    #[must_use]
    pub fn sign(stream: String, exported_at: String, mut files: Vec<Listed>, signer: &ExportSigner) -> Self {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let manifest = Self { stream, exported_at, files, signed_by: signer.public(), signature: String::new() };
        let signature = signer.signature(&manifest.signed_bytes());
        Self { signature, ..manifest }
    }

    /// Whether the key that it names has signed it.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        is_signed(&self.signed_by, &self.signature, &self.signed_bytes())
    }

    /// The bytes that are signed: after three lines what `sha256sum` would print of the files.
    fn signed_bytes(&self) -> Vec<u8> {
        let Self { stream, exported_at, files, .. } = self;
        let mut text = format!("candor export files v1\n{stream}\n{exported_at}\n");
        for Listed { path, sha256, .. } in files {
            text.push_str(&format!("{sha256}  {path}\n"));
        }
        text.into_bytes()
    }
}

/// Digests a file while it is written or read.
#[derive(Debug, Default)]
pub struct Digests {
    bytes: u64,
    whole: Sha256,
    /// The line under way, if it has begun.
    line: Option<Sha256>,
    marks: Vec<u8>,
}

impl Digests {
    /// Reads a file to its end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(mut file: impl Read) -> io::Result<Self> {
        let (mut digests, mut buffer) = (Self::default(), vec![0; 64 * 1024]);
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(digests),
                Ok(count) => digests.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.whole.update(bytes);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.get_or_insert_default().update(part);
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        if let Some(line) = self.line.take() {
            self.marks.extend_from_slice(&line.finalize()[..MARK]);
        }
    }

    /// What the file is listed as. Lines are those of a text alone.
    #[must_use]
    pub fn listed(mut self, path: String, is_text: bool) -> Listed {
        self.end_line();
        let lines = is_text.then(|| STANDARD.encode(&self.marks));
        Listed { path, bytes: self.bytes, sha256: hex(&self.whole.finalize()), lines }
    }
}

impl Listed {
    /// The first line, from 1, in which a file that was read differs from the one that was listed: one that is missing at the
    /// end counts. Nothing where no line tells.
    #[must_use]
    pub fn first_other_line(&self, read: &Self) -> Option<usize> {
        let marks = |listed: &Self| STANDARD.decode(listed.lines.as_deref()?).ok();
        let (was, is) = (marks(self)?, marks(read)?);
        let (mut was, mut is) = (was.chunks(MARK), is.chunks(MARK));
        let mut number = 0;
        loop {
            number += 1;
            match (was.next(), is.next()) {
                (None, None) => return None,
                (one, other) if one != other => return Some(number),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &[u8]) -> Listed {
        let mut digests = Digests::default();
        // However the bytes arrive.
        text.chunks(3).for_each(|part| digests.update(part));
        digests.listed("a.csv".to_owned(), true)
    }

    #[test]
    fn a_file_is_listed_by_the_digest_others_make_of_it() {
        // FIPS 180-4's own example, one block of a message.
        let abc = listed(b"abc");
        assert_eq!(abc.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(abc.lines.as_deref(), Some("ungWvw=="), "its first four bytes");
        assert_eq!((abc.bytes, listed(b"").lines.as_deref()), (3, Some("")));
    }

    #[test]
    fn the_line_of_a_change_is_named() {
        let was = listed(b"day,value\n1,60\n2,61\n3,62\n");
        let other = |text: &[u8]| was.first_other_line(&listed(text));
        assert_eq!(other(b"day,value\n1,60\n2,61\n3,62\n"), None);
        assert_eq!(other(b"day,value\n1,60\n2,16\n3,62\n"), Some(3), "edited");
        assert_eq!(other(b"day,value\n2,61\n1,60\n3,62\n"), Some(2), "moved");
        assert_eq!(other(b"day,value\n1,60\n3,62\n"), Some(3), "left out");
        assert_eq!(other(b"day,value\n1,60\n2,61\n"), Some(4), "cut at a line");
        assert_eq!(other(b"day,value\n1,60\n2,61\n3,"), Some(4), "cut inside one");
        assert_eq!(other(b"day,value\n1,60\n2,61\n3,62\n4,63\n"), Some(5), "one too many");
        assert_eq!(Listed { lines: None, ..was.clone() }.first_other_line(&listed(b"")), None);
    }

    #[test]
    fn the_signature_is_over_every_name_and_digest() {
        let signer = ExportSigner::new(&[7; 32]).unwrap();
        let manifest = Manifest::sign("person-x".to_owned(), "now".to_owned(), vec![listed(b"a")], &signer);
        assert!(manifest.is_signed());
        let changed = |change: fn(&mut Manifest)| {
            let mut changed = manifest.clone();
            change(&mut changed);
            changed.is_signed()
        };
        assert!(!changed(|m| m.stream.push('y')));
        assert!(!changed(|m| m.exported_at.push('y')));
        assert!(!changed(|m| m.files[0].path.push('y')));
        assert!(!changed(|m| m.files[0].sha256 = "0".repeat(64)));
        assert!(!changed(|m| m.files.clear()));
    }
}
