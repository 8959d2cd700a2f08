//! Files over HTTP: what was taken, what was refused, the original back, and how far one on its way has come.

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Server;

/// A table of which one row says something, one nothing that is kept, and one what cannot be.
const CYCLES: &str = "Cycle start time,Cycle end time,Cycle timezone,Sleep onset,Wake onset,Recovery score %\n\
    2026-04-01 08:00:00,,UTC+02:00,,,60\n2026-04-02 08:00:00,,UTC+02:00,,,\n2026-04-03 08:00:00,,UTC+02:00,,,600\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_counts_of_a_file_add_up_when_it_is_taken_and_in_the_list() {
    let server = Server::new().await;
    let report = server.upload("cycles.csv", CYCLES.into()).await.ok();
    let listed = server.get("/imports").await.ok();
    for told in [&report[0], &listed["taken"][0]] {
        let counts = ["read", "accepted", "duplicates", "corrected", "unused", "rejected"];
        assert_eq!(counts.map(|name| told[name].as_u64().unwrap()), [3, 1, 1, 0, 1, 1], "{told}");
        assert_eq!(told["not_used"][0]["rows"], 1);
    }
}

const FILE: &str = concat!(
    "{\"metric\": \"steps\", \"value\": 8000, \"unit\": \"steps\", \"start\": \"2026-04-01T20:00:00Z\"}\n",
    "{\"metric\": \"steps\", \"value\": -1, \"unit\": \"steps\", \"start\": \"2026-04-02T20:00:00Z\"}\n",
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_taken_is_listed_with_its_refused_rows_and_given_back() {
    let server = Server::new().await;
    let report = server.upload("steps.ndjson", FILE.into()).await.ok();
    assert_eq!((&report[0]["accepted"], &report[0]["rejected"]), (&json!(1), &json!(1)));

    let files = server.get("/imports").await.ok();
    assert_eq!(files["running"], json!([]));
    let taken = &files["taken"][0];
    assert_eq!((&taken["file"], &taken["read"], &taken["rejected"]), (&json!("steps.ndjson"), &json!(2), &json!(1)));
    let digest = taken["digest"].as_str().unwrap();

    let refused = server.get(&format!("/imports/{digest}/rejections")).await.ok();
    assert_eq!(refused[0]["rejected"], 1);
    let row = &refused[0]["rejections"][0];
    assert_eq!((&row["row"], &row["field"]), (&json!(2), &json!("value")));
    assert!(row["reason"].as_str().unwrap().len() > 10, "{row}");

    let original = server.get(&format!("/imports/{digest}/original")).await;
    assert_eq!(original.headers[header::CONTENT_DISPOSITION], "attachment; filename=\"steps.ndjson\"");
    assert_eq!(original.text, FILE, "to the byte");
    let clear = std::fs::read_dir(server.place.path(".")).unwrap().flatten();
    let left = clear.filter(|entry| entry.file_name().to_string_lossy().starts_with(candor::api::UPLOAD_PREFIX));
    assert_eq!(left.count(), 0, "nothing is left in clear");
    for nothing in ["original", "rejections"] {
        let answer = server.get(&format!("/imports/{}/{nothing}", "0".repeat(64))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_no_file_and_no_original_of_it_is_kept() {
    let server = Server::new().await;
    for value in 1..=3 {
        let batch = json!({ "observations": [{ "metric": "steps", "value": value, "unit": "steps", "start": "2026-04-01T20:00:00Z" }] });
        server.json("POST", "/observations", &batch).await.ok();
    }
    assert_eq!(server.get("/imports").await.ok(), json!({ "running": [], "taken": [] }));
    assert!(!server.place.path("originals").exists());
    let state = server.service.engine.state(super::person()).await.unwrap();
    assert!(state.files.is_empty(), "what every decision loads does not grow with each batch");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_on_its_way_is_told_of_until_it_is_there() {
    let server = Server::new().await;
    let (begun, go_on) = (CancellationToken::new(), CancellationToken::new());
    let (saw, wait) = (begun.clone(), go_on.clone());
    let (first, second) = FILE.split_at(FILE.find('\n').unwrap() + 1);
    let first =
        futures_util::stream::once(async move { Ok::<_, std::io::Error>(Bytes::from_static(first.as_bytes())) });
    let rest = futures_util::stream::once(async move {
        saw.cancel();
        wait.cancelled().await;
        Ok(Bytes::from_static(second.as_bytes()))
    });
    let upload = Request::post("/api/v1/imports?name=slow.ndjson").body(Body::from_stream(first.chain(rest))).unwrap();
    let look = async {
        begun.cancelled().await;
        let files = server.get("/imports").await.ok();
        go_on.cancel();
        files
    };
    let (uploaded, files) = tokio::join!(server.send(upload), look);
    assert_eq!(files["running"], json!([{ "name": "slow.ndjson", "rows": null, "done": 0 }]));
    assert_eq!(uploaded.ok()[0]["accepted"], 1);
    let files = server.get("/imports").await.ok();
    assert_eq!((files["running"].as_array().unwrap().len(), files["taken"].as_array().unwrap().len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_original_under_the_name_of_another_is_not_given_out() {
    let server = Server::new().await;
    let other = FILE.replace("8000", "9000");
    server.upload("one.ndjson", FILE.into()).await.ok();
    server.upload("two.ndjson", other.into()).await.ok();
    let kept = std::fs::read_dir(server.place.path("originals")).unwrap().flatten().map(|entry| entry.path());
    let [one, two] = <[_; 2]>::try_from(kept.collect::<Vec<_>>()).unwrap();
    let between = server.place.path("between");
    std::fs::rename(&one, &between).unwrap();
    std::fs::rename(&two, &one).unwrap();
    std::fs::rename(&between, &two).unwrap();
    for taken in server.get("/imports").await.ok()["taken"].as_array().unwrap() {
        let answer = server.get(&format!("/imports/{}/original", taken["digest"].as_str().unwrap())).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!answer.text.contains("steps"), "{answer:?}");
    }
}
