//! How often each rule refused a command: counted for the operator, without a person and without a value.

use async_trait::async_trait;
use serde::Serialize;
use thiserror::Error;

use crate::domain::Instant;
use crate::domain::invariants::Violation;

/// The count could not be kept or read.
#[derive(Debug, Error)]
#[error("refusals are not available: {0}")]
pub struct RefusalsError(pub String);

/// A rule, the field that broke it, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The rule's stable name.
    pub rule: String,
    /// The field.
    pub field: String,
    /// How often.
    pub count: u64,
    /// When last.
    pub last_at: Instant,
}

/// The counts.
#[async_trait]
pub trait Refusals: Send + Sync {
    /// Counts one more.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn count(&self, violation: &Violation, now: Instant) -> Result<(), RefusalsError>;

    /// All of them, the most frequent first.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn list(&self) -> Result<Vec<Refusal>, RefusalsError>;
}
