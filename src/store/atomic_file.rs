//! A file appears whole or not at all: temporary file, fsync, its name, fsync of the folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::flush::flush;

/// Writes a file through `write`. When it fails, what stood there before still stands there, and nothing else does.
///
/// # Errors
/// What `write` or the file system returns.
pub fn write_atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let temporary = Temporary::written(path, OpenOptions::new().write(true), write)?;
    temporary.replace(path)?;
    flush(&File::open(folder_of(path))?)
}

/// Writes a file that only its owner may read, where none has its name. Of several that do so at once one succeeds.
///
/// # Errors
/// `AlreadyExists` when a file has the name, which is left as it is; else what the file system returns.
pub fn create_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = Temporary::written(path, &private(), |out| out.write_all(content))?;
    // Unlike a rename, a link never takes the name from another file.
    fs::hard_link(&temporary.0, path)?;
    drop(temporary);
    flush(&File::open(folder_of(path))?)
}

/// Writes a file that only its owner may read, in the place of one that has its name.
///
/// # Errors
/// What the file system returns; what stood there before still stands there then.
pub fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    Temporary::written(path, &private(), |out| out.write_all(content))?.replace(path)?;
    flush(&File::open(folder_of(path))?)
}

/// Removes what killed processes left half-written for a file that is there. Who writes just now finds that another was faster.
pub fn sweep(path: &Path) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for entry in fs::read_dir(folder_of(path)).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let part = file.to_str().and_then(|file| file.strip_prefix('.')).and_then(|file| file.strip_suffix(".part"));
        let numbers = part.and_then(|part| part.strip_prefix(&*name)).and_then(|rest| rest.strip_prefix('.'));
        if numbers.is_some_and(|rest| rest.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit())) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A temporary file beside the one it is for, gone when its work is over.
struct Temporary(PathBuf);

impl Temporary {
    /// A file with a name nobody else uses, its content on the disk.
    fn written(
        path: &Path,
        options: &OpenOptions,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<Self> {
        let (file, temporary) = Self::create(path, options)?;
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.flush()?;
        flush(file.get_ref())?;
        Ok(temporary)
    }

    /// The first free name: another thread, another container's process of this number, or one that was killed may have
    /// taken some.
    fn create(path: &Path, options: &OpenOptions) -> io::Result<(File, Self)> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut count = 0_u32;
        loop {
            let temporary = folder_of(path).join(format!(".{name}.{}.{count}.part", std::process::id()));
            match options.clone().create_new(true).open(&temporary) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && count < u32::MAX => count += 1,
                opened => return Ok((opened?, Self(temporary))),
            }
        }
    }

    fn replace(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)?;
        // The name is free now and may be another's.
        self.0.clear();
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_half_way_leaves_the_old_content_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        write_atomically(&path, |out| out.write_all(b"old")).unwrap();
        let failed = write_atomically(&path, |out| {
            out.write_all(b"new but cut")?;
            Err(io::Error::new(io::ErrorKind::StorageFull, "the disk is full"))
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write_atomically(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn threads_that_write_one_file_at_once_never_mix_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let whole: Vec<String> = (0..16).map(|n| n.to_string().repeat(40_000)).collect();
        std::thread::scope(|scope| {
            for text in &whole {
                scope.spawn(|| write_atomically(&path, |out| out.write_all(text.as_bytes())).unwrap());
            }
        });
        assert!(whole.contains(&fs::read_to_string(&path).unwrap()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_private_file_is_made_once_and_what_a_killed_process_left_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let left = folder.path().join(format!(".secret.{}.0.part", std::process::id()));
        fs::write(&left, "to").unwrap();
        create_private(&path, b"told to nobody").unwrap();
        assert_eq!(create_private(&path, b"another").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"told to nobody");
        assert_eq!(fs::read(&left).unwrap(), b"to");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
