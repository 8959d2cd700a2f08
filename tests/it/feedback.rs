//! A person's word on a statement: the next loop honours it, and nothing measured changes.

use serde_json::Value;

use crate::command::Store;

/// Somebody whose sleep has become shorter, with a suggestion about it.
fn somebody() -> Store {
    let mut store = Store::new("2026-04-06T23:00:00Z");
    store.import(&[std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson")]);
    store.json(&["profile", "set", "--conditions", "none"]);
    store.json(&["loop"]);
    store.at("2026-04-07T20:00:00Z");
    store
}

fn of(store: &Store, kind: &str) -> Value {
    let insights = store.json(&["insights"]);
    insights.as_array().unwrap().iter().find(|insight| insight["kind"] == kind).unwrap().clone()
}

fn claims_told(store: &Store) -> Vec<String> {
    let narrative = store.json(&["narrative"]);
    let ids =
        narrative["sentences"].as_array().unwrap().iter().flat_map(|s| s["claim_ids"].as_array().unwrap().clone());
    ids.map(|id| store.json(&["why", id.as_str().unwrap()])["id"].as_str().unwrap().to_owned()).collect()
}

fn events(store: &Store, kind: &str) -> usize {
    store.text(&["audit", "--type", kind]).lines().count()
}

#[test]
fn what_is_disputed_is_told_no_more_and_answered_by_no_suggestion() {
    let mut store = somebody();
    let step = of(&store, "step");
    let id = step["id"].as_str().unwrap();
    let told = |store: &Store| claims_told(store).iter().any(|claim| claim.starts_with(id));
    let suggested = |store: &Store| {
        let list = store.json(&["intervention", "list"]);
        list["suggested"].as_array().unwrap().iter().filter(|held| held["status"] == "open").count()
    };
    assert!(told(&store) && suggested(&store) > 0);
    let refused = store.run(&["feedback", "3f2b0e9e-54b1-4f42-9a5e-1b7ad1f4c001", "wrong"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    // Named by the claim that its sentence carries.
    let claim = claims_told(&store).into_iter().find(|claim| claim.starts_with(id)).unwrap();
    assert_eq!(store.json(&["feedback", &claim, "not_me"])["id"], id);
    store.json(&["feedback", id, "not_me"]);
    assert_eq!(events(&store, "feedback_given"), 1, "the same word again is no event");
    store.json(&["loop"]);
    assert!(!told(&store) && suggested(&store) == 0);
    // What was measured stands as it did.
    let kept = of(&store, "step");
    assert_eq!(kept["feedback"], "not_me");
    let measured = |insight: &Value| (insight["evidence"]["values"].clone(), insight["grade"].clone());
    assert_eq!(measured(&kept), measured(&step));
    let today = store.json(&["today"]);
    assert!(today["insights"].as_array().unwrap().iter().all(|insight| insight["id"] != id), "{today:#}");
    let trail = store.text(&["audit", "--entity", &format!("insight:{id}")]);
    assert!(trail.contains("feedback_given"), "{trail}");
    // Taken back, it is told again.
    store.at("2026-04-08T20:00:00Z");
    store.json(&["feedback", id, "useful"]);
    store.json(&["loop"]);
    assert!(told(&store) && suggested(&store) > 0);
    assert_eq!(store.json(&["verify"])["ok"], true);
    assert_eq!(store.json(&["rebuild"])["matches_live"], true);
}

#[test]
fn a_dispute_rests_after_as_long_as_the_days_it_was_about_are_looked_at() {
    use candor::domain::feedback::{Feedback, Given};
    let day = |text: &str| text.parse().unwrap();
    let given = |feedback| Given { feedback, day: day("2026-04-07") };
    for feedback in [Feedback::Wrong, Feedback::NotMe] {
        assert!(given(feedback).disputes(day("2026-04-07")) && given(feedback).disputes(day("2026-07-05")));
        assert!(!given(feedback).disputes(day("2026-07-06")));
    }
    assert!(!given(Feedback::Useful).disputes(day("2026-04-07")));
}

#[test]
fn a_dispute_can_be_renewed_when_its_days_are_over() {
    let mut store = somebody();
    let id = of(&store, "step")["id"].as_str().unwrap().to_owned();
    store.json(&["feedback", &id, "wrong"]);
    for (day, count) in [("2026-07-05", 1), ("2026-07-06", 2)] {
        store.at(&format!("{day}T20:00:00Z"));
        store.json(&["feedback", &id, "wrong"]);
        assert_eq!(events(&store, "feedback_given"), count, "{day}");
    }
}

#[test]
fn what_is_useful_is_told_before_others_of_its_kind() {
    let mut store = Store::new("2026-03-01T20:00:00Z");
    let file = store.path("days.ndjson");
    let of = |metric: &str, unit: &str, usual: f64| {
        crate::command::days("file", metric, unit, "2026-03-01", 0..40, |n| usual + (n * 7 % 5) as f64)
    };
    std::fs::write(&file, of("steps", "steps", 8_000.0) + &of("resting_heart_rate", "bpm", 55.0)).unwrap();
    store.import(&[file]);
    store.json(&["loop"]);
    let steps_first = |store: &Store| {
        let text = store.text(&["narrative"]);
        text.find("step count probably averaged").unwrap() < text.find("resting heart rate probably averaged").unwrap()
    };
    assert!(!steps_first(&store));
    let insights = store.json(&["insights"]);
    let usual = insights.as_array().unwrap().iter().find(|insight| insight["metric_key"] == "steps").unwrap();
    store.json(&["feedback", usual["id"].as_str().unwrap(), "useful"]);
    store.at("2026-03-01T21:00:00Z").json(&["loop"]);
    assert!(steps_first(&store));
}

#[test]
fn a_word_on_a_link_is_no_word_on_the_opposite() {
    use candor::domain::evidence::Value as Number;
    use candor::domain::insight::Insight;
    use candor::domain::metric::Metric;
    let raised = somebody().text(&["--json", "audit", "--type", "insight_raised"]);
    let raised: Value = serde_json::from_str(raised.lines().next().unwrap()).unwrap();
    let mut link: Insight = serde_json::from_value(raised["content"]["insight"].clone()).unwrap();
    (link.with, link.direction) = (Some(Metric::Steps), None);
    let with = |r: f64, lag: f64| {
        let mut link = link.clone();
        link.evidence.values.extend([Number::new("r", r, "", 2), Number::new("lag", lag, "days", 0)]);
        link.statement()
    };
    assert_eq!(with(0.4, 1.0), with(0.5, 1.0));
    assert_ne!(with(0.4, 1.0), with(-0.4, 1.0));
    assert_ne!(with(0.4, 1.0), with(0.4, 0.0));
}
