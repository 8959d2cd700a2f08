//! What is kept of jobs that ended: counted, ordered again, and forgotten in time.

use uuid::Uuid;

use super::{JobTables, lists, order, rows, time};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::engine::ports::jobs::{NewJob, Priority, Replay, Standing};
use crate::store::error::StoreError;
use crate::store::sql::Row;

impl JobTables {
    pub(super) async fn order_again(
        &self,
        person: Option<PersonId>,
        job: Uuid,
        again: Uuid,
        now: Instant,
    ) -> Result<Replay, StoreError> {
        let replayed = self.sql.write(move |tx| {
            Box::pin(async move {
                let args = [job.to_string().into(), person.map(|person| person.to_string()).into(), time(now)];
                // Who marks it first orders it; whoever comes second waits here and then sees what the first made.
                let marked = tx
                    .query(
                        "UPDATE job_dead_letters
                         SET replayed_at = COALESCE(replayed_at, $3)
                         WHERE job = $1
                           AND ($2 IS NULL OR person = $2)
                         RETURNING kind, key, person, payload,
                                   COALESCE((SELECT max_attempts FROM jobs WHERE jobs.job = job_dead_letters.job), attempts),
                                   replayed_as",
                        &args,
                    )
                    .await?;
                let Some(row) = marked.first() else { return Ok(Replay::Unknown) };
                if row.opt_text(5)?.is_some() {
                    return rows::id(row, 5).map(Replay::Before);
                }
                let new = NewJob {
                    id: again,
                    kind: row.text(0)?,
                    key: row.text(1)?,
                    person: rows::person(row, 2)?,
                    payload: row.text(3)?,
                    // A person waits for it.
                    priority: Priority::Live,
                    run_at: now,
                    max_attempts: rows::count(row, 4)?.max(1),
                };
                let waits = order(tx, &new, now).await?;
                let args = [job.to_string().into(), waits.to_string().into()];
                tx.execute("UPDATE job_dead_letters SET replayed_as = $2 WHERE job = $1", &args).await?;
                Ok(Replay::As(waits))
            })
        });
        replayed.await
    }

    pub(super) async fn count_standings(&self, now: Instant) -> Result<Vec<Standing>, StoreError> {
        let args = [time(now)];
        let found = self.sql.query(
            "SELECT kind, state, COUNT(*), MIN(CASE WHEN state = 'ready' AND run_at <= $1 THEN run_at END)
             FROM jobs
             GROUP BY kind, state
             ORDER BY kind, state",
            &args,
        );
        let standing = |row: &Row| {
            Ok(Standing {
                kind: row.text(0)?,
                state: lists::state(row, 1)?,
                count: row.int(2)?.unsigned_abs(),
                oldest: rows::opt_instant(row, 3)?,
            })
        };
        found.await?.iter().map(standing).collect()
    }

    pub(super) async fn forget_ended(&self, done: Instant, given_up: Instant) -> Result<u64, StoreError> {
        let forgotten = self.sql.write(move |tx| {
            Box::pin(async move {
                // Their attempts go with them.
                let jobs = tx
                    .execute(
                        "DELETE FROM jobs
                         WHERE state = 'done' AND ended_at < $1
                            OR state = 'dead' AND ended_at < $2",
                        &[time(done), time(given_up)],
                    )
                    .await?;
                tx.execute("DELETE FROM job_dead_letters WHERE died_at < $1", &[time(given_up)]).await?;
                // What still waits may have been put off a hundred times.
                tx.execute(
                    "DELETE FROM job_runs
                     WHERE ended_at < $1
                       AND job IN (SELECT job FROM jobs WHERE state IN ('ready', 'running'))",
                    &[time(done)],
                )
                .await?;
                Ok(jobs)
            })
        });
        forgotten.await
    }
}
