//! Which keys were destroyed, said apart from the keys and the log: a file for each in the folder of checkpoints, that is never
//! written again. A backup from before an erasure has neither the request for it in its log nor its keys missing; these files
//! and the manifests of later backups are what it cannot bring back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::KeyStore;
use crate::domain::erasure::Scope;
use crate::domain::person::PersonId;
use crate::engine::ports::erasing::{DestroyedKey, ErasingError, Keys};
use crate::store::atomic_file::create_private;
use crate::store::error::{Inconsistency, StoreError};

/// What the name of such a file ends with; before it stands the id of the key.
const ENDING: &str = ".destroyed";

/// Keys whose destruction is said elsewhere before it is done.
pub struct RecordedKeys {
    keys: Arc<KeyStore>,
    folder: PathBuf,
    gone: Vec<DestroyedKey>,
}

impl RecordedKeys {
    /// Keys, and the folder in which it is said.
    #[must_use]
    pub fn new(keys: Arc<KeyStore>, folder: PathBuf) -> Self {
        Self { keys, folder, gone: Vec::new() }
    }

    /// The same, which names keys that were destroyed before among those of their person, whether they are there or not: what
    /// a log from before that says of them is erased like anything else.
    #[must_use]
    pub fn naming(self, gone: Vec<DestroyedKey>) -> Self {
        Self { gone, ..self }
    }

    fn say(&self, destroyed: &DestroyedKey) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let text = serde_json::to_string(destroyed).map_err(io::Error::other)?;
        match create_private(&self.folder.join(format!("{}{ENDING}", destroyed.key)), text.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }
}

/// The keys that a folder says were destroyed.
///
/// # Errors
/// When it cannot be read, or a file in it says something else; a folder that is not there says nothing.
pub fn destroyed_in(folder: &Path) -> Result<Vec<DestroyedKey>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut destroyed = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == &ENDING[1..]) {
            let said = serde_json::from_slice(&fs::read(&path)?);
            destroyed.push(said.map_err(|_| Inconsistency::new("destroyed", "file", path.display()))?);
        }
    }
    destroyed.sort();
    Ok(destroyed)
}

#[async_trait]
impl Keys for RecordedKeys {
    async fn ids(&self, person: PersonId, scope: Scope) -> Result<Vec<Uuid>, ErasingError> {
        let mut ids = self.keys.ids(person, scope).await?;
        let gone =
            self.gone.iter().filter(|one| one.person == person && (scope == Scope::Person || one.scope == scope));
        ids.extend(gone.map(|one| one.key));
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    async fn destroy(&self, keys: &[Uuid]) -> Result<(), ErasingError> {
        for destroyed in self.keys.owners(keys).await? {
            self.say(&destroyed).map_err(|error| {
                ErasingError(format!(
                    "{}: that a key is destroyed cannot be written there ({error})",
                    self.folder.display()
                ))
            })?;
        }
        self.keys.destroy(keys).await
    }
}
