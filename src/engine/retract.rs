//! Taking a record back: its provider says that it was deleted.
//!
//! The facts stay in the log, and older words about them do not bring them back.

use std::collections::{BTreeMap, BTreeSet};

use super::ports::Held;
use super::ports::journal::JournalError;
use super::{Command, Engine, EngineError};
use crate::domain::Instant;
use crate::domain::event::{Event, ObservationRetracted};
use crate::domain::observation::{ObservationKey, RecordKind, Source};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;

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

impl Engine {
    /// Takes back what is held of a provider's record, by the provider's own id of it; with a sleep goes the recovery that
    /// was reckoned of it. Returns how many facts that were: none when it is not held, or was taken back before.
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
        self.retract(person, provider, (record, &RecordKind::ALL), reason, now).await
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
        self.retract(person, provider, (record, &[kind]), reason, now).await
    }

    async fn retract(
        &self,
        person: PersonId,
        provider: Provider,
        (record, kinds): (&str, &[RecordKind]),
        reason: &str,
        now: Instant,
    ) -> Result<u64, EngineError> {
        for _ in 0..super::TRIES {
            // The state first, as for an import: what is held may be newer than it, never older.
            let state = self.finish_erasing(person, now).await?;
            let facts = self.facts_of_record(person, provider, record, kinds).await?;
            let source = Source { provider, format: "deletion".to_owned(), file: None, digest: None };
            let taken_back = facts.into_iter().map(|(key, held)| retraction(source.clone(), key, &held, now, reason));
            let events: Vec<Event> = taken_back.map(Event::from).collect();
            let command = Command::of_system(person, "retract", &state, &events, now);
            match self.write(&command, state, &events).await {
                Err(EngineError::Journal(JournalError::Conflict)) => {}
                outcome => return outcome.map(|_| events.len() as u64),
            }
        }
        Err(JournalError::Conflict.into())
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
