//! What a person allows and takes back.

use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::event::{ConsentGranted, ConsentWithdrawn};
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::domain::state::PersonState;

impl Engine {
    /// Allows a purpose. What is allowed already is no event.
    ///
    /// # Errors
    /// What a rule refuses, or the log does not take.
    pub async fn grant(&self, person: PersonId, purpose: Purpose, now: Instant) -> Result<PersonState, EngineError> {
        let decide = |state: &PersonState| {
            let known = state.consents.contains(&purpose);
            Ok(if known { Vec::new() } else { vec![ConsentGranted { purpose }.into()] })
        };
        self.decide(person, "consent", now, decide).await
    }

    /// Takes a purpose back. A provider's data are taken without being asked for, so what was never granted can be
    /// taken back too.
    ///
    /// # Errors
    /// What a rule refuses, or the log does not take.
    pub async fn withdraw(&self, person: PersonId, purpose: Purpose, now: Instant) -> Result<PersonState, EngineError> {
        let decide = |state: &PersonState| {
            let known = state.withdrawn.contains(&purpose);
            Ok(if known { Vec::new() } else { vec![ConsentWithdrawn { purpose }.into()] })
        };
        self.decide(person, "consent", now, decide).await
    }
}
