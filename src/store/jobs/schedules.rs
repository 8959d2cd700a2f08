//! What is due by the clock.

use super::{JobTables, order, rows, time};
use crate::domain::Instant;
use crate::engine::ports::jobs::NewJob;
use crate::store::error::StoreError;

impl JobTables {
    pub(super) async fn next_due(&self, name: &str, cron: &str) -> Result<Option<Instant>, StoreError> {
        let args = [name.into(), cron.into()];
        let found = self.sql.query(
            "SELECT next_at
             FROM schedules
             WHERE name = $1
               AND cron = $2",
            &args,
        );
        found.await?.first().map(|row| rows::instant(row, 0)).transpose()
    }

    pub(super) async fn fire_once(
        &self,
        name: String,
        cron: String,
        due: Option<Instant>,
        next: Instant,
        jobs: Vec<NewJob>,
    ) -> Result<bool, StoreError> {
        let fired = self.sql.write(move |tx| {
            Box::pin(async move {
                let moved = match due {
                    None => {
                        // A rule that was changed begins anew.
                        tx.execute(
                            "INSERT INTO schedules (name, cron, next_at, last_at)
                             VALUES ($1, $2, $3, NULL)
                             ON CONFLICT (name) DO UPDATE
                             SET cron = EXCLUDED.cron,
                                 next_at = EXCLUDED.next_at
                             WHERE schedules.cron <> EXCLUDED.cron",
                            &[name.into(), cron.into(), time(next)],
                        )
                        .await?
                    }
                    Some(due) => {
                        tx.execute(
                            "UPDATE schedules
                             SET next_at = $3,
                                 last_at = $2
                             WHERE name = $1
                               AND next_at = $2",
                            &[name.into(), time(due), time(next)],
                        )
                        .await?
                    }
                };
                if moved == 0 {
                    return Ok(false);
                }
                for job in &jobs {
                    order(tx, job, job.run_at).await?;
                }
                Ok(true)
            })
        });
        fired.await
    }
}
