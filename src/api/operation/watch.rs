//! `GET /watch/summary`: a payload for a watch face, under a kilobyte.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::cache::{Unchanged, kept};
use crate::api::caller::Glancing;
use crate::api::{Problem, Service};
use crate::domain::person::PersonId;
use crate::domain::safety::allowance;
use crate::domain::score::Band;
use crate::engine::run;

/// Seconds after which a watch may ask again: the stages run when data come in, and each morning.
const REFRESH: u32 = 900;

/// What fits a watch face.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Summary {
    /// The present local day.
    #[schema(format = Date)]
    day: String,
    /// 0 to 100; none without data, or while a notice stops the analysis.
    #[schema(minimum = 0, maximum = 100)]
    score: Option<u8>,
    /// Its band; none that urges on while a safety notice stands.
    band: Option<&'static str>,
    /// The difference from the day before.
    delta: Option<i32>,
    /// The scores of the last seven days, the oldest first, the present one last.
    #[schema(min_items = 7, max_items = 7)]
    week: Vec<Option<u8>>,
    /// How many safety notices stand: what they say is read on a larger screen.
    notices: usize,
    /// The states that hold something back.
    flags: Vec<&'static str>,
    /// Seconds after which asking again is worth while.
    refresh_after: u32,
}

/// What fits a watch face.
#[utoipa::path(
    get, path = "/api/v1/watch/summary", tag = "days", operation_id = "watch_summary", security(("bearer" = [])),
    responses((status = 200, body = Summary), Unchanged, Problem)
)]
pub(in crate::api) async fn get(
    State(service): State<Service>,
    Glancing(person): Glancing,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    kept(&service, person, "watch", &headers, || summary(&service, person)).await
}

async fn summary(service: &Service, person: PersonId) -> Result<Summary, Problem> {
    let state = service.engine.state(person).await?;
    let today = run::today(&state, service.now());
    let analysed = allowance(&state).analysis;
    let on = |back: u32| state.scores.get(&today.minus(back)).copied().filter(|_| analysed);
    let score = on(0);
    let band = score.map(Band::of).filter(|band| state.notices.is_empty() || *band != Band::GoForIt);
    Ok(Summary {
        day: today.to_string(),
        score,
        band: band.map(Band::label),
        delta: score.zip(on(1)).map(|(today, before)| i32::from(today) - i32::from(before)),
        week: (0..7).rev().map(on).collect(),
        notices: state.notices.len(),
        flags: state.degradation.iter().map(|state| state.key()).collect(),
        refresh_after: REFRESH,
    })
}
