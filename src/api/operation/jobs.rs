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
use crate::api::page::{self, Listing};
use crate::api::{Problem, Service};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::engine::live::{LiveError, Task};
use crate::engine::ports::jobs::{DeadLetter, Job, JobRun, JobState, Page, Place, Replay};

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Standing {
    /// `ready`, `running`, `done` or `dead`.
    #[param(value_type = Option<String>, pattern = "^(ready|running|done|dead)$")]
    state: Option<String>,
    /// How many; 50 unless said otherwise.
    #[param(minimum = 1, maximum = 200)]
    #[validate(range(min = 1, max = 200, message = "is from 1 to 200"))]
    limit: Option<u64>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
}

/// Which attempts.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Attempts {
    /// Those of one job.
    #[param(value_type = Option<String>, format = Uuid)]
    job: Option<String>,
    /// How many; 50 unless said otherwise.
    #[param(minimum = 1, maximum = 200)]
    #[validate(range(min = 1, max = 200, message = "is from 1 to 200"))]
    limit: Option<u64>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
}

/// How many.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Letters {
    /// How many; 50 unless said otherwise.
    #[param(minimum = 1, maximum = 200)]
    #[validate(range(min = 1, max = 200, message = "is from 1 to 200"))]
    limit: Option<u64>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
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

/// A page of jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct JobPage {
    /// The jobs, the newest first.
    jobs: Vec<JobShown>,
    /// What to ask with for the next page; nothing after the last.
    next_cursor: Option<String>,
}

/// A page of attempts.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct JobRunPage {
    /// The attempts, the newest first.
    job_runs: Vec<JobRunShown>,
    /// What to ask with for the next page; nothing after the last.
    next_cursor: Option<String>,
}

/// A page of jobs that were given up.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct JobDeadLetterPage {
    /// What was given up, the newest first.
    job_dead_letters: Vec<JobDeadLetterShown>,
    /// What to ask with for the next page; nothing after the last.
    next_cursor: Option<String>,
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
            payload: Task::shown(&letter.payload),
            attempts: letter.attempts,
            code: letter.fault.0,
            reason: letter.fault.1,
            died_at: text(letter.died_at),
            replayed_as: letter.replayed_as.map(|id| id.to_string()),
        }
    }
}

/// A page as it is asked for: one entry more than is shown says whether there is another.
struct Asking {
    listing: Listing,
    page: Page,
    limit: usize,
}

impl Asking {
    fn read(
        service: &Service,
        person: PersonId,
        (name, filter): (&str, &str),
        (limit, cursor): (Option<u64>, Option<&str>),
    ) -> Result<Self, Problem> {
        let listing = Listing::of(person, name, &[filter]);
        let after = listing.place(service, cursor)?;
        // It was held to its bounds already.
        let limit = u32::try_from(limit.unwrap_or(page::USUAL)).unwrap_or(u32::MAX);
        let page = Page { person: Some(person), after, limit: limit.saturating_add(1) };
        Ok(Self { listing, page, limit: usize::try_from(limit).unwrap_or(usize::MAX) })
    }

    /// What is shown, and the cursor for what comes after.
    fn shown<T, S: From<T>>(
        &self,
        service: &Service,
        mut found: Vec<T>,
        place: impl Fn(&T) -> Place,
    ) -> (Vec<S>, Option<String>) {
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| more).map(|last| self.listing.cursor(service, place(last)));
        (found.into_iter().map(S::from).collect(), next)
    }
}

/// Jobs of the person, the newest first.
#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "jobs", operation_id = "jobs", security(("bearer" = [])), params(Standing),
    responses((status = 200, body = JobPage), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Owner(person): Owner,
    Asked(asked): Asked<Standing>,
) -> Result<Json<JobPage>, Problem> {
    let state = asked.state.as_deref().map(|name| {
        let known = JobState::ALL.into_iter().find(|state| state.key() == name);
        known.ok_or_else(|| Problem::field("state", "must be `ready`, `running`, `done` or `dead`"))
    });
    let state = state.transpose()?;
    let filter = state.map(JobState::key).unwrap_or_default();
    let asking = Asking::read(&service, person, ("jobs", filter), (asked.limit, asked.cursor.as_deref()))?;
    let found = service.live.queue.jobs(asking.page, state).await.map_err(LiveError::from)?;
    let (jobs, next_cursor) = asking.shown(&service, found, Job::place);
    Ok(Json(JobPage { jobs, next_cursor }))
}

/// Attempts at jobs of the person, the newest first.
#[utoipa::path(
    get, path = "/api/v1/job_runs", tag = "jobs", operation_id = "job_runs", security(("bearer" = [])), params(Attempts),
    responses((status = 200, body = JobRunPage), Problem)
)]
pub(in crate::api) async fn runs(
    State(service): State<Service>,
    Owner(person): Owner,
    Asked(asked): Asked<Attempts>,
) -> Result<Json<JobRunPage>, Problem> {
    let job = asked.job.as_deref().map(|id| id.parse::<Uuid>().map_err(|_| Problem::field("job", "is no UUID")));
    let job = job.transpose()?;
    let filter = job.map(|job| job.to_string()).unwrap_or_default();
    let asking = Asking::read(&service, person, ("job_runs", &filter), (asked.limit, asked.cursor.as_deref()))?;
    let found = service.live.queue.runs(asking.page, job).await.map_err(LiveError::from)?;
    let (job_runs, next_cursor) = asking.shown(&service, found, JobRun::place);
    Ok(Json(JobRunPage { job_runs, next_cursor }))
}

/// Jobs of the person that were given up in the last ninety days, the newest first.
#[utoipa::path(
    get, path = "/api/v1/job_dead_letters", tag = "jobs", operation_id = "job_dead_letters", security(("bearer" = [])),
    params(Letters),
    responses((status = 200, body = JobDeadLetterPage), Problem)
)]
pub(in crate::api) async fn dead_letters(
    State(service): State<Service>,
    Owner(person): Owner,
    Asked(asked): Asked<Letters>,
) -> Result<Json<JobDeadLetterPage>, Problem> {
    let asking = Asking::read(&service, person, ("job_dead_letters", ""), (asked.limit, asked.cursor.as_deref()))?;
    let found = service.live.queue.dead_letters(asking.page).await.map_err(LiveError::from)?;
    let (job_dead_letters, next_cursor) = asking.shown(&service, found, DeadLetter::place);
    Ok(Json(JobDeadLetterPage { job_dead_letters, next_cursor }))
}

/// Orders a job that was given up again, once. Where the same work waits already, that job is the answer.
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
    let live = &service.live;
    let replayed = live.queue.replay(Some(person), job, service.new_id(), service.now()).await;
    match replayed.map_err(LiveError::from)? {
        Replay::As(id) => {
            live.bell.notify_one();
            Ok((StatusCode::ACCEPTED, Json(Replayed { id: id.to_string() })))
        }
        Replay::Before(id) => {
            Err(Problem::conflict(format!("It was ordered again before: `replayed_as` is the job {id}.")))
        }
        Replay::Unknown => Err(Problem::not_found()),
    }
}
