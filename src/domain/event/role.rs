//! What an event is to the stages, and whose data it rests on.

use std::collections::BTreeSet;

use super::{ErasureCompleted, ErasureRequested, Event};
use crate::domain::erasure::Scope;
use crate::domain::observation::Observation;
use crate::domain::provider::Provider;

impl Event {
    /// Whether this is something told to the stages, as opposed to something they found.
    #[must_use]
    pub const fn is_input(&self) -> bool {
        match self {
            Self::PersonRegistered(_)
            | Self::ConsentGranted(_)
            | Self::ConsentWithdrawn(_)
            | Self::ErasureCompleted(_)
            | Self::ProfileDeclared(_)
            | Self::ObservationsRecorded(_)
            | Self::ObservationCorrected(_)
            | Self::ObservationRetracted(_)
            | Self::ActivityRecorded(_)
            | Self::CheckInRecorded(_)
            | Self::FeedbackGiven(_)
            | Self::InterventionAccepted(_)
            | Self::InterventionDeclined(_)
            | Self::ExperimentStarted(_)
            | Self::ExperimentStopped(_)
            | Self::AdherenceLogged(_)
            | Self::HumanReviewResolved(_) => true,
            Self::FileImported(_)
            | Self::ProviderConnected(_)
            | Self::ProviderDisconnected(_)
            | Self::ErasureRequested(_)
            | Self::RecordDeleted(_)
            | Self::DayScored(_)
            | Self::BaselineComputed(_)
            | Self::BaselinesFrozen(_)
            | Self::BaselinesResumed(_)
            | Self::SafetyNoticeRaised(_)
            | Self::SafetyNoticeCleared(_)
            | Self::HumanReviewRequested(_)
            | Self::LearningPaused(_)
            | Self::LearningResumed(_)
            | Self::InsightSuppressed(_)
            | Self::InsightRaised(_)
            | Self::InsightRenewed(_)
            | Self::InsightExpired(_)
            | Self::InterventionProposed(_)
            | Self::InterventionSuppressed(_)
            | Self::ExperimentInvalidated(_)
            | Self::EvaluationCompleted(_)
            | Self::EvaluationMarkedUnreliable(_)
            | Self::NarrativeRequested(_)
            | Self::ModelAnswered(_)
            | Self::NarrativeFellBack(_)
            | Self::NarrativePublished(_)
            | Self::DayAssessed(_)
            | Self::ObjectiveSet(_)
            | Self::ObjectiveEnded(_)
            | Self::CircumstanceNoted(_)
            | Self::QuestionAnswered(_)
            | Self::ConversationSummarised(_)
            | Self::ExportProduced(_)
            | Self::DataRead(_) => false,
        }
    }

    /// Whether a stage wrote it, so that a run can be made again and compared.
    #[must_use]
    pub const fn is_of_stage(&self) -> bool {
        let beside = matches!(
            self,
            Self::FileImported(_)
                | Self::ProviderConnected(_)
                | Self::ProviderDisconnected(_)
                | Self::ErasureRequested(_)
                | Self::RecordDeleted(_)
                | Self::ExportProduced(_)
                | Self::DataRead(_)
                | Self::ObjectiveSet(_)
                | Self::ObjectiveEnded(_)
                | Self::CircumstanceNoted(_)
                | Self::QuestionAnswered(_)
                | Self::ConversationSummarised(_)
                | Self::NarrativeRequested(_)
                | Self::ModelAnswered(_)
        );
        !self.is_input() && !beside
    }

    /// Whose data the content rests on: their keys seal it together with the person's.
    #[must_use]
    pub fn providers(&self) -> BTreeSet<Provider> {
        let of = |sources: &[Provider]| sources.iter().copied().collect();
        let measured = |source: Provider, observations: &[Observation]| {
            observations.iter().map(|observation| observation.key.provider).chain([source]).collect::<BTreeSet<_>>()
        };
        match self {
            Self::FileImported(e) => e.providers.iter().copied().chain([e.source.provider]).collect(),
            Self::RecordDeleted(e) => BTreeSet::from([e.source.provider]),
            // A file may name whoever measured each row.
            Self::ObservationsRecorded(e) => measured(e.source.provider, &e.observations),
            Self::ObservationCorrected(e) => measured(e.source.provider, std::slice::from_ref(&e.observation)),
            Self::ObservationRetracted(e) => BTreeSet::from([e.source.provider, e.key.provider]),
            Self::ActivityRecorded(e) => {
                let mut providers = measured(e.source.provider, &e.observations);
                providers.insert(e.activity.provider);
                providers
            }
            Self::CheckInRecorded(_) => BTreeSet::from([Provider::Person]),
            Self::DayScored(e) => of(&e.evidence.sources),
            Self::SafetyNoticeRaised(e) => of(&e.notice.evidence.sources),
            Self::SafetyNoticeCleared(e) => of(&e.sources),
            Self::HumanReviewRequested(e) => of(&e.review.sources),
            Self::InsightSuppressed(e) => of(&e.insight.evidence.sources),
            Self::InsightRaised(e) => of(&e.insight.evidence.sources),
            Self::InsightRenewed(e) => of(&e.insight.evidence.sources),
            Self::InsightExpired(e) => of(&e.sources),
            Self::FeedbackGiven(e) => of(&e.sources),
            Self::BaselineComputed(e) => of(&e.sources),
            Self::InterventionProposed(e) => of(&e.proposal.sources),
            Self::InterventionSuppressed(e) => of(&e.proposal.sources),
            Self::EvaluationCompleted(e) => of(&e.evaluation.evidence.sources),
            Self::EvaluationMarkedUnreliable(e) => of(&e.evaluation.evidence.sources),
            Self::NarrativeRequested(e) => of(&e.sources),
            Self::ModelAnswered(e) => of(&e.sources),
            Self::NarrativeFellBack(e) => of(&e.sources),
            Self::NarrativePublished(e) => e.claims.iter().flat_map(|c| c.evidence.sources.clone()).collect(),
            Self::DayAssessed(e) => of(&e.sources),
            Self::QuestionAnswered(e) => of(&e.sources),
            Self::ObjectiveSet(_)
            | Self::ObjectiveEnded(_)
            | Self::CircumstanceNoted(_)
            | Self::ConversationSummarised(_)
            | Self::PersonRegistered(_)
            | Self::ConsentGranted(_)
            | Self::ConsentWithdrawn(_)
            // That something was there and went is nobody's measurement.
            | Self::ProviderConnected(_)
            | Self::ProviderDisconnected(_)
            | Self::ErasureRequested(_)
            | Self::ErasureCompleted(_)
            | Self::ProfileDeclared(_)
            | Self::BaselinesFrozen(_)
            | Self::BaselinesResumed(_)
            | Self::LearningPaused(_)
            | Self::LearningResumed(_)
            | Self::HumanReviewResolved(_)
            | Self::InterventionAccepted(_)
            | Self::InterventionDeclined(_)
            | Self::ExperimentStarted(_)
            | Self::ExperimentStopped(_)
            | Self::ExperimentInvalidated(_)
            | Self::AdherenceLogged(_)
            | Self::ExportProduced(_)
            | Self::DataRead(_) => BTreeSet::new(),
        }
    }

    /// The keys that seal it together. What tells that a person was erased must be readable when no key of theirs is left: it
    /// says nothing else.
    #[must_use]
    pub fn sealed_by(&self) -> Vec<Scope> {
        let tells_of_the_end = matches!(
            self,
            Self::ErasureRequested(ErasureRequested { scope: Scope::Person, .. })
                | Self::ErasureCompleted(ErasureCompleted { scope: Scope::Person })
        );
        if tells_of_the_end {
            return Vec::new();
        }
        std::iter::once(Scope::Person).chain(self.providers().into_iter().map(Scope::Provider)).collect()
    }
}
