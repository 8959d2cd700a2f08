//! The counts of refusals, in a table beside the log.

use async_trait::async_trait;

use super::error::StoreError;
use super::sql::Sql;
use crate::domain::Instant;
use crate::domain::invariants::Violation;
use crate::engine::ports::refusals::{Refusal, Refusals, RefusalsError};

/// The table, in the database of the log.
pub struct RefusalTable {
    sql: Sql,
}

impl RefusalTable {
    /// Counts in a database whose log has been opened before.
    #[must_use]
    pub fn new(sql: Sql) -> Self {
        Self { sql }
    }
}

fn unavailable(error: impl std::fmt::Display) -> RefusalsError {
    RefusalsError(error.to_string())
}

#[async_trait]
impl Refusals for RefusalTable {
    async fn count(&self, violation: &Violation, now: Instant) -> Result<(), RefusalsError> {
        metrics::counter!("candor_refusals_total", "rule" => violation.rule).increment(1);
        let args = vec![violation.rule.into(), violation.field.as_str().into(), now.timestamp_micros().into()];
        let counted = self.sql.write(move |tx| {
            Box::pin(async move {
                tx.execute(
                    "INSERT INTO refusals (rule, field, count, last_at)
                     VALUES ($1, $2, 1, $3)
                     ON CONFLICT (rule, field) DO UPDATE
                     SET count = refusals.count + 1,
                         last_at = EXCLUDED.last_at",
                    &args,
                )
                .await
            })
        });
        counted.await.map(|_| ()).map_err(|error: StoreError| unavailable(error))
    }

    async fn list(&self) -> Result<Vec<Refusal>, RefusalsError> {
        let rows = self
            .sql
            .query("SELECT rule, field, count, last_at FROM refusals ORDER BY count DESC, rule, field", &[])
            .await
            .map_err(unavailable)?;
        rows.iter()
            .map(|row| {
                let last_at = row.int(3).map_err(unavailable)?;
                Ok(Refusal {
                    rule: row.text(0).map_err(unavailable)?,
                    field: row.text(1).map_err(unavailable)?,
                    count: row.int(2).map_err(unavailable)?.cast_unsigned(),
                    last_at: Instant::from_timestamp_micros(last_at)
                        .ok_or_else(|| unavailable("a time that is none"))?,
                })
            })
            .collect()
    }
}
