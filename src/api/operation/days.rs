//! `GET /days`: the score of each day.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::checkins::day_of;
use crate::api::body::{Asked, moment};
use crate::api::cache::{Unchanged, kept};
use crate::api::caller::Reader;
use crate::api::{Problem, Service};
use crate::domain::day::LocalDay;
use crate::domain::person::PersonId;
use crate::domain::safety::allowance;
use crate::domain::score::Band;
use crate::engine::as_of::{AsOf, Scored};

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
    /// What was known then: at the end of a day, or right after the event with this revision.
    as_of: Option<String>,
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
    /// With `as_of`: the score that stands now, where it is another.
    #[schema(minimum = 0, maximum = 100)]
    now: Option<u8>,
}

/// The days with a score, the newest first, a year of them at most. While a notice stops the analysis there are none.
#[utoipa::path(
    get, path = "/api/v1/days", tag = "days", operation_id = "days", security(("bearer" = [])),
    params(Span),
    responses((status = 200, body = Vec<Day>), Unchanged, Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
    Asked(asked): Asked<Span>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let since = asked.since.map(|day| day_of("since", &day)).transpose()?.unwrap_or(LocalDay::FIRST);
    let until = asked.until.map(|day| day_of("until", &day)).transpose()?.unwrap_or(LocalDay::LAST);
    if since > until {
        return Err(Problem::field("since", "lies after until"));
    }
    let as_of = asked.as_of.as_deref().map(moment).transpose()?;
    let days = || days(&service, person, (since, until), as_of);
    match as_of {
        Some(_) => Ok(Json(days().await?).into_response()),
        None => kept(&service, person, format!("days/{since}/{until}"), &headers, days).await,
    }
}

async fn days(
    service: &Service,
    person: PersonId,
    (since, until): (LocalDay, LocalDay),
    as_of: Option<AsOf>,
) -> Result<Vec<Day>, Problem> {
    let state = service.engine.state(person).await?;
    let scores = match as_of {
        Some(moment) => service.engine.scores_as_of(person, (since, until), MOST, moment).await?,
        None => {
            let analysis = allowance(&state).analysis;
            let scores = state.scores.range(since..=until).rev().filter(|_| analysis);
            scores.take(MOST).map(|(day, score)| Scored { day: *day, score: *score, now: None }).collect()
        }
    };
    let days = scores.into_iter().map(|Scored { day, score, now }| {
        let band = Band::of(score);
        let calm = state.notices.is_empty() || band != Band::GoForIt;
        Day { day: day.to_string(), score, band: calm.then(|| band.label()), now }
    });
    Ok(days.collect())
}
