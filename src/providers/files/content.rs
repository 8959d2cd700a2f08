//! The bytes of a part, counted while they are read, and unpacked where they are packed with gzip.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

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
pub(in crate::providers) struct Content<'a> {
    inner: &'a mut dyn Read,
    count: u64,
    /// How many packed bytes were consumed so far, where the bytes come out of a zip.
    packed: Option<&'a dyn Fn() -> u64>,
    progress: &'a mut dyn FnMut(u64),
}

impl<'a> Content<'a> {
    pub(in crate::providers) fn plain(inner: &'a mut dyn Read, progress: &'a mut dyn FnMut(u64)) -> Self {
        Self { inner, count: 0, packed: None, progress }
    }

    pub(super) fn unpacked(
        inner: &'a mut dyn Read,
        packed: &'a dyn Fn() -> u64,
        progress: &'a mut dyn FnMut(u64),
    ) -> Self {
        Self { inner, count: 0, packed: Some(packed), progress }
    }

    /// The first bytes, as many as are asked for where there are as many.
    pub(super) fn first(&mut self, bytes: u64) -> Result<Vec<u8>, Failure> {
        let mut first = Vec::new();
        self.take(bytes).read_to_end(&mut first).map_err(|error| Failure::reading("the first bytes", &error))?;
        Ok(first)
    }

    /// The first bytes, enough to tell what this is.
    pub(super) fn prefix(&mut self) -> Result<Vec<u8>, Failure> {
        self.first(PREFIX)
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
    unpacked(&mut Content::plain(&mut file, progress), read)
}

/// Counts the bytes that the unpacking consumes.
struct Packed<'a, R> {
    inner: R,
    count: &'a Cell<u64>,
}

impl<R: Read> Read for Packed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

/// Reads what is packed with gzip as what it unfolds to, held to the limits of a zip's member; anything else as it is.
pub(super) fn unpacked<T>(
    content: &mut Content<'_>,
    read: impl FnOnce(&mut Content<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let first = content.first(2)?;
    let is_packed = first == [0x1f, 0x8b];
    let mut whole = Cursor::new(first).chain(content);
    if !is_packed {
        return read(&mut Content::plain(&mut whole, &mut |_| {}));
    }
    let count = Cell::new(0);
    let packed = Packed { inner: whole, count: &count };
    let mut unfolding = MultiGzDecoder::new(BufReader::with_capacity(32 * 1024, packed));
    read(&mut Content::unpacked(&mut unfolding, &|| count.get(), &mut |_| {}))
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
