//! The master key, which wraps every other: 64 hex digits in a file that only its owner may read.

use std::io;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::atomic_file::{create_private, replace_private, sweep};
use super::chain::hex;
use super::seal::Key;
use crate::engine::ports::entropy::Entropy;

/// Why there is no master key, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file holds something else: it was cut short, emptied or edited. It is never replaced, since other processes may
    /// read it just now, and keys in a database elsewhere may be wrapped under what it held.
    #[error(
        "{0} holds no master key (64 hex digits): put your copy of it back; where nothing was ever imported remove the \
         file, and a new one is made"
    )]
    Torn(PathBuf),
    /// The file system refused.
    #[error("the master key {0} cannot be read or made ({1}): check the data folder, then run the command again")]
    File(PathBuf, #[source] io::Error),
}

/// Reads the master key, or makes one where there is no file. Of several processes that make it at once one is first, and
/// all get its key; one that is killed meanwhile leaves a whole file or none.
///
/// # Errors
/// When the file cannot be read or made, or holds something else.
pub fn of_file(path: &Path, entropy: &dyn Entropy) -> Result<Key, MasterKeyError> {
    let failed = |error| MasterKeyError::File(path.to_owned(), error);
    if !path.try_exists().map_err(failed)? {
        let mut key = Key::default();
        entropy.fill(key.as_mut_slice());
        let text = Zeroizing::new(hex(key.as_slice()) + "\n");
        if let Err(error) = create_private(path, text.as_bytes())
            // Another was faster, and it is their key then.
            && !path.try_exists().map_err(failed)?
        {
            return Err(failed(error));
        }
    }
    let bytes = Zeroizing::new(std::fs::read(path).map_err(failed)?);
    let key = std::str::from_utf8(&bytes).ok().and_then(parse).ok_or_else(|| MasterKeyError::Torn(path.to_owned()))?;
    // Who was killed while making one has left a key that nobody uses.
    sweep(path);
    Ok(key)
}

/// Puts a key into a file in the place of the one that it holds.
///
/// # Errors
/// When the file system refuses: it holds the old one then.
pub fn replace(path: &Path, key: &Key) -> Result<(), MasterKeyError> {
    let text = Zeroizing::new(hex(key.as_slice()) + "\n");
    replace_private(path, text.as_bytes()).map_err(|error| MasterKeyError::File(path.to_owned(), error))
}

/// A name for a key, by which two are told apart and nothing of it is told: 16 hex digits of HMAC-SHA256 with `candor/master/v1`.
#[must_use]
pub fn name(key: &Key) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).map(|mac| mac.chain_update(b"candor/master/v1"));
    // HMAC takes keys of any length.
    mac.map(|mac| hex(&mac.finalize().into_bytes()).split_off(48)).unwrap_or_default()
}

/// Reads a master key from 64 hex digits.
#[must_use]
pub fn parse(text: &str) -> Option<Key> {
    let text = text.trim();
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = Key::default();
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    /// Gives every caller other bytes.
    #[derive(Default)]
    struct Counted(AtomicU8);

    impl Entropy for Counted {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed) + 1);
        }
    }

    #[test]
    fn all_who_race_to_make_the_key_get_the_same_one() {
        const THREADS: usize = 24;
        for _ in 0..8 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("master.key");
            let (start, entropy) = (Barrier::new(THREADS), Counted::default());
            let keys: Vec<Key> = std::thread::scope(|scope| {
                let hands: Vec<_> = (0..THREADS)
                    .map(|_| {
                        scope.spawn(|| {
                            start.wait();
                            of_file(&path, &entropy).unwrap()
                        })
                    })
                    .collect();
                hands.into_iter().map(|hand| hand.join().unwrap()).collect()
            });
            let kept = parse(&fs::read_to_string(&path).unwrap()).unwrap();
            assert!(keys.iter().all(|key| key.as_slice() == kept.as_slice()));
            assert_ne!(kept.as_slice(), [0; 32]);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary name is left");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        of_file(&path, &Counted::default()).unwrap();
        assert_eq!(mode(), 0o600);
        replace(&path, &Key::new([9; 32])).unwrap();
        assert_eq!(mode(), 0o600);
        assert_eq!(of_file(&path, &Counted::default()).unwrap().as_slice(), [9; 32]);
    }

    #[test]
    fn what_a_killed_process_left_of_a_key_goes_with_the_next_look() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let (left, other) = (folder.path().join(".master.key.7.0.part"), folder.path().join(".report.7.0.part"));
        for file in [&left, &other] {
            fs::write(file, "1f".repeat(32)).unwrap();
        }
        of_file(&path, &Counted::default()).unwrap();
        assert!(!left.exists() && other.exists() && path.exists());
    }

    #[test]
    fn a_name_tells_keys_apart_and_nothing_of_them() {
        let [one, other] = [[1; 32], [2; 32]].map(|bytes| name(&Key::new(bytes)));
        assert_eq!((one.len(), one == other, one.contains("0101")), (16, false, false));
    }

    #[test]
    fn what_is_no_key_is_refused_by_its_path_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let digits = "1f".repeat(32);
        let signs = "+1".repeat(32);
        let torn = ["", "\n", &digits[..63], &digits[..1], &signs].map(|text| text.as_bytes().to_vec());
        for content in torn.into_iter().chain([vec![0xff; 64]]) {
            fs::write(&path, &content).unwrap();
            let refused = of_file(&path, &Counted::default()).unwrap_err().to_string();
            assert!(refused.contains(path.to_str().unwrap()) && refused.contains("put your copy"), "{refused}");
            assert!(!refused.contains("1f1f"), "{refused}");
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        fs::write(&path, digits + "\r\n").unwrap();
        assert_eq!(of_file(&path, &Counted::default()).unwrap().as_slice(), [0x1f; 32]);
        // A name that leads nowhere is no missing file.
        let nowhere = folder.path().join("no such folder/master.key");
        let refused = of_file(&nowhere, &Counted::default()).unwrap_err().to_string();
        assert!(refused.contains("no such folder") && refused.contains("check the data folder"), "{refused}");
    }
}
