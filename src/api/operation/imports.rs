//! `/imports`: files, taken as the command line takes them, and their originals.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;
use validator::Validate;

use crate::api::body::{Asked, Named};
use crate::api::caller::{AboutPerson, Measuring, Owner, Reader};
use crate::api::upload::{self, Upload};
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

/// Whether a letter may stand in a file's name wherever that is written.
const fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-')
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
    let dots = asked.name.bytes().all(|byte| byte == b'.');
    if asked.name.is_empty() || asked.name.len() > 200 || dots || !asked.name.chars().all(is_plain) {
        return Err(Problem::field("name", "has from 1 to 200 letters, digits, dots, dashes and underscores"));
    }
    let Ok(_turn) = Arc::clone(&service.turns).try_acquire_owned() else { return Err(Problem::busy()) };
    let underway = service.importing.begin(person, &asked.name);
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
    Ok(Json(upload.take(&service, person, &underway).await?))
}

/// The files that are on their way and those that were taken, the newest word first.
#[utoipa::path(
    get, path = "/api/v1/imports", tag = "imports", operation_id = "imports", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = shape::Imports), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<shape::Imports>, Problem> {
    let taken = service.engine.imported(person).await?;
    Ok(Json(shape::Imports::of(service.importing.of(person), taken)))
}

/// The rows of a file that were refused when it was first taken whole, up to a thousand of each part.
#[utoipa::path(
    get, path = "/api/v1/imports/{digest}/rejections", tag = "imports", operation_id = "import_rejections",
    security(("bearer" = [])),
    params(AboutPerson, ("digest" = String, Path, description = "The file's `digest`.")),
    responses((status = 200, body = Vec<shape::Rejected>), Problem)
)]
pub(in crate::api) async fn rejections(
    State(service): State<Service>,
    Reader(person): Reader,
    Named(digest): Named<String>,
) -> Result<Json<Vec<shape::Rejected>>, Problem> {
    Ok(Json(shape::Rejected::of(service.engine.imported_file(person, &digest).await?)))
}

/// The file as it was sent, to the byte.
#[utoipa::path(
    get, path = "/api/v1/imports/{digest}/original", tag = "imports", operation_id = "import_original",
    security(("bearer" = [])),
    params(("digest" = String, Path, description = "The file's `digest`.")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), Problem)
)]
pub(in crate::api) async fn original(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(digest): Named<String>,
) -> Result<impl IntoResponse, Problem> {
    let unread = |error: std::io::Error| {
        tracing::error!(%error, "an original could not be handed out");
        Problem::unavailable()
    };
    let Ok(turn) = Arc::clone(&service.turns).try_acquire_owned() else { return Err(Problem::busy()) };
    let folder = tempfile::Builder::new().prefix(upload::PREFIX).tempdir_in(&service.uploads).map_err(unread)?;
    let clear = folder.path().join("original");
    let name = service.engine.original(person, &digest, &clear).await?;
    let file = tokio::fs::File::open(&clear).await.map_err(unread)?;
    // It goes with the folder once it was sent, or nobody listens any more.
    let bytes = ReaderStream::new(file).map(move |chunk| (chunk, &folder, &turn).0);
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{plain}\"")),
    ];
    Ok((headers, axum::body::Body::from_stream(bytes)))
}
