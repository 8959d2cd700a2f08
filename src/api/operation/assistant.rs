//! `/insights/daily`, `/insights/context`, `/insights/evaluate`: the assistant's groundwork. It says nothing that the stages
//! have not said.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::checkins::day_of;
use crate::api::body::Body;
use crate::api::cache::{Unchanged, kept};
use crate::api::caller::{AboutPerson, Owner, Reader};
use crate::api::{Problem, Service, shape};
use crate::engine::assistant::{Asking, Note};

/// The day in short: the sentences that sum it up, what moved, what to try, what is not known. What bears on the person's
/// objectives comes first.
#[utoipa::path(
    get, path = "/api/v1/insights/daily", tag = "insights", operation_id = "daily", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = shape::Daily), Unchanged, Problem)
)]
pub(in crate::api) async fn daily(
    State(service): State<Service>,
    Reader(person): Reader,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = || async { Ok(shape::Daily::from(service.engine.daily(person, service.now()).await?)) };
    kept(&service, person, "daily", &headers, now).await
}

/// Something that happened beside the measurements.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ContextSaid {
    /// `travel`, `illness`, `injury`, `competition`, `alcohol`, `stress`, `holiday`, `device` or `other`.
    event_type: String,
    /// The day it began; the present one where it is not named.
    #[schema(format = Date)]
    day: Option<String>,
    /// The last day, within 92; the first where it is not named.
    #[schema(format = Date)]
    until: Option<String>,
    /// More about it. No model and no text sees it.
    #[schema(min_length = 1, max_length = 500)]
    note: Option<String>,
    /// The program that notes it.
    #[schema(min_length = 1, max_length = 60)]
    source: Option<String>,
}

/// Notes what happened beside the measurements: `why` shows it with what rests on those days, and nothing counts it. The same
/// again is the same.
#[utoipa::path(
    post, path = "/api/v1/insights/context", tag = "insights", operation_id = "note_context", security(("bearer" = [])),
    request_body = ContextSaid,
    responses((status = 200, body = shape::Noted), Problem)
)]
pub(in crate::api) async fn context(
    State(service): State<Service>,
    Owner(person): Owner,
    Body(said): Body<ContextSaid>,
) -> Result<Json<shape::Noted>, Problem> {
    let unknown = |_| Problem::field("event_type", "is none of the known words; anything else is `other`");
    let note = Note {
        kind: said.event_type.parse().map_err(unknown)?,
        first: said.day.map(|day| day_of("day", &day)).transpose()?,
        last: said.until.map(|day| day_of("until", &day)).transpose()?,
        words: said.note,
        source: said.source,
    };
    Ok(Json(service.engine.note(person, &note, service.now()).await?.into()))
}

/// A question.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Question {
    /// In plain words; without one everything is told. One whose words name nothing goes on with what the sitting was about.
    #[schema(min_length = 1, max_length = 500)]
    #[validate(length(min = 1, max = 500, message = "has from 1 to 500 letters"))]
    question: Option<String>,
    /// The sitting to go on with; a new one where it is not named.
    session_id: Option<Uuid>,
}

/// Answers a question with what holds: statements with their grades, what the day's text says, and what was suggested. That it
/// was asked, and what the answer told of, is written down.
#[utoipa::path(
    post, path = "/api/v1/insights/evaluate", tag = "insights", operation_id = "ask", security(("bearer" = [])),
    request_body = Question,
    responses((status = 200, body = shape::Answer), Problem)
)]
pub(in crate::api) async fn evaluate(
    State(service): State<Service>,
    Owner(person): Owner,
    Body(asked): Body<Question>,
) -> Result<Json<shape::Answer>, Problem> {
    let session_id = asked.session_id.unwrap_or_else(|| service.new_id());
    let asking = Asking { question: asked.question, session_id };
    Ok(Json(service.engine.answer(person, &asking, service.now()).await?.into()))
}
