//! What must hold before anything is appended.
//!
//! Pure checks of an event against the state folded so far. A violation refuses the whole command, names the rule
//! and the field, and changes nothing. No message repeats a value: it would be health data.

use thiserror::Error;

use super::assistant;
use super::day::LocalDay;
use super::erasure;
use super::event::Event;
use super::evidence::Evidence;
use super::experiment::{self, Evaluation, ExperimentStatus};
use super::grade::Grade;
use super::insight::{Insight, InsightKind};
use super::intervention::{Proposal, RiskLevel, is_modest};
use super::observation::Observation;
use super::profile::Purpose;
use super::provider::Provider;
use super::safety::{self, Decision, HeldReview, SafetyNotice, Subject};
use super::state::PersonState;

/// Observations one batch may hold.
pub const OBSERVATIONS_PER_BATCH: usize = 1_000;
/// Statements one day may raise.
pub const INSIGHTS_PER_DAY: usize = 50;

/// A rule that an event would break.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{field}: {reason} (rule {rule})")]
pub struct Violation {
    /// The rule's stable name.
    pub rule: &'static str,
    /// The field that breaks it.
    pub field: String,
    /// What would be right.
    pub reason: String,
}

/// What a check comes to.
pub(in crate::domain) type Checked = Result<(), Violation>;

impl Violation {
    /// A rule, the field that breaks it, and what would be right.
    pub fn new(rule: &'static str, field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { rule, field: field.into(), reason: reason.into() }
    }
}

fn refuse(rule: &'static str, field: &str, reason: &str) -> Checked {
    Err(Violation::new(rule, field, reason))
}

/// The rule as a violation unless it holds.
pub(in crate::domain) fn ensure(holds: bool, rule: &'static str, field: &str, reason: &str) -> Checked {
    if holds { Ok(()) } else { refuse(rule, field, reason) }
}

/// Checks one event against the state before it.
///
/// # Errors
/// The first rule it would break.
pub fn check(state: &PersonState, event: &Event) -> Checked {
    erasure::admits(state, event)?;
    ensure(
        state.registered || erasure::is_of_the_end(state, event) || matches!(event, Event::PersonRegistered(_)),
        "person_exists",
        "person",
        "the person must be registered first",
    )?;
    match event {
        Event::PersonRegistered(_) => {
            ensure(!state.registered, "person_is_registered_once", "person", "the person exists already")
        }
        Event::ObservationsRecorded(e) => {
            may_take(state, event)?;
            batch(&e.observations)
        }
        Event::ActivityRecorded(e) => {
            may_take(state, event)?;
            batch(&e.observations)
        }
        Event::CheckInRecorded(e) => {
            may_take_from(state, Provider::Person)?;
            ensure(
                e.symptoms.is_empty() || e.day.is_some(),
                "symptom_has_a_day",
                "day",
                "says of which day it speaks",
            )?;
            batch(&e.observations)
        }
        Event::ObservationCorrected(e) => {
            may_take(state, event)?;
            observation(&e.observation)?;
            keeps_history(e.previous_value)
        }
        // Nothing else stands in the way of taking something back.
        Event::ObservationRetracted(e) => keeps_history(e.previous_value),
        Event::InsightRaised(e) => {
            ensure(
                may_raise(state, e.insight.first_day),
                "insights_per_day",
                "insight",
                "at most 50 statements are raised a day",
            )?;
            insight(state, &e.insight)
        }
        Event::InsightRenewed(e) => {
            let known = state.insights.contains_key(&e.insight.id);
            ensure(known, "renewed_insight_is_open", "insight.id", "only an open statement can be renewed")?;
            insight(state, &e.insight)
        }
        Event::InterventionProposed(e) => proposal(state, &e.proposal),
        // Between a declaration and the next run a suggestion may still stand open.
        Event::InterventionAccepted(e) => ensure(
            state
                .proposals
                .get(&e.proposal_id)
                .is_some_and(|h| safety::allowance(state).permits(&h.proposal.safety).is_ok()),
            "suggestion_is_allowed",
            "proposal_id",
            "a safety notice or the profile does not allow it",
        ),
        Event::ExperimentStarted(e) => {
            may_process(state)?;
            experiment::started(state, &e.experiment)
        }
        Event::AdherenceLogged(e) => ensure(
            state.experiments.contains_key(&e.experiment_id),
            "experiment_exists",
            "experiment_id",
            "there is no such experiment",
        ),
        Event::ExperimentInvalidated(e) => ensure(
            state.experiments.get(&e.experiment_id).is_some_and(|e| e.status == ExperimentStatus::Running),
            "experiment_is_running",
            "experiment_id",
            "only a planned or running experiment can be invalidated",
        ),
        Event::EvaluationCompleted(e) => evaluation(state, &e.evaluation),
        Event::EvaluationMarkedUnreliable(e) => evaluation(state, &e.evaluation),
        Event::NarrativeRequested(_) | Event::ModelAnswered(_) => {
            may_process(state)?;
            ensure(
                state.consents.contains(&Purpose::NarrativeByModel),
                "model_needs_consent",
                "consent",
                "nothing goes to a model without the person's consent to narrative_by_model",
            )?;
            let with_values = matches!(event, Event::NarrativeRequested(e) if e.with_values);
            ensure(
                !with_values || state.consents.contains(&Purpose::ValuesToModel),
                "values_need_consent",
                "consent",
                "no number goes to a model without the person's consent to values_to_model",
            )
        }
        Event::DataRead(_) => ensure(
            state.consents.contains(&Purpose::Review),
            "reading_needs_consent",
            "consent",
            "nobody else reads a person's data without their consent to review",
        ),
        Event::NarrativePublished(e) => {
            let stands = |n: &SafetyNotice| {
                let mut first = e.narrative.sentences.iter().take(state.notices.len());
                e.narrative.notices.contains(&n.notice) && first.any(|s| s.text == n.notice.text)
            };
            let stated = state.notices.values().all(stands);
            ensure(
                stated,
                "notices_stand_first",
                "narrative.notices",
                "every active safety notice stands first and verbatim",
            )?;
            let said = |id| e.narrative.sentences.iter().any(|sentence| sentence.claim_ids.contains(id));
            let uncertain = e.claims.iter().any(|c| c.grade.is_some_and(|g| g > Grade::A) && said(&c.id));
            ensure(
                !uncertain || e.narrative.acknowledges_uncertainty(),
                "uncertainty_is_acknowledged",
                "narrative.sentences",
                "a claim below A asks for an uncertainty sentence",
            )?;
            let day = e.narrative.day;
            let kept = e.claims.iter().all(|claim| state.published.allows(day, &claim.id, claim.said()));
            ensure(
                kept,
                "published_claims_never_change",
                "claims.id",
                "another text of this day gave the name to other words",
            )
        }
        Event::FeedbackGiven(e) => {
            let held = state.insights.get(&e.insight_id);
            ensure(
                held.is_some_and(|insight| insight.statement() == e.statement),
                "feedback_is_on_what_holds",
                "insight_id",
                "no such statement holds: see `candor insights`",
            )
        }
        Event::SafetyNoticeCleared(e) => safety::cleared(state, e),
        Event::ObjectiveSet(e) => {
            may_process(state)?;
            assistant::objective(state, &e.objective)
        }
        Event::CircumstanceNoted(e) => {
            may_process(state)?;
            assistant::noted(state, &e.noted)
        }
        Event::QuestionAnswered(e) => {
            may_process(state)?;
            assistant::answered(e)
        }
        Event::ConversationSummarised(e) => assistant::summarised(state, e),
        Event::ObjectiveEnded(e) => assistant::ended(state, e.objective_id),
        Event::HumanReviewResolved(e) => ensure(
            state.reviews.get(&e.review_id).is_some_and(|held| held.decision != Some(Decision::Clear)),
            "review_is_open",
            "review_id",
            "there is no such review, or it was cleared: see `candor review list`",
        ),
        // No rule stands in the way of a notice, or of asking a human.
        Event::SafetyNoticeRaised(_)
        | Event::HumanReviewRequested(_)
        | Event::ConsentGranted(_)
        | Event::ConsentWithdrawn(_)
        | Event::ProviderConnected(_)
        | Event::ProviderDisconnected(_)
        | Event::ErasureRequested(_)
        | Event::ErasureCompleted(_)
        | Event::ProfileDeclared(_)
        | Event::FileImported(_)
        | Event::RecordDeleted(_)
        | Event::DayScored(_)
        | Event::BaselineComputed(_)
        | Event::BaselinesFrozen(_)
        | Event::BaselinesResumed(_)
        | Event::LearningPaused(_)
        | Event::LearningResumed(_)
        | Event::InsightSuppressed(_)
        | Event::InsightExpired(_)
        | Event::InterventionSuppressed(_)
        | Event::InterventionDeclined(_)
        | Event::ExperimentStopped(_)
        | Event::NarrativeFellBack(_)
        | Event::DayAssessed(_)
        | Event::ExportProduced(_) => Ok(()),
    }
}

/// Whether the person's data may be processed at all.
///
/// # Errors
/// When they have not consented, or have taken it back.
pub fn may_process(state: &PersonState) -> Checked {
    ensure(
        state.consents.contains(&Purpose::Processing),
        "processing_needs_consent",
        "consent",
        "grant it with `candor consent grant processing`",
    )
}

/// Whether a day may raise one more statement.
#[must_use]
pub fn may_raise(state: &PersonState, day: LocalDay) -> bool {
    state.insights.values().filter(|i| i.first_day == day).count() < INSIGHTS_PER_DAY
}

/// Whether data of a provider may be taken in.
///
/// # Errors
/// When the person has not consented to processing, or took back what concerns this provider.
pub fn may_take_from(state: &PersonState, provider: Provider) -> Checked {
    may_process(state)?;
    let purpose = Purpose::Provider(provider);
    if state.withdrawn.contains(&purpose) {
        let reason = format!("it was taken back; `candor consent grant {purpose}` gives it again");
        return refuse("provider_needs_consent", "consent", &reason);
    }
    Ok(())
}

/// Whether what an event measured may be taken in: of everybody whose data it rests on.
fn may_take(state: &PersonState, event: &Event) -> Checked {
    event.providers().into_iter().try_for_each(|provider| may_take_from(state, provider))
}

fn keeps_history(previous: f64) -> Checked {
    ensure(previous.is_finite(), "corrections_keep_history", "previous_value", "names the value that held before")
}

fn batch(observations: &[Observation]) -> Checked {
    ensure(
        observations.len() <= OBSERVATIONS_PER_BATCH,
        "observations_per_batch",
        "observations",
        "a batch holds at most 1,000 observations",
    )?;
    observations.iter().try_for_each(observation)
}

fn observation(observation: &Observation) -> Checked {
    let metric = observation.key.metric;
    if let Err(refusal) = metric.check(observation.value) {
        return refuse("observation_is_plausible", metric.key(), &refusal.to_string());
    }
    ensure(
        observation.end.is_none_or(|end| end >= observation.key.start),
        "interval_runs_forward",
        "end",
        "a record ends after it starts",
    )
}

fn share(value: f64, rule: &'static str, field: &str) -> Checked {
    ensure((0.0..=1.0).contains(&value), rule, field, "lies between 0 and 1")
}

fn evidence(state: &PersonState, evidence: &Evidence) -> Checked {
    ensure(!evidence.values.is_empty(), "statement_has_evidence", "evidence.values", "names its numbers")?;
    let finite = evidence.values.iter().all(|v| v.value.is_finite());
    ensure(finite, "evidence_is_finite", "evidence.values", "every number is finite")?;
    ensure(
        state.revision.is_some_and(|head| evidence.input_revision <= head),
        "evidence_exists",
        "evidence.input_revision",
        "evidence rests on events that exist",
    )?;
    let disjoint = evidence.baseline.is_none_or(|baseline| !baseline.overlaps(&evidence.window));
    ensure(disjoint, "windows_do_not_overlap", "evidence.baseline", "the windows compared share no day")
}

fn insight(state: &PersonState, insight: &Insight) -> Checked {
    share(insight.confidence, "confidence_is_a_share", "confidence")?;
    share(insight.coverage, "coverage_is_a_share", "coverage")?;
    ensure(
        insight.evidence.metric == Some(insight.metric),
        "insight_names_its_metric",
        "metric_key",
        "the evidence is about the metric of the statement",
    )?;
    evidence(state, &insight.evidence)?;
    let earned = match insight.kind {
        InsightKind::InsufficientData => Grade::D,
        InsightKind::Level
        | InsightKind::Change
        | InsightKind::Step
        | InsightKind::Trend
        | InsightKind::Association => Grade::of(insight.confidence, insight.n, insight.coverage),
    };
    ensure(insight.grade == earned, "grade_follows_from_numbers", "grade", "is the one its numbers earn")
}

fn proposal(state: &PersonState, proposal: &Proposal) -> Checked {
    ensure(
        !proposal.safety.checks.is_empty(),
        "intervention_has_safety_decision",
        "safety.checks",
        "says what was checked",
    )?;
    ensure(
        is_modest(proposal.safety.risk_level, proposal.safety.boundary) || state.profile.is_declared(),
        "unknown_profile_is_not_safe",
        "safety.boundary",
        "without a declared profile only low-risk information is suggested",
    )?;
    ensure(
        safety::allowance(state).permits(&proposal.safety).is_ok(),
        "suggestion_is_allowed",
        "safety",
        "a safety notice or the profile does not allow it",
    )?;
    ensure(
        safety::contradicts(state, proposal).is_none(),
        "suggestions_do_not_contradict",
        "proposal",
        "an open suggestion aims the other way",
    )?;
    let about = |held: &HeldReview| held.review.subject == Subject::Intervention(proposal.id);
    let reviewed = state.reviews.values().any(|held| about(held) && held.decision == Some(Decision::Clear));
    ensure(
        proposal.safety.risk_level != RiskLevel::High || reviewed,
        "high_risk_needs_review",
        "safety.risk_level",
        "a reviewer decides first",
    )
}

fn evaluation(state: &PersonState, evaluation: &Evaluation) -> Checked {
    experiment::evaluated(state, evaluation)?;
    evidence(state, &evaluation.evidence)
}

#[cfg(test)]
#[path = "invariants_tests.rs"]
mod tests;
