//! `/observations`: a batch of measurements, each taken or refused by itself, and those that stand.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::checkins::day_of;
use crate::api::body::{Asked, Body};
use crate::api::caller::{Measuring, Reader};
use crate::api::page::{self, Listing};
use crate::api::upload::Upload;
use crate::api::{Problem, Service, shape};
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::Observation;
use crate::domain::safety::allowance;
use crate::engine::ports::views::{ObservationFilter, ObservationPlace};

/// What kind of record a measurement stood in. What the person says of themselves is a check-in, and none of these.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Kind {
    /// A night's main sleep.
    Sleep,
    /// A sleep beside the main one.
    Nap,
    /// What was measured of the body after a night.
    Recovery,
    /// A calendar day's summary.
    Day,
    /// A workout, run, ride.
    Activity,
    /// A weighing.
    Weighing,
    /// A single value without a record around it.
    Sample,
}

/// One measurement.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Measured {
    /// The key of a metric.
    metric: String,
    /// The value in the unit that is named.
    value: f64,
    /// One of the metric's accepted units.
    unit: String,
    /// When it began, as RFC 3339 with the offset that the person's clock showed.
    start: String,
    /// When it ended; a night belongs to the day of its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    /// What kind of record it stood in; `sample` where it is not named.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    /// The source's own id of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// When the source last changed it, as RFC 3339; now where it is not named. The newest word wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
}

/// A batch of measurements.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Batch {
    /// The measurements.
    #[schema(min_items = 1, max_items = 1000)]
    #[validate(length(min = 1, max = 1000, message = "has from 1 to 1000 measurements"))]
    observations: Vec<Measured>,
}

/// Takes a batch: what is good is taken, what is not is named with its reason, and the same batch again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/observations", tag = "observations", operation_id = "record_observations", security(("bearer" = [])),
    request_body = Batch,
    responses((status = 200, body = shape::Import), Problem)
)]
pub(in crate::api) async fn create(
    State(service): State<Service>,
    Measuring(person): Measuring,
    Body(batch): Body<Batch>,
) -> Result<Json<shape::Import>, Problem> {
    let mut upload = Upload::begin(&service.uploads, "batch.ndjson")?;
    let now = service.now().to_rfc3339();
    for measured in &batch.observations {
        let mut line = serde_json::to_value(measured).map_err(|_| Problem::internal())?;
        // When it came in is not when its record changed.
        if measured.updated_at.is_none() {
            line["seen_at"] = now.as_str().into();
        }
        upload.add(format!("{line}\n").as_bytes())?;
    }
    let taken = upload.take_batch(&service, person).await?;
    taken.into_iter().next().map(Json).ok_or_else(Problem::internal)
}

/// Which measurements.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Which {
    /// The person, for a reviewer whom they have allowed it.
    #[param(value_type = Option<String>, format = Uuid)]
    #[serde(rename = "person")]
    _person: Option<String>,
    /// Only those of a metric, as in `steps`.
    metric: Option<String>,
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

/// The measurements that stand, the newest first: of each fact its newest word, whoever brought it. What a notice hides and
/// what was taken back is left out, so a page may be short and have a next one; the export has all.
#[utoipa::path(
    get, path = "/api/v1/observations", tag = "observations", operation_id = "observations", security(("bearer" = [])),
    params(Which),
    responses((status = 200, body = shape::ObservationPage), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
    Asked(asked): Asked<Which>,
) -> Result<Json<shape::ObservationPage>, Problem> {
    let unknown = |_| Problem::field("metric", "is none that is known: `metrics` lists them");
    let metric = asked.metric.as_deref().map(|key| key.parse::<Metric>().map_err(unknown)).transpose()?;
    let since = asked.since.map(|day| day_of("since", &day)).transpose()?.unwrap_or(LocalDay::FIRST);
    let until = asked.until.map(|day| day_of("until", &day)).transpose()?.unwrap_or(LocalDay::LAST);
    if since > until {
        return Err(Problem::field("since", "lies after until"));
    }
    let filters = [metric.map(Metric::key).unwrap_or_default(), &since.to_string(), &until.to_string()];
    let listing = Listing::of(person, "observations", &filters);
    let after = listing.place(&service, asked.cursor.as_deref())?;
    let limit = asked.limit.unwrap_or(page::USUAL);
    let filter = ObservationFilter { metric, since, until };
    let mut found = service.engine.observations_page(person, &filter, after.as_ref(), limit + 1).await?;
    let more = found.len() as u64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = found.last().filter(|_| more).map(|(last, _)| ObservationPlace { day: last.day, key: last.key.clone() });
    let state = service.engine.state(person).await?;
    let hidden = allowance(&state).hidden;
    let shown = |o: &Observation| !hidden.contains(&o.key.metric) && !state.is_taken_back(&[o.key.provider]);
    let shown = found.into_iter().filter(|(observation, _)| shown(observation));
    Ok(Json(shape::ObservationPage {
        observations: shown.map(|(observation, file)| shape::Observation::of(observation, file)).collect(),
        next_cursor: next.map(|place| listing.cursor(&service, place)),
    }))
}
