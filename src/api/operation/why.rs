//! `GET /why/{id}`: why am I seeing this, how sure is it, what would change it.

use axum::Json;
use axum::extract::State;

use crate::api::body::Named;
use crate::api::caller::{AboutPerson, Reader};
use crate::api::{Problem, Service, shape};

/// Why something is shown, how sure it is, what would change it, and the events behind it.
#[utoipa::path(
    get, path = "/api/v1/why/{id}", tag = "audit", operation_id = "why", security(("bearer" = [])),
    params(AboutPerson, ("id" = String, Path, description = "The id of a claim, an insight, a notice, an evaluation, or a day with a score.")),
    responses((status = 200, body = shape::Why), Problem)
)]
pub(in crate::api) async fn get(
    State(service): State<Service>,
    Reader(person): Reader,
    Named(id): Named<String>,
) -> Result<Json<shape::Why>, Problem> {
    Ok(Json(service.engine.why(person, &id).await?.into()))
}
