//! `GET /metrics`: what was measured.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::api::cache::{Unchanged, kept};
use crate::api::caller::{AboutPerson, Reader};
use crate::api::{Problem, Service, shape};

/// The metrics of which anything was measured, with the newest value of each.
#[utoipa::path(
    get, path = "/api/v1/metrics", tag = "observations", operation_id = "metrics", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = Vec<shape::Metric>), Unchanged, Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    kept(&service, person, "metrics", &headers, || async {
        let all = service.engine.metrics(person).await?;
        Ok(all.into_iter().map(shape::Metric::from).collect::<Vec<_>>())
    })
    .await
}
