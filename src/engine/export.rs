//! Everything that was recorded of a person, with its proof, in pages that never hold more than a few events in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::ports::proof::{ExportSigner, Line};
use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::event::ExportProduced;
use crate::domain::person::PersonId;

/// Events read at a time.
const PAGE: usize = 200;

/// An export under way: each call of [`Self::next`] gives some of its lines.
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
    sealed: bool,
}

impl Engine {
    /// Begins an export. That it was made is written down first, so that it holds that too.
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
        Ok(Export { engine: self.clone(), signer, person, now, events, next, head, known, sealed: false })
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
    pub async fn next(&mut self) -> Result<Vec<Line>, EngineError> {
        if self.sealed {
            return Ok(Vec::new());
        }
        if self.next == self.events {
            self.sealed = true;
            let made = self.now.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
            let seal = self.signer.seal(self.person.stream(), self.events, std::mem::take(&mut self.head), made);
            return Ok(vec![Line::Seal(seal)]);
        }
        let most = usize::try_from(self.events - self.next).unwrap_or(PAGE).min(PAGE);
        let page = self.engine.journal.proven(self.person, self.next, most).await?;
        let mut lines = Vec::with_capacity(page.len() + 1);
        for (key, event) in page {
            // Somebody who erases meanwhile leaves no events, but their lines stay in order.
            if let Some(key) = key.filter(|key| self.known.insert(key.key_ids.clone())) {
                lines.push(Line::Key(key));
            }
            self.next = event.revision + 1;
            self.head.clone_from(&event.hash);
            lines.push(Line::Event(Box::new(event)));
        }
        if lines.is_empty() {
            let ended = super::JournalError::Unavailable("the log ends before its head".to_owned());
            return Err(ended.into());
        }
        Ok(lines)
    }
}
