//! Room on the disk that is kept for the read models, so that a full disk does not end reading.
//!
//! Whoever asks gets what was acknowledged, so the read models take in an event before they answer, and that needs room. What
//! is kept is given up when they find none; until it can be kept again, the log takes nothing more.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::error::StoreError;

/// Bytes kept: more than what is on its way into the log takes in the read models.
const SIZE: usize = 4 << 20;

/// A file of nothing beside the log.
#[derive(Debug)]
pub(super) struct Reserve(PathBuf);

impl Reserve {
    /// The reserve of the log in a folder.
    pub(super) fn of(folder: &Path) -> Self {
        Self(folder.join("reserve"))
    }

    /// Keeps the room, where it is not kept already.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn keep(&self) -> Result<(), StoreError> {
        if fs::metadata(&self.0).is_ok_and(|file| file.len() >= SIZE as u64) {
            return Ok(());
        }
        self.lay().map_err(|error| {
            // A part of it would keep no room and take some.
            let _ = fs::remove_file(&self.0);
            error.into()
        })
    }

    fn lay(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.0)?.write_all(&vec![0; SIZE])
    }

    /// Gives the room up where something failed for want of it; whether there was any.
    pub(super) fn give_up_after(&self, error: &StoreError) -> bool {
        is_full(error) && fs::remove_file(&self.0).is_ok()
    }
}

fn is_full(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(cause) => cause
            .downcast_ref::<rusqlite::Error>()
            .is_some_and(|error| error.sqlite_error_code() == Some(ErrorCode::DiskFull)),
        StoreError::Inconsistent(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn room_is_kept_whole_and_given_up_only_for_want_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let (reserve, file) = (Reserve::of(folder.path()), folder.path().join("reserve"));
        let failed = |code| StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        assert!(!reserve.give_up_after(&failed(ffi::SQLITE_FULL)), "there is none yet");
        // Somebody was killed while they laid it.
        fs::write(&file, "a part").unwrap();
        reserve.keep().unwrap();
        assert_eq!(fs::metadata(&file).unwrap().len(), SIZE as u64);
        assert!(!reserve.give_up_after(&failed(ffi::SQLITE_BUSY)));
        assert!(reserve.give_up_after(&failed(ffi::SQLITE_FULL)));
        assert!(!file.exists());
        fs::create_dir(&file).unwrap();
        assert!(reserve.keep().is_err());
    }
}
