//! `GET /audit/entity`: everything that happened to one thing.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::api::body::Asked;
use crate::api::caller::Reader;
use crate::api::page::{self, Listing};
use crate::api::{Problem, Service, shape};

/// Which thing.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Entity {
    /// The person, for a reviewer whom they have allowed it.
    #[param(value_type = Option<String>, format = Uuid)]
    #[serde(rename = "person")]
    _person: Option<String>,
    /// What it is, as in `insight`, `day_score`, `narrative`, `import`.
    entity_type: String,
    /// Its id, as in an insight's UUID or `daily@2026-03-01`.
    entity_id: String,
    /// How many; 50 unless said otherwise.
    #[param(minimum = 1, maximum = 200)]
    #[validate(range(min = 1, max = 200, message = "is from 1 to 200"))]
    limit: Option<u64>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
}

/// The events about one thing, the newest first.
#[utoipa::path(
    get, path = "/api/v1/audit/entity", tag = "audit", operation_id = "audit_entity", security(("bearer" = [])),
    params(Entity),
    responses((status = 200, body = shape::EventPage), Problem)
)]
pub(in crate::api) async fn get(
    State(service): State<Service>,
    Reader(person): Reader,
    Asked(asked): Asked<Entity>,
) -> Result<Json<shape::EventPage>, Problem> {
    let listing = Listing::of(person, "audit_entity", &[&asked.entity_type, &asked.entity_id]);
    let below = listing.place(&service, asked.cursor.as_deref())?;
    let entity = (&*asked.entity_type, &*asked.entity_id);
    let found = service.engine.entity_page(person, entity, below, asked.limit.unwrap_or(page::USUAL)).await?;
    Ok(Json(shape::EventPage::of(&found, |place| listing.cursor(&service, place))))
}
