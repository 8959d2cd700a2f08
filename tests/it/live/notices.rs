//! Notices as providers send them, through the server: taken at once and once; forged, late and oversized ones are harmless.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::{HeaderName, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use candor::api::Access;
use candor::domain::provider::Provider;
use candor::engine::ports::jobs::{JobState, Page};
use candor::providers::garmin::client::GarminApi;
use candor::providers::garmin::webhook::GarminWebhook;
use candor::providers::http::{Base, Client};
use candor::providers::strava::webhook::StravaWebhook;
use candor::providers::whoop::webhook::WhoopWebhook;
use futures_util::StreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use super::fake::Fake;
use super::{person, recorded, tasks};
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
    let base = Base::parse("https://apis.garmin.com").unwrap();
    live.webhooks.insert(Provider::Garmin, Arc::new(garmin(&server.place, base)));
    for provider in [Provider::Whoop, Provider::Strava, Provider::Garmin] {
        super::connect(live, provider).await;
    }
    server.rebuilt()
}

fn garmin(place: &Place, base: Base) -> GarminWebhook {
    let (path, client_id) = ("unguessable".to_owned(), "client".to_owned().into());
    GarminWebhook { path, client_id, base, folder: place.path(".") }
}

/// What Garmin sends, with the id of our application.
fn from_garmin(body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/webhooks/garmin/unguessable").header("garmin-client-id", "client");
    request.body(body.into()).unwrap()
}

/// Lets a worker do what waits, a few seconds after it was ordered.
async fn work(server: &Server) {
    let live = &server.service.live;
    let second = Arc::new(AtomicI64::new((server_now() - super::now()).num_seconds() + 5));
    let worker = tasks::worker(&server.place, live, &second).await;
    tasks::work(&worker, live, &second, 1, 1).await;
}

/// A body of so many pieces of a megabyte, which counts those that were taken from it.
fn endless(pieces: usize) -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&taken);
    let stream = futures_util::stream::iter(0..pieces).map(move |_| {
        counting.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(vec![b' '; 1 << 20])
    });
    (Body::from_stream(stream), taken)
}

fn daily(account: &str, steps: u32) -> serde_json::Value {
    json!({
        "userId": account, "summaryId": "x1", "calendarDate": "2026-04-05", "startTimeInSeconds": 1_775_340_000,
        "startTimeOffsetInSeconds": 7_200, "durationInSeconds": 86_400, "steps": steps, "restingHeartRateInBeatsPerMinute": 51,
    })
}

async fn steps(server: &Server) -> Vec<serde_json::Value> {
    let seen = server.get("/observations?metric=steps").await.ok();
    seen["observations"].as_array().unwrap().iter().map(|seen| seen["value"].clone()).collect()
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
    let page = Page { person: Some(person()), after: None, limit: 1_000 };
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

/// Of who does not know the address, or does not bear what the provider's requests bear, nothing is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_body_is_read_only_of_who_may_send_one() {
    let server = server().await;
    for (request, status) in [
        (Request::post("/webhooks/garmin/guessed").header("garmin-client-id", "client"), StatusCode::NOT_FOUND),
        (Request::post("/webhooks/garmin/unguessable"), StatusCode::UNAUTHORIZED),
        (Request::post("/webhooks/garmin/unguessable").header("garmin-client-id", "x"), StatusCode::UNAUTHORIZED),
        (Request::post("/webhooks/whoop"), StatusCode::UNAUTHORIZED),
    ] {
        let (body, taken) = endless(100);
        assert_eq!(server.send(request.body(body).unwrap()).await.status, status);
        assert_eq!(taken.load(Ordering::Relaxed), 0);
    }
    let (body, taken) = endless(10_000);
    assert_eq!(server.send(from_garmin(body)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(taken.load(Ordering::Relaxed), 101, "a hundred megabytes, and what showed that there are more");
    // A day of details of some activity, which this build does not read, beside a record that it does.
    let long = json!({ "activityDetails": [{ "userId": "10129", "samples": "x".repeat(20 << 20) }], "dailies": [daily("10129", 7)] });
    assert_eq!(server.send(from_garmin(long.to_string())).await.status, StatusCode::OK);
    work(&server).await;
    assert_eq!(steps(&server).await, [json!(7.0)]);
    // As much is under way as is done at once: a short notice needs no turn, a long one is sent again.
    let turns = Arc::clone(&server.service.turns).acquire_many_owned(4).await.unwrap();
    let short = json!({ "dailies": [daily("10129", 8)] }).to_string();
    assert_eq!(server.send(from_garmin(short)).await.status, StatusCode::OK);
    let (body, taken) = endless(50);
    assert_eq!(server.send(from_garmin(body)).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(taken.load(Ordering::Relaxed), 1);
    drop(turns);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_garmin_pushes_is_kept_as_it_came_before_it_is_acknowledged_and_read_afterwards() {
    let server = server().await;
    let entry = daily("10129", 4_210).to_string();
    let body =
        format!(r#"{{"dailies": [ {entry},{} ],"newThings":[{{"userId":"10129","x":1.50}}]}}"#, daily("stranger", 1));
    for _ in 0..3 {
        assert_eq!(server.send(from_garmin(body.clone())).await.status, StatusCode::OK);
    }
    assert_eq!(waiting(&server).await, ["pushed"], "sent three times, kept once");
    assert!(steps(&server).await.is_empty(), "nothing of it was read before it was acknowledged");
    work(&server).await;
    assert_eq!(steps(&server).await, [json!(4_210.0)]);
    assert_eq!(waiting(&server).await, ["loop"], "the day is looked at soon, once");
    // What this build does not know is in the original, byte for byte: a later one can read it.
    let taken = server.get("/imports").await.ok();
    let digest = taken["taken"][0]["digest"].as_str().unwrap();
    let original = server.get(&format!("/imports/{digest}/original")).await;
    let kept = format!(r#"{{"garmin_push":[],"dailies":[{entry}],"newThings":[{{"userId":"10129","x":1.50}}]}}"#);
    assert_eq!((original.status, original.text), (StatusCode::OK, kept));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ping_is_followed_to_garmin_alone_and_what_lies_there_is_taken_in() {
    let mut server = server().await;
    // What connecting ordered is out of the way.
    work(&server).await;
    let (base, served) = recorded::serve(vec![
        recorded::answers(200, &[], &json!([daily("10129", 9_001)]).to_string()),
        recorded::answers(200, &[], &json!([daily("another", 1)]).to_string()),
    ])
    .await;
    let api = GarminApi::new(Client::new().unwrap(), base.clone(), recorded::application(&base));
    server.service.live.apis.insert(Provider::Garmin, Arc::new(api));
    server.service.live.webhooks.insert(Provider::Garmin, Arc::new(garmin(&server.place, base.clone())));
    let server = server.rebuilt();
    let ping =
        |address: &str| from_garmin(json!({ "dailies": [{ "userId": "10129", "callbackURL": address }] }).to_string());
    for elsewhere in ["http://127.0.0.1:1/dailies", "https://apis.garmin.com/dailies", "http://169.254.169.254/"] {
        assert_eq!(server.send(ping(elsewhere)).await.status, StatusCode::OK);
    }
    assert!(waiting(&server).await.is_empty(), "nobody goes where anybody points");
    let address = base.below("/wellness-api/rest/dailies", &[("token", "secret-of-garmin")]);
    assert_eq!(server.send(ping(address.as_str())).await.status, StatusCode::OK);
    assert_eq!(waiting(&server).await, ["record"]);
    work(&server).await;
    assert_eq!(steps(&server).await, [json!(9_001.0)]);
    let asked = served.0.lock().unwrap().1.clone();
    assert!(asked[0].starts_with("GET /wellness-api/rest/dailies?token=secret-of-garmin"), "{asked:?}");
    // What lies there of another account is nobody's here.
    let other = base.below("/wellness-api/rest/dailies", &[("token", "of-another")]);
    assert_eq!(server.send(ping(other.as_str())).await.status, StatusCode::OK);
    work(&server).await;
    assert_eq!(steps(&server).await, [json!(9_001.0)]);
}
