//! What a text costs: twelve sentences of a plan checked, rendered and read back, the template's text, and a text whose model
//! answers with every kind of fault.
//!
//! `cargo bench --bench narrative` prints the median and the 99th percentile of 5,000 texts each, and of the faulty ones the
//! 99.9th, which must stay under 3,000 ms.

#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]

#[path = "../tests/narrator/server.rs"]
#[expect(dead_code, reason = "the tests of the narrator use all of it")]
mod server;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use candor::domain::claim::{Claim, ClaimId, ClaimKind, Direction, Period, Section};
use candor::domain::evidence::{Evidence, Value, Window};
use candor::domain::frame::{FrameId, Tone};
use candor::domain::grade::{Design, Grade};
use candor::domain::metric::Metric;
use candor::domain::plan::{NarrativePlan, Opener, PLAN_VERSION, PlannedSentence, SentenceCode};
use candor::domain::provider::Provider;
use candor::engine::narrate::{BUDGET, CALL};
use candor::engine::ports::narrator::Narrator as _;
use candor::engine::synthesize::{Asked, Brief, compose, write, write_planned};
use candor::llm::{ChatNarrator, Settings, Variables};
use server::{Server, Turn, completion, response};

const TEXTS: usize = 5_000;
/// Servers that fail at the same time.
const LANES: usize = 50;

/// A change of one metric, of grade B, the unwelcome way for some.
fn change(number: u128, metric: Metric) -> Claim {
    let day = "2026-02-28".parse().expect("a day");
    let (unit, decimals) = (metric.unit().symbol(), metric.definition().decimals);
    let quantities = ["mean_before", "mean_after", "difference", "interval_low", "interval_high"];
    let mut values: Vec<Value> =
        (1..).zip(quantities).map(|(n, name)| Value::new(name, 17.0 * f64::from(n), unit, decimals)).collect();
    let counts = [("n_before", 53.0), ("n_after", 28.0), ("before_days", 60.0), ("after_days", 30.0)];
    values.extend(counts.map(|(name, count)| Value::new(name, count, "", 0)));
    values.extend([Value::new("interval_pct", 95.0, "%", 0), Value::new("confidence", 0.71, "", 2)]);
    Claim {
        id: ClaimId::new(&uuid::Uuid::from_u128(number).to_string(), day),
        kind: ClaimKind::Change,
        metric: Some(metric),
        grade: Some(Grade::B),
        design: Design::Observational,
        direction: Some(Direction::Higher),
        code: None,
        conduct: None,
        evidence: Evidence {
            metric: Some(metric),
            sources: vec![Provider::Whoop],
            window: Window::ending(day, 30),
            baseline: Some(Window::ending(day.minus(30), 60)),
            input_revision: 1,
            values,
        },
    }
}

/// Ways for a server to go wrong, one of which is not wrong at all.
fn faults(plan: &NarrativePlan) -> Vec<Turn> {
    let written = |plan: &NarrativePlan| serde_json::to_string(plan).expect("a plan is written");
    let (mut nobodys, mut twice) = (plan.clone(), plan.clone());
    nobodys.sentences.iter_mut().for_each(|sentence| sentence.frame = FrameId("F999".to_owned()));
    let first = plan.sentences[0].claim_ids.clone();
    twice.sentences.iter_mut().for_each(|sentence| sentence.claim_ids.clone_from(&first));
    let plan = written(plan);
    let whole = completion(&plan).to_string();
    let mut unfinished = completion(&plan);
    unfinished["choices"][0]["finish_reason"] = "length".into();
    let mut turns: Vec<Turn> =
        [307, 400, 401, 404, 429, 500, 503].map(|status| Turn::Say(response(status, &whole))).into();
    turns.extend([
        Turn::Say(response(200, &whole)),
        Turn::Say(response(200, unfinished.to_string())),
        Turn::Say(response(200, completion(&written(&nobodys)).to_string())),
        Turn::Say(response(200, completion(&written(&twice)).to_string())),
        Turn::Say(response(200, completion("You slept badly because of coffee.").to_string())),
        Turn::Say(response(200, &whole[..whole.len() / 2])),
        Turn::Say(response(200, &whole)[..200].to_vec()),
        Turn::Say(response(200, "{\"error\":{\"code\":529}}")),
        Turn::Say(response(200, vec![b' '; 200_000])),
        Turn::Say(b"\x16\x03\x01 nothing of the kind \xff\xfe".to_vec()),
        Turn::Say(Vec::new()),
        Turn::Flood(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'['; 4_096]),
        // Held open, as a model that thinks for too long.
        Turn::Hold(b"HTTP/1.1 200 OK\r\n\r\n{".to_vec()),
    ]);
    turns
}

/// Texts by models that fail: what came of each, and how long it took from the template to the checked text.
async fn faulty(brief: Arc<Brief>, asked: Arc<Asked>, plan: NarrativePlan) -> (BTreeMap<String, u32>, Vec<Duration>) {
    let turns = faults(&plan);
    let lanes = (0..LANES).map(|lane| {
        let (brief, asked) = (Arc::clone(&brief), Arc::clone(&asked));
        let turns: Vec<Turn> = turns.iter().cycle().skip(lane).take(TEXTS / LANES).cloned().collect();
        tokio::spawn(async move {
            let server = Server::new(turns.clone());
            let mut each = Vec::new();
            for _ in 0..turns.len() {
                let started = Instant::now();
                let template = write(&brief).expect("the template passes");
                // A narrator for each, so that no breaker spares us a fault.
                let answer = narrator(&server.base()).plan(&asked.request, CALL).await;
                let planned = answer.map_err(|reason| reason.to_string()).and_then(|answer| {
                    let composed = compose(&answer.plan, &asked, &brief).map_err(|unusable| unusable.to_string())?;
                    write_planned(&brief, composed).map_err(|_| "text_refused".to_owned())
                });
                let came_of_it =
                    planned.as_ref().map_or_else(Clone::clone, |text| format!("written by {}", text.source));
                black_box(planned.unwrap_or(template));
                each.push((came_of_it, started.elapsed()));
            }
            assert_eq!(server.seen().len(), turns.len(), "one call for each text");
            each
        })
    });
    let (mut outcomes, mut times) = (BTreeMap::new(), Vec::new());
    for lane in lanes.collect::<Vec<_>>() {
        for (outcome, took) in lane.await.expect("a lane ends") {
            *outcomes.entry(outcome).or_default() += 1;
            times.push(took);
        }
    }
    times.sort_unstable();
    (outcomes, times)
}

fn narrator(base: &str) -> ChatNarrator {
    let variables = Variables { base_url: Some(base), key: Some("k"), model: Some("m"), ..Variables::default() };
    ChatNarrator::new(Settings::read(&variables).expect("settings")).expect("a narrator")
}

fn main() {
    let claims = (1..).zip(Metric::ALL.into_iter().take(12)).map(|(number, metric)| change(number, metric)).collect();
    let day = "2026-02-28".parse().expect("a day");
    let brief = Brief { day, period: Period::Daily, claims, notices: Vec::new() };
    let asked = Asked::about(&brief, []).expect("there is something to choose");
    let sentences = asked.request.claims.iter().enumerate().filter_map(|(at, claim)| {
        Some(PlannedSentence {
            id: SentenceCode::at(at)?,
            section: if claim.unfavourable { Section::Risk } else { Section::KeyPoint },
            claim_ids: vec![claim.id],
            frame: claim.frames.last()?.clone(),
            opener: Opener::None,
        })
    });
    let plan = NarrativePlan {
        schema_version: PLAN_VERSION,
        tone: Tone::Plain,
        sentences: sentences.collect(),
        omitted: Vec::new(),
        safety_ids: Vec::new(),
    };
    let planned = || {
        let composed = compose(&plan, &asked, &brief).expect("the plan is of use");
        write_planned(&brief, composed).expect("the text passes")
    };
    assert_eq!(planned().sentences.iter().filter(|sentence| sentence.by_model).count(), 12);
    print("12 planned sentences: checked, rendered, read back", measured(|| drop(black_box(planned()))));
    print("the template's text of the same claims", measured(|| drop(black_box(write(&brief)))));
    print(
        "the question and its digest",
        measured(|| drop(black_box(Asked::about(&brief, []).map(|a| a.payload(false))))),
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (outcomes, times) = runtime.block_on(faulty(Arc::new(brief), Arc::new(asked), plan));
    for (outcome, count) in outcomes {
        println!("  {count:4} texts: {outcome}");
    }
    let slowest = times[times.len() - 1 - times.len() / 1_000];
    println!(
        "{} texts whose model answers with faults: p99.9 {slowest:?}, longest {:?}",
        times.len(),
        times[times.len() - 1]
    );
    assert!(slowest < BUDGET, "a text may take {BUDGET:?}");
}

fn measured(work: impl Fn()) -> Vec<Duration> {
    let mut times: Vec<Duration> = (0..TEXTS)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    times
}

fn print(what: &str, times: Vec<Duration>) {
    let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize];
    println!("{what}: median {:?}, p99 {:?}", at(0.5), at(0.99));
}
