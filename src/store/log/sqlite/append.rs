//! Writing a group into SQLite: one transaction that takes the write lock first and reads the heads under it.

use std::collections::HashMap;
use std::path::PathBuf;

use async_trait::async_trait;
use rusqlite::ffi::{SQLITE_CONSTRAINT_CHECK, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;

use super::read::{head, uuid};
use crate::store::atomic_file::folder_of;
use crate::store::error::{Inconsistency, StoreError};
use crate::store::flush;
use crate::store::log::decide::{Decision, Known, Place, StreamState, decide};
use crate::store::log::event::pack_key_ids;
use crate::store::log::writer::{Append, Committer, all_unavailable};
use crate::store::log::{AppendError, Appended, ReadError, left};
use crate::store::reserve::Reserve;
use crate::store::sql::sqlite::open_log;

const INSERT: &str =
    "INSERT INTO events (position, stream, revision, event_id, type, schema_version, recorded_at, key_ids, body,
                         body_digest, prev_hash, hash)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

const CLOSED: &str = "SELECT EXISTS (SELECT 1 FROM closed_streams WHERE stream = ?1)";

const CLOSE: &str = "INSERT INTO closed_streams (stream)
                     VALUES (?1)
                     ON CONFLICT (stream) DO NOTHING";

const PLACE: &str = "SELECT stream, revision, position, event_id
                     FROM events
                     WHERE event_id = ?1";

/// The writing side: one connection, opened when it is first needed and again after a fault.
pub(super) struct SqliteCommitter {
    path: PathBuf,
    /// Whether tables that a log has left are filled.
    fills: bool,
    reserve: Reserve,
    connection: Option<Connection>,
}

impl SqliteCommitter {
    pub(super) fn new(path: PathBuf, fills: bool) -> Self {
        let reserve = Reserve::of(folder_of(&path));
        Self { path, fills, reserve, connection: None }
    }

    fn connection(&mut self) -> Result<Connection, StoreError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => open_log(&self.path),
        }
    }

    /// Runs a group on a connection that is kept only when nothing went wrong.
    fn attempt(&mut self, group: &[Append], with_places: bool) -> Result<Decision, StoreError> {
        flush::believed()?;
        self.reserve.keep()?;
        let mut connection = self.connection()?;
        let outcome = transaction(&mut connection, group, with_places, self.fills);
        if outcome.is_ok() {
            self.connection = Some(connection);
        }
        outcome
    }

    fn write(&mut self, group: &[Append]) -> Vec<Result<Appended, AppendError>> {
        let error = match self.attempt(group, false) {
            Ok(decision) => return decision.outcomes,
            Err(error) => error,
        };
        if !breaks_a_rule(&error) {
            return all_unavailable(group, &error.to_string());
        }
        // An id of the group is stored already. Decide again with the stored ids at hand; what still breaks a rule of
        // the tables is found by writing the requests one by one.
        match self.attempt(group, true) {
            Ok(decision) => return decision.outcomes,
            Err(error) if !breaks_a_rule(&error) => return all_unavailable(group, &error.to_string()),
            Err(_) => {}
        }
        let mut outcomes = Vec::with_capacity(group.len());
        for one in group.chunks(1) {
            match self.attempt(one, true) {
                Ok(decision) => outcomes.extend(decision.outcomes),
                Err(error) if breaks_a_rule(&error) => {
                    outcomes.push(Err(Inconsistency::new("events", "unique", &one[0].stream).into()));
                }
                Err(error) => outcomes.extend(all_unavailable(one, &error.to_string())),
            }
        }
        outcomes
    }
}

#[async_trait]
impl Committer for SqliteCommitter {
    async fn commit(&mut self, group: &[Append]) -> Vec<Result<Appended, AppendError>> {
        self.write(group)
    }

    async fn close(&mut self, stream: &str) -> Result<(), ReadError> {
        let connection = self.connection()?;
        // Events stay: what is found here is still there when the mark is set.
        let found = head(&connection, stream)?.is_some();
        if found {
            connection.execute(CLOSE, (stream,)).map_err(StoreError::from)?;
        }
        self.connection = Some(connection);
        if found { Ok(()) } else { Err(ReadError::NotFound) }
    }

    async fn erase_bodies(&mut self, stream: &str) -> Result<u64, StoreError> {
        let connection = self.connection()?;
        let changed =
            connection.execute("UPDATE events SET body = NULL WHERE stream = ?1 AND body IS NOT NULL", (stream,))?;
        // What was removed must not linger in the write-ahead log.
        let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
        self.connection = Some(connection);
        if busy != 0 {
            return Err(StoreError::unavailable("another process is reading; the erasure has to be repeated"));
        }
        Ok(changed as u64)
    }
}

/// One transaction around `decide` and the rows it accepts. It is undone when anything fails.
fn transaction(
    connection: &mut Connection,
    group: &[Append],
    with_places: bool,
    fills: bool,
) -> Result<Decision, StoreError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut known = known(&tx, group, fills)?;
    if with_places {
        known.places = Some(places(&tx, group)?);
    }
    let decision = match decide(&known, group) {
        Some(decision) => decision,
        None => {
            known.places = Some(places(&tx, group)?);
            decide(&known, group).ok_or_else(|| StoreError::unavailable("undecided"))?
        }
    };
    if decision.accepted.is_empty() {
        return Ok(decision);
    }
    let mut position = known.position;
    {
        let mut insert = tx.prepare_cached(INSERT)?;
        for append in decision.accepted.iter().map(|index| &group[*index]) {
            for event in append.events.iter() {
                position += 1;
                insert.execute((
                    position.cast_signed(),
                    append.stream.as_str(),
                    event.revision.cast_signed(),
                    event.event_id.as_bytes().as_slice(),
                    event.event_type.as_str(),
                    event.schema_version,
                    event.recorded_at,
                    pack_key_ids(&event.key_ids),
                    event.body.as_slice(),
                    event.body_digest.as_bytes().as_slice(),
                    event.prev_hash.as_bytes().as_slice(),
                    event.hash.as_bytes().as_slice(),
                ))?;
            }
        }
        tx.prepare_cached("UPDATE log_head SET position = ?1")?.execute((decision.position.cast_signed(),))?;
    }
    tx.commit()?;
    Ok(decision)
}

/// The end of the log and of the group's streams, read under the write lock.
fn known(tx: &Transaction<'_>, group: &[Append], fills: bool) -> Result<Known, StoreError> {
    let (position, epoch): (i64, i64) = tx
        .prepare_cached("SELECT position, epoch FROM log_head")?
        .query_row((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    if epoch < 0 && !fills {
        return Err(left::meet());
    }
    let position = u64::try_from(position).map_err(|_| Inconsistency::new("log_head", "position", position))?;
    let mut known = Known { position, ..Known::default() };
    let mut closed = tx.prepare_cached(CLOSED)?;
    for Append { stream, .. } in group {
        if !known.streams.contains_key(stream)
            && let Some(head) = head(tx, stream)?
        {
            let closed = closed.query_row((stream,), |row| row.get(0))?;
            known.streams.insert(stream.clone(), StreamState { head, closed });
        }
    }
    Ok(known)
}

/// Looks up which events of the group are stored already.
fn places(tx: &Transaction<'_>, group: &[Append]) -> Result<HashMap<Uuid, Place>, StoreError> {
    let mut places = HashMap::new();
    let mut statement = tx.prepare_cached(PLACE)?;
    for event in group.iter().flat_map(|append| append.events.iter()) {
        let mut rows = statement.query((event.event_id.as_bytes().as_slice(),))?;
        if let Some(row) = rows.next()? {
            let (revision, position): (i64, i64) = (row.get(1)?, row.get(2)?);
            let (revision, position) = (revision.cast_unsigned(), position.cast_unsigned());
            places.insert(uuid(row, 3)?, Place { stream: row.get(0)?, revision, position });
        }
    }
    Ok(places)
}

/// SQLite's own word about a fault, where it is one of SQLite's.
fn code(error: &StoreError) -> Option<rusqlite::ffi::Error> {
    match error {
        StoreError::Unavailable(cause) => cause.downcast_ref::<rusqlite::Error>()?.sqlite_error().copied(),
        StoreError::Inconsistent(_) => None,
    }
}

/// Whether a row broke a rule of its table: the request is at fault, not the disk.
fn breaks_a_rule(error: &StoreError) -> bool {
    let rules = [SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_CHECK];
    code(error).is_some_and(|error| rules.contains(&error.extended_code))
}
