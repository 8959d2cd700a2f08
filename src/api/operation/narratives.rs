//! `GET /narratives/{period}`: the newest text.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::body::{Asked, Moment, Named};
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
    responses((status = 200, body = shape::Narrative), Problem)
)]
pub(in crate::api) async fn get(
    State(service): State<Service>,
    Reader(person): Reader,
    Named(period): Named<Period>,
    Asked(moment): Asked<Moment>,
) -> Result<Json<shape::Narrative>, Problem> {
    let Some(moment) = moment.as_of()? else {
        return Ok(Json(service.engine.narrative(person, period.into(), service.now()).await?.into()));
    };
    let (text, now) = service.engine.narrative_as_of(person, period.into(), moment).await?;
    Ok(Json(shape::Narrative { now: now.map(|day| day.to_string()), ..text.into() }))
}
