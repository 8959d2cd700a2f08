//! `GET /insights`: the statements that hold.

use axum::Json;
use axum::extract::State;

use crate::api::caller::Reader;
use crate::api::{Problem, Service, shape};

/// The statements that hold: what moved first, then usual values, by metric.
#[utoipa::path(
    get, path = "/api/v1/insights", tag = "insights", operation_id = "insights", security(("bearer" = [])), params(("person" = Option<Uuid>, Query, description = "The person, for a reviewer whom they have allowed it.")),
    responses((status = 200, body = Vec<shape::Insight>), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<Vec<shape::Insight>>, Problem> {
    Ok(Json(service.engine.insights(person).await?.into_iter().map(Into::into).collect()))
}
