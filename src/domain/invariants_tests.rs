//! Each rule refuses what breaks it, and names itself.

use std::collections::BTreeSet;

use chrono::{TimeZone, Utc};
use uuid::Uuid;

use super::*;
use crate::domain::claim::{Claim, ClaimId, ClaimKind, Direction, Narrative, Notice, Period};
use crate::domain::day::LocalDay;
use crate::domain::event::{
    AdherenceLogged, ConsentGranted, EvaluationCompleted, ExperimentInvalidated, ExperimentStarted,
    HumanReviewRequested, HumanReviewResolved, InsightRaised, InsightRenewed, InterventionProposed, NarrativePublished,
    ObservationCorrected, ObservationsRecorded, PersonRegistered, SafetyNoticeRaised,
};
use crate::domain::evidence::{Value, Window};
use crate::domain::experiment::{Conduct, Experiment, Layout, Unreliable, Verdict};
use crate::domain::grade::Design;
use crate::domain::intervention::{LoadEffect, SafetyDecision};
use crate::domain::metric::Metric;
use crate::domain::observation::{ObservationKey, RecordKind, Source};
use crate::domain::profile::Condition;
use crate::domain::provider::Provider;
use crate::domain::safety::{Level, Review};

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
    Observation {
        key: ObservationKey {
            provider: Provider::Whoop,
            kind: RecordKind::Recovery,
            metric: Metric::RestingHeartRate,
            start,
            provider_id: None,
        },
        end: None,
        day: day(0),
        value,
        resolution: 1.0,
        as_of: start,
        row: 1,
    }
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

fn trial() -> Experiment {
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
    Experiment { window: Window::starting(day(28), 42), layout, ..trial() }
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
        ExperimentStarted { experiment: trial() }.into(),
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
fn an_experiment_keeps_its_windows_apart_and_can_be_evaluated() {
    let state = person();
    let start = |change: &dyn Fn(&mut Experiment), base: Experiment| {
        let mut experiment = base;
        change(&mut experiment);
        ExperimentStarted { experiment }
    };
    assert_eq!(check(&state, &ExperimentStarted { experiment: drawn() }.into()), Ok(()));
    let baseline = trial().window;
    let overlapping = start(&|e| e.layout = Layout::BeforeAfter { baseline }, trial());
    refused_by("windows_do_not_overlap", &state, overlapping);
    refused_by("experiment_has_days", &state, start(&|e| e.window = Window::ending(day(34), 7), trial()));
    let endless = Window::starting(day(28), 367);
    refused_by("experiment_ends", &state, start(&|e| e.window = endless, trial()));
    refused_by("attribution_lag", &state, start(&|e| e.lag_days = 8, trial()));
    assert_eq!(check(&state, &start(&|e| e.lag_days = 7, drawn()).into()), Ok(()));
    let two = Layout::Blocks { block_days: 14, pairs: 2, seed: 1 };
    refused_by("experiment_has_pairs", &state, start(&|e| e.layout = two, drawn()));
    let more = Layout::Blocks { block_days: 3, pairs: 8, seed: 1 };
    refused_by("blocks_fill_the_days", &state, start(&|e| e.layout = more, drawn()));
    // Three pairs of three days with a day left out hold six days an arm.
    let few = Layout::Blocks { block_days: 3, pairs: 3, seed: 1 };
    let short = start(&|e| (e.layout, e.window) = (few, Window::starting(day(28), 18)), drawn());
    refused_by("experiment_has_days", &state, short);
}

#[test]
fn experiments_do_not_get_in_each_others_way() {
    let mut state = person();
    state.evolve(2, &ExperimentStarted { experiment: trial() }.into());
    let second = Experiment { id: Uuid::from_u128(10), intervention: "wind_down".into(), ..trial() };
    refused_by("one_experiment_per_outcome_at_a_time", &state, ExperimentStarted { experiment: second.clone() });
    // Its days before lie in the days of the first.
    let baseline = Window::ending(day(59), 28);
    let (window, layout) = (Window::starting(day(60), 14), Layout::BeforeAfter { baseline });
    let follows = Experiment { window, layout, ..second.clone() };
    refused_by("one_experiment_per_outcome_at_a_time", &state, ExperimentStarted { experiment: follows });
    let other_outcome =
        Experiment { metric: Metric::SleepConsistency, intervention: trial().intervention, ..second.clone() };
    refused_by("one_experiment_per_intervention_at_a_time", &state, ExperimentStarted { experiment: other_outcome });
    let beside = Experiment { metric: Metric::Stress, ..second.clone() };
    assert_eq!(check(&state, &ExperimentStarted { experiment: beside }.into()), Ok(()));
    for n in 0..2_u32 {
        let later = Experiment {
            id: Uuid::from_u128(20 + u128::from(n)),
            window: Window::starting(day(100 + 50 * n), 42),
            ..drawn()
        };
        assert_eq!(check(&state, &ExperimentStarted { experiment: later.clone() }.into()), Ok(()));
        state.evolve(3, &ExperimentStarted { experiment: later }.into());
    }
    let fourth = Experiment { id: Uuid::from_u128(30), window: Window::starting(day(300), 42), ..drawn() };
    refused_by("experiments_per_metric", &state, ExperimentStarted { experiment: fourth.clone() });
    // One that ended, in whatever way, makes room.
    let gone = ExperimentInvalidated { experiment_id: trial().id, day: day(30), reason: "contraindicated".into() };
    assert_eq!(check(&state, &gone.clone().into()), Ok(()));
    state.evolve(4, &gone.clone().into());
    assert_eq!(check(&state, &ExperimentStarted { experiment: fourth }.into()), Ok(()));
    refused_by("experiment_is_running", &state, gone);
    let unknown = AdherenceLogged { experiment_id: Uuid::from_u128(99), day: day(30), done: true };
    refused_by("experiment_exists", &state, unknown);
}

#[test]
fn an_evaluation_has_both_windows_apart_shares_and_the_grade_it_earns() {
    let mut state = person();
    state.evolve(2, &ExperimentStarted { experiment: trial() }.into());
    let evaluate = |change: &dyn Fn(&mut Evaluation)| {
        let mut evaluation = verdict();
        change(&mut evaluation);
        EvaluationCompleted { evaluation }
    };
    let helpful = |e: &mut Evaluation| {
        (e.verdict, e.moved, e.confidence) = (Verdict::Helpful, Some(Direction::Higher), 0.9);
        (e.n, e.grade) = (30, Grade::A);
    };
    assert_eq!(check(&state, &evaluate(&helpful).into()), Ok(()));
    refused_by("coverage_is_a_share", &state, evaluate(&|e| e.coverage = 1.5));
    refused_by("adherence_is_a_share", &state, evaluate(&|e| e.adherence = 2.0));
    refused_by("confidence_is_a_share", &state, evaluate(&|e| e.confidence = f64::NAN));
    refused_by("windows_do_not_overlap", &state, evaluate(&|e| e.baseline_windows = e.intervention_windows.clone()));
    refused_by("evaluation_has_windows", &state, evaluate(&|e| e.baseline_windows.clear()));
    refused_by("direction_needs_a_verdict", &state, evaluate(&|e| e.moved = Some(Direction::Higher)));
    refused_by("design_was_fixed", &state, evaluate(&|e| e.design = Design::Randomised));
    let unreliable = |e: &mut Evaluation| {
        helpful(e);
        e.unreliable.insert(Unreliable::LowAdherence);
    };
    refused_by("unreliable_says_nothing", &state, evaluate(&unreliable));
    refused_by("grade_follows_from_numbers", &state, evaluate(&|e| e.grade = Grade::C));
    let drifting = |e: &mut Evaluation| {
        helpful(e);
        e.drift = true;
    };
    refused_by("grade_follows_from_numbers", &state, evaluate(&drifting));
    state.evolve(3, &evaluate(&|_| {}).into());
    refused_by("experiment_is_evaluated_once", &state, evaluate(&|_| {}));
}

#[test]
fn a_narrative_states_every_notice_and_acknowledges_uncertainty() {
    let narrative = Narrative {
        day: day(89),
        period: Period::Daily,
        title: "Today".into(),
        notices: vec![],
        sentences: vec![],
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
    let publish = |claims| NarrativePublished { narrative: narrative.clone(), claims };
    refused_by("uncertainty_is_acknowledged", &person(), publish(vec![claim.clone()]));
    let mut told = person();
    told.evolve(2, &publish(vec![claim.clone()]).into());
    let other = Claim { evidence: Evidence { values: Vec::new(), ..claim.evidence.clone() }, ..claim };
    refused_by("published_claims_never_change", &told, publish(vec![Claim { grade: None, ..other }]));
    let mut warned = person();
    warned.notices.insert(Uuid::from_u128(1), notice(SafetyRule::Spo2Low, Level::Warn));
    refused_by("notices_stand_first", &warned, publish(vec![]));
}

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

#[test]
fn a_notice_is_cleared_by_what_ended_its_condition_and_by_nothing_else() {
    let clear =
        |rule, by| SafetyNoticeCleared { notice_id: Uuid::from_u128(1), rule, day: day(90), by, sources: vec![] };
    let standing = |rule| {
        let mut state = person();
        state.evolve(2, &SafetyNoticeRaised { notice: notice(rule, Level::Review) }.into());
        state
    };
    const RULE: &str = "notice_is_cleared_by_data_or_review";
    refused_by("cleared_notice_stands", &person(), clear(SafetyRule::Spo2Low, ClearedBy::Data));
    refused_by(RULE, &standing(SafetyRule::Spo2Low), clear(SafetyRule::Spo2Low, ClearedBy::Reviewer));
    // No measurement says that a symptom has passed.
    refused_by(RULE, &standing(SafetyRule::RedFlagSymptom), clear(SafetyRule::RedFlagSymptom, ClearedBy::Data));
    let mut pregnant = standing(SafetyRule::Pregnancy);
    pregnant.profile.conditions = Some(BTreeSet::from([Condition::Pregnancy]));
    refused_by(RULE, &pregnant, clear(SafetyRule::Pregnancy, ClearedBy::Declaration));
    assert_eq!(check(&standing(SafetyRule::Spo2Low), &clear(SafetyRule::Spo2Low, ClearedBy::Data).into()), Ok(()));
    let review = Review {
        id: Uuid::from_u128(2),
        subject: Subject::SafetyNotice(Uuid::from_u128(1)),
        reason: "spo2_low".into(),
        day: day(80),
        sources: vec![],
    };
    let mut reviewed = standing(SafetyRule::Spo2Low);
    reviewed.evolve(3, &HumanReviewRequested { review }.into());
    let resolve =
        |decision| HumanReviewResolved { review_id: Uuid::from_u128(2), decision, reason: "looked at".to_owned() };
    refused_by("review_is_open", &person(), resolve(Decision::Keep));
    reviewed.evolve(4, &resolve(Decision::Keep).into());
    refused_by(RULE, &reviewed, clear(SafetyRule::Spo2Low, ClearedBy::Reviewer));
    reviewed.evolve(5, &resolve(Decision::Clear).into());
    assert_eq!(check(&reviewed, &clear(SafetyRule::Spo2Low, ClearedBy::Reviewer).into()), Ok(()));
    refused_by("review_is_open", &reviewed, resolve(Decision::Keep));
}

#[test]
fn nothing_stands_in_the_way_of_a_notice() {
    // Neither consent nor a full day nor a state of any kind: only that the person exists.
    let mut state = person();
    state.consents.clear();
    for n in 0..60 {
        state.insights.insert(Uuid::from_u128(100 + n), statement());
        state.experiments.clear();
    }
    for rule in SafetyRule::ALL {
        for level in [Level::Warn, Level::Review, Level::Stop] {
            let event = SafetyNoticeRaised { notice: notice(rule, level) };
            assert_eq!(check(&state, &event.into()), Ok(()));
        }
    }
}

#[test]
fn open_suggestions_contradict_neither_each_other_nor_a_notice() {
    let propose = |proposal| InterventionProposed { proposal };
    let mut state = person();
    state.evolve(2, &propose(suggestion()).into());
    let mut other_way = suggestion();
    other_way.id = Uuid::from_u128(14);
    other_way.direction = Direction::Lower;
    refused_by("suggestions_do_not_contradict", &state, propose(other_way));
    let with_load = |id, load| {
        let mut proposal = suggestion();
        (proposal.id, proposal.safety.load, proposal.metric) = (Uuid::from_u128(id), load, Metric::Steps);
        proposal
    };
    let mut resting = person();
    resting.evolve(2, &propose(with_load(20, LoadEffect::Lowers)).into());
    refused_by("suggestions_do_not_contradict", &resting, propose(with_load(21, LoadEffect::Raises)));
    let mut warned = person();
    warned.evolve(2, &SafetyNoticeRaised { notice: notice(SafetyRule::Spo2Low, Level::Warn) }.into());
    refused_by("suggestion_is_allowed", &warned, propose(with_load(22, LoadEffect::Raises)));
    assert_eq!(check(&warned, &propose(suggestion()).into()), Ok(()));
    let mut stopped = person();
    stopped.symptoms.insert(safety::Symptom::ChestPain, day(1));
    refused_by("suggestion_is_allowed", &stopped, propose(suggestion()));
}
