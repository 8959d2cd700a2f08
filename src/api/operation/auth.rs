//! `/auth`: signing in, staying in, and going out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::api::body::{Body, Named};
use crate::api::caller::{Address, Signed};
use crate::api::{Problem, Service, series};
use crate::domain::account::SessionId;
use crate::engine::identity::{IdentityError, Tokens};

/// A name and its password.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Login {
    /// The name of the account.
    #[schema(max_length = 254)]
    #[validate(length(max = 254, message = "has 254 characters at most"))]
    name: String,
    /// Its password.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: SecretString,
}

/// What a request shows, and what is shown for the next.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct SignedIn {
    /// Shown as `Authorization: Bearer`; good for a few minutes.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds for which the access token is good.
    expires_in: i64,
    /// Shown once at `auth/refresh` for the next pair.
    refresh_token: String,
}

impl SignedIn {
    fn of(tokens: &Tokens, service: &Service) -> Self {
        Self {
            access_token: tokens.access.token.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: (tokens.access.ends_at - service.now()).num_seconds(),
            refresh_token: tokens.refresh.expose_secret().to_owned(),
        }
    }
}

/// A refresh token.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Refresh {
    /// The one that was given last.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    refresh_token: SecretString,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SessionShown {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// When it began.
    #[schema(format = DateTime)]
    started_at: String,
    /// When it was last refreshed.
    #[schema(format = DateTime)]
    used_at: String,
    /// When it ends unless it is refreshed.
    #[schema(format = DateTime)]
    ends_at: String,
    /// Whether it is the one that asks.
    current: bool,
}

/// An old and a new password.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct PasswordChange {
    /// The one that stands.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    old: SecretString,
    /// The one that is to stand: 12 to 128 characters of any kind.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    new: SecretString,
}

/// The access token that takes the place of the one in hand.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Renewed {
    /// Shown as `Authorization: Bearer`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
}

/// A one-time token and a new password.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct PasswordSet {
    /// What an operator handed out.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    one_time_token: SecretString,
    /// The password: 12 to 128 characters of any kind.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    new: SecretString,
}

/// Signs in. A wrong password, an unknown name and a locked account are answered alike.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "auth", operation_id = "login", request_body = Login,
    responses((status = 200, body = SignedIn), Problem)
)]
pub(in crate::api) async fn login(
    State(service): State<Service>,
    Address(address): Address,
    Body(login): Body<Login>,
) -> Result<Json<SignedIn>, Problem> {
    let identity = service.access.identity()?;
    let tokens = identity.login(&login.name, &login.password, address, service.now()).await;
    series::signed_in(&tokens);
    let tokens = tokens.map_err(|error| match error {
        IdentityError::Refused => Problem::not_signed_in(
            "The name or the password is not right, or too many were tried: look at both, or wait a quarter of an hour.",
        ),
        other => other.into(),
    })?;
    Ok(Json(SignedIn::of(&tokens, &service)))
}

/// Gives the next pair of tokens. A token that is shown a second time ends its session.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "auth", operation_id = "refresh", request_body = Refresh,
    responses((status = 200, body = SignedIn), Problem)
)]
pub(in crate::api) async fn refresh(
    State(service): State<Service>,
    Body(shown): Body<Refresh>,
) -> Result<Json<SignedIn>, Problem> {
    let identity = service.access.identity()?;
    let tokens = identity.refresh(shown.refresh_token.expose_secret(), service.now()).await?;
    Ok(Json(SignedIn::of(&tokens, &service)))
}

/// Ends the session that asks.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "auth", operation_id = "logout", security(("bearer" = [])),
    responses((status = 204), Problem)
)]
pub(in crate::api) async fn logout(State(service): State<Service>, signed: Signed) -> Result<StatusCode, Problem> {
    service.access.identity()?.logout(signed.account, signed.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sessions of the account, the newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "auth", operation_id = "sessions", security(("bearer" = [])),
    responses((status = 200, body = Vec<SessionShown>), Problem)
)]
pub(in crate::api) async fn sessions(
    State(service): State<Service>,
    signed: Signed,
) -> Result<Json<Vec<SessionShown>>, Problem> {
    let sessions = service.access.identity()?.sessions(signed.account, service.now()).await?;
    let shown = sessions.iter().map(|session| SessionShown {
        id: session.id.to_string(),
        started_at: session.started_at.to_rfc3339(),
        used_at: session.used_at.to_rfc3339(),
        ends_at: session.ends_at().to_rfc3339(),
        current: session.id == signed.session,
    });
    Ok(Json(shown.collect()))
}

/// Ends a session of the account.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}", tag = "auth", operation_id = "end_session", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The session's id.")),
    responses((status = 204), Problem)
)]
pub(in crate::api) async fn end(
    State(service): State<Service>,
    signed: Signed,
    Named(id): Named<Uuid>,
) -> Result<StatusCode, Problem> {
    service.access.identity()?.revoke(signed.account, SessionId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the password. Every other session ends, and the access token in hand with them.
#[utoipa::path(
    post, path = "/api/v1/auth/password", tag = "auth", operation_id = "change_password", security(("bearer" = [])),
    request_body = PasswordChange,
    responses((status = 200, body = Renewed), Problem)
)]
pub(in crate::api) async fn change_password(
    State(service): State<Service>,
    signed: Signed,
    Body(change): Body<PasswordChange>,
) -> Result<Json<Renewed>, Problem> {
    let Signed { account, session, .. } = signed;
    let identity = service.access.identity()?;
    let changed = identity.change_password(account, session, &change.old, &change.new, service.now()).await;
    let access = changed.map_err(|error| match error {
        // The token was good: what is refused is the password.
        IdentityError::Refused => Problem::field("old", "is not the password, or is not looked at for now"),
        other => other.into(),
    })?;
    Ok(Json(Renewed { access_token: access.token.expose_secret().to_owned(), token_type: "Bearer" }))
}

/// Sets a password with a one-time token. Every session of the account ends.
#[utoipa::path(
    post, path = "/api/v1/auth/password/one-time", tag = "auth", operation_id = "set_password", request_body = PasswordSet,
    responses((status = 204), Problem)
)]
pub(in crate::api) async fn set_password(
    State(service): State<Service>,
    Body(set): Body<PasswordSet>,
) -> Result<StatusCode, Problem> {
    let identity = service.access.identity()?;
    let set = identity.set_password(set.one_time_token.expose_secret(), &set.new, service.now()).await;
    set.map_err(|error| match error {
        IdentityError::Refused => Problem::not_signed_in(
            "The one-time token is not good, or not any more: whoever runs this server makes another.",
        ),
        other => other.into(),
    })?;
    Ok(StatusCode::NO_CONTENT)
}
