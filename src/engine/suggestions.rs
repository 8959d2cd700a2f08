//! A person's answer to a suggestion.

use uuid::Uuid;

use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::event::{InterventionAccepted, InterventionDeclined};
use crate::domain::intervention::ProposalStatus;
use crate::domain::person::PersonId;

/// What a person says to a suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// They will try it.
    Accept,
    /// They will not.
    Decline,
}

impl Engine {
    /// Records the answer to a suggestion that stands. The same answer again is no event.
    ///
    /// # Errors
    /// When there is no such suggestion, or a rule refuses the answer.
    pub async fn answer_suggestion(
        &self,
        person: PersonId,
        id: Uuid,
        answer: Answer,
        now: Instant,
    ) -> Result<(), EngineError> {
        self.decide(person, &format!("answer/{id}"), now, |state| {
            let withdrawn = |status| matches!(status, ProposalStatus::Suppressed | ProposalStatus::Invalidated);
            let held = state.proposals.get(&id).filter(|held| !withdrawn(held.status));
            let held = held.ok_or_else(|| EngineError::NotFound { what: "suggestion", id: id.to_string() })?;
            let (wanted, event) = match answer {
                Answer::Accept => (ProposalStatus::Accepted, InterventionAccepted { proposal_id: id }.into()),
                Answer::Decline => (ProposalStatus::Declined, InterventionDeclined { proposal_id: id }.into()),
            };
            Ok(if held.status == wanted { Vec::new() } else { vec![event] })
        })
        .await?;
        Ok(())
    }
}
