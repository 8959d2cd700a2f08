//! A log that has grown by so much that it is held fast before the hour is over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::schedule::Condition;
use crate::engine::ports::checkpoint::{Checkpoints, Reach};

/// Holds once the log has so many events more than its newest checkpoint; where none was written since, so many more again: one
/// that is refused would be refused again a minute later.
pub struct Grown {
    checkpoints: Arc<dyn Checkpoints>,
    by: u64,
    looks: Mutex<Looks>,
}

/// How far the log went.
#[derive(Default)]
struct Looks {
    /// At the last look.
    last: Option<Reach>,
    /// When a checkpoint was ordered last.
    ordered: Option<Reach>,
}

impl Grown {
    /// Holds after `by` events.
    #[must_use]
    pub fn new(checkpoints: Arc<dyn Checkpoints>, by: u64) -> Self {
        Self { checkpoints, by, looks: Mutex::default() }
    }

    fn is_due(&self, reach: Reach) -> bool {
        let mut looks = self.looks();
        looks.last = Some(reach);
        let ordered = looks.ordered.filter(|ordered| ordered.held == reach.held);
        reach.events.saturating_sub(ordered.map_or(reach.held, |ordered| ordered.events)) >= self.by
    }

    fn looks(&self) -> MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Condition for Grown {
    fn ordered(&self) {
        let mut looks = self.looks();
        looks.ordered = looks.last;
    }

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
