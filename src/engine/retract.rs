//! Taking a record back: its provider says that it was deleted.
//!
//! The facts stay in the log, and older words about them do not bring them back.

use std::collections::{BTreeMap, BTreeSet};

use super::ports::Held;
use super::ports::journal::JournalError;
use super::{Command, Engine, EngineError};
use crate::domain::Instant;
use crate::domain::event::{Event, ObservationRetracted, RecordDeleted};
use crate::domain::observation::{ObservationKey, RecordKind, Source};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::domain::state::PersonState;

/// Why facts of a record no longer hold where they stood: a newer word has it at another time.
pub(super) const MOVED: &str = "record_moved";

/// The event that takes a fact back.
pub(super) fn retraction(
    source: Source,
    key: ObservationKey,
    held: &Held,
    as_of: Instant,
    reason: &str,
) -> ObservationRetracted {
    ObservationRetracted {
        source,
        previous_value: held.value,
        previous_day: held.day,
        previous_end: held.end,
        record: held.record.clone().filter(|id| key.provider_id.as_ref() != Some(id)),
        key,
        as_of,
        reason: reason.to_owned(),
    }
}

/// The kinds a deletion is about.
const fn kinds(kind: Option<&RecordKind>) -> &[RecordKind] {
    match kind {
        Some(kind) => std::slice::from_ref(kind),
        None => &RecordKind::ALL,
    }
}

impl Engine {
    /// Takes back what is held of a provider's record, by the provider's own id of it; with a sleep goes the recovery that
    /// was reckoned of it. Returns how many facts that were: none when it was taken back before, or is not held; then it is
    /// remembered for when it is told.
    ///
    /// `reason` is a stable word, as in `deleted_by_provider`. `now` is when the provider said so: words that are older do
    /// not bring the record back, and a newer one does.
    ///
    /// # Errors
    /// When the read models do not answer or the log does not take it.
    pub async fn retract_record(
        &self,
        person: PersonId,
        provider: Provider,
        record: &str,
        reason: &str,
        now: Instant,
    ) -> Result<u64, EngineError> {
        self.retract(person, provider, (record, None), (reason, now), now).await
    }

    /// The same for the facts of one kind: a recovery bears its sleep's id, and may be deleted alone.
    ///
    /// # Errors
    /// As for [`Self::retract_record`].
    pub async fn retract_record_of_kind(
        &self,
        person: PersonId,
        provider: Provider,
        (record, kind): (&str, RecordKind),
        reason: &str,
        now: Instant,
    ) -> Result<u64, EngineError> {
        self.retract(person, provider, (record, Some(kind)), (reason, now), now).await
    }

    async fn retract(
        &self,
        person: PersonId,
        provider: Provider,
        (record, kind): (&str, Option<RecordKind>),
        (reason, as_of): (&str, Instant),
        now: Instant,
    ) -> Result<u64, EngineError> {
        for _ in 0..super::TRIES {
            // The state first, as for an import: what is held may be newer than it, never older.
            let state = self.finish_erasing(person, now).await?;
            let facts = self.facts_of_record(person, provider, record, kinds(kind.as_ref())).await?;
            let source = Source { provider, format: "deletion".to_owned(), file: None, digest: None };
            let taken_back = facts.into_iter().map(|(key, held)| retraction(source.clone(), key, &held, as_of, reason));
            let mut events: Vec<Event> = taken_back.map(Event::from).collect();
            let count = events.len() as u64;
            if events.is_empty() && !self.is_remembered(person, &state, provider, (record, kind), now).await? {
                let (record, reason) = (record.to_owned(), reason.to_owned());
                events.push(RecordDeleted { source, record, kind, as_of, reason }.into());
            }
            let command = Command::of_system(person, "retract", &state, &events, now);
            match self.write(&command, state, &events).await {
                Err(EngineError::Journal(JournalError::Conflict)) => {}
                outcome => return outcome.map(|_| count),
            }
        }
        Err(JournalError::Conflict.into())
    }

    /// Whether it is known that a record was deleted, then or later.
    async fn is_remembered(
        &self,
        person: PersonId,
        state: &PersonState,
        provider: Provider,
        (record, kind): (&str, Option<RecordKind>),
        now: Instant,
    ) -> Result<bool, EngineError> {
        let facts = self.views.held_of_records(person, provider, &[record.to_owned()]).await?;
        let gone = |(key, held): (&ObservationKey, &Held)| {
            held.retracted && held.as_of >= now && kinds(kind.as_ref()).contains(&key.kind)
        };
        let told = |deleted: &RecordDeleted| {
            deleted.source.provider == provider
                && deleted.record == record
                && deleted.as_of >= now
                && (deleted.kind.is_none() || deleted.kind == kind)
        };
        Ok(facts.iter().any(gone) || self.deletions(person, state).await?.iter().any(told))
    }

    /// The records of which nothing was known when their provider said that they are gone.
    pub(super) async fn deletions(
        &self,
        person: PersonId,
        state: &PersonState,
    ) -> Result<Vec<RecordDeleted>, EngineError> {
        if !state.deletions {
            return Ok(Vec::new());
        }
        let entities = self.views.entities(person, "deletion", None).await?;
        Ok(entities.into_iter().filter_map(|entity| serde_json::from_value(entity.body).ok()).collect())
    }

    /// Takes back what was just told of a record that is known to be gone, as if its deletion had come after it.
    pub(super) async fn delete_again(
        &self,
        person: PersonId,
        deleted: &RecordDeleted,
        now: Instant,
    ) -> Result<(), EngineError> {
        let (record, said) = ((deleted.record.as_str(), deleted.kind), (deleted.reason.as_str(), deleted.as_of));
        self.retract(person, deleted.source.provider, record, said, now).await.map(|_| ())
    }

    /// The facts that stand of a record: those that bear its id, and those of the same kind and start, which a file told
    /// without one.
    async fn facts_of_record(
        &self,
        person: PersonId,
        provider: Provider,
        record: &str,
        kinds: &[RecordKind],
    ) -> Result<BTreeMap<ObservationKey, Held>, EngineError> {
        let mut facts = self.views.held_of_records(person, provider, &[record.to_owned()]).await?;
        facts.retain(|key, held| !held.retracted && kinds.contains(&key.kind));
        let mut places = BTreeSet::new();
        for (key, held) in &facts {
            places.insert((key.kind, held.day, key.start));
            if key.kind == RecordKind::Sleep && kinds.contains(&RecordKind::Recovery) {
                places.insert((RecordKind::Recovery, held.day, key.start));
            }
        }
        for (kind, day, start) in places {
            let there = self.views.held_of_days(person, (provider, kind), (day, day)).await?;
            facts.extend(there.into_iter().filter(|(key, held)| {
                let own = held.record.as_deref().is_none_or(|id| id == record);
                !held.retracted && key.start == start && own
            }));
        }
        Ok(facts)
    }
}
