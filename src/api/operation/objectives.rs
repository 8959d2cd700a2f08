//! `/me/objectives`: what a person works towards.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::checkins::day_of;
use crate::api::body::{Body, Named};
use crate::api::caller::{AboutPerson, Owner, Reader};
use crate::api::{Problem, Service, shape};
use crate::engine::assistant::Wish;

/// What somebody wants to work towards.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ObjectiveSaid {
    /// What it is about.
    goal: shape::Goal,
    /// What it leads up to, as in a race.
    #[schema(min_length = 1, max_length = 120)]
    event: Option<String>,
    /// The day of that.
    #[schema(format = Date)]
    event_day: Option<String>,
    /// The first day; the present one where it is not named.
    #[schema(format = Date)]
    since: Option<String>,
    /// The last day.
    #[schema(format = Date)]
    until: Option<String>,
}

/// What the person works towards, the nearest event first.
#[utoipa::path(
    get, path = "/api/v1/me/objectives", tag = "me", operation_id = "objectives", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = Vec<shape::Objective>), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<Vec<shape::Objective>>, Problem> {
    Ok(Json(service.engine.objectives(person, service.now()).await?.into_iter().map(Into::into).collect()))
}

/// Sets an objective; the same again is the same. It moves what `insights/daily` and `insights/evaluate` tell first.
#[utoipa::path(
    post, path = "/api/v1/me/objectives", tag = "me", operation_id = "set_objective", security(("bearer" = [])),
    request_body = ObjectiveSaid,
    responses((status = 200, body = shape::Objective), Problem)
)]
pub(in crate::api) async fn set(
    State(service): State<Service>,
    Owner(person): Owner,
    Body(said): Body<ObjectiveSaid>,
) -> Result<Json<shape::Objective>, Problem> {
    let day = |field: &str, day: Option<String>| day.map(|day| day_of(field, &day)).transpose();
    let wish = Wish {
        goal: said.goal.into(),
        event: said.event,
        event_day: day("event_day", said.event_day)?,
        since: day("since", said.since)?,
        until: day("until", said.until)?,
    };
    Ok(Json(service.engine.set_objective(person, &wish, service.now()).await?.into()))
}

/// Ends an objective.
#[utoipa::path(
    delete, path = "/api/v1/me/objectives/{id}", tag = "me", operation_id = "end_objective", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The objective's id.")),
    responses((status = 204), Problem)
)]
pub(in crate::api) async fn end(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(id): Named<Uuid>,
) -> Result<StatusCode, Problem> {
    service.engine.end_objective(person, id, service.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
