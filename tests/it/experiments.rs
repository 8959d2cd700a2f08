//! A trial on oneself from its start to its verdict, as a person goes through it.

use serde_json::Value;

use crate::command::Store;

/// The day the experiment starts; its 28 baseline days end the day before.
const START: &str = "2026-03-01";

/// Nights around a mean: `before` minutes up to the start, `with` minutes from then on, as own NDJSON.
fn nights(before: i64, with: i64, provider_with: &str) -> String {
    let start: chrono::NaiveDate = START.parse().unwrap();
    (-40..30_i64)
        .map(|n| {
            let (mean, provider) = if n < 0 { (before, "whoop") } else { (with, provider_with) };
            let (day, minutes) = (start + chrono::Duration::days(n), mean + (n * 7919).rem_euclid(41) - 20);
            format!(
                "{{\"metric\":\"sleep_duration\",\"value\":{minutes},\"unit\":\"min\",\"kind\":\"sleep\",\
                 \"provider\":\"{provider}\",\"start\":\"{day}T00:10:00Z\",\"end\":\"{day}T07:50:00Z\"}}\n"
            )
        })
        .collect()
}

struct Trial {
    store: Store,
    id: String,
}

impl Trial {
    /// Fixes an experiment the evening before it starts.
    fn start() -> Self {
        let store = Store::new("2026-02-28T20:00:00Z");
        let empty = store.path("first.ndjson");
        std::fs::write(&empty, nights(420, 420, "whoop").lines().next().unwrap()).unwrap();
        store.import(&[empty]);
        let started = store.json(&["experiment", "start", "regular_bedtime", "--start", START, "--days", "28"]);
        assert_eq!(started["metric"], "sleep_duration");
        assert_eq!(started["baseline"]["last"], "2026-02-28");
        Self { store, id: started["id"].as_str().unwrap().to_owned() }
    }

    /// Logs the days done, takes the nights in when it is over, and evaluates.
    fn end(&mut self, done_until: &str, nights: &str) -> Value {
        let store = self.store.at("2026-04-05T08:00:00Z");
        store.json(&["experiment", "log", &self.id, "--day", START, "--until", done_until]);
        let file = store.path("nights.ndjson");
        std::fs::write(&file, nights).unwrap();
        store.import(&[file]);
        store.json(&["loop"]);
        assert_eq!(store.json(&["verify"])["ok"], true);
        store.json(&["experiment", "show", &self.id])
    }

    fn text(&self) -> String {
        let narrative = self.store.json(&["narrative"]);
        let sentences = narrative["sentences"].as_array().unwrap();
        sentences.iter().map(|s| s["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn a_clear_difference_is_called_helpful_and_never_caused() {
    let mut trial = Trial::start();
    let shown = trial.end("2026-03-28", &nights(420, 470, "whoop"));
    let evaluation = &shown["evaluation"];
    assert_eq!((&shown["status"], &evaluation["verdict"]), (&"evaluated".into(), &"helpful".into()), "{shown}");
    assert_eq!((evaluation["adherence"].as_f64(), evaluation["coverage"].as_f64()), (Some(1.0), Some(1.0)));
    assert_eq!(evaluation["n"], 27, "the washout day does not count");
    assert_eq!((&evaluation["unreliable"], &evaluation["moved"]), (&serde_json::json!([]), &"higher".into()));
    let confidence = evaluation["confidence"].as_f64().unwrap();
    // However large the difference, 28 nights before and 27 with it are too few for an A.
    assert!((0.6..0.8).contains(&confidence) && evaluation["grade"] == "B", "{evaluation}");
    let text = trial.text();
    assert!(text.contains("During your experiment your sleep duration was probably higher"), "{text}");
    assert!(text.contains("cannot show what brought it about"), "{text}");
    let why = trial.store.json(&["why", evaluation["id"].as_str().unwrap()]);
    assert!(
        !why["events"].as_array().unwrap().is_empty() && why["how_confident"].as_str().unwrap().contains("Grade B")
    );
    // Nothing is evaluated twice.
    trial.store.json(&["loop"]);
    let trail = trial.store.text(&["--json", "audit", "--type", "evaluation_completed"]);
    assert_eq!(trail.lines().count(), 1);
}

#[test]
fn no_difference_is_not_told_from_chance() {
    let mut trial = Trial::start();
    let shown = trial.end("2026-03-28", &nights(420, 420, "whoop"));
    assert_eq!(shown["evaluation"]["verdict"], "unclear", "{shown}");
    assert!(trial.text().contains("not enough consistent data to tell"), "{}", trial.text());
}

#[test]
fn days_that_were_missed_and_a_change_of_device_make_it_unreliable() {
    let mut missed = Trial::start();
    let shown = missed.end("2026-03-10", &nights(420, 470, "whoop"));
    assert_eq!(shown["evaluation"]["unreliable"], serde_json::json!(["low_adherence"]), "{shown}");
    assert_eq!(shown["evaluation"]["grade"], "D");
    let states = missed.store.json(&["today"])["degradation"].clone();
    assert!(states.as_array().unwrap().iter().any(|s| s["state"] == "evaluation_unreliable"), "{states}");
    let text = missed.text();
    assert!(text.contains("Your experiment on sleep duration: not enough consistent data to tell"), "{text}");
    let mut switched = Trial::start();
    let shown = switched.end("2026-03-28", &nights(420, 470, "garmin"));
    assert_eq!(shown["evaluation"]["unreliable"], serde_json::json!(["source_switch"]), "{shown}");
}

#[test]
fn too_few_nights_are_insufficient_data() {
    let mut trial = Trial::start();
    let all = nights(420, 470, "whoop");
    let some: String =
        all.lines().enumerate().filter(|(n, _)| n % 7 == 0).map(|(_, line)| format!("{line}\n")).collect();
    let shown = trial.end("2026-03-28", &some);
    assert_eq!(shown["evaluation"]["verdict"], "insufficient_data", "{shown}");
}

#[test]
fn an_experiment_is_fixed_before_it_starts_one_at_a_time_and_can_be_stopped() {
    let trial = Trial::start();
    let refused = |args: &[&str], words: &str| {
        let output = trial.store.run(&[&["experiment"], args].concat());
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(words), "{message}");
    };
    refused(&["start", "regular_bedtime", "--start", "2026-02-01"], "today or later");
    refused(&["start", "regular_bedtime", "--start", "2026-03-10"], "another experiment");
    refused(&["start", "regular_bedtime", "--start", "2026-06-01", "--days", "5"], "7 days");
    refused(&["start", "no_such_thing"], "no_such_thing");
    refused(&["start", "regular_bedtime", "--metric", "weight"], "weight");
    // Each refusal by a rule is counted, with neither a person nor a value.
    let refusals = trial.store.json(&["status"])["refusals"].clone();
    let counted: Vec<_> =
        refusals.as_array().unwrap().iter().map(|r| (r["rule"].as_str(), r["count"].as_u64())).collect();
    assert_eq!(
        counted,
        [
            (Some("experiment_has_days"), Some(1)),
            (Some("experiment_is_fixed_before_it_starts"), Some(1)),
            (Some("one_experiment_per_outcome_at_a_time"), Some(1)),
        ],
        "{refusals}"
    );
    trial.store.json(&["experiment", "stop", &trial.id, "--reason", "travel"]);
    refused(&["stop", &trial.id], "running experiment");
    assert_eq!(trial.store.json(&["experiment", "show", &trial.id])["status"], "stopped");
    trial.store.json(&["experiment", "start", "regular_bedtime", "--start", "2026-03-10"]);
    assert_eq!(trial.store.json(&["experiment", "list"]).as_array().unwrap().len(), 2);
}
