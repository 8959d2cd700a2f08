//! `/jobs`, `/job_runs` and `/job_dead_letters`: what is done in the background for a person, how it went, and what was given up.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use crate::api::body::{Asked, Named};
use crate::api::caller::Owner;
use crate::api::{Problem, Service};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::engine::live::LiveError;
use crate::engine::ports::jobs::{DeadLetter, Job, JobRun, JobState, Page};

/// Entries of a page where nothing else is asked.
const USUAL: u32 = 50;
/// Entries of a page at most.
const MOST: u32 = 200;

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Standing {
    /// `ready`, `running`, `done` or `dead`.
    #[param(value_type = Option<String>, pattern = "^(ready|running|done|dead)$")]
    state: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Which attempts.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Attempts {
    /// Those of one job.
    #[param(value_type = Option<String>, format = Uuid)]
    job: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// How many.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Letters {
    /// At most so many.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct JobShown {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// `sync`, `backfill`, `record`, `gone`, `revoked` or `loop`.
    kind: String,
    /// `ready`, `running`, `done` or `dead`.
    state: &'static str,
    /// Attempts begun; what was put off does not count.
    attempt: u32,
    /// Attempts after which it is given up.
    max_attempts: u32,
    /// Not before then.
    #[schema(format = DateTime)]
    run_at: String,
    /// When it was ordered.
    #[schema(format = DateTime)]
    created_at: String,
    /// When its last attempt ended.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

/// An attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct JobRunShown {
    /// Of which job.
    #[schema(format = Uuid)]
    job: String,
    /// Its kind.
    kind: String,
    /// Which one, from 1.
    run: u32,
    /// When it began.
    #[schema(format = DateTime)]
    started_at: String,
    /// When it ended.
    #[schema(format = DateTime)]
    ended_at: String,
    /// `done`, `again`, `put_off`, `dead` or `lost`.
    outcome: String,
    /// What went wrong, as a code.
    code: Option<String>,
    /// The same in words.
    reason: Option<String>,
    /// What each step took, in milliseconds.
    steps: BTreeMap<String, u64>,
}

/// A job that was given up.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct JobDeadLetterShown {
    /// Which job.
    #[schema(format = Uuid)]
    job: String,
    /// Its kind.
    kind: String,
    /// What it was told to do.
    payload: String,
    /// Attempts made.
    attempts: u32,
    /// What went wrong, as a code.
    code: String,
    /// The same in words.
    reason: String,
    /// When it was given up.
    #[schema(format = DateTime)]
    died_at: String,
    /// The job that does it again, if one does.
    #[schema(format = Uuid)]
    replayed_as: Option<String>,
}

/// The job that does it again.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Replayed {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
}

fn text(at: Instant) -> String {
    at.to_rfc3339()
}

impl From<Job> for JobShown {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.to_string(),
            kind: job.kind,
            state: job.state.key(),
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            run_at: text(job.run_at),
            created_at: text(job.created_at),
            ended_at: job.ended_at.map(text),
        }
    }
}

impl From<JobRun> for JobRunShown {
    fn from(run: JobRun) -> Self {
        let (code, reason) = run.fault.unzip();
        Self {
            job: run.job.to_string(),
            kind: run.kind,
            run: run.run,
            started_at: text(run.started_at),
            ended_at: text(run.ended_at),
            outcome: run.outcome,
            code,
            reason,
            steps: run.steps,
        }
    }
}

impl From<DeadLetter> for JobDeadLetterShown {
    fn from(letter: DeadLetter) -> Self {
        Self {
            job: letter.job.to_string(),
            kind: letter.kind,
            payload: letter.payload,
            attempts: letter.attempts,
            code: letter.fault.0,
            reason: letter.fault.1,
            died_at: text(letter.died_at),
            replayed_as: letter.replayed_as.map(|id| id.to_string()),
        }
    }
}

fn page(person: PersonId, limit: Option<u32>) -> Result<Page, Problem> {
    let limit = limit.unwrap_or(USUAL);
    if limit == 0 || limit > MOST {
        return Err(Problem::field("limit", "must be 1 to 200"));
    }
    Ok(Page { person: Some(person), before: None, limit })
}

/// Jobs of the person, the newest first.
#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "jobs", operation_id = "jobs", security(("bearer" = [])), params(Standing),
    responses((status = 200, body = Vec<JobShown>), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Owner(person): Owner,
    Asked(asked): Asked<Standing>,
) -> Result<Json<Vec<JobShown>>, Problem> {
    let state = asked.state.as_deref().map(|name| {
        let known = JobState::ALL.into_iter().find(|state| state.key() == name);
        known.ok_or_else(|| Problem::field("state", "must be `ready`, `running`, `done` or `dead`"))
    });
    let jobs =
        service.live.queue.jobs(page(person, asked.limit)?, state.transpose()?).await.map_err(LiveError::from)?;
    Ok(Json(jobs.into_iter().map(Into::into).collect()))
}

/// Attempts at jobs of the person, the newest first.
#[utoipa::path(
    get, path = "/api/v1/job_runs", tag = "jobs", operation_id = "job_runs", security(("bearer" = [])), params(Attempts),
    responses((status = 200, body = Vec<JobRunShown>), Problem)
)]
pub(in crate::api) async fn runs(
    State(service): State<Service>,
    Owner(person): Owner,
    Asked(asked): Asked<Attempts>,
) -> Result<Json<Vec<JobRunShown>>, Problem> {
    let job = asked.job.as_deref().map(|id| id.parse::<Uuid>().map_err(|_| Problem::field("job", "is no UUID")));
    let runs = service.live.queue.runs(page(person, asked.limit)?, job.transpose()?).await.map_err(LiveError::from)?;
    Ok(Json(runs.into_iter().map(Into::into).collect()))
}

/// Jobs of the person that were given up, the newest first.
#[utoipa::path(
    get, path = "/api/v1/job_dead_letters", tag = "jobs", operation_id = "job_dead_letters", security(("bearer" = [])),
    params(Letters),
    responses((status = 200, body = Vec<JobDeadLetterShown>), Problem)
)]
pub(in crate::api) async fn dead_letters(
    State(service): State<Service>,
    Owner(person): Owner,
    Asked(asked): Asked<Letters>,
) -> Result<Json<Vec<JobDeadLetterShown>>, Problem> {
    let letters = service.live.queue.dead_letters(page(person, asked.limit)?).await.map_err(LiveError::from)?;
    Ok(Json(letters.into_iter().map(Into::into).collect()))
}

/// Orders a job that was given up again, once.
#[utoipa::path(
    post, path = "/api/v1/job_dead_letters/{job}/replay", tag = "jobs", operation_id = "replay_job",
    security(("bearer" = [])), params(("job" = Uuid, Path, description = "The job's id.")),
    responses((status = 202, body = Replayed), Problem)
)]
pub(in crate::api) async fn replay(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(job): Named<Uuid>,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    let again = service.new_id();
    let live = &service.live;
    if !live.queue.replay(Some(person), job, again, service.now()).await.map_err(LiveError::from)? {
        return Err(Problem::not_found());
    }
    live.bell.notify_one();
    Ok((StatusCode::ACCEPTED, Json(Replayed { id: again.to_string() })))
}
