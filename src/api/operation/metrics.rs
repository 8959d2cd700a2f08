//! `GET /metrics`: what was measured.

use axum::Json;
use axum::extract::State;

use crate::api::caller::{AboutPerson, Reader};
use crate::api::{Problem, Service, shape};

/// The metrics of which anything was measured, with the newest value of each.
#[utoipa::path(
    get, path = "/api/v1/metrics", tag = "observations", operation_id = "metrics", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = Vec<shape::Metric>), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<Vec<shape::Metric>>, Problem> {
    Ok(Json(service.engine.metrics(person).await?.into_iter().map(Into::into).collect()))
}
