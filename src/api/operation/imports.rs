//! `POST /imports`: a file, taken as the command line takes it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use futures_util::StreamExt as _;
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::api::body::Asked;
use crate::api::caller::Measuring;
use crate::api::upload::Upload;
use crate::api::{Problem, Service, shape};

/// Where files are sent to.
pub(in crate::api) const PATH: &str = "/api/v1/imports";
/// Bytes a file may have.
const MOST_OF_A_FILE: u64 = 512 * 1024 * 1024;

/// How the file is called.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct FileName {
    /// The file's name, as reports and `why` show it; its format is recognised by content.
    #[param(min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._-]+$")]
    name: String,
}

/// Takes a file: a WHOOP, Strava or Garmin export, or Candor's own NDJSON. It is read whole before anything is written, and
/// the same file again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/imports", tag = "imports", operation_id = "import", security(("bearer" = [])),
    params(FileName),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Vec<shape::Import>), Problem)
)]
pub(in crate::api) async fn create(
    State(service): State<Service>,
    Measuring(person): Measuring,
    Asked(asked): Asked<FileName>,
    request: Request,
) -> Result<Json<Vec<shape::Import>>, Problem> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let dots = asked.name.bytes().all(|byte| byte == b'.');
    if asked.name.is_empty() || asked.name.len() > 200 || dots || !asked.name.bytes().all(plain) {
        return Err(Problem::field("name", "has from 1 to 200 letters, digits, dots, dashes and underscores"));
    }
    let Ok(_turn) = Arc::clone(&service.turns).try_acquire_owned() else { return Err(Problem::busy()) };
    let mut upload = Upload::begin(&service.uploads, &asked.name)?;
    let mut body = request.into_body().into_data_stream();
    let mut bytes = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| Problem::unreadable(StatusCode::BAD_REQUEST, "The upload broke off."))?;
        bytes += chunk.len() as u64;
        if bytes > MOST_OF_A_FILE {
            return Err(Problem::unreadable(StatusCode::PAYLOAD_TOO_LARGE, "A file has 512 MiB at most."));
        }
        upload.add(&chunk)?;
    }
    Ok(Json(upload.take(&service, person).await?))
}
