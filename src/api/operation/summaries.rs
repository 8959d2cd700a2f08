//! `GET /metrics/summaries`: what each metric came to over 7 days, 28 days and 12 weeks.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::api::cache::{Unchanged, kept};
use crate::api::caller::{AboutPerson, Reader};
use crate::api::{Problem, Service, shape};

/// What each metric came to over 7 days, 28 days and 12 weeks, up to the newest day with data: plain figures without a grade,
/// each with the days it rests on.
#[utoipa::path(
    get, path = "/api/v1/metrics/summaries", tag = "metrics", operation_id = "summaries", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = Vec<shape::MetricSummary>), Unchanged, Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    kept(&service, person, "summaries", &headers, || async {
        let all = service.engine.summaries(person, service.now()).await?;
        Ok(all.into_iter().map(shape::MetricSummary::from).collect::<Vec<_>>())
    })
    .await
}
