//! `POST /observations`: a batch of measurements, each taken or refused by itself.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::api::body::Body;
use crate::api::caller::Measuring;
use crate::api::upload::Upload;
use crate::api::{Problem, Service, shape};

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
    Body(mut batch): Body<Batch>,
) -> Result<Json<shape::Import>, Problem> {
    let mut upload = Upload::begin(&service.uploads, "batch.ndjson")?;
    let now = service.now().to_rfc3339();
    for measured in &mut batch.observations {
        measured.updated_at.get_or_insert_with(|| now.clone());
        let line = serde_json::to_string(measured).map_err(|_| Problem::internal())? + "\n";
        upload.add(line.as_bytes())?;
    }
    let taken = upload.take_batch(&service, person).await?;
    taken.into_iter().next().map(Json).ok_or_else(Problem::internal)
}
