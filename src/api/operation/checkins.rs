//! `POST /checkins`: how a day was, and what must be looked at at once.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::api::body::Body;
use crate::api::caller::Owner;
use crate::api::{Problem, Service, series};
use crate::domain::day::LocalDay;
use crate::domain::safety;
use crate::engine::checkins::CheckIn;

/// A symptom to be looked at at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Symptom {
    /// Pain or pressure in the chest.
    ChestPain,
    /// Losing consciousness, or nearly.
    Fainting,
    /// Shortness of breath at rest or at little effort.
    Breathlessness,
}

impl From<Symptom> for safety::Symptom {
    fn from(symptom: Symptom) -> Self {
        match symptom {
            Symptom::ChestPain => Self::ChestPain,
            Symptom::Fainting => Self::Fainting,
            Symptom::Breathlessness => Self::Breathlessness,
        }
    }
}

/// What a person says of a day: at least one of it.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct CheckInSaid {
    /// The day; the present one where it is not named.
    #[schema(format = Date)]
    day: Option<String>,
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    sleep_quality: Option<f64>,
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    energy: Option<f64>,
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    mood: Option<f64>,
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    stress: Option<f64>,
    /// In degrees Celsius, taken with a thermometer.
    body_temperature: Option<f64>,
    /// Symptoms to be looked at at once.
    #[serde(default)]
    symptoms: Vec<Symptom>,
}

/// What was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct CheckInRecorded {
    /// The day.
    #[schema(format = Date)]
    day: String,
    /// How many ratings and symptoms.
    recorded: usize,
    /// What to do first, where a symptom asks for it.
    urgent: Option<&'static str>,
}

/// Records how a day was. After a symptom everything is brought up to date before this answers.
#[utoipa::path(
    post, path = "/api/v1/checkins", tag = "checkins", operation_id = "check_in", security(("bearer" = [])),
    request_body = CheckInSaid,
    responses((status = 200, body = CheckInRecorded), Problem)
)]
pub(in crate::api) async fn create(
    State(service): State<Service>,
    Owner(person): Owner,
    Body(said): Body<CheckInSaid>,
) -> Result<Json<CheckInRecorded>, Problem> {
    let given = [said.sleep_quality, said.energy, said.mood, said.stress, said.body_temperature];
    let rated = CheckIn::METRICS.into_iter().zip(given).filter_map(|(metric, value)| Some((metric, value?)));
    let check_in = CheckIn {
        day: said.day.map(|day| day_of("day", &day)).transpose()?,
        ratings: rated.collect::<BTreeMap<_, _>>(),
        symptoms: said.symptoms.into_iter().map(Into::into).collect::<BTreeSet<_>>(),
    };
    let (at, started) = (service.now(), service.stopwatch());
    let recorded = service.engine.check_in(person, &check_in, at).await?;
    if let Some(report) = recorded.ran {
        let took = started();
        series::looped(&report, took);
        service.latest.looped(at, took, &Ok(report));
    }
    Ok(Json(CheckInRecorded { day: recorded.day.to_string(), recorded: recorded.recorded, urgent: check_in.urgent() }))
}

/// A local day as it is written.
pub(in crate::api) fn day_of(field: &str, text: &str) -> Result<LocalDay, Problem> {
    text.parse().map_err(|_| Problem::field(field, "is no day; write one like 2026-03-01"))
}
