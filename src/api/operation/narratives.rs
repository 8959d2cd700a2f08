//! `GET /narratives/{period}`: the newest text.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::body::{Asked, Moment, Named};
use crate::api::cache::{Unchanged, kept};
use crate::api::caller::{AboutPerson, Reader};
use crate::api::{Problem, Service, shape};
use crate::domain::claim;

/// What a text looks back on.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Period {
    /// A day.
    Daily,
    /// A week.
    Weekly,
}

impl From<Period> for claim::Period {
    fn from(period: Period) -> Self {
        match period {
            Period::Daily => Self::Daily,
            Period::Weekly => Self::Weekly,
        }
    }
}

/// The newest text of a period. There is none before the stages have run.
#[utoipa::path(
    get, path = "/api/v1/narratives/{period}", tag = "narratives", operation_id = "narrative", security(("bearer" = [])),
    params(AboutPerson, Moment, ("period" = Period, Path, description = "`daily` or `weekly`.")),
    responses((status = 200, body = shape::Narrative), Unchanged, Problem)
)]
pub(in crate::api) async fn get(
    State(service): State<Service>,
    Reader(person): Reader,
    Named(period): Named<Period>,
    Asked(moment): Asked<Moment>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let period = claim::Period::from(period);
    let Some(moment) = moment.as_of()? else {
        let now =
            || async { Ok(shape::Narrative::from(service.engine.narrative(person, period, service.now()).await?)) };
        return kept(&service, person, format!("narratives/{}", period.key()), &headers, now).await;
    };
    let (text, now) = service.engine.narrative_as_of(person, period, moment).await?;
    Ok(Json(shape::Narrative { now: now.map(|day| day.to_string()), ..text.into() }).into_response())
}
