//! What is refused: one shape, a name for the place, and nothing of what was sent.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use super::Server;

/// A word that must not come back.
const CANARY: &str = "canary-4711";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_is_a_problem_that_names_the_place_and_repeats_nothing() {
    let server = Server::new().await;
    let id = uuid::Uuid::nil();
    let bodies = [
        ("POST", "/checkins", json!({ "mood": 4711.5 }), 422, "checkin_mood"),
        ("POST", "/checkins", json!({ "mood": CANARY }), 422, "mood"),
        ("POST", "/checkins", json!({ CANARY: 3 }), 422, "body"),
        ("POST", "/checkins", json!({ "canary-4711.x": 3 }), 422, "body"),
        ("POST", "/checkins", json!({ "mood": "x expected canary-4711" }), 422, "mood"),
        ("POST", "/checkins", json!({ "mood": 3, "person": id }), 422, "body"),
        ("POST", "/checkins", json!({ "mood": 3, "day": CANARY }), 422, "day"),
        ("POST", "/checkins", json!({ "mood": 3, "day": "2099-01-01" }), 422, "day"),
        ("POST", "/checkins", json!({}), 422, "check_in"),
        ("PATCH", "/me/profile", json!({ "age_band": CANARY }), 422, "age_band"),
        ("PATCH", "/me/profile", json!({ "home_zone": CANARY }), 422, "home_zone"),
        ("PATCH", "/me/profile", json!({ "height_cm": 4711 }), 422, "height_cm"),
        ("PATCH", "/me/profile", json!({ "conditions": [CANARY] }), 422, "conditions"),
        ("POST", "/experiments", json!({ "intervention": CANARY }), 404, ""),
        ("POST", "/experiments", json!({ "intervention": "regular_bedtime", "lag_days": 4711 }), 422, "lag_days"),
        ("POST", "/experiments", json!({ "intervention": "regular_bedtime", "metric_key": CANARY }), 422, "metric_key"),
        ("POST", "/observations", json!({ "observations": [] }), 422, "observations"),
        ("POST", "/observations", json!([CANARY]), 422, "body"),
        ("POST", "/observations", json!(CANARY), 422, "body"),
        ("PUT", "/interventions/00000000-0000-0000-0000-000000000000/accepted", Value::Null, 404, ""),
        ("PUT", "/interventions/canary-4711/accepted", Value::Null, 404, ""),
        ("PUT", "/me/consents/canary-4711", Value::Null, 404, ""),
    ];
    for (method, path, body, status, field) in bodies {
        let answer = server.json(method, path, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path} {body}: {answer:?}");
        is_a_problem(&answer);
        let problem = answer.json();
        if !field.is_empty() {
            assert_eq!(problem["errors"][0]["field"], field, "{method} {path} {body}: {problem}");
            assert!(problem["errors"][0]["reason"].as_str().unwrap().len() > 5, "{problem}");
        }
    }
    let canary = format!("/audit/?{CANARY}=1");
    let paths = ["/canary-4711", "/why/canary-4711", "/narratives/canary-4711", "/experiments/canary-4711", &canary];
    for path in paths.into_iter().chain(["/audit/?limit=0", "/audit/?limit=4711", "/audit/?type=canary-4711"]) {
        let answer = server.get(path).await;
        assert!(answer.status.is_client_error(), "{path}: {answer:?}");
        is_a_problem(&answer);
    }
}

#[track_caller]
fn is_a_problem(answer: &super::Answer) {
    let problem = answer.json();
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(problem["status"], answer.status.as_u16());
    assert_eq!(problem["request_id"].as_str(), answer.headers["x-request-id"].to_str().ok());
    for part in ["type", "title", "detail"] {
        assert!(problem[part].as_str().unwrap().len() > 3, "{problem}");
    }
    // The id of a request is drawn by lot, and may hold the digits.
    let told = answer.text.replace(problem["request_id"].as_str().unwrap(), "");
    assert!(!told.contains(CANARY) && !told.contains("4711"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_json_is_too_long_or_has_no_such_method_is_a_problem() {
    let server = Server::new().await;
    let send = |method: &str, content_type: &str, body: Vec<u8>| {
        let request = Request::builder().method(method).uri("/api/v1/checkins");
        server.send(request.header(header::CONTENT_TYPE, content_type).body(Body::from(body)).unwrap())
    };
    let long = format!("{{\"mood\":3,\"day\":\"{}\"}}", " ".repeat(2 * 1024 * 1024)).into_bytes();
    for (method, content_type, body, status) in [
        ("POST", "application/json", b"{".to_vec(), 400),
        ("POST", "text/plain", b"{}".to_vec(), 415),
        ("POST", "application/json", long, 413),
        ("DELETE", "application/json", b"{}".to_vec(), 405),
    ] {
        let answer = send(method, content_type, body).await;
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
        is_a_problem(&answer);
    }
    let unreadable = server.upload("picture.png", b"\x89PNG\r\n\x1a\n....".to_vec()).await;
    assert_eq!(unreadable.status.as_u16(), 422);
    is_a_problem(&unreadable);
    for name in ["", "..", "a%2Fb", "a%00", "%C3%A4"] {
        let answer = server.upload(name, b"x".to_vec()).await;
        assert_eq!(answer.json()["errors"][0]["field"], "name", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_has_an_id_of_its_own_or_the_callers() {
    let server = Server::new().await;
    let with = |id: &str| {
        let request = Request::get("/api/v1/today").header("x-request-id", id);
        server.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(with("from-the-caller").await.headers["x-request-id"], "from-the-caller");
    let made = with("two words").await.headers["x-request-id"].clone();
    assert_eq!(made.len(), 36);
    assert_ne!(with("two words").await.headers["x-request-id"], made);
    let answer = with("x").await;
    assert_eq!(
        (&answer.headers[header::CACHE_CONTROL], &answer.headers["x-content-type-options"]),
        (&"no-store".parse().unwrap(), &"nosniff".parse().unwrap())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_asked_to_stop_is_not_ready() {
    let server = Server::new().await;
    let ready = || server.send(Request::get("/readyz").body(Body::empty()).unwrap());
    assert_eq!(ready().await.status.as_u16(), 200);
    server.service.draining.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(ready().await.status.as_u16(), 503);
    assert_eq!(server.send(Request::get("/healthz").body(Body::empty()).unwrap()).await.status.as_u16(), 200);
}
