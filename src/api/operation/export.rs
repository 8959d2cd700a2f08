//! `POST /me/export`: everything that was recorded of a person, with its proof.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use tokio::sync::OwnedSemaphorePermit;

use crate::api::caller::Owner;
use crate::api::{Problem, Service};
use crate::engine::EngineError;
use crate::engine::export::Export;

/// Some lines, and what goes on after them.
type Next = (Bytes, (Export, OwnedSemaphorePermit));

/// Everything that was recorded of the person, an NDJSON line an event, each with what its hash is made of, the keys that open
/// it, and a signed seal as the last line: `candor verify --export FILE` checks it without this server. It holds the data in
/// clear.
#[utoipa::path(
    post, path = "/api/v1/me/export", tag = "me", operation_id = "export", security(("bearer" = [])),
    responses((status = 200, body = String, content_type = "application/x-ndjson"), Problem)
)]
pub(in crate::api) async fn create(
    State(service): State<Service>,
    Owner(person): Owner,
) -> Result<impl IntoResponse, Problem> {
    let Ok(turn) = Arc::clone(&service.turns).try_acquire_owned() else { return Err(Problem::busy()) };
    let export = service.engine.export(person, Arc::clone(&service.signer), service.now()).await?;
    let pages = futures_util::stream::try_unfold((export, turn), page);
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"candor-export.ndjson\""),
    ];
    Ok((headers, Body::from_stream(pages)))
}

/// The next lines. What fails half-way breaks the answer off: without its seal no export passes for whole.
async fn page((mut export, turn): (Export, OwnedSemaphorePermit)) -> Result<Option<Next>, EngineError> {
    let lines = export.next().await.inspect_err(|error| tracing::error!(%error, "an export broke off"))?;
    Ok((!lines.is_empty()).then(|| (Bytes::from(lines), (export, turn))))
}
