//! Erasing what a person wants gone, or what a provider's terms demand gone.
//!
//! The request is written first and closes the stream; then the originals go, the keys, and what everybody else holds; then
//! the read models are folded again from what can still be read; then the end is written. Each step can be done again: whoever
//! comes to write after a crash does all of them once more, and a server looks whether nobody came.

use std::collections::BTreeSet;

use serde::Serialize;
use uuid::Uuid;

use super::ports::journal::{JournalError, Recorded};
use super::{Command, Engine, EngineError};
use crate::domain::Instant;
use crate::domain::erasure::{Scope, UnderWay};
use crate::domain::event::{ConsentWithdrawn, ErasureCompleted, ErasureRequested, Event};
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::domain::state::PersonState;

/// Events read at a time.
const PAGE: usize = 1_000;

/// An erasure that is over, and what proves it.
#[derive(Clone, Debug, Serialize)]
pub struct Erased {
    /// Whose.
    pub person: PersonId,
    /// What.
    pub scope: Scope,
    /// The keys that were destroyed.
    pub keys_destroyed: Vec<Uuid>,
    /// The events of the person that nobody can read any more, of earlier erasures too.
    pub events_unreadable: u64,
    /// When.
    pub completed_at: Instant,
    /// Where the log says so.
    pub position: String,
    /// The id of that event.
    pub event_id: Uuid,
    /// Its hash, in hex: it hangs on everything that came before.
    pub hash: String,
}

impl Engine {
    /// Erases what is in a scope, with what else is decided at once: nothing of it can be read by anybody afterwards. What a
    /// provider measures is not taken any more before the person allows it again, so that what is on its way in does not bring
    /// it back. Returns once it is gone, with what proves it; asked again, with the same proof.
    ///
    /// # Errors
    /// What a rule refuses, or when somebody who holds a part of it does not answer: it is finished by whoever writes next then.
    pub async fn erase(
        &self,
        person: PersonId,
        scope: Scope,
        also: &[Event],
        now: Instant,
    ) -> Result<Erased, EngineError> {
        for _ in 0..super::TRIES {
            let begun = self.state(person).await?.erasures.under_way;
            let state = self.finish_erasing(person, now).await?;
            if begun.is_some_and(|begun| begun.scope == scope) || state.erasures.gone && scope == Scope::Person {
                return self.erased(person, scope).await;
            }
            // After the state: a key that is made later belongs to an append that conflicts with this one.
            let (keys, originals) = (self.keys.ids(person, scope).await?, self.originals_in(person, scope).await?);
            let mut events = also.to_vec();
            if let Scope::Provider(provider) = scope
                && !state.withdrawn.contains(&Purpose::Provider(provider))
            {
                events.push(ConsentWithdrawn { purpose: Purpose::Provider(provider) }.into());
            }
            events.push(ErasureRequested { scope, keys, originals }.into());
            match self.write(&Command::new(person, "erase", &state, &events, now), state, &events).await {
                Err(EngineError::Journal(JournalError::Conflict)) => {}
                Err(EngineError::Refused(violation)) => {
                    self.count_refusal(&violation, now).await;
                    return Err(violation.into());
                }
                outcome => {
                    outcome?;
                    self.finish_erasing(person, now).await?;
                    return self.erased(person, scope).await;
                }
            }
        }
        Err(JournalError::Conflict.into())
    }

    /// Finishes what was begun to be erased of anybody: who left may never come to write again.
    ///
    /// # Errors
    /// When the read models do not answer; a person whose erasure cannot be finished now is left for the next time.
    pub async fn finish_all_erasing(&self, now: Instant) -> Result<(), EngineError> {
        self.views.catch_up().await?;
        for person in self.views.erasing().await? {
            if let Err(error) = self.finish_erasing(person, now).await {
                tracing::warn!(%error, "an erasure could not be finished yet");
            }
        }
        Ok(())
    }

    /// Finishes an erasure that was begun, if there is one. Returns the state with it.
    pub(crate) async fn finish_erasing(&self, person: PersonId, now: Instant) -> Result<PersonState, EngineError> {
        for _ in 0..super::TRIES {
            let state = self.state(person).await?;
            let Some(under_way) = state.erasures.under_way.clone() else { return Ok(state) };
            match self.try_erasing(person, &under_way, now).await {
                // Somebody else has finished it.
                Err(EngineError::Journal(JournalError::Conflict)) => {}
                outcome => return outcome,
            }
        }
        Err(JournalError::Conflict.into())
    }

    async fn try_erasing(
        &self,
        person: PersonId,
        under_way: &UnderWay,
        now: Instant,
    ) -> Result<PersonState, EngineError> {
        let scope = under_way.scope;
        let left = self.keys.ids(person, Scope::Person).await?;
        // Their names hang on the person's key, which may be gone already. Whoever was held up for long looks again: what came
        // after the erasure is not its business.
        if !left.is_empty() && self.is_under_way(person, under_way).await? {
            for digest in &under_way.originals {
                self.originals.remove(person, digest).await?;
            }
        }
        // Of a provider those that were named, since newer ones may be in use; of a person all there are.
        let keys = if scope == Scope::Person { &left } else { &under_way.keys };
        self.keys.destroy(keys).await?;
        if self.is_under_way(person, under_way).await? {
            for holder in &self.holders {
                holder.erase(person, scope).await?;
            }
        }
        self.views.refold(person).await?;
        let state = self.views.state(person).await?;
        if state.erasures.under_way.as_ref() != Some(under_way) {
            return Err(JournalError::Conflict.into());
        }
        let events = [ErasureCompleted { scope }.into()];
        self.write(&Command::of_system(person, "erased", &state, &events, now), state, &events).await
    }

    async fn is_under_way(&self, person: PersonId, under_way: &UnderWay) -> Result<bool, EngineError> {
        Ok(self.state(person).await?.erasures.under_way.as_ref() == Some(under_way))
    }

    /// What the log has of the last erasure of a scope.
    async fn erased(&self, person: PersonId, scope: Scope) -> Result<Erased, EngineError> {
        let (mut erased, mut keys, mut unreadable) = (None, Vec::new(), 0);
        let look = |event: Recorded| match &event.content {
            None => unreadable += 1,
            Some((_, Event::ErasureRequested(e))) if e.scope == scope => keys.clone_from(&e.keys),
            Some((_, Event::ErasureCompleted(e))) if e.scope == scope => erased = Some(event),
            Some(_) => {}
        };
        self.each_event(person, look).await?;
        let end = erased.ok_or(EngineError::NotFound { what: "erasure of", id: scope.to_string() })?;
        Ok(Erased {
            person,
            scope,
            keys_destroyed: keys,
            events_unreadable: unreadable,
            completed_at: end.recorded_at,
            position: end.position,
            event_id: end.event_id,
            hash: end.hash,
        })
    }

    /// Goes through everything that was recorded of a person, the oldest first, some at a time.
    pub(super) async fn each_event(
        &self,
        person: PersonId,
        mut look: impl FnMut(Recorded) + Send,
    ) -> Result<(), EngineError> {
        let mut from = 0;
        loop {
            let page = self.journal.read(person, from, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            from = last.revision + 1;
            page.into_iter().for_each(&mut look);
        }
    }

    /// The originals of files in which something is of a scope.
    async fn originals_in(&self, person: PersonId, scope: Scope) -> Result<Vec<String>, EngineError> {
        let files = self.imported(person).await?.into_iter().filter(|file| match scope {
            Scope::Person => true,
            Scope::Provider(provider) => file.source.provider == provider || file.providers.contains(&provider),
        });
        Ok(BTreeSet::from_iter(files.filter_map(|file| file.source.digest)).into_iter().collect())
    }
}
