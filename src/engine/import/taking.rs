//! A part of a file on its way into the log: its rows in batches, each decided over what is held then.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use chrono::TimeDelta;
use chrono_tz::Tz;
use tokio::sync::mpsc;

use super::decided::{Decided, not_taken};
use super::records::Holdings;
use super::{FileReport, reader_stopped};
use crate::domain::Instant;
use crate::domain::event::{Event, FileImported, RecordDeleted};
use crate::domain::invariants::{self, OBSERVATIONS_PER_BATCH};
use crate::domain::observation::{Activity, Observation, ObservationKey, Source};
use crate::domain::person::PersonId;
use crate::domain::state::PersonState;
use crate::engine::ports::export::{Part, ReadContext, Row};
use crate::engine::ports::journal::JournalError;
use crate::engine::{Command, Engine, EngineError, TRIES};

/// Rejections named one by one; beyond it they are counted.
const REJECTIONS_NAMED: usize = 1_000;
/// Why an activity is not used that its file tells and nothing more.
const NOTHING_MEASURED: &str = "names an activity of which nothing was measured";
/// Activities that go into one append.
const ACTIVITIES_PER_APPEND: usize = 200;
/// Rows that may wait between the reader and the log.
const ROWS_WAITING: usize = 512;

/// A part on its way into the log.
pub(super) struct Taking<'a> {
    pub(super) engine: &'a Engine,
    pub(super) person: PersonId,
    pub(super) part: &'a Part,
    pub(super) as_of: Instant,
    pub(super) now: Instant,
    /// Of the original that is kept; none of a batch.
    pub(super) digest: Option<String>,
    /// How often it was told again by another home zone.
    pub(super) retold: u32,
}

/// Rows that wait to be appended together.
#[derive(Default)]
struct Batch {
    rows: Vec<(Option<Activity>, Vec<Observation>)>,
    observations: usize,
    activities: usize,
}

impl Batch {
    /// Whether it tells of a record that is gone, and nothing that is newer than that.
    fn tells_of(&self, deleted: &RecordDeleted) -> bool {
        let mut newest = None;
        for observation in self.rows.iter().flat_map(|(_, observations)| observations) {
            let record = observation.own_id() == Some(deleted.record.as_str());
            if record && observation.key.provider == deleted.source.provider {
                newest = newest.max(Some(observation.as_of));
            }
        }
        newest.is_some_and(|newest| newest <= deleted.as_of)
    }
}

impl Taking<'_> {
    pub(super) async fn rows(
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
            unused: 0,
            not_used: Vec::new(),
            rejected: 0,
            observations: 0,
            rejections: Vec::new(),
            zone_assumed: false,
            providers: BTreeSet::new(),
        };
        let mut batch = Batch::default();
        while let Some((_, row)) = receiver.recv().await {
            report.read += 1;
            let (activity, mut observations) = match row {
                Row::Rejected(rejection) => {
                    report.rejected += 1;
                    if report.rejections.len() < REJECTIONS_NAMED {
                        report.rejections.push(rejection);
                    }
                    continue;
                }
                Row::Unused(reason) => {
                    report.leave_out(reason);
                    continue;
                }
                Row::Activity(_, observations) if observations.is_empty() => {
                    report.leave_out(NOTHING_MEASURED);
                    continue;
                }
                Row::Observations(observations) => (None, observations),
                Row::Activity(activity, observations) => (Some(activity), observations),
            };
            // The same words by another home zone are newer than before by the least step.
            for observation in &mut observations {
                observation.as_of += TimeDelta::microseconds(i64::from(self.retold));
            }
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

    pub(super) fn source(&self) -> Source {
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
        for _ in 0..TRIES {
            // The state first: what is held may then be newer than it, and the append conflicts, but never older.
            let state = self.engine.finish_erasing(self.person, self.now).await?;
            let holdings = self.holdings(&batch, &keys).await?;
            // Without consent to anything no row is to blame.
            if let Err(violation) = invariants::may_process(&state) {
                self.engine.count_refusal(&violation, self.now).await;
                return Err(violation.into());
            }
            let gone = self.engine.deletions(self.person, &state).await?;
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
                    return self.without_deleted(&batch, &gone).await;
                }
            }
        }
        Err(JournalError::Conflict.into())
    }

    /// Takes back what was told of records that are known to be gone, by words that are not newer than that.
    async fn without_deleted(&self, batch: &Batch, gone: &[RecordDeleted]) -> Result<(), EngineError> {
        for deleted in gone {
            if batch.tells_of(deleted) {
                self.engine.delete_again(self.person, deleted, self.now).await?;
            }
        }
        Ok(())
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

    /// Writes down that the file was taken, once a file and again when it was told by another home zone.
    pub(super) async fn conclude(&self, report: &FileReport, home_zone: Option<Tz>) -> Result<(), EngineError> {
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
            not_used: report.not_used.clone(),
            rejected: report.rejected,
            rejections: report.rejections.clone(),
            as_of: self.as_of,
            providers: if own { Vec::new() } else { report.providers.iter().copied().collect() },
            home_zone,
            retold: self.retold,
        }
        .into();
        let decide = |state: &PersonState| {
            let told = state.assumed.get(&key).map_or(0, |assumed| assumed.retold);
            let known = state.files.contains(&key) && self.retold <= told;
            // Of somebody who was taken back meanwhile no row was taken.
            let refused = invariants::may_take_from(state, self.part.provider).is_err();
            Ok(if known || refused { Vec::new() } else { vec![event.clone()] })
        };
        self.engine.decide(self.person, "file", self.now, decide).await?;
        Ok(())
    }
}
