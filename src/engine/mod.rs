//! The five stages, the use cases, and the ports they need.
//!
//! A use case reads the same everywhere: load, decide, append, report. The stages are pure functions; what touches the
//! outside goes through a port.

pub mod evaluate;
pub mod history;
pub mod import;
pub mod intervene;
pub mod model;
pub mod observe;
pub mod ports;
pub mod rules;
pub mod run;
pub mod stages;
pub mod synthesize;
pub mod tell;
pub mod trial;
pub mod verify;
pub mod why;

use std::sync::Arc;

use thiserror::Error;
use uuid::Uuid;

use crate::domain::Instant;
use crate::domain::event::{Actor, ConsentGranted, Event, Meta, PersonRegistered};
use crate::domain::invariants::{self, Violation};
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::domain::state::PersonState;
use ports::export::{ExportError, ExportReader};
use ports::journal::{Journal, JournalError};
use ports::originals::{Originals, OriginalsError};
use ports::views::{Views, ViewsError};

/// How often a decision is made again after somebody else appended first.
const TRIES: usize = 8;

/// Why a use case did not do what it was asked.
#[derive(Debug, Error)]
pub enum EngineError {
    /// A rule forbids it.
    #[error(transparent)]
    Refused(#[from] Violation),
    /// There is no such thing for this person.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// A file cannot be taken.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A run wrote nothing.
    #[error(transparent)]
    Run(#[from] run::RunError),
    /// The log did not do as asked.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The read models did not answer.
    #[error(transparent)]
    Views(#[from] ViewsError),
    /// An original was not kept or not given back.
    #[error(transparent)]
    Originals(#[from] OriginalsError),
}

/// The use cases, with the ports they go through.
#[derive(Clone)]
pub struct Engine {
    /// The log.
    pub journal: Arc<dyn Journal>,
    /// The read models.
    pub views: Arc<dyn Views>,
    /// The originals of files.
    pub originals: Arc<dyn Originals>,
    /// The reader of exports.
    pub exports: Arc<dyn ExportReader>,
}

impl Engine {
    /// A person's state as the log has it now.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn state(&self, person: PersonId) -> Result<PersonState, EngineError> {
        self.views.catch_up().await?;
        Ok(self.views.state(person).await?)
    }

    /// Registers a person with consent to processing, unless they exist.
    ///
    /// # Errors
    /// When the log does not take it.
    pub async fn register(&self, person: PersonId, now: Instant) -> Result<bool, EngineError> {
        if self.state(person).await?.registered {
            return Ok(false);
        }
        let events = [
            PersonRegistered { origin: "local".to_owned() }.into(),
            ConsentGranted { purpose: Purpose::Processing }.into(),
        ];
        self.decide(person, "register", now, |_| Ok(events.to_vec())).await?;
        Ok(true)
    }

    /// Loads, decides, checks, appends; again when somebody else was faster. An empty decision appends nothing.
    ///
    /// # Errors
    /// What the decision or an invariant refuses, or what the log does not take.
    pub async fn decide<F>(
        &self,
        person: PersonId,
        name: &str,
        now: Instant,
        decide: F,
    ) -> Result<PersonState, EngineError>
    where
        F: Fn(&PersonState) -> Result<Vec<Event>, EngineError>,
    {
        for _ in 0..TRIES {
            let mut state = self.state(person).await?;
            let events = decide(&state)?;
            if events.is_empty() {
                return Ok(state);
            }
            let expected = state.revision;
            let next = expected.map_or(0, |revision| revision + 1);
            let key = format!("{name}/{next}");
            let meta = Meta {
                occurred_at: now,
                actor: Actor::Person,
                correlation_id: Uuid::new_v5(&person.uuid(), key.as_bytes()),
                causation_id: None,
            };
            for (revision, event) in (next..).zip(&events) {
                invariants::check(&state, event)?;
                state.evolve(revision, event);
            }
            let events: Vec<_> = events.into_iter().map(|event| (meta.clone(), event)).collect();
            match self.journal.append(person, expected, &key, &events, now).await {
                Err(JournalError::Conflict) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => {
                    self.views.catch_up().await?;
                    return Ok(state);
                }
            }
        }
        Err(JournalError::Conflict.into())
    }
}
