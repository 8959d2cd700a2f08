//! Each state in which something is held back, as the loop writes it, with what it blocks.

use serde_json::Value;

use crate::command::{Store, days};

const LAST: &str = "2026-03-02";
/// The evening of the last day, a Monday.
const NOW: &str = "2026-03-02T20:00:00Z";

fn wave(n: u64) -> f64 {
    (n * 7 % 5) as f64 - 2.0
}

fn add(store: &Store, name: &str, lines: &str) {
    let file = store.path(name);
    std::fs::write(&file, lines).unwrap();
    let report = store.import(&[file]);
    assert_eq!(report[0]["rejected"], 0, "{report:?}");
}

fn store_with(lines: &str) -> Store {
    let store = Store::new(NOW);
    add(&store, "days.ndjson", lines);
    store
}

fn pulse(numbers: impl IntoIterator<Item = u64>) -> String {
    days("whoop", "resting_heart_rate", "bpm", LAST, numbers, |n| 58.0 + wave(n))
}

fn events(store: &Store, kind: &str) -> Vec<Value> {
    let text = store.text(&["--json", "audit", "--type", kind]);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn states(store: &Store) -> Vec<String> {
    let today = store.json(&["today"]);
    let states = today["degradation"].as_array().unwrap();
    assert!(states.iter().all(|s| !s["blocks"].as_str().unwrap().is_empty()));
    states.iter().map(|s| s["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_outage_is_not_health() {
    let low = |n: u64| if n < 3 { 91.0 } else { 96.0 + wave(n) / 4.0 };
    let lines = pulse(0..60) + &days("whoop", "spo2", "%", LAST, 0..60, low);
    let mut store = store_with(&lines);
    store.json(&["loop"]);
    let notices = store.json(&["today"])["notices"].clone();
    assert_eq!(notices[0]["rule"], "spo2_low");
    let statements = ["insight_raised", "insight_renewed", "insight_expired", "intervention_proposed"];
    let before = statements.map(|kind| events(&store, kind).len());
    store.at("2026-03-09T20:00:00Z");
    store.json(&["loop"]);
    let today = store.json(&["today"]);
    assert!(states(&store).contains(&"baselines_frozen".to_owned()), "{today}");
    let missing = today["missing"].as_array().unwrap();
    assert!(missing.len() == 2 && missing.iter().all(|m| m["absence"] == "not_received"), "{today}");
    assert_eq!(today["notices"], notices, "silence clears nothing");
    assert_eq!(statements.map(|kind| events(&store, kind).len()), before, "silence teaches nothing");
    assert_eq!((today["score"].is_null(), events(&store, "baselines_frozen").len()), (true, 1));
    let narrative = store.json(&["narrative"]).to_string();
    assert!(narrative.contains("not received for") && narrative.contains("says nothing about how you are"));
    assert!(store.text(&["today"]).contains("not received since 2026-03-02"));
    // The same day again writes nothing; data that come in end it.
    assert_eq!(store.json(&["loop"])["days"], 0);
    add(&store, "later.ndjson", &days("whoop", "resting_heart_rate", "bpm", "2026-03-09", 0..3, |n| 58.0 + wave(n)));
    store.json(&["loop"]);
    assert_eq!(events(&store, "baselines_resumed").len(), 1);
    assert!(!states(&store).contains(&"baselines_frozen".to_owned()));
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn what_is_missing_is_told_apart() {
    let lines = days("whoop", "steps", "steps", LAST, 0..60, |n| 8_000.0 + 100.0 * wave(n))
        + &pulse(5..60)
        + &days("garmin", "spo2", "%", LAST, 5..60, |n| 96.0 + wave(n) / 4.0);
    let store = store_with(&lines);
    store.json(&["loop"]);
    let missing = store.json(&["today"])["missing"].clone();
    let kinds: Vec<_> = missing.as_array().unwrap().iter().map(|m| (&m["metric"], &m["absence"])).collect();
    let (worn, device): (Value, Value) = ("not_worn".into(), "not_measured".into());
    assert_eq!(kinds, [(&"resting_heart_rate".into(), &worn), (&"spo2".into(), &device)], "{missing}");
}

#[test]
fn under_seven_points_in_fourteen_days_no_change_is_looked_for() {
    // Two days in five, and a pulse that has been 20 higher for a month: at most six points in any fourteen days.
    let sparse = |n: &u64| matches!(n % 5, 1 | 3);
    let shifted = |n: u64| if n < 30 { 78.0 } else { 58.0 } + wave(n / 2);
    let alone = days("whoop", "resting_heart_rate", "bpm", LAST, (0..90).filter(sparse), shifted);
    let beside = days("whoop", "steps", "steps", LAST, 0..90, |n| 8_000.0 + 100.0 * wave(n));
    let changes = |lines: &str| {
        let store = store_with(lines);
        store.json(&["loop"]);
        let raised = events(&store, "insight_raised");
        let found = raised
            .iter()
            .filter(|e| ["change", "step"].iter().any(|kind| e["content"]["insight"]["kind"] == *kind))
            .count();
        (found, states(&store).contains(&"insufficient_data".to_owned()))
    };
    assert_eq!(changes(&alone), (0, true));
    let (found, insufficient) = changes(&(alone + &beside));
    assert!(found > 0 && !insufficient, "the same pulse beside a metric with enough points: {found}");
}

#[test]
fn sources_that_disagree_silence_both_and_ask() {
    let alarming = |n: u64| if n < 3 { 125.0 } else { 58.0 + wave(n) };
    let one = days("whoop", "resting_heart_rate", "bpm", LAST, 0..60, alarming);
    let other = days("garmin", "resting_heart_rate", "bpm", LAST, 0..60, |n| 59.0 + wave(n));
    let store = store_with(&(one + &other));
    store.json(&["loop"]);
    assert_eq!(store.json(&["today"])["notices"], serde_json::json!([]));
    assert!(states(&store).contains(&"conflicting_signals".to_owned()));
    assert!(store.json(&["narrative"]).to_string().contains("Sources disagree about your resting heart rate"));
    // Eight points of blood oxygen are under a fifth, and far beyond what either source varies by.
    let one = days("whoop", "spo2", "%", LAST, 0..60, |n| if n < 2 { 88.0 } else { 96.0 + wave(n) / 4.0 });
    let other = days("garmin", "spo2", "%", LAST, 0..60, |n| 96.2 + wave(n) / 4.0);
    let store = store_with(&(one.clone() + &other));
    store.json(&["loop"]);
    assert_eq!(store.json(&["today"])["notices"], serde_json::json!([]));
    assert!(states(&store).contains(&"conflicting_signals".to_owned()));
    let store = store_with(&one);
    store.json(&["loop"]);
    assert_eq!(store.json(&["today"])["notices"][0]["rule"], "spo2_low", "one source alone is believed");
}

#[test]
fn a_notice_that_stands_is_not_taken_back_by_sources_that_disagree() {
    let low = |n: u64| if n < 5 { 88.0 } else { 96.0 + wave(n) / 4.0 };
    let store = store_with(&days("whoop", "spo2", "%", LAST, 0..60, low));
    store.json(&["loop"]);
    let notices = store.json(&["today"])["notices"].clone();
    assert_eq!(notices.as_array().unwrap().len(), 1);
    add(&store, "other.ndjson", &days("garmin", "spo2", "%", LAST, 0..60, |n| 96.2 + wave(n) / 4.0));
    store.json(&["loop"]);
    assert!(states(&store).contains(&"conflicting_signals".to_owned()));
    assert_eq!(store.json(&["today"])["notices"], notices);
}

#[test]
fn days_that_are_too_incomplete_teach_nothing() {
    let mut store = store_with(&pulse((7..60).chain([0, 6])));
    store.json(&["loop"]);
    assert!(states(&store).contains(&"learning_paused".to_owned()));
    let paused = events(&store, "learning_paused");
    assert_eq!((paused.len(), &paused[0]["content"]["quality_pct"]), (1, &29.into()), "2 of 7 days");
    let of_last_day = |kind: &str| {
        let run = events(&store, "learning_paused")[0]["correlation_id"].clone();
        events(&store, kind).iter().filter(|e| e["correlation_id"] == run).count()
    };
    assert_eq!(of_last_day("day_assessed"), 1);
    assert_eq!(of_last_day("insight_raised") + of_last_day("insight_renewed") + of_last_day("insight_expired"), 0);
    store.at("2026-03-07T20:00:00Z");
    add(&store, "later.ndjson", &days("whoop", "resting_heart_rate", "bpm", "2026-03-07", 0..5, |n| 58.0 + wave(n)));
    store.json(&["loop"]);
    assert_eq!(events(&store, "learning_resumed").len(), 1);
    assert!(!states(&store).contains(&"learning_paused".to_owned()));
    assert_eq!(store.json(&["verify"])["ok"], true);
}

/// Nights of a metric that sink in the last month, as the change search finds on a Monday.
fn sunken(last_nights: impl Fn(u64) -> Option<f64>) -> String {
    let value = |n: u64| last_nights(n).unwrap_or(if n < 30 { 400.0 } else { 450.0 } + 13.0 * wave(n));
    days("whoop", "sleep_duration", "min", LAST, 0..90, value)
}

fn declared(store: &Store, conditions: &str) {
    let age = ["profile", "set", "--age-band", "from18_to39", "--heart-medication", "false", "--conditions"];
    store.json(&[&age[..], &[conditions]].concat());
}

#[test]
fn a_metric_that_swings_gets_no_suggestion() {
    let store = store_with(&sunken(|_| None));
    declared(&store, "none");
    store.json(&["loop"]);
    let proposed = events(&store, "intervention_proposed");
    let day = proposed[0]["content"]["proposal"]["day"].as_str().unwrap().to_owned();
    let raised: chrono::NaiveDate = day.parse().unwrap();
    let before = u64::try_from((LAST.parse::<chrono::NaiveDate>().unwrap() - raised).num_days()).unwrap();
    // The same person, whose last three nights before that Monday swing by four hours.
    let swing = |n: u64| match n.checked_sub(before) {
        Some(0 | 2) => Some(270.0),
        Some(1) => Some(510.0),
        _ => None,
    };
    let store = store_with(&sunken(swing));
    declared(&store, "none");
    store.json(&["loop"]);
    let held = events(&store, "intervention_suppressed");
    let unsteady: Vec<_> = held.iter().filter(|e| e["content"]["reason"] == "signal_is_unsteady").collect();
    assert!(!unsteady.is_empty(), "{held:?}");
    let that_day = unsteady[0]["content"]["proposal"]["day"].as_str().unwrap().to_owned();
    let proposed = events(&store, "intervention_proposed");
    assert!(proposed.iter().all(|e| e["content"]["proposal"]["day"].as_str().unwrap() != that_day), "{proposed:?}");
    let assessed = events(&store, "day_assessed");
    let of_that_day = assessed.iter().find(|e| e["content"]["day"] == that_day.as_str()).unwrap();
    assert!(of_that_day["content"]["degradation"].to_string().contains("intervention_suppressed"), "{of_that_day}");
}

#[test]
fn nothing_is_suggested_because_of_how_things_were_long_ago() {
    let mut store = store_with(&sunken(|_| None));
    declared(&store, "none");
    store.json(&["loop"]);
    let open = |store: &Store| {
        let list = store.json(&["intervention", "list"]);
        list["suggested"].as_array().unwrap().iter().filter(|held| held["status"] == "open").count()
    };
    assert_eq!(open(&store), 2);
    assert!(store.text(&["narrative"]).contains("You could"));
    // The newest day with data is the second of March.
    store.at("2026-03-16T20:00:00Z").json(&["loop"]);
    assert_eq!(open(&store), 2);
    store.at("2026-03-17T20:00:00Z").json(&["loop"]);
    assert_eq!(open(&store), 0);
    assert!(!store.text(&["narrative"]).contains("You could"));
    let held = events(&store, "intervention_suppressed");
    // The two that were open, and the next that would have been.
    assert_eq!(held.iter().filter(|e| e["content"]["reason"] == "data_are_old").count(), 3, "{held:?}");
    store.at("2026-03-18T20:00:00Z").json(&["loop"]);
    assert_eq!(events(&store, "intervention_suppressed").len(), held.len(), "it is written once");
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn what_was_accepted_is_taken_back_when_the_risk_rises() {
    let store = store_with(&sunken(|_| None));
    declared(&store, "none");
    store.json(&["loop"]);
    let list = store.json(&["intervention", "list"]);
    let suggested: Vec<_> = list["suggested"].as_array().unwrap().iter().filter(|h| h["status"] == "open").collect();
    assert_eq!(suggested.len(), 2, "two of the gentlest: {suggested:?}");
    let accepted = suggested[0]["proposal"]["id"].as_str().unwrap();
    store.json(&["intervention", "accept", accepted]);
    let experiment = store.json(&["experiment", "start", "regular_bedtime", "--start", "2026-03-05"]);
    declared(&store, "pregnancy");
    // What was declared counts at once, before anybody runs a loop: the suggestion is gone.
    let other = suggested[1]["proposal"]["id"].as_str().unwrap();
    let refused = store.run(&["intervention", "accept", other]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("there is no suggestion"), "{refused:?}");
    store.json(&["loop"]);
    assert!(states(&store).contains(&"protocol_invalidated".to_owned()));
    let list = store.json(&["intervention", "list"]);
    let status = |id: &Value| {
        let held = list["suggested"].as_array().unwrap().iter().find(|h| h["proposal"]["id"] == *id).unwrap();
        held["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&accepted.into()), "invalidated");
    assert_eq!(status(&suggested[1]["proposal"]["id"]), "suppressed");
    let shown = store.json(&["experiment", "show", experiment["id"].as_str().unwrap()]);
    assert_eq!(shown["status"], "invalidated");
    assert_eq!(events(&store, "experiment_invalidated").len(), 1);
    assert!(!store.json(&["narrative"]).to_string().contains("next_step"));
    assert_eq!(store.run(&["intervention", "accept", accepted]).status.code(), Some(1));
    assert_eq!(store.json(&["verify"])["ok"], true);
    assert_eq!(store.json(&["rebuild"])["matches_live"], true);
}

#[test]
fn an_effect_too_large_to_be_believed_waits_for_a_human() {
    let huge = |n: u64| if n < 30 { 300.0 } else { 450.0 } + 5.0 * wave(n);
    let store = store_with(&days("whoop", "sleep_duration", "min", LAST, 0..90, huge));
    declared(&store, "none");
    store.json(&["loop"]);
    let reviews = store.json(&["review", "list"]);
    let asked = reviews.as_array().unwrap().iter().find(|r| r["reason"] == "large_effect").unwrap_or_else(|| {
        panic!("{reviews} {}", store.json(&["insights"]));
    });
    assert_eq!(asked["entity_type"], "insight");
    assert!(states(&store).contains(&"human_review_needed".to_owned()));
    // Meanwhile low-risk information is all that is suggested.
    let proposed = events(&store, "intervention_proposed");
    let modest = |e: &Value| {
        let safety = &e["content"]["proposal"]["safety"];
        safety["risk_level"] == "low" && safety["boundary"] == "informational"
    };
    assert!(!proposed.is_empty() && proposed.iter().all(modest), "{proposed:?}");
    let id = asked["id"].as_str().unwrap();
    store.json(&["review", "resolve", id, "--decision", "clear", "--reason", "a newborn in the house"]);
    store.json(&["loop"]);
    assert!(!states(&store).contains(&"human_review_needed".to_owned()));
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn several_things_taken_back_at_once_are_all_taken_back_and_said_once() {
    let store = store_with(&sunken(|_| None));
    declared(&store, "none");
    store.json(&["loop"]);
    let list = store.json(&["intervention", "list"]);
    let suggested = list["suggested"].as_array().unwrap().clone();
    let open = suggested.iter().filter(|held| held["status"] == "open");
    let accepted: Vec<&str> = open.map(|held| held["proposal"]["id"].as_str().unwrap()).collect();
    assert_eq!(accepted.len(), 2);
    for id in &accepted {
        store.json(&["intervention", "accept", id]);
    }
    for start in ["2026-03-05", "2026-08-05"] {
        store.json(&["experiment", "start", "regular_bedtime", "--start", start, "--days", "42"]);
    }
    declared(&store, "pregnancy");
    store.json(&["loop"]);
    let list = store.json(&["intervention", "list"]);
    for id in accepted {
        let held = list["suggested"].as_array().unwrap().iter().find(|held| held["proposal"]["id"] == id).unwrap();
        assert_eq!(held["status"], "invalidated", "{held}");
    }
    assert_eq!(events(&store, "experiment_invalidated").len(), 2);
    let assessed = events(&store, "day_assessed");
    assert!(assessed.last().unwrap()["content"].get("abandoned").is_none(), "{:?}", assessed.last());
    let text = store.text(&["narrative"]);
    assert_eq!(text.matches("Something you were trying").count(), 1, "{text}");
    assert_eq!(store.json(&["verify"])["ok"], true);
}

fn levels(store: &Store) -> Vec<Value> {
    let insights = store.json(&["insights"]);
    let levels = insights.as_array().unwrap().iter().filter(|insight| insight["kind"] == "level");
    levels.map(|level| level["statement"].clone()).collect()
}

#[test]
fn what_comes_in_after_an_outage_is_looked_at_day_by_day() {
    let higher = |n: u64| wave(n) + if n < 45 { 66.0 } else { 58.0 };
    let pulse = |numbers| days("whoop", "resting_heart_rate", "bpm", LAST, numbers, higher);
    let whole = store_with(&pulse(0..100));
    whole.json(&["loop"]);
    let mut store = Store::new("2026-01-21T20:00:00Z");
    add(&store, "old.ndjson", &pulse(45..100));
    store.json(&["loop"]);
    assert!(states(&store).contains(&"baselines_frozen".to_owned()));
    // A newer export: the person is looked at as if both had come at once.
    store.at(NOW);
    add(&store, "new.ndjson", &pulse(0..45));
    store.json(&["loop"]);
    let statements = |store: &Store| {
        let insights = store.json(&["insights"]);
        insights.as_array().unwrap().iter().map(|insight| insight["statement"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(statements(&store), statements(&whole));
    assert!(statements(&store).len() > 1, "the rise is found: {:?}", statements(&store));
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn a_loop_before_anything_was_measured_closes_no_door() {
    let whole = store_with(&pulse(0..100));
    whole.json(&["loop"]);
    let store = Store::new(NOW);
    store.json(&["user", "add", "early@example.org"]);
    store.json(&["loop"]);
    add(&store, "days.ndjson", &pulse(0..100));
    store.json(&["loop"]);
    assert_eq!(levels(&store), levels(&whole));
}
