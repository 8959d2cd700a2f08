//! `GET /today`: what matters today.

use axum::Json;
use axum::extract::State;

use crate::api::caller::Reader;
use crate::api::{Problem, Service, shape};

/// What matters today: the score, the notices that stand, what is held back, the statements that hold.
#[utoipa::path(
    get, path = "/api/v1/today", tag = "days", operation_id = "today", security(("bearer" = [])), params(("person" = Option<Uuid>, Query, description = "The person, for a reviewer whom they have allowed it.")),
    responses((status = 200, body = shape::Today), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(in crate::api) async fn get(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<shape::Today>, Problem> {
    Ok(Json(service.engine.today(person, service.now()).await?.into()))
}
