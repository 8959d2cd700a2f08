//! Everything of a person in a folder: the same, whoever asked for it.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::folder::Folder;
use super::{Failed, Step};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::engine::Engine;
use crate::engine::ports::checkpoint::{CheckpointError, Checkpoints};
use crate::engine::ports::proof::ExportSigner;

/// What names what the folder does not hold, where there is something.
const MISSING: &str = "missing.json";

/// What was written into the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Events.
    pub events: u64,
    /// Observations.
    pub observations: u64,
    /// Originals.
    pub originals: usize,
    /// Originals that could not be read, each with why.
    pub unreadable: Vec<String>,
    /// Why there is no proof of the last event.
    pub unproven: Option<String>,
}

impl Engine {
    /// Writes everything of a person into an empty folder, in open formats and with its proof, and signs the list of its
    /// files. The log is held fast first, so that its last event can be proven.
    ///
    /// # Errors
    /// When the log or the read models do not answer, or the disk does not take it: what is in the folder then is no export.
    pub async fn export_into(
        &self,
        folder: &Path,
        person: PersonId,
        (signer, checkpoints): (Arc<ExportSigner>, &dyn Checkpoints),
        now: Instant,
        progress: &(dyn Fn(Step, u64) + Sync),
    ) -> Result<Written, Failed> {
        let mut folder = Folder::begin(self, folder, person, signer, now);
        let events = folder.events(progress).await?;
        // That something is wrong with the log must not keep back everything else either.
        let unproven = match self.proof_of(person, events, checkpoints).await? {
            Ok(proof) => {
                proof.map(|proof| folder.put("proof.json", &proof)).transpose()?;
                None
            }
            Err(error) => Some(error.to_string()),
        };
        folder.measured(progress).await?;
        folder.told().await?;
        let given_back = folder.originals().await?;
        let unreadable = given_back.unreadable;
        if !unreadable.is_empty() || unproven.is_some() {
            // Why is for whoever runs the server: it speaks of the whole log.
            let proof = unproven.as_ref().map(|_| "the log could not be held fast; ask whoever runs this server");
            let missing = json!({ "originals": unreadable, "proof": proof });
            folder.put(MISSING, &serde_json::to_vec_pretty(&missing).unwrap_or_default())?;
        }
        let observations = folder.observations;
        folder.seal()?;
        Ok(Written { events, observations, originals: given_back.originals, unreadable, unproven })
    }

    /// Holds the log fast, and proves that the last event of an export is in it.
    async fn proof_of(
        &self,
        person: PersonId,
        events: u64,
        checkpoints: &dyn Checkpoints,
    ) -> Result<Result<Option<Vec<u8>>, CheckpointError>, Failed> {
        let last = self.journal.told(person, events.saturating_sub(1), 1).await.map_err(super::EngineError::from)?;
        let Some(last) = last.first() else { return Ok(Ok(None)) };
        Ok(match checkpoints.write().await {
            Ok(_) => checkpoints.proof(last.event_id).await,
            Err(error) => Err(error),
        })
    }
}
