//! What a refused request is answered with: RFC 9457, one shape for every fault.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{Content, Ref, RefOr, Response as Described, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use super::request_id;
use crate::domain::invariants::Violation;
use crate::engine::EngineError;
use crate::engine::identity::IdentityError;
use crate::engine::live::LiveError;
use crate::engine::ports::journal::JournalError;
use crate::engine::ports::provider_api::CallFault;
use crate::engine::ports::views::ViewsError;
use crate::engine::run::RunError;

/// The media type of a problem.
const MEDIA_TYPE: &str = "application/problem+json";

/// A fault in a field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field, as a path from the top of the body; empty for the whole.
    pub field: String,
    /// What is wrong and what would be right. It never repeats the value.
    pub reason: String,
    /// The stable name of the rule, where a rule of the log refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
}

/// Why a request was not done, as RFC 9457 has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// A stable name of the kind of problem.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The same in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What to do about it.
    pub detail: String,
    /// The id under which this request stands in the request log.
    pub request_id: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Seconds after which it may be tried again.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            request_id: request_id::current(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// There is no such thing, or it belongs to somebody else: nobody can tell which.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", "There is no such thing here.")
    }

    /// Nobody that this server knows asks.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "Not signed in",
            "What was shown opens nothing: sign in at `auth/login`, and send `Authorization: Bearer` with the access token.",
        )
    }

    /// A name and a password that open nothing, whatever stands in the way.
    #[must_use]
    pub fn not_signed_in(detail: &'static str) -> Self {
        Self { detail: detail.to_owned(), ..Self::unauthenticated() }
    }

    /// Who asks is known and may not.
    #[must_use]
    pub fn forbidden(detail: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
    }

    /// Some fields are not what they should be.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "Not valid",
            "Some fields are not what they should be; nothing was done.",
        );
        Self { errors, ..problem }
    }

    /// One field is not what it should be.
    #[must_use]
    pub fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { field: field.into(), reason: reason.into(), rule: None }])
    }

    /// The request cannot be read at all.
    #[must_use]
    pub fn unreadable(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::new(status, "unreadable", "Not readable", detail)
    }

    /// The path is known, and does not take the method.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "No such method here",
            "`openapi.json` names the methods of every path.",
        )
    }

    /// An account at a provider was not connected.
    fn not_connected(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not_connected", "Not connected", detail)
    }

    /// It contradicts what stands.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "In conflict with what stands", detail)
    }

    /// Too much of it too fast.
    #[must_use]
    pub fn too_many(retry_after: u32) -> Self {
        let problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Too many requests",
            "Wait as long as `Retry-After` says.",
        );
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// Something this server needs does not answer. What was acknowledged before is kept.
    #[must_use]
    pub fn unavailable() -> Self {
        let problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Not available",
            "Something this server needs does not answer. Whether the last step was done is not known: look before you ask again.",
        );
        Self { retry_after: Some(5), ..problem }
    }

    /// As much is under way as this server does at once.
    #[must_use]
    pub fn busy() -> Self {
        let detail = "As much is under way as is done at once; nothing was done. Wait as long as `Retry-After` says.";
        Self { detail: detail.to_owned(), ..Self::unavailable() }
    }

    /// A defect of this build.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "A fault of the server",
            "It is written down under the request id.",
        )
    }

    fn of_rule(violation: &Violation) -> Self {
        let error =
            FieldError { field: violation.field.clone(), reason: violation.reason.clone(), rule: Some(violation.rule) };
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "refused_by_rule",
            "A rule forbids it",
            "Nothing was changed; `errors` names the rule.",
        );
        Self { errors: vec![error], ..problem }
    }
}

/// A clause as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

impl From<LiveError> for Problem {
    fn from(error: LiveError) -> Self {
        match error {
            LiveError::Engine(error) => error.into(),
            LiveError::NotSetUp(_) | LiveError::NotConnected(_) => {
                Self { detail: sentence(&error.to_string()), ..Self::not_found() }
            }
            LiveError::NotBegun | LiveError::NotAllowed | LiveError::Nameless(_) => {
                Self::not_connected(sentence(&error.to_string()))
            }
            LiveError::MustGo(_) => Self::field("data", sentence(&error.to_string())),
            LiveError::Reconnect(_) | LiveError::OtherPerson => Self::conflict(sentence(&error.to_string())),
            LiveError::Call(CallFault::GrantEnded) => Self::not_connected("The provider did not take its own code."),
            LiveError::Busy(_) | LiveError::Call(_) => {
                tracing::warn!(%error, "a provider did not give what was asked for");
                Self::unavailable()
            }
            LiveError::Connections(_) | LiveError::Queue(_) | LiveError::Disk | LiveError::Stopped => {
                tracing::error!(%error, "live providers are not available");
                Self::unavailable()
            }
        }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(violation) => Self::of_rule(&violation),
            EngineError::NotFound { .. } => Self::not_found(),
            EngineError::Export(unreadable) => {
                let detail = format!("The file cannot be taken: {}", unreadable.without_name());
                Self::unreadable(StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            EngineError::Journal(JournalError::Conflict) => {
                Self::conflict("Others changed the same at the same time: ask again.")
            }
            EngineError::Journal(JournalError::Unavailable(_))
            | EngineError::Views(ViewsError::Unavailable(_))
            | EngineError::Erasing(_) => {
                tracing::error!(%error, "the store does not answer");
                Self::unavailable()
            }
            EngineError::Run(RunError::Refused { .. } | RunError::Text { .. })
            | EngineError::Journal(JournalError::Inconsistent { .. })
            | EngineError::Views(ViewsError::Paused { .. })
            | EngineError::Originals(_)
            | EngineError::Refusals(_) => {
                tracing::error!(%error, "a request failed");
                Self::internal()
            }
        }
    }
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        let seconds = |wait: Duration| u32::try_from(wait.as_secs().max(1)).unwrap_or(u32::MAX);
        match error {
            IdentityError::Refused => Self::unauthenticated(),
            IdentityError::TooMany { retry_after } => Self::too_many(seconds(retry_after)),
            IdentityError::Busy { retry_after } => Self { retry_after: Some(seconds(retry_after)), ..Self::busy() },
            IdentityError::Weak(weak) => Self::field("new", weak.to_string()),
            IdentityError::NameTaken => Self::conflict("There is an account of this name."),
            IdentityError::Unfit { field, fault } => Self::field(field, fault),
            IdentityError::NotFound(_) => Self::not_found(),
            IdentityError::Broken => {
                tracing::error!("a password or a token could not be made or read");
                Self::internal()
            }
            IdentityError::Accounts(error) => {
                tracing::error!(%error, "the accounts do not answer");
                Self::unavailable()
            }
        }
    }
}

impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let content = Content::new(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new().description("Why it was not done.").content(MEDIA_TYPE, content);
        BTreeMap::from([("default".to_owned(), response.build().into())])
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
