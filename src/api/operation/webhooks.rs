//! `/webhooks`: what providers send by themselves. It is kept before it is answered, and answered at once.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::api::{Problem, Service};
use crate::domain::provider::Provider;
use crate::engine::EngineError;
use crate::engine::live::LiveError;
use crate::engine::live::notice::Noticed;
use crate::engine::ports::accounts::Digest;
use crate::engine::ports::webhook::{NotTaken, Webhook};

/// Bytes of a request: Garmin sends whole days of several persons at once.
pub(in crate::api) const MOST_OF_A_NOTICE: usize = 16 * 1024 * 1024;

fn counted(provider: Provider, outcome: &'static str) {
    metrics::counter!("candor_webhooks_total", "provider" => provider.key(), "outcome" => outcome).increment(1);
}

/// Who reads the notices that come to an address; whoever guesses it wrongly finds nothing there.
fn reader<'a>(service: &'a Service, name: &str, end: &str) -> Result<(Provider, &'a dyn Webhook), Problem> {
    let provider: Provider = name.parse().map_err(|_| Problem::not_found())?;
    let webhook = service.live.webhooks.get(&provider).ok_or_else(Problem::not_found)?;
    // Of digests, so that how long it takes says nothing of the address.
    let same = Digest::of(webhook.path()) == Digest::of(end);
    if same {
        Ok((provider, webhook.as_ref()))
    } else {
        counted(provider, "elsewhere");
        Err(Problem::not_found())
    }
}

/// Takes what WHOOP sends.
pub(in crate::api) async fn take(
    State(service): State<Service>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<StatusCode, Problem> {
    take_at(&service, &name, "", &headers, body).await
}

/// Takes what is sent to an address that nobody can guess.
pub(in crate::api) async fn take_there(
    State(service): State<Service>,
    Path((name, end)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<StatusCode, Problem> {
    take_at(&service, &name, &end, &headers, body).await
}

async fn take_at(
    service: &Service,
    name: &str,
    end: &str,
    headers: &HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<StatusCode, Problem> {
    let (provider, webhook) = reader(service, name, end)?;
    let body = body.map_err(|rejection| {
        counted(provider, if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { "oversized" } else { "unreadable" });
        Problem::unreadable(rejection.status(), "It is longer than what is taken here, or broke off.")
    })?;
    if body.len() > webhook.most_bytes() {
        counted(provider, "oversized");
        return Err(Problem::unreadable(StatusCode::PAYLOAD_TOO_LARGE, "It is longer than what is taken here."));
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let now = service.now();
    let notices = webhook.read(&header, &body, now).map_err(|refusal| {
        counted(provider, refusal.key());
        tracing::warn!(provider = provider.key(), reason = refusal.key(), "a notice was refused");
        match refusal {
            NotTaken::Forged => Problem::not_signed_in("It is not signed, or not named, as this provider does."),
            NotTaken::Late => Problem::not_signed_in("It was signed at another time."),
            NotTaken::Unreadable => Problem::unreadable(StatusCode::BAD_REQUEST, "It is not what is sent here."),
        }
    })?;
    for notice in &notices {
        let noticed = match service.live.take_notice(provider, notice, now).await {
            // Whoever sends again does not help: this person does not allow it, or the document cannot be read.
            Err(LiveError::Engine(EngineError::Refused(_) | EngineError::Export(_))) => "refused",
            taken => match taken? {
                Noticed::Taken => "taken",
                Noticed::Known => "known",
                Noticed::Stranger => "stranger",
                Noticed::Other => "other",
            },
        };
        counted(provider, noticed);
    }
    Ok(StatusCode::OK)
}

/// Answers whether an address is ours, as Strava asks before it sends anything.
pub(in crate::api) async fn challenge(
    State(service): State<Service>,
    Path((name, end)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (provider, webhook) = reader(&service, &name, &end)?;
    match webhook.challenge(&query) {
        Ok(answer) => Ok(Json(answer).into_response()),
        Err(refusal) => {
            counted(provider, refusal.key());
            Err(Problem::forbidden("This is not asked as it should be."))
        }
    }
}
