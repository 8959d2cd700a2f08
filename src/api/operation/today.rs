//! `GET /today`: what matters today.

use axum::Json;
use axum::extract::State;

use crate::api::caller::{AboutPerson, Reader};
use crate::api::{Problem, Service, shape};

/// What matters today: the score, the notices that stand, what is held back, the statements that hold.
#[utoipa::path(
    get, path = "/api/v1/today", tag = "days", operation_id = "today", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = shape::Today), Problem)
)]
pub(in crate::api) async fn get(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<shape::Today>, Problem> {
    Ok(Json(service.engine.today(person, service.now()).await?.into()))
}
