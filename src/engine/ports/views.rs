//! The read models: what is known now, folded from the log and in clear.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Held;
use crate::domain::Instant;
use crate::domain::activity::Family;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::{Activity, Observation, ObservationKey, RecordKind};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::domain::state::PersonState;

/// A thing with an id and a present state: an insight, a day's score, a narrative, a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// What it is, as in `insight`.
    pub entity_type: String,
    /// Its id.
    pub entity_id: String,
    /// The day it is about, or empty.
    pub day: String,
    /// `open`, `expired`, `published` and the like.
    pub status: String,
    /// Its present state.
    pub body: serde_json::Value,
}

/// One line of the audit trail: an event and an entity it is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrailEntry {
    /// The event's revision in the person's stream.
    pub revision: u64,
    /// What the entity is.
    pub entity_type: String,
    /// Its id.
    pub entity_id: String,
}

/// Why the read models gave no answer.
#[derive(Debug, Error)]
pub enum ViewsError {
    /// The store did not answer, or holds a row that does not fit.
    #[error("the read models are not available: {0}")]
    Unavailable(String),
    /// An event of this person could not be taken in; their read models stand still before it.
    #[error(
        "the read models of this person stopped at position {position}: {reason}; `candor verify` says more, and \
         `candor rebuild` takes it in once a build can"
    )]
    Paused {
        /// The event.
        position: String,
        /// Why.
        reason: String,
    },
}

/// A person whose read models stand still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paused {
    /// Who.
    pub person: PersonId,
    /// The event that could not be taken in.
    pub position: String,
    /// Why.
    pub reason: String,
}

/// Which observations are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObservationFilter {
    /// Those of one metric.
    pub metric: Option<Metric>,
    /// The first day.
    pub since: LocalDay,
    /// The last day.
    pub until: LocalDay,
}

/// Where an observation stands among those of its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservationPlace {
    /// Its local day.
    pub day: LocalDay,
    /// What makes it this fact.
    pub key: ObservationKey,
}

impl fmt::Display for ObservationPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = serde_json::to_string(&(self.day, &self.key)).map_err(|_| fmt::Error)?;
        f.write_str(&key)
    }
}

impl FromStr for ObservationPlace {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(|(day, key)| Self { day, key })
    }
}

/// Which activities are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityFilter {
    /// Those of one sport.
    pub family: Option<Family>,
    /// The first local day.
    pub since: LocalDay,
    /// The last local day.
    pub until: LocalDay,
    /// Those that started from one instant to another.
    pub started: (Instant, Instant),
    /// Providers whose activities are left out.
    pub without: Vec<Provider>,
}

impl Default for ActivityFilter {
    /// All of them.
    fn default() -> Self {
        Self {
            family: None,
            since: LocalDay::FIRST,
            until: LocalDay::LAST,
            started: (Instant::MIN_UTC, Instant::MAX_UTC),
            without: Vec::new(),
        }
    }
}

/// Where an activity stands among those of its person: by its start, then its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityPlace {
    /// When it started.
    pub start: Instant,
    /// Its id.
    pub id: String,
}

impl fmt::Display for ActivityPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = serde_json::to_string(&(self.start, &self.id)).map_err(|_| fmt::Error)?;
        f.write_str(&place)
    }
}

impl FromStr for ActivityPlace {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(|(start, id)| Self { start, id })
    }
}

/// How far the read models have come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Events of the log that are not taken in yet.
    pub behind: u64,
    /// When the first of them was recorded.
    pub oldest: Option<Instant>,
    /// Persons whose next event cannot be taken in.
    pub paused: Vec<Paused>,
}

impl Progress {
    /// How many seconds ago the first event was recorded that is not taken in yet; 0 where there is none.
    #[must_use]
    pub fn seconds_behind(&self, now: Instant) -> i64 {
        self.oldest.map_or(0, |oldest| (now - oldest).num_seconds().max(0))
    }
}

/// What a rebuild came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// The digest over every row.
    pub digest: String,
    /// Whether the live version had the same.
    pub matches_live: bool,
    /// Whether the new version is live now: not when it differs and events could not be read for want of a key.
    pub switched: bool,
}

/// The read models.
#[async_trait]
pub trait Views: Send + Sync {
    /// Takes in what the log has and the read models have not.
    ///
    /// # Errors
    /// When the store does not answer or an event cannot be taken in.
    async fn catch_up(&self) -> Result<(), ViewsError>;

    /// How far the read models have come, without taking anything in.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn progress(&self) -> Result<Progress, ViewsError>;

    /// The persons, in the order of their ids: none that was erased.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn persons(&self) -> Result<Vec<PersonId>, ViewsError>;

    /// Those of whom something is being erased.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn erasing(&self) -> Result<Vec<PersonId>, ViewsError>;

    /// Those who were erased.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn erased(&self) -> Result<Vec<PersonId>, ViewsError>;

    /// A person's folded state; the default one for a person who does not exist.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn state(&self, person: PersonId) -> Result<PersonState, ViewsError>;

    /// The revision of the last event that a person's read models have taken in; none for a person who does not exist.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn revision(&self, person: PersonId) -> Result<Option<u64>, ViewsError>;

    /// What is held of some facts, retracted ones included.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn held(
        &self,
        person: PersonId,
        keys: &[ObservationKey],
    ) -> Result<BTreeMap<ObservationKey, Held>, ViewsError>;

    /// What is held of the facts of a provider's records, by their own ids; retracted ones included.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn held_of_records(
        &self,
        person: PersonId,
        provider: Provider,
        records: &[String],
    ) -> Result<BTreeMap<ObservationKey, Held>, ViewsError>;

    /// What is held of one kind of a provider's records from one day to another; retracted facts included.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn held_of_days(
        &self,
        person: PersonId,
        of: (Provider, RecordKind),
        days: (LocalDay, LocalDay),
    ) -> Result<BTreeMap<ObservationKey, Held>, ViewsError>;

    /// The current observations of a person from a day on, each with the name of the file it came from, or an empty one:
    /// the oldest first, by start and key.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn observations(&self, person: PersonId, since: LocalDay) -> Result<Vec<(Observation, String)>, ViewsError>;

    /// The current observations of a person in some days and, if named, of a metric: the newest first, by day, start and key,
    /// after a place.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn observations_page(
        &self,
        person: PersonId,
        filter: &ObservationFilter,
        after: Option<&ObservationPlace>,
        limit: u64,
    ) -> Result<Vec<(Observation, String)>, ViewsError>;

    /// The activities of a person, each with its id: the newest first, by start and id, after a place.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn activities(
        &self,
        person: PersonId,
        filter: &ActivityFilter,
        after: Option<&ActivityPlace>,
        limit: u64,
    ) -> Result<Vec<(String, Activity)>, ViewsError>;

    /// One activity by its id.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn activity(&self, person: PersonId, id: &str) -> Result<Option<Activity>, ViewsError>;

    /// The entities of a type, newest day first; one with an id, if given.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn entities(&self, person: PersonId, entity_type: &str, id: Option<&str>) -> Result<Vec<Entity>, ViewsError>;

    /// The audit trail of an entity, or of everything, in order.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn trail(&self, person: PersonId, entity: Option<(&str, &str)>) -> Result<Vec<TrailEntry>, ViewsError>;

    /// The revisions of the newest events about an entity below one, the newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn trail_page(
        &self,
        person: PersonId,
        entity: (&str, &str),
        below: Option<u64>,
        limit: u64,
    ) -> Result<Vec<u64>, ViewsError>;

    /// The digest over every row of the live version.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn digest(&self) -> Result<String, ViewsError>;

    /// Folds one person's part again from the whole of their stream, after content of it went: what is no longer readable is
    /// as if it had never been said. What older versions still hold of anybody goes with it.
    ///
    /// # Errors
    /// When the store does not answer or an event cannot be taken in.
    async fn refold(&self, person: PersonId) -> Result<(), ViewsError>;

    /// Fills a new version beside the live one, compares, and switches.
    ///
    /// # Errors
    /// When the store does not answer or an event cannot be taken in.
    async fn rebuild(&self) -> Result<Rebuilt, ViewsError>;
}
