//! The bytes of a part, counted while they are read.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::failure::{Failure, Stop};

/// How much is looked at to tell what something is.
pub(super) const PREFIX: u64 = 256 * 1024;

/// What may unfold before a ratio means anything.
const FREE: u64 = 10 * 1024 * 1024;
/// The most that a packed byte may become, on average, beyond that.
const RATIO: u64 = 200;
/// The most that one member of a zip may hold.
const MEMBER: u64 = 4 * 1024 * 1024 * 1024;

/// A part's bytes. What is unpacked is held to limits that are counted here, not believed from a header.
pub(super) struct Content<'a> {
    inner: &'a mut dyn Read,
    count: u64,
    /// How many packed bytes were consumed so far, where the bytes come out of a zip.
    packed: Option<&'a dyn Fn() -> u64>,
    progress: &'a mut dyn FnMut(u64),
}

impl<'a> Content<'a> {
    pub(super) fn plain(inner: &'a mut dyn Read, progress: &'a mut dyn FnMut(u64)) -> Self {
        Self { inner, count: 0, packed: None, progress }
    }

    pub(super) fn unpacked(
        inner: &'a mut dyn Read,
        packed: &'a dyn Fn() -> u64,
        progress: &'a mut dyn FnMut(u64),
    ) -> Self {
        Self { inner, count: 0, packed: Some(packed), progress }
    }

    /// The first bytes, enough to tell what this is.
    pub(super) fn prefix(&mut self) -> Result<Vec<u8>, Failure> {
        let mut prefix = Vec::new();
        self.take(PREFIX).read_to_end(&mut prefix).map_err(|error| Failure::reading("the first bytes", &error))?;
        Ok(prefix)
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count += read as u64;
        if let Some(packed) = self.packed {
            if self.count > MEMBER {
                return Err(Stop::error("unfolds to more than 4 GB; unpack it and import the part that is needed"));
            }
            if self.count > FREE && self.count - FREE > packed().saturating_mul(RATIO) {
                return Err(Stop::error(
                    "unfolds to more than 200 times its size, as a zip bomb does; nothing was taken",
                ));
            }
        }
        (self.progress)(self.count);
        Ok(read)
    }
}

/// Refuses what is not a readable file with something in it.
pub(super) fn check(path: &Path) -> Result<(), Failure> {
    let metadata = fs::metadata(path).map_err(|error| opening(&error))?;
    if metadata.is_dir() {
        return Err(Failure::Unreadable("is a directory; name the files in it".to_owned()));
    }
    if !metadata.is_file() {
        return Err(Failure::Unreadable("is not a regular file".to_owned()));
    }
    if metadata.len() == 0 {
        return Err(Failure::Unknown("the file is empty".to_owned()));
    }
    Ok(())
}

/// Opens a file, with words for what goes wrong.
pub(super) fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| opening(&error))
}

/// Reads a file that is not packed.
pub(super) fn with_plain<T>(
    path: &Path,
    progress: &mut dyn FnMut(u64),
    read: impl FnOnce(&mut Content<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut file = open(path)?;
    read(&mut Content::plain(&mut file, progress))
}

fn opening(error: &io::Error) -> Failure {
    Failure::Unreadable(match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        kind => format!("cannot be opened: {kind}"),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::engine::ports::export::{ExportError, ExportReader};
    use crate::providers::ExportFiles;

    #[test]
    fn a_missing_file_and_a_directory_are_told_apart() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, words) in [
            (folder.path(), "is a directory"),
            (&folder.path().join("none.csv"), "no such file"),
            (Path::new("/dev/null"), "not a regular file"),
        ] {
            let error = ExportFiles.parts(path).expect_err("refused");
            assert!(matches!(error, ExportError::Unreadable { .. }));
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
