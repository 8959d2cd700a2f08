//! What a backup says of itself: what it is, when it was made, the end of the log, each file with its digest, and the keys that
//! are destroyed. Nothing of anybody's health.

use std::fs::{self, DirEntry, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::BackupError;
use crate::domain::Instant;
use crate::engine::ports::erasing::DestroyedKey;
use crate::store::chain::hex;

/// The name of the file.
pub const NAME: &str = "manifest.json";
/// The only shape there is.
const FORMAT: &str = "candor backup v1";

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// The log and what else is not a key.
    Store,
    /// The keys.
    Keys,
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The shape of this document.
    pub format: String,
    /// Which of the two it is.
    pub holds: Holds,
    /// When it was made.
    pub made_at: Instant,
    /// The version of Candor that made it.
    pub version: String,
    /// The log in it; none where it lies in PostgreSQL, and in a backup of keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogEnd>,
    /// Its files.
    pub files: Vec<Entry>,
    /// The keys that were destroyed by then: none of them may ever come back.
    pub destroyed: Vec<DestroyedKey>,
}

/// The end of a log that was copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEnd {
    /// How many events it has.
    pub events: u64,
    /// The position of the last one.
    pub head: String,
    /// The checkpoint that was compared with the copy, as it was signed.
    pub checkpoint: String,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name below the backup.
    pub path: String,
    /// How long it is.
    pub bytes: u64,
    /// SHA-256 of it, in hex.
    pub sha256: String,
}

impl Manifest {
    /// A manifest without files.
    #[must_use]
    pub fn new(holds: Holds, made_at: Instant, version: &str) -> Self {
        let (format, version) = (FORMAT.to_owned(), version.to_owned());
        Self { format, holds, made_at, version, log: None, files: Vec::new(), destroyed: Vec::new() }
    }

    /// Reads the manifest of a backup.
    ///
    /// # Errors
    /// When there is none, or it is of another kind.
    pub fn read(folder: &Path, holds: Holds) -> Result<Self, BackupError> {
        let file = folder.join(NAME);
        let text = fs::read(&file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => BackupError::not_whole(folder, "it is no backup: it has no manifest.json"),
            _ => BackupError::at(&file, error),
        })?;
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|_| BackupError::not_whole(&file, "it cannot be read; take another backup"))?;
        if manifest.format != FORMAT {
            return Err(BackupError::not_whole(&file, "another version of Candor made it"));
        }
        match (holds, manifest.holds) {
            (Holds::Store, Holds::Keys) => Err(BackupError::not_whole(folder, "these are keys: name them with --keys")),
            (Holds::Keys, Holds::Store) => Err(BackupError::not_whole(folder, "there are no keys in it")),
            _ => Ok(manifest),
        }
    }

    /// Copies the files of a backup elsewhere, each only if it is what the manifest says.
    ///
    /// # Errors
    /// When a file is missing or another, or cannot be written; a part of them may be there then.
    pub fn copy_out(&self, from: &Path, to: &Path) -> Result<(), BackupError> {
        for entry in &self.files {
            let (source, target) = (from.join(entry.relative(from)?), to.join(entry.relative(from)?));
            let copied = super::copy::file(&source, &target).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => BackupError::not_whole(&source, "it is missing; take another backup"),
                _ => BackupError::at(&source, error),
            })?;
            if copied != (entry.bytes, entry.sha256.clone()) {
                return Err(BackupError::not_whole(
                    &source,
                    "it is not what was written (sha256); take another backup",
                ));
            }
        }
        Ok(())
    }
}

impl Entry {
    /// The entry of a file that is written.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(folder: &Path, path: &str) -> io::Result<Self> {
        let (bytes, sha256) = digest(&mut File::open(folder.join(path))?)?;
        Ok(Self { path: path.to_owned(), bytes, sha256 })
    }

    /// The entries of every file in a folder and in the folders in it, in the order of their names.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn all(folder: &Path) -> io::Result<Vec<Self>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let (path, name) = named(&entry?);
            if path.is_dir() {
                for entry in fs::read_dir(&path)? {
                    names.push(format!("{name}/{}", named(&entry?).1));
                }
            } else {
                names.push(name);
            }
        }
        names.sort();
        names.iter().map(|name| Self::of(folder, name)).collect()
    }

    /// A name below the backup, and nothing that leads out of it.
    fn relative(&self, folder: &Path) -> Result<PathBuf, BackupError> {
        let path = PathBuf::from(&self.path);
        let below = path.components().all(|part| matches!(part, Component::Normal(_)));
        if below && !self.path.is_empty() {
            Ok(path)
        } else {
            Err(BackupError::not_whole(folder, "a name leads out of it"))
        }
    }
}

/// Where it lies, and its name.
fn named(entry: &DirEntry) -> (PathBuf, String) {
    (entry.path(), entry.file_name().to_string_lossy().into_owned())
}

/// How long a file is, and its SHA-256 in hex.
fn digest(file: &mut File) -> io::Result<(u64, String)> {
    let (mut hasher, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok((bytes, hex(&hasher.finalize())));
        }
        bytes += read as u64;
        hasher.update(&chunk[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_backup() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for folder in [&from, &to] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(folder.path().join("stray"), "x").unwrap();
        for path in ["../stray", "/stray", "", ".", "a/../../stray"] {
            let mut manifest = Manifest::new(Holds::Store, "2026-03-01T12:00:00Z".parse().unwrap(), "1");
            manifest.files.push(Entry { path: path.to_owned(), bytes: 1, sha256: String::new() });
            let refused = manifest.copy_out(&from, &to).unwrap_err().to_string();
            assert!(refused.contains("leads out of it"), "{path:?}: {refused}");
        }
        assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
    }

    #[test]
    fn a_manifest_of_another_shape_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = Manifest::new(Holds::Store, "2026-03-01T12:00:00Z".parse().unwrap(), "1");
        let text = serde_json::to_string(&manifest).unwrap();
        let read = |text: &str| {
            fs::write(folder.path().join(NAME), text).unwrap();
            Manifest::read(folder.path(), Holds::Store)
        };
        assert_eq!(read(&text).unwrap(), manifest);
        assert!(read(&text.replace("backup v1", "backup v2")).is_err());
        assert!(read(&text.replace("\"files\"", "\"more\":1,\"files\"")).is_err());
        assert!(read("").is_err());
    }
}
