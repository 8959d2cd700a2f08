//! `GET /days`: the score of each day.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::checkins::day_of;
use crate::api::body::Asked;
use crate::api::caller::Reader;
use crate::api::{Problem, Service};
use crate::domain::day::LocalDay;
use crate::domain::safety::allowance;
use crate::domain::score::Band;

/// Days shown at once.
const MOST: usize = 366;

/// Which days.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Span {
    /// The person, for a reviewer whom they have allowed it.
    #[param(value_type = Option<String>, format = Uuid)]
    #[serde(rename = "person")]
    _person: Option<String>,
    /// The first day.
    #[param(value_type = Option<String>, format = Date)]
    since: Option<String>,
    /// The last day.
    #[param(value_type = Option<String>, format = Date)]
    until: Option<String>,
}

/// The score of a day.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Day {
    /// The day.
    #[schema(format = Date)]
    day: String,
    /// 0 to 100.
    #[schema(minimum = 0, maximum = 100)]
    score: u8,
    /// `Take it easy`, `Maintain` or `Go for it`; none that urges on while a safety notice stands.
    band: Option<&'static str>,
}

/// The days with a score, the newest first, a year of them at most. While a notice stops the analysis there are none.
#[utoipa::path(
    get, path = "/api/v1/days", tag = "days", operation_id = "days", security(("bearer" = [])),
    params(Span),
    responses((status = 200, body = Vec<Day>), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
    Asked(asked): Asked<Span>,
) -> Result<Json<Vec<Day>>, Problem> {
    let since = asked.since.map(|day| day_of("since", &day)).transpose()?.unwrap_or(LocalDay::FIRST);
    let until = asked.until.map(|day| day_of("until", &day)).transpose()?.unwrap_or(LocalDay::LAST);
    if since > until {
        return Err(Problem::field("since", "lies after until"));
    }
    let state = service.engine.state(person).await?;
    let scores = state.scores.range(since..=until).rev().filter(|_| allowance(&state).analysis);
    let days = scores.take(MOST).map(|(day, score)| {
        let band = Band::of(*score);
        let calm = state.notices.is_empty() || band != Band::GoForIt;
        Day { day: day.to_string(), score: *score, band: calm.then(|| band.label()) }
    });
    Ok(Json(days.collect()))
}
