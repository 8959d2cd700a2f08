//! That a log only grew from one checkpoint to another: a document that proves it to whoever has the key that checks
//! checkpoints, without the log. Whoever keeps two checkpoints can ask for it, and then needs to trust neither.

use serde::{Deserialize, Serialize};

use super::folder::{CheckpointFolder, differs, refused};
use super::inclusion::{LONGEST, read};
use super::merkle;
use super::note::Verifier;
use crate::engine::ports::checkpoint::{Anchor, CheckpointError};
use crate::store::chain::Hash;

/// The proof that a log only grew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consistency {
    /// The earlier checkpoint.
    pub before: String,
    /// The hashes that lead to both roots (RFC 6962, section 2.1.2), in hex.
    pub path: Vec<String>,
    /// The later checkpoint.
    pub checkpoint: String,
}

/// From how many events to how many a log only grew.
pub type Grew = (u64, u64);

impl Consistency {
    /// Whether it proves under a key that the log only grew, and from how many events to how many; otherwise the rule that it
    /// breaks.
    ///
    /// # Errors
    /// The rule.
    pub fn check(&self, verifier: &Verifier) -> Result<Grew, &'static str> {
        let signed = |note: &str| verifier.open(note).map_err(|_| "checkpoint_signature");
        let (before, after) = (signed(&self.before)?, signed(&self.checkpoint)?);
        let path: Option<Vec<Hash>> = self.path.iter().take(LONGEST + 2).map(|hash| read(hash)).collect();
        let path = path.ok_or("consistency")?;
        let (from, to) = ((before.size, Hash::from_bytes(before.root)), (after.size, Hash::from_bytes(after.root)));
        if merkle::only_grew(from, to, &path) { Ok((before.size, after.size)) } else { Err("consistency") }
    }
}

impl CheckpointFolder {
    /// Proves that the log of the newest checkpoint only grew since an earlier one, which is given with what it says.
    ///
    /// # Errors
    /// When there is no checkpoint, the earlier one is of another log or a longer one, or something does not answer.
    pub async fn prove_since(&self, note: &str, before: Anchor) -> Result<Consistency, CheckpointError> {
        let kept = self.there().await?;
        if before.size == 0 || before.size > kept.anchor.size {
            let what = format!(
                "that checkpoint is of {} events, and the newest of this log of {}: there is nothing between them to prove",
                before.size, kept.anchor.size
            );
            return Err(refused("checkpoint_size", what));
        }
        let (mut seed, mut same) = (None, true);
        let tree = self
            .walk(&kept, |leaf, tree| {
                tree.push(merkle::leaf(leaf.hash.as_bytes()));
                if tree.size() == before.size {
                    same = *tree.root().as_bytes() == before.root;
                    seed = tree.mark_edge();
                }
            })
            .await?;
        if !same {
            return Err(differs(before.size, "the checkpoint that you named"));
        }
        let mut path: Vec<Hash> = seed.into_iter().collect();
        if before.size == kept.anchor.size {
            path.clear();
        } else {
            path.extend(tree.path().unwrap_or_default());
        }
        let path = path.iter().map(Hash::to_hex).collect();
        Ok(Consistency { before: note.to_owned(), path, checkpoint: kept.note })
    }
}
