//! Reading by somebody else: only with the person's consent, and written down where its owner sees it.

use uuid::Uuid;

use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::event::{Actor, DataRead};
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;

impl Engine {
    /// Writes down that an account reads something of a person, before it does.
    ///
    /// # Errors
    /// When there is no such person or they have not agreed: nobody can tell which. When the log does not take it.
    pub async fn read_by_other(
        &self,
        person: PersonId,
        account: Uuid,
        what: &str,
        now: Instant,
    ) -> Result<(), EngineError> {
        let read = DataRead { account, what: what.to_owned() };
        self.decide_as(Actor::Reviewer, person, &format!("read/{account}"), now, |state| {
            if !state.registered || !state.consents.contains(&Purpose::Review) {
                return Err(EngineError::NotFound { what: "person", id: person.to_string() });
            }
            Ok(vec![read.clone().into()])
        })
        .await?;
        Ok(())
    }
}
