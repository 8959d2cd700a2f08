//! `/interventions`: what there is to try, and the person's answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use uuid::Uuid;

use crate::api::body::Named;
use crate::api::caller::{AboutPerson, Owner, Reader};
use crate::api::{Problem, Service, shape};
use crate::engine::intervene;
use crate::engine::suggestions::Answer;

/// The catalogue, and what was suggested to this person.
#[utoipa::path(
    get, path = "/api/v1/interventions", tag = "interventions", operation_id = "interventions", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = shape::Interventions), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<shape::Interventions>, Problem> {
    let state = service.engine.state(person).await?;
    Ok(Json(shape::Interventions {
        catalogue: intervene::catalogue().entries.iter().map(Into::into).collect(),
        suggested: state.proposals.values().map(Into::into).collect(),
    }))
}

/// The person will try it.
#[utoipa::path(
    put, path = "/api/v1/interventions/{id}/accepted", tag = "interventions", operation_id = "accept_intervention", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The suggestion's id.")),
    responses((status = 204), Problem)
)]
pub(in crate::api) async fn accept(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(id): Named<Uuid>,
) -> Result<StatusCode, Problem> {
    service.engine.answer_suggestion(person, id, Answer::Accept, service.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The person will not try it.
#[utoipa::path(
    put, path = "/api/v1/interventions/{id}/declined", tag = "interventions", operation_id = "decline_intervention", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The suggestion's id.")),
    responses((status = 204), Problem)
)]
pub(in crate::api) async fn decline(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(id): Named<Uuid>,
) -> Result<StatusCode, Problem> {
    service.engine.answer_suggestion(person, id, Answer::Decline, service.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
