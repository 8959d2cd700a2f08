//! Erasing what a person wants gone, or what a provider's terms demand gone.
//!
//! The request is written first and closes the stream; then everybody who holds something lets go of it, the keys last; then
//! the read models are folded again from what can still be read; then the end is written. Each step can be done again: whoever
//! comes to write after a crash does all of them once more.

use std::collections::BTreeSet;

use super::ports::journal::JournalError;
use super::{Command, Engine, EngineError};
use crate::domain::Instant;
use crate::domain::erasure::Scope;
use crate::domain::event::{ErasureCompleted, ErasureRequested, Event};
use crate::domain::person::PersonId;
use crate::domain::state::PersonState;

impl Engine {
    /// Erases what is in a scope, with what else is decided at once: nothing of it can be read by anybody afterwards. Returns
    /// once it is gone.
    ///
    /// # Errors
    /// What a rule refuses, or when somebody who holds a part of it does not answer: it is finished by whoever writes next then.
    pub async fn erase(
        &self,
        person: PersonId,
        scope: Scope,
        also: &(dyn Fn(&PersonState) -> Vec<Event> + Send + Sync),
        now: Instant,
    ) -> Result<(), EngineError> {
        for _ in 0..super::TRIES {
            let state = self.finish_erasing(person, now).await?;
            // After the state: a key that is made later belongs to an append that conflicts with this one.
            let keys = self.keys.ids(person, scope).await?;
            let mut events = also(&state);
            events.push(ErasureRequested { scope, keys }.into());
            match self.write(&Command::new(person, "erase", &state, &events, now), state, &events).await {
                Err(EngineError::Journal(JournalError::Conflict)) => {}
                Err(EngineError::Refused(violation)) => {
                    self.count_refusal(&violation, now).await;
                    return Err(violation.into());
                }
                outcome => {
                    outcome?;
                    return self.finish_erasing(person, now).await.map(|_| ());
                }
            }
        }
        Err(JournalError::Conflict.into())
    }

    /// Finishes an erasure that was begun, if there is one. Returns the state with it.
    pub(crate) async fn finish_erasing(&self, person: PersonId, now: Instant) -> Result<PersonState, EngineError> {
        let state = self.state(person).await?;
        let Some(scope) = state.erasures.under_way else { return Ok(state) };
        // Their names hang on a key that goes too.
        if !self.keys.ids(person, scope).await?.is_empty() {
            for digest in self.originals_in(person, scope).await? {
                self.originals.remove(person, &digest).await?;
            }
        }
        for holder in &self.holders {
            holder.erase(person, scope).await?;
        }
        self.keys.destroy(person, scope).await?;
        self.views.refold(person).await?;
        let state = self.views.state(person).await?;
        if state.erasures.under_way != Some(scope) {
            return Ok(state);
        }
        let events = [ErasureCompleted { scope }.into()];
        self.write(&Command::of_system(person, "erased", &state, &events, now), state, &events).await
    }

    /// The originals of files in which something is of a scope.
    async fn originals_in(&self, person: PersonId, scope: Scope) -> Result<BTreeSet<String>, EngineError> {
        let files = self.imported(person).await?.into_iter().filter(|file| match scope {
            Scope::Person => true,
            Scope::Provider(provider) => file.source.provider == provider || file.providers.contains(&provider),
        });
        Ok(files.filter_map(|file| file.source.digest).collect())
    }
}
