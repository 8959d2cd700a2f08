//! A file on its way into the log: spooled to a folder of its own, read whole from there, and gone with it.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::OwnedSemaphorePermit;

use super::importing::Underway;
use super::{Problem, Service, shape};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::engine::EngineError;
use crate::engine::ports::export::ReadContext;

/// What the folders are called at first: whoever finds an old one may remove it.
pub const PREFIX: &str = ".upload.";

/// A file that is being uploaded.
pub(super) struct Upload {
    file: BufWriter<File>,
    path: PathBuf,
    _folder: TempDir,
}

impl Upload {
    /// An empty file of a name.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(super) fn begin(folder: &Path, name: &str) -> Result<Self, Problem> {
        let begun = || {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(folder)?;
            let path = folder.path().join(name);
            Ok(Self { file: BufWriter::new(File::create_new(&path)?), path, _folder: folder })
        };
        begun().map_err(not_kept)
    }

    /// Adds what has come in.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.file.write_all(bytes).map_err(not_kept)
    }

    /// Reads the file whole, then appends what it says and keeps its original.
    ///
    /// # Errors
    /// When the disk does not take its end, it cannot be read, or the log does not take it.
    pub(super) async fn take(
        mut self,
        service: &Service,
        person: PersonId,
        underway: &Underway,
    ) -> Result<Vec<shape::Import>, Problem> {
        self.timed(service, person, Some(underway)).await
    }

    /// The same for a batch, of which no original is kept.
    ///
    /// # Errors
    /// As for [`Self::take`].
    pub(super) async fn take_batch(
        mut self,
        service: &Service,
        person: PersonId,
    ) -> Result<Vec<shape::Import>, Problem> {
        self.timed(service, person, None).await
    }

    async fn timed(
        &mut self,
        service: &Service,
        person: PersonId,
        underway: Option<&Underway>,
    ) -> Result<Vec<shape::Import>, Problem> {
        self.file.flush().map_err(not_kept)?;
        let (now, started) = (service.now(), service.stopwatch());
        let ended = self.read(service, person, now, underway).await;
        service.latest.took_in(now, started(), &ended);
        Ok(ended?)
    }

    async fn read(
        &self,
        service: &Service,
        person: PersonId,
        now: Instant,
        underway: Option<&Underway>,
    ) -> Result<Vec<shape::Import>, EngineError> {
        let engine = &service.engine;
        let zone = engine.state(person).await?.profile.zone();
        let context = ReadContext { home_zone: zone, now };
        let surveyed = engine.survey(&self.path, context, |_| {}).await?;
        let reports = match underway {
            None => engine.take_batch(person, &surveyed, context).await?,
            Some(underway) => {
                underway.rows(surveyed.rows());
                engine.import(person, &surveyed, context, &|rows| underway.done(rows)).await?
            }
        };
        Ok(reports.into_iter().map(Into::into).collect())
    }
}

/// A folder for an original in clear, gone with what is returned, and a turn to open it in: opening is work.
pub(super) async fn opening(service: &Service) -> Result<(TempDir, OwnedSemaphorePermit), Problem> {
    let turn = Arc::clone(&service.turns).acquire_owned().await.map_err(|_| Problem::busy())?;
    let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&service.uploads).map_err(|error| {
        tracing::error!(%error, "there is no place for an original in clear");
        Problem::unavailable()
    })?;
    Ok((folder, turn))
}

fn not_kept(error: io::Error) -> Problem {
    tracing::error!(%error, "an upload could not be kept");
    Problem::unavailable()
}
