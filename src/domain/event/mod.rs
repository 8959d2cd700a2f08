//! The facts of the log: past tense, one person each, self-contained.
//!
//! The names are stable and never change their meaning; a new shape gets a new schema version and an upcaster.

mod role;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::domain::Instant;
use crate::domain::claim::{Claim, Narrative};
use crate::domain::day::LocalDay;
use crate::domain::degradation::Degradation;
use crate::domain::evidence::{Evidence, Window};
use crate::domain::experiment::{Evaluation, Experiment};
use crate::domain::insight::Insight;
use crate::domain::intervention::Proposal;
use crate::domain::metric::Metric;
use crate::domain::observation::{Activity, Observation, Source};
use crate::domain::profile::{Profile, Purpose};
use crate::domain::provider::Provider;
use crate::domain::score::Score;
use crate::domain::watch::Watch;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The person whose data it is.
    Person,
    /// A provider, by file or call.
    Provider,
    /// A stage.
    System,
    /// Whoever runs the instance.
    Operator,
}

/// What stands around an event's content, sealed with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// When it happened; for a stage, the end of its day.
    pub occurred_at: Instant,
    /// Who did it.
    pub actor: Actor,
    /// The command or run it belongs to.
    pub correlation_id: Uuid,
    /// The event that led to it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<Uuid>,
}

/// The sealed part of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Body<T> {
    #[serde(flatten)]
    meta: Meta,
    content: T,
}

/// A body that does not hold what its type says.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// This build does not know the type.
    #[error("unknown event type {0}")]
    UnknownType(String),
    /// This build does not know the version.
    #[error("unknown schema version {version} of {kind}")]
    UnknownVersion {
        /// The type.
        kind: String,
        /// The version.
        version: u32,
    },
    /// The body does not fit. The cause is left out: it would repeat health data.
    #[error("the body of a {0} does not fit its type")]
    Malformed(String),
}

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $kind:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub struct $variant {
                $($(#[$field_doc])* pub $field: $type,)*
            }
        )*

        /// A fact of the log.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant wraps the documented struct of its name")]
        pub enum Event {
            $($variant($variant),)*
        }

        $(
            impl From<$variant> for Event {
                fn from(content: $variant) -> Self {
                    Self::$variant(content)
                }
            }
        )*

        impl Event {
            /// Every type name, in the order of the vocabulary.
            pub const KINDS: &'static [&'static str] = &[$($kind,)*];

            /// The stable type name.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $kind,)*
                }
            }

            /// The bytes that are sealed.
            ///
            /// # Errors
            /// When a number is not finite, which the invariants refuse before.
            pub fn encode(&self, meta: &Meta) -> Result<Vec<u8>, DecodeError> {
                let malformed = |_| DecodeError::Malformed(self.kind().to_owned());
                match self {
                    $(Self::$variant(content) => {
                        serde_json::to_vec(&Body { meta: meta.clone(), content }).map_err(malformed)
                    })*
                }
            }

            /// Reads the bytes that were sealed.
            ///
            /// # Errors
            /// When type or version is unknown, or the body does not fit.
            pub fn decode(kind: &str, version: u32, bytes: &[u8]) -> Result<(Meta, Self), DecodeError> {
                if version != Self::SCHEMA_VERSION {
                    return Err(DecodeError::UnknownVersion { kind: kind.to_owned(), version });
                }
                let malformed = |_| DecodeError::Malformed(kind.to_owned());
                match kind {
                    $($kind => {
                        let body: Body<$variant> = serde_json::from_slice(bytes).map_err(malformed)?;
                        Ok((body.meta, Self::$variant(body.content)))
                    })*
                    _ => Err(DecodeError::UnknownType(kind.to_owned())),
                }
            }
        }
    };
}

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
    /// A person declared what safety and the score need to know.
    ProfileDeclared = "profile_declared" {
        /// The whole profile from now on.
        profile: Profile,
    }
    /// A file was taken whole.
    FileImported = "file_imported" {
        /// Which file, as which format.
        source: Source,
        /// Rows of the file.
        read: u64,
        /// Rows that said something new.
        accepted: u64,
        /// Rows that said what was known.
        duplicates: u64,
        /// Rows that changed what was known.
        corrected: u64,
        /// Rows that were refused.
        rejected: u64,
        /// How new the file's word is.
        as_of: Instant,
    }
    /// A batch of measurements, at most 1,000.
    ObservationsRecorded = "observations_recorded" {
        /// Where they came from.
        source: Source,
        /// The measurements.
        observations: Vec<Observation>,
    }
    /// A newer word about a known measurement. The old value stays in the log.
    ObservationCorrected = "observation_corrected" {
        /// Where the newer word came from.
        source: Source,
        /// The measurement from now on.
        observation: Observation,
        /// The value it replaces.
        previous_value: f64,
        /// The local day it replaces.
        previous_day: LocalDay,
    }
    /// A workout, run or ride with its measurements.
    ActivityRecorded = "activity_recorded" {
        /// Where it came from.
        source: Source,
        /// The activity.
        activity: Activity,
        /// Its measurements.
        observations: Vec<Observation>,
    }
    /// What a person said of a day.
    CheckInRecorded = "check_in_recorded" {
        /// Their ratings.
        observations: Vec<Observation>,
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
    /// A text was published.
    NarrativePublished = "narrative_published" {
        /// The text.
        narrative: Narrative,
        /// The claims it rests on, as they stood.
        claims: Vec<Claim>,
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
        /// Statements that fell short of a confidence of 0.4.
        below_threshold: u32,
        /// Whose data the day rests on.
        sources: Vec<Provider>,
    }
    /// Everything of a person was written to files.
    ExportProduced = "export_produced" {
        /// Events in it.
        events: u64,
    }
}
