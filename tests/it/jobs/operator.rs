//! What who runs the server sees of everybody's jobs, without HTTP.

use candor::engine::ports::jobs::{Ending, NewJob, Queue as _};
use candor::jobs::breaker;
use candor::store::jobs::{JobPlace, JobTables};
use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use super::{end, fault, job, now, take};
use crate::command::Store;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_runs_the_server_sees_what_waits_what_is_not_asked_and_what_was_given_up() {
    let store = Store::new(&(now() + TimeDelta::minutes(7)).to_rfc3339());
    // Who only looks makes nothing.
    let nothing = store.json(&["status"])["jobs"].clone();
    assert_eq!((&nothing["breakers"], &nothing["given_up"]), (&json!([]), &json!(0)));
    assert_eq!(nothing["mornings"], json!({ "days": 0, "succeeded": 0, "success_pct": null, "target_pct": 90.0 }));
    assert!(!store.path("data/jobs.db").exists());
    let tables = JobTables::open(&JobPlace::File(store.path("data/jobs.db"))).await.unwrap();
    let named = |number: u128, kind: &str| NewJob { kind: kind.to_owned(), ..job(number, &number.to_string()) };
    tables.order(vec![named(1, "record")], now()).await.unwrap();
    let claimed = take(&tables, 1, 1, now()).await.remove(0);
    end(&tables, &claimed, Ending::Dead(fault()), now()).await;
    tables.order(vec![named(2, "record"), named(3, "sync")], now()).await.unwrap();
    breaker::tell_limited(&tables, "whoop", Some(std::time::Duration::from_secs(3_600)), (now(), now())).await.unwrap();
    tables.close().await;

    let shown = store.json(&["jobs"]);
    assert_eq!(shown["oldest_waiting"], now().to_rfc3339());
    assert_eq!(
        shown["jobs"],
        json!([
            { "kind": "record", "state": "dead", "count": 1, "oldest": null },
            { "kind": "record", "state": "ready", "count": 1, "oldest": now().to_rfc3339() },
            { "kind": "sync", "state": "ready", "count": 1, "oldest": now().to_rfc3339() },
        ])
    );
    assert_eq!(shown["breakers"][0]["name"], "whoop");
    let letter = &shown["dead_letters"][0];
    assert_eq!((&letter["code"], &letter["reason"]), (&json!("unavailable"), &json!("the provider did not answer")));
    // Nothing of what its handler was told.
    assert!(!shown.to_string().contains("number"), "{shown}");
    let text = store.text(&["jobs"]);
    for part in ["record", "sync", "7 min", "whoop", "unavailable:"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let status = store.text(&["status"]);
    assert!(status.contains("jobs: 1 given up; not asked just now: whoop"), "{status}");

    let id = Uuid::from_u128(1).to_string();
    let again = store.json(&["jobs", "replay", &id])["replayed_as"].as_str().unwrap().to_owned();
    let twice = store.run(&["jobs", "replay", &id]);
    assert!(!twice.status.success());
    assert!(String::from_utf8_lossy(&twice.stderr).contains(&again), "{twice:?}");
    assert!(!store.run(&["jobs", "replay", &Uuid::from_u128(9).to_string()]).status.success());
    assert_eq!(store.json(&["jobs"])["dead_letters"][0]["replayed_as"], again.as_str());
    assert_eq!(store.json(&["status"])["jobs"]["given_up"], 0);
}
