//! The five stages, the use cases, and the ports they need.
//!
//! A use case reads the same everywhere: load, decide, append, report. The stages are pure functions; what touches the
//! outside goes through a port.

pub mod activities;
pub mod as_of;
pub mod assistant;
pub mod calibrate;
pub mod checkins;
mod consents;
pub mod context;
pub mod erased_again;
pub mod erasure;
pub mod evaluate;
pub mod experiments;
pub mod export;
pub mod feedback;
pub mod history;
pub mod identity;
pub mod import;
mod imported;
pub mod intervene;
pub mod live;
pub mod model;
pub mod narrate;
pub mod observe;
pub mod outcomes;
pub mod ports;
mod profiles;
mod reading;
pub mod retract;
pub mod reviews;
pub mod rules;
pub mod run;
pub mod safety;
pub mod said;
pub mod sleeps;
pub mod stages;
pub mod suggestions;
pub mod summaries;
pub mod synthesize;
pub mod tell;
pub mod trail;
pub mod verify;
pub mod why;

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;
use uuid::Uuid;

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::event::{Actor, ConsentGranted, Event, Meta, PersonRegistered};
use crate::domain::invariants::{self, Violation};
use crate::domain::observation::{Observation, ObservationKey};
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::domain::state::PersonState;
use history::History;
use observe::reconcile::Held;
use ports::erasing::{ErasingError, Holder, Keys};
use ports::export::{ExportError, ExportReader};
use ports::journal::{Journal, JournalError};
use ports::narrator::Narrator;
use ports::originals::{Originals, OriginalsError};
use ports::refusals::{Refusals, RefusalsError};
use ports::views::{ObservationFilter, ObservationPlace, Views, ViewsError};

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
    /// Something could not be taken away.
    #[error(transparent)]
    Erasing(#[from] ErasingError),
    /// A refusal could not be counted.
    #[error(transparent)]
    Refusals(#[from] RefusalsError),
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
    /// The keys of what is sealed.
    pub keys: Arc<dyn Keys>,
    /// Who else holds something of a person.
    pub holders: Vec<Arc<dyn Holder>>,
    /// The counts of what was refused.
    pub refusals: Arc<dyn Refusals>,
    /// Who plans texts, where a model is enabled.
    pub narrator: Option<Arc<dyn Narrator>>,
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

    /// What was measured of a person, from a day on.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn history(&self, person: PersonId, since: LocalDay) -> Result<History, EngineError> {
        let observations = self.views.observations(person, since).await?;
        Ok(History::of(observations.into_iter().map(|(observation, _)| observation)))
    }

    /// The measurements that stand, the newest first, after a place.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn observations_page(
        &self,
        person: PersonId,
        filter: &ObservationFilter,
        after: Option<&ObservationPlace>,
        limit: u64,
    ) -> Result<Vec<(Observation, String)>, EngineError> {
        self.views.catch_up().await?;
        Ok(self.views.observations_page(person, filter, after, limit).await?)
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
        let made = std::sync::atomic::AtomicBool::new(false);
        self.decide(person, "register", now, |state| {
            // Somebody else may have registered them meanwhile.
            made.store(!state.registered, std::sync::atomic::Ordering::Relaxed);
            Ok(if state.registered { Vec::new() } else { events.to_vec() })
        })
        .await?;
        Ok(made.into_inner())
    }

    /// Loads, decides, checks, appends; again when somebody else was faster. An empty decision appends nothing.
    ///
    /// After a reply that was lost it looks whether the command is in the log before it decides again, so that a
    /// retried command is never done twice.
    ///
    /// # Errors
    /// What the decision or an invariant refuses, or what the log does not take.
    pub async fn decide(
        &self,
        person: PersonId,
        name: &str,
        now: Instant,
        decide: impl Fn(&PersonState) -> Result<Vec<Event>, EngineError>,
    ) -> Result<PersonState, EngineError> {
        self.decide_as(Actor::Person, person, name, now, decide).await
    }

    /// The same for what somebody else decides about a person's data, as a reviewer does.
    ///
    /// # Errors
    /// As for [`Self::decide`].
    pub async fn decide_as(
        &self,
        actor: Actor,
        person: PersonId,
        name: &str,
        now: Instant,
        decide: impl Fn(&PersonState) -> Result<Vec<Event>, EngineError>,
    ) -> Result<PersonState, EngineError> {
        let outcome = self.try_decide(actor, person, name, now, &[], |state, _| decide(state)).await;
        self.counted(outcome, now).await
    }

    /// The same for a decision that rests on what is held of some facts, too.
    ///
    /// # Errors
    /// As for [`Self::decide`], and when the read models do not answer.
    pub(crate) async fn decide_on(
        &self,
        facts: &[ObservationKey],
        person: PersonId,
        name: &str,
        now: Instant,
        decide: impl Fn(&PersonState, &BTreeMap<ObservationKey, Held>) -> Result<Vec<Event>, EngineError>,
    ) -> Result<PersonState, EngineError> {
        let outcome = self.try_decide(Actor::Person, person, name, now, facts, decide).await;
        self.counted(outcome, now).await
    }

    /// Counts what a decision refused.
    async fn counted(
        &self,
        outcome: Result<PersonState, EngineError>,
        now: Instant,
    ) -> Result<PersonState, EngineError> {
        if let Err(EngineError::Refused(violation)) = &outcome {
            self.count_refusal(violation, now).await;
        }
        outcome
    }

    /// Counts a refusal. The person is told the rule either way: a count that fails is noted for the operator.
    pub(crate) async fn count_refusal(&self, violation: &Violation, now: Instant) {
        if let Err(error) = self.refusals.count(violation, now).await {
            tracing::warn!(rule = violation.rule, %error, "a refusal was not counted");
        }
    }

    async fn try_decide(
        &self,
        actor: Actor,
        person: PersonId,
        name: &str,
        now: Instant,
        facts: &[ObservationKey],
        decide: impl Fn(&PersonState, &BTreeMap<ObservationKey, Held>) -> Result<Vec<Event>, EngineError>,
    ) -> Result<PersonState, EngineError> {
        let mut state = self.finish_erasing(person, now).await?;
        let mut command = None;
        let mut lost = None;
        for _ in 0..TRIES {
            if let (Some(_), Some(command)) = (&lost, &command)
                && self.is_done(command).await?
            {
                return Ok(state);
            }
            // After the state: what is held may then be newer than it, and the append conflicts, but never older.
            let held = if facts.is_empty() { BTreeMap::new() } else { self.views.held(person, facts).await? };
            let events = decide(&state, &held)?;
            let command =
                command.get_or_insert_with(|| Command { actor, ..Command::new(person, name, &state, &events, now) });
            lost = match self.write(command, state, &events).await {
                Err(EngineError::Journal(JournalError::Conflict)) => lost,
                Err(EngineError::Journal(error @ JournalError::Unavailable(_))) => Some(error),
                outcome => return outcome,
            };
            state = self.finish_erasing(person, now).await?;
        }
        Err(lost.unwrap_or(JournalError::Conflict).into())
    }

    /// Checks and appends what a command decided from a state. Nothing to append is no fault.
    ///
    /// # Errors
    /// What an invariant refuses; `Conflict` when the stream has moved on since the state was loaded.
    pub(crate) async fn write(
        &self,
        command: &Command,
        mut state: PersonState,
        events: &[Event],
    ) -> Result<PersonState, EngineError> {
        if events.is_empty() {
            return Ok(state);
        }
        let expected = state.revision;
        for (revision, event) in (expected.map_or(0, |revision| revision + 1)..).zip(events) {
            invariants::check(&state, event)?;
            state.evolve(revision, event);
        }
        let meta = command.meta();
        let events: Vec<_> = events.iter().map(|event| (meta.clone(), event.clone())).collect();
        self.journal.append(command.person, expected, &command.key, &events, command.now).await?;
        // It is durable now: read models that lag are no reason to call it undone, and the next read brings them up.
        if let Err(error) = self.views.catch_up().await {
            tracing::warn!(%error, "the read models lag behind an append");
        }
        Ok(state)
    }

    /// Whether the log holds what a command wrote.
    async fn is_done(&self, command: &Command) -> Result<bool, EngineError> {
        let id = command.meta().correlation_id.to_string();
        Ok(!self.views.trail(command.person, Some(("command", &id))).await?.is_empty())
    }
}

/// What some events say, in one id.
pub(crate) fn content(person: PersonId, events: &[Event], now: Instant) -> Uuid {
    let meta = Meta { occurred_at: now, actor: Actor::Person, correlation_id: Uuid::nil(), causation_id: None };
    let mut said = Vec::new();
    for event in events {
        said.extend_from_slice(event.kind().as_bytes());
        // What cannot be encoded cannot be appended either.
        said.extend(event.encode(&meta).unwrap_or_default());
    }
    Uuid::new_v5(&person.uuid(), &said)
}

/// One command of one person, the same through all its retries.
pub(crate) struct Command {
    actor: Actor,
    person: PersonId,
    key: String,
    now: Instant,
}

impl Command {
    /// A command that is told from others by the state it was given in and by what it first decided: of two at the same
    /// revision, only those that say the same are the same.
    pub(crate) fn new(person: PersonId, name: &str, state: &PersonState, events: &[Event], now: Instant) -> Self {
        let next = state.revision.map_or(0, |revision| revision + 1);
        Self { actor: Actor::Person, person, key: format!("{name}/{next}/{}", content(person, events, now)), now }
    }

    /// The same for what the system does by itself.
    pub(crate) fn of_system(person: PersonId, name: &str, state: &PersonState, events: &[Event], now: Instant) -> Self {
        Self { actor: Actor::System, ..Self::new(person, name, state, events, now) }
    }

    fn meta(&self) -> Meta {
        Meta {
            occurred_at: self.now,
            actor: self.actor,
            correlation_id: Uuid::new_v5(&self.person.uuid(), self.key.as_bytes()),
            causation_id: None,
        }
    }
}
