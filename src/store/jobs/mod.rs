//! The queue of jobs as rows of a database of its own, apart from the log.
//!
//! A worker's turn is one transaction: what ended is written down, leases are renewed, what ran out is taken back, and the
//! next jobs are claimed. So a turn of many jobs costs one commit, and a worker that is killed leaves nothing half-done.

mod breakers;
mod budgets;
mod connections;
mod erasing;
mod kept;
mod lists;
mod mornings;
mod rows;
mod schedules;
mod turn;

use std::path::PathBuf;

use async_trait::async_trait;
use uuid::Uuid;

use super::error::StoreError;
use super::migrate::{self, Migration, migration};
use super::sql::{Durability, SlowAfter, Sql, SqlTx, Value};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::engine::ports::jobs::{
    DeadLetter, Job, JobRun, JobState, NewJob, Page, Queue, QueueError, Replay, SPACING, Standing, Turn, Turned,
};

const MIGRATIONS: &[Migration] = &[
    migration!("jobs", 1, "jobs"),
    migration!("jobs", 2, "connections"),
    migration!("jobs", 3, "turns"),
    migration!("jobs", 4, "mornings"),
];

/// Where jobs lie.
#[derive(Clone)]
pub enum JobPlace {
    /// A SQLite file of its own.
    File(PathBuf),
    /// The schema `candor_jobs` of a PostgreSQL database.
    Postgres(String),
}

impl std::fmt::Debug for JobPlace {
    /// The URL of a database may hold its password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres"),
        }
    }
}

impl JobPlace {
    async fn sql(&self) -> Result<Sql, StoreError> {
        match self {
            Self::File(path) => Sql::open_sqlite(path, Durability::Full).await,
            Self::Postgres(url) => Sql::open_postgres(url, "candor_jobs", 8).await,
        }
    }
}

/// The tables of jobs.
pub struct JobTables {
    sql: Sql,
}

impl JobTables {
    /// Opens the tables, creating them when they are missing.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn open(place: &JobPlace) -> Result<Self, StoreError> {
        let sql = place.sql().await?;
        migrate::up(&sql, MIGRATIONS).await?;
        Ok(Self { sql })
    }

    /// The same tables, whose slow statements are told of after so long.
    #[must_use]
    pub fn telling_after(self, slow: SlowAfter) -> Self {
        Self { sql: self.sql.telling_after(slow) }
    }

    /// Takes the database back to an older version of its tables, 0 being none: every job is lost then.
    ///
    /// # Errors
    /// When the database cannot be opened or changed.
    pub async fn migrate_down(place: &JobPlace, version: i64) -> Result<(), StoreError> {
        let sql = place.sql().await?;
        let migrated = migrate::down(&sql, MIGRATIONS, version).await;
        sql.close().await;
        migrated
    }

    /// Waits for what is under way and closes every connection.
    pub async fn close(&self) {
        self.sql.close().await;
    }
}

/// Orders a job within a transaction; the one that waits under its key, which is another where the same work waited already.
async fn order(tx: &mut SqlTx, job: &NewJob, now: Instant) -> Result<Uuid, StoreError> {
    let args = [
        job.id.to_string().into(),
        job.kind.as_str().into(),
        job.key.as_str().into(),
        job.person.map(|person| person.to_string()).into(),
        job.payload.as_str().into(),
        time(job.run_at),
        job.max_attempts.into(),
        time(now),
        rows::level(job.priority),
        time(job.run_at + job.priority.behind()),
        SPACING.num_microseconds().into(),
    ];
    let ordered = tx
        .query(
            "INSERT INTO jobs (job, kind, key, person, payload, state, run_at, attempt, max_attempts, created_at, priority,
                               turn_at)
             VALUES ($1, $2, $3, $4, $5, 'ready', $6, 0, $7, $8, $9,
                     -- What waits for a later time does not hold back what may begin now.
                     COALESCE((SELECT last.turn_at + $11
                               FROM jobs AS last
                               WHERE last.state = 'ready'
                                 AND last.person = $4
                                 AND last.priority = $9
                                 AND last.run_at <= $6
                                 AND last.turn_at > $10 - $11
                               ORDER BY last.turn_at DESC
                               LIMIT 1),
                              $10))
             ON CONFLICT (key) WHERE state = 'ready' DO UPDATE
             SET run_at = CASE WHEN jobs.run_at <= EXCLUDED.run_at THEN jobs.run_at ELSE EXCLUDED.run_at END,
                 priority = CASE WHEN jobs.priority <= EXCLUDED.priority THEN jobs.priority ELSE EXCLUDED.priority END,
                 turn_at = CASE WHEN jobs.turn_at <= EXCLUDED.turn_at THEN jobs.turn_at ELSE EXCLUDED.turn_at END
             RETURNING job",
            &args,
        )
        .await?;
    ordered.first().map_or(Ok(job.id), |row| rows::id(row, 0))
}

fn time(at: Instant) -> Value {
    at.timestamp_micros().into()
}

fn unavailable(error: StoreError) -> QueueError {
    QueueError(error.to_string())
}

#[async_trait]
impl Queue for JobTables {
    async fn order(&self, jobs: Vec<NewJob>, now: Instant) -> Result<u64, QueueError> {
        let ordered = self.sql.write(move |tx| {
            Box::pin(async move {
                let mut new = 0;
                for job in &jobs {
                    new += u64::from(order(tx, job, now).await? == job.id);
                }
                Ok(new)
            })
        });
        ordered.await.map_err(unavailable)
    }

    async fn turn(&self, turn: Turn) -> Result<Turned, QueueError> {
        self.take_turn(turn).await.map_err(unavailable)
    }

    async fn fire(
        &self,
        name: &str,
        cron: &str,
        due: Option<Instant>,
        next: Instant,
        jobs: Vec<NewJob>,
    ) -> Result<bool, QueueError> {
        self.fire_once(name.to_owned(), cron.to_owned(), due, next, jobs).await.map_err(unavailable)
    }

    async fn due(&self, name: &str, cron: &str) -> Result<Option<Instant>, QueueError> {
        self.next_due(name, cron).await.map_err(unavailable)
    }

    async fn last_done(&self, key: &str) -> Result<Option<Instant>, QueueError> {
        self.last_done_of(key).await.map_err(unavailable)
    }

    async fn jobs(&self, page: Page, state: Option<JobState>) -> Result<Vec<Job>, QueueError> {
        self.list_jobs(page, state).await.map_err(unavailable)
    }

    async fn runs(&self, page: Page, job: Option<Uuid>) -> Result<Vec<JobRun>, QueueError> {
        self.list_runs(page, job).await.map_err(unavailable)
    }

    async fn dead_letters(&self, page: Page) -> Result<Vec<DeadLetter>, QueueError> {
        self.list_dead_letters(page).await.map_err(unavailable)
    }

    async fn replay(
        &self,
        person: Option<PersonId>,
        job: Uuid,
        again: Uuid,
        now: Instant,
    ) -> Result<Replay, QueueError> {
        self.order_again(person, job, again, now).await.map_err(unavailable)
    }

    async fn standings(&self, now: Instant) -> Result<Vec<Standing>, QueueError> {
        self.count_standings(now).await.map_err(unavailable)
    }

    async fn prune(&self, done: Instant, given_up: Instant) -> Result<u64, QueueError> {
        self.forget_ended(done, given_up).await.map_err(unavailable)
    }
}
