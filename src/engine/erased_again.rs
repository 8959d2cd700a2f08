//! Erasing once more what a backup brought back.
//!
//! A log from before an erasure does not know of it, and keys from before it still open what was erased. Which keys were
//! destroyed is said elsewhere; whoever holds one of those is erased again, as if they had asked just now.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::erasure::Scope;
use crate::domain::event::Event;
use crate::domain::person::PersonId;
use crate::engine::ports::erasing::DestroyedKey;
use crate::engine::ports::journal::Recorded;

impl Engine {
    /// Destroys every key that was destroyed before, and erases what rested on it where the log does not say that it was
    /// erased. What was begun and not finished is finished first. Returns what was erased anew.
    ///
    /// `self.keys` names these keys among those of their person: one that is gone already is erased with the others.
    ///
    /// # Errors
    /// When something does not answer: it can be done again.
    pub async fn erase_again(
        &self,
        destroyed: &[DestroyedKey],
        now: Instant,
    ) -> Result<Vec<(PersonId, Scope)>, EngineError> {
        let mut by_person: BTreeMap<PersonId, BTreeMap<Scope, Vec<Uuid>>> = BTreeMap::new();
        for one in destroyed {
            by_person.entry(one.person).or_default().entry(one.scope).or_default().push(one.key);
        }
        let (mut again, mut known) = (Vec::new(), BTreeSet::new());
        for (person, scopes) in by_person {
            let state = self.state(person).await?;
            if state.revision.is_none() {
                continue;
            }
            known.insert(person);
            let (named, whole) = (self.keys_of_erasures(person).await?, scopes.contains_key(&Scope::Person));
            for (scope, keys) in scopes {
                let erased = state.erasures.gone || keys.iter().all(|key| named.contains(key));
                if !erased && (scope == Scope::Person || !whole) {
                    self.erase(person, scope, &[], now).await?;
                    again.push((person, scope));
                }
            }
        }
        // What the log says was erased, and the keys, the accounts or the read models beside it did not know yet.
        let ids: Vec<Uuid> = destroyed.iter().map(|one| one.key).collect();
        self.keys.destroy(&ids).await?;
        for person in self.views.erased().await? {
            known.insert(person);
            self.keys.destroy(&self.keys.ids(person, Scope::Person).await?).await?;
            for holder in &self.holders {
                holder.erase(person, Scope::Person).await?;
            }
        }
        for person in known {
            self.views.refold(person).await?;
        }
        Ok(again)
    }

    /// The keys that the erasures of a person name.
    async fn keys_of_erasures(&self, person: PersonId) -> Result<BTreeSet<Uuid>, EngineError> {
        let mut keys = BTreeSet::new();
        let look = |event: Recorded| {
            if let Some((_, Event::ErasureRequested(e))) = event.content {
                keys.extend(e.keys);
            }
        };
        self.each_event(person, look).await?;
        Ok(keys)
    }
}
