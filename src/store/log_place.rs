//! Where the events of a store lie: a row in the log's database.
//!
//! The read models name positions of one log. A process that is set to another one would take in nothing, or everything once
//! more, so it is refused until the store was moved. Tables that a log has left have a negative epoch, and take in nothing.

use super::error::{Inconsistency, StoreError};
use super::sql::{Sql, SqlTx};
use super::views;

const PLACE: &str = "SELECT place FROM log_place";

/// Where events lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPlace {
    /// In the tables of this store.
    Tables,
    /// On a cluster.
    Cluster,
}

impl LogPlace {
    const fn name(self) -> &'static str {
        match self {
            Self::Tables => "tables",
            Self::Cluster => "cluster",
        }
    }

    fn of(name: &str) -> Result<Self, StoreError> {
        let found = [Self::Tables, Self::Cluster].into_iter().find(|place| place.name() == name);
        found.ok_or_else(|| Inconsistency::new("log_place", "place", name).into())
    }
}

/// Where the log of a store lies; a store that was never opened takes the place that is wanted, unless it has events already.
///
/// # Errors
/// When the database does not answer.
pub async fn settle(tables: &Sql, wanted: LogPlace) -> Result<LogPlace, StoreError> {
    if let Some(place) = settled(tables).await? {
        return Ok(place);
    }
    let written = tables.write(move |tx| {
        Box::pin(async move {
            tx.execute(
                "INSERT INTO log_place (id, place)
                 SELECT 1, CASE WHEN position > 0 THEN 'tables' ELSE $1 END
                 FROM log_head
                 WHERE TRUE
                 ON CONFLICT (id) DO NOTHING",
                &[wanted.name().into()],
            )
            .await?;
            let rows = tx.query(PLACE, &[]).await?;
            rows.first().map_or(Ok(wanted), |row| LogPlace::of(&row.text(0)?))
        })
    });
    written.await
}

/// Where the log of a store lies; nothing while that was not settled.
///
/// # Errors
/// When the database does not answer.
pub async fn settled(tables: &Sql) -> Result<Option<LogPlace>, StoreError> {
    let rows = tables.query(PLACE, &[]).await?;
    rows.first().map(|row| LogPlace::of(&row.text(0)?)).transpose()
}

/// From now on the log lies on the cluster, where its first so many events are; false where the tables hold more by now. The
/// tables take in nothing any more, so that a process that goes on with them is refused.
///
/// # Errors
/// When a database does not answer.
pub async fn leave_tables(place: &views::Place, tables: &Sql, events: u64) -> Result<bool, StoreError> {
    let next = views::next_generation(place, tables).await?;
    let left = tables.write(move |tx| {
        Box::pin(async move {
            let left = tx
                .execute(
                    "UPDATE log_head
                     SET epoch = -1 - epoch
                     WHERE epoch >= 0
                       AND position = $1",
                    &[events.cast_signed().into()],
                )
                .await?;
            if left == 1 {
                lies(tx, LogPlace::Cluster, next).await?;
            }
            Ok(left == 1)
        })
    });
    left.await
}

/// The tables take events in again: a log that was moved away comes back into them.
///
/// # Errors
/// When the database does not answer.
pub async fn open_tables(tables: &Sql) -> Result<(), StoreError> {
    let opened = tables.write(|tx| {
        Box::pin(tx.execute(
            "UPDATE log_head
             SET epoch = -1 - epoch
             WHERE epoch < 0",
            &[],
        ))
    });
    opened.await.map(|_| ())
}

/// From now on the log lies in the tables.
///
/// # Errors
/// When a database does not answer.
pub async fn back_in_tables(place: &views::Place, tables: &Sql) -> Result<(), StoreError> {
    let next = views::next_generation(place, tables).await?;
    tables.write(move |tx| Box::pin(lies(tx, LogPlace::Tables, next))).await
}

/// Says where the log lies. The read models begin anew: their positions are those of the log before.
async fn lies(tx: &mut SqlTx, at: LogPlace, next: i64) -> Result<(), StoreError> {
    views::show(tx, next).await?;
    tx.execute(
        "INSERT INTO log_place (id, place)
         VALUES (1, $1)
         ON CONFLICT (id) DO UPDATE
         SET place = EXCLUDED.place",
        &[at.name().into()],
    )
    .await
    .map(|_| ())
}
