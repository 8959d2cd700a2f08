//! The originals of imported files: sealed in chunks, named by a keyed digest, written whole or not at all.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::atomic_file::write_atomically;
use super::chain::{hex, put};
use super::keys::KeyStore;
use super::seal::{self, Key};
use crate::domain::erasure::Scope;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::engine::ports::entropy::Entropy;
use crate::engine::ports::originals::{Originals, OriginalsError};

/// How much of a file is held in memory.
const CHUNK: usize = 1 << 20;

/// A folder of sealed originals.
pub struct SealedOriginals {
    folder: PathBuf,
    keys: Arc<KeyStore>,
    entropy: Arc<dyn Entropy>,
}

impl SealedOriginals {
    /// Keeps originals in a folder, which is made when it is missing.
    #[must_use]
    pub fn new(folder: PathBuf, keys: Arc<KeyStore>, entropy: Arc<dyn Entropy>) -> Self {
        Self { folder, keys, entropy }
    }

    async fn key(&self, person: PersonId, provider: Option<Provider>) -> Result<Key, OriginalsError> {
        let now = self.keys.now().await.map_err(failed)?;
        let mut keys = vec![now.of(person, Scope::Person).await.map_err(failed)?.1];
        if let Some(provider) = provider {
            keys.push(now.of(person, Scope::Provider(provider)).await.map_err(failed)?.1);
        }
        Ok(seal::mix(&keys))
    }

    /// The name says nothing to who does not hold the person's key: a plain digest would identify a known file.
    fn path(&self, name_key: &Key, provider: Provider, digest: &str) -> Result<PathBuf, OriginalsError> {
        Ok(self.folder.join(format!("{}-{provider}.sealed", named(name_key, digest)?)))
    }

    async fn find(&self, person: PersonId, digest: &str) -> Result<(PathBuf, Key), OriginalsError> {
        let name_key = self.key(person, None).await?;
        for provider in Provider::ALL {
            let path = self.path(&name_key, provider, digest)?;
            if path.exists() {
                return Ok((path, self.key(person, Some(provider)).await?));
            }
        }
        Err(lost("it is gone"))
    }
}

fn named(name_key: &Key, digest: &str) -> Result<String, OriginalsError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(name_key.as_slice()).map_err(failed)?;
    mac.update(b"candor/original/v1");
    mac.update(digest.as_bytes());
    Ok(hex(&mac.finalize().into_bytes()))
}

/// Opens an original into a file; what its digest is.
async fn opened(path: PathBuf, key: Key, target: &Path) -> Result<String, OriginalsError> {
    let target = target.to_owned();
    let opening = tokio::task::spawn_blocking(move || {
        let mut digest = Digesting(Sha256::new());
        write_atomically(&target, |out| open_file(&path, &mut Both(out, &mut digest), &key))
            .map(|()| hex(&digest.0.finalize()))
    });
    opening.await.map_err(lost)?.map_err(lost)
}

/// Another file under this name is not given out.
fn not_another(same: bool, target: &Path) -> Result<(), OriginalsError> {
    if same {
        return Ok(());
    }
    std::fs::remove_file(target).map_err(lost)?;
    Err(lost(ANOTHER))
}

fn failed(error: impl std::fmt::Display) -> OriginalsError {
    OriginalsError(format!("the original was not kept: {error}"))
}

fn lost(error: impl std::fmt::Display) -> OriginalsError {
    OriginalsError(format!("the original cannot be read: {error}"))
}

#[async_trait]
impl Originals for SealedOriginals {
    async fn keep(&self, person: PersonId, provider: Provider, file: &Path) -> Result<String, OriginalsError> {
        let (name_key, key) = (self.key(person, None).await?, self.key(person, Some(provider)).await?);
        private_folder(&self.folder).map_err(failed)?;
        let digest = digest(file).map_err(failed)?;
        let target = self.path(&name_key, provider, &digest)?;
        // One that an erased key sealed is none any more.
        if opens(&target, &key) {
            return Ok(digest);
        }
        let (source, entropy) = (file.to_owned(), Arc::clone(&self.entropy));
        let sealed = tokio::task::spawn_blocking(move || {
            write_atomically(&target, |out| seal_file(&source, out, &key, entropy.as_ref()))
        });
        sealed.await.map_err(failed)?.map_err(failed)?;
        Ok(digest)
    }

    async fn give_back(&self, person: PersonId, digest: &str, target: &Path) -> Result<(), OriginalsError> {
        let (path, key) = self.find(person, digest).await?;
        let found = opened(path, key, target).await?;
        not_another(found == digest, target)
    }

    async fn name(&self, person: PersonId, digest: &str) -> Result<String, OriginalsError> {
        named(&self.key(person, None).await?, digest)
    }

    async fn give_back_named(
        &self,
        person: PersonId,
        provider: Provider,
        name: &str,
        target: &Path,
    ) -> Result<(), OriginalsError> {
        let path = self.folder.join(format!("{name}-{provider}.sealed"));
        if name.contains(['/', '\\']) || !path.exists() {
            return Err(lost("it is gone"));
        }
        let found = opened(path, self.key(person, Some(provider)).await?, target).await?;
        let same = self.name(person, &found).await? == name;
        not_another(same, target)
    }

    async fn remove(&self, person: PersonId, digest: &str) -> Result<(), OriginalsError> {
        let name_key = self.key(person, None).await?;
        for provider in Provider::ALL {
            match std::fs::remove_file(self.path(&name_key, provider, digest)?) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(OriginalsError(format!("the original was not removed: {error}")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn check(&self, person: PersonId, digest: &str) -> Result<(), OriginalsError> {
        let (path, key) = self.find(person, digest).await?;
        let digesting = tokio::task::spawn_blocking(move || {
            let mut digest = Digesting(Sha256::new());
            open_file(&path, &mut digest, &key).map(|()| hex(&digest.0.finalize()))
        });
        let found = digesting.await.map_err(lost)?.map_err(lost)?;
        if found == digest { Ok(()) } else { Err(lost(ANOTHER)) }
    }
}

/// What is said of an original that opens and is another.
const ANOTHER: &str = "it is not what was imported";

/// Writes to two places.
struct Both<'a>(&'a mut dyn Write, &'a mut Digesting);

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        self.1.write_all(&bytes[..written])?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Takes what is written to it into a digest.
struct Digesting(Sha256);

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The SHA-256 of a file, in hex.
///
/// # Errors
/// When it cannot be read.
pub fn digest(file: &Path) -> io::Result<String> {
    let mut reader = BufReader::new(File::open(file)?);
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = reader.read(&mut chunk)?;
        if read == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&chunk[..read]);
    }
}

/// Each chunk is bound to its number and to whether it is the last: cut or reordered chunks do not open.
fn bound_to(index: u64, last: bool) -> Vec<u8> {
    let mut aad = Vec::new();
    put(&mut aad, b"candor/original/v1");
    put(&mut aad, &index.to_be_bytes());
    put(&mut aad, &[u8::from(last)]);
    aad
}

fn seal_file(source: &Path, out: &mut dyn Write, key: &Key, entropy: &dyn Entropy) -> io::Result<()> {
    let mut reader = BufReader::new(File::open(source)?);
    let mut chunk = read_chunk(&mut reader)?;
    for index in 0.. {
        let next = read_chunk(&mut reader)?;
        let last = next.is_empty();
        let sealed = seal::encrypt(key, &bound_to(index, last), &chunk, entropy).map_err(io::Error::other)?;
        out.write_all(&u32::try_from(sealed.len()).map_err(io::Error::other)?.to_be_bytes())?;
        out.write_all(&sealed)?;
        if last {
            break;
        }
        chunk = next;
    }
    Ok(())
}

/// Makes a folder that only its owner may look into.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Whether a file is there that a key opens: its first chunk tells.
fn opens(path: &Path, key: &Key) -> bool {
    let first = || open_chunk(&mut BufReader::new(File::open(path)?), 0, &mut std::fs::metadata(path)?.len(), key);
    first().is_ok()
}

/// Opens the next chunk, and says of how much is left what is left after it.
fn open_chunk(reader: &mut impl Read, index: u64, left: &mut u64, key: &Key) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    reader.read_exact(&mut length)?;
    let length = u64::from(u32::from_be_bytes(length));
    if length > 2 * CHUNK as u64 {
        return Err(io::Error::other("a chunk is too long"));
    }
    *left = left.saturating_sub(4 + length);
    let mut sealed = Vec::new();
    reader.take(length).read_to_end(&mut sealed)?;
    seal::decrypt(key, &bound_to(index, *left == 0), &sealed).map_err(io::Error::other)
}

fn open_file(path: &Path, out: &mut dyn Write, key: &Key) -> io::Result<()> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut left = std::fs::metadata(path)?.len();
    for index in 0.. {
        out.write_all(&open_chunk(&mut reader, index, &mut left, key)?)?;
        if left == 0 {
            break;
        }
    }
    Ok(())
}

fn read_chunk(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK);
    reader.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}
