//! `GET /metrics`: what was measured.

use axum::Json;
use axum::extract::State;

use crate::api::caller::Reader;
use crate::api::{Problem, Service, shape};

/// The metrics of which anything was measured, with the newest value of each.
#[utoipa::path(
    get, path = "/api/v1/metrics", tag = "observations", operation_id = "metrics", security(("bearer" = [])), params(("person" = Option<Uuid>, Query, description = "The person, for a reviewer whom they have allowed it.")),
    responses((status = 200, body = Vec<shape::Metric>), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<Vec<shape::Metric>>, Problem> {
    Ok(Json(service.engine.metrics(person).await?.into_iter().map(Into::into).collect()))
}
