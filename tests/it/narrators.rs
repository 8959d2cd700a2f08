//! A model plans, the evidence speaks: whatever comes back from it, what is published is what the claims hold.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use candor::domain::Instant;
use candor::domain::claim::{Narrative, Period, Section};
use candor::domain::event::{ConsentGranted, ConsentWithdrawn, Event};
use candor::domain::frame::{FrameId, Tone};
use candor::domain::person::PersonId;
use candor::domain::plan::{NarrativePlan, Opener, PLAN_VERSION, PlanRequest, PlannedSentence, SentenceCode};
use candor::domain::profile::Purpose;
use candor::engine::Engine;
use candor::engine::ports::export::ReadContext;
use candor::engine::ports::narrator::{Answer, Identity, Narrator, NoAnswer};
use uuid::Uuid;

use crate::support::{Place, on_both};

on_both!(
    a_plan_is_followed_kept_and_made_again_without_asking,
    the_same_question_is_not_asked_twice,
    nothing_is_asked_without_consent,
    a_model_that_does_not_answer_leaves_the_template,
    demand_13_numbers_are_sent_to_a_model_only_with_a_consent_of_their_own,
);

type Planning = Box<dyn Fn(&PlanRequest) -> Result<NarrativePlan, NoAnswer> + Send + Sync>;

/// A narrator that plans as it is told to, and remembers what it was asked.
pub(crate) struct Scripted {
    plan: Planning,
    values: bool,
    asked: Mutex<Vec<PlanRequest>>,
    judged: Mutex<Vec<f64>>,
}

impl Scripted {
    pub(crate) fn new(
        plan: impl Fn(&PlanRequest) -> Result<NarrativePlan, NoAnswer> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self::of(plan))
    }

    fn of(plan: impl Fn(&PlanRequest) -> Result<NarrativePlan, NoAnswer> + Send + Sync + 'static) -> Self {
        Self { plan: Box::new(plan), values: false, asked: Mutex::default(), judged: Mutex::default() }
    }

    /// One that wants to see numbers too.
    pub(crate) fn with_values(
        plan: impl Fn(&PlanRequest) -> Result<NarrativePlan, NoAnswer> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { values: true, ..Self::of(plan) })
    }

    pub(crate) fn asked(&self) -> Vec<PlanRequest> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Narrator for Scripted {
    fn identity(&self) -> Identity {
        Identity { model: "scripted".into(), settings: "one".into() }
    }

    fn wants_values(&self) -> bool {
        self.values
    }

    async fn plan(&self, request: &PlanRequest, _: Duration) -> Result<Answer, NoAnswer> {
        self.asked.lock().unwrap().push(request.clone());
        (self.plan)(request).map(|plan| Answer { plan, tokens: Some((900, 120)) })
    }

    fn judged(&self, replaced: f64) {
        self.judged.lock().unwrap().push(replaced);
    }
}

/// Every claim, each by the last frame that may say it, where the template would put it.
pub(crate) fn faithful(request: &PlanRequest) -> NarrativePlan {
    let sentences = request.claims.iter().take(12).enumerate().map(|(index, claim)| PlannedSentence {
        id: SentenceCode::at(index).unwrap(),
        section: home(claim.kind, claim.unfavourable, &claim.frames),
        claim_ids: vec![claim.id],
        frame: claim.frames.last().cloned().unwrap_or(FrameId("F000".into())),
        opener: Opener::None,
    });
    NarrativePlan {
        schema_version: PLAN_VERSION,
        tone: Tone::Plain,
        sentences: sentences.collect(),
        omitted: Vec::new(),
        safety_ids: request.safety_ids.clone(),
    }
}

fn home(kind: candor::domain::claim::ClaimKind, unfavourable: bool, frames: &[FrameId]) -> Section {
    use candor::domain::claim::ClaimKind;
    let newest = FrameId("F026".into());
    match kind {
        ClaimKind::Suggestion => Section::NextStep,
        ClaimKind::State if frames.contains(&newest) => Section::Summary,
        ClaimKind::State => Section::Uncertainty,
        ClaimKind::DayScore => Section::Summary,
        _ if unfavourable => Section::Risk,
        _ => Section::KeyPoint,
    }
}

pub(crate) fn person() -> PersonId {
    PersonId::new(Uuid::from_u128(7))
}

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// A person whose sleep declines, with consent to a model, and the narrator they have.
pub(crate) async fn somebody(place: &Place, narrator: &Arc<Scripted>) -> Engine {
    let mut engine = place.engine_over(place.log().await).await;
    engine.narrator = Some(Arc::clone(narrator) as Arc<dyn Narrator>);
    let now = at("2026-04-06T20:00:00Z");
    engine.register(person(), now).await.unwrap();
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson");
    let context = ReadContext { home_zone: chrono_tz::UTC, now };
    let surveyed = engine.survey(&input, context, |_| ()).await.unwrap();
    engine.import(person(), &surveyed, context, &|_| ()).await.unwrap();
    consent(&engine, true).await;
    engine
}

async fn consent(engine: &Engine, given: bool) {
    agree(engine, Purpose::NarrativeByModel, given).await;
}

pub(crate) async fn agree(engine: &Engine, purpose: Purpose, given: bool) {
    let event: Event = if given { ConsentGranted { purpose }.into() } else { ConsentWithdrawn { purpose }.into() };
    engine.decide(person(), "consent", at("2026-04-06T20:00:00Z"), |_| Ok(vec![event.clone()])).await.unwrap();
}

pub(crate) async fn run(engine: &Engine, now: &str) {
    engine.run_stages(person(), at(now), None, &|_, _| ()).await.unwrap();
}

async fn text(engine: &Engine, now: &str) -> Narrative {
    engine.narrative(person(), Period::Daily, at(now)).await.unwrap()
}

async fn told(engine: &Engine, kind: &str) -> Vec<Event> {
    let all = engine.journal.read(person(), 0, 10_000).await.unwrap();
    all.into_iter().filter_map(|r| r.content).map(|(_, event)| event).filter(|event| event.kind() == kind).collect()
}

async fn sound(engine: &Engine) -> u64 {
    let verified = engine.verify(None, &|_| ()).await.unwrap();
    assert!(verified.ok, "{:?}", verified.faults);
    verified.runs_reproduced
}

const DAY: &str = "2026-04-06T20:00:00Z";

async fn a_plan_is_followed_kept_and_made_again_without_asking(place: &Place) {
    let narrator = Scripted::new(|request| Ok(faithful(request)));
    let engine = somebody(place, &narrator).await;
    run(&engine, DAY).await;
    let asked = narrator.asked();
    assert_eq!(asked.len(), 2, "a day and a week");
    let text = text(&engine, DAY).await;
    assert_eq!(text.source, "model", "{:?}", told(&engine, "narrative_fell_back").await);
    assert!(text.sentences.iter().filter(|sentence| sentence.by_model).count() >= 6, "{text:#?}");
    // What was sent names no day, no value and nobody.
    let sent = serde_json::to_string(&asked).unwrap();
    assert!(!sent.contains("2026") && !sent.contains(&person().to_string()), "{sent}");
    let numbers = sent.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() >= 3);
    let frames: Vec<_> = numbers.filter(|number| !sent.contains(&format!("F{number}"))).collect();
    assert_eq!(frames, [""; 0], "a number that is no frame's");
    // In the log: what was asked before it was, what came back, and by which plan the text was made.
    assert_eq!(told(&engine, "narrative_requested").await.len(), 2);
    assert_eq!(told(&engine, "model_answered").await.len(), 2);
    assert_eq!(*narrator.judged.lock().unwrap(), [0.0, 0.0]);
    // Each sentence can be asked where it comes from, down to its frame and who chose it.
    let planned = text.sentences.iter().find(|sentence| sentence.by_model).unwrap();
    let why = engine.why(person(), planned.claim_ids[0].as_str()).await.unwrap();
    assert_eq!((why.said[0].text.as_str(), why.said[0].chosen_by), (planned.text.as_str(), "model"));
    assert_eq!(why.said[0].frame, planned.frame);
    assert!(why.said[0].checks.contains(&"nothing_beside_the_frame"));
    // The same text again, by the log alone.
    assert!(sound(&engine).await >= 1);
    assert_eq!(narrator.asked().len(), 2);
}

async fn the_same_question_is_not_asked_twice(place: &Place) {
    let narrator = Scripted::new(|request| Ok(faithful(request)));
    let engine = somebody(place, &narrator).await;
    run(&engine, "2026-04-22T20:00:00Z").await;
    let asked = narrator.asked().len();
    // A day later nothing is new but the age of the data, and no value was ever sent.
    run(&engine, "2026-04-23T20:00:00Z").await;
    assert_eq!(narrator.asked().len(), asked);
    assert_eq!(told(&engine, "model_answered").await.len(), 2 * asked);
    assert_ne!(text(&engine, "2026-04-23T20:00:00Z").await.source, "template");
    sound(&engine).await;
}

async fn demand_13_numbers_are_sent_to_a_model_only_with_a_consent_of_their_own(place: &Place) {
    let narrator = Scripted::with_values(|request| Ok(faithful(request)));
    let engine = somebody(place, &narrator).await;
    run(&engine, DAY).await;
    let values = |asked: &[PlanRequest]| asked.iter().flat_map(|r| &r.claims).map(|c| c.values.len()).sum::<usize>();
    let codes = narrator.asked();
    assert_eq!((codes.len(), values(&codes)), (2, 0), "the endpoint wants them, the person did not agree");
    agree(&engine, Purpose::ValuesToModel, true).await;
    run(&engine, "2026-04-07T20:00:00Z").await;
    let with = narrator.asked().split_off(2);
    assert!(!with.is_empty() && values(&with) > 20, "{with:?}");
    let sent = serde_json::to_string(&with).unwrap();
    assert!(
        sent.contains("\"name\":\"mean_after\"") && !sent.contains("2026-0") && !sent.contains(&person().to_string())
    );
    let requested = told(&engine, "narrative_requested").await;
    let marked = requested.iter().filter(|e| matches!(e, Event::NarrativeRequested(e) if e.with_values)).count();
    assert_eq!(marked, with.len(), "the audit says which question held numbers");
    assert_eq!(text(&engine, "2026-04-07T20:00:00Z").await.source, "model");
    // Taken back, nothing but codes is asked again.
    agree(&engine, Purpose::ValuesToModel, false).await;
    run(&engine, "2026-04-14T20:00:00Z").await;
    let after = narrator.asked().split_off(2 + with.len());
    assert!(!after.is_empty() && values(&after) == 0, "{after:?}");
    sound(&engine).await;
}

async fn nothing_is_asked_without_consent(place: &Place) {
    let narrator = Scripted::new(|request| Ok(faithful(request)));
    let engine = somebody(place, &narrator).await;
    consent(&engine, false).await;
    run(&engine, DAY).await;
    assert_eq!(narrator.asked().len(), 0);
    assert_eq!(text(&engine, DAY).await.source, "template");
    assert_eq!(told(&engine, "narrative_requested").await.len(), 0);
    // Given again and withdrawn again: the plan that was kept is gone too.
    consent(&engine, true).await;
    run(&engine, "2026-04-07T20:00:00Z").await;
    let asked = narrator.asked().len();
    assert!(asked > 0);
    consent(&engine, false).await;
    run(&engine, "2026-04-08T20:00:00Z").await;
    assert_eq!(narrator.asked().len(), asked);
    assert_eq!(text(&engine, "2026-04-08T20:00:00Z").await.source, "template");
    assert!(engine.state(person()).await.unwrap().answers.kept.is_empty());
    sound(&engine).await;
}

async fn a_model_that_does_not_answer_leaves_the_template(place: &Place) {
    let silent = Scripted::new(|_| Err(NoAnswer::Timeout));
    let engine = somebody(place, &silent).await;
    run(&engine, DAY).await;
    let fallen = text(&engine, DAY).await;
    assert_eq!(fallen.source, "template");
    let reasons: Vec<_> = told(&engine, "narrative_fell_back").await;
    assert!(matches!(&reasons[0], Event::NarrativeFellBack(e) if e.reason == "timeout"), "{reasons:?}");
    assert_eq!(reasons.len(), 2, "one for the day, one for the week");
    sound(&engine).await;
    // It says what it would have said without a model at all.
    let narrator = Scripted::new(|_| Err(NoAnswer::Timeout));
    let plain = Place::sqlite().await.unwrap();
    let mut other = somebody(&plain, &narrator).await;
    other.narrator = None;
    run(&other, DAY).await;
    assert_eq!(text(&other, DAY).await, fallen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_another_question_is_not_taken() {
    // A process that died between an answer and its text leaves the answer; meanwhile the person's data went on.
    let narrator = Scripted::new(|request| Ok(faithful(request)));
    let place = Place::sqlite().await.unwrap();
    let mut engine = somebody(&place, &narrator).await;
    run(&engine, DAY).await;
    let asked = |kind| told(&engine, kind);
    let mut left: Vec<Event> = asked("model_answered").await;
    assert_eq!(left.len(), 2);
    for answer in &mut left {
        let Event::ModelAnswered(answered) = answer else { continue };
        answered.answered.payload = "0".repeat(64);
    }
    engine.decide(person(), "answer", at(DAY), |_| Ok(left.clone())).await.unwrap();
    engine.narrator = None;
    run(&engine, "2026-04-07T20:00:00Z").await;
    assert_eq!(text(&engine, "2026-04-07T20:00:00Z").await.source, "template");
    let fallen = told(&engine, "narrative_fell_back").await;
    let outdated = |event: &&Event| matches!(event, Event::NarrativeFellBack(e) if e.reason == "outdated");
    assert_eq!(fallen.iter().filter(outdated).count(), 2, "{fallen:?}");
    sound(&engine).await;
}

/// A change to a plan that nobody should make.
type Spoiling = fn(&mut NarrativePlan);

const SPOILED: [(&str, Spoiling); 12] = [
    ("claims nobody made", |plan| plan.sentences.iter_mut().for_each(|s| s.claim_ids = vec!["E24".parse().unwrap()])),
    ("a claim twice", |plan| {
        plan.sentences.iter_mut().for_each(|s| s.claim_ids = vec!["E1".parse().unwrap(), "E1".parse().unwrap()])
    }),
    ("frames of others", |plan| plan.sentences.iter_mut().for_each(|s| s.frame = FrameId("F009".into()))),
    ("frames nobody knows", |plan| plan.sentences.iter_mut().for_each(|s| s.frame = FrameId("F999".into()))),
    ("one frame of another", |plan| plan.sentences[0].frame = FrameId("F009".into())),
    ("all in one section", |plan| plan.sentences.iter_mut().for_each(|s| s.section = Section::NextStep)),
    ("openers everywhere", |plan| plan.sentences.iter_mut().for_each(|s| s.opener = Opener::InContrast)),
    ("nothing said", |plan| plan.sentences.clear()),
    ("one thing said", |plan| plan.sentences.truncate(1)),
    ("too much said", |plan| {
        let again = plan.sentences.clone();
        plan.sentences.extend(again.iter().cloned());
        plan.sentences.extend(again);
    }),
    ("another version", |plan| plan.schema_version = 2),
    ("one name for all", |plan| {
        for sentence in &mut plan.sentences {
            sentence.id = "s1".parse().unwrap();
        }
    }),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_planned_every_sentence_is_its_claims() {
    for (what, spoil) in SPOILED {
        let narrator = Scripted::new(move |request| {
            let mut plan = faithful(request);
            spoil(&mut plan);
            Ok(plan)
        });
        let place = Place::sqlite().await.unwrap();
        let engine = somebody(&place, &narrator).await;
        run(&engine, DAY).await;
        let text = text(&engine, DAY).await;
        // What went the unwelcome way is said, whatever was planned, and nothing of the model's own words.
        assert!(
            text.sentences.iter().any(|s| s.section == Section::Risk || s.text.contains("lower")),
            "{what}: {text:#?}"
        );
        assert!(text.sentences.iter().any(|s| s.section == Section::Uncertainty), "{what}");
        let whole = ["nothing said", "another version", "frames nobody knows", "claims nobody made", "a claim twice"];
        if whole.contains(&what) {
            assert_eq!(text.source, "template", "{what}");
            assert!(!told(&engine, "narrative_fell_back").await.is_empty(), "{what}");
        }
        sound(&engine).await;
    }
}
