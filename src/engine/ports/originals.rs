//! The originals of imported files, kept sealed so that their owner can have them back.

use std::path::Path;

use async_trait::async_trait;
use thiserror::Error;

use crate::domain::person::PersonId;
use crate::domain::provider::Provider;

/// Why an original was not kept or not given back.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct OriginalsError(pub String);

/// The originals.
#[async_trait]
pub trait Originals: Send + Sync {
    /// Seals a file and keeps it; one that is kept already stays as it is. Returns its SHA-256 in hex.
    ///
    /// # Errors
    /// When it cannot be read or written; nothing is left behind then.
    async fn keep(&self, person: PersonId, provider: Provider, file: &Path) -> Result<String, OriginalsError>;

    /// Writes an original out in clear.
    ///
    /// # Errors
    /// When there is none, its key is destroyed, or it was changed.
    async fn give_back(&self, person: PersonId, digest: &str, target: &Path) -> Result<(), OriginalsError>;

    /// Removes an original; one that is gone already is no error.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    async fn remove(&self, person: PersonId, digest: &str) -> Result<(), OriginalsError>;

    /// The name of an original outside of sealed places: without the person's key it tells nothing of what it holds, which its
    /// digest would.
    ///
    /// # Errors
    /// When the person's key is destroyed.
    async fn name(&self, person: PersonId, digest: &str) -> Result<String, OriginalsError>;

    /// Writes an original out in clear that is known by its name.
    ///
    /// # Errors
    /// As for [`Self::give_back`].
    async fn give_back_named(
        &self,
        person: PersonId,
        provider: Provider,
        name: &str,
        target: &Path,
    ) -> Result<(), OriginalsError>;

    /// Reads an original to its end and compares it with its digest.
    ///
    /// # Errors
    /// When there is none, its key is destroyed, or it was changed.
    async fn check(&self, person: PersonId, digest: &str) -> Result<(), OriginalsError>;
}
