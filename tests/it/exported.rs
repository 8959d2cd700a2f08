//! An export proves itself without the store it came from, and any change of it is found.

use axum::http::header;
use candor::store::proof::{self, ExportChecked};
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::api::Server;

/// The rule that the signed digest over all lines is.
const LINES: &str = "lines_are_those_of_the_seal";

fn proof_of(text: &str) -> String {
    candor::engine::ports::proof::hex(&sha2::Sha256::digest(text.as_bytes()))
}

fn check(text: &str) -> ExportChecked {
    proof::check(text.as_bytes(), None, &|_| ()).unwrap()
}

fn rules(text: &str) -> Vec<String> {
    check(text).faults.into_iter().map(|fault| fault.rule).collect()
}

async fn exported(server: &Server) -> String {
    let answer = server.json("POST", "/me/export?format=events", &Value::Null).await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/x-ndjson");
    answer.text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_holds_everything_and_verifies_by_itself() {
    let server = Server::with_story().await;
    let text = exported(&server).await;
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["line"] == "event")
        .collect();
    let checked = check(&text);
    assert_eq!((checked.ok, checked.events, checked.erased, checked.faults.len()), (true, events.len() as u64, 0, 0));
    assert_eq!(checked.stream.as_deref(), Some(crate::api::person().stream().as_str()));
    assert!(checked.exported_at.as_ref().is_some_and(|at| at.starts_with("2026-04-06")), "{checked:?}");
    let status = server.get("/system/status").await.ok();
    assert_eq!(json!(checked.signed_by), status["exports_signed_by"]);
    let head = server.service.engine.journal.head(crate::api::person()).await.unwrap().unwrap();
    assert_eq!(events.len() as u64, head + 1, "to the last");
    let last = &events[events.len() - 1];
    assert_eq!((&last["type"], &last["body"]["content"]["events"]), (&json!("export_produced"), &json!(head)));
    let trail = server.get("/audit/?limit=1").await.ok();
    assert_eq!(trail["events"][0]["hash"], last["hash"], "the same hash as the trail shows");

    let wanted = checked.signed_by.unwrap();
    assert!(proof::check(text.as_bytes(), Some(&wanted), &|_| ()).unwrap().ok);
    let other = proof::check(text.as_bytes(), Some(&"0".repeat(64)), &|_| ()).unwrap();
    assert_eq!(other.faults[0].rule, "seal_is_of_that_key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_change_is_found() {
    let server = Server::with_story().await;
    let text = exported(&server).await;
    let lines: Vec<&str> = text.lines().collect();
    let is = |line: &str, kind: &str| line.starts_with(&format!("{{\"line\":\"{kind}\""));
    let place = lines.iter().position(|line| line.contains("\"type\":\"insight_raised\"")).unwrap();
    let join = |lines: &[String]| lines.join("\n") + "\n";
    let whole: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    assert!(check(&join(&whole)).ok);

    // Each field of an event by itself.
    let event: Value = serde_json::from_str(lines[place]).unwrap();
    let expected = [
        ("stream", json!("person-00000000-0000-0000-0000-000000000009"), "stream_is_one"),
        ("revision", json!(9_999), "revision_follows"),
        ("event_id", json!("00000000-0000-0000-0000-000000000009"), "hash_is_right"),
        ("type", json!("insight_renewed"), "hash_is_right"),
        ("schema_version", json!(2), "hash_is_right"),
        ("recorded_at", json!("2026-04-06T20:00:00.000009Z"), "hash_is_right"),
        ("key_ids", json!(["00000000-0000-0000-0000-000000000009"]), "hash_is_right"),
        ("sealed", json!("AAAA"), "digest_is_right"),
        ("sealed", Value::Null, "body_is_what_was_sealed"),
        ("body_digest", json!("00".repeat(32)), "hash_is_right"),
        ("prev_hash", json!("00".repeat(32)), "hash_follows"),
        ("hash", json!("00".repeat(32)), "hash_is_right"),
        ("body", Value::Null, "body_is_what_was_sealed"),
    ];
    for (field, value, rule) in expected {
        let mut changed = event.clone();
        changed[field] = value;
        let mut copy = whole.clone();
        copy[place] = changed.to_string();
        assert!(rules(&join(&copy)).iter().any(|found| found == rule), "{field}: {:?}", rules(&join(&copy)));
    }
    // A word of what it says.
    let mut said = event.clone();
    said["body"]["content"]["insight"]["confidence"] = json!(0.99);
    let mut copy = whole.clone();
    copy[place] = said.to_string();
    assert_eq!(rules(&join(&copy)), ["body_is_what_was_sealed", LINES]);
    // What would pass for erased, a place in the log, an instant written otherwise: the signature is over every byte.
    for (fields, value) in [(&["sealed", "body"][..], Value::Null), (&["position"], json!("9999"))] {
        let mut stripped = event.clone();
        for field in fields {
            stripped[*field] = value.clone();
        }
        let mut copy = whole.clone();
        copy[place] = stripped.to_string();
        assert_eq!(rules(&join(&copy)), [LINES], "{fields:?}");
    }
    let mut keyless = whole.clone();
    let key = keyless.iter().position(|line| is(line, "key")).unwrap();
    keyless.remove(key);
    assert!(rules(&join(&keyless)).contains(&LINES.to_owned()));
    let mut later = event.clone();
    later["recorded_at"] = json!(event["recorded_at"].as_str().unwrap().replace('Z', "+00:00"));
    let mut copy = whole.clone();
    copy[place] = later.to_string();
    assert!(rules(&join(&copy)).contains(&"hash_is_whole".to_owned()));
    // One that is left out, doubled, moved; the last ones cut off, with and without the seal.
    let mut out = whole.clone();
    out.remove(place);
    assert!(rules(&join(&out)).contains(&"revision_follows".to_owned()));
    let mut twice = whole.clone();
    twice.insert(place, whole[place].clone());
    assert!(rules(&join(&twice)).contains(&"revision_follows".to_owned()));
    let mut moved = whole.clone();
    moved.swap(place, place + 1);
    assert!(!check(&join(&moved)).ok);
    let seal = whole.len() - 1;
    assert!(is(&whole[seal], "seal"));
    assert_eq!(rules(&join(&whole[..seal])), ["seal_is_there"]);
    let mut cut = whole.clone();
    cut.remove(seal - 1);
    assert_eq!(rules(&join(&cut)), ["seal_fits", LINES]);
    // The seal made to fit what was cut is not what was signed.
    let mut forged: Value = serde_json::from_str(&whole[seal]).unwrap();
    let before: Value = serde_json::from_str(&whole[seal - 2]).unwrap();
    forged["events"] = json!(forged["events"].as_u64().unwrap() - 1);
    forged["head"] = before["hash"].clone();
    cut.pop();
    forged["lines"] = json!(proof_of(&join(&cut)));
    cut.push(forged.to_string());
    assert_eq!(rules(&join(&cut)), ["seal_is_signed"]);
    let mut more = whole.clone();
    more.push(whole[0].clone());
    assert_eq!(rules(&join(&more)), ["nothing_follows_the_seal"]);
    assert_eq!(rules("no export\n"), ["line_is_of_an_export", "seal_is_there"]);
    assert_eq!(rules(""), ["seal_is_there"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_exports_what_the_command_verifies() {
    let store = crate::command::Store::new("2026-04-06");
    let input = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/sleep_decline/input.ndjson");
    store.import(&[input.into()]);
    let folder = store.path("mine");
    let written = store.json(&["export", folder.to_str().unwrap()]);
    let file = folder.join("events.ndjson");
    let file = file.to_str().unwrap();
    let checked = store.json(&["verify", "--export", file]);
    assert_eq!((&checked["ok"], &checked["events"]), (&json!(true), &written["events"]));
    let text = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, text.replacen("\"sleep_duration\"", "\"sleep_awake\"", 1)).unwrap();
    let output = store.run(&["--json", "verify", "--export", file]);
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &checked["faults"][0]["rule"]), (Some(1), &json!("body_is_what_was_sealed")));
}
