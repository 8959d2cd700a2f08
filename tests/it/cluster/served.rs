//! The real program, serving: while the cluster is away, and where the log was moved from under it.

use std::time::Instant;

use serde_json::json;

use super::Fake;
use crate::command::{Store, days};
use crate::serving::{PATIENCE, Serving};

const NOW: &str = "2026-04-06T20:00:00Z";

/// A store with a person in it.
fn store(settings: &[(&str, &str)]) -> Store {
    let store = Store::new(NOW);
    let file = store.path("days.ndjson");
    std::fs::write(&file, days("whoop", "resting_heart_rate", "bpm", "2026-04-05", 0..20, |_| 52.0)).unwrap();
    run(&store, settings, &["import", file.to_str().unwrap()]);
    store
}

fn run(store: &Store, settings: &[(&str, &str)], args: &[&str]) -> serde_json::Value {
    let output = store.today().envs(settings.iter().copied()).arg("--json").args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_not_ready_while_the_cluster_is_away_and_hardly_works_meanwhile() {
    let fake = Fake::start(1);
    let url = fake.url();
    let settings = [("EVENTSTORE_URL", url.as_str())];
    let serving = Serving::local(&store(&settings), &settings);
    let ready = || serving.ask("GET", "/readyz", "", None);
    assert_eq!(ready().await.status, 200);
    fake.kill(0);
    let (begun, before) = (Instant::now(), serving.cpu_seconds());
    let away = ready().await;
    let (waited, worked) = (begun.elapsed().as_secs_f64(), serving.cpu_seconds() - before);
    assert_eq!(away.status, 503, "{away:?}");
    // An endless loop would have used all of it.
    assert!(before > 0.0 && worked < waited / 5.0, "{worked} s of processor in {waited} s");
    fake.bring_up(0);
    assert_eq!(ready().await.status, 200);
    serving.ask("POST", "/api/v1/checkins", "", Some(&json!({ "mood": 3 }))).await.ok();
    serving.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_on_with_tables_the_log_has_left_writes_nothing_and_ends() {
    let fake = Fake::start(1);
    let url = fake.url();
    let settings = [("EVENTSTORE_URL", url.as_str())];
    let store = store(&[]);
    let left_behind = Serving::local(&store, &[]);
    let mood = json!({ "mood": 3 });
    left_behind.ask("POST", "/api/v1/checkins", "", Some(&mood)).await.ok();
    let events = run(&store, &settings, &["log", "move", "cluster"])["events"].clone();
    // It is refused, or broken off.
    let asked = left_behind.request("POST", "/api/v1/checkins", "", Some(&json!({ "mood": 4 })));
    let asked = asked.timeout(PATIENCE).send().await;
    assert!(!asked.is_ok_and(|answer| answer.status().is_success()));
    let (code, told) = left_behind.ended();
    assert_eq!(code, Some(78), "{told}");
    assert!(told.contains("candor log move"), "{told}");
    assert_eq!(run(&store, &settings, &["verify"])["events"], events);
    // Started as it is told to it goes on, and so it does once the log is back.
    let serving = Serving::local(&store, &settings);
    serving.ask("POST", "/api/v1/checkins", "", Some(&json!({ "mood": 4 }))).await.ok();
    serving.stop();
    let events = events.as_u64().unwrap();
    assert_eq!(run(&store, &settings, &["log", "move", "tables"])["events"].as_u64(), Some(events + 1));
    let serving = Serving::local(&store, &[]);
    serving.ask("POST", "/api/v1/checkins", "", Some(&json!({ "mood": 5 }))).await.ok();
    serving.stop();
    assert_eq!(run(&store, &[], &["verify"])["events"].as_u64(), Some(events + 2));
}
