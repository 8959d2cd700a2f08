//! What an erasure needs: keys that are destroyed, and whoever holds what must go with them.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::domain::erasure::Scope;
use crate::domain::person::PersonId;

/// Something was not taken away: it can be tried again.
#[derive(Debug, Error)]
#[error("not everything could be erased: {0}")]
pub struct ErasingError(pub String);

/// A key that was destroyed: what it sealed must never be readable again, whatever is put back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DestroyedKey {
    /// Its id.
    pub key: Uuid,
    /// Whose it was.
    pub person: PersonId,
    /// What it sealed.
    pub scope: Scope,
}

/// The keys, apart from the log.
#[async_trait]
pub trait Keys: Send + Sync {
    /// The ids of the keys that go with a scope: all of them with the person.
    ///
    /// # Errors
    /// When the keys do not answer.
    async fn ids(&self, person: PersonId, scope: Scope) -> Result<Vec<Uuid>, ErasingError>;

    /// Destroys them, for every process: what they sealed is unreadable from now on. None left is no error.
    ///
    /// # Errors
    /// When the keys do not answer; they may still be there then.
    async fn destroy(&self, keys: &[Uuid]) -> Result<(), ErasingError>;
}

/// Whoever holds something of a person beside the log, its read models and the originals.
#[async_trait]
pub trait Holder: Send + Sync {
    /// Takes away what it holds in a scope, for good. What is gone already is no error.
    ///
    /// # Errors
    /// When it does not answer; a part may still be there then.
    async fn erase(&self, person: PersonId, scope: Scope) -> Result<(), ErasingError>;
}
