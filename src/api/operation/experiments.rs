//! `/experiments`: asking one question of your own days.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::checkins::day_of;
use crate::api::body::{Body, Named};
use crate::api::caller::{AboutPerson, Owner, Reader};
use crate::api::{Problem, Service, shape};
use crate::domain::person::PersonId;
use crate::engine::experiments::{Said, Wish, WishedLayout};
use crate::engine::run;

/// How the days are laid out.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Layout {
    /// Blocks with and without in an order drawn by lot.
    #[default]
    Blocks,
    /// Everything before against everything after; it cannot show what brought a difference about.
    BeforeAfter,
}

/// What a person wants to try. It is fixed before it starts.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ExperimentWish {
    /// What to try, by its key in the catalogue.
    #[validate(length(min = 1, max = 100, message = "is a key of the catalogue"))]
    intervention: String,
    /// The outcome; else the first the intervention aims at.
    metric_key: Option<String>,
    /// How the days are laid out.
    #[serde(default)]
    design: Layout,
    /// The first day; else tomorrow.
    #[schema(format = Date)]
    start: Option<String>,
    /// How many days; else 84 for blocks, 28 for before/after.
    #[schema(minimum = 1, maximum = 366)]
    #[validate(range(min = 1, max = 366, message = "is from 1 to 366"))]
    days: Option<u32>,
    /// Days between a day and the outcome that is read for it.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 7)]
    #[validate(range(max = 7, message = "is from 0 to 7"))]
    lag_days: u32,
    /// What the order is drawn from; else it is drawn by chance. It is recorded either way.
    seed: Option<u32>,
}

/// What a person says of some days.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Kept {
    /// It was done.
    Done,
    /// It was not done.
    NotDone,
    /// It was done on days with it and not done on days without.
    AsScheduled,
}

/// Whether it was done.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct AdherenceSaid {
    /// The days it is about, each one of the experiment that has come.
    #[schema(min_items = 1, max_items = 366)]
    #[validate(length(min = 1, max = 366, message = "has from 1 to 366 days"))]
    days: Vec<String>,
    /// What is said of them.
    said: Kept,
}

/// Why an experiment ends early.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct StopReason {
    /// Why; it stays in the log.
    #[schema(min_length = 1, max_length = 500)]
    #[validate(length(min = 1, max = 500, message = "has from 1 to 500 letters"))]
    reason: String,
}

/// All experiments, the newest first.
#[utoipa::path(
    get, path = "/api/v1/experiments", tag = "experiments", operation_id = "experiments", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = Vec<shape::Experiment>), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<Vec<shape::Experiment>>, Problem> {
    let found = service.engine.experiments(person, None, service.now()).await?;
    Ok(Json(found.into_iter().map(Into::into).collect()))
}

/// One experiment.
#[utoipa::path(
    get, path = "/api/v1/experiments/{id}", tag = "experiments", operation_id = "experiment", security(("bearer" = [])),
    params(AboutPerson, ("id" = Uuid, Path, description = "The experiment's id.")),
    responses((status = 200, body = shape::Experiment), Problem)
)]
pub(in crate::api) async fn get(
    State(service): State<Service>,
    Reader(person): Reader,
    Named(id): Named<Uuid>,
) -> Result<Json<shape::Experiment>, Problem> {
    one(&service, person, id).await
}

/// Fixes an experiment. The same wish again gives the one that stands.
#[utoipa::path(
    post, path = "/api/v1/experiments", tag = "experiments", operation_id = "start_experiment", security(("bearer" = [])),
    request_body = ExperimentWish,
    responses((status = 200, body = shape::Experiment), Problem)
)]
pub(in crate::api) async fn start(
    State(service): State<Service>,
    Owner(person): Owner,
    Body(wish): Body<ExperimentWish>,
) -> Result<Json<shape::Experiment>, Problem> {
    let metric = wish.metric_key.map(|key| key.parse().map_err(|_| Problem::field("metric_key", "is no known metric")));
    let start = match wish.start {
        Some(day) => day_of("start", &day)?,
        None => run::today(&service.engine.state(person).await?, service.now()).plus(1),
    };
    let layout = match (wish.design, wish.seed) {
        (Layout::BeforeAfter, Some(_)) => {
            return Err(Problem::field("seed", "draws the order of blocks; before/after has none"));
        }
        (Layout::BeforeAfter, None) => WishedLayout::BeforeAfter,
        (Layout::Blocks, seed) => {
            let mut drawn = [0; 4];
            service.entropy.fill(&mut drawn);
            WishedLayout::Blocks { seed, drawn: u32::from_le_bytes(drawn) }
        }
    };
    let wish = Wish {
        intervention: wish.intervention,
        metric: metric.transpose()?,
        start,
        layout,
        days: wish.days,
        lag_days: wish.lag_days,
    };
    let fixed = service.engine.start_experiment(person, &wish, service.now()).await?;
    one(&service, person, fixed.id).await
}

/// Ends an experiment early; it is not evaluated then.
#[utoipa::path(
    post, path = "/api/v1/experiments/{id}/stop", tag = "experiments", operation_id = "stop_experiment", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The experiment's id.")), request_body = StopReason,
    responses((status = 204), Problem)
)]
pub(in crate::api) async fn stop(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(id): Named<Uuid>,
    Body(stop): Body<StopReason>,
) -> Result<StatusCode, Problem> {
    service.engine.stop_experiment(person, id, &stop.reason, service.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Logs whether it was done on some days; a later word about the same day replaces the earlier one.
#[utoipa::path(
    post, path = "/api/v1/experiments/{id}/adherence", tag = "experiments", operation_id = "log_adherence", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The experiment's id.")), request_body = AdherenceSaid,
    responses((status = 204), Problem)
)]
pub(in crate::api) async fn log(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(id): Named<Uuid>,
    Body(adherence): Body<AdherenceSaid>,
) -> Result<StatusCode, Problem> {
    let days: Vec<_> = adherence.days.iter().map(|day| day_of("days", day)).collect::<Result<_, _>>()?;
    let said = match adherence.said {
        Kept::Done => Said::Done,
        Kept::NotDone => Said::NotDone,
        Kept::AsScheduled => Said::AsScheduled,
    };
    service.engine.log_adherence(person, id, &days, said, service.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn one(service: &Service, person: PersonId, id: Uuid) -> Result<Json<shape::Experiment>, Problem> {
    let found = service.engine.experiments(person, Some(id), service.now()).await?.into_iter().next();
    found.map(|view| Json(view.into())).ok_or_else(Problem::not_found)
}
