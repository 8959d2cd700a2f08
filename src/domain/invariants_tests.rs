//! Each rule refuses what breaks it, and names itself.

use std::collections::BTreeSet;

use chrono::{TimeZone, Utc};
use uuid::Uuid;

use super::*;
use crate::domain::safety::SafetyRule;

use crate::domain::claim::{Claim, ClaimId, ClaimKind, Direction, Narrative, Notice, Period, Section, Sentence};
use crate::domain::day::LocalDay;
use crate::domain::event::{
    AdherenceLogged, ConsentGranted, EvaluationCompleted, ExperimentInvalidated, ExperimentStarted,
    HumanReviewRequested, HumanReviewResolved, InsightRaised, InsightRenewed, InterventionAccepted,
    InterventionProposed, NarrativePublished, NarrativeRequested, ObservationCorrected, ObservationsRecorded,
    PersonRegistered, SafetyNoticeRaised,
};
use crate::domain::evidence::{Value, Window};
use crate::domain::experiment::{Conduct, Experiment, Layout, Unreliable, Verdict};
use crate::domain::grade::Design;
use crate::domain::intervention::{Boundary, LoadEffect, SafetyDecision};
use crate::domain::metric::Metric;
use crate::domain::narration::Identity;
use crate::domain::observation::{ObservationKey, RecordKind, Source};
use crate::domain::profile::Condition;
use crate::domain::provider::Provider;
use crate::domain::safety::{Level, Review};

#[path = "invariants_experiment_tests.rs"]
mod experiments;
#[path = "invariants_safety_tests.rs"]
mod safety_first;

fn day(n: u32) -> LocalDay {
    "2026-01-01".parse::<LocalDay>().unwrap().plus(n)
}

fn person() -> PersonState {
    let mut state = PersonState::default();
    state.evolve(0, &PersonRegistered { origin: "test".into() }.into());
    state.evolve(1, &ConsentGranted { purpose: Purpose::Processing }.into());
    state
}

fn source() -> Source {
    Source { provider: Provider::Whoop, format: "test".into(), file: None, digest: None }
}

fn pulse(value: f64) -> Observation {
    let start = Utc.with_ymd_and_hms(2026, 1, 1, 23, 0, 0).unwrap();
    let (provider, kind, metric) = (Provider::Whoop, RecordKind::Recovery, Metric::RestingHeartRate);
    let key = ObservationKey { provider, kind, metric, start, provider_id: None };
    Observation { row: 1, ..Observation::new(key, day(0), value) }
}

fn numbers() -> Evidence {
    Evidence {
        metric: Some(Metric::RestingHeartRate),
        sources: vec![Provider::Whoop],
        window: Window::ending(day(89), 30),
        baseline: Some(Window::ending(day(59), 60)),
        input_revision: 1,
        values: vec![Value::new("mean", 60.0, "bpm", 1)],
    }
}

fn statement() -> Insight {
    Insight {
        id: Uuid::from_u128(7),
        kind: InsightKind::Change,
        with: None,
        metric: Metric::RestingHeartRate,
        direction: Some(Direction::Higher),
        design: Design::Observational,
        grade: Grade::B,
        confidence: 0.7,
        n: 28,
        n_effective: 14.0,
        coverage: 0.9,
        first_day: day(89),
        day: day(89),
        evidence: numbers(),
    }
}

fn before_after() -> Experiment {
    Experiment {
        id: Uuid::from_u128(9),
        intervention: "regular_bedtime".into(),
        metric: Metric::SleepDuration,
        direction: Direction::Higher,
        lag_days: 0,
        washout_days: 1,
        window: Window::ending(day(41), 14),
        layout: Layout::BeforeAfter { baseline: Window::ending(day(27), 28) },
    }
}

fn drawn() -> Experiment {
    let layout = Layout::Blocks { block_days: 3, pairs: 7, seed: 1 };
    Experiment { window: Window::starting(day(28), 42), layout, ..before_after() }
}

fn verdict() -> Evaluation {
    Evaluation {
        id: Uuid::from_u128(11),
        experiment_id: Uuid::from_u128(9),
        intervention: "regular_bedtime".into(),
        metric: Metric::RestingHeartRate,
        day: day(42),
        baseline_windows: vec![Window::ending(day(27), 28)],
        intervention_windows: vec![Window::ending(day(41), 13)],
        coverage: 0.9,
        adherence: 1.0,
        verdict: Verdict::Unclear,
        unreliable: BTreeSet::new(),
        drift: false,
        design: Design::Observational,
        conduct: Conduct {
            randomised: false,
            pairs: 0,
            washout_days: Some(1),
            lag_days: Some(0),
            adherence: 1.0,
            excludes_zero: false,
            suppressed: false,
        },
        grade: Grade::D,
        confidence: 0.1,
        n: 13,
        n_effective: 6.0,
        moved: None,
        evidence: numbers(),
    }
}

fn suggestion() -> Proposal {
    Proposal {
        id: Uuid::from_u128(13),
        intervention: "regular_bedtime".into(),
        catalogue_version: 1,
        metric: Metric::SleepDuration,
        direction: Direction::Higher,
        day: day(89),
        insight_id: Uuid::from_u128(7),
        safety: SafetyDecision {
            risk_level: RiskLevel::Low,
            evidence_grade: Grade::C,
            boundary: Boundary::Informational,
            load: LoadEffect::Neutral,
            topics: BTreeSet::new(),
            checks: vec!["profile_undeclared".into()],
        },
        sources: vec![Provider::Whoop],
    }
}

#[track_caller]
fn notice(rule: SafetyRule, level: Level) -> SafetyNotice {
    SafetyNotice {
        notice: Notice { id: Uuid::from_u128(1), rule, text: rule.text(level).to_owned() },
        level,
        first_day: day(80),
        day: day(80),
        allows: rule.allows(level),
        evidence: numbers(),
    }
}

fn refused_by(rule: &str, state: &PersonState, event: impl Into<Event>) {
    assert_eq!(check(state, &event.into()).unwrap_err().rule, rule);
}

#[test]
fn what_is_in_order_passes() {
    let mut state = person();
    let events: [Event; 4] = [
        ObservationsRecorded { source: source(), observations: vec![pulse(60.0)] }.into(),
        InsightRaised { insight: statement(), watch: None }.into(),
        InterventionProposed { proposal: suggestion() }.into(),
        ExperimentStarted { experiment: before_after() }.into(),
    ];
    for (revision, event) in (2..).zip(&events) {
        assert_eq!(check(&state, event), Ok(()));
        state.evolve(revision, event);
    }
    assert_eq!(check(&state, &EvaluationCompleted { evaluation: verdict() }.into()), Ok(()));
}

#[test]
fn nobody_is_registered_twice_and_nothing_happens_before() {
    refused_by("person_is_registered_once", &person(), PersonRegistered { origin: "test".into() });
    refused_by("person_exists", &PersonState::default(), ConsentGranted { purpose: Purpose::Processing });
}

#[test]
fn without_consent_nothing_is_recorded() {
    let mut state = person();
    state.consents.clear();
    let event = ObservationsRecorded { source: source(), observations: vec![pulse(60.0)] };
    refused_by("processing_needs_consent", &state, event);
}

#[test]
fn nothing_goes_to_a_model_without_consent_and_no_number_without_another() {
    let asked = |with_values| NarrativeRequested {
        day: day(0),
        period: Period::Daily,
        payload: "digest".into(),
        with_values,
        identity: Identity { model: "m".into(), settings: "s".into() },
        claims: 3,
        withheld: Vec::new(),
        budget_ms: 3_000,
        sources: Vec::new(),
    };
    let mut state = person();
    refused_by("model_needs_consent", &state, asked(false));
    state.evolve(2, &ConsentGranted { purpose: Purpose::NarrativeByModel }.into());
    check(&state, &asked(false).into()).expect("codes may go");
    refused_by("values_need_consent", &state, asked(true));
    state.evolve(3, &ConsentGranted { purpose: Purpose::ValuesToModel }.into());
    check(&state, &asked(true).into()).expect("numbers may go too");
}

#[test]
fn an_observation_is_plausible_and_its_batch_is_bounded() {
    let implausible = ObservationsRecorded { source: source(), observations: vec![pulse(6000.0)] };
    refused_by("observation_is_plausible", &person(), implausible);
    let many = ObservationsRecorded { source: source(), observations: vec![pulse(60.0); 1001] };
    refused_by("observations_per_batch", &person(), many);
    let mut backward = pulse(60.0);
    backward.end = Some(backward.key.start - chrono::Duration::hours(1));
    refused_by(
        "interval_runs_forward",
        &person(),
        ObservationsRecorded { source: source(), observations: vec![backward] },
    );
}

#[test]
fn a_correction_names_the_value_it_replaces() {
    let event = ObservationCorrected {
        source: source(),
        observation: pulse(61.0),
        previous_value: f64::NAN,
        previous_day: day(0),
    };
    refused_by("corrections_keep_history", &person(), event);
}

#[test]
fn an_insight_has_metric_evidence_confidence_and_the_grade_it_earns() {
    let state = person();
    let raise = |change: &dyn Fn(&mut Insight)| {
        let mut insight = statement();
        change(&mut insight);
        InsightRaised { insight, watch: None }
    };
    refused_by("confidence_is_a_share", &state, raise(&|i| i.confidence = 1.2));
    refused_by("coverage_is_a_share", &state, raise(&|i| i.coverage = -0.1));
    refused_by("insight_names_its_metric", &state, raise(&|i| i.evidence.metric = None));
    refused_by("statement_has_evidence", &state, raise(&|i| i.evidence.values.clear()));
    refused_by("evidence_is_finite", &state, raise(&|i| i.evidence.values[0].value = f64::INFINITY));
    refused_by("evidence_exists", &state, raise(&|i| i.evidence.input_revision = 99));
    refused_by("windows_do_not_overlap", &state, raise(&|i| i.evidence.baseline = Some(i.evidence.window)));
    refused_by("grade_follows_from_numbers", &state, raise(&|i| i.grade = Grade::A));
    refused_by("renewed_insight_is_open", &state, InsightRenewed { insight: statement(), watch: None });
}

#[test]
fn a_day_raises_at_most_fifty_statements() {
    let mut state = person();
    for n in 0..50 {
        let mut insight = statement();
        insight.id = Uuid::from_u128(100 + n);
        state.insights.insert(insight.id, insight);
    }
    refused_by("insights_per_day", &state, InsightRaised { insight: statement(), watch: None });
}

#[test]
fn an_intervention_has_a_safety_decision_and_an_unknown_profile_is_not_safe() {
    let mut unchecked = suggestion();
    unchecked.safety.checks.clear();
    refused_by("intervention_has_safety_decision", &person(), InterventionProposed { proposal: unchecked });
    let mut bold = suggestion();
    bold.safety.boundary = Boundary::Lifestyle;
    refused_by("unknown_profile_is_not_safe", &person(), InterventionProposed { proposal: bold });
    let mut declared = person();
    declared.profile.age_band = Some(crate::domain::profile::AgeBand::From18To39);
    declared.profile.conditions = Some(BTreeSet::new());
    declared.profile.heart_medication = Some(false);
    let mut risky = suggestion();
    risky.safety.risk_level = RiskLevel::High;
    refused_by("high_risk_needs_review", &declared, InterventionProposed { proposal: risky });
}

#[test]
fn a_narrative_states_every_notice_and_acknowledges_uncertainty() {
    let said = Sentence {
        section: Section::KeyPoint,
        text: "Your resting heart rate probably averaged 58 bpm.".into(),
        claim_ids: vec![ClaimId::new("x", day(89))],
        frame: None,
        by_model: false,
        grade: Some(Grade::B),
    };
    let narrative = Narrative {
        day: day(89),
        period: Period::Daily,
        title: "Today".into(),
        notices: vec![],
        sentences: vec![said],
        source: "template".into(),
        attributions: vec![],
    };
    let claim = Claim {
        id: ClaimId::new("x", day(89)),
        kind: ClaimKind::Level,
        metric: Some(Metric::RestingHeartRate),
        grade: Some(Grade::B),
        design: Design::Observational,
        direction: None,
        code: None,
        conduct: None,
        evidence: numbers(),
    };
    let publish = |claims| NarrativePublished { narrative: narrative.clone(), claims, rejections: Vec::new() };
    refused_by("uncertainty_is_acknowledged", &person(), publish(vec![claim.clone()]));
    let mut told = person();
    told.evolve(2, &publish(vec![claim.clone()]).into());
    let other = Claim { evidence: Evidence { values: Vec::new(), ..claim.evidence.clone() }, ..claim };
    refused_by("published_claims_never_change", &told, publish(vec![Claim { grade: None, ..other }]));
    let mut warned = person();
    warned.notices.insert(Uuid::from_u128(1), notice(SafetyRule::Spo2Low, Level::Warn));
    refused_by("notices_stand_first", &warned, publish(vec![]));
}
