//! Copying: a database by its own means while others write it, a file with its digest.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};

use super::BackupError;
use crate::store::chain::hex;
use crate::store::sql::{Durability, sqlite};

/// Copies an SQLite database as it is at one instant: never the file, which may be half written, and whose write-ahead log
/// holds the newest of it.
///
/// # Errors
/// When it cannot be read or the copy cannot be written.
pub fn database(source: &Path, target: &Path) -> Result<(), BackupError> {
    // SQLite takes an empty file, and gives it no permissions of its own.
    private(target).map_err(|error| BackupError::at(target, error))?;
    let connection = sqlite::open(source, Durability::Full, false).map_err(|error| BackupError::at(source, error))?;
    let copied = connection.execute("VACUUM INTO ?1", [target.to_string_lossy()]);
    copied.map_err(|error| BackupError::at(target, error))?;
    intact(target)?;
    flush(target)
}

/// Looks through every page of an SQLite database.
///
/// # Errors
/// When something in it does not fit.
pub fn intact(file: &Path) -> Result<(), BackupError> {
    let opened = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let told = opened.and_then(|connection| connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)));
    match told {
        Ok(told) if <String as AsRef<str>>::as_ref(&told) == "ok" => Ok(()),
        Ok(_) => Err(BackupError::not_whole(file, "the database is damaged (integrity_check)")),
        Err(error) => Err(BackupError::not_whole(file, format!("it is no whole database ({error})"))),
    }
}

/// Copies a file; how long it is, and its SHA-256 in hex.
///
/// # Errors
/// What the file system returns.
pub fn file(source: &Path, target: &Path) -> io::Result<(u64, String)> {
    let mut from = File::open(source)?;
    if let Some(folder) = target.parent() {
        folder_private(folder)?;
    }
    let mut to = private(target)?;
    let (mut hasher, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        hasher.update(&chunk[..read]);
        to.write_all(&chunk[..read])?;
    }
    to.sync_all()?;
    Ok((bytes, hex(&hasher.finalize())))
}

/// Refuses where the disk of a folder has less room than so many bytes.
///
/// # Errors
/// When it has less, or does not say.
pub fn room(folder: &Path, needed: u64) -> Result<(), BackupError> {
    #[cfg(unix)]
    {
        const MB: u64 = 1 << 20;
        let disk = rustix::fs::statvfs(folder).map_err(|error| BackupError::at(folder, error))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < needed {
            let (needed, free) = (needed.div_ceil(MB), free / MB);
            return Err(BackupError::NoRoom { folder: folder.display().to_string(), needed, free });
        }
    }
    #[cfg(not(unix))]
    let _ = (folder, needed);
    Ok(())
}

/// Copies the sealed originals of a data folder; one that is erased just now is no longer there.
///
/// # Errors
/// What the file system returns.
pub fn originals(data: &Path, target: &Path) -> io::Result<()> {
    for entry in fs::read_dir(data.join("originals")).into_iter().flatten() {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|extension| extension == "sealed"))
        {
            match file(&path, &target.join("originals").join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// How many bytes a backup of a data folder takes at most.
#[must_use]
pub fn needed(data: &Path) -> u64 {
    let databases = ["log.db", "accounts.db", "jobs.db", "keys.db"].map(|name| size(&data.join(name)));
    let originals = fs::read_dir(data.join("originals")).into_iter().flatten().flatten();
    let originals = originals.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len());
    databases.into_iter().chain(originals).sum::<u64>() + (1 << 20)
}

/// How many bytes a database takes at most, its write-ahead log included; none where it is not there.
fn size(file: &Path) -> u64 {
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    length(file) + length(Path::new(&log))
}

/// Makes a folder that only its owner may look into, if it is not there.
///
/// # Errors
/// What the file system returns.
pub fn folder_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Brings a file or the names in a folder to the disk.
///
/// # Errors
/// What the file system returns.
pub fn flush(path: &Path) -> Result<(), BackupError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| BackupError::at(path, error))
}

fn private(target: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(target)
}
