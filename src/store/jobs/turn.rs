//! A worker's turn.

use serde_json::{Map, json};
use uuid::Uuid;

use super::{JobTables, rows, time};
use crate::domain::Instant;
use crate::engine::ports::jobs::{Claimed, Ended, Ending, JobFault, Steps, Turn, Turned};
use crate::store::error::StoreError;
use crate::store::sql::{SqlTx, Value};

/// What is written of an attempt whose worker was never heard of again.
const LOST: &str = "its worker was not heard of any more";

impl JobTables {
    pub(super) async fn take_turn(&self, turn: Turn) -> Result<Turned, StoreError> {
        let ended = turn.ended.clone();
        let turned = self.sql.write(move |tx| Box::pin(async move { take(tx, &turn).await })).await?;
        ended.iter().filter(|ended| !turned.lost.contains(&ended.job.id)).for_each(count);
        Ok(turned)
    }
}

/// Counts an attempt that was written down, and times it and its steps.
fn count(ended: &Ended) {
    let kind = ended.job.kind.clone();
    let took = (ended.at - ended.job.started_at).to_std().unwrap_or_default();
    let outcome = outcome(&ended.ending);
    metrics::counter!("candor_jobs_total", "kind" => kind.clone(), "outcome" => outcome).increment(1);
    metrics::histogram!("candor_job_duration_seconds", "kind" => kind.clone()).record(took.as_secs_f64());
    for (step, took) in &ended.steps {
        metrics::histogram!("candor_job_step_duration_seconds", "kind" => kind.clone(), "step" => *step)
            .record(took.as_secs_f64());
    }
}

fn outcome(ending: &Ending) -> &'static str {
    match ending {
        Ending::Done => "done",
        Ending::Again { .. } => "again",
        Ending::PutOff { .. } => "put_off",
        Ending::Dead(_) => "dead",
    }
}

async fn take(tx: &mut SqlTx, turn: &Turn) -> Result<Turned, StoreError> {
    let mut turned = Turned::default();
    for ended in &turn.ended {
        if !end(tx, &turn.worker, ended).await? {
            turned.lost.push(ended.job.id);
        }
    }
    for (job, lease) in &turn.holding {
        let args = [job.to_string().into(), lease.to_string().into(), time(turn.lease_until)];
        let renewed = tx
            .execute(
                "UPDATE jobs
                 SET lease_until = $3
                 WHERE job = $1
                   AND lease = $2
                   AND state = 'running'",
                &args,
            )
            .await?;
        if renewed == 0 {
            turned.lost.push(*job);
        }
    }
    take_back(tx, turn.now).await?;
    if turn.want > 0 && any_due(tx, turn.now).await? {
        turned.claimed = claim(tx, turn).await?;
    }
    Ok(turned)
}

/// Writes down how an attempt ended; false when the lease is somebody else's.
async fn end(tx: &mut SqlTx, worker: &str, ended: &Ended) -> Result<bool, StoreError> {
    let held: [Value; 2] = [ended.job.id.to_string().into(), ended.job.lease.to_string().into()];
    let [job, lease] = held;
    let changed = match &ended.ending {
        Ending::Done => close(tx, "done", job, lease, ended.at).await?,
        Ending::Dead(_) => close(tx, "dead", job, lease, ended.at).await?,
        Ending::Again { at, .. } => put_back(tx, job, lease, *at, 0, ended.at).await?,
        Ending::PutOff { at, .. } => put_back(tx, job, lease, *at, 1, ended.at).await?,
    };
    if changed == 0 {
        return Ok(false);
    }
    let fault = match &ended.ending {
        Ending::Done => None,
        Ending::Again { fault, .. } | Ending::PutOff { fault, .. } | Ending::Dead(fault) => Some(fault),
    };
    let run = Run { worker, began: ended.job.started_at, at: ended.at, outcome: outcome(&ended.ending), fault };
    run.write(tx, ended.job.id, &ended.steps).await?;
    if let Ending::Dead(fault) = &ended.ending {
        bury(tx, ended.job.id, fault, ended.at).await?;
    }
    Ok(true)
}

async fn close(tx: &mut SqlTx, state: &'static str, job: Value, lease: Value, at: Instant) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE jobs
         SET state = $3,
             worker = NULL,
             lease = NULL,
             lease_until = NULL,
             ended_at = $4
         WHERE job = $1
           AND lease = $2
           AND state = 'running'",
        &[job, lease, state.into(), time(at)],
    )
    .await
}

/// Lets a job wait again. Where another of its key waits already, that one does the work.
async fn put_back(
    tx: &mut SqlTx,
    job: Value,
    lease: Value,
    until: Instant,
    not_counted: i64,
    at: Instant,
) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE jobs
         SET state = CASE WHEN EXISTS (SELECT 1 FROM jobs AS other WHERE other.key = jobs.key AND other.state = 'ready')
                          THEN 'done' ELSE 'ready' END,
             run_at = $3,
             -- Its place behind others stays what it was.
             turn_at = turn_at - run_at + $3,
             attempt = attempt - $4,
             worker = NULL,
             lease = NULL,
             lease_until = NULL,
             ended_at = $5
         WHERE job = $1
           AND lease = $2
           AND state = 'running'",
        &[job, lease, time(until), not_counted.into(), time(at)],
    )
    .await
}

/// An attempt to be written down.
struct Run<'a> {
    worker: &'a str,
    began: Instant,
    at: Instant,
    outcome: &'static str,
    fault: Option<&'a JobFault>,
}

impl Run<'_> {
    async fn write(&self, tx: &mut SqlTx, job: Uuid, steps: &Steps) -> Result<(), StoreError> {
        let took = |(name, took): (&&'static str, &std::time::Duration)| {
            ((*name).to_owned(), json!(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)))
        };
        let steps: Map<_, _> = steps.iter().map(took).collect();
        let args = [
            job.to_string().into(),
            self.worker.into(),
            time(self.began),
            time(self.at),
            self.outcome.into(),
            self.fault.map(|fault| fault.code).into(),
            self.fault.map(|fault| fault.reason.as_str()).into(),
            serde_json::Value::Object(steps).to_string().into(),
        ];
        tx.execute(
            "INSERT INTO job_runs (job, run, worker, started_at, ended_at, outcome, code, reason, steps)
             SELECT $1, COALESCE(MAX(run), 0) + 1, $2, $3, $4, $5, $6, $7, $8
             FROM job_runs
             WHERE job = $1",
            &args,
        )
        .await?;
        Ok(())
    }
}

async fn bury(tx: &mut SqlTx, job: Uuid, fault: &JobFault, at: Instant) -> Result<(), StoreError> {
    let args = [job.to_string().into(), fault.code.into(), fault.reason.as_str().into(), time(at)];
    tx.execute(
        "INSERT INTO job_dead_letters (job, kind, key, person, payload, attempts, code, reason, died_at)
         SELECT job, kind, key, person, payload, attempt, $2, $3, $4
         FROM jobs
         WHERE job = $1",
        &args,
    )
    .await?;
    Ok(())
}

/// Takes back what is held by a lease that ran out.
async fn take_back(tx: &mut SqlTx, now: Instant) -> Result<(), StoreError> {
    let text = if tx.is_postgres() {
        "SELECT job, lease, worker, started_at, attempt, max_attempts
         FROM jobs
         WHERE state = 'running'
           AND lease_until < $1
         FOR UPDATE SKIP LOCKED"
    } else {
        "SELECT job, lease, worker, started_at, attempt, max_attempts
         FROM jobs
         WHERE state = 'running'
           AND lease_until < $1"
    };
    for row in tx.query(text, &[time(now)]).await? {
        let job = rows::id(&row, 0)?;
        let (name, lease, worker): (Value, Value, String) = (row.text(0)?.into(), row.text(1)?.into(), row.text(2)?);
        let fault = JobFault { code: "lost", reason: LOST.to_owned() };
        let run =
            Run { worker: &worker, began: rows::instant(&row, 3)?, at: now, outcome: "lost", fault: Some(&fault) };
        run.write(tx, job, &Steps::new()).await?;
        metrics::counter!("candor_jobs_lost_total").increment(1);
        if row.int(4)? >= row.int(5)? {
            close(tx, "dead", name, lease, now).await?;
            bury(tx, job, &fault, now).await?;
        } else {
            put_back(tx, name, lease, now, 0, now).await?;
        }
    }
    Ok(())
}

/// Whether anything may begin: without that, all that waits for a later time would be looked through for whose turn it is.
async fn any_due(tx: &mut SqlTx, now: Instant) -> Result<bool, StoreError> {
    let found = tx
        .query(
            "SELECT 1
             FROM jobs
             WHERE state = 'ready'
               AND run_at <= $1
             LIMIT 1",
            &[time(now)],
        )
        .await?;
    Ok(!found.is_empty())
}

async fn claim(tx: &mut SqlTx, turn: &Turn) -> Result<Vec<Claimed>, StoreError> {
    let args = [
        turn.worker.as_str().into(),
        turn.lease.to_string().into(),
        time(turn.lease_until),
        time(turn.now),
        turn.want.into(),
        rows::level(turn.least),
    ];
    // A list of its own, so that no plan looks for due jobs more than once.
    let text = if tx.is_postgres() {
        "WITH due AS MATERIALIZED (
             SELECT job
             FROM jobs
             WHERE state = 'ready'
               AND run_at <= $4
               AND priority <= $6
               AND NOT EXISTS (SELECT 1 FROM jobs AS other WHERE other.key = jobs.key AND other.state = 'running')
             ORDER BY turn_at, job
             LIMIT $5
             FOR UPDATE SKIP LOCKED
         )
         UPDATE jobs
         SET state = 'running', worker = $1, lease = $2, lease_until = $3, started_at = $4, attempt = attempt + 1
         FROM due
         WHERE jobs.job = due.job
         RETURNING jobs.job, kind, person, payload, priority, attempt, max_attempts"
    } else {
        "UPDATE jobs
         SET state = 'running', worker = $1, lease = $2, lease_until = $3, started_at = $4, attempt = attempt + 1
         WHERE job IN (
             SELECT due.job
             FROM jobs AS due
             WHERE due.state = 'ready'
               AND due.run_at <= $4
               AND due.priority <= $6
               AND NOT EXISTS (SELECT 1 FROM jobs AS other WHERE other.key = due.key AND other.state = 'running')
             ORDER BY due.turn_at, due.job
             LIMIT $5
         )
         RETURNING job, kind, person, payload, priority, attempt, max_attempts"
    };
    let claimed = tx.query(text, &args).await?;
    claimed
        .iter()
        .map(|row| {
            Ok(Claimed {
                id: rows::id(row, 0)?,
                kind: row.text(1)?,
                person: rows::person(row, 2)?,
                payload: row.text(3)?,
                priority: rows::priority(row, 4)?,
                attempt: rows::count(row, 5)?,
                max_attempts: rows::count(row, 6)?,
                lease: turn.lease,
                started_at: turn.now,
            })
        })
        .collect()
}
