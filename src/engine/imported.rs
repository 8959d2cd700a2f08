//! The files that were taken, and their originals.

use std::path::Path;

use super::{Engine, EngineError};
use crate::domain::event::FileImported;
use crate::domain::person::PersonId;

impl Engine {
    /// Each part of the files that were taken whole, the newest word first.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn imported(&self, person: PersonId) -> Result<Vec<FileImported>, EngineError> {
        self.views.catch_up().await?;
        let entities = self.views.entities(person, "import", None).await?;
        let mut taken: Vec<FileImported> =
            entities.into_iter().filter_map(|entity| serde_json::from_value(entity.body).ok()).collect();
        taken.sort_by(|a, b| b.as_of.cmp(&a.as_of).then_with(|| a.source.file.cmp(&b.source.file)));
        Ok(taken)
    }

    /// The parts of one file, by the digest of its original.
    ///
    /// # Errors
    /// When no such file was taken, or the read models do not answer.
    pub async fn imported_file(&self, person: PersonId, digest: &str) -> Result<Vec<FileImported>, EngineError> {
        let mut taken = self.imported(person).await?;
        taken.retain(|part| part.source.digest.as_deref() == Some(digest));
        if taken.is_empty() {
            return Err(EngineError::NotFound { what: "file", id: digest.to_owned() });
        }
        Ok(taken)
    }

    /// Writes the original of a file out in clear, and gives the name it came with.
    ///
    /// # Errors
    /// When no such file was taken, or its original is lost, changed, or its key destroyed.
    pub async fn original(&self, person: PersonId, digest: &str, target: &Path) -> Result<String, EngineError> {
        let taken = self.imported_file(person, digest).await?;
        self.originals.give_back(person, digest, target).await?;
        let named = taken.into_iter().find_map(|part| part.source.file).unwrap_or_default();
        // A member of a zip is named after it.
        Ok(named.split('/').next().unwrap_or_default().to_owned())
    }
}
