//! Whose store this is: a row in the log's database that names the mode it belongs to.
//!
//! It keeps staging away from production's data and the other way round. A server of either mode writes it when it first
//! starts; dev writes none.

use sqlx::{Connection as _, PgConnection};

use super::error::StoreError;
use super::log::postgres::SCHEMA;
use super::sql::{Durability, postgres_options, sqlite};
use super::views::Place;

/// The mode a store belongs to; none where it has no tag yet, or is not there. Nothing is made.
///
/// # Errors
/// When the database cannot be read.
pub async fn read(place: &Place) -> Result<Option<String>, StoreError> {
    match place {
        Place::Folder(folder) => {
            let file = folder.join("log.db");
            let read = move || {
                if !file.try_exists()? {
                    return Ok(None);
                }
                let connection = sqlite::open(&file, Durability::Full, false)?;
                let table = "SELECT name FROM sqlite_schema WHERE name = 'store_mode'";
                if sqlite::query(&connection, table, &[])?.is_empty() {
                    return Ok(None);
                }
                let rows = sqlite::query(&connection, "SELECT mode FROM store_mode", &[])?;
                rows.first().map(|row| row.text(0)).transpose()
            };
            tokio::task::spawn_blocking(read).await.map_err(StoreError::unavailable)?
        }
        Place::Postgres(url) => {
            let mut connection = PgConnection::connect_with(&postgres_options(url, SCHEMA)?).await?;
            let known: bool = sqlx::query_scalar("SELECT to_regclass('candor_log.store_mode') IS NOT NULL")
                .fetch_one(&mut connection)
                .await?;
            let mode = if known {
                sqlx::query_scalar("SELECT mode FROM store_mode").fetch_optional(&mut connection).await?
            } else {
                None
            };
            connection.close().await?;
            Ok(mode)
        }
    }
}

/// Writes the mode into a store without a tag, and returns the mode the store belongs to. The log must have been opened
/// before; of two that write at once one is first, and both get its mode.
///
/// # Errors
/// When the database cannot be written.
pub async fn claim(place: &Place, mode: &str) -> Result<String, StoreError> {
    let sql = place.log().await?;
    let mode = mode.to_owned();
    let claimed = sql
        .write(move |tx| {
            Box::pin(async move {
                tx.execute(
                    "INSERT INTO store_mode (id, mode)
                     VALUES (1, $1)
                     ON CONFLICT (id) DO NOTHING",
                    &[mode.as_str().into()],
                )
                .await?;
                let rows = tx.query("SELECT mode FROM store_mode", &[]).await?;
                rows.first().map(|row| row.text(0)).transpose().map(|found| found.unwrap_or(mode))
            })
        })
        .await;
    sql.close().await;
    claimed
}
