//! Who the first person of a store will be: a row in the log's database.
//!
//! Two processes that begin on an empty store at once would each make up a person; here they learn of the same one.

use super::error::{Inconsistency, StoreError};
use super::views::Place;
use crate::domain::person::PersonId;

/// Proposes who the first person will be, and returns who it is: of two that propose at once one is first, and both get its
/// answer. One who was erased since is nobody's answer any more. The log must have been opened before.
///
/// # Errors
/// When the database cannot be written.
pub async fn agree(place: &Place, proposed: PersonId, gone: &[PersonId]) -> Result<PersonId, StoreError> {
    let sql = place.log().await?;
    let gone: Vec<String> = gone.iter().map(ToString::to_string).collect();
    let agreed = sql
        .write(move |tx| {
            Box::pin(async move {
                tx.execute(
                    "INSERT INTO newcomer (id, person)
                     VALUES (1, $1)
                     ON CONFLICT (id) DO NOTHING",
                    &[proposed.to_string().into()],
                )
                .await?;
                for gone in gone {
                    tx.execute(
                        "UPDATE newcomer SET person = $1 WHERE person = $2",
                        &[proposed.to_string().into(), gone.into()],
                    )
                    .await?;
                }
                let rows = tx.query("SELECT person FROM newcomer", &[]).await?;
                let text = rows.first().map_or_else(|| Ok(proposed.to_string()), |row| row.text(0))?;
                text.parse().map_err(|_| Inconsistency::new("newcomer", "person", "an id").into())
            })
        })
        .await;
    sql.close().await;
    agreed
}
