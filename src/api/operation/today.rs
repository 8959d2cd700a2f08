//! `GET /today`: what matters today.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::api::cache::{Unchanged, kept};
use crate::api::caller::{AboutPerson, Reader};
use crate::api::{Problem, Service, shape};

/// What matters today: the score, the notices that stand, what is held back, the statements that hold.
#[utoipa::path(
    get, path = "/api/v1/today", tag = "days", operation_id = "today", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = shape::Today), Unchanged, Problem)
)]
pub(in crate::api) async fn get(
    State(service): State<Service>,
    Reader(person): Reader,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = || async { Ok(shape::Today::from(service.engine.today(person, service.now()).await?)) };
    kept(&service, person, "today", &headers, now).await
}
