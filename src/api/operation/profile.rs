//! `GET` and `PATCH /me/profile`: what safety and the score need to know.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use validator::Validate;

use crate::api::body::Body;
use crate::api::caller::{AboutPerson, Owner, Reader};
use crate::api::{Problem, Service, shape, upload};
use crate::domain::profile;

/// What is to be changed; what is not named stays as it is.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ProfileChange {
    /// `under18`, `from18_to39`, `from40_to64` or `from65`.
    age_band: Option<String>,
    /// Of `pregnancy`, `heart`, `diabetes`, `epilepsy`, `eating_disorder`, `sleep_disorder`, `bipolar`; an empty list
    /// means "none of these".
    #[validate(length(max = 7, message = "has seven entries at most"))]
    conditions: Option<Vec<String>>,
    /// Whether medication that slows the heart is taken.
    heart_medication: Option<bool>,
    /// Height in whole centimetres.
    #[schema(minimum = 50, maximum = 260)]
    #[validate(range(min = 50, max = 260, message = "is from 50 to 260"))]
    height_cm: Option<u16>,
    /// Home zone, as in `Europe/Berlin`.
    home_zone: Option<String>,
    /// Of `sleep`, `recovery`, `training`, `movement`, `calm`, `energy`.
    #[validate(length(max = 6, message = "has six entries at most"))]
    matters: Option<Vec<String>>,
    /// Whether sleep counts in the score.
    score_sleep: Option<bool>,
    /// Whether stress counts in it.
    score_stress: Option<bool>,
    /// Whether HRV counts in it.
    score_hrv: Option<bool>,
}

impl ProfileChange {
    fn read(self) -> Result<profile::ProfileChange, Problem> {
        let zone = self.home_zone.map(|zone| {
            zone.parse().map_err(|_| Problem::field("home_zone", "is no zone; write one like Europe/Berlin"))
        });
        Ok(profile::ProfileChange {
            age_band: self.age_band.map(|text| word("age_band", &text)).transpose()?,
            conditions: self.conditions.map(|all| words("conditions", &all)).transpose()?,
            heart_medication: self.heart_medication,
            height_cm: self.height_cm,
            home_zone: zone.transpose()?,
            matters: self.matters.map(|all| words("matters", &all)).transpose()?,
            score_sleep: self.score_sleep,
            score_stress: self.score_stress,
            score_hrv: self.score_hrv,
        })
    }
}

fn word<T: DeserializeOwned>(field: &str, text: &str) -> Result<T, Problem> {
    serde_json::from_value(text.into()).map_err(|_| Problem::field(field, "is none of the known words"))
}

fn words<T: DeserializeOwned + Ord>(field: &str, all: &[String]) -> Result<BTreeSet<T>, Problem> {
    all.iter().map(|text| word(field, text)).collect()
}

/// The profile.
#[utoipa::path(
    get, path = "/api/v1/me/profile", tag = "me", operation_id = "profile", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = shape::Profile), Problem)
)]
pub(in crate::api) async fn get(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<shape::Profile>, Problem> {
    Ok(Json(service.engine.state(person).await?.profile.into()))
}

/// Changes the profile. What was told is brought in line with it at once.
#[utoipa::path(
    patch, path = "/api/v1/me/profile", tag = "me", operation_id = "change_profile", security(("bearer" = [])),
    request_body = ProfileChange,
    responses((status = 200, body = shape::Profile), Problem)
)]
pub(in crate::api) async fn change(
    State(service): State<Service>,
    Owner(person): Owner,
    Body(change): Body<ProfileChange>,
) -> Result<Json<shape::Profile>, Problem> {
    let change = change.read()?;
    let (folder, _turn) = upload::opening(&service).await?;
    Ok(Json(service.engine.declare(person, &change, service.now(), folder.path()).await?.into()))
}
