//! What is counted of requests, sign-ins and loops, for whoever watches a server.
//!
//! A label says only what this build knows beforehand: a route, a class of answers, the name of a stage. What somebody sends is
//! never one, so the number of series is bounded, and none of them tells of a person. Without a listener for metrics nothing is
//! kept.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use super::Service;
use crate::engine::identity::{IdentityError, Tokens};
use crate::engine::stages::LoopReport;

/// Counts a request, by its route and the class of its answer, and how long its head took.
pub(super) async fn layer(State(service): State<Service>, request: Request, next: Next) -> Response {
    let started = service.stopwatch();
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "none".to_owned());
    let in_flight = InFlight::begin();
    let response = next.run(request).await;
    drop(in_flight);
    let status = class(response.status().as_u16());
    metrics::counter!("candor_http_requests_total", "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("candor_http_request_duration_seconds", "route" => route).record(started());
    response
}

/// A request that is being answered; it is one less when this is dropped, also when its sender has gone away.
struct InFlight;

impl InFlight {
    fn begin() -> Self {
        metrics::gauge!("candor_http_requests_in_flight").increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        metrics::gauge!("candor_http_requests_in_flight").decrement(1.0);
    }
}

/// The methods anything here takes; any other word is one and the same.
pub(super) fn method(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

fn class(status: u16) -> &'static str {
    match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

/// Counts a sign-in by what came of it.
pub(super) fn signed_in(outcome: &Result<Tokens, IdentityError>) {
    let outcome = match outcome {
        Ok(_) => "signed_in",
        Err(IdentityError::Refused) => "refused",
        Err(IdentityError::TooMany { .. }) => "too_many",
        Err(IdentityError::Busy { .. }) => "busy",
        Err(_) => "failed",
    };
    metrics::counter!("candor_sign_in_total", "outcome" => outcome).increment(1);
}

/// Counts a loop that came to its end.
pub(super) fn looped(report: &LoopReport, took: Duration) {
    metrics::histogram!("candor_loop_duration_seconds").record(took);
    metrics::counter!("candor_loop_days_total").increment(report.days);
    let stages = [
        ("observe", report.observe),
        ("safety", report.safety),
        ("model", report.model),
        ("intervene", report.intervene),
        ("evaluate", report.evaluate),
        ("synthesize", report.synthesize),
    ];
    for (stage, count) in stages {
        metrics::counter!("candor_loop_events_total", "stage" => stage).increment(count.events);
    }
}
