//! `/activities`: the list, one with what its record says, its samples, and weeks of them.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::checkins::day_of;
use crate::api::body::{Asked, Named};
use crate::api::cache::{Unchanged, kept};
use crate::api::caller::{AboutPerson, Reader};
use crate::api::page::{self, Listing};
use crate::api::{Problem, Service, shape, upload};
use crate::domain::activity::Family;
use crate::domain::day::LocalDay;
use crate::engine::ports::views::ActivityFilter;

/// Weeks that are told unless a first day is named.
const USUAL_WEEKS: u32 = 12;

/// Which activities.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct WhichActivities {
    /// The person, for a reviewer whom they have allowed it.
    #[param(value_type = Option<String>, format = Uuid)]
    #[serde(rename = "person")]
    _person: Option<String>,
    /// Only those of a sport: its `family`, as in `run`, or a provider's word for it, as in `TrailRun`.
    #[param(min_length = 1, max_length = 60)]
    #[validate(length(min = 1, max = 60, message = "has from 1 to 60 letters"))]
    sport: Option<String>,
    /// The first day.
    #[param(value_type = Option<String>, format = Date)]
    since: Option<String>,
    /// The last day.
    #[param(value_type = Option<String>, format = Date)]
    until: Option<String>,
    /// How many; 50 unless said otherwise.
    #[param(minimum = 1, maximum = 200)]
    #[validate(range(min = 1, max = 200, message = "is from 1 to 200"))]
    limit: Option<u64>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
}

fn filter(sport: Option<&str>, since: Option<&str>, until: Option<&str>) -> Result<ActivityFilter, Problem> {
    let since = since.map(|day| day_of("since", day)).transpose()?.unwrap_or(LocalDay::FIRST);
    let until = until.map(|day| day_of("until", day)).transpose()?.unwrap_or(LocalDay::LAST);
    if since > until {
        return Err(Problem::field("since", "lies after until"));
    }
    Ok(ActivityFilter { family: sport.map(Family::of), since, until, ..ActivityFilter::default() })
}

/// The activities, the newest first. One workout that two providers recorded stands twice, and each names the other.
#[utoipa::path(
    get, path = "/api/v1/activities", tag = "activities", operation_id = "activities", security(("bearer" = [])),
    params(WhichActivities),
    responses((status = 200, body = shape::ActivityPage), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
    Asked(asked): Asked<WhichActivities>,
) -> Result<Json<shape::ActivityPage>, Problem> {
    let filter = filter(asked.sport.as_deref(), asked.since.as_deref(), asked.until.as_deref())?;
    let family = filter.family.as_ref().map(Family::key).unwrap_or_default();
    let listing = Listing::of(person, "activities", &[family, &filter.since.to_string(), &filter.until.to_string()]);
    let after = listing.place(&service, asked.cursor.as_deref())?;
    let limit = usize::try_from(asked.limit.unwrap_or(page::USUAL)).unwrap_or(usize::MAX);
    let found = service.engine.activities(person, &filter, after.as_ref(), limit).await?;
    Ok(Json(shape::ActivityPage {
        activities: found.activities.into_iter().map(shape::Activity::from).collect(),
        next_cursor: found.next.map(|place| listing.cursor(&service, place)),
    }))
}

/// Which weeks.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct WhichWeeks {
    /// The person, for a reviewer whom they have allowed it.
    #[param(value_type = Option<String>, format = Uuid)]
    #[serde(rename = "person")]
    _person: Option<String>,
    /// Only activities of a sport: its `family`, as in `run`, or a provider's word for it.
    #[param(min_length = 1, max_length = 60)]
    #[validate(length(min = 1, max = 60, message = "has from 1 to 60 letters"))]
    sport: Option<String>,
    /// Weeks, counted from the newest that has an activity; 12 unless said otherwise.
    #[param(minimum = 1, maximum = 520)]
    #[validate(range(min = 1, max = 520, message = "is from 1 to 520"))]
    weeks: Option<u32>,
}

/// Weeks from local Monday to Sunday, the newest first. A week without an activity is not there.
#[utoipa::path(
    get, path = "/api/v1/activities/weeks", tag = "activities", operation_id = "activity_weeks", security(("bearer" = [])),
    params(WhichWeeks),
    responses((status = 200, body = Vec<shape::ActivityWeek>), Unchanged, Problem)
)]
pub(in crate::api) async fn weeks(
    State(service): State<Service>,
    Reader(person): Reader,
    Asked(asked): Asked<WhichWeeks>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sport = asked.sport.as_deref().map(Family::of);
    let count = usize::try_from(asked.weeks.unwrap_or(USUAL_WEEKS)).unwrap_or(usize::MAX);
    let name = format!("activities/weeks/{count}/{}", sport.as_ref().map(Family::key).unwrap_or_default());
    kept(&service, person, name, &headers, async || {
        let weeks = service.engine.activity_weeks(person, sport.as_ref(), count).await?;
        Ok(weeks.into_iter().map(shape::ActivityWeek::from).collect::<Vec<_>>())
    })
    .await
}

/// One activity: splits, best efforts, time in your own zones, drift, load, and of what is missing, why.
#[utoipa::path(
    get, path = "/api/v1/activities/{id}", tag = "activities", operation_id = "activity", security(("bearer" = [])),
    params(AboutPerson, ("id" = String, Path, description = "The activity's `id`.")),
    responses((status = 200, body = shape::ActivityDetail), Unchanged, Problem)
)]
pub(in crate::api) async fn get(
    State(service): State<Service>,
    Reader(person): Reader,
    Named(id): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let trail_id = shape::of_activity_id(&id).ok_or_else(Problem::not_found)?;
    kept(&service, person, format!("activities/{id}"), &headers, async || {
        let (folder, _turn) = upload::opening(&service).await?;
        let told = service.engine.activity(person, &trail_id, folder.path()).await?;
        Ok(shape::ActivityDetail::from(told))
    })
    .await
}

/// How finely.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct HowFine {
    /// The person, for a reviewer whom they have allowed it.
    #[param(value_type = Option<String>, format = Uuid)]
    #[serde(rename = "person")]
    _person: Option<String>,
    /// One of so many samples is told: 1 tells all of them; 5 unless said otherwise.
    #[param(minimum = 1, maximum = 3600)]
    #[validate(range(min = 1, max = 3600, message = "is from 1 to 3600"))]
    downsample: Option<u32>,
}

/// The samples of an activity. Nothing is filled: a gap is `null`, and without a record every column is empty.
#[utoipa::path(
    get, path = "/api/v1/activities/{id}/streams", tag = "activities", operation_id = "activity_streams",
    security(("bearer" = [])),
    params(HowFine, ("id" = String, Path, description = "The activity's `id`.")),
    responses((status = 200, body = shape::ActivityStreams), Unchanged, Problem)
)]
pub(in crate::api) async fn streams(
    State(service): State<Service>,
    Reader(person): Reader,
    Named(id): Named<String>,
    Asked(asked): Asked<HowFine>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let trail_id = shape::of_activity_id(&id).ok_or_else(Problem::not_found)?;
    let step = usize::try_from(asked.downsample.unwrap_or(5)).unwrap_or(usize::MAX);
    kept(&service, person, format!("activities/{id}/streams/{step}"), &headers, async || {
        let (folder, _turn) = upload::opening(&service).await?;
        let samples = service.engine.activity_samples(person, &trail_id, folder.path()).await?;
        Ok(shape::ActivityStreams::of(&samples, step))
    })
    .await
}
