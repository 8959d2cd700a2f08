//! Everything that was recorded of a person, with its proof, a few events at a time; and a folder of it that can be read
//! without this program.

mod folder;
mod measured;
mod package;
mod table;
mod told;
mod whole;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use uuid::Uuid;

pub use whole::Written;

use super::ports::journal::JournalError;
use super::ports::proof::{ExportSigner, Line, ProvenEvent, Seal, hex};
use super::ports::views::ViewsError;
use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::event::ExportProduced;
use crate::domain::person::PersonId;

/// Events read at a time: one may hold a thousand measurements.
const PAGE: usize = 16;

/// Why a folder was not written.
#[derive(Debug, Error)]
pub enum Failed {
    /// The log or the read models.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The disk.
    #[error("the export cannot be written: {0}")]
    Disk(#[from] io::Error),
}

impl From<ViewsError> for Failed {
    fn from(error: ViewsError) -> Self {
        Self::Engine(error.into())
    }
}

/// What is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Events.
    Events {
        /// How many there are.
        of: u64,
    },
    /// Observations.
    Measured,
}

/// An export under way: each call of [`Self::next`] gives some of its lines, as bytes.
pub struct Export {
    engine: Engine,
    signer: Arc<ExportSigner>,
    person: PersonId,
    now: Instant,
    /// Events it holds when it is whole.
    events: u64,
    next: u64,
    head: String,
    known: BTreeSet<Vec<Uuid>>,
    lines: Sha256,
    sealed: bool,
}

impl Engine {
    /// Begins an export. That it was begun is written down first, so that it holds that too.
    ///
    /// # Errors
    /// When there is no such person, or the log does not take it.
    pub async fn export(
        &self,
        person: PersonId,
        signer: Arc<ExportSigner>,
        now: Instant,
    ) -> Result<Export, EngineError> {
        let after = self
            .decide(person, "export", now, |state| {
                let events = state.revision.map_or(0, |revision| revision + 1);
                Ok(vec![ExportProduced { events }.into()])
            })
            .await?;
        let events = after.revision.map_or(0, |revision| revision + 1);
        let (next, head, known) = (0, String::new(), BTreeSet::new());
        let lines = Sha256::new();
        Ok(Export { engine: self.clone(), signer, person, now, events, next, head, known, lines, sealed: false })
    }
}

impl Export {
    /// Events it holds when it is whole.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The next lines; none after the seal.
    ///
    /// # Errors
    /// When the log does not answer, or ends before it should.
    pub async fn next(&mut self) -> Result<Vec<u8>, EngineError> {
        Ok(self.next_with_events().await?.0)
    }

    /// The same, with the events that the lines hold.
    async fn next_with_events(&mut self) -> Result<(Vec<u8>, Vec<ProvenEvent>), EngineError> {
        let (mut bytes, mut events) = (Vec::new(), Vec::new());
        if self.sealed {
            return Ok((bytes, events));
        }
        if self.next == self.events {
            self.sealed = true;
            put(&mut bytes, &Line::Seal(self.seal()));
            return Ok((bytes, events));
        }
        let most = usize::try_from(self.events - self.next).unwrap_or(PAGE).min(PAGE);
        for (key, event) in self.engine.journal.proven(self.person, self.next, most).await? {
            if let Some(key) = key.filter(|key| self.known.insert(key.key_ids.clone())) {
                put(&mut bytes, &Line::Key(key));
            }
            self.next = event.revision + 1;
            self.head.clone_from(&event.hash);
            let line = Line::Event(Box::new(event));
            put(&mut bytes, &line);
            if let Line::Event(event) = line {
                events.push(*event);
            }
        }
        if bytes.is_empty() {
            return Err(JournalError::Unavailable("the log ends before its head".to_owned()).into());
        }
        self.lines.update(&bytes);
        Ok((bytes, events))
    }

    fn seal(&mut self) -> Seal {
        self.signer.sign(Seal {
            stream: self.person.stream(),
            events: self.events,
            head: std::mem::take(&mut self.head),
            lines: hex(&std::mem::take(&mut self.lines).finalize()),
            exported_at: self.now.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            signed_by: String::new(),
            signature: String::new(),
        })
    }
}

fn put(bytes: &mut Vec<u8>, line: &Line) {
    // What was read as JSON can be written as JSON, and memory takes every byte.
    let _ = serde_json::to_writer(&mut *bytes, line);
    bytes.push(b'\n');
}
