//! Whatever a model plans, the text is its claims.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::frame::{FrameId, Tone};
use crate::domain::plan::{ClaimCode, NarrativePlan, Opener, PLAN_VERSION, PlannedSentence, SentenceCode};
use crate::engine::synthesize::planned::{Composed, compose, may_stand};
use crate::engine::synthesize::{Asked, write_planned};

const SECTIONS: [Section; 6] =
    [Section::Summary, Section::KeyPoint, Section::Driver, Section::Risk, Section::NextStep, Section::Uncertainty];

pub(super) fn named(mut claim: Claim, number: u128, metric: Metric) -> Claim {
    claim.id = ClaimId::new(&Uuid::from_u128(number).to_string(), day("2026-02-28"));
    claim.metric = claim.metric.map(|_| metric);
    claim
}

fn measured(value: f64) -> Claim {
    let values =
        vec![Value::new("value", value, "min", 0), Value::new("n", 1.0, "", 0), Value::new("window_days", 1.0, "", 0)];
    claim(ClaimKind::Measured, Some(Metric::SleepDuration), None, values)
}

fn state() -> Claim {
    let values = vec![Value::new("without_data", 5.0, "days", 0)];
    claim(ClaimKind::State, None, Some("baselines_frozen"), values)
}

/// A brief with something of everything.
pub(super) fn rich(noticed: bool) -> Brief {
    let moved = |kind, grade, direction| compared(kind, grade, Design::Observational, direction);
    let mut claims = vec![
        named(day_score(), 1, Metric::Steps),
        named(moved(ClaimKind::Change, Grade::B, Direction::Lower), 2, Metric::SleepDuration),
        named(moved(ClaimKind::Step, Grade::C, Direction::Higher), 3, Metric::HrvRmssd),
        named(moved(ClaimKind::Trend, Grade::A, Direction::Higher), 4, Metric::SleepDeep),
        named(linked(Grade::B, 1.0), 5, Metric::SleepEfficiency),
        named(compared(ClaimKind::Experiment, Grade::C, Design::Observational, Direction::Lower), 6, Metric::SleepRem),
        named(level(Grade::A), 7, Metric::SleepAwake),
        named(level(Grade::C), 8, Metric::SleepLight),
        named(measured(431.0), 9, Metric::SleepInBed),
        named(measured(402.0), 10, Metric::SleepNeed),
        named(
            claim(ClaimKind::Suggestion, Some(Metric::SleepDuration), Some("regular_bedtime"), vec![]),
            11,
            Metric::SleepDuration,
        ),
        named(state(), 12, Metric::Steps),
    ];
    let mut notices = Vec::new();
    if noticed {
        let text = SafetyRule::Spo2Low.text(Level::Warn).to_owned();
        notices.push(Notice { id: Uuid::from_u128(99), rule: SafetyRule::Spo2Low, text });
        claims
            .insert(0, named(claim(ClaimKind::Notice, Some(Metric::Spo2), Some("spo2_low"), vec![]), 99, Metric::Spo2));
    }
    Brief { day: day("2026-02-28"), period: Period::Daily, claims, notices }
}

pub(super) fn asked(brief: &Brief) -> Asked {
    Asked::about(brief, []).expect("there is something to choose")
}

pub(super) fn plan(sentences: Vec<PlannedSentence>) -> NarrativePlan {
    NarrativePlan { schema_version: PLAN_VERSION, tone: Tone::Plain, sentences, omitted: vec![], safety_ids: vec![] }
}

/// A plan that keeps every rule: an order, a length, and a choice for each sentence.
pub(super) fn valid(brief: &Brief, order: &[usize], choices: &[usize]) -> NarrativePlan {
    let asked = asked(brief);
    let sentences = order.iter().zip(choices).enumerate().filter_map(|(index, (at, choice))| {
        let claim = asked.request.claims.get(at % asked.request.claims.len())?;
        let held = &brief.claims[asked.place(claim.id)?];
        let sections: Vec<Section> = SECTIONS.into_iter().filter(|section| may_stand(held, *section)).collect();
        Some(PlannedSentence {
            id: SentenceCode::at(index)?,
            section: sections[choice % sections.len()],
            claim_ids: vec![claim.id],
            frame: claim.frames[choice % claim.frames.len()].clone(),
            opener: Opener::None,
        })
    });
    let mut seen = BTreeSet::new();
    plan(sentences.filter(|sentence| seen.insert(sentence.claim_ids.clone())).collect())
}

fn wild() -> impl Strategy<Value = NarrativePlan> {
    let frames: Vec<FrameId> = frames().all().map(|frame| frame.id.clone()).chain([FrameId("F999".into())]).collect();
    let codes = prop::collection::vec((0..24_usize).prop_map(|at| ClaimCode::at(at).expect("a code")), 0..3);
    let sentence =
        (0..12_usize, prop::sample::select(SECTIONS.to_vec()), codes, prop::sample::select(frames), 0..4_usize);
    let sentence = sentence.prop_map(|(id, section, claim_ids, frame, opener)| PlannedSentence {
        id: SentenceCode::at(id).expect("a code"),
        section,
        claim_ids,
        frame,
        opener: Opener::ALL[opener],
    });
    prop::collection::vec(sentence, 0..16).prop_map(plan)
}

/// What must hold of every text that comes of a plan.
fn is_honest(brief: &Brief, composed: Composed) -> Result<(), TestCaseError> {
    let text = write_planned(brief, composed);
    let text = text.map_err(|refused| TestCaseError::fail(refused.to_string()))?;
    prop_assert_eq!(check(&text, &brief.claims), Ok(()));
    let mut times: BTreeMap<&ClaimId, u32> = BTreeMap::new();
    for sentence in text
        .sentences
        .iter()
        .filter(|s| s.frame.as_ref().is_none_or(|id| !frames().get(id).is_some_and(|(f, _)| f.says.is_of_all())))
    {
        sentence.claim_ids.iter().for_each(|id| *times.entry(id).or_default() += 1);
    }
    prop_assert!(times.values().all(|times| *times == 1), "a claim is said twice: {text:#?}");
    for claim in &brief.claims {
        let required = claim.is_unfavourable()
            || matches!(claim.kind, ClaimKind::State | ClaimKind::Experiment | ClaimKind::Notice);
        prop_assert!(!required || times.contains_key(&claim.id), "{:?} is left out: {text:#?}", claim.kind);
    }
    let noticed = text.sentences.iter().take(brief.notices.len()).map(|s| s.text.as_str());
    prop_assert!(noticed.eq(brief.notices.iter().map(|n| n.text.as_str())));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_plan_that_keeps_the_rules_is_followed_to_the_letter(
        order in Just((0..12).collect::<Vec<usize>>()).prop_shuffle(), length in 1..=12_usize,
        choices in prop::collection::vec(0..1_000_usize, 12), noticed in any::<bool>(),
    ) {
        let brief = rich(noticed);
        let plan = valid(&brief, &order[..length], &choices);
        let composed = compose(&plan, &asked(&brief), &brief).map_err(|unusable| TestCaseError::fail(unusable.to_string()))?;
        let replaced: Vec<_> = composed.rejections.iter().filter(|rejection| rejection.replaced).collect();
        prop_assert!(replaced.is_empty(), "{replaced:?} of {plan:?}");
        is_honest(&brief, composed)?;
    }

    #[test]
    fn whatever_is_planned_the_text_is_its_claims(plan in wild(), noticed in any::<bool>()) {
        let brief = rich(noticed);
        if let Ok(composed) = compose(&plan, &asked(&brief), &brief) {
            is_honest(&brief, composed)?;
        }
    }

    #[test]
    fn a_valid_plan_with_one_wrong_sentence_loses_that_sentence_alone(
        order in Just((0..12).collect::<Vec<usize>>()).prop_shuffle(), choices in prop::collection::vec(0..1_000_usize, 12),
        wrong in wild(), at in 0..12_usize,
    ) {
        let brief = rich(false);
        let mut plan = valid(&brief, &order, &choices);
        let Some(sentence) = wrong.sentences.first() else { return Ok(()) };
        let id = plan.sentences[at].id;
        plan.sentences[at] = PlannedSentence { id, ..sentence.clone() };
        let composed = compose(&plan, &asked(&brief), &brief).map_err(|unusable| TestCaseError::fail(unusable.to_string()))?;
        prop_assert!(composed.rejections.iter().filter(|rejection| rejection.replaced).count() <= 2);
        is_honest(&brief, composed)?;
    }
}

#[test]
fn what_a_provider_forbids_is_never_sent_and_is_said_by_the_template() {
    let mut brief = rich(false);
    brief.claims[1].evidence.sources = vec![Provider::Whoop, Provider::Strava];
    brief.claims[6].evidence.sources = Vec::new();
    let asked = asked(&brief);
    assert_eq!(asked.withheld, [brief.claims[1].id.clone(), brief.claims[6].id.clone()]);
    let sent = serde_json::to_string(&asked.request).expect("it is written");
    assert!(!sent.contains("\"sleep_duration\",\"grade\"") && !sent.contains("sleep_awake"), "{sent}");
    let all = valid(&brief, &(0..12).collect::<Vec<_>>(), &[0; 12]);
    let text = write_planned(&brief, compose(&all, &asked, &brief).expect("of use")).expect("it passes");
    assert_eq!(text.source, "mixed");
    for withheld in &asked.withheld {
        let said: Vec<_> = text.sentences.iter().filter(|s| s.claim_ids == [withheld.clone()]).collect();
        assert!(said.len() == 1 && !said[0].by_model, "{said:?}");
    }
}

#[test]
fn what_there_was_no_room_to_ask_about_is_said_all_the_same() {
    let mut brief = rich(false);
    brief.claims.extend((0..20).map(|n| named(level(Grade::A), 200 + n, Metric::ALL[n as usize + 15])));
    let asked = asked(&brief);
    assert_eq!(asked.request.claims.len(), 24);
    let composed = compose(&valid(&brief, &[0, 1, 2], &[0; 3]), &asked, &brief).expect("of use");
    for claim in &brief.claims[24..] {
        assert!(composed.sentences.iter().any(|s| s.claim_ids == [claim.id.clone()]), "{:?}", claim.metric);
    }
}
