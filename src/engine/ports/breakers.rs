//! Breakers: whether calls to somebody pass, kept where every process sees it.

use std::time::Duration;

use async_trait::async_trait;

use super::jobs::QueueError;
use crate::domain::Instant;

/// Where a breaker stands. The default one lets everything pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row.
    pub failures: u32,
    /// Nothing passes until then.
    pub open_until: Option<Instant>,
    /// How long it was opened for.
    pub wait: Duration,
}

/// The breakers, by name.
#[async_trait]
pub trait Breakers: Send + Sync {
    /// A breaker with the version of its row; 0 where there is none yet.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn breaker(&self, name: &str) -> Result<(Breaker, i64), QueueError>;

    /// Changes a breaker unless somebody else has since that version; whether it did.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn set_breaker(&self, name: &str, version: i64, breaker: Breaker) -> Result<bool, QueueError>;

    /// Those that let nothing pass, in the order of their names.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn open_breakers(&self, now: Instant) -> Result<Vec<(String, Breaker)>, QueueError>;
}
