//! `/insights`: the statements that hold, and the person's word on them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::api::body::{Asked, Body, Moment, Named};
use crate::api::caller::{AboutPerson, Owner, Reader};
use crate::api::{Problem, Service, shape};
use crate::domain::feedback;

/// The statements that hold: what moved first, then usual values, by metric.
#[utoipa::path(
    get, path = "/api/v1/insights", tag = "insights", operation_id = "insights", security(("bearer" = [])),
    params(AboutPerson, Moment),
    responses((status = 200, body = Vec<shape::Insight>), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
    Asked(moment): Asked<Moment>,
) -> Result<Json<Vec<shape::Insight>>, Problem> {
    let insights = match moment.as_of()? {
        None => service.engine.insights(person).await?,
        Some(moment) => service.engine.insights_as_of(person, moment).await?,
    };
    Ok(Json(insights.into_iter().map(Into::into).collect()))
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
