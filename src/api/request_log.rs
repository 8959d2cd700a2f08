//! One line a request, in every mode: who asked is not in it, nor any value; the route is, not the path.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::{Service, request_id, series};

/// Where the lines go, whatever the level of the rest.
pub const TARGET: &str = "candor::requests";

/// Writes the line once the answer's head is known.
pub(super) async fn layer(State(service): State<Service>, request: Request, next: Next) -> Response {
    let started = service.stopwatch();
    let method = series::method(request.method());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    tracing::info!(
        target: TARGET,
        request_id = %request_id::current(),
        // A method or a path that is nobody's may hold anything.
        method,
        route = route.as_deref().unwrap_or("none"),
        status = response.status().as_u16(),
        elapsed_ms = u64::try_from(started().as_millis()).unwrap_or(u64::MAX),
    );
    response
}
