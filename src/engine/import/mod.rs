//! Taking a file in: surveyed whole, then appended row by row in batches, so that nothing is lost, doubled or
//! rewritten, and a killed import can be run again.

mod decided;
mod records;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::sync::mpsc;

use super::ports::export::{ExportError, Part, ReadContext, Rejection, Row, Survey};
use super::ports::journal::JournalError;
use super::{Command, Engine, EngineError};
use crate::domain::Instant;
use crate::domain::event::{Event, FileImported};
use crate::domain::invariants::{self, OBSERVATIONS_PER_BATCH};
use crate::domain::observation::{Activity, Observation, ObservationKey, Source};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::domain::state::PersonState;
use decided::{Decided, not_taken};
use records::Holdings;

/// Rejections named one by one; beyond it they are counted.
const REJECTIONS_NAMED: usize = 1_000;
/// Activities that go into one append.
const ACTIVITIES_PER_APPEND: usize = 200;
/// Rows that may wait between the reader and the log.
const ROWS_WAITING: usize = 512;

/// What became of one part of a file.
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
    /// Rows that said what was known, or held no measurement.
    pub duplicates: u64,
    /// Rows that changed what was known.
    pub corrected: u64,
    /// Rows that were refused.
    pub rejected: u64,
    /// Observations written.
    pub observations: u64,
    /// Each refused row, up to a thousand.
    pub rejections: Vec<Rejection>,
    /// Whether local days were told with the home zone since the file gives none.
    pub zone_assumed: bool,
    /// Who measured what is in it.
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
            let taking = Taking { engine: self, person, part, as_of, now: context.now, digest: digest.clone() };
            let mut report = taking.rows(&surveyed.path, context, &|rows| progress(before + rows)).await?;
            report.zone_assumed = survey.zone_assumed;
            taking.conclude(&report).await?;
            before += report.read;
            reports.push(report);
        }
        Ok(reports)
    }
}

fn reader_stopped() -> ExportError {
    ExportError::Unreadable { file: String::new(), reason: "the reader stopped unexpectedly".to_owned() }
}

/// A part on its way into the log.
struct Taking<'a> {
    engine: &'a Engine,
    person: PersonId,
    part: &'a Part,
    as_of: Instant,
    now: Instant,
    /// Of the original that is kept; none of a batch.
    digest: Option<String>,
}

/// Rows that wait to be appended together.
#[derive(Default)]
struct Batch {
    rows: Vec<(Option<Activity>, Vec<Observation>)>,
    observations: usize,
    activities: usize,
}

impl Taking<'_> {
    async fn rows(
        &self,
        path: &Path,
        context: ReadContext,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<FileReport, EngineError> {
        let (exports, path, part) = (self.engine.exports.clone(), path.to_owned(), self.part.clone());
        let (sender, mut receiver) = mpsc::channel(ROWS_WAITING);
        let as_of = self.as_of;
        let reader = tokio::task::spawn_blocking(move || {
            exports.rows(&path, &part, &context, as_of, &mut |number, row| {
                if sender.blocking_send((number, row)).is_ok() {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })
        });
        let mut report = FileReport {
            file: self.part.name.clone(),
            format: self.part.format.to_owned(),
            read: 0,
            accepted: 0,
            duplicates: 0,
            corrected: 0,
            rejected: 0,
            observations: 0,
            rejections: Vec::new(),
            zone_assumed: false,
            providers: BTreeSet::new(),
        };
        let mut batch = Batch::default();
        while let Some((_, row)) = receiver.recv().await {
            report.read += 1;
            let (activity, observations) = match row {
                Row::Rejected(rejection) => {
                    report.rejected += 1;
                    if report.rejections.len() < REJECTIONS_NAMED {
                        report.rejections.push(rejection);
                    }
                    continue;
                }
                Row::Observations(observations) => (None, observations),
                Row::Activity(activity, observations) => (Some(activity), observations),
            };
            let full = batch.observations + observations.len() > OBSERVATIONS_PER_BATCH;
            if full || batch.activities >= ACTIVITIES_PER_APPEND {
                self.append(std::mem::take(&mut batch), &mut report).await?;
                progress(report.read);
            }
            batch.observations += observations.len();
            batch.activities += usize::from(activity.is_some());
            batch.rows.push((activity, observations));
        }
        reader.await.unwrap_or_else(|_| Err(reader_stopped()))?;
        self.append(batch, &mut report).await?;
        progress(report.read);
        Ok(report)
    }

    fn source(&self) -> Source {
        Source {
            provider: self.part.provider,
            format: self.part.format.to_owned(),
            file: self.digest.as_ref().map(|_| self.part.name.clone()),
            digest: self.digest.clone(),
        }
    }

    /// Appends a batch: what is new, and corrections of what is known. Rows are counted once the append is durable. When
    /// another import was faster, the batch is compared again with what is known then.
    async fn append(&self, batch: Batch, report: &mut FileReport) -> Result<(), EngineError> {
        if batch.rows.is_empty() {
            return Ok(());
        }
        let keys: Vec<ObservationKey> =
            batch.rows.iter().flat_map(|(_, observations)| observations).map(|o| o.key.clone()).collect();
        report.providers.extend(keys.iter().map(|key| key.provider));
        let name = format!("import/{}/{}", self.source().file_key(), report.read);
        for _ in 0..super::TRIES {
            // The state first: what is held may then be newer than it, and the append conflicts, but never older.
            let state = self.engine.finish_erasing(self.person, self.now).await?;
            let holdings = self.holdings(&batch, &keys).await?;
            // Without consent to anything no row is to blame.
            if let Err(violation) = invariants::may_process(&state) {
                self.engine.count_refusal(&violation, self.now).await;
                return Err(violation.into());
            }
            let mut decided = Decided::over(holdings);
            for (activity, observations) in &batch.rows {
                match not_taken(&state, observations) {
                    Some(rejection) => decided.rejections.push(rejection),
                    None => decided.row(self, activity.as_ref(), observations),
                }
            }
            let events = decided.events(self);
            let command = Command::new(self.person, &name, &state, &events, self.now);
            match self.engine.write(&command, state, &events).await {
                Err(EngineError::Journal(JournalError::Conflict)) => {}
                Err(EngineError::Refused(violation)) => {
                    self.engine.count_refusal(&violation, self.now).await;
                    return Err(violation.into());
                }
                Err(error) => return Err(error),
                Ok(_) => {
                    report.accepted += decided.accepted;
                    report.duplicates += decided.duplicates;
                    report.corrected += decided.corrected;
                    report.observations += decided.observations;
                    report.rejected += decided.rejections.len() as u64;
                    let room = REJECTIONS_NAMED.saturating_sub(report.rejections.len());
                    report.rejections.extend(decided.rejections.into_iter().take(room));
                    return Ok(());
                }
            }
        }
        Err(JournalError::Conflict.into())
    }

    /// What is held of some facts and, for those that are not, of the records that may be theirs.
    async fn holdings(&self, batch: &Batch, keys: &[ObservationKey]) -> Result<Holdings, EngineError> {
        let views = &self.engine.views;
        let mut holdings = Holdings::new(views.held(self.person, keys).await?);
        let wanted = holdings.wanted(batch.rows.iter().flat_map(|(_, observations)| observations));
        let mut more = Vec::new();
        for (provider, ids) in &wanted.ids {
            let ids: Vec<String> = ids.iter().cloned().collect();
            let found = views.held_of_records(self.person, *provider, &ids).await?;
            more.push(wanted.found(&found));
            found.into_iter().for_each(|(key, held)| holdings.hold(key, held));
        }
        for (kind, days) in more.iter().chain([&wanted]).flat_map(|wanted| &wanted.days) {
            let found = views.held_of_days(self.person, *kind, *days).await?;
            found.into_iter().for_each(|(key, held)| holdings.hold(key, held));
        }
        Ok(holdings)
    }

    /// Writes down that the file was taken, once a file.
    async fn conclude(&self, report: &FileReport) -> Result<(), EngineError> {
        if self.digest.is_none() {
            return Ok(());
        }
        let source = self.source();
        let key = source.file_key();
        let own = report.providers.iter().all(|provider| *provider == source.provider);
        let event: Event = FileImported {
            source,
            read: report.read,
            accepted: report.accepted,
            duplicates: report.duplicates,
            corrected: report.corrected,
            rejected: report.rejected,
            rejections: report.rejections.clone(),
            as_of: self.as_of,
            providers: if own { Vec::new() } else { report.providers.iter().copied().collect() },
        }
        .into();
        let decide =
            |state: &PersonState| Ok(if state.files.contains(&key) { Vec::new() } else { vec![event.clone()] });
        self.engine.decide(self.person, "file", self.now, decide).await?;
        Ok(())
    }
}
