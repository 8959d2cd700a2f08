//! Reading the log from SQLite.

use rusqlite::{Connection, OptionalExtension, Row, Rows};
use uuid::Uuid;

use crate::store::error::{Inconsistency, StoreError};
use crate::store::log::event::{EventRow, leaf};
use crate::store::log::{Direction, Head, Leaf, LogPage, PAGE_BYTES, Position, ReadError, StoredEvent, StreamPage};

const FORWARD: &str =
    "SELECT position, stream, revision, event_id, type, schema_version, recorded_at, key_ids, body, body_digest,
            prev_hash, hash
     FROM events
     WHERE stream = ?1
       AND revision >= ?2
     ORDER BY revision
     LIMIT ?3";

const BACKWARD: &str =
    "SELECT position, stream, revision, event_id, type, schema_version, recorded_at, key_ids, body, body_digest,
            prev_hash, hash
     FROM events
     WHERE stream = ?1
       AND revision <= ?2
     ORDER BY revision DESC
     LIMIT ?3";

const ALL: &str =
    "SELECT position, stream, revision, event_id, type, schema_version, recorded_at, key_ids, body, body_digest,
            prev_hash, hash
     FROM events
     WHERE position > ?1
     ORDER BY position
     LIMIT ?2";

const LEAVES: &str = "SELECT position, event_id, hash
                      FROM events
                      WHERE position > ?1
                      ORDER BY position
                      LIMIT ?2";

const HEAD: &str = "SELECT revision, hash
                    FROM events
                    WHERE stream = ?1
                    ORDER BY revision DESC
                    LIMIT 1";

fn number(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

pub(super) fn stream(
    connection: &mut Connection,
    stream: &str,
    from: u64,
    direction: Direction,
    limit: usize,
) -> Result<StreamPage, ReadError> {
    // One transaction, so that the head and the events are of one moment.
    let tx = connection.transaction().map_err(StoreError::from)?;
    let head = head(&tx, stream)?.ok_or(ReadError::NotFound)?;
    let sql = match direction {
        Direction::Forward => FORWARD,
        Direction::Backward => BACKWARD,
    };
    let mut statement = tx.prepare_cached(sql).map_err(StoreError::from)?;
    let rows = statement.query((stream, number(from), number(limit))).map_err(StoreError::from)?;
    Ok(StreamPage { events: page(rows)?.0, head })
}

pub(super) fn all(connection: &Connection, after: Option<Position>, limit: usize) -> Result<LogPage, StoreError> {
    let mut statement = connection.prepare_cached(ALL)?;
    let rows = statement.query((Position::above(after), number(limit)))?;
    let (events, ended) = page(rows)?;
    let caught_up = ended && events.len() < limit;
    Ok(LogPage { next: events.last().map(|event| event.position).or(after), caught_up, events })
}

/// The events of some rows up to the bytes of a page, and whether those are all rows.
fn page(mut rows: Rows<'_>) -> Result<(Vec<StoredEvent>, bool), StoreError> {
    let (mut events, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES {
        let Some(row) = rows.next()? else { return Ok((events, true)) };
        let event = event(row)?;
        bytes += event.body.as_ref().map_or(0, Vec::len);
        events.push(event);
    }
    Ok((events, false))
}

pub(super) fn leaves(connection: &Connection, after: Option<Position>, limit: usize) -> Result<Vec<Leaf>, StoreError> {
    let mut statement = connection.prepare_cached(LEAVES)?;
    let mut rows = statement.query((Position::above(after), number(limit)))?;
    let mut leaves = Vec::with_capacity(limit);
    while let Some(row) = rows.next()? {
        let position: i64 = row.get(0)?;
        let hash = row.get_ref(2)?.as_blob().map_err(StoreError::unavailable)?;
        leaves.push(leaf(position, uuid(row, 1)?, hash)?);
    }
    Ok(leaves)
}

pub(super) fn head(connection: &Connection, stream: &str) -> Result<Option<Head>, StoreError> {
    let mut statement = connection.prepare_cached(HEAD)?;
    let mut rows = statement.query((stream,))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let hash = row.get_ref(1)?.as_blob().map_err(StoreError::unavailable)?;
    Ok(Some(Head::of_row(stream, row.get(0)?, hash)?))
}

pub(super) fn last_position(connection: &Connection) -> Result<Option<Position>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT position FROM log_head")?;
    let position: Option<i64> = statement.query_row((), |row| row.get(0)).optional()?;
    let position = position.ok_or_else(|| Inconsistency::new("log_head", "position", "its only row"))?;
    let number = u64::try_from(position).map_err(|_| Inconsistency::new("log_head", "position", position))?;
    Ok((number > 0).then(|| Position::sequence(number)))
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> Result<Uuid, StoreError> {
    let bytes = row.get_ref(column)?.as_blob().map_err(StoreError::unavailable)?;
    Uuid::from_slice(bytes).map_err(|_| Inconsistency::new("events", "event_id", "an id that is none").into())
}

fn event(row: &Row<'_>) -> Result<StoredEvent, StoreError> {
    let blob = |column| row.get_ref(column)?.as_blob().map_err(StoreError::unavailable);
    let row = EventRow {
        position: row.get(0)?,
        stream: row.get(1)?,
        revision: row.get(2)?,
        event_id: uuid(row, 3)?,
        event_type: row.get(4)?,
        schema_version: row.get(5)?,
        recorded_at: row.get(6)?,
        key_ids: blob(7)?,
        body: row.get(8)?,
        body_digest: blob(9)?,
        prev_hash: blob(10)?,
        hash: blob(11)?,
    };
    Ok(row.try_into()?)
}
