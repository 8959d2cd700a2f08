//! Safety as a person meets it: told first, in the same run, and turned off by nothing.

use serde_json::Value;

use crate::command::{self, Store};

const NOW: &str = "2026-03-01T20:00:00Z";

/// Days of a metric that end with 1 March 2026.
fn days(metric: &str, unit: &str, count: u64, value: impl Fn(u64) -> f64) -> String {
    command::days("whoop", metric, unit, "2026-03-01", 0..count, value)
}

fn wave(n: u64) -> f64 {
    (n * 7 % 5) as f64 - 2.0
}

fn store_with(lines: &str) -> Store {
    let store = Store::new(NOW);
    let file = store.path("days.ndjson");
    std::fs::write(&file, lines).unwrap();
    let report = store.import(&[file]);
    assert_eq!(report[0]["rejected"], 0, "{report:?}");
    store
}

fn usual_pulse() -> String {
    days("resting_heart_rate", "bpm", 60, |n| 58.0 + wave(n))
}

fn declare(store: &Store, conditions: &str) {
    let age = ["profile", "set", "--age-band", "from18_to39", "--heart-medication", "false", "--conditions"];
    store.json(&[&age[..], &[conditions]].concat());
}

fn rules(store: &Store) -> Vec<String> {
    let today = store.json(&["today"]);
    today["notices"].as_array().unwrap().iter().map(|n| n["rule"].as_str().unwrap().to_owned()).collect()
}

fn count(store: &Store, kind: &str) -> usize {
    store.text(&["--json", "audit", "--type", kind]).lines().count()
}

fn open_suggestions(store: &Store) -> usize {
    let list = store.json(&["intervention", "list"]);
    list["suggested"].as_array().unwrap().iter().filter(|held| held["status"] == "open").count()
}

/// A notice stands in today, opens both texts word for word, and `why` says where it comes from.
#[track_caller]
fn told_first(store: &Store, rule: &str) -> Value {
    let today = store.json(&["today"]);
    let notices = today["notices"].as_array().unwrap();
    let notice = notices.iter().find(|n| n["rule"] == rule).unwrap_or_else(|| panic!("no {rule} in {today}")).clone();
    for period in ["daily", "weekly"] {
        let narrative = store.json(&["narrative", "--period", period]);
        let sentences = narrative["sentences"].as_array().unwrap();
        let first: Vec<_> = sentences.iter().take(notices.len()).map(|s| &s["text"]).collect();
        assert!(first.contains(&&notice["text"]), "{narrative}");
        assert!(sentences.iter().take(notices.len()).all(|s| s["section"] == "risk"), "{narrative}");
        assert!(narrative["notices"].as_array().unwrap().iter().any(|n| n["text"] == notice["text"]));
        let claim = sentences.iter().find(|s| s["text"] == notice["text"]).unwrap()["claim_ids"][0].clone();
        assert!(store.json(&["why", claim.as_str().unwrap()])["why"].is_string());
    }
    let id = notice["id"].as_str().unwrap();
    let why = store.json(&["why", id]);
    assert!(why["how_confident"].as_str().unwrap().contains("no grade"), "{why}");
    assert_eq!(why["events"][0]["type"], "safety_notice_raised", "{why}");
    let trail = store.text(&["--json", "audit", "--entity", &format!("safety_notice:{id}")]);
    assert!(trail.lines().next().unwrap().contains("safety_notice_raised"));
    assert_eq!(store.json(&["verify"])["ok"], true);
    assert_eq!(store.json(&["rebuild"])["matches_live"], true);
    notice
}

#[test]
fn chest_pain_stops_everything_at_once_even_without_any_data() {
    let store = Store::new(NOW);
    let empty = store.path("one.ndjson");
    std::fs::write(&empty, days("steps", "steps", 1, |_| 5_000.0)).unwrap();
    store.import(&[empty]);
    let told = store.json(&["checkin", "--symptom", "chest_pain"]);
    assert!(told["urgent"].as_str().unwrap().contains("urgent help now"), "{told}");
    let run = store.json(&["loop"]);
    assert_eq!(run["model"]["events"], 0, "{run}");
    let notice = told_first(&store, "red_flag_symptom");
    assert_eq!((&notice["level"], &notice["since"]), (&"stop".into(), &"2026-03-01".into()));
    let narrative = store.json(&["narrative"]);
    let texts: Vec<_> =
        narrative["sentences"].as_array().unwrap().iter().map(|s| s["text"].as_str().unwrap()).collect();
    assert!(texts[1..].iter().all(|text| !text.contains("steps") && !text.contains("score")), "{texts:?}");
    assert_eq!(store.json(&["insights"]), Value::Array(vec![]));
    // A second report is the same episode.
    store.json(&["checkin", "--symptom", "fainting", "--symptom", "chest_pain"]);
    store.json(&["loop"]);
    assert_eq!(count(&store, "safety_notice_raised"), 1);
}

#[test]
fn a_symptom_or_a_condition_is_told_before_anybody_runs_a_loop() {
    let mut store = store_with(&usual_pulse());
    store.json(&["loop"]);
    assert!(store.json(&["today"])["score"].is_number());
    store.json(&["profile", "set", "--conditions", "pregnancy"]);
    assert_eq!(rules(&store), ["pregnancy"]);
    store.at("2026-03-02T20:00:00Z");
    store.json(&["checkin", "--symptom", "chest_pain"]);
    assert!(rules(&store).contains(&"red_flag_symptom".to_owned()));
    let today = store.json(&["today"]);
    assert_eq!((&today["score"], &today["insights"]), (&Value::Null, &Value::Array(vec![])));
    let text = store.text(&["narrative"]);
    assert!(text.contains("urgent help now") && !text.contains("readiness") && !text.contains("You could"), "{text}");
    assert_eq!(open_suggestions(&store), 0);
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn a_symptom_belongs_to_its_own_day_however_many_wait_before_it() {
    let store = store_with(&usual_pulse());
    store.json(&["checkin", "--symptom", "chest_pain"]);
    told_first(&store, "red_flag_symptom");
    let raised: Value =
        serde_json::from_str(&store.text(&["--json", "audit", "--type", "safety_notice_raised"])).unwrap();
    assert_eq!(raised["content"]["notice"]["day"], "2026-03-01", "{raised:#}");
    assert_eq!(store.json(&["review", "list"])[0]["day"], "2026-03-01");
}

#[test]
fn a_symptom_is_answered_even_by_somebody_who_took_consent_back() {
    let store = store_with(&usual_pulse());
    store.json(&["consent", "withdraw", "processing"]);
    let output = store.run(&["checkin", "--symptom", "breathlessness"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("urgent help now"), "{output:?}");
}

#[test]
fn only_a_reviewer_clears_a_symptom_and_the_reason_stays() {
    let mut store = store_with(&usual_pulse());
    store.json(&["checkin", "--symptom", "chest_pain"]);
    store.json(&["loop"]);
    let reviews = store.json(&["review", "list"]);
    let id = reviews[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((&reviews[0]["reason"], &reviews[0]["decision"]), (&"red_flag_symptom".into(), &Value::Null));
    let output = store.run(&["review", "resolve", &id, "--decision", "clear", "--reason", " "]);
    assert_eq!(output.status.code(), Some(2));
    store.json(&["review", "resolve", &id, "--decision", "keep", "--reason", "not seen yet"]);
    store.json(&["loop"]);
    assert_eq!(rules(&store), ["red_flag_symptom"]);
    // Days that go by clear nothing.
    store.at("2026-03-20T20:00:00Z");
    store.json(&["loop"]);
    assert_eq!(rules(&store), ["red_flag_symptom"]);
    store.json(&["review", "resolve", &id, "--decision", "clear", "--reason", "seen by a doctor: a strained muscle"]);
    store.json(&["loop"]);
    assert_eq!(rules(&store), [""; 0]);
    let resolved = store.text(&["--json", "audit", "--type", "human_review_resolved"]);
    let last: Value = serde_json::from_str(resolved.lines().last().unwrap()).unwrap();
    assert_eq!(last["actor"], "operator");
    assert_eq!(last["content"]["reason"], "seen by a doctor: a strained muscle");
    let cleared: Value =
        serde_json::from_str(&store.text(&["--json", "audit", "--type", "safety_notice_cleared"])).unwrap();
    assert_eq!(cleared["content"]["by"], "reviewer");
    // A new report is a new episode.
    store.json(&["checkin", "--symptom", "chest_pain"]);
    store.json(&["loop"]);
    assert_eq!(rules(&store), ["red_flag_symptom"]);
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn a_pulse_of_125_for_three_days_is_told_in_the_same_run_and_suggests_nothing() {
    let store = store_with(&days("resting_heart_rate", "bpm", 60, |n| if n < 3 { 125.0 } else { 58.0 + wave(n) }));
    declare(&store, "none");
    store.json(&["loop"]);
    let notice = told_first(&store, "resting_heart_rate");
    assert_eq!(notice["level"], "review");
    let why = store.json(&["why", notice["id"].as_str().unwrap()]);
    let number = |name: &str| {
        let values = why["evidence"]["values"].as_array().unwrap();
        values.iter().find(|v| v["name"] == name).map(|v| v["value"].as_f64().unwrap())
    };
    assert_eq!((number("value"), number("value_before"), number("own")), (Some(125.0), Some(125.0), Some(58.0)));
    assert!(why["rows"].as_array().unwrap().len() >= 2, "{why}");
    assert_eq!(open_suggestions(&store), 0);
    let refused = store.run(&["experiment", "start", "slow_breathing"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("safety_notice_stands"), "{refused:?}");
    assert_eq!(store.json(&["review", "list"])[0]["reason"], "resting_heart_rate");
    let narrative = store.json(&["narrative"]).to_string();
    assert!(!narrative.contains("Go for it") && !narrative.contains("next_step"), "{narrative}");
}

#[test]
fn blood_oxygen_of_88_for_two_nights_asks_for_a_human() {
    let store = store_with(&days("spo2", "%", 40, |n| if n < 2 { 88.0 } else { 96.0 + wave(n) / 4.0 }));
    store.json(&["loop"]);
    assert_eq!(told_first(&store, "spo2_low")["level"], "review");
}

#[test]
fn a_declared_pregnancy_is_described_and_nothing_is_suggested() {
    let store = store_with(&usual_pulse());
    declare(&store, "pregnancy");
    store.json(&["loop"]);
    told_first(&store, "pregnancy");
    let refused = store.run(&["experiment", "start", "regular_bedtime"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!store.json(&["insights"]).as_array().unwrap().is_empty(), "her data are still described");
    // What is no longer declared is cleared by that, as an event.
    declare(&store, "none");
    store.json(&["loop"]);
    assert_eq!(rules(&store), [""; 0]);
    let cleared: Value =
        serde_json::from_str(&store.text(&["--json", "audit", "--type", "safety_notice_cleared"])).unwrap();
    assert_eq!(cleared["content"]["by"], "declaration");
    store.json(&["experiment", "start", "regular_bedtime"]);
}

#[test]
fn every_declaration_has_its_notice_and_keeps_what_it_forbids_out_of_sight() {
    let store = store_with(&(usual_pulse() + &days("weight", "kg", 60, |n| 60.0 + wave(n) / 20.0)));
    store.json(&["profile", "set", "--age-band", "under18", "--heart-medication", "true"]);
    store.json(&["profile", "set", "--conditions", "heart,diabetes,epilepsy,eating_disorder"]);
    store.json(&["loop"]);
    let expected = ["eating_disorder_risk", "under_18", "heart_condition", "diabetes", "epilepsy", "heart_medication"];
    assert_eq!(rules(&store), expected);
    for rule in expected {
        told_first(&store, rule);
    }
    let shown = store.json(&["insights"]).to_string() + &store.json(&["narrative"]).to_string();
    assert!(!shown.contains("\"metric_key\":\"weight\"") && !shown.contains("your weight"), "{shown}");
}

#[test]
fn a_fever_and_warm_skin_take_exercise_and_heat_away() {
    let warm = days("skin_temperature_deviation", "C", 30, |n| if n < 2 { 1.4 } else { wave(n) / 10.0 });
    let store = store_with(&warm);
    declare(&store, "none");
    store.json(&["loop"]);
    assert_eq!(told_first(&store, "skin_temperature")["level"], "warn");
    let refused = store.run(&["experiment", "start", "warm_bath"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("topic_is_barred"), "{refused:?}");
    store.json(&["checkin", "--body-temperature", "38.6"]);
    store.json(&["loop"]);
    told_first(&store, "body_temperature");
    let refused = store.run(&["experiment", "start", "daylight_walk"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("load_is_limited"), "{refused:?}");
}

#[test]
fn weight_that_falls_fast_and_a_week_of_strain_are_told() {
    let falling = days("weight", "kg", 60, |n| if n < 7 { 58.6 } else { 60.0 } + wave(n) / 50.0);
    let store = store_with(&falling);
    store.json(&["loop"]);
    assert_eq!(told_first(&store, "weight_change")["level"], "review");
    let strained = days("resting_heart_rate", "bpm", 80, |n| if n < 14 { 63.0 } else { 58.0 } + wave(n))
        + &days("hrv_rmssd", "ms", 80, |n| if n < 14 { 40.0 } else { 60.0 } + 3.0 * wave(n))
        + &days("strain", "points", 80, |n| if n < 14 { 16.0 } else { 10.0 } + wave(n));
    let store = store_with(&strained);
    declare(&store, "none");
    store.json(&["loop"]);
    assert_eq!(told_first(&store, "overtraining")["level"], "review");
    // Raised at a week, raised again at a fortnight: one episode.
    let raised = store.text(&["--json", "audit", "--type", "safety_notice_raised"]);
    let ids: std::collections::BTreeSet<String> = raised
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["content"]["notice"]["rule"] == "overtraining")
        .map(|event| event["content"]["notice"]["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1, "{raised}");
    let refused = store.run(&["experiment", "start", "regular_bedtime"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("load_is_limited"), "only easier days: {refused:?}");
    store.json(&["experiment", "start", "easy_days"]);
}

#[test]
fn an_episode_ends_with_enough_good_nights_and_not_with_silence() {
    let low = |n: u64| if (20..23).contains(&n) { 91.0 } else { 96.0 + wave(n) / 4.0 };
    let store = store_with(&days("spo2", "%", 60, low));
    store.json(&["loop"]);
    assert_eq!((count(&store, "safety_notice_raised"), count(&store, "safety_notice_cleared")), (1, 1));
    assert_eq!(rules(&store), [""; 0]);
    let mut store = store_with(&days("spo2", "%", 60, |n| if n < 3 { 91.0 } else { 96.0 + wave(n) / 4.0 }));
    store.json(&["loop"]);
    for now in ["2026-03-09T20:00:00Z", "2026-06-09T20:00:00Z"] {
        store.at(now);
        store.json(&["loop"]);
        assert_eq!(rules(&store), ["spo2_low"]);
    }
}

/// Nights of the pulse, from `first` on.
fn nights(store: &Store, first: &str, values: &[f64]) {
    let last: chrono::NaiveDate = first.parse().unwrap();
    let last = last + chrono::Days::new(values.len() as u64 - 1);
    let of = |n: u64| values[values.len() - 1 - n as usize];
    let lines = command::days("whoop", "resting_heart_rate", "bpm", &last.to_string(), 0..values.len() as u64, of);
    let file = store.path(&format!("{first}.ndjson"));
    std::fs::write(&file, lines).unwrap();
    store.import(&[file]);
}

#[test]
fn what_a_reviewer_cleared_is_not_raised_again_before_data_have_ended_its_episode() {
    let mut store = store_with(&days("resting_heart_rate", "bpm", 60, |n| if n < 3 { 125.0 } else { 58.0 + wave(n) }));
    declare(&store, "none");
    store.json(&["loop"]);
    let review = store.json(&["review", "list"])[0]["id"].as_str().unwrap().to_owned();
    store.json(&[
        "review",
        "resolve",
        &review,
        "--decision",
        "clear",
        "--reason",
        "the strap was worn by somebody else",
    ]);
    store.json(&["loop"]);
    assert_eq!(rules(&store), [""; 0]);
    // The same episode goes on: it was looked at.
    store.at("2026-03-02T20:00:00Z");
    nights(&store, "2026-03-02", &[125.0]);
    store.json(&["loop"]);
    assert_eq!((rules(&store).len(), count(&store, "safety_notice_raised")), (0, 1));
    // Good nights end it, and what comes after them is another.
    store.at("2026-03-12T20:00:00Z");
    nights(&store, "2026-03-03", &[58.0, 57.0, 59.0, 58.0, 60.0, 58.0, 57.0, 58.0, 126.0, 127.0]);
    store.json(&["loop"]);
    assert_eq!((rules(&store), count(&store, "safety_notice_raised")), (vec!["resting_heart_rate".to_owned()], 2));
    let cleared = store.text(&["--json", "audit", "--type", "safety_notice_cleared"]);
    let by: Vec<Value> = cleared.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(by.iter().map(|e| e["content"]["by"].as_str().unwrap()).collect::<Vec<_>>(), ["reviewer", "data"]);
    assert_eq!(store.json(&["verify"])["ok"], true);
}
