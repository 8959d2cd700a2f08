//! `/reviews`: what a human is asked to look at, and a reviewer's answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::api::body::{Body, Named};
use crate::api::caller::{AboutPerson, Reader, Reviewing};
use crate::api::{Problem, Service};
use crate::domain::safety;
use crate::engine::reviews::{ReviewView, Verdict};

/// What a reviewer decides.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Decision {
    /// It is over, or harmless: what it held back is let through.
    Clear,
    /// It stands.
    Keep,
}

impl From<Decision> for safety::Decision {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Clear => Self::Clear,
            Decision::Keep => Self::Keep,
        }
    }
}

impl From<safety::Decision> for Decision {
    fn from(decision: safety::Decision) -> Self {
        match decision {
            safety::Decision::Clear => Self::Clear,
            safety::Decision::Keep => Self::Keep,
        }
    }
}

/// Something a human is asked to look at.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Review {
    /// Its id.
    id: Uuid,
    /// What it is about, as in `safety_notice`.
    entity_type: &'static str,
    /// The id of that, for `audit/entity`.
    entity_id: Uuid,
    /// Why it is asked, as in `spo2_low`.
    reason: String,
    /// The day it was asked.
    #[schema(format = Date)]
    day: String,
    /// What was decided; nothing while it is open.
    decision: Option<Decision>,
    /// What the notice it is about says, verbatim.
    text: Option<String>,
}

impl From<ReviewView> for Review {
    fn from(view: ReviewView) -> Self {
        let ReviewView { id, entity_type, entity_id, reason, day, decision, text } = view;
        Self { id, entity_type, entity_id, reason, day: day.to_string(), decision: decision.map(Into::into), text }
    }
}

/// A reviewer's answer.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct DecisionSaid {
    /// Whether what the review is about is over or harmless (`clear`), or stands (`keep`).
    decision: Decision,
    /// Why; it stays in the log.
    #[schema(min_length = 1, max_length = 500)]
    #[validate(length(min = 1, max = 500, message = "has from 1 to 500 letters"))]
    reason: String,
}

/// What a human is asked to look at, and what was decided.
#[utoipa::path(
    get, path = "/api/v1/reviews", tag = "reviews", operation_id = "reviews", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = Vec<Review>), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<Vec<Review>>, Problem> {
    Ok(Json(service.engine.reviews(person).await?.into_iter().map(Into::into).collect()))
}

/// Takes the answer of a reviewer whom the person has allowed to read; the next run of the stages honours it.
#[utoipa::path(
    post, path = "/api/v1/reviews/{id}/decision", tag = "reviews", operation_id = "resolve_review", security(("bearer" = [])),
    params(AboutPerson, ("id" = Uuid, Path, description = "The review's id.")),
    request_body = DecisionSaid,
    responses((status = 204), Problem)
)]
pub(in crate::api) async fn resolve(
    State(service): State<Service>,
    Reviewing { person, account }: Reviewing,
    Named(id): Named<Uuid>,
    Body(said): Body<DecisionSaid>,
) -> Result<StatusCode, Problem> {
    let verdict = Verdict { decision: said.decision.into(), reason: said.reason, by: Some(account) };
    if !verdict.says_why() {
        return Err(Problem::field("reason", "says why, in at most 500 letters"));
    }
    service.engine.resolve_review(person, id, &verdict, service.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
