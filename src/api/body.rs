//! Reading what a request says: every fault becomes a problem that names the place and repeats nothing.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use utoipa::IntoParams;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use super::problem::FieldError;
use super::{Problem, Service};
use crate::engine::as_of::AsOf;

/// A JSON body, read and validated.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + Validate> FromRequest<Service> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "Send JSON, with `Content-Type: application/json`.";
            return Err(Problem::unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = Bytes::from_request(request, service).await.map_err(|fault: BytesRejection| {
            let detail = match fault.status() {
                StatusCode::PAYLOAD_TOO_LARGE => "The body is longer than this operation takes.",
                _ => "The body broke off.",
            };
            Problem::unreadable(fault.status(), detail)
        })?;
        // A list would be read as the fields in their order, which no description says.
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(Problem::field("body", "is a list; expected an object"));
        }
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let body: T = serde_path_to_error::deserialize(&mut reader).map_err(|fault| of_json(&fault))?;
        reader.end().map_err(|_| broken("The body goes on after its JSON value."))?;
        body.validate().map_err(|faults| Problem::invalid(named(&faults, "")))?;
        Ok(Self(body))
    }
}

/// The parameters after the question mark, read and validated.
#[derive(Debug)]
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned + Validate> FromRequestParts<Service> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let asked = Query::<T>::from_request_parts(parts, service).await;
        let Query(asked) = asked.map_err(|fault: QueryRejection| {
            let text = fault.body_text();
            let (field, told) = text.split_once(": ").map_or(("", text.as_str()), |(_, told)| place(told));
            Problem::field(or(field, "query"), reason(told))
        })?;
        asked.validate().map_err(|faults| Problem::invalid(named(&faults, "")))?;
        Ok(Self(asked))
    }
}

/// The moment that is asked about.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// Read by `Reader`.
    #[param(ignore)]
    #[serde(rename = "person")]
    _person: Option<String>,
    /// What was known and told then: at the end of a day, or right after the event with this revision.
    as_of: Option<String>,
}

impl Moment {
    /// The moment, if one is named.
    ///
    /// # Errors
    /// When it is none.
    pub fn as_of(&self) -> Result<Option<AsOf>, Problem> {
        self.as_of.as_deref().map(moment).transpose()
    }
}

/// A moment as it is written.
///
/// # Errors
/// When it is none.
pub fn moment(text: &str) -> Result<AsOf, Problem> {
    text.parse().map_err(|_| Problem::field("as_of", "is no moment; write a day like 2026-03-01, or a revision"))
}

/// A part of the path. One that cannot be read names nothing that exists.
#[derive(Debug)]
pub struct Named<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Service> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let named = Path::<T>::from_request_parts(parts, service).await;
        named.map(|Path(part)| Self(part)).map_err(|_: PathRejection| Problem::not_found())
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn broken(detail: &str) -> Problem {
    Problem::unreadable(StatusCode::BAD_REQUEST, detail)
}

fn of_json(fault: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    if fault.inner().classify() != Category::Data {
        return broken("The body is no JSON.");
    }
    let told = fault.inner().to_string();
    let path = fault.path().to_string();
    // The name of an unknown field is the caller's: the place is what holds it.
    let place = if told.starts_with("unknown field") { holder(fault.path()) } else { path };
    let place = if place == "." { "" } else { &place };
    Problem::field(or(place, "body"), reason(&told))
}

/// The path without its last part.
fn holder(path: &serde_path_to_error::Path) -> String {
    let parts: Vec<String> = path.iter().map(ToString::to_string).collect();
    parts.split_last().map(|(_, before)| before.join(".")).unwrap_or_default()
}

/// The field a reader names before its words, where it names one that this server knows.
fn place(told: &str) -> (&str, &str) {
    match told.split_once(": ") {
        Some((field, rest)) if !rest.starts_with("unknown field") && !field.contains(' ') => (field, rest),
        Some((_, rest)) if rest.starts_with("unknown field") => ("", rest),
        _ => ("", told),
    }
}

fn or<'a>(field: &'a str, whole: &'a str) -> &'a str {
    if field.is_empty() { whole } else { field }
}

/// A reader's words without what was sent: only what it expected is quoted.
fn reason(told: &str) -> String {
    if told.starts_with("missing field") {
        let end = told.rfind(" at line ").unwrap_or(told.len());
        return told[..end].to_owned();
    }
    let kind = if told.starts_with("unknown field") { "a field that is not known" } else { "not what is expected" };
    match told.rsplit_once("expected ") {
        Some((_, expected)) => {
            let end = expected.rfind(" at line ").unwrap_or(expected.len());
            let expected = match &expected[..end] {
                "f64" => "a number",
                "u16" | "u32" | "u64" => "a whole number from 0",
                words => words,
            };
            format!("{kind}; expected {expected}")
        }
        None => kind.to_owned(),
    }
}

fn named(faults: &ValidationErrors, before: &str) -> Vec<FieldError> {
    let path = |field: &str| if before.is_empty() { field.to_owned() } else { format!("{before}.{field}") };
    let mut errors = Vec::new();
    for (field, kind) in faults.errors() {
        match kind {
            ValidationErrorsKind::Field(found) => errors.extend(found.iter().map(|fault| FieldError {
                field: path(field),
                reason: fault.message.as_ref().map_or_else(|| fault.code.to_string(), ToString::to_string),
                rule: None,
            })),
            ValidationErrorsKind::Struct(inner) => errors.extend(named(inner, &path(field))),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    errors.extend(named(inner, &format!("{}[{index}]", path(field))));
                }
            }
        }
    }
    errors.sort_by(|a, b| a.field.cmp(&b.field));
    errors
}
