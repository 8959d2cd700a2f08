//! That one event is in the log that a checkpoint is of: a document that proves it to whoever has the key that checks
//! checkpoints, without the log and without the other events.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::folder::CheckpointFolder;
use super::merkle;
use super::note::{self, Verifier};
use crate::engine::ports::checkpoint::{Anchor, CheckpointError};
use crate::engine::ports::proof::unhex;
use crate::store::chain::Hash;
use crate::store::log::{Leaf, Position};

/// Siblings a path may have: a log has fewer than 2^64 events.
pub(super) const LONGEST: usize = 64;

/// The proof that an event is in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inclusion {
    /// The id of the event, which only its hash proves.
    pub event_id: Uuid,
    /// The hash of the event, in hex: that of an export and of the trail.
    pub hash: String,
    /// How many events come before it in the whole log.
    pub index: u64,
    /// The events of the checkpoint.
    pub size: u64,
    /// The hashes beside its way to the root, from below, in hex.
    pub path: Vec<String>,
    /// The checkpoint.
    pub checkpoint: String,
}

/// The event that a proof is wanted of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// By its id.
    Id(Uuid),
    /// By its position.
    Position(Position),
}

impl Wanted {
    fn is(self, leaf: &Leaf) -> bool {
        match self {
            Self::Id(id) => leaf.event_id == id,
            Self::Position(position) => leaf.position == position,
        }
    }
}

impl Inclusion {
    /// Whether it proves what it says under a key; otherwise the rule that it breaks.
    ///
    /// # Errors
    /// The rule.
    pub fn check(&self, verifier: &Verifier) -> Result<(), &'static str> {
        self.leads_to(&verifier.open(&self.checkpoint).map_err(|_| "checkpoint_signature")?)
    }

    /// Whether it leads to the root of its checkpoint, whoever signed that; otherwise the rule that it breaks.
    ///
    /// # Errors
    /// The rule.
    pub fn check_unsigned(&self) -> Result<(), &'static str> {
        self.leads_to(&note::unsigned(&self.checkpoint).ok_or("checkpoint_signature")?)
    }

    fn leads_to(&self, anchor: &Anchor) -> Result<(), &'static str> {
        if anchor.size != self.size {
            return Err("checkpoint_size");
        }
        let path: Option<Vec<Hash>> = self.path.iter().take(LONGEST + 1).map(|hash| read(hash)).collect();
        let entry = read(&self.hash).ok_or("inclusion")?;
        let leaf = merkle::leaf(entry.as_bytes());
        let root = merkle::root_over(leaf, self.index, self.size, &path.ok_or("inclusion")?);
        if root.is_some_and(|root| *root.as_bytes() == anchor.root) { Ok(()) } else { Err("inclusion") }
    }
}

pub(super) fn read(hex: &str) -> Option<Hash> {
    Hash::try_from(unhex(hex)?.as_slice()).ok()
}

impl CheckpointFolder {
    /// Proves that an event is in the log of the newest checkpoint; nothing where it is not there.
    ///
    /// # Errors
    /// When there is no checkpoint, the log does not continue it, or something does not answer.
    pub async fn prove(&self, wanted: Wanted) -> Result<Option<Inclusion>, CheckpointError> {
        let kept = self.there().await?;
        let mut found = None;
        let tree = self
            .walk(&kept, |leaf, tree| {
                let hash = merkle::leaf(leaf.hash.as_bytes());
                if wanted.is(leaf) {
                    found = Some((*leaf, tree.size()));
                    tree.push_marked(hash);
                } else {
                    tree.push(hash);
                }
            })
            .await?;
        let (Some((leaf, index)), Some(path)) = (found, tree.path()) else { return Ok(None) };
        Ok(Some(Inclusion {
            event_id: leaf.event_id,
            hash: leaf.hash.to_hex(),
            index,
            size: kept.anchor.size,
            path: path.iter().map(Hash::to_hex).collect(),
            checkpoint: kept.note,
        }))
    }
}
