//! Where the events of a store lie: a row in the log's database.
//!
//! The read models name positions of one log. A process that is set to another one would take in nothing, or everything once
//! more, so it is refused until the store was moved.

use super::error::{Inconsistency, StoreError};
use super::sql::Sql;
use super::views;

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
    const PLACE: &str = "SELECT place FROM log_place";
    if let Some(row) = tables.query(PLACE, &[]).await?.first() {
        return LogPlace::of(&row.text(0)?);
    }
    let settled = tables.write(move |tx| {
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
    settled.await
}

/// From now on the log of a store lies elsewhere, where the same events are. The read models begin anew: their positions
/// are those of the log before.
///
/// # Errors
/// When a database does not answer.
pub async fn moved(place: &views::Place, tables: &Sql, to: LogPlace) -> Result<(), StoreError> {
    let next = views::next_generation(place, tables).await?;
    let moved = tables.write(move |tx| {
        Box::pin(async move {
            views::show(tx, next).await?;
            tx.execute(
                "INSERT INTO log_place (id, place)
                 VALUES (1, $1)
                 ON CONFLICT (id) DO UPDATE
                 SET place = EXCLUDED.place",
                &[to.name().into()],
            )
            .await
        })
    });
    moved.await.map(|_| ())
}
