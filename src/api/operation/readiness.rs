//! `GET /readyz`: whether the store answers, and no stop was asked for.

use std::sync::atomic::Ordering;

use axum::extract::State;

use crate::api::{Problem, Service};
use crate::engine::EngineError;

/// `ready` once the read models answer.
pub(in crate::api) async fn get(State(service): State<Service>) -> Result<&'static str, Problem> {
    if service.draining.load(Ordering::Relaxed) {
        return Err(Problem::unavailable());
    }
    service.engine.views.progress().await.map_err(EngineError::from)?;
    Ok("ready\n")
}
