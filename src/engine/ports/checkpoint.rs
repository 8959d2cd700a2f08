//! Checkpoints as the engine knows them: what the log was once, signed and kept outside it.

use std::path::PathBuf;

use async_trait::async_trait;
use thiserror::Error;
use uuid::Uuid;

/// What a checkpoint says: the hashes of the first `size` events of the log have this root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// How many events.
    pub size: u64,
    /// The root of the Merkle tree over their hashes (RFC 6962).
    pub root: [u8; 32],
}

/// A checkpoint in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it says.
    pub anchor: Anchor,
    /// Its file.
    pub file: PathBuf,
    /// Itself, as it is written there.
    pub note: String,
}

/// How many events there are, and of how many the newest checkpoint says what they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The events of the log.
    pub events: u64,
    /// Those that are held fast.
    pub held: u64,
}

/// Why there is no checkpoint.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The log does not continue what the last checkpoint says, or that is not what was written: nothing is signed.
    #[error("{rule}: {what}")]
    Refused {
        /// The rule that is broken, as in `checkpoint_root`.
        rule: &'static str,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The log or the folder did not answer.
    #[error("no checkpoint could be made or read: {0}")]
    Unavailable(String),
}

/// The folder of checkpoints.
#[async_trait]
pub trait Checkpoints: Send + Sync {
    /// Compares the whole log with the last checkpoint and writes one of the log as it is now; nothing new where it has not
    /// grown, and nothing at all where it is empty.
    ///
    /// # Errors
    /// When the log does not continue the last one, or something does not answer. What was written before stays.
    async fn write(&self) -> Result<Option<Kept>, CheckpointError>;

    /// The newest one.
    ///
    /// # Errors
    /// When it is not what this store's key signed, or the folder does not answer.
    async fn newest(&self) -> Result<Option<Kept>, CheckpointError>;

    /// How far the log goes, and how far the newest one holds it fast; nothing where the log does not count its positions.
    ///
    /// # Errors
    /// When the log or the folder does not answer.
    async fn reach(&self) -> Result<Option<Reach>, CheckpointError>;

    /// The document that proves that an event is in the log of the newest one, as JSON; nothing where it is not there.
    ///
    /// # Errors
    /// When there is no checkpoint, the log does not continue it, or something does not answer.
    async fn proof(&self, event: Uuid) -> Result<Option<Vec<u8>>, CheckpointError>;
}
