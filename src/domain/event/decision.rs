//! What each type of event is about and which kind of decision it tells of: what a trail is filtered by.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A kind of decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// Somebody outside told it: a person, a device, a provider, a reviewer.
    Told,
    /// Something began to hold or to be said.
    Created,
    /// It holds with other numbers, or moved on.
    Updated,
    /// It holds no more.
    Ended,
    /// It was found and held back.
    Suppressed,
    /// A human is asked.
    Escalated,
    /// A figure was reckoned.
    Computed,
}

impl Decision {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Told, Self::Created, Self::Updated, Self::Ended, Self::Suppressed, Self::Escalated, Self::Computed];

    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Ended => "ended",
            Self::Suppressed => "suppressed",
            Self::Escalated => "escalated",
            Self::Computed => "computed",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// A key that no kind of decision bears.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("unknown kind of decision")]
pub struct UnknownDecision;

impl FromStr for Decision {
    type Err = UnknownDecision;

    fn from_str(text: &str) -> Result<Self, UnknownDecision> {
        Self::ALL.into_iter().find(|decision| decision.key() == text).ok_or(UnknownDecision)
    }
}

/// A type of event, what it is about, and the kind of decision.
type Row = (&'static str, &'static str, Decision);

const ROWS: [Row; 52] = [
    ("person_registered", "person", Decision::Told),
    ("data_read", "person", Decision::Told),
    ("export_produced", "person", Decision::Told),
    ("consent_granted", "consent", Decision::Told),
    ("consent_withdrawn", "consent", Decision::Told),
    ("provider_connected", "provider", Decision::Told),
    ("provider_disconnected", "provider", Decision::Told),
    ("erasure_requested", "erasure", Decision::Told),
    ("erasure_completed", "erasure", Decision::Ended),
    ("profile_declared", "profile", Decision::Told),
    ("objective_set", "objective", Decision::Told),
    ("objective_ended", "objective", Decision::Told),
    ("circumstance_noted", "circumstance", Decision::Told),
    ("question_answered", "conversation", Decision::Computed),
    ("conversation_summarised", "conversation", Decision::Computed),
    ("file_imported", "import", Decision::Told),
    ("observations_recorded", "observation", Decision::Told),
    ("observation_corrected", "observation", Decision::Updated),
    ("observation_retracted", "observation", Decision::Ended),
    ("record_deleted", "deletion", Decision::Ended),
    ("activity_recorded", "observation", Decision::Told),
    ("check_in_recorded", "observation", Decision::Told),
    ("safety_notice_raised", "safety_notice", Decision::Created),
    ("safety_notice_cleared", "safety_notice", Decision::Ended),
    ("human_review_requested", "review", Decision::Escalated),
    ("human_review_resolved", "review", Decision::Told),
    ("day_scored", "day_score", Decision::Computed),
    ("day_assessed", "day", Decision::Computed),
    ("baseline_computed", "baseline", Decision::Computed),
    ("baselines_frozen", "baseline", Decision::Suppressed),
    ("baselines_resumed", "baseline", Decision::Updated),
    ("learning_paused", "learning", Decision::Suppressed),
    ("learning_resumed", "learning", Decision::Updated),
    ("insight_raised", "insight", Decision::Created),
    ("insight_renewed", "insight", Decision::Updated),
    ("insight_expired", "insight", Decision::Ended),
    ("insight_suppressed", "insight", Decision::Suppressed),
    ("feedback_given", "insight", Decision::Told),
    ("intervention_proposed", "intervention", Decision::Created),
    ("intervention_suppressed", "intervention", Decision::Suppressed),
    ("intervention_accepted", "intervention", Decision::Told),
    ("intervention_declined", "intervention", Decision::Told),
    ("experiment_started", "experiment", Decision::Told),
    ("experiment_stopped", "experiment", Decision::Told),
    ("experiment_invalidated", "experiment", Decision::Suppressed),
    ("adherence_logged", "experiment", Decision::Told),
    ("evaluation_completed", "evaluation", Decision::Computed),
    ("evaluation_marked_unreliable", "evaluation", Decision::Suppressed),
    ("narrative_requested", "narrative", Decision::Updated),
    ("model_answered", "narrative", Decision::Updated),
    ("narrative_fell_back", "narrative", Decision::Updated),
    ("narrative_published", "narrative", Decision::Created),
];

/// What a type of event is about, as in `insight`; nothing for a type that is not known.
#[must_use]
pub fn entity_type(kind: &str) -> Option<&'static str> {
    ROWS.iter().find(|row| row.0 == kind).map(|row| row.1)
}

/// The kind of decision that a type of event tells of; nothing for a type that is not known.
#[must_use]
pub fn decision(kind: &str) -> Option<Decision> {
    ROWS.iter().find(|row| row.0 == kind).map(|row| row.2)
}

/// Whether anything is about things of this type.
#[must_use]
pub fn is_entity_type(name: &str) -> bool {
    ROWS.iter().any(|row| row.1 == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Event;

    #[test]
    fn every_type_of_event_has_one_row_and_no_other_has() {
        let mut rows: Vec<&str> = ROWS.iter().map(|row| row.0).collect();
        let mut kinds = Event::KINDS.to_vec();
        rows.sort_unstable();
        kinds.sort_unstable();
        assert_eq!(rows, kinds);
        for decision in Decision::ALL {
            assert_eq!(decision.key().parse(), Ok(decision));
            assert!(ROWS.iter().any(|row| row.2 == decision), "{decision}");
        }
    }
}
