//! Everything that was recorded of a person, with its proof, a few events at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::ports::journal::JournalError;
use super::ports::proof::{ExportSigner, Line, Seal, hex};
use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::event::ExportProduced;
use crate::domain::person::PersonId;

/// Events read at a time: one may hold a thousand measurements.
const PAGE: usize = 16;

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
        let mut bytes = Vec::new();
        if self.sealed {
            return Ok(bytes);
        }
        if self.next == self.events {
            self.sealed = true;
            put(&mut bytes, &Line::Seal(self.seal()));
            return Ok(bytes);
        }
        let most = usize::try_from(self.events - self.next).unwrap_or(PAGE).min(PAGE);
        for (key, event) in self.engine.journal.proven(self.person, self.next, most).await? {
            if let Some(key) = key.filter(|key| self.known.insert(key.key_ids.clone())) {
                put(&mut bytes, &Line::Key(key));
            }
            self.next = event.revision + 1;
            self.head.clone_from(&event.hash);
            put(&mut bytes, &Line::Event(Box::new(event)));
        }
        if bytes.is_empty() {
            return Err(JournalError::Unavailable("the log ends before its head".to_owned()).into());
        }
        self.lines.update(&bytes);
        Ok(bytes)
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
