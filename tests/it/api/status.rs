//! What a server says of itself: what it ran last, for anybody, and nothing of whom.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{NOW, Server, person};

async fn latest(server: &Server) -> (Value, Value) {
    let mut status = server.get("/system/status").await.ok();
    (status["latest_loop"].take(), status["latest_intake"].take())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_latest_loop_and_intake_are_told_without_naming_anybody() {
    let server = Server::new().await;
    assert_eq!(latest(&server).await, (Value::Null, Value::Null), "before the first");
    let item =
        |value: f64| json!({ "metric": "steps", "value": value, "unit": "steps", "start": "2026-04-01T20:00:00Z" });
    let batch = json!({ "observations": [item(8_000.0), item(-1.0)] });
    server.json("POST", "/observations", &batch).await.ok();
    let (none, intake) = latest(&server).await;
    assert_eq!((&none, &intake["rows"], &intake["outcome"]), (&Value::Null, &json!(2), &json!("done")));
    assert!(intake["elapsed_ms"].is_u64(), "{intake}");
    // The clock of the test goes on a little with each look.
    assert_eq!(intake["at"].as_str().unwrap()[..19], NOW[..19]);
    let ran = server.json("POST", "/loop", &Value::Null).await.ok();
    let (of_loop, same) = latest(&server).await;
    assert_eq!((&of_loop["days"], &of_loop["outcome"]), (&ran["days"], &json!("done")));
    assert_eq!(same, intake);
    let fields: Vec<&String> = of_loop.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["at", "days", "elapsed_ms", "outcome"]);
    // What is refused is told of too, and leaves the other as it was.
    assert_eq!(server.upload("picture.png", b"\x89PNG\r\n\x1a\n....".to_vec()).await.status.as_u16(), 422);
    let (same, refused) = latest(&server).await;
    assert_eq!((&refused["rows"], &refused["outcome"]), (&Value::Null, &json!("refused")));
    assert_eq!(same, of_loop);
    // A symptom asks for a loop by itself.
    server.json("POST", "/checkins", &json!({ "symptoms": ["chest_pain"] })).await.ok();
    let (of_symptom, _) = latest(&server).await;
    assert!(of_symptom["at"] != of_loop["at"] && of_symptom["outcome"] == "done", "{of_symptom}");
    server.json("DELETE", "/me/consents/processing", &Value::Null).await.ok();
    assert_eq!(server.json("POST", "/loop", &Value::Null).await.status.as_u16(), 422);
    let (refused, _) = latest(&server).await;
    assert_eq!((&refused["days"], &refused["outcome"]), (&Value::Null, &json!("refused")));
    let told = server.get("/system/status").await.text;
    assert!(!told.contains(&person().to_string()) && !told.contains("picture"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clones_of_a_service_tell_the_same_and_the_document_describes_it() {
    let server = Server::new().await;
    let clone = candor::api::router(&server.service.clone());
    server.json("POST", "/loop", &Value::Null).await.ok();
    let request = Request::get("/api/v1/system/status").body(Body::empty()).unwrap();
    let response = clone.oneshot(request).await.unwrap();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let told: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(told["latest_loop"], latest(&server).await.0);
    let document = serde_json::to_value(candor::api::document()).unwrap();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Outcome"]["enum"], json!(["done", "refused", "failed"]));
    for (part, schema) in [("latest_loop", "LatestLoop"), ("latest_intake", "LatestIntake")] {
        let described = schemas["SystemStatus"]["properties"][part].to_string();
        assert!(described.contains(schema) && described.contains("null"), "{described}");
    }
}
