//! What must hold before anything is appended.
//!
//! Pure checks of an event against the state folded so far. A violation refuses the whole command, names the rule
//! and the field, and changes nothing. No message repeats a value: it would be health data.

use thiserror::Error;

use super::event::Event;
use super::evidence::Evidence;
use super::experiment::{Evaluation, Experiment, ExperimentStatus};
use super::grade::Grade;
use super::insight::{Insight, InsightKind};
use super::intervention::{Boundary, Proposal, RiskLevel};
use super::observation::Observation;
use super::profile::Purpose;
use super::state::PersonState;

/// Observations one batch may hold.
pub const OBSERVATIONS_PER_BATCH: usize = 1_000;
/// Experiments one metric may have running.
pub const EXPERIMENTS_PER_METRIC: usize = 3;
/// Days one experiment may last.
pub const EXPERIMENT_DAYS: u32 = 366;
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
type Checked = Result<(), Violation>;

fn refuse(rule: &'static str, field: &str, reason: &str) -> Checked {
    Err(Violation { rule, field: field.to_owned(), reason: reason.to_owned() })
}

fn ensure(holds: bool, rule: &'static str, field: &str, reason: &str) -> Checked {
    if holds { Ok(()) } else { refuse(rule, field, reason) }
}

/// Checks one event against the state before it.
///
/// # Errors
/// The first rule it would break.
pub fn check(state: &PersonState, event: &Event) -> Checked {
    ensure(
        state.registered || matches!(event, Event::PersonRegistered(_)),
        "person_exists",
        "person",
        "the person must be registered first",
    )?;
    match event {
        Event::PersonRegistered(_) => {
            ensure(!state.registered, "person_is_registered_once", "person", "the person exists already")
        }
        Event::ObservationsRecorded(e) => {
            consent(state)?;
            batch(&e.observations)
        }
        Event::ActivityRecorded(e) => {
            consent(state)?;
            batch(&e.observations)
        }
        Event::CheckInRecorded(e) => {
            consent(state)?;
            batch(&e.observations)
        }
        Event::ObservationCorrected(e) => {
            consent(state)?;
            observation(&e.observation)?;
            ensure(
                e.previous_value.is_finite(),
                "corrections_keep_history",
                "previous_value",
                "a correction names the value it replaces",
            )
        }
        Event::InsightRaised(e) => {
            let same_day = state.insights.values().filter(|i| i.first_day == e.insight.first_day).count();
            ensure(
                same_day < INSIGHTS_PER_DAY,
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
        Event::ExperimentStarted(e) => {
            consent(state)?;
            experiment(state, &e.experiment)
        }
        Event::AdherenceLogged(e) => ensure(
            state.experiments.contains_key(&e.experiment_id),
            "experiment_exists",
            "experiment_id",
            "there is no such experiment",
        ),
        Event::EvaluationCompleted(e) => evaluation(state, &e.evaluation),
        Event::EvaluationMarkedUnreliable(e) => evaluation(state, &e.evaluation),
        Event::NarrativePublished(e) => {
            let notices: Vec<_> = state.notices.values().collect();
            let stated = notices.iter().all(|n| e.narrative.notices.contains(n));
            ensure(
                stated,
                "notices_stand_first",
                "narrative.notices",
                "every active safety notice stands first and verbatim",
            )?;
            let uncertain = e.claims.iter().any(|c| c.grade.is_some_and(|g| g > Grade::A));
            let acknowledged = e.narrative.sentences.iter().any(|s| s.section == super::claim::Section::Uncertainty);
            ensure(
                !uncertain || acknowledged,
                "uncertainty_is_acknowledged",
                "narrative.sentences",
                "a claim below A asks for an uncertainty sentence",
            )
        }
        Event::ConsentGranted(_)
        | Event::ConsentWithdrawn(_)
        | Event::ProfileDeclared(_)
        | Event::FileImported(_)
        | Event::DayScored(_)
        | Event::BaselineComputed(_)
        | Event::BaselinesFrozen(_)
        | Event::BaselinesResumed(_)
        | Event::InsightExpired(_)
        | Event::InterventionSuppressed(_)
        | Event::InterventionAccepted(_)
        | Event::InterventionDeclined(_)
        | Event::ExperimentStopped(_)
        | Event::DayAssessed(_)
        | Event::ExportProduced(_) => Ok(()),
    }
}

/// Whether the person's data may be processed at all.
///
/// # Errors
/// When they have not consented, or have taken it back.
pub fn may_process(state: &PersonState) -> Checked {
    consent(state)
}

fn consent(state: &PersonState) -> Checked {
    ensure(
        state.consents.contains(&Purpose::Processing),
        "processing_needs_consent",
        "consent",
        "grant it with `candor consent grant processing`",
    )
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
    let modest = proposal.safety.risk_level == RiskLevel::Low && proposal.safety.boundary == Boundary::Informational;
    ensure(
        modest || state.profile.is_declared(),
        "unknown_profile_is_not_safe",
        "safety.boundary",
        "without a declared profile only low-risk information is suggested",
    )?;
    ensure(
        proposal.safety.risk_level != RiskLevel::High,
        "high_risk_needs_review",
        "safety.risk_level",
        "a reviewer decides first",
    )
}

fn experiment(state: &PersonState, experiment: &Experiment) -> Checked {
    ensure(
        !experiment.baseline.overlaps(&experiment.intervention_window),
        "windows_do_not_overlap",
        "baseline",
        "the days before end before the intervention begins",
    )?;
    ensure(
        experiment.counted().days >= 7,
        "experiment_has_days",
        "intervention_window",
        "at least 7 days remain after the washout",
    )?;
    ensure(
        experiment.intervention_window.days <= EXPERIMENT_DAYS,
        "experiment_ends",
        "intervention_window",
        "lasts 366 days at most",
    )?;
    let running = || {
        let plans = state.experiments.values().filter(|e| e.status == ExperimentStatus::Running);
        plans.filter(|e| e.plan.metric == experiment.metric)
    };
    ensure(
        running().count() < EXPERIMENTS_PER_METRIC,
        "experiments_per_metric",
        "metric",
        "a metric has at most 3 experiments running",
    )?;
    let alone = running().all(|e| !e.plan.intervention_window.overlaps(&experiment.intervention_window));
    ensure(
        alone,
        "one_experiment_per_outcome_at_a_time",
        "intervention_window",
        "another experiment on this outcome runs on these days",
    )
}

fn evaluation(state: &PersonState, evaluation: &Evaluation) -> Checked {
    ensure(
        state.experiments.contains_key(&evaluation.experiment_id),
        "experiment_exists",
        "experiment_id",
        "there is no such experiment",
    )?;
    share(evaluation.coverage, "coverage_is_a_share", "coverage")?;
    share(evaluation.confidence, "confidence_is_a_share", "confidence")?;
    share(evaluation.adherence, "adherence_is_a_share", "adherence")?;
    ensure(
        !evaluation.baseline_window.overlaps(&evaluation.intervention_window),
        "windows_do_not_overlap",
        "baseline_window",
        "the windows compared share no day",
    )?;
    evidence(state, &evaluation.evidence)
}

#[cfg(test)]
#[path = "invariants_tests.rs"]
mod tests;
