//! A log that has grown by so much that it is held fast before the hour is over.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::schedule::Condition;
use crate::engine::ports::checkpoint::{Checkpoints, Reach};

/// Holds once the log has so many events more than its newest checkpoint; where none was written since, so many more again: one
/// that is refused would be refused again a minute later.
pub struct Grown {
    checkpoints: Arc<dyn Checkpoints>,
    by: u64,
    /// How far the log went when this held last.
    last: Mutex<Option<Reach>>,
}

impl Grown {
    /// Holds after `by` events.
    #[must_use]
    pub fn new(checkpoints: Arc<dyn Checkpoints>, by: u64) -> Self {
        Self { checkpoints, by, last: Mutex::default() }
    }

    fn is_due(&self, reach: Reach) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let since = last.filter(|last| last.held == reach.held).map_or(reach.held, |last| last.events);
        let due = reach.events.saturating_sub(since) >= self.by;
        if due {
            *last = Some(reach);
        }
        due
    }
}

#[async_trait]
impl Condition for Grown {
    async fn holds(&self) -> bool {
        match self.checkpoints.reach().await {
            Ok(reach) => reach.is_some_and(|reach| self.is_due(reach)),
            Err(error) => {
                // The checkpoint of the hour is written all the same, and says what is wrong.
                tracing::warn!(%error, "how far the log has grown could not be looked at");
                false
            }
        }
    }
}
