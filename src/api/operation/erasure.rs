//! `POST /me/erasure`: everything of a person, gone for good.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::api::body::Body;
use crate::api::caller::Owner;
use crate::api::{Problem, Service};
use crate::domain::erasure::Scope;

/// What must be said, so that nothing is erased by mistake.
const CONFIRM: &str = "erase everything";

/// The wish to be erased.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Wish {
    /// The words `erase everything`.
    #[validate(length(max = 40, message = "has up to 40 letters"))]
    confirm: String,
}

/// That it was done.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Erasure {
    /// The person who is gone.
    #[schema(format = Uuid)]
    person: String,
    /// How many keys were destroyed.
    keys_destroyed: u64,
    /// Events that stand in the log and that nobody can read any more.
    events_unreadable: u64,
    /// When.
    #[schema(format = DateTime)]
    completed_at: String,
    /// Where the log says so.
    position: String,
    /// The hash of that event, in hex: it hangs on everything before it.
    hash: String,
}

/// Erases everything of the person and their account, for good: measurements, texts, files, connections, sessions. Of the
/// log the kinds and times of its events are left, and the fact that it was done: it still proves that nobody edited it. An export before it is the last chance to take
/// anything along.
#[utoipa::path(
    post, path = "/api/v1/me/erasure", tag = "me", operation_id = "erase_me", security(("bearer" = [])),
    request_body = Wish,
    responses((status = 200, body = Erasure), Problem)
)]
pub(in crate::api) async fn create(
    State(service): State<Service>,
    Owner(person): Owner,
    Body(wish): Body<Wish>,
) -> Result<Json<Erasure>, Problem> {
    if wish.confirm != CONFIRM {
        return Err(Problem::field("confirm", "must be the words `erase everything`: it cannot be undone"));
    }
    let erased = service.live.erase(person, Scope::Person, service.now()).await?;
    Ok(Json(Erasure {
        person: erased.person.to_string(),
        keys_destroyed: erased.keys_destroyed.len() as u64,
        events_unreadable: erased.events_unreadable,
        completed_at: erased.completed_at.to_rfc3339(),
        position: erased.position,
        hash: erased.hash,
    }))
}
