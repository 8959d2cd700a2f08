//! Writing a group into PostgreSQL.
//!
//! The write is one statement that commits by itself: it moves `log_head` only if position and epoch are still those the
//! decision was based on, and everything else in it hangs on that row. The first try costs one round trip when the heads
//! are in memory, two otherwise; only when another process was faster does the second try hold the row's lock while it
//! reads.

use crate::store::error::{Inconsistency, StoreError};
use crate::store::log::decide::{Decision, Known, Place, StreamState, decide};
use crate::store::log::event::pack_key_ids;
use crate::store::log::writer::{Append, Committer, all_unavailable};
use crate::store::log::{AppendError, Appended, ChainedEvent, Head, ReadError, left};
use crate::store::sql::{ANSWER, within};
use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, Connection, PgConnection, Row};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// How many heads are kept in memory before all are forgotten.
const HEADS_IN_MEMORY: usize = 10_000;

const READ: &str = "SELECT NULL AS stream, position, epoch, NULL AS hash, FALSE AS closed
                    FROM log_head
                    UNION ALL
                    SELECT asked.stream, last.revision, 0, last.hash, closed_streams.stream IS NOT NULL
                    FROM UNNEST($1::text[]) AS asked (stream)
                    CROSS JOIN LATERAL (
                        SELECT revision, hash
                        FROM events
                        WHERE stream = asked.stream
                        ORDER BY revision DESC
                        LIMIT 1
                    ) AS last
                    LEFT JOIN closed_streams ON closed_streams.stream = asked.stream";

const WRITE: &str = "WITH moved AS (
                         UPDATE log_head
                         SET position = $3
                         WHERE position = $1
                           AND epoch = $2
                         RETURNING id
                     ), written AS (
                         INSERT INTO events (position, stream, revision, event_id, type, schema_version, recorded_at,
                                             key_ids, body, body_digest, prev_hash, hash)
                         SELECT $1 + row.place, row.stream, row.revision, row.event_id, row.type, row.schema_version,
                                row.recorded_at, row.key_ids, row.body, row.body_digest, row.prev_hash, row.hash
                         FROM moved
                         CROSS JOIN UNNEST($4::text[], $5::bigint[], $6::uuid[], $7::text[], $8::bigint[],
                                           $9::bigint[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[],
                                           $14::bytea[])
                             WITH ORDINALITY AS row (stream, revision, event_id, type, schema_version, recorded_at,
                                                     key_ids, body, body_digest, prev_hash, hash, place)
                     )
                     SELECT count(*)
                     FROM moved";

/// What the groups before left: the heads are true as long as position and epoch are.
#[derive(Default)]
struct Memory {
    known: Known,
    epoch: i64,
}

/// How sure a try has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// Trust the memory and the unique indexes.
    Quick,
    /// Read heads and stored ids under the lock.
    Locked,
}

/// The writing side: one connection, opened when it is first needed and again after a fault.
pub(super) struct PostgresCommitter {
    options: PgConnectOptions,
    /// Whether tables that a log has left are filled.
    fills: bool,
    connection: Option<PgConnection>,
    memory: Option<Memory>,
}

impl PostgresCommitter {
    pub(super) fn new(options: PgConnectOptions, fills: bool) -> Self {
        Self { options, fills, connection: None, memory: None }
    }

    async fn connection(&mut self) -> Result<PgConnection, sqlx::Error> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => {
                // It may be another database by now, put back to an earlier moment.
                self.memory = None;
                self.options.connect().await
            }
        }
    }

    /// Decides and writes a group; `None` when another process was faster.
    async fn transaction(
        &mut self,
        connection: &mut PgConnection,
        group: &[Append],
        care: Care,
    ) -> Result<Option<Decision>, StoreError> {
        if care == Care::Locked {
            let mut tx = connection.begin().await?;
            sqlx::query(
                "SELECT position
                 FROM log_head
                 FOR UPDATE",
            )
            .execute(&mut *tx)
            .await?;
            let mut memory = self.read(&mut tx, group).await?;
            memory.known.places = Some(places(&mut tx, group).await?);
            let Some(decision) = decide(&memory.known, group) else {
                return Err(StoreError::unavailable("undecided"));
            };
            if !write(&mut tx, group, &memory, &decision).await? {
                return Err(Inconsistency::new("log_head", "position", memory.known.position).into());
            }
            tx.commit().await?;
            return Ok(Some(decision));
        }
        let mut memory = match self.memory.take() {
            Some(memory) if group.iter().all(|append| memory.knows(&append.stream)) => memory,
            earlier => self.read(connection, group).await?.joined(earlier),
        };
        let decision = match decide(&memory.known, group) {
            Some(decision) => decision,
            None => {
                memory = self.read(connection, group).await?.joined(Some(memory));
                memory.known.places = Some(places(connection, group).await?);
                let Some(decision) = decide(&memory.known, group) else {
                    return Err(StoreError::unavailable("undecided"));
                };
                decision
            }
        };
        if !write(connection, group, &memory, &decision).await? {
            return Ok(None);
        }
        memory.advance(&decision);
        self.memory = Some(memory);
        Ok(Some(decision))
    }

    /// Reads the end of the log and of the group's streams, as of one moment, where the log is.
    async fn read(&self, connection: &mut PgConnection, group: &[Append]) -> Result<Memory, StoreError> {
        let memory = read(connection, group).await?;
        if memory.epoch < 0 && !self.fills { Err(left::meet()) } else { Ok(memory) }
    }

    /// Runs a group on a connection that is given back only when nothing went wrong.
    async fn attempt(&mut self, group: &[Append], care: Care) -> Result<Option<Decision>, StoreError> {
        let mut connection = within(ANSWER, self.connection()).await?;
        let outcome = within(ANSWER, self.transaction(&mut connection, group, care)).await;
        if outcome.is_err() {
            self.memory = None;
        }
        // One that broke a rule is as good as before.
        if outcome.as_ref().map_or_else(is_constraint, |_| true) {
            self.connection = Some(connection);
        }
        outcome
    }
}

impl Memory {
    fn knows(&self, stream: &str) -> bool {
        self.known.streams.contains_key(stream)
    }

    /// What was read, with what is remembered from before where nobody has written since.
    fn joined(self, earlier: Option<Self>) -> Self {
        match earlier {
            Some(mut earlier) if (earlier.known.position, earlier.epoch) == (self.known.position, self.epoch) => {
                earlier.known.streams.extend(self.known.streams);
                earlier
            }
            _ => self,
        }
    }

    /// Becomes true again after the group was written.
    fn advance(&mut self, decision: &Decision) {
        self.known.position = decision.position;
        self.known.places = None;
        if self.known.streams.len() + decision.heads.len() > HEADS_IN_MEMORY {
            self.known.streams.clear();
        }
        for (stream, head) in &decision.heads {
            let state = StreamState { head: *head, closed: false };
            self.known.streams.insert(stream.clone(), state);
        }
    }
}

#[async_trait]
impl Committer for PostgresCommitter {
    async fn commit(&mut self, group: &[Append]) -> Vec<Result<Appended, AppendError>> {
        match self.attempt(group, Care::Quick).await {
            Ok(Some(decision)) => return decision.outcomes,
            Ok(None) => {}
            Err(error) if is_constraint(&error) => {}
            Err(error) => return all_unavailable(group, &error.to_string()),
        }
        match self.attempt(group, Care::Locked).await {
            Ok(Some(decision)) => return decision.outcomes,
            Ok(None) => return all_unavailable(group, "the log moved under its lock"),
            Err(error) if is_constraint(&error) => {}
            Err(error) => return all_unavailable(group, &error.to_string()),
        }
        // What still breaks a rule of the tables is found by writing the requests one by one.
        let mut outcomes = Vec::with_capacity(group.len());
        for one in group.chunks(1) {
            match self.attempt(one, Care::Locked).await {
                Ok(Some(decision)) => outcomes.extend(decision.outcomes),
                Ok(None) => outcomes.extend(all_unavailable(one, "the log moved under its lock")),
                Err(error) if is_constraint(&error) => {
                    outcomes.push(Err(Inconsistency::new("events", "unique", &one[0].stream).into()));
                }
                Err(error) => outcomes.extend(all_unavailable(one, &error.to_string())),
            }
        }
        outcomes
    }

    async fn close(&mut self, stream: &str) -> Result<(), ReadError> {
        self.memory = None;
        let mut connection = within(ANSWER, self.connection()).await?;
        // The epoch moves with it: whoever decided before the closing writes nothing.
        let close = sqlx::query_scalar(
            "WITH moved AS (
                 UPDATE log_head
                 SET epoch = CASE WHEN epoch < 0 THEN epoch - 1 ELSE epoch + 1 END
                 RETURNING id
             ), closed AS (
                 INSERT INTO closed_streams (stream)
                 SELECT stream
                 FROM moved
                 CROSS JOIN events
                 WHERE stream = $1
                   AND revision = 0
                 ON CONFLICT (stream) DO NOTHING
             )
             SELECT count(*)
             FROM events
             WHERE stream = $1
               AND revision = 0",
        )
        .bind(stream);
        let found: i64 = within(ANSWER, close.fetch_one(&mut connection)).await?;
        self.connection = Some(connection);
        if found == 0 {
            return Err(ReadError::NotFound);
        }
        Ok(())
    }

    async fn erase_bodies(&mut self, stream: &str) -> Result<u64, StoreError> {
        let mut connection = within(ANSWER, self.connection()).await?;
        let changed = sqlx::query(
            "UPDATE events
             SET body = NULL
             WHERE stream = $1
               AND body IS NOT NULL",
        )
        .bind(stream)
        .execute(&mut connection)
        .await?;
        self.connection = Some(connection);
        Ok(changed.rows_affected())
    }
}

/// Reads the end of the log and of the group's streams, as of one moment.
async fn read(connection: &mut PgConnection, group: &[Append]) -> Result<Memory, StoreError> {
    let streams: BTreeSet<&str> = group.iter().map(|append| append.stream.as_str()).collect();
    let rows = sqlx::query(READ).bind(Vec::from_iter(streams)).fetch_all(connection).await?;
    let mut memory = Memory::default();
    for row in &rows {
        let number: i64 = row.try_get(1)?;
        match row.try_get::<Option<String>, _>(0)? {
            None => {
                memory.known.position =
                    u64::try_from(number).map_err(|_| Inconsistency::new("log_head", "position", number))?;
                memory.epoch = row.try_get(2)?;
            }
            Some(stream) => {
                let head = Head::of_row(&stream, number, row.try_get(3)?)?;
                memory.known.streams.insert(stream, StreamState { head, closed: row.try_get(4)? });
            }
        }
    }
    Ok(memory)
}

/// Writes what was accepted; false when the log is no longer where the decision was made.
async fn write(
    connection: &mut PgConnection,
    group: &[Append],
    memory: &Memory,
    decision: &Decision,
) -> Result<bool, StoreError> {
    if decision.accepted.is_empty() {
        return Ok(true);
    }
    let events: Vec<(&str, &ChainedEvent)> = decision
        .accepted
        .iter()
        .flat_map(|index| {
            let append = &group[*index];
            append.events.iter().map(|event| (append.stream.as_str(), event))
        })
        .collect();
    let column =
        |pick: fn(&ChainedEvent) -> &[u8]| -> Vec<&[u8]> { events.iter().map(|(_, event)| pick(event)).collect() };
    let number = |pick: fn(&ChainedEvent) -> i64| -> Vec<i64> { events.iter().map(|(_, event)| pick(event)).collect() };
    let moved: i64 = sqlx::query_scalar(WRITE)
        .bind(memory.known.position.cast_signed())
        .bind(memory.epoch)
        .bind(decision.position.cast_signed())
        .bind(events.iter().map(|(stream, _)| *stream).collect::<Vec<_>>())
        .bind(number(|event| event.revision.cast_signed()))
        .bind(events.iter().map(|(_, event)| event.event_id).collect::<Vec<_>>())
        .bind(events.iter().map(|(_, event)| event.event_type.as_str()).collect::<Vec<_>>())
        .bind(number(|event| i64::from(event.schema_version)))
        .bind(number(|event| event.recorded_at))
        .bind(events.iter().map(|(_, event)| pack_key_ids(&event.key_ids)).collect::<Vec<_>>())
        .bind(column(|event| &event.body))
        .bind(column(|event| event.body_digest.as_bytes()))
        .bind(column(|event| event.prev_hash.as_bytes()))
        .bind(column(|event| event.hash.as_bytes()))
        .fetch_one(connection)
        .await?;
    Ok(moved == 1)
}

/// Looks up which events of the group are stored already.
async fn places(connection: &mut PgConnection, group: &[Append]) -> Result<HashMap<Uuid, Place>, StoreError> {
    let ids: Vec<Uuid> = group.iter().flat_map(|append| append.events.iter()).map(|event| event.event_id).collect();
    let rows = sqlx::query(
        "SELECT event_id, stream, revision, position
         FROM events
         WHERE event_id = ANY($1)",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.iter().map(place).collect()
}

fn place(row: &PgRow) -> Result<(Uuid, Place), StoreError> {
    let (revision, position): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
    let place =
        Place { stream: row.try_get(1)?, revision: revision.cast_unsigned(), position: position.cast_unsigned() };
    Ok((row.try_get(0)?, place))
}

fn is_constraint(error: &StoreError) -> bool {
    let StoreError::Unavailable(cause) = error else {
        return false;
    };
    cause
        .downcast_ref::<sqlx::Error>()
        .and_then(sqlx::Error::as_database_error)
        .is_some_and(|error| error.is_unique_violation() || error.is_check_violation())
}
