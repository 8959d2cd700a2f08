//! Where the events of a store lie: a row in the log's database.
//!
//! The read models name positions of one log. A process that is set to another one would take in nothing, or everything once
//! more, so it is refused until the store was moved.

use super::error::{Inconsistency, StoreError};
use super::sql::Sql;
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

/// From now on the log lies on the cluster, where its first so many events are, and the tables take in nothing any more; false
/// where they hold more by now, or were left already. `next` is an empty generation of read models.
///
/// # Errors
/// When the database does not answer.
pub async fn leave_tables(tables: &Sql, events: u64, next: i64) -> Result<bool, StoreError> {
    const LEAVE: &str = "UPDATE log_head
                         SET epoch = -1 - epoch
                         WHERE epoch >= 0
                           AND position = $1";
    move_to(tables, LogPlace::Cluster, LEAVE, events, next).await
}

/// From now on the log lies in the tables, which hold so many events; false where they do not, or it lies there already.
///
/// # Errors
/// When the database does not answer.
pub async fn back_in_tables(tables: &Sql, events: u64, next: i64) -> Result<bool, StoreError> {
    const COME: &str = "UPDATE log_head
                        SET epoch = CASE WHEN epoch < 0 THEN -1 - epoch ELSE epoch END
                        WHERE position = $1
                          AND EXISTS (SELECT 1 FROM log_place WHERE place = 'cluster')";
    move_to(tables, LogPlace::Tables, COME, events, next).await
}

/// Turns the tables, and says in the same transaction where the log lies. The read models begin anew: their positions are
/// those of the log before.
async fn move_to(tables: &Sql, to: LogPlace, turn: &'static str, events: u64, next: i64) -> Result<bool, StoreError> {
    let moved = tables.write(move |tx| {
        Box::pin(async move {
            // One that was shown meanwhile would not be empty.
            if !views::is_next(tx, next).await? || tx.execute(turn, &[events.cast_signed().into()]).await? != 1 {
                return Ok(false);
            }
            views::show(tx, next).await?;
            tx.execute(
                "INSERT INTO log_place (id, place)
                 VALUES (1, $1)
                 ON CONFLICT (id) DO UPDATE
                 SET place = EXCLUDED.place",
                &[to.name().into()],
            )
            .await?;
            Ok(true)
        })
    });
    moved.await
}
