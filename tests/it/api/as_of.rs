//! What was known and told at an earlier moment, over HTTP and on the command line.

use serde_json::{Value, json};

use super::Server;
use crate::command::Store;

/// Rows of a metric, one a day.
fn sleep(last: &str, days: u64, minutes: f64) -> String {
    crate::command::days("file", "sleep_duration", "min", last, 0..days, move |n| minutes + (n * 7 % 5) as f64 * 4.0)
}

#[test]
fn what_was_told_before_late_data_came_can_be_read_again() {
    let mut store = Store::new("2026-03-01T20:00:00Z");
    let file = store.path("nights.ndjson");
    std::fs::write(&file, sleep("2026-03-01", 40, 430.0)).unwrap();
    store.import(&[file]);
    store.json(&["loop"]);
    let (then, insights) = (store.json(&["narrative"]), store.json(&["insights"]));
    let trail = store.text(&["--json", "audit"]);
    let last: Value = serde_json::from_str(trail.lines().last().unwrap()).unwrap();
    let revision = last["revision"].as_u64().unwrap().to_string();
    // A month later much shorter nights have come in: the usual value is another.
    store.at("2026-04-02T20:00:00Z");
    let file = store.path("more.ndjson");
    std::fs::write(&file, sleep("2026-04-02", 30, 380.0)).unwrap();
    store.import(&[file]);
    store.json(&["loop"]);
    assert_ne!(store.json(&["narrative"]), then);
    for moment in ["2026-03-01", "2026-03-20", &revision] {
        assert_eq!(store.json(&["narrative", "--as-of", moment]), then, "{moment}");
        let told = store.json(&["insights", "--as-of", moment]);
        let bare = |insights: &Value| {
            let mut bare = insights.as_array().unwrap().clone();
            bare.iter_mut().for_each(|insight| drop(insight.as_object_mut().unwrap().remove("now")));
            bare
        };
        assert_eq!(bare(&told), bare(&insights), "{moment}");
        assert!(told.as_array().unwrap().iter().all(|insight| insight["now"] == "altered"), "{told:#}");
    }
    let now = store.json(&["insights", "--as-of", "2026-04-02"]);
    assert!(now.as_array().unwrap().iter().all(|insight| insight["now"] == "same"), "{now:#}");
    let before = store.run(&["narrative", "--as-of", "2025-12-31"]);
    assert_eq!(before.status.code(), Some(1), "{before:?}");
    assert_eq!(store.run(&["insights", "--as-of", "yesterday"]).status.code(), Some(2));
    assert_eq!(store.run(&["insights", "--as-of", "20260301"]).status.code(), Some(1), "there is no such event");
    // What a notice hides is hidden in what was told before it, too.
    store.json(&["checkin", "--symptom", "chest_pain"]);
    assert_eq!(store.json(&["insights", "--as-of", "2026-03-01"]), json!([]));
    let calm = store.json(&["narrative", "--as-of", "2026-03-01"]);
    let said: Vec<&str> = calm["sentences"].as_array().unwrap().iter().map(|s| s["text"].as_str().unwrap()).collect();
    assert!(said.len() == 1 && said[0].contains("urgent help now"), "{calm:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_score_is_told_as_it_stood() {
    let server = Server::new().await;
    let pulse =
        |value: f64, days| crate::command::days("file", "resting_heart_rate", "bpm", "2026-04-06", 0..days, |_| value);
    server.upload("pulse.ndjson", pulse(55.0, 10).into_bytes()).await.ok();
    server.json("POST", "/loop", &Value::Null).await.ok();
    let scores = server.get("/days").await.ok();
    let first = scores[0].clone();
    assert_eq!(first["now"], Value::Null);
    let head = server.get("/audit/?limit=1").await.ok()["events"][0]["revision"].clone();
    // A correction of the newest night makes its score another.
    let mut row: Value = serde_json::from_str(&pulse(70.0, 1)).unwrap();
    row["updated_at"] = json!("2026-04-06T21:00:00Z");
    let report = server.upload("later.ndjson", row.to_string().into_bytes()).await.ok();
    assert_eq!(report[0]["corrected"], 1, "{report}");
    server.json("POST", "/loop", &Value::Null).await.ok();
    let now = server.get("/days").await.ok()[0].clone();
    assert_ne!(now["score"], first["score"]);
    let then = server.get(&format!("/days?as_of={head}")).await.ok();
    assert_eq!((&then[0]["score"], &then[0]["now"]), (&first["score"], &now["score"]));
    assert_eq!(then[1], scores[1], "what did not change says so");
    let text = server.get(&format!("/narratives/daily?as_of={head}")).await.ok();
    assert_eq!(text["now"], now["day"]);
    assert!(text["sentences"].to_string().contains(&format!("was {}", first["score"])), "{text:#}");
    for path in ["/days?as_of=x", "/insights?as_of=2026-13-01", "/narratives/daily?as_of=-1"] {
        let refused = server.get(path).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["field"]), (422, &json!("as_of")), "{path}");
    }
}

#[test]
fn what_stands_now_comes_before_what_was_told_then_and_holds_it_back() {
    let store = Store::new("2026-03-01T20:00:00Z");
    let file = store.path("days.ndjson");
    let steps = crate::command::days("file", "steps", "steps", "2026-03-01", 0..40, |n| 12_500.0 + (n % 3) as f64);
    let pulse =
        crate::command::days("file", "resting_heart_rate", "bpm", "2026-03-01", 0..40, |n| 46.0 + (n % 3) as f64);
    std::fs::write(&file, steps + &pulse).unwrap();
    store.import(&[file]);
    store.json(&["loop"]);
    let then = store.text(&["narrative"]);
    assert!(then.contains("Go for it") && then.contains("resting heart rate probably averaged"), "{then}");
    // A notice that lets the analysis go on: nothing urges on beside it, and the rest is told.
    store.json(&["profile", "set", "--conditions", "pregnancy"]);
    let told = store.text(&["narrative", "--as-of", "2026-03-01"]);
    let notice = store.json(&["today"])["notices"][0]["text"].as_str().unwrap().to_owned();
    assert!(told.contains(&notice) && !told.contains("Go for it"), "{told}");
    assert!(told.contains("resting heart rate probably averaged"), "{told}");
}
