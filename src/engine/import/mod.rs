//! Taking a file in: surveyed whole, then appended row by row in batches, so that nothing is lost, doubled or
//! rewritten, and a killed import can be run again.

mod decided;
mod records;
mod retell;
mod taking;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::ports::export::{ExportError, Part, ReadContext, Rejection, Survey};
use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::invariants;
use crate::domain::observation::NotUsed;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use taking::Taking;

/// What became of one part of a file.
///
/// `read` is the sum of `accepted`, `duplicates`, `corrected` and `rejected`; `unused` says how many of the duplicates say nothing.
#[derive(Clone, Debug, Serialize)]
pub struct FileReport {
    /// The file, or `export.zip/member.csv`.
    pub file: String,
    /// The format that was recognised.
    pub format: String,
    /// Rows without the header.
    pub read: u64,
    /// Rows that said something new.
    pub accepted: u64,
    /// Rows that said what was known, or nothing Candor keeps.
    pub duplicates: u64,
    /// Rows that changed what was known.
    pub corrected: u64,
    /// Duplicates that say nothing Candor keeps.
    pub unused: u64,
    /// Why they are not used.
    pub not_used: Vec<NotUsed>,
    /// Rows that were refused.
    pub rejected: u64,
    /// Observations written.
    pub observations: u64,
    /// Each refused row, up to a thousand.
    pub rejections: Vec<Rejection>,
    /// Whether local days were told with the home zone since the file gives none.
    pub zone_assumed: bool,
    /// Who measured what is in it.
    #[serde(skip)]
    pub providers: BTreeSet<Provider>,
}

/// A file that was read whole and found good.
#[derive(Clone, Debug)]
pub struct Surveyed {
    path: PathBuf,
    parts: Vec<(Part, Survey)>,
}

impl Surveyed {
    /// Rows in all parts.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.parts.iter().map(|(_, survey)| survey.rows).sum()
    }
}

impl FileReport {
    /// Whether rows of a file's parts were refused, and none said anything that was taken or known.
    #[must_use]
    pub fn came_to_nothing(parts: &[Self]) -> bool {
        let good = |part: &Self| part.accepted + part.corrected + part.duplicates > part.unused;
        parts.iter().any(|part| part.rejected > 0) && !parts.iter().any(good)
    }

    fn leave_out(&mut self, reason: &str) {
        self.unused += 1;
        self.duplicates += 1;
        match self.not_used.iter_mut().find(|known| known.reason == reason) {
            Some(known) => known.rows += 1,
            None => self.not_used.push(NotUsed { reason: reason.to_owned(), rows: 1 }),
        }
    }
}

impl Engine {
    /// Reads a file to its end without writing anything.
    ///
    /// # Errors
    /// When any of it cannot be read: then none of it may be written.
    pub async fn survey(
        &self,
        path: &Path,
        context: ReadContext,
        progress: impl Fn(u64) + Send + 'static,
    ) -> Result<Surveyed, EngineError> {
        let (exports, path) = (self.exports.clone(), path.to_owned());
        let read = tokio::task::spawn_blocking(move || -> Result<Surveyed, ExportError> {
            let mut parts = Vec::new();
            for part in exports.parts(&path)? {
                let survey = exports.survey(&path, &part, &context, &mut |bytes| progress(bytes))?;
                parts.push((part, survey));
            }
            Ok(Surveyed { path, parts })
        });
        Ok(read.await.unwrap_or_else(|_| Err(reader_stopped()))?)
    }

    /// Appends what a surveyed file says, calling `progress` with the rows read so far of all its parts.
    ///
    /// # Errors
    /// When the original cannot be kept or the log does not take a batch; batches before stay, and running the import
    /// again completes it.
    pub async fn import(
        &self,
        person: PersonId,
        surveyed: &Surveyed,
        context: ReadContext,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Vec<FileReport>, EngineError> {
        let Some((first, _)) = surveyed.parts.first() else {
            return Ok(Vec::new());
        };
        self.may_take(person, surveyed, context.now).await?;
        let digest = self.originals.keep(person, first.provider, &surveyed.path).await?;
        self.take(person, surveyed, context, Some(digest), progress).await
    }

    /// Appends what a surveyed batch says. It is no file: no original of it is kept, and what it says is the log's alone.
    ///
    /// # Errors
    /// When the log does not take it.
    pub async fn take_batch(
        &self,
        person: PersonId,
        surveyed: &Surveyed,
        context: ReadContext,
    ) -> Result<Vec<FileReport>, EngineError> {
        self.may_take(person, surveyed, context.now).await?;
        self.take(person, surveyed, context, None, &|_| ()).await
    }

    /// Refuses what the person does not allow, before anything is kept; each append is checked again.
    async fn may_take(&self, person: PersonId, surveyed: &Surveyed, now: Instant) -> Result<(), EngineError> {
        let state = self.state(person).await?;
        for (part, _) in &surveyed.parts {
            if let Err(violation) = invariants::may_take_from(&state, part.provider) {
                self.count_refusal(&violation, now).await;
                return Err(violation.into());
            }
        }
        Ok(())
    }

    async fn take(
        &self,
        person: PersonId,
        surveyed: &Surveyed,
        context: ReadContext,
        digest: Option<String>,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Vec<FileReport>, EngineError> {
        let newest = surveyed.parts.iter().filter_map(|(_, survey)| survey.newest).max();
        let (mut reports, mut before) = (Vec::new(), 0);
        for (part, survey) in &surveyed.parts {
            let as_of = newest.unwrap_or(context.now);
            let digest = digest.clone();
            let taking = Taking { engine: self, person, part, as_of, now: context.now, digest, retold: 0 };
            let mut report = taking.rows(&surveyed.path, context, &|rows| progress(before + rows)).await?;
            report.zone_assumed = survey.zone_assumed;
            taking.conclude(&report, survey.zone_assumed.then_some(context.home_zone)).await?;
            before += report.read;
            reports.push(report);
        }
        Ok(reports)
    }
}

fn reader_stopped() -> ExportError {
    ExportError::Unreadable { file: String::new(), reason: "the reader stopped unexpectedly".to_owned() }
}
