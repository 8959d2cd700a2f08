//! The folder of checkpoints, each a file of its own that is never written twice.
//!
//! Each is made from the whole log, not from where the last one stopped: that is what shows that the log still continues
//! the last one. Only the hashes are read for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use async_trait::async_trait;
use uuid::Uuid;

use super::inclusion::Wanted;
use super::merkle::{self, Tree};
use super::note::Signer;
use crate::engine::ports::checkpoint::{Anchor, CheckpointError, Checkpoints, Kept, Reach};
use crate::store::atomic_file::create_private;
use crate::store::log::{EventLog, Leaf, Position};

/// Hashes read at a time.
const PAGE: usize = 20_000;
/// What the name of a checkpoint ends with; before it stands its size with as many zeroes as make all names equally long.
const ENDING: &str = ".checkpoint";

/// The checkpoints of a log.
pub struct CheckpointFolder {
    folder: PathBuf,
    signer: Signer,
    log: Arc<dyn EventLog>,
}

impl CheckpointFolder {
    /// The checkpoints in a folder, which is made when the first one is written.
    #[must_use]
    pub fn new(folder: PathBuf, signer: Signer, log: Arc<dyn EventLog>) -> Self {
        Self { folder, signer, log }
    }

    /// What signs them.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    fn file(&self, size: u64) -> PathBuf {
        self.folder.join(format!("{size:020}{ENDING}"))
    }

    /// The sizes that files are named for, in no order.
    fn sizes(&self) -> Result<Vec<u64>, CheckpointError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| at(&self.folder, &error))?,
        };
        let mut sizes = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| at(&self.folder, &error))?.file_name();
            let size = name.to_str().and_then(|name| name.strip_suffix(ENDING)).and_then(|size| size.parse().ok());
            sizes.extend(size.filter(|size| self.file(*size).file_name() == Some(&name)));
        }
        Ok(sizes)
    }

    /// The newest one that a log of so many events can hold, and the files of those that are of more.
    ///
    /// # Errors
    /// When it is not what this store's key signed, or the folder does not answer.
    pub fn up_to(&self, events: u64) -> Result<(Option<Kept>, Vec<PathBuf>), CheckpointError> {
        let (fitting, mut later): (Vec<u64>, Vec<u64>) = self.sizes()?.into_iter().partition(|size| *size <= events);
        later.sort_unstable();
        let newest = fitting.into_iter().max().map(|size| self.read(size)).transpose()?;
        Ok((newest, later.into_iter().map(|size| self.file(size)).collect()))
    }

    /// Reads the checkpoint of a size.
    fn read(&self, size: u64) -> Result<Kept, CheckpointError> {
        let file = self.file(size);
        let note = fs::read_to_string(&file).map_err(|error| at(&file, &error))?;
        match self.signer.verifier().open(&note) {
            Ok(anchor) if anchor.size == size => Ok(Kept { anchor, file, note }),
            Ok(_) => Err(refused("checkpoint_signature", format!("{} is not what its name says", file.display()))),
            Err(bad) => Err(refused(
                "checkpoint_signature",
                format!(
                    "{}: {bad}; put the key of this store's checkpoints back, or the file as it was written",
                    file.display()
                ),
            )),
        }
    }

    /// Keeps a checkpoint, unless it is there already.
    fn keep(&self, anchor: Anchor) -> Result<Kept, CheckpointError> {
        let (file, note) = (self.file(anchor.size), self.signer.sign(&anchor));
        fs::create_dir_all(&self.folder).map_err(|error| at(&self.folder, &error))?;
        match create_private(&file, note.as_bytes()) {
            Ok(()) => Ok(Kept { anchor, file, note }),
            // Another process was faster: the log has one root of one size.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let kept = self.read(anchor.size)?;
                if kept.anchor == anchor {
                    Ok(kept)
                } else {
                    Err(differs(kept.anchor.size, &kept.file.display().to_string()))
                }
            }
            Err(error) => Err(at(&file, &error)),
        }
    }

    /// Grows the tree of the whole log, and compares it with the last checkpoint on the way.
    async fn grow(&self, last: Option<&Kept>) -> Result<Tree, CheckpointError> {
        let (mut tree, mut after) = (Tree::default(), None);
        loop {
            let leaves = self.log.leaves(after, PAGE).await.map_err(unavailable)?;
            let Some(end) = leaves.last() else { break };
            after = Some(end.position);
            self.without_gap(&leaves, tree.size())?;
            let anchor = last.map(|kept| kept.anchor);
            let grown = tokio::task::spawn_blocking(move || grown(tree, &leaves, anchor));
            let (grown, fits) = grown.await.map_err(unavailable)?;
            tree = grown;
            if let Some(kept) = last.filter(|_| !fits) {
                return Err(differs(kept.anchor.size, &kept.file.display().to_string()));
            }
        }
        match last {
            Some(kept) if tree.size() < kept.anchor.size => Err(refused(
                "checkpoint_size",
                format!(
                    "the log has {} events, and {} is of {}: its end is missing. Nothing was written; keep that file and \
                     the log as they are, find out who removed it, and put a backup back",
                    tree.size(),
                    kept.file.display(),
                    kept.anchor.size
                ),
            )),
            _ => Ok(tree),
        }
    }

    /// The newest checkpoint.
    pub(super) async fn there(&self) -> Result<Kept, CheckpointError> {
        let none =
            || refused("checkpoint_size", "there is no checkpoint yet: `candor checkpoint` writes one".to_owned());
        self.newest().await?.ok_or_else(none)
    }

    /// Grows the tree of a checkpoint by what `push` makes of each leaf; its root is that of the checkpoint.
    pub(super) async fn walk(
        &self,
        kept: &Kept,
        mut push: impl FnMut(&Leaf, &mut Tree),
    ) -> Result<Tree, CheckpointError> {
        let (mut tree, mut after) = (Tree::default(), None);
        while tree.size() < kept.anchor.size {
            let leaves = self.log.leaves(after, PAGE).await.map_err(unavailable)?;
            let Some(end) = leaves.last() else { break };
            after = Some(end.position);
            let left = usize::try_from(kept.anchor.size - tree.size()).unwrap_or(usize::MAX);
            leaves.iter().take(left).for_each(|leaf| push(leaf, &mut tree));
        }
        let fits = *tree.root().as_bytes() == kept.anchor.root;
        if fits { Ok(tree) } else { Err(differs(kept.anchor.size, &kept.file.display().to_string())) }
    }

    fn without_gap(&self, leaves: &[Leaf], size: u64) -> Result<(), CheckpointError> {
        let gapless = self.log.capabilities().gapless_positions;
        let wrong = (size + 1..).zip(leaves).find(|(number, leaf)| leaf.position != Position::sequence(*number));
        match wrong.filter(|_| gapless) {
            None => Ok(()),
            Some((number, _)) => Err(refused(
                "position_gap",
                format!("position {number} of the log is missing. Nothing was written; `candor verify` says more"),
            )),
        }
    }
}

/// The tree with more leaves, and whether its root was that of the anchor where it passed its size.
fn grown(mut tree: Tree, leaves: &[Leaf], anchor: Option<Anchor>) -> (Tree, bool) {
    let mut fits = true;
    for leaf in leaves {
        tree.push(merkle::leaf(leaf.hash.as_bytes()));
        if let Some(anchor) = anchor.filter(|anchor| anchor.size == tree.size()) {
            fits = *tree.root().as_bytes() == anchor.root;
        }
    }
    (tree, fits)
}

#[async_trait]
impl Checkpoints for CheckpointFolder {
    async fn write(&self) -> Result<Option<Kept>, CheckpointError> {
        let last = self.newest().await?;
        let tree = self.grow(last.as_ref()).await?;
        match last {
            Some(last) if last.anchor.size == tree.size() => Ok(Some(last)),
            None if tree.size() == 0 => Ok(None),
            _ => self.keep(Anchor { size: tree.size(), root: *tree.root().as_bytes() }).map(Some),
        }
    }

    async fn newest(&self) -> Result<Option<Kept>, CheckpointError> {
        self.sizes()?.into_iter().max().map(|size| self.read(size)).transpose()
    }

    async fn reach(&self) -> Result<Option<Reach>, CheckpointError> {
        if !self.log.capabilities().gapless_positions {
            return Ok(None);
        }
        let events = self.log.last_position().await.map_err(unavailable)?.map_or(0, Position::number);
        Ok(Some(Reach { events, held: self.sizes()?.into_iter().max().unwrap_or(0) }))
    }

    async fn proof(&self, event: Uuid) -> Result<Option<Vec<u8>>, CheckpointError> {
        let proof = self.prove(Wanted::Id(event)).await?;
        proof.map(|proof| serde_json::to_vec_pretty(&proof).map_err(unavailable)).transpose()
    }
}

pub(super) fn differs(size: u64, named: &str) -> CheckpointError {
    refused(
        "checkpoint_root",
        format!(
            "the first {size} events of the log are not those of {named}: something among them was changed. Nothing was \
             written; keep that file and the log as they are, and compare with a backup"
        ),
    )
}

pub(super) fn refused(rule: &'static str, what: String) -> CheckpointError {
    CheckpointError::Refused { rule, what }
}

pub(super) fn unavailable(error: impl std::fmt::Display) -> CheckpointError {
    CheckpointError::Unavailable(error.to_string())
}

fn at(path: &Path, error: &io::Error) -> CheckpointError {
    CheckpointError::Unavailable(format!("{}: {error}", path.display()))
}
