//! The narrator against servers: one of our own that breaks every rule of the protocol, and two that others wrote.

#![expect(clippy::disallowed_methods, reason = "tests read their own switches and start a copy of themselves")]

mod breakers;
mod canary;
mod faults;
mod guards;
mod others;
mod server;

use candor::domain::claim::{ClaimKind, Period};
use candor::domain::frame::frames;
use candor::domain::grade::{Design, Grade};
use candor::domain::plan::{AskedClaim, PlanRequest};
use candor::llm::{ChatNarrator, Settings, Variables};

/// A plan as a model may answer it.
const PLAN: &str = r#"{"schema_version":1,"tone":"plain","sentences":[{"id":"s1","section":"summary","claim_ids":["E1"],"frame":"F001","opener":"none"}],"omitted":[],"safety_ids":[]}"#;

fn narrator(base: &str, key: &str, model: &str) -> ChatNarrator {
    let variables = Variables { base_url: Some(base), key: Some(key), model: Some(model), ..Variables::default() };
    ChatNarrator::new(Settings::read(&variables).expect("settings")).expect("a narrator")
}

/// A request about one claim.
fn request(claim: &str) -> PlanRequest {
    let claim = AskedClaim {
        id: claim.parse().expect("a code"),
        kind: ClaimKind::Level,
        metric: None,
        with: None,
        grade: Some(Grade::A),
        design: Design::Observational,
        direction: None,
        unfavourable: false,
        required: true,
        frames: frames().all().take(3).map(|frame| frame.id.clone()).collect(),
        pairs: Vec::new(),
        values: Vec::new(),
    };
    PlanRequest {
        period: Period::Daily,
        catalogue_version: frames().version,
        claims: vec![claim],
        safety_ids: Vec::new(),
        matters: Vec::new(),
    }
}
