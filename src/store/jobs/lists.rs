//! Jobs, attempts and dead letters as they are shown.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{JobTables, rows, time};
use crate::domain::Instant;
use crate::engine::ports::jobs::{DeadLetter, Job, JobRun, JobState, Page, Place};
use crate::store::error::{Inconsistency, StoreError};
use crate::store::sql::{Row, Value};

/// Whose, after which instant and id, and how many: the first four arguments of every list.
fn paged(page: Page) -> Vec<Value> {
    let after = page.after.unwrap_or(Place { at: Instant::MAX_UTC, job: Uuid::max(), run: 0 });
    vec![
        page.person.map(|person| person.to_string()).into(),
        time(after.at),
        after.job.to_string().into(),
        page.limit.into(),
    ]
}

impl JobTables {
    pub(super) async fn last_done_of(&self, key: &str) -> Result<Option<Instant>, StoreError> {
        let args = [key.into()];
        let found = self.sql.query(
            "SELECT MAX(ended_at)
             FROM jobs
             WHERE key = $1
               AND state = 'done'",
            &args,
        );
        let found = found.await?;
        found.first().map_or(Ok(None), |row| rows::opt_instant(row, 0))
    }

    pub(super) async fn list_jobs(&self, page: Page, state: Option<JobState>) -> Result<Vec<Job>, StoreError> {
        let mut args = paged(page);
        args.push(state.map(JobState::key).into());
        let found = self.sql.query(
            "SELECT job, kind, state, attempt, max_attempts, run_at, created_at, ended_at
             FROM jobs
             WHERE ($1 IS NULL OR person = $1)
               AND (created_at < $2 OR created_at = $2 AND job < $3)
               AND ($5 IS NULL OR state = $5)
             ORDER BY created_at DESC, job DESC
             LIMIT $4",
            &args,
        );
        found.await?.iter().map(job).collect()
    }

    pub(super) async fn list_runs(&self, page: Page, of: Option<Uuid>) -> Result<Vec<JobRun>, StoreError> {
        let mut args = paged(page);
        args.extend([of.map(|job| job.to_string()).into(), page.after.map_or(0, |after| after.run).into()]);
        let found = self.sql.query(
            "SELECT job_runs.job, kind, run, job_runs.started_at, job_runs.ended_at, outcome, code, reason, steps
             FROM job_runs
             JOIN jobs ON jobs.job = job_runs.job
             WHERE ($1 IS NULL OR person = $1)
               AND (job_runs.ended_at < $2
                    OR job_runs.ended_at = $2 AND (job_runs.job < $3 OR job_runs.job = $3 AND run < $6))
               AND ($5 IS NULL OR job_runs.job = $5)
             ORDER BY job_runs.ended_at DESC, job_runs.job DESC, run DESC
             LIMIT $4",
            &args,
        );
        found.await?.iter().map(run).collect()
    }

    pub(super) async fn list_dead_letters(&self, page: Page) -> Result<Vec<DeadLetter>, StoreError> {
        let args = paged(page);
        let found = self.sql.query(
            "SELECT job, kind, payload, attempts, code, reason, died_at, replayed_as
             FROM job_dead_letters
             WHERE ($1 IS NULL OR person = $1)
               AND (died_at < $2 OR died_at = $2 AND job < $3)
             ORDER BY died_at DESC, job DESC
             LIMIT $4",
            &args,
        );
        found.await?.iter().map(dead_letter).collect()
    }
}

/// The state that a column names.
pub(super) fn state(row: &Row, column: usize) -> Result<JobState, StoreError> {
    let state = row.text(column)?;
    let known = JobState::ALL.into_iter().find(|known| known.key() == state);
    known.ok_or_else(|| Inconsistency::new("jobs", "state", "no state of a job").into())
}

fn job(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        id: rows::id(row, 0)?,
        kind: row.text(1)?,
        state: state(row, 2)?,
        attempt: rows::count(row, 3)?,
        max_attempts: rows::count(row, 4)?,
        run_at: rows::instant(row, 5)?,
        created_at: rows::instant(row, 6)?,
        ended_at: rows::opt_instant(row, 7)?,
    })
}

fn run(row: &Row) -> Result<JobRun, StoreError> {
    let steps: BTreeMap<String, u64> = serde_json::from_str(&row.text(8)?)
        .map_err(|_| Inconsistency::new("job_runs", "steps", "no object of milliseconds"))?;
    Ok(JobRun {
        job: rows::id(row, 0)?,
        kind: row.text(1)?,
        run: rows::count(row, 2)?,
        started_at: rows::instant(row, 3)?,
        ended_at: rows::instant(row, 4)?,
        outcome: row.text(5)?,
        fault: row.opt_text(6)?.zip(row.opt_text(7)?),
        steps,
    })
}

fn dead_letter(row: &Row) -> Result<DeadLetter, StoreError> {
    let again = row.opt_text(7)?;
    Ok(DeadLetter {
        job: rows::id(row, 0)?,
        kind: row.text(1)?,
        payload: row.text(2)?,
        attempts: rows::count(row, 3)?,
        fault: (row.text(4)?, row.text(5)?),
        died_at: rows::instant(row, 6)?,
        replayed_as: again.and_then(|id| id.parse().ok()),
    })
}
