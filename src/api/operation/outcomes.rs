//! `/baselines`, `/evaluations`, `/safety`: what was usual, what experiments showed, what stands above everything.

use axum::Json;
use axum::extract::State;

use crate::api::caller::{AboutPerson, Reader};
use crate::api::{Problem, Service, shape};

/// What was usual before each change that was found, pinned because a statement cites it; the newest first.
#[utoipa::path(
    get, path = "/api/v1/baselines", tag = "insights", operation_id = "baselines", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = Vec<shape::Baseline>), Problem)
)]
pub(in crate::api) async fn baselines(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<Vec<shape::Baseline>>, Problem> {
    Ok(Json(service.engine.baselines(person).await?.into_iter().map(Into::into).collect()))
}

/// What experiments showed; the newest first.
#[utoipa::path(
    get, path = "/api/v1/evaluations", tag = "experiments", operation_id = "evaluations", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = Vec<shape::Evaluation>), Problem)
)]
pub(in crate::api) async fn evaluations(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<Vec<shape::Evaluation>>, Problem> {
    Ok(Json(service.engine.evaluations(person).await?.into_iter().map(Into::into).collect()))
}

/// The safety notices that stand, the most urgent first, those that were cleared, and what they allow now.
#[utoipa::path(
    get, path = "/api/v1/safety", tag = "safety", operation_id = "safety", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = shape::Safety), Problem)
)]
pub(in crate::api) async fn safety(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<shape::Safety>, Problem> {
    Ok(Json(service.engine.safety(person).await?.into()))
}
