//! Writing a group into SQLite.
//!
//! In the driver every statement is a trip to another thread, so the statements travel together: one trip takes the lock
//! and reads the heads, one writes the rows and commits. Rows go in groups of [`ROWS`] per statement.

use crate::store::chain::Hash;
use crate::store::error::{Inconsistency, StoreError};
use crate::store::log::decide::{Decision, Known, Place, StreamState, decide};
use crate::store::log::event::pack_key_ids;
use crate::store::log::writer::{Append, Committer, all_unavailable};
use crate::store::log::{AppendError, Appended, ChainedEvent, Head, ReadError};
use async_trait::async_trait;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, Sqlite, SqliteConnection};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use uuid::Uuid;

/// Rows per INSERT statement.
const ROWS: usize = 64;
const COLUMNS: usize = 12;

/// SQLite's primary result code for a failed read, write or flush.
const IO_ERROR: &str = "10";

/// The writing side: one connection, opened when it is first needed and again after a fault.
pub(super) struct SqliteCommitter {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
    full: Arc<str>,
    tails: Vec<Option<Arc<str>>>,
    /// A flush failed: nothing is acknowledged until the process has started again and looked at the file anew.
    failed: bool,
}

impl SqliteCommitter {
    pub(super) fn new(options: SqliteConnectOptions) -> Self {
        Self { options, connection: None, full: insert_text(ROWS, 1).into(), tails: vec![None; ROWS], failed: false }
    }

    async fn connection(&mut self) -> Result<SqliteConnection, sqlx::Error> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.options.connect().await,
        }
    }

    /// One transaction around `decide` and the rows it accepts.
    async fn transaction(
        &mut self,
        connection: &mut SqliteConnection,
        group: &[Append],
        with_places: bool,
    ) -> Result<Decision, StoreError> {
        let mut known = begin(connection, group).await?;
        if with_places {
            known.places = Some(places(connection, group).await?);
        }
        let decision = match decide(&known, group) {
            Some(decision) => decision,
            None => {
                known.places = Some(places(connection, group).await?);
                decide(&known, group).ok_or_else(|| StoreError::unavailable("undecided"))?
            }
        };
        if decision.accepted.is_empty() {
            sqlx::query("ROLLBACK").execute(connection).await?;
            return Ok(decision);
        }
        let events: Vec<(&str, &ChainedEvent)> = decision
            .accepted
            .iter()
            .flat_map(|index| {
                let append = &group[*index];
                append.events.iter().map(|event| (append.stream.as_str(), event))
            })
            .collect();
        let mut position = known.position;
        let (chunks, rest) = events.as_chunks::<ROWS>();
        for chunk in chunks {
            let query = sqlx::query(AssertSqlSafe(Arc::clone(&self.full)));
            bind_rows(query, chunk, &mut position).execute(&mut *connection).await?;
        }
        let query = sqlx::query(AssertSqlSafe(self.finish(rest.len())))
            .bind(heads_json(&decision.heads))
            .bind(decision.position.cast_signed());
        bind_rows(query, rest, &mut position).execute(&mut *connection).await?;
        Ok(decision)
    }

    /// The statements that insert the last rows, move the heads and commit.
    fn finish(&mut self, rows: usize) -> Arc<str> {
        let text = self.tails[rows].get_or_insert_with(|| {
            // The two parameters of the tail come first: the driver numbers the parameters of a later statement anew.
            format!(
                "{}
                 INSERT INTO streams (stream, revision, hash, status)
                 SELECT value ->> 0, value ->> 1, unhex(value ->> 2), 'open'
                 FROM json_each(?1)
                 WHERE TRUE
                 ON CONFLICT (stream) DO UPDATE
                 SET revision = EXCLUDED.revision,
                     hash = EXCLUDED.hash;
                 UPDATE log_head
                 SET position = ?2;
                 COMMIT",
                insert_text(rows, 3)
            )
            .into()
        });
        Arc::clone(text)
    }

    /// Runs a group on a connection that is given back only when nothing went wrong.
    async fn attempt(&mut self, group: &[Append], with_places: bool) -> Result<Decision, StoreError> {
        let mut connection = self.connection().await?;
        match self.transaction(&mut connection, group, with_places).await {
            Ok(decision) => {
                self.connection = Some(connection);
                Ok(decision)
            }
            Err(error) => {
                self.failed |= is_io_error(&error);
                if sqlx::query("ROLLBACK").execute(&mut connection).await.is_ok() {
                    self.connection = Some(connection);
                } else {
                    let _ = connection.close_hard().await;
                }
                Err(error)
            }
        }
    }
}

#[async_trait]
impl Committer for SqliteCommitter {
    async fn commit(&mut self, group: &[Append]) -> Vec<Result<Appended, AppendError>> {
        if self.failed {
            return all_unavailable(group, "an earlier write failed; the process has to be restarted");
        }
        let error = match self.attempt(group, false).await {
            Ok(decision) => return decision.outcomes,
            Err(error) => error,
        };
        if !is_constraint(&error) {
            return all_unavailable(group, &error.to_string());
        }
        // An id of the group is stored already. Decide again with the stored ids at hand; what still breaks a rule of
        // the tables is found by writing the requests one by one.
        if let Ok(decision) = self.attempt(group, true).await {
            return decision.outcomes;
        }
        let mut outcomes = Vec::with_capacity(group.len());
        for one in group.chunks(1) {
            match self.attempt(one, true).await {
                Ok(decision) => outcomes.extend(decision.outcomes),
                Err(error) if is_constraint(&error) => {
                    outcomes.push(Err(Inconsistency::new("events", "unique", &one[0].stream).into()));
                }
                Err(error) => outcomes.extend(all_unavailable(one, &error.to_string())),
            }
        }
        outcomes
    }

    async fn close(&mut self, stream: &str) -> Result<(), ReadError> {
        let mut connection = self.connection().await?;
        let changed = sqlx::query(
            "UPDATE streams
             SET status = 'erased'
             WHERE stream = $1",
        )
        .bind(stream.to_owned())
        .execute(&mut connection)
        .await?;
        self.connection = Some(connection);
        if changed.rows_affected() == 0 {
            return Err(ReadError::NotFound);
        }
        Ok(())
    }

    async fn erase_bodies(&mut self, stream: &str) -> Result<u64, StoreError> {
        let mut connection = self.connection().await?;
        let changed = sqlx::query(
            "UPDATE events
             SET body = NULL
             WHERE stream = $1
               AND body IS NOT NULL",
        )
        .bind(stream.to_owned())
        .execute(&mut connection)
        .await?;
        // What was removed must not linger in the write-ahead log.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
        self.connection = Some(connection);
        Ok(changed.rows_affected())
    }
}

/// Takes the write lock and reads the end of the log and of the group's streams.
async fn begin(connection: &mut SqliteConnection, group: &[Append]) -> Result<Known, StoreError> {
    let mut streams: Vec<&str> = group.iter().map(|append| append.stream.as_str()).collect();
    streams.dedup();
    let rows = sqlx::query(
        "BEGIN IMMEDIATE;
         SELECT NULL, position, NULL, NULL
         FROM log_head
         UNION ALL
         SELECT stream, revision, hash, status
         FROM streams
         WHERE stream IN (SELECT value FROM json_each($1))",
    )
    .bind(serde_json::Value::from(streams).to_string())
    .fetch_all(connection)
    .await?;
    let mut known = Known::default();
    for row in &rows {
        let number = |column| -> Result<u64, StoreError> {
            let number: i64 = row.try_get(1)?;
            u64::try_from(number).map_err(|_| Inconsistency::new("streams", column, number).into())
        };
        match row.try_get::<Option<String>, _>(0)? {
            None => known.position = number("position")?,
            Some(stream) => {
                let hash: &[u8] = row.try_get(2)?;
                let head = Head {
                    revision: number("revision")?,
                    hash: Hash::try_from(hash).map_err(|_| Inconsistency::new("streams", "hash", &stream))?,
                };
                let closed = row.try_get::<&str, _>(3)? != "open";
                known.streams.insert(stream, StreamState { head, closed });
            }
        }
    }
    Ok(known)
}

/// Looks up which events of the group are stored already.
async fn places(connection: &mut SqliteConnection, group: &[Append]) -> Result<HashMap<Uuid, Place>, StoreError> {
    let ids: Vec<String> =
        group.iter().flat_map(|append| &append.events).map(|event| event.event_id.simple().to_string()).collect();
    let rows = sqlx::query(
        "SELECT event_id, stream, revision, position
         FROM events
         WHERE event_id IN (SELECT unhex(value) FROM json_each($1))",
    )
    .bind(serde_json::Value::from(ids).to_string())
    .fetch_all(connection)
    .await?;
    rows.iter().map(place).collect()
}

fn place(row: &SqliteRow) -> Result<(Uuid, Place), StoreError> {
    let (revision, position): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
    let place =
        Place { stream: row.try_get(1)?, revision: revision.cast_unsigned(), position: position.cast_unsigned() };
    Ok((row.try_get(0)?, place))
}

/// The text that inserts this many rows, with parameters from `first` on; nothing for none.
fn insert_text(rows: usize, first: usize) -> String {
    if rows == 0 {
        return String::new();
    }
    let mut text = String::from(
        "INSERT INTO events (position, stream, revision, event_id, type, schema_version, recorded_at, key_ids, body,
                             body_digest, prev_hash, hash)
         VALUES ",
    );
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { "), (" });
        for column in 0..COLUMNS {
            let comma = if column == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}?{}", first + row * COLUMNS + column);
        }
    }
    text.push_str(");");
    text
}

fn bind_rows<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    rows: &'q [(&'q str, &'q ChainedEvent)],
    position: &mut u64,
) -> Query<'q, Sqlite, SqliteArguments> {
    rows.iter().fold(query, |query, (stream, event)| {
        *position += 1;
        query
            .bind(position.cast_signed())
            .bind(*stream)
            .bind(event.revision.cast_signed())
            .bind(event.event_id)
            .bind(event.event_type.as_str())
            .bind(i64::from(event.schema_version))
            .bind(event.recorded_at)
            .bind(pack_key_ids(&event.key_ids))
            .bind(event.body.as_slice())
            .bind(event.body_digest.as_bytes().as_slice())
            .bind(event.prev_hash.as_bytes().as_slice())
            .bind(event.hash.as_bytes().as_slice())
    })
}

fn heads_json(heads: &[(String, Head)]) -> String {
    let rows: Vec<serde_json::Value> =
        heads.iter().map(|(stream, head)| serde_json::json!([stream, head.revision, head.hash.to_hex()])).collect();
    serde_json::Value::from(rows).to_string()
}

fn database_error(error: &StoreError) -> Option<&(dyn sqlx::error::DatabaseError + 'static)> {
    match error {
        StoreError::Unavailable(cause) => cause.downcast_ref::<sqlx::Error>()?.as_database_error(),
        StoreError::Inconsistent(_) => None,
    }
}

fn is_constraint(error: &StoreError) -> bool {
    database_error(error).is_some_and(|error| error.is_unique_violation() || error.is_check_violation())
}

fn is_io_error(error: &StoreError) -> bool {
    database_error(error)
        .and_then(|error| error.code())
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| (code & 0xff).to_string() == IO_ERROR)
}
