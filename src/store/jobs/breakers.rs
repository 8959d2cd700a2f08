//! Breakers as rows.

use std::time::Duration;

use async_trait::async_trait;

use super::{JobTables, rows, time, unavailable};
use crate::domain::Instant;
use crate::engine::ports::breakers::{Breaker, Breakers};
use crate::engine::ports::jobs::QueueError;
use crate::store::error::StoreError;
use crate::store::sql::Row;

/// The breaker of a row whose columns begin with its failures.
fn breaker(row: &Row, from: usize) -> Result<Breaker, StoreError> {
    Ok(Breaker {
        failures: rows::count(row, from)?,
        open_until: rows::opt_instant(row, from + 1)?,
        wait: Duration::from_millis(row.int(from + 2)?.unsigned_abs()),
    })
}

impl JobTables {
    async fn read_breaker(&self, name: &str) -> Result<(Breaker, i64), StoreError> {
        let args = [name.into()];
        let found = self.sql.query(
            "SELECT failures, open_until, wait, version
             FROM breakers
             WHERE name = $1",
            &args,
        );
        match found.await?.first() {
            None => Ok((Breaker::default(), 0)),
            Some(row) => Ok((breaker(row, 0)?, row.int(3)?)),
        }
    }

    async fn write_breaker(&self, name: String, version: i64, breaker: Breaker) -> Result<bool, StoreError> {
        let wait = i64::try_from(breaker.wait.as_millis()).unwrap_or(i64::MAX);
        let args = [
            name.into(),
            breaker.failures.into(),
            breaker.open_until.map(|until| until.timestamp_micros()).into(),
            wait.into(),
            version.into(),
        ];
        let written = self.sql.write(move |tx| {
            Box::pin(async move {
                tx.execute(
                    "INSERT INTO breakers (name, failures, open_until, wait, version)
                     VALUES ($1, $2, $3, $4, $5 + 1)
                     ON CONFLICT (name) DO UPDATE
                     SET failures = EXCLUDED.failures,
                         open_until = EXCLUDED.open_until,
                         wait = EXCLUDED.wait,
                         version = EXCLUDED.version
                     WHERE breakers.version = EXCLUDED.version - 1",
                    &args,
                )
                .await
            })
        });
        written.await.map(|rows: u64| rows == 1)
    }

    async fn list_open(&self, now: Instant) -> Result<Vec<(String, Breaker)>, StoreError> {
        let args = [time(now)];
        let found = self.sql.query(
            "SELECT name, failures, open_until, wait
             FROM breakers
             WHERE open_until > $1
             ORDER BY name",
            &args,
        );
        found.await?.iter().map(|row| Ok((row.text(0)?, breaker(row, 1)?))).collect()
    }
}

#[async_trait]
impl Breakers for JobTables {
    async fn breaker(&self, name: &str) -> Result<(Breaker, i64), QueueError> {
        self.read_breaker(name).await.map_err(unavailable)
    }

    async fn set_breaker(&self, name: &str, version: i64, breaker: Breaker) -> Result<bool, QueueError> {
        self.write_breaker(name.to_owned(), version, breaker).await.map_err(unavailable)
    }

    async fn open_breakers(&self, now: Instant) -> Result<Vec<(String, Breaker)>, QueueError> {
        self.list_open(now).await.map_err(unavailable)
    }
}
