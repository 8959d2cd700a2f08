//! Reading the log from PostgreSQL.

use crate::store::error::{Inconsistency, StoreError};
use crate::store::log::event::{EventRow, leaf};
use crate::store::log::{Direction, Head, Leaf, LogPage, PAGE_BYTES, Position, ReadError, StoredEvent, StreamPage};
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgExecutor, PgPool, Postgres, Row};

/// The events of a page: at most `$2`, and those that begin before `$3` bytes of bodies are full. The server sends nothing beyond,
/// since what it has sent must be read to its end, wanted or not.
macro_rules! page {
    ($which:literal, $order:literal) => {
        concat!(
            "WITH page AS NOT MATERIALIZED (
                 SELECT *
                 FROM events
                 WHERE ",
            $which,
            "
                 ORDER BY ",
            $order,
            "
                 LIMIT $2
             ), sized AS NOT MATERIALIZED (
                 SELECT *, sum(octet_length(body)) OVER (ORDER BY ",
            $order,
            " ROWS UNBOUNDED PRECEDING) AS bytes
                 FROM page
             )
             SELECT position, stream, revision, event_id, type, schema_version, recorded_at, key_ids, body, body_digest,
                    prev_hash, hash
             FROM sized
             WHERE coalesce(bytes, 0) - coalesce(octet_length(body), 0) < $3
             ORDER BY ",
            $order
        )
    };
}

fn number(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

async fn events(
    query: Query<'_, Postgres, PgArguments>,
    executor: impl PgExecutor<'_>,
) -> Result<Vec<StoredEvent>, StoreError> {
    query.fetch(executor).map(|row| event(&row?)).try_collect().await
}

pub(super) async fn stream(
    pool: &PgPool,
    stream: &str,
    from: u64,
    direction: Direction,
    limit: usize,
) -> Result<StreamPage, ReadError> {
    let sql = match direction {
        Direction::Forward => page!("stream = $4 AND revision >= $1", "revision"),
        Direction::Backward => page!("stream = $4 AND revision <= $1", "revision DESC"),
    };
    // One transaction, so that the head and the events are of one moment.
    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let head = head(&mut *tx, stream).await?.ok_or(ReadError::NotFound)?;
    let query = sqlx::query(sql).bind(number(from)).bind(number(limit)).bind(number(PAGE_BYTES)).bind(stream);
    let events = events(query, &mut *tx).await?;
    tx.rollback().await?;
    Ok(StreamPage { events, head })
}

pub(super) async fn all(pool: &PgPool, after: Option<Position>, limit: usize) -> Result<LogPage, StoreError> {
    let query = sqlx::query(page!("position > $1", "position"));
    let query = query.bind(Position::above(after)).bind(number(limit)).bind(number(PAGE_BYTES));
    let events = events(query, pool).await?;
    let bytes: usize = events.iter().filter_map(|event| event.body.as_ref()).map(Vec::len).sum();
    let caught_up = events.len() < limit && bytes < PAGE_BYTES;
    Ok(LogPage { next: events.last().map(|event| event.position).or(after), caught_up, events })
}

pub(super) async fn leaves(pool: &PgPool, after: Option<Position>, limit: usize) -> Result<Vec<Leaf>, StoreError> {
    let rows = sqlx::query(
        "SELECT position, event_id, hash
         FROM events
         WHERE position > $1
         ORDER BY position
         LIMIT $2",
    )
    .bind(Position::above(after))
    .bind(number(limit))
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| leaf(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)).collect()
}

pub(super) async fn head(executor: impl PgExecutor<'_>, stream: &str) -> Result<Option<Head>, StoreError> {
    let row = sqlx::query(
        "SELECT revision, hash
         FROM events
         WHERE stream = $1
         ORDER BY revision DESC
         LIMIT 1",
    )
    .bind(stream)
    .fetch_optional(executor)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Head::of_row(stream, row.try_get(0)?, row.try_get(1)?)?))
}

pub(super) async fn last_position(pool: &PgPool) -> Result<Option<Position>, StoreError> {
    let position: i64 = sqlx::query_scalar(
        "SELECT position
         FROM log_head",
    )
    .fetch_one(pool)
    .await?;
    let number = u64::try_from(position).map_err(|_| Inconsistency::new("log_head", "position", position))?;
    Ok((number > 0).then(|| Position::sequence(number)))
}

fn event(row: &PgRow) -> Result<StoredEvent, StoreError> {
    let row = EventRow {
        position: row.try_get(0)?,
        stream: row.try_get(1)?,
        revision: row.try_get(2)?,
        event_id: row.try_get(3)?,
        event_type: row.try_get(4)?,
        schema_version: row.try_get(5)?,
        recorded_at: row.try_get(6)?,
        key_ids: row.try_get(7)?,
        body: row.try_get(8)?,
        body_digest: row.try_get(9)?,
        prev_hash: row.try_get(10)?,
        hash: row.try_get(11)?,
    };
    Ok(row.try_into()?)
}
