//! Mornings as rows.

use async_trait::async_trait;

use super::{JobTables, unavailable};
use crate::domain::day::LocalDay;
use crate::domain::person::PersonId;
use crate::engine::ports::jobs::QueueError;
use crate::engine::ports::mornings::{Mornings, Rate};
use crate::store::error::StoreError;

impl JobTables {
    async fn write_morning(&self, person: PersonId, day: LocalDay, done: bool) -> Result<(), StoreError> {
        let args = [person.to_string().into(), day.number().into(), done.into()];
        let written = self.sql.write(move |tx| {
            Box::pin(async move {
                tx.execute(
                    "INSERT INTO mornings (person, day, done)
                     VALUES ($1, $2, $3)
                     ON CONFLICT (person, day) DO UPDATE
                     SET done = EXCLUDED.done
                     WHERE mornings.done < EXCLUDED.done",
                    &args,
                )
                .await
            })
        });
        written.await.map(|_: u64| ())
    }

    async fn read_rate(&self, last: LocalDay, days: u32) -> Result<Rate, StoreError> {
        let first = last.number() - i32::try_from(days).unwrap_or(i32::MAX) + 1;
        let args = [first.into(), last.number().into()];
        // One row a person: the first day of theirs that counts, and how many went well from the window's first on.
        let found = self.sql.query(
            "SELECT MIN(CASE WHEN day < $1 THEN $1 ELSE day END), COUNT(CASE WHEN day >= $1 AND done = 1 THEN 1 END)
             FROM mornings
             WHERE day <= $2
             GROUP BY person
             -- Who was not seen any more when others were has left.
             HAVING MAX(day) >= (SELECT MAX(day) FROM mornings WHERE day <= $2) - 1",
            &args,
        );
        let mut rate = Rate::default();
        for row in found.await? {
            let of_person = i64::from(last.number()) - row.int(0)? + 1;
            rate.days += u32::try_from(of_person).unwrap_or(0);
            rate.succeeded += u32::try_from(row.int(1)?).unwrap_or(0);
        }
        Ok(rate)
    }
}

#[async_trait]
impl Mornings for JobTables {
    async fn note(&self, person: PersonId, day: LocalDay, done: bool) -> Result<(), QueueError> {
        self.write_morning(person, day, done).await.map_err(unavailable)
    }

    async fn rate(&self, last: LocalDay, days: u32) -> Result<Rate, QueueError> {
        self.read_rate(last, days).await.map_err(unavailable)
    }

    async fn forget(&self, before: LocalDay) -> Result<(), QueueError> {
        let args = [before.number().into()];
        let forgotten = self
            .sql
            .write(move |tx| Box::pin(async move { tx.execute("DELETE FROM mornings WHERE day < $1", &args).await }));
        forgotten.await.map(|_: u64| ()).map_err(|error: StoreError| unavailable(error))
    }
}
