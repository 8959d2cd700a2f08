//! Answers that are kept until the person's log moves on, or their local day ends.
//!
//! An answer is made of the log and of the present day, so it holds for as long as both stand: what counts is the revision the
//! read models have reached, not an age. What is kept lies in this process alone, in clear as the read models do, and in
//! bounds.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use quick_cache::Weighter;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::IntoResponses;

use super::{Problem, Service};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::engine::ports::proof::hex;
use crate::engine::{EngineError, run};

/// Bytes of answers that are kept.
const MOST: u64 = 16 * 1024 * 1024;
/// How often a kept answer is looked for before one is made apart.
const TRIES: usize = 3;
/// About how many answers that is.
const ANSWERS: usize = 4_096;

/// Whose answer, to which question.
type Key = (PersonId, String);

/// An answer, and for how long it holds.
#[derive(Clone, Debug)]
struct Kept {
    revision: u64,
    until: Instant,
    etag: HeaderValue,
    bytes: Bytes,
}

#[derive(Clone, Copy, Debug)]
struct ByBytes;

impl Weighter<Key, Kept> for ByBytes {
    fn weight(&self, key: &Key, kept: &Kept) -> u64 {
        (key.1.len() + kept.bytes.len()) as u64
    }
}

/// The answers. Clones share them.
#[derive(Clone, Debug)]
pub struct Cache(Arc<quick_cache::sync::Cache<Key, Kept, ByBytes>>);

impl Default for Cache {
    fn default() -> Self {
        Self(Arc::new(quick_cache::sync::Cache::with_weighter(ANSWERS, MOST, ByBytes)))
    }
}

/// What an answer that can be kept may be beside itself.
#[derive(IntoResponses)]
#[response(
    status = 304,
    description = "Nothing has changed since the answer whose `ETag` was sent as `If-None-Match`."
)]
pub(super) struct Unchanged;

/// The answer of an operation to a person: one that is kept, or what `make` comes to.
///
/// `name` tells it from every other answer to this person, parameters included.
///
/// # Errors
/// What `make` fails with, or the read models.
pub(super) async fn kept<T: Serialize, Made: Future<Output = Result<T, Problem>>>(
    service: &Service,
    person: PersonId,
    name: impl Into<String>,
    headers: &HeaderMap,
    make: impl Fn() -> Made,
) -> Result<Response, Problem> {
    let (key, views) = ((person, name.into()), &service.engine.views);
    views.catch_up().await.map_err(EngineError::from)?;
    // Before it is made: what is newer than its revision is made again once, never too late.
    let revision = views.revision(person).await.map_err(EngineError::from)?;
    let now = service.now();
    let fresh = || async {
        let state = service.engine.state(person).await?;
        let day = run::today(&state, now);
        let until = day.end(run::offset_on(&state, day));
        let bytes = serde_json::to_vec(&make().await?).map_err(|_| Problem::internal())?;
        Ok::<_, Problem>(Kept {
            revision: revision.unwrap_or_default(),
            until,
            etag: etag(&bytes)?,
            bytes: bytes.into(),
        })
    };
    let holds = |kept: &Kept| Some(kept.revision) >= revision && now < kept.until;
    // Of many who ask at once one makes it and the others wait for that; it may be of before what one of them just said.
    for _ in 0..TRIES {
        service.cache.0.remove_if(&key, |kept| !holds(kept));
        let kept = service.cache.0.get_or_insert_async(&key, fresh()).await?;
        if revision.is_some() && holds(&kept) {
            return Ok(answer(headers, kept));
        }
    }
    Ok(answer(headers, fresh().await?))
}

fn answer(headers: &HeaderMap, kept: Kept) -> Response {
    let named = [(header::ETAG, kept.etag.clone())];
    if knows(headers, &kept.etag) {
        return (StatusCode::NOT_MODIFIED, named).into_response();
    }
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (named, json, kept.bytes).into_response()
}

/// A weak name: what is sent may be compressed on its way.
fn etag(bytes: &[u8]) -> Result<HeaderValue, Problem> {
    HeaderValue::try_from(format!("W/\"{}\"", hex(&Sha256::digest(bytes)[..16]))).map_err(|_| Problem::internal())
}

/// Whether the client names the answer as one it has.
fn knows(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let weak = |name: &str| name.trim().trim_start_matches("W/").to_owned();
    let wanted = etag.to_str().map(weak).unwrap_or_default();
    let named = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|name| name.trim() == "*" || weak(name) == wanted)
}
