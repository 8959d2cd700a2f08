//! `/me/consents`: what a person allows.

use axum::Json;
use axum::extract::State;

use crate::api::body::Named;
use crate::api::caller::{AboutPerson, Owner, Reader};
use crate::api::{Problem, Service, shape};
use crate::domain::profile::Purpose;

/// What the person allows, and took back.
#[utoipa::path(
    get, path = "/api/v1/me/consents", tag = "me", operation_id = "consents", security(("bearer" = [])),
    params(AboutPerson),
    responses((status = 200, body = shape::Consents), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Reader(person): Reader,
) -> Result<Json<shape::Consents>, Problem> {
    Ok(Json((&service.engine.state(person).await?).into()))
}

/// Allows a purpose.
#[utoipa::path(
    put, path = "/api/v1/me/consents/{purpose}", tag = "me", operation_id = "grant_consent", security(("bearer" = [])),
    params(("purpose" = String, Path, description = "`processing`, `narrative_by_model`, `values_to_model`, `review`, or `provider:whoop` and the like.")),
    responses((status = 200, body = shape::Consents), Problem)
)]
pub(in crate::api) async fn grant(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(purpose): Named<String>,
) -> Result<Json<shape::Consents>, Problem> {
    Ok(Json((&service.engine.grant(person, read(&purpose)?, service.now()).await?).into()))
}

/// Takes a purpose back.
#[utoipa::path(
    delete, path = "/api/v1/me/consents/{purpose}", tag = "me", operation_id = "withdraw_consent", security(("bearer" = [])),
    params(("purpose" = String, Path, description = "`processing`, `narrative_by_model`, `values_to_model`, `review`, or `provider:whoop` and the like.")),
    responses((status = 200, body = shape::Consents), Problem)
)]
pub(in crate::api) async fn withdraw(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(purpose): Named<String>,
) -> Result<Json<shape::Consents>, Problem> {
    Ok(Json((&service.engine.withdraw(person, read(&purpose)?, service.now()).await?).into()))
}

/// A purpose nobody knows names nothing that exists.
fn read(purpose: &str) -> Result<Purpose, Problem> {
    purpose.parse().map_err(|_| Problem::not_found())
}
