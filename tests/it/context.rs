//! The context of a day as a person meets it: beside the graded statements, without a grade, and behind every notice.

use serde_json::Value;

use crate::command::{Store, days};

const NOW: &str = "2026-03-01T20:00:00Z";
const LAST: &str = "2026-03-01";

/// A person with a load, a pulse and its peaks.
fn trained() -> Store {
    let store = Store::new(NOW);
    let wave = |n: u64| (n * 7 % 5) as f64 - 2.0;
    let lines = days("whoop", "strain", "points", LAST, 0..100, |n| 10.0 + wave(n))
        + &days("whoop", "resting_heart_rate", "bpm", LAST, 0..60, |n| 58.0 + wave(n))
        + &days("whoop", "heart_rate_max", "bpm", LAST, 0..60, |n| 170.0 + wave(n));
    let file = store.path("days.ndjson");
    std::fs::write(&file, lines).unwrap();
    assert_eq!(store.import(&[file])[0]["rejected"], 0);
    store.json(&["loop"]);
    store
}

fn context(store: &Store) -> Vec<Value> {
    store.json(&["today"])["context"].as_array().unwrap().clone()
}

/// The keys of what can be told.
fn told(store: &Store) -> Vec<String> {
    let items = context(store);
    let told = items.iter().filter(|item| item.get("values").is_some());
    told.map(|item| item["key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_golden_person_has_a_context_that_is_the_same_after_a_rebuild() {
    let case = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/null_person");
    let store = Store::new("2026-02-27T20:00:00Z");
    store.import(&[case.join("input.ndjson")]);
    store.json(&["loop"]);
    let before = context(&store);
    assert_eq!(told(&store), ["sleep_regularity", "sleep_debt", "hrv_band"]);
    // Every night of this person is from 23:10 to 07:10.
    let regularity = &before[0];
    assert_eq!((&regularity["values"][0]["value"], &regularity["n"]), (&100.0.into(), &14.into()));
    for item in &before {
        assert!(item.get("grade").is_none() && item["method"].as_str().unwrap().len() > 20, "{item}");
        assert_eq!(item.get("values").is_none(), item.get("missing").is_some(), "{item}");
        assert!(item["sources"].as_array().unwrap().len() <= 1, "{item}");
    }
    // Nothing to read from: no load, no highest heart rate.
    let page = store.text(&["today"]);
    assert!(page.contains("For context (not graded)") && page.contains("sleep regularity"), "{page}");
    assert!(!page.contains("training load") && !page.contains("needs"), "{page}");
    assert_eq!(store.json(&["rebuild"])["matches_live"], true);
    assert_eq!(context(&store), before);
}

#[test]
fn borders_to_train_by_are_not_shown_while_load_is_limited() {
    let store = trained();
    assert_eq!(told(&store), ["training_load", "training_monotony", "heart_rate_zones"]);
    store.json(&["profile", "set", "--conditions", "pregnancy"]);
    // What was declared counts before any run has raised its notice.
    assert_eq!(told(&store), ["training_load", "training_monotony"]);
    assert!(!context(&store).iter().any(|item| item["key"] == "heart_rate_zones"));
}

#[test]
fn a_symptom_and_a_consent_taken_back_end_the_context() {
    let store = trained();
    store.json(&["consent", "withdraw", "provider:whoop"]);
    assert_eq!(told(&store), [""; 0]);
    assert!(context(&store).iter().all(|item| item["sources"].as_array().unwrap().is_empty()));
    store.json(&["consent", "grant", "provider:whoop"]);
    assert_eq!(told(&store).len(), 3);
    store.json(&["consent", "withdraw", "processing"]);
    assert_eq!(context(&store), [] as [Value; 0]);
    store.json(&["consent", "grant", "processing"]);
    store.json(&["checkin", "--symptom", "chest_pain"]);
    assert_eq!(context(&store), [] as [Value; 0]);
    assert!(!store.text(&["today"]).contains("For context"));
}
