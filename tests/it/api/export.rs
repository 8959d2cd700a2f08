//! What a person takes with them over HTTP: the folder that the command writes, as one file, and nothing of it stays behind.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use candor::store::checkpoint::Signer;
use candor::store::exported_folder;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use super::{NOW, Server};
use crate::support::CHECKPOINT_KEY;

/// Asks for an export and unpacks it.
async fn taken(server: &Server) -> TempDir {
    let answer = server.json("POST", "/me/export", &Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/zip");
    assert_eq!(answer.headers[header::CONTENT_LENGTH], answer.bytes.len().to_string());
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let unpacked = tempfile::tempdir().unwrap();
    zip::ZipArchive::new(Cursor::new(answer.bytes)).unwrap().extract(unpacked.path()).unwrap();
    unpacked
}

/// The files below a folder, with their paths below it.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            found.extend(files(&entry.path()).into_iter().map(|below| format!("{name}/{below}")));
        } else {
            found.insert(name);
        }
    }
    found
}

/// What of an export lies in clear where uploads wait.
fn left_behind(server: &Server) -> usize {
    let clear = fs::read_dir(server.place.path(".")).unwrap().map(Result::unwrap);
    clear.filter(|entry| entry.file_name().to_string_lossy().starts_with(candor::api::UPLOAD_PREFIX)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_the_folder_that_the_command_writes() {
    let server = Server::with_story().await;
    let unpacked = taken(&server).await;
    assert_eq!((left_behind(&server), server.service.turns.available_permits()), (0, 4));
    let folder = unpacked.path().join("candor-export");

    let signer = Signer::new(&CHECKPOINT_KEY).unwrap();
    let signed_by = server.get("/system/status").await.ok()["exports_signed_by"].as_str().unwrap().to_owned();
    let checked = exported_folder::check(&folder, Some(&signed_by), Some(signer.verifier()), &|_| ()).unwrap();
    assert!(checked.ok, "{checked:?}");
    assert_eq!(checked.checkpoint, Some(checked.events), "its last event is the last of the log, and proven");
    let trail = server.get("/audit/?limit=1").await.ok();
    assert_eq!(trail["events"][0]["type"], "export_produced", "that it was taken is written down");
    assert_eq!(json!(checked.head), trail["events"][0]["hash"], "and in it");

    // The same store, by the command.
    let (mine, key) = (unpacked.path().join("mine"), unpacked.path().join("checkpoint.key"));
    fs::write(&key, CHECKPOINT_KEY.map(|byte| format!("{byte:02x}")).concat()).unwrap();
    let written = Command::new(env!("CARGO_BIN_EXE_candor"))
        .args(["--quiet", "--now", NOW, "--data-dir"])
        .arg(server.place.path("."))
        .arg("export")
        .arg(&mine)
        .env("CANDOR_MASTER_KEY", "07".repeat(32))
        .env("CANDOR_CHECKPOINT_KEY_FILE", &key)
        .output()
        .unwrap();
    assert!(written.status.success(), "{written:?}");
    assert_eq!(files(&folder), files(&mine));
    let same = |path: &str| fs::read(folder.join(path)).unwrap() == fs::read(mine.join(path)).unwrap();
    let made_anew = ["events.ndjson", "manifest.json", "proof.json"];
    let others: Vec<String> =
        files(&mine).into_iter().filter(|path| !made_anew.contains(&path.as_str()) && !same(path)).collect();
    assert_eq!(others, [""; 0]);
    assert_eq!(files(&mine).iter().filter(|path| path.starts_with("originals/")).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_original_that_is_lost_keeps_nothing_else_back() {
    let server = Server::with_story().await;
    for path in files(&server.place.path("originals")) {
        fs::remove_file(server.place.path("originals").join(path)).unwrap();
    }
    let unpacked = taken(&server).await;
    let folder = unpacked.path().join("candor-export");
    assert!(exported_folder::check(&folder, None, None, &|_| ()).unwrap().ok);
    let missing: Value = serde_json::from_slice(&fs::read(folder.join("missing.json")).unwrap()).unwrap();
    assert_eq!((missing["originals"].as_array().unwrap().len(), &missing["proof"]), (1, &Value::Null), "{missing}");
    assert!(missing["originals"][0].as_str().unwrap().starts_with("nights.ndjson: "), "{missing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_leaves_nothing_in_clear() {
    let mut server = Server::with_story().await;
    let asked = || Request::post("/api/v1/me/export").body(Body::empty()).unwrap();
    let answer = server.router.clone().oneshot(asked()).await.unwrap();
    // While it is sent it has no name any more: whatever ends the server then leaves nothing either.
    assert_eq!((answer.status(), left_behind(&server)), (StatusCode::OK, 0));
    assert_eq!(server.service.turns.available_permits(), 3);
    drop(answer);
    assert_eq!((left_behind(&server), server.service.turns.available_permits()), (0, 4));
    // Before it was written, at whatever point of it.
    for patience in [0, 1, 5, 20, 60, 150] {
        let answer = server.router.clone().oneshot(asked());
        drop(tokio::time::timeout(Duration::from_millis(patience), answer).await);
        let all_turns = tokio::time::timeout(Duration::from_secs(120), server.service.turns.acquire_many(4));
        drop(all_turns.await.expect("it ends").unwrap());
        assert_eq!(left_behind(&server), 0, "after {patience} ms");
    }

    // As many as may be under way at once, and one more: it is told so, and nothing is written down of it.
    server.service.turns = Arc::new(Semaphore::new(0));
    let server = server.rebuilt();
    let newest = async || server.get("/audit/?limit=1").await.ok()["events"].clone();
    let before = newest().await;
    let busy = server.json("POST", "/me/export", &Value::Null).await;
    assert_eq!((busy.status, &busy.json()["type"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")));
    assert_eq!(newest().await, before);
    let other = server.json("POST", "/me/export?format=csv", &Value::Null).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.text);
}
