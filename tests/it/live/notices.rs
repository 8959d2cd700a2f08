//! Notices as providers send them, through the server: taken at once and once; forged, late and oversized ones are harmless.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use candor::api::Access;
use candor::domain::provider::Provider;
use candor::engine::ports::jobs::{JobState, Page};
use candor::providers::garmin::webhook::GarminWebhook;
use candor::providers::strava::webhook::StravaWebhook;
use candor::providers::whoop::webhook::WhoopWebhook;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use super::fake::Fake;
use super::person;
use crate::api::{Answer, Server};
use crate::support::Place;

/// What the test server's clock shows, to the minute.
fn server_now() -> candor::domain::Instant {
    crate::api::NOW.parse().unwrap()
}

/// A server with all three providers, whose person's account is connected at each.
async fn server() -> Server {
    let mut server = Server::over(Place::sqlite().await.unwrap(), Access::Public(crate::api::person())).await;
    let live = &mut server.service.live;
    for provider in [Provider::Whoop, Provider::Strava, Provider::Garmin] {
        live.apis.insert(provider, Arc::new(Fake::new(provider)));
    }
    live.webhooks.insert(Provider::Whoop, Arc::new(WhoopWebhook::new("secret".to_owned().into())));
    let strava = StravaWebhook {
        path: "unguessable".to_owned(),
        verify_token: "token".to_owned().into(),
        signing: None,
        subscriptions: vec![120_475],
    };
    live.webhooks.insert(Provider::Strava, Arc::new(strava));
    let garmin = GarminWebhook { path: "unguessable".to_owned(), client_id: "client".to_owned().into() };
    live.webhooks.insert(Provider::Garmin, Arc::new(garmin));
    for provider in [Provider::Whoop, Provider::Strava, Provider::Garmin] {
        super::connect(live, provider).await;
    }
    server.rebuilt()
}

fn whoop(kind: &str, trace: &str) -> String {
    json!({ "user_id": 10129, "id": "ecfc6a15-4661-442f-a9a4-f160dd7afae8", "type": kind, "trace_id": trace })
        .to_string()
}

fn signed(body: &str, minutes_ago: i64) -> Request<Body> {
    let time = (server_now() - chrono::TimeDelta::minutes(minutes_ago)).timestamp_millis().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
    mac.update(time.as_bytes());
    mac.update(body.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let request = Request::post("/webhooks/whoop").header("X-WHOOP-Signature-Timestamp", time);
    request.header("X-WHOOP-Signature", signature).body(Body::from(body.to_owned())).unwrap()
}

async fn waiting(server: &Server) -> Vec<String> {
    let page = Page { person: Some(person()), before: None, limit: 1_000 };
    let jobs = server.service.live.queue.jobs(page, Some(JobState::Ready)).await.unwrap();
    let mut kinds: Vec<String> =
        jobs.into_iter().map(|job| job.kind).filter(|kind| !["sync", "backfill"].contains(&kind.as_str())).collect();
    kinds.sort_unstable();
    kinds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_is_taken_once_and_what_it_names_is_looked_at() {
    let server = server().await;
    for _ in 0..5 {
        assert_eq!(server.send(signed(&whoop("recovery.updated", "a"), 0)).await.status, StatusCode::OK);
    }
    assert_eq!(waiting(&server).await, ["record"]);
    assert_eq!(
        server.send(signed(&whoop("sleep.deleted", "b"), 90)).await.status,
        StatusCode::OK,
        "an hour of retries"
    );
    assert_eq!(waiting(&server).await, ["gone", "record"]);
    // Of somebody who is nobody here it is not said that they are not.
    let stranger = whoop("sleep.updated", "c").replace("10129", "10130");
    assert_eq!(server.send(signed(&stranger, 0)).await.status, StatusCode::OK);
    assert_eq!(server.send(signed(&whoop("profile.updated", "d"), 0)).await.status, StatusCode::OK, "an unknown kind");
    assert_eq!(waiting(&server).await, ["gone", "record"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_replayed_late_and_oversized_notices_are_refused_and_harmless() {
    let server = server().await;
    let body = whoop("sleep.deleted", "a");
    let send = async |request: Request<Body>| server.send(request).await.status;
    let forged = |name: &str, value: &str| {
        let mut request = signed(&body, 0);
        request.headers_mut().insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        request
    };
    assert_eq!(send(forged("x-whoop-signature", "AAAA")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(send(forged("x-whoop-signature-timestamp", "1")).await, StatusCode::UNAUTHORIZED);
    let unsigned = Request::post("/webhooks/whoop").body(Body::from(body.clone())).unwrap();
    assert_eq!(send(unsigned).await, StatusCode::UNAUTHORIZED);
    assert_eq!(send(signed(&body, 121)).await, StatusCode::UNAUTHORIZED, "late");
    assert_eq!(send(signed(&body, -6)).await, StatusCode::UNAUTHORIZED, "from the future");
    assert_eq!(send(signed(&"x".repeat(70_000), 0)).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send(signed("[1,2", 0)).await, StatusCode::BAD_REQUEST);
    for path in
        ["/webhooks/strava", "/webhooks/strava/guessed", "/webhooks/garmin/guessed", "/webhooks/file", "/webhooks/x"]
    {
        assert_eq!(
            send(Request::post(path).body(Body::from(body.clone())).unwrap()).await,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let huge = Request::post("/webhooks/garmin/unguessable").body(Body::from(vec![b'x'; 17 * 1024 * 1024])).unwrap();
    assert_eq!(send(huge).await, StatusCode::PAYLOAD_TOO_LARGE);
    let unnamed = Request::post("/webhooks/garmin/unguessable").body(Body::from("{}")).unwrap();
    assert_eq!(send(unnamed).await, StatusCode::UNAUTHORIZED);
    assert!(waiting(&server).await.is_empty(), "nothing came of any of them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strava_asks_whose_address_it_is_and_a_delete_is_looked_at_before_it_is_believed() {
    let server = server().await;
    let ask = async |token: &str| {
        let path = format!(
            "/webhooks/strava/unguessable?hub.mode=subscribe&hub.challenge=15f7d1a91c1f&hub.verify_token={token}"
        );
        server.send(Request::get(path).body(Body::empty()).unwrap()).await
    };
    let answer: Answer = ask("token").await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "hub.challenge": "15f7d1a91c1f" })));
    assert_eq!(ask("wrong").await.status, StatusCode::FORBIDDEN);
    let event = |aspect: &str, time: i64| {
        let body = json!({
            "aspect_type": aspect, "event_time": time, "object_id": 1_360_128_428, "object_type": "activity",
            "owner_id": 10129, "subscription_id": 120_475, "updates": {},
        });
        Request::post("/webhooks/strava/unguessable").body(Body::from(body.to_string())).unwrap()
    };
    for request in [event("create", 1), event("create", 1), event("update", 2), event("delete", 3)] {
        assert_eq!(server.send(request).await.status, StatusCode::OK);
    }
    // Create and update are one look at one activity; the delete is another, and deletes nothing by itself.
    assert_eq!(waiting(&server).await, ["gone", "record"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_garmin_pushes_is_in_the_log_before_it_is_acknowledged() {
    let server = server().await;
    let body = json!({ "dailies": [{
        "userId": "10129", "summaryId": "x1", "calendarDate": "2026-04-05", "startTimeInSeconds": 1_775_340_000,
        "startTimeOffsetInSeconds": 7_200, "durationInSeconds": 86_400, "steps": 4_210, "restingHeartRateInBeatsPerMinute": 51,
    }] });
    for _ in 0..3 {
        let request = Request::post("/webhooks/garmin/unguessable").header("garmin-client-id", "client");
        let answer = server.send(request.body(Body::from(body.to_string())).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    let seen = server.get("/observations?metric=steps").await.ok();
    let values: Vec<_> = seen["observations"].as_array().unwrap().iter().map(|seen| seen["value"].clone()).collect();
    assert_eq!(values, [json!(4_210.0)]);
    assert_eq!(waiting(&server).await, ["loop"], "the day is looked at soon, once");
}
