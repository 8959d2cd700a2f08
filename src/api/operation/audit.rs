//! `GET /audit/`: everything that happened, the newest first.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::api::body::Asked;
use crate::api::caller::Reader;
use crate::api::page::{self, Listing};
use crate::api::{Problem, Service, shape};
use crate::domain::Instant;
use crate::domain::event::Event;
use crate::domain::event::decision::{self, Decision};
use crate::engine::trail::TrailFilter;

/// Which events.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Filter {
    /// The person, for a reviewer whom they have allowed it.
    #[param(value_type = Option<String>, format = Uuid)]
    #[serde(rename = "person")]
    _person: Option<String>,
    /// Only events of this type, as in `insight_raised`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Only events about things of this type, as in `insight`, `narrative`, `safety_notice`, `consent`.
    entity_type: Option<String>,
    /// Only this kind of decision: `told`, `created`, `updated`, `ended`, `suppressed`, `escalated` or `computed`.
    decision: Option<String>,
    /// Only what was recorded at or after this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Instant>,
    /// Only what was recorded before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
    /// How many; 50 unless said otherwise.
    #[param(minimum = 1, maximum = 200)]
    #[validate(range(min = 1, max = 200, message = "is from 1 to 200"))]
    limit: Option<u64>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
}

/// The events of the person, the newest first. With a filter a page may be short and still have a next one.
#[utoipa::path(
    get, path = "/api/v1/audit/", tag = "audit", operation_id = "audit", security(("bearer" = [])),
    params(Filter),
    responses((status = 200, body = shape::EventPage), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
    Asked(asked): Asked<Filter>,
) -> Result<Json<shape::EventPage>, Problem> {
    if asked.kind.as_ref().is_some_and(|kind| !Event::KINDS.contains(&kind.as_str())) {
        return Err(Problem::field("type", "is no type of event; there is `insight_raised` and the like"));
    }
    if asked.entity_type.as_deref().is_some_and(|name| !decision::is_entity_type(name)) {
        return Err(Problem::field("entity_type", "is no type of thing; there is `insight` and the like"));
    }
    let unknown = |_| Problem::field("decision", "is told, created, updated, ended, suppressed, escalated or computed");
    let wanted = asked.decision.as_deref().map(|key| key.parse::<Decision>().map_err(unknown)).transpose()?;
    let instant = |instant: Option<Instant>| instant.map(|instant| instant.to_rfc3339()).unwrap_or_default();
    let (since, until) = (instant(asked.since), instant(asked.until));
    let (kind, about) = (asked.kind.as_deref().unwrap_or_default(), asked.entity_type.as_deref().unwrap_or_default());
    let listing = Listing::of(person, "audit", &[kind, about, wanted.map_or("", Decision::key), &since, &until]);
    let below = listing.place(&service, asked.cursor.as_deref())?;
    let filter = TrailFilter {
        kind: asked.kind,
        entity_type: asked.entity_type,
        decision: wanted,
        since: asked.since,
        until: asked.until,
    };
    let found = service.engine.trail_page(person, &filter, below, asked.limit.unwrap_or(page::USUAL)).await?;
    Ok(Json(shape::EventPage::of(&found, |place| listing.cursor(&service, place))))
}
