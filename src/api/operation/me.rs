//! `GET /me`: who is signed in.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Problem;
use crate::api::caller::Signed;

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Me {
    /// The account.
    #[schema(format = Uuid)]
    account: String,
    /// `person`, `reviewer` or `operator`.
    role: &'static str,
    /// The person whose data the account owns.
    #[schema(format = Uuid)]
    person: Option<String>,
}

/// Who is signed in.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "me", operation_id = "me", security(("bearer" = [])),
    responses((status = 200, body = Me), Problem)
)]
pub(in crate::api) async fn get(signed: Signed) -> Json<Me> {
    Json(Me {
        account: signed.account.to_string(),
        role: signed.role.key(),
        person: signed.person.map(|person| person.to_string()),
    })
}
