//! `POST /loop`: bring everything up to date.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::caller::Owner;
use crate::api::{Problem, Service, series};

/// What the stages did: events written by each.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Ran {
    /// The present day.
    #[schema(format = Date)]
    day: String,
    /// Days run.
    days: u64,
    /// Days scored, baselines and learning stopped and resumed.
    observe: u64,
    /// Notices raised and cleared, questions to a human.
    safety: u64,
    /// Statements raised, renewed, expired.
    model: u64,
    /// Suggestions made or held back.
    intervene: u64,
    /// Experiments evaluated.
    evaluate: u64,
    /// Texts published.
    synthesize: u64,
}

/// Runs the five stages. Without new data and without a new day nothing is written.
#[utoipa::path(
    post, path = "/api/v1/loop", tag = "system", operation_id = "run_loop", security(("bearer" = [])),
    responses((status = 200, body = Ran), Problem)
)]
pub(in crate::api) async fn run(State(service): State<Service>, Owner(person): Owner) -> Result<Json<Ran>, Problem> {
    let (at, started) = (service.now(), service.stopwatch());
    let ended = service.engine.run_stages(person, at, None, &|_, _| ()).await;
    let took = started();
    service.latest.looped(at, took, &ended);
    let report = ended?;
    series::looped(&report, took);
    Ok(Json(Ran {
        day: report.day,
        days: report.days,
        observe: report.observe.events,
        safety: report.safety.events,
        model: report.model.events,
        intervene: report.intervene.events,
        evaluate: report.evaluate.events,
        synthesize: report.synthesize.events,
    }))
}
