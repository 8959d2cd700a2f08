//! What a text costs: twelve sentences of a plan checked, rendered and read back, and the template's text.
//!
//! `cargo bench --bench narrative` prints the median and the 99th percentile of 5,000 texts.

#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use candor::domain::claim::{Claim, ClaimId, ClaimKind, Direction, Period, Section};
use candor::domain::evidence::{Evidence, Value, Window};
use candor::domain::frame::Tone;
use candor::domain::grade::{Design, Grade};
use candor::domain::metric::Metric;
use candor::domain::plan::{NarrativePlan, Opener, PLAN_VERSION, PlannedSentence, SentenceCode};
use candor::domain::provider::Provider;
use candor::engine::synthesize::{Asked, Brief, compose, write, write_planned};

const TEXTS: usize = 5_000;

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
    print("the question and its digest", measured(|| drop(black_box(Asked::about(&brief, []).map(|a| a.payload())))));
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
