//! The folder of backups: each appears under its name when it is whole, and never before.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::BackupError;
use super::copy::{flush, folder_private};
use super::manifest::{Holds, Manifest, NAME};
use crate::domain::Instant;
use crate::store::atomic_file::create_private;

/// What the name of an unfinished one ends with.
const UNFINISHED: &str = ".part";
/// Who makes one holds this file.
const TURN: &str = ".turn";

/// A folder of backups of one kind.
pub struct Shelf {
    folder: PathBuf,
    holds: Holds,
}

/// A backup that is whole.
#[derive(Clone, Debug)]
pub struct Shelved {
    /// Where it lies.
    pub folder: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// A backup that is being made. Dropped before it is finished, nothing of it stays.
pub struct Draft {
    /// Where its files are gathered.
    pub folder: PathBuf,
    target: PathBuf,
    _turn: File,
}

impl Shelf {
    /// The backups in a folder, which need not be there yet.
    #[must_use]
    pub fn new(folder: PathBuf, holds: Holds) -> Self {
        Self { folder, holds }
    }

    /// Those that are whole, the oldest first. Whatever else lies in the folder is let be.
    ///
    /// # Errors
    /// When the folder cannot be read; one that is not there has none.
    pub fn list(&self) -> Result<Vec<Shelved>, BackupError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| BackupError::at(&self.folder, error))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let folder = entry.map_err(|error| BackupError::at(&self.folder, error))?.path();
            let hidden = folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if let Ok(manifest) = Manifest::read(&folder, self.holds)
                && !hidden
            {
                found.push(Shelved { folder, manifest });
            }
        }
        found.sort_by_key(|one| one.manifest.made_at);
        Ok(found)
    }

    /// Begins one. What a killed process left of another is removed.
    ///
    /// # Errors
    /// When somebody else makes one just now, there is one of this instant, or the file system refuses.
    pub fn begin(&self, now: Instant) -> Result<Draft, BackupError> {
        let at = |error| BackupError::at(&self.folder, error);
        folder_private(&self.folder).map_err(at)?;
        let turn = File::create(self.folder.join(TURN)).map_err(at)?;
        match turn.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(BackupError::Busy(self.folder.display().to_string())),
            Err(fs::TryLockError::Error(error)) => return Err(at(error)),
        }
        for entry in fs::read_dir(&self.folder).map_err(at)? {
            let path = entry.map_err(at)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') && name.ends_with(UNFINISHED) {
                fs::remove_dir_all(&path).map_err(at)?;
            }
        }
        let name = now.format("%Y%m%dT%H%M%S%6fZ").to_string();
        let (target, folder) = (self.folder.join(&name), self.folder.join(format!(".{name}{UNFINISHED}")));
        if target.exists() {
            return Err(BackupError::at(&target, "there is a backup of this instant already"));
        }
        folder_private(&folder).map_err(at)?;
        Ok(Draft { folder, target, _turn: turn })
    }

    /// Removes a backup: its manifest first, so that nobody takes what is left of it for one.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove(&self, one: &Shelved) -> Result<(), BackupError> {
        let at = |error| BackupError::at(&one.folder, error);
        fs::remove_file(one.folder.join(NAME)).map_err(at)?;
        fs::remove_dir_all(&one.folder).map_err(at)
    }
}

impl Draft {
    /// Writes the manifest and gives the backup its name.
    ///
    /// # Errors
    /// When the file system refuses; nothing of it stays then.
    pub fn finish(mut self, manifest: &Manifest) -> Result<Shelved, BackupError> {
        let text = serde_json::to_string_pretty(manifest).map_err(|error| BackupError::at(&self.folder, error))?;
        create_private(&self.folder.join(NAME), text.as_bytes())
            .map_err(|error| BackupError::at(&self.folder, error))?;
        for entry in fs::read_dir(&self.folder).map_err(|error| BackupError::at(&self.folder, error))?.flatten() {
            if entry.path().is_dir() {
                flush(&entry.path())?;
            }
        }
        fs::rename(&self.folder, &self.target).map_err(|error| BackupError::at(&self.target, error))?;
        self.folder.clear();
        flush(self.target.parent().unwrap_or(Path::new(".")))?;
        Ok(Shelved { folder: self.target.clone(), manifest: manifest.clone() })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.folder.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.filter(|name| name != TURN).collect();
        names.sort();
        names
    }

    #[test]
    fn one_is_there_when_it_is_whole_and_one_is_made_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().to_owned(), Holds::Store);
        let first = at("2026-03-01T12:00:00Z");
        let draft = shelf.begin(first).unwrap();
        assert!(matches!(shelf.begin(at("2026-03-01T12:00:01Z")), Err(BackupError::Busy(_))));
        fs::write(draft.folder.join("log.db"), "half").unwrap();
        assert!(shelf.list().unwrap().is_empty());
        drop(draft);
        assert_eq!(names(folder.path()), Vec::<String>::new());

        // Killed: nothing of it is taken for a backup, and the next one takes it away.
        fs::create_dir(folder.path().join(".20260101T000000000000Z.part")).unwrap();
        let mut manifest = Manifest::new(Holds::Store, first, "1");
        let draft = shelf.begin(first).unwrap();
        fs::write(draft.folder.join("log.db"), "whole").unwrap();
        manifest.files.push(super::super::manifest::Entry::of(&draft.folder, "log.db").unwrap());
        draft.finish(&manifest).unwrap();
        assert_eq!(names(folder.path()), ["20260301T120000000000Z"]);
        assert_eq!(shelf.list().unwrap()[0].manifest, manifest);
        assert!(shelf.begin(first).is_err(), "there is one of this instant");
        assert!(Shelf::new(folder.path().to_owned(), Holds::Keys).list().unwrap().is_empty());
        shelf.remove(&shelf.list().unwrap()[0]).unwrap();
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }
}
