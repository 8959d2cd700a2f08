//! `/webhooks`: what providers send by themselves. It is kept before it is answered, and answered at once.

use std::io::{Seek as _, Write as _};
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use tempfile::{SpooledTempFile, spooled_tempfile_in};
use tokio::sync::OwnedSemaphorePermit;

use crate::api::body::Named;
use crate::api::{Problem, Service};
use crate::domain::provider::Provider;
use crate::engine::EngineError;
use crate::engine::live::LiveError;
use crate::engine::live::notice::Noticed;
use crate::engine::ports::accounts::Digest;
use crate::engine::ports::webhook::{NotTaken, Webhook};

/// Bytes of a body that are held in memory. What is longer goes to the disk and holds a turn, as a file that is uploaded does.
const SHORT: usize = 64 * 1024;

fn counted(provider: Provider, outcome: &'static str) {
    count(provider, outcome, 1);
}

fn count(provider: Provider, outcome: &'static str, how_often: u64) {
    metrics::counter!("candor_webhooks_total", "provider" => provider.key(), "outcome" => outcome).increment(how_often);
}

/// Who reads the notices that come to an address; whoever guesses it wrongly finds nothing there.
fn reader<'a>(service: &'a Service, name: &str, end: &str) -> Result<(Provider, &'a Arc<dyn Webhook>), Problem> {
    let provider: Provider = name.parse().map_err(|_| Problem::not_found())?;
    let webhook = service.live.webhooks.get(&provider).ok_or_else(Problem::not_found)?;
    // Of digests, so that how long it takes says nothing of the address.
    let same = Digest::of(webhook.path()) == Digest::of(end);
    if same {
        Ok((provider, webhook))
    } else {
        counted(provider, "elsewhere");
        Err(Problem::not_found())
    }
}

/// Takes what WHOOP sends: signed, one notice a request.
#[utoipa::path(
    post, path = "/webhooks/{provider}", tag = "webhooks", operation_id = "signed_webhook",
    params(("provider" = String, Path, description = "`whoop`.")),
    request_body(content = serde_json::Value, description = "What the provider sends, as it sends it."),
    responses((status = 200, description = "It is kept. Sent again, it changes nothing."), Problem)
)]
pub(in crate::api) async fn take(
    State(service): State<Service>,
    Named(name): Named<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    take_at(&service, &name, "", request).await
}

/// Takes what is sent to an address that nobody can guess.
#[utoipa::path(
    post, path = "/webhooks/{provider}/{end}", tag = "webhooks", operation_id = "webhook",
    params(
        ("provider" = String, Path, description = "`strava` or `garmin`."),
        ("end" = String, Path, description = "The end of the address, which its operator chose and told the provider alone."),
    ),
    request_body(content = serde_json::Value, description = "What the provider sends, as it sends it."),
    responses((status = 200, description = "It is kept. Sent again, it changes nothing."), Problem)
)]
pub(in crate::api) async fn take_there(
    State(service): State<Service>,
    Named((name, end)): Named<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    take_at(&service, &name, &end, request).await
}

fn header<'a>(headers: &'a HeaderMap) -> impl Fn(&str) -> Option<&'a str> + Sync + 'a {
    |name| headers.get(name).and_then(|value| value.to_str().ok())
}

fn refused(provider: Provider, refusal: NotTaken) -> Problem {
    counted(provider, refusal.key());
    tracing::warn!(provider = provider.key(), reason = refusal.key(), "a notice was refused");
    match refusal {
        NotTaken::Forged => Problem::not_signed_in("It is not signed, or not named, as this provider does."),
        NotTaken::Late => Problem::not_signed_in("It was signed at another time."),
        NotTaken::Unreadable => Problem::unreadable(StatusCode::BAD_REQUEST, "It is not what is sent here."),
        NotTaken::NotHeld => Problem::unavailable(),
    }
}

fn oversized(provider: Provider) -> Problem {
    counted(provider, "oversized");
    Problem::unreadable(StatusCode::PAYLOAD_TOO_LARGE, "It is longer than what is taken here.")
}

/// A body that was read to its end. A long one lies on the disk, and holds a turn.
struct Held {
    body: SpooledTempFile,
    turn: Option<OwnedSemaphorePermit>,
}

/// Reads a body to its end, as far as its provider may go.
async fn hold(service: &Service, provider: Provider, most: u64, body: Body) -> Result<Held, Problem> {
    let not_held = |_| refused(provider, NotTaken::NotHeld);
    let mut held = Held { body: spooled_tempfile_in(SHORT, &service.uploads), turn: None };
    let (mut chunks, mut bytes) = (body.into_data_stream(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| refused(provider, NotTaken::Unreadable))?;
        bytes += chunk.len() as u64;
        if bytes > most {
            return Err(oversized(provider));
        }
        if bytes > SHORT as u64 && held.turn.is_none() {
            let Ok(turn) = Arc::clone(&service.turns).try_acquire_owned() else { return Err(Problem::busy()) };
            held.turn = Some(turn);
        }
        held.body.write_all(&chunk).map_err(not_held)?;
    }
    held.body.rewind().map_err(not_held)?;
    Ok(held)
}

async fn take_at(service: &Service, name: &str, end: &str, request: Request) -> Result<StatusCode, Problem> {
    let (provider, webhook) = reader(service, name, end)?;
    let (head, body) = request.into_parts();
    // Who is not who they should be is not listened to for long.
    webhook.admits(&header(&head.headers)).map_err(|refusal| refused(provider, refusal))?;
    if body.size_hint().lower() > webhook.most_bytes() {
        return Err(oversized(provider));
    }
    let mut held = hold(service, provider, webhook.most_bytes(), body).await?;
    let (now, webhook) = (service.now(), Arc::clone(webhook));
    let reading =
        tokio::task::spawn_blocking(move || (webhook.read(&header(&head.headers), &mut held.body, now), held));
    let (told, _held) = reading.await.map_err(|_| Problem::internal())?;
    let told = told.map_err(|refusal| refused(provider, refusal))?;
    count(provider, "passed_over", told.passed_over);
    // What cannot be taken of one person holds up nobody else; it is all sent again then, and what was taken is known.
    let mut taken = Ok(StatusCode::OK);
    for notice in &told.notices {
        let noticed = count_noticed(provider, service.live.take_notice(provider, notice, now).await);
        taken = taken.and_then(|status| noticed.map(|()| status));
    }
    for pushed in told.pushed {
        let noticed = count_noticed(provider, service.live.take_push(provider, pushed, now).await);
        taken = taken.and_then(|status| noticed.map(|()| status));
    }
    taken
}

fn count_noticed(provider: Provider, noticed: Result<Noticed, LiveError>) -> Result<(), Problem> {
    let noticed = match noticed {
        // Whoever sends again does not help: this person does not allow it.
        Err(LiveError::Engine(EngineError::Refused(_))) => "refused",
        noticed => match noticed? {
            Noticed::Taken => "taken",
            Noticed::Known => "known",
            Noticed::Stranger => "stranger",
            Noticed::Other => "other",
        },
    };
    counted(provider, noticed);
    Ok(())
}

/// Answers whether an address is ours, as Strava asks before it sends anything.
#[utoipa::path(
    get, path = "/webhooks/{provider}/{end}", tag = "webhooks", operation_id = "webhook_challenge",
    params(
        ("provider" = String, Path, description = "`strava`."),
        ("end" = String, Path, description = "The end of the address, which its operator chose and told the provider alone."),
        ("hub.mode" = String, Query, description = "`subscribe`."),
        ("hub.challenge" = String, Query, description = "What is to be answered."),
        ("hub.verify_token" = String, Query, description = "What the subscription was made with."),
    ),
    responses((status = 200, body = serde_json::Value), Problem)
)]
pub(in crate::api) async fn challenge(
    State(service): State<Service>,
    Named((name, end)): Named<(String, String)>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let (provider, webhook) = reader(&service, &name, &end)?;
    let Query(query) = query.unwrap_or_default();
    match webhook.challenge(&query) {
        Ok(answer) => Ok(Json(answer).into_response()),
        Err(refusal) => {
            counted(provider, refusal.key());
            Err(Problem::forbidden("This is not asked as it should be."))
        }
    }
}
