//! `GET /insights`: the statements that hold.

use axum::Json;
use axum::extract::State;

use crate::api::caller::{AboutPerson, Reader};
use crate::api::{Problem, Service, shape};

/// The statements that hold: what moved first, then usual values, by metric.
#[utoipa::path(
    get, path = "/api/v1/insights", tag = "insights", operation_id = "insights", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = Vec<shape::Insight>), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<Vec<shape::Insight>>, Problem> {
    Ok(Json(service.engine.insights(person).await?.into_iter().map(Into::into).collect()))
}
