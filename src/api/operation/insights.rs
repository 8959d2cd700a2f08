//! `/insights`: the statements that hold, and the person's word on them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::api::body::{Asked, Body, Moment, Named};
use crate::api::cache::{Unchanged, kept};
use crate::api::caller::{AboutPerson, Owner, Reader};
use crate::api::{Problem, Service, shape};
use crate::domain::feedback;
use crate::engine::tell::InsightView;

/// The statements that hold: what moved first, then usual values, by metric.
#[utoipa::path(
    get, path = "/api/v1/insights", tag = "insights", operation_id = "insights", security(("bearer" = [])),
    params(AboutPerson, Moment),
    responses((status = 200, body = Vec<shape::Insight>), Unchanged, Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
    Asked(moment): Asked<Moment>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let shown = |all: Vec<InsightView>| all.into_iter().map(shape::Insight::from).collect::<Vec<_>>();
    match moment.as_of()? {
        Some(moment) => Ok(Json(shown(service.engine.insights_as_of(person, moment).await?)).into_response()),
        None => {
            let now = || async { Ok(shown(service.engine.insights(person).await?)) };
            kept(&service, person, "insights", &headers, now).await
        }
    }
}

/// A word on a statement.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Feedback {
    /// It helps: it is told before others of its kind.
    Useful,
    /// It is not so: it is not told for 90 days, and nothing is suggested because of it.
    Wrong,
    /// It is not so of this person; the same follows.
    NotMe,
}

impl From<Feedback> for feedback::Feedback {
    fn from(feedback: Feedback) -> Self {
        match feedback {
            Feedback::Useful => Self::Useful,
            Feedback::Wrong => Self::Wrong,
            Feedback::NotMe => Self::NotMe,
        }
    }
}

/// What a person says of a statement.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct FeedbackSaid {
    /// The word.
    feedback: Feedback,
}

/// Takes the person's word on a statement that holds; the next run of the stages honours it.
#[utoipa::path(
    put, path = "/api/v1/insights/{id}/feedback", tag = "insights", operation_id = "give_feedback", security(("bearer" = [])),
    params(("id" = String, Path, description = "The id of an insight that holds, or of a claim it makes.")),
    request_body = FeedbackSaid,
    responses((status = 204), Problem)
)]
pub(in crate::api) async fn give_feedback(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(id): Named<String>,
    Body(said): Body<FeedbackSaid>,
) -> Result<StatusCode, Problem> {
    service.engine.give_feedback(person, &id, said.feedback.into(), service.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
