//! A log that has grown by so much that it is held fast before the hour is over.

use std::sync::Arc;

use async_trait::async_trait;

use super::schedule::Condition;
use crate::engine::ports::checkpoint::Checkpoints;

/// Holds once the log has so many events more than its newest checkpoint.
pub struct Grown {
    /// Where the log is held fast.
    pub checkpoints: Arc<dyn Checkpoints>,
    /// How many.
    pub by: u64,
}

#[async_trait]
impl Condition for Grown {
    async fn holds(&self) -> bool {
        match self.checkpoints.behind().await {
            Ok(behind) => behind.is_some_and(|behind| behind >= self.by),
            Err(error) => {
                // The checkpoint of the hour is written all the same, and says what is wrong.
                tracing::warn!(%error, "how far the log has grown could not be looked at");
                false
            }
        }
    }
}
