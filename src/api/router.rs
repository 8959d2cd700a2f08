//! Every route, and the layers that all of them share.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, MatchedPath};
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::Head;
use super::{Problem, Service, operation, request_id, request_log, same_site, series};

/// Bytes a body may have; what is uploaded has a limit of its own.
const MOST_OF_A_BODY: usize = 1024 * 1024;
/// What a request may take.
const TIME: Duration = Duration::from_secs(30);
/// What a file may take on its way here and into the log, and an export until it is written.
const TIME_OF_A_FILE: Duration = Duration::from_secs(30 * 60);

fn operations() -> OpenApiRouter<Service> {
    OpenApiRouter::with_openapi(Head::openapi())
        .routes(routes!(operation::auth::login))
        .routes(routes!(operation::auth::refresh))
        .routes(routes!(operation::auth::logout))
        .routes(routes!(operation::auth::sessions))
        .routes(routes!(operation::auth::end))
        .routes(routes!(operation::auth::change_password))
        .routes(routes!(operation::auth::set_password))
        .routes(routes!(operation::devices::list, operation::devices::add))
        .routes(routes!(operation::devices::end))
        .routes(routes!(operation::me::get))
        .routes(routes!(operation::export::create))
        .routes(routes!(operation::erasure::create))
        .routes(routes!(operation::today::get))
        .routes(routes!(operation::days::list))
        .routes(routes!(operation::watch::get))
        .routes(routes!(operation::metrics::list))
        .routes(routes!(operation::summaries::list))
        .routes(routes!(operation::outcomes::baselines))
        .routes(routes!(operation::outcomes::evaluations))
        .routes(routes!(operation::outcomes::safety))
        .routes(routes!(operation::insights::list))
        .routes(routes!(operation::insights::give_feedback))
        .routes(routes!(operation::assistant::daily))
        .routes(routes!(operation::assistant::context))
        .routes(routes!(operation::assistant::evaluate))
        .routes(routes!(operation::why::get))
        .routes(routes!(operation::narratives::get))
        .routes(routes!(operation::audit::list))
        .routes(routes!(operation::audit_entity::get))
        .routes(routes!(operation::reviews::list))
        .routes(routes!(operation::reviews::resolve))
        .routes(routes!(operation::experiments::list, operation::experiments::start))
        .routes(routes!(operation::experiments::get))
        .routes(routes!(operation::experiments::stop))
        .routes(routes!(operation::experiments::log))
        .routes(routes!(operation::interventions::list))
        .routes(routes!(operation::interventions::accept))
        .routes(routes!(operation::interventions::decline))
        .routes(routes!(operation::profile::get, operation::profile::change))
        .routes(routes!(operation::objectives::list, operation::objectives::set))
        .routes(routes!(operation::objectives::end))
        .routes(routes!(operation::consents::list))
        .routes(routes!(operation::consents::grant, operation::consents::withdraw))
        .routes(routes!(operation::checkins::create))
        .routes(routes!(operation::observations::create, operation::observations::list))
        .routes(routes!(operation::activities::list))
        .routes(routes!(operation::activities::weeks))
        .routes(routes!(operation::activities::get))
        .routes(routes!(operation::activities::streams))
        .routes(routes!(operation::imports::create, operation::imports::list))
        .routes(routes!(operation::imports::rejections))
        .routes(routes!(operation::imports::original))
        .routes(routes!(operation::providers::list))
        .routes(routes!(operation::providers::connect))
        .routes(routes!(operation::providers::callback))
        .routes(routes!(operation::providers::sync))
        .routes(routes!(operation::providers::disconnect))
        .routes(routes!(operation::jobs::list))
        .routes(routes!(operation::jobs::runs))
        .routes(routes!(operation::jobs::dead_letters))
        .routes(routes!(operation::jobs::replay))
        .routes(routes!(operation::stages::run))
        .routes(routes!(operation::system_status::get))
        .routes(routes!(operation::webhooks::take))
        .routes(routes!(operation::webhooks::take_there, operation::webhooks::challenge))
}

/// The description of every operation.
#[must_use]
pub fn document() -> OpenApi {
    operations().into_openapi()
}

/// Everything the server answers.
pub fn router(service: &Service) -> Router {
    let (routes, document) = operations().split_for_parts();
    let document = Json(document);
    let described = move || async move { document.clone() };
    routes
        .route("/api/v1/openapi.json", axum::routing::get(described))
        .route("/healthz", axum::routing::get(async || "ok\n"))
        .route("/readyz", axum::routing::get(operation::readiness::get))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(MOST_OF_A_BODY))
        .layer(from_fn_with_state(service.clone(), same_site::layer))
        .layer(axum::middleware::from_fn(in_time))
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a request ended in a panic");
            Problem::internal().into_response()
        }))
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(service.clone(), request_log::layer))
        .layer(from_fn_with_state(service.clone(), series::layer))
        .layer(from_fn_with_state(service.clone(), request_id::layer))
        .with_state(service.clone())
}

async fn in_time(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let of_a_file = [operation::imports::PATH, operation::export::PATH].map(Some).contains(&route);
    let time = if of_a_file { TIME_OF_A_FILE } else { TIME };
    match tokio::time::timeout(time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::unavailable().into_response(),
    }
}
