//! Fetching into the log: what is new, what may have changed since, and the history backwards until there is no more of it.

use std::path::Path;

use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

use super::{DOCUMENT_PREFIX, Live, LiveError, Task};
use crate::domain::Instant;
use crate::domain::invariants;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::engine::EngineError;
use crate::engine::import::FileReport;
use crate::engine::ports::connections::Connection;
use crate::engine::ports::export::ReadContext;
use crate::engine::ports::proof::hex;
use crate::engine::ports::provider_api::{CallFault, Fetched, Grant, Scope, Wanted};

/// How far back each fetch looks again: providers score late and let people edit, and do not say which records changed.
const LOOK_BACK: TimeDelta = TimeDelta::days(7);
/// How much of the history is fetched at once.
const PART: TimeDelta = TimeDelta::days(30);
/// How much of its history a provider gives that sends by itself.
const GIVEN_AT_ONCE: TimeDelta = TimeDelta::days(90);
/// How long the history may be silent before there is held to be no more of it.
const SILENCE: i32 = 6;
/// How far back history goes at most.
const LONGEST: TimeDelta = TimeDelta::days(3_660);
/// The least time between two loops of a person.
const THROTTLE: TimeDelta = TimeDelta::minutes(5);
/// A loop waits this long for more data to come in.
const GATHER: TimeDelta = TimeDelta::seconds(20);

/// An id as it may be shown. An address for an id is no name of a file, and may hold what opens it.
pub(super) fn plain_id(id: &str) -> String {
    let plain = id.len() <= 64 && id.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-');
    if plain { id.to_owned() } else { hex(&Sha256::digest(id)[..16]) }
}

/// What the document of one record is called.
pub(super) fn record_name(provider: Provider, kind: &str, id: &str) -> String {
    format!("{provider}-{kind}-{}.json", plain_id(id))
}

/// What a fetch came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Records the provider gave.
    pub records: u64,
    /// Rows that said something new.
    pub accepted: u64,
    /// Rows that changed what was known.
    pub corrected: u64,
    /// Rows that said what was known, or nothing that is kept.
    pub duplicates: u64,
    /// Rows that were refused.
    pub rejected: u64,
    /// Permissions that were not given: what they open was not asked for, and this is not the whole.
    pub missing: Vec<Scope>,
}

impl Synced {
    fn add(&mut self, report: &FileReport) {
        self.accepted += report.accepted;
        self.corrected += report.corrected;
        self.duplicates += report.duplicates;
        self.rejected += report.rejected;
    }
}

impl Live {
    /// Fetches what is new since the last time, and what may have changed.
    ///
    /// # Errors
    /// Why it was not fetched or not taken in: then nothing of the connection has moved, and it is fetched again.
    pub async fn sync(&self, person: PersonId, provider: Provider, now: Instant) -> Result<Synced, LiveError> {
        let (connection, _) = self.access(person, provider, now).await?;
        let reach = connection.reach;
        let missing = self.missing(&connection);
        if !self.api(provider)?.polls() {
            return Ok(Synced { missing, ..Synced::default() });
        }
        let from = reach.synced_at.unwrap_or(now - PART + LOOK_BACK).min(now) - LOOK_BACK;
        // A connection that stood still for long catches up in parts.
        let to = now.min(from + PART);
        let synced = self.window(person, provider, from, to, now).await?;
        self.connections.synced(person, provider, from, to).await?;
        if to < now {
            self.order(person, &[Task::Sync { provider }], now).await?;
        }
        Ok(Synced { missing, ..synced })
    }

    /// Fetches the next older part of the history and orders the one after it, until there is no more.
    ///
    /// # Errors
    /// As for [`Self::sync`].
    pub async fn backfill(&self, person: PersonId, provider: Provider, now: Instant) -> Result<Synced, LiveError> {
        let (connection, _) = self.access(person, provider, now).await?;
        let reach = connection.reach;
        if reach.complete {
            return Ok(Synced::default());
        }
        let mut to = reach.since.unwrap_or(now);
        let missing = self.missing(&connection);
        let api = self.api(provider)?;
        if !api.polls() {
            if missing.iter().any(|scope| Some(scope.name) == api.history_scope()) {
                return Ok(Synced { missing, ..Synced::default() });
            }
            // It is asked for once, as far back as it is given, and comes by itself later.
            let from = now - GIVEN_AT_ONCE;
            let synced = self.window(person, provider, from, to, now).await?;
            self.connections.backfilled(person, provider, from, true).await?;
            return Ok(Synced { missing, ..synced });
        }
        for silent in 1..=SILENCE {
            let from = to - PART;
            let synced = self.window(person, provider, from, to, now).await?;
            // Half a year of nothing: this is where it began.
            let complete = now - from > LONGEST || synced.records == 0 && silent == SILENCE;
            self.connections.backfilled(person, provider, from, complete).await?;
            if complete {
                return Ok(Synced { missing, ..synced });
            }
            if synced.records > 0 {
                self.order(person, &[Task::Backfill { provider }], now).await?;
                return Ok(Synced { missing, ..synced });
            }
            to = from;
        }
        Ok(Synced { missing, ..Synced::default() })
    }

    /// Fetches one record that a notice named.
    ///
    /// # Errors
    /// As for [`Self::sync`]; `NotFound` where there is none any more.
    pub async fn record(
        &self,
        person: PersonId,
        provider: Provider,
        (kind, id): (&str, &str),
        now: Instant,
    ) -> Result<Synced, LiveError> {
        let wanted = Wanted::Record { kind: kind.to_owned(), id: id.to_owned() };
        let fetched = self.fetch(person, provider, &wanted, now).await?;
        self.take_in(person, &fetched, &record_name(provider, kind, id), now).await
    }

    async fn window(
        &self,
        person: PersonId,
        provider: Provider,
        from: Instant,
        to: Instant,
        now: Instant,
    ) -> Result<Synced, LiveError> {
        let fetched = self.fetch(person, provider, &Wanted::Window { from, to }, now).await?;
        let day = |at: Instant| at.format("%Y-%m-%d").to_string();
        let synced = self.take_in(person, &fetched, &format!("{provider}-{}-{}.json", day(from), day(to)), now).await?;
        let state = self.engine.state(person).await?;
        // What was fetched by itself before is fetched again only when a notice names it: calls are few.
        let known = |kind: &str, id: &str| {
            let name = format!("/{}", record_name(provider, kind, id));
            state.files.iter().any(|file| file.ends_with(&name))
        };
        let follow = fetched.follow.into_iter().filter(|(kind, id)| !known(kind, id));
        let follow: Vec<Task> = follow.map(|(kind, id)| Task::Record { provider, kind, id }).collect();
        if !follow.is_empty() {
            self.order(person, &follow, now).await?;
        }
        Ok(synced)
    }

    /// Asks a provider; once more with newer access where it did not take what it was shown.
    pub(super) async fn fetch(
        &self,
        person: PersonId,
        provider: Provider,
        wanted: &Wanted,
        now: Instant,
    ) -> Result<Fetched, LiveError> {
        invariants::may_take_from(&self.engine.state(person).await?, provider).map_err(EngineError::from)?;
        let (connection, grant) = self.access(person, provider, now).await?;
        match self.ask(&grant, provider, wanted, now).await {
            Err(LiveError::Call(CallFault::Unauthorised)) => {
                let newer: (Connection, Grant) =
                    self.access_after(person, provider, Some(connection.generation), now).await?;
                match self.ask(&newer.1, provider, wanted, now).await {
                    Err(LiveError::Call(CallFault::Unauthorised)) => {
                        self.connections.ended(&newer.0).await?;
                        Err(LiveError::Reconnect(provider))
                    }
                    asked => asked,
                }
            }
            asked => asked,
        }
    }

    async fn ask(
        &self,
        grant: &Grant,
        provider: Provider,
        wanted: &Wanted,
        now: Instant,
    ) -> Result<Fetched, LiveError> {
        let fetching = self.api(provider)?.fetch(grant, wanted, self.meter.as_ref(), now);
        Ok(self.timed.step("fetch", fetching).await?)
    }

    /// Takes a document in as a file is, and orders a loop where it said something new.
    pub(super) async fn take_in(
        &self,
        person: PersonId,
        fetched: &Fetched,
        name: &str,
        now: Instant,
    ) -> Result<Synced, LiveError> {
        let mut synced = Synced { records: fetched.records, ..Synced::default() };
        let Some(document) = &fetched.document else { return Ok(synced) };
        let folder = self.document_folder()?;
        let path = folder.path().join(name);
        tokio::fs::write(&path, document).await.map_err(|_| LiveError::Disk)?;
        self.take_file(person, &path, &mut synced, now).await?;
        Ok(synced)
    }

    /// A folder for a document on its way; it is gone with what is returned.
    pub(super) fn document_folder(&self) -> Result<tempfile::TempDir, LiveError> {
        let folder = tempfile::Builder::new().prefix(DOCUMENT_PREFIX).tempdir_in(&self.folder);
        folder.map_err(|_| LiveError::Disk)
    }

    /// Orders a loop for a person to whom something new has come: soon, and not more often than every five minutes.
    ///
    /// # Errors
    /// When the queue does not answer.
    pub async fn loop_soon(&self, person: PersonId, now: Instant) -> Result<(), LiveError> {
        let last = self.queue.last_done(&Task::Loop.key(person)).await?;
        let due = last.map_or(now + GATHER, |last| (now + GATHER).max(last + THROTTLE));
        self.queue.order(vec![self.job(person, &Task::Loop, due)], now).await?;
        Ok(())
    }

    pub(super) async fn take_file(
        &self,
        person: PersonId,
        path: &Path,
        synced: &mut Synced,
        now: Instant,
    ) -> Result<(), LiveError> {
        let state = self.engine.state(person).await?;
        let context = ReadContext { home_zone: state.profile.zone(), now };
        let surveyed = self.timed.step("decode", self.engine.survey(path, context, |_| ())).await?;
        let taken = self.timed.step("append", self.engine.import(person, &surveyed, context, &|_| ())).await?;
        for report in taken {
            synced.add(&report);
        }
        if synced.accepted + synced.corrected > 0 {
            self.loop_soon(person, now).await?;
        }
        Ok(())
    }
}
