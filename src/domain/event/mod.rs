//! The facts of the log: past tense, one person each, self-contained.
//!
//! The names are stable and never change their meaning; a new shape gets a new schema version and an upcaster.

mod codec;
pub mod decision;
mod envelope;
mod measured;
mod narrated;
mod role;
mod upcast;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use codec::events;
use envelope::Body;
pub use envelope::{Actor, DecodeError, Meta, Said};
pub use measured::Assumed;

use crate::domain::Instant;
use crate::domain::conversation::{Gist, Topics};
use crate::domain::day::LocalDay;
use crate::domain::degradation::{Degradation, Missing};
use crate::domain::erasure::Scope;
use crate::domain::evidence::{Evidence, Window};
use crate::domain::experiment::{Evaluation, Experiment};
use crate::domain::feedback::Feedback;
use crate::domain::insight::Insight;
use crate::domain::intervention::Proposal;
use crate::domain::metric::Metric;
use crate::domain::noted::Noted;
use crate::domain::objective::Objective;
use crate::domain::profile::{Profile, Purpose};
use crate::domain::provider::Provider;
use crate::domain::safety::{ClearedBy, Decision, Review, SafetyNotice, SafetyRule};
use crate::domain::score::Score;
use crate::domain::watch::Watch;

events! {
    /// A person exists here.
    PersonRegistered = "person_registered" {
        /// How they came: `local` for the first file command.
        origin: String,
    }
    /// A person allowed something.
    ConsentGranted = "consent_granted" {
        /// What for.
        purpose: Purpose,
    }
    /// A person took it back.
    ConsentWithdrawn = "consent_withdrawn" {
        /// What for.
        purpose: Purpose,
    }
    /// An account at a provider was connected.
    ProviderConnected = "provider_connected" {
        /// Where.
        provider: Provider,
    }
    /// It was disconnected.
    ProviderDisconnected = "provider_disconnected" {
        /// Where.
        provider: Provider,
        /// Whether what it brought stays.
        kept: bool,
    }
    /// Data are to be erased: nothing else is written before they are.
    ErasureRequested = "erasure_requested" {
        /// What.
        scope: Scope,
        /// The keys that are destroyed: a backup that brings one of them back must not be believed.
        keys: Vec<Uuid>,
        /// The originals of files that go, by digest: files of several sources go with any of them.
        originals: Vec<String>,
    }
    /// They are erased.
    ErasureCompleted = "erasure_completed" {
        /// What.
        scope: Scope,
    }
    /// A person declared what safety and the score need to know.
    ProfileDeclared = "profile_declared" {
        /// The whole profile from now on.
        profile: Profile,
    }
    /// A safety rule holds: the start of an episode, or its rise to a higher level.
    SafetyNoticeRaised = "safety_notice_raised" {
        /// The notice from now on.
        notice: SafetyNotice,
    }
    /// An episode is over.
    SafetyNoticeCleared = "safety_notice_cleared" {
        /// Which one.
        notice_id: Uuid,
        /// Its rule.
        rule: SafetyRule,
        /// The day on which it was cleared.
        day: LocalDay,
        /// Who cleared it.
        by: ClearedBy,
        /// Whose data that rests on.
        sources: Vec<Provider>,
    }
    /// A human is asked to look at something.
    HumanReviewRequested = "human_review_requested" {
        /// The question.
        review: Review,
    }
    /// A human has looked at it.
    HumanReviewResolved = "human_review_resolved" {
        /// Which question.
        review_id: Uuid,
        /// What was decided.
        decision: Decision,
        /// Why, in the reviewer's words.
        reason: String,
        /// The account that decided; none where the operator did on the machine itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Uuid>,
    }
    /// A day's readiness score.
    DayScored = "day_scored" {
        /// The day.
        day: LocalDay,
        /// The score with what it is made of.
        score: Score,
        /// The numbers a sentence may show.
        evidence: Evidence,
    }
    /// What was usual before a change, pinned because an insight cites it.
    BaselineComputed = "baseline_computed" {
        /// The insight that cites it.
        insight_id: Uuid,
        /// The metric.
        metric: Metric,
        /// The days.
        window: Window,
        /// Valid days.
        n: u32,
        /// The mean over those days.
        mean: f64,
        /// The standard deviation of what the model leaves over.
        sd: f64,
        /// Whose data it rests on.
        sources: Vec<Provider>,
    }
    /// Usual values stand still: no wearable data for 48 hours.
    BaselinesFrozen = "baselines_frozen" {
        /// The day on which this was noticed.
        day: LocalDay,
        /// Whole hours since the last data.
        hours_without_data: i64,
    }
    /// Data arrive again.
    BaselinesResumed = "baselines_resumed" {
        /// The day on which this was noticed.
        day: LocalDay,
    }
    /// Too little of what is usually measured came in: nothing is learnt from these days.
    LearningPaused = "learning_paused" {
        /// The day on which this was noticed.
        day: LocalDay,
        /// What came in and can be used, as a share of what usually does, in percent.
        quality_pct: u32,
    }
    /// Enough comes in again.
    LearningResumed = "learning_resumed" {
        /// The day on which this was noticed.
        day: LocalDay,
    }
    /// A statement was found true enough to be made, and was not made.
    InsightSuppressed = "insight_suppressed" {
        /// The statement.
        insight: Insight,
        /// Why, as in `insights_per_day`.
        reason: String,
    }
    /// A statement was found true enough to be made.
    InsightRaised = "insight_raised" {
        /// The statement.
        insight: Insight,
        /// For what a search raised: what later days are waited for now.
        watch: Option<Watch>,
    }
    /// A statement still holds, with other numbers or another grade.
    InsightRenewed = "insight_renewed" {
        /// The statement from now on.
        insight: Insight,
        /// For what a search raised: what later days are waited for now.
        watch: Option<Watch>,
    }
    /// A statement no longer holds.
    InsightExpired = "insight_expired" {
        /// Which one.
        insight_id: Uuid,
        /// Its metric.
        metric: Metric,
        /// The day on which it ended.
        day: LocalDay,
        /// Why, as in `not_confirmed`.
        reason: String,
        /// For what a search raised: what later days are waited for now.
        watch: Option<Watch>,
        /// Whose data it rested on.
        sources: Vec<Provider>,
    }
    /// A person said what they think of a statement.
    FeedbackGiven = "feedback_given" {
        /// The statement as it held.
        insight_id: Uuid,
        /// What it says, whenever it is raised.
        statement: Uuid,
        /// Their word.
        feedback: Feedback,
        /// The day on which they said it.
        day: LocalDay,
        /// Whose data the statement rests on.
        sources: Vec<Provider>,
    }
    /// Something to try was suggested.
    InterventionProposed = "intervention_proposed" {
        /// The suggestion with its safety decision.
        proposal: Proposal,
    }
    /// A suggestion was held back.
    InterventionSuppressed = "intervention_suppressed" {
        /// The suggestion with the decision that held it back.
        proposal: Proposal,
        /// Why.
        reason: String,
    }
    /// The person will try it.
    InterventionAccepted = "intervention_accepted" {
        /// Which suggestion.
        proposal_id: Uuid,
    }
    /// The person will not try it.
    InterventionDeclined = "intervention_declined" {
        /// Which suggestion.
        proposal_id: Uuid,
    }
    /// An experiment was fixed and began.
    ExperimentStarted = "experiment_started" {
        /// What was fixed.
        experiment: Experiment,
    }
    /// An experiment was ended early.
    ExperimentStopped = "experiment_stopped" {
        /// Which one.
        experiment_id: Uuid,
        /// Why, in the person's words.
        reason: String,
        /// The day from which nothing is asked any more.
        day: LocalDay,
    }
    /// Safety ended an experiment: its risk level rose, and it must not go on.
    ExperimentInvalidated = "experiment_invalidated" {
        /// Which one.
        experiment_id: Uuid,
        /// The day from which nothing is asked any more.
        day: LocalDay,
        /// Safety's reason, as in `contraindicated`.
        reason: String,
    }
    /// Whether the person did it on a day.
    AdherenceLogged = "adherence_logged" {
        /// Which experiment.
        experiment_id: Uuid,
        /// The day.
        day: LocalDay,
        /// Done or not.
        done: bool,
    }
    /// An experiment was evaluated.
    EvaluationCompleted = "evaluation_completed" {
        /// What it showed.
        evaluation: Evaluation,
    }
    /// An experiment was evaluated, and must not be relied on.
    EvaluationMarkedUnreliable = "evaluation_marked_unreliable" {
        /// What it showed, with the reasons.
        evaluation: Evaluation,
    }
    /// The stages looked at a day, whether or not they found something.
    DayAssessed = "day_assessed" {
        /// The day.
        day: LocalDay,
        /// The revision of the last input the run saw.
        input_revision: u64,
        /// The rules it ran under.
        rules_digest: String,
        /// Whether it was the person's present day, with state and text.
        present: bool,
        /// Now, as the run was told: what the state of a present day follows from.
        now: Option<Instant>,
        /// The day's score, where there is one.
        score: Option<u8>,
        /// What is held back.
        degradation: Vec<Degradation>,
        /// What is missing, and which kind of missing it is.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<Missing>,
        /// Why the stages after the safety rules were abandoned; the notices stand all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        abandoned: Option<String>,
        /// Statements that fell short of a confidence of 0.4.
        below_threshold: u32,
        /// Whose data the day rests on.
        sources: Vec<Provider>,
    }
    /// A person works towards something, or changed what they said of it.
    ObjectiveSet = "objective_set" {
        /// It from now on.
        objective: Objective,
    }
    /// They work towards it no more.
    ObjectiveEnded = "objective_ended" {
        /// Which one.
        objective_id: Uuid,
    }
    /// Something happened beside the measurements.
    CircumstanceNoted = "circumstance_noted" {
        /// What.
        noted: Noted,
    }
    /// The assistant answered a question with what had been told.
    QuestionAnswered = "question_answered" {
        /// The sitting.
        session_id: Uuid,
        /// The day it was asked.
        day: LocalDay,
        /// The question, where there was one. No model sees it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<String>,
        /// What it was taken to be about.
        topics: Topics,
        /// What the answer told of, each an id for `why`.
        told: Vec<String>,
        /// Whose data that rests on.
        sources: Vec<Provider>,
    }
    /// What a sitting with the assistant came to so far.
    ConversationSummarised = "conversation_summarised" {
        /// The sitting.
        session_id: Uuid,
        /// What it came to.
        gist: Gist,
    }
    /// An export of everything of a person was begun: it holds this as its last event.
    ExportProduced = "export_produced" {
        /// Events before it.
        events: u64,
    }
    /// Somebody else read the person's data, with their consent.
    DataRead = "data_read" {
        /// The account that read.
        account: Uuid,
        /// What was read, as the operation's name.
        what: String,
    }
    => measured:
    FileImported = "file_imported",
    ObservationsRecorded = "observations_recorded",
    ObservationCorrected = "observation_corrected",
    ObservationRetracted = "observation_retracted",
    RecordDeleted = "record_deleted",
    ActivityRecorded = "activity_recorded",
    CheckInRecorded = "check_in_recorded",
    => narrated:
    NarrativeRequested = "narrative_requested",
    ModelAnswered = "model_answered",
    NarrativeFellBack = "narrative_fell_back",
    NarrativePublished = "narrative_published",
}
