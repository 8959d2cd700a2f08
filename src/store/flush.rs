//! What could not be written or flushed to disk: nothing is acknowledged after it, and the process ends.
//!
//! After a failed flush the system may call the next one good though what was to be written is gone (PostgreSQL ends for the
//! same reason). So no later answer of that disk is believed: whoever starts next reads what is really there. A disk that is
//! full is another thing: it refuses and says so, and takes more once there is room.

use std::fs::File;
use std::io;

use rusqlite::ffi;
use tokio::sync::SetOnce;

use super::error::StoreError;

/// What is said when it ends.
pub const WHY: &str = "the disk did not keep what was written to it, so that nothing it says now is believed. What was acknowledged \
                       before is kept; whether the last step was written is not known. Look at the disk, then start again";

/// How the system numbers a fault of a device.
const EIO: i32 = 5;

/// One disk that lies is enough for the whole process.
static FAILED: SetOnce<()> = SetOnce::const_new();

/// Waits until something could not be flushed.
pub async fn failed() {
    FAILED.wait().await;
}

/// Refuses once something could not be flushed.
pub(super) fn believed() -> Result<(), StoreError> {
    if FAILED.initialized() { Err(StoreError::unavailable(WHY)) } else { Ok(()) }
}

/// Takes note of what SQLite met.
pub(super) fn note(error: &rusqlite::Error) {
    if is_lost(error) {
        tracing::error!(%error, "the disk did not keep what was written to it");
        // Whoever notes it second changes nothing.
        let _ = FAILED.set(());
    }
}

/// Flushes a file or a folder.
pub(super) fn flush(file: &File) -> io::Result<()> {
    file.sync_all().inspect_err(|error| {
        if error.raw_os_error() == Some(EIO) {
            tracing::error!(%error, "the disk did not keep what was written to it");
            let _ = FAILED.set(());
        }
    })
}

/// Whether the disk failed at a write, and was not merely full, locked or unreadable.
fn is_lost(error: &rusqlite::Error) -> bool {
    let lost =
        [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_TRUNCATE];
    error.sqlite_error().is_some_and(|error| lost.contains(&error.extended_code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_flush_is_told_from_a_full_or_a_busy_disk() {
        let lost = |code| is_lost(&rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        assert!(lost(ffi::SQLITE_IOERR_FSYNC));
        assert!(lost(ffi::SQLITE_IOERR_WRITE));
        assert!(!lost(ffi::SQLITE_FULL));
        assert!(!lost(ffi::SQLITE_BUSY));
        // No room for the shared memory beside the write-ahead log.
        assert!(!lost(ffi::SQLITE_IOERR_SHMSIZE));
        assert!(!is_lost(&rusqlite::Error::QueryReturnedNoRows));
    }
}
