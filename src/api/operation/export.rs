//! `POST /me/export`: everything that was recorded of a person, with its proof.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::api::body::Asked;
use crate::api::caller::Owner;
use crate::api::{Problem, Service, upload};
use crate::domain::person::PersonId;
use crate::engine::EngineError;
use crate::engine::export::{Export, Failed};

/// Where an export is asked for.
pub(in crate::api) const PATH: &str = "/api/v1/me/export";
/// The folder that comes out of the archive.
const FOLDER: &str = "candor-export";

/// What an export is.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Format {
    /// A zip of the folder that `candor export` writes.
    #[default]
    Zip,
    /// The log alone, an NDJSON line an event.
    Events,
}

/// What is asked for.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Wanted {
    /// `zip`, which is everything, or `events`, the log alone.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// Some lines, and what goes on after them.
type Next = (Bytes, (Export, OwnedSemaphorePermit));

/// Everything that was recorded of the person, in open formats and in clear: a zip of a folder with tables, measurements,
/// originals, the log and a signed list of all files. Unpacked, `candor verify --export candor-export` checks it without this
/// server. With `format=events` it is the log alone, an NDJSON line an event, each with what its hash is made of, the keys that
/// open it, and a signed seal as the last line, which `candor verify --export FILE` checks.
#[utoipa::path(
    post, path = "/api/v1/me/export", tag = "me", operation_id = "export", security(("bearer" = [])),
    params(Wanted),
    responses((status = 200, content((Vec<u8> = "application/zip"), (String = "application/x-ndjson"))), Problem)
)]
pub(in crate::api) async fn create(
    State(service): State<Service>,
    Owner(person): Owner,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let Ok(turn) = Arc::clone(&service.turns).try_acquire_owned() else { return Err(Problem::busy()) };
    match wanted.format {
        Format::Zip => whole(&service, person, turn).await,
        Format::Events => events(&service, person, turn).await,
    }
}

/// The archive, which goes once it was sent, or nobody listens any more.
async fn whole(service: &Service, person: PersonId, turn: OwnedSemaphorePermit) -> Result<Response, Problem> {
    let (service, runtime) = (service.clone(), tokio::runtime::Handle::current());
    // When nobody waits for it any more it ends, and what it wrote goes.
    let left = CancellationToken::new();
    let _waiting = left.clone().drop_guard();
    let gathered = tokio::task::spawn_blocking(move || {
        let gathered = runtime.block_on(left.run_until_cancelled(gather(&service, person)));
        gathered.map(|gathered| gathered.map(|archive| (archive, turn)))
    });
    let gathered = gathered.await.map_err(|_| Problem::internal())?.ok_or_else(Problem::unavailable)?;
    let (archive, turn) = gathered.map_err(|failed| match failed {
        Failed::Engine(error) => error.into(),
        Failed::Disk(error) => {
            tracing::error!(%error, "an export could not be written");
            Problem::unavailable()
        }
    })?;
    let length = archive.metadata().map(|data| data.len());
    let archive = tokio::fs::File::from_std(archive);
    let bytes = ReaderStream::new(archive).map(move |chunk| (chunk, &turn).0);
    let mut answer = (named("application/zip", "candor-export.zip"), Body::from_stream(bytes)).into_response();
    if let Ok(length) = length {
        answer.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    Ok(answer)
}

/// Writes the folder, and the archive of it, which has no name any more.
async fn gather(service: &Service, person: PersonId) -> Result<File, Failed> {
    let mut place = tempfile::Builder::new();
    // Everything of a person lies there in clear: nobody else may look in.
    #[cfg(unix)]
    place.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let place = place.prefix(upload::PREFIX).tempdir_in(&service.uploads)?;
    let folder = place.path().join(FOLDER);
    fs::create_dir(&folder)?;
    let signing = (Arc::clone(&service.signer), service.checkpoints.as_ref());
    let written = service.engine.export_into(&folder, person, signing, service.now(), &|_, _| ()).await?;
    if let Some(missing) = &written.unproven {
        tracing::error!(missing, "an export holds no proof");
    }
    let path = place.path().join("archive");
    let mut archive = ZipWriter::new(File::create_new(&path)?);
    pack(&mut archive, place.path(), FOLDER)?;
    archive.finish().map_err(io::Error::from)?.sync_all()?;
    let archive = File::open(path)?;
    // It has no name while it is sent: whatever ends this process leaves nothing of it.
    place.close()?;
    Ok(archive)
}

/// Packs a folder with all that is in it; the archive is its owner's alone.
fn pack(archive: &mut ZipWriter<File>, top: &Path, folder: &str) -> io::Result<()> {
    let options = SimpleFileOptions::default();
    archive.add_directory(folder, options.unix_permissions(0o700))?;
    let mut entries = fs::read_dir(top.join(folder))?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (name, data) = (format!("{folder}/{}", entry.file_name().to_string_lossy()), entry.metadata()?);
        if data.is_dir() {
            pack(archive, top, &name)?;
            continue;
        }
        let options = options.unix_permissions(0o600).large_file(data.len() >= u64::from(u32::MAX));
        archive.start_file(name, options)?;
        io::copy(&mut File::open(entry.path())?, archive)?;
    }
    Ok(())
}

/// The log alone, some lines at a time.
async fn events(service: &Service, person: PersonId, turn: OwnedSemaphorePermit) -> Result<Response, Problem> {
    let export = service.engine.export(person, Arc::clone(&service.signer), service.now()).await?;
    let pages = futures_util::stream::try_unfold((export, turn), page);
    Ok((named("application/x-ndjson", "candor-export.ndjson"), Body::from_stream(pages)).into_response())
}

/// The next lines. What fails half-way breaks the answer off: without its seal no export passes for whole.
async fn page((mut export, turn): (Export, OwnedSemaphorePermit)) -> Result<Option<Next>, EngineError> {
    let lines = export.next().await.inspect_err(|error| tracing::error!(%error, "an export broke off"))?;
    Ok((!lines.is_empty()).then(|| (Bytes::from(lines), (export, turn))))
}

fn named(kind: &'static str, file: &str) -> [(header::HeaderName, String); 2] {
    [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\""))]
}
