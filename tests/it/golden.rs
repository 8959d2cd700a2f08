//! Golden cases: what comes in, and what must come out. `CANDOR_ACCEPT=1 cargo test golden` writes the outputs anew; the
//! diff is then read by a person.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::Store;

fn folder(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case)
}

/// Runs a case and compares each output with what is kept. Returns insights and text for what only this case shows.
#[track_caller]
fn case(name: &str) -> (Value, Value, Store) {
    let folder = folder(name);
    let settings: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("case.json")).unwrap()).unwrap();
    let now = settings["now"].as_str().unwrap();
    let mut store = Store::new(now);
    let experiment = settings.get("experiment").map(|experiment| {
        // It is fixed before its days come, by a person of whom one night is known.
        store.at(experiment["fixed"].as_str().unwrap());
        let input = std::fs::read_to_string(folder.join("input.ndjson")).unwrap();
        let first = store.path("first.ndjson");
        std::fs::write(&first, input.lines().next().unwrap()).unwrap();
        store.import(&[first]);
        let design = experiment["design"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap());
        let start = ["experiment", "start", "--start", experiment["start"].as_str().unwrap()];
        let fixed = store.json(&start.into_iter().chain(design).collect::<Vec<_>>());
        let id = fixed["id"].as_str().unwrap().to_owned();
        store.at(now);
        let (first, last) = (experiment["start"].as_str().unwrap(), experiment["last"].as_str().unwrap());
        store.json(&["experiment", "log", &id, "--day", first, "--until", last, "--as-scheduled"]);
        id
    });
    let report = store.import(&[folder.join("input.ndjson")]);
    assert_eq!(report[0]["rejected"], 0, "{report:?}");
    if let Some(profile) = settings["profile"].as_array() {
        let flags = profile.iter().map(|flag| flag.as_str().unwrap());
        store.text(&["profile", "set"].into_iter().chain(flags).collect::<Vec<_>>());
    }
    store.json(&["loop"]);
    let (insights, narrative) = (store.json(&["insights"]), store.json(&["narrative"]));
    let weekly = store.json(&["narrative", "--period", "weekly"]);
    let events: String = store
        .text(&["--json", "audit"])
        .lines()
        .map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            let content = if event["type"] == "observations_recorded" {
                json!({ "observations": event["content"]["observations"].as_array().unwrap().len() })
            } else {
                event["content"].clone()
            };
            format!("{}\n", json!({ "type": event["type"], "revision": event["revision"], "content": content }))
        })
        .collect();
    let digest = store.json(&["rebuild"]);
    assert_eq!(digest["matches_live"], true);
    assert_eq!(store.json(&["verify"])["ok"], true);
    let shown = experiment.map(|id| store.json(&["experiment", "show", &id]));
    let shown = shown.map(|shown| ("experiment.json", format!("{shown:#}\n")));
    let digest = format!("v{} {}\n", candor::store::views::VERSION, digest["digest"].as_str().unwrap());
    // Other rows of the same events: state that was kept under this version would be believed where it no longer fits.
    let kept = |file| std::fs::read_to_string(folder.join(file)).unwrap_or_default();
    let (same_events, was) = (kept("events.ndjson") == events, kept("digest.txt"));
    assert!(
        !same_events || was == digest || was.split(' ').next() != digest.split(' ').next(),
        "{name}: what is folded from the same events has changed; raise VERSION in src/store/views/schema.rs"
    );
    let outputs = [
        ("events.ndjson", events),
        ("insights.json", format!("{insights:#}\n")),
        ("narrative.json", format!("{narrative:#}\n")),
        ("weekly.json", format!("{weekly:#}\n")),
        ("digest.txt", digest),
    ];
    for (file, output) in outputs.into_iter().chain(shown) {
        let path = folder.join(file);
        if std::env::var("CANDOR_ACCEPT").is_ok() {
            std::fs::write(&path, &output).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == output, "{name}/{file} differs; run with CANDOR_ACCEPT=1 and read the diff");
    }
    (insights, narrative, store)
}

fn text(narrative: &Value) -> String {
    let sentences = narrative["sentences"].as_array().unwrap();
    sentences.iter().map(|s| s["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

fn kinds(insights: &Value) -> Vec<&str> {
    insights.as_array().unwrap().iter().map(|i| i["kind"].as_str().unwrap()).collect()
}

#[test]
fn a_decline_of_sleep_is_found_and_answered() {
    let (insights, narrative, store) = case("sleep_decline");
    let step = insights.as_array().unwrap().iter().find(|i| i["kind"] == "step").unwrap();
    assert_eq!((&step["metric_key"], &step["grade"]), (&json!("sleep_duration"), &json!("B")));
    let text = text(&narrative);
    assert!(text.contains("lower") && text.contains("keeping your bedtime"), "{text}");
    assert_eq!(store.json(&["today"])["notices"], json!([]));
    // The source gave hours; minutes are kept.
    assert_eq!(store.json(&["metrics"])[0]["unit"], "min");
}

#[test]
fn ten_nights_are_not_enough() {
    let (insights, narrative, _) = case("ten_nights");
    assert_eq!(kinds(&insights), ["insufficient_data"]);
    assert!(text(&narrative).contains("10 of 60 days"), "{}", text(&narrative));
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let (insights, narrative, _) = case("null_person");
    assert!(kinds(&insights).iter().all(|kind| *kind == "level"), "{:?}", kinds(&insights));
    assert!(!text(&narrative).contains("lower") && !text(&narrative).contains("higher"));
}

#[test]
fn demand_10_nothing_is_suggested_on_weak_evidence_and_nothing_against_itself() {
    for too_little in ["null_person", "ten_nights"] {
        let (_, _, store) = case(too_little);
        assert_eq!(store.json(&["intervention", "list"])["suggested"], json!([]), "{too_little}");
    }
    let (insights, _, store) = case("sleep_decline");
    let listed = store.json(&["intervention", "list"]);
    let suggested = listed["suggested"].as_array().unwrap();
    assert!(!suggested.is_empty());
    for held in suggested {
        let proposal = &held["proposal"];
        let cause =
            insights.as_array().unwrap().iter().find(|insight| insight["id"] == proposal["insight_id"]).unwrap();
        assert!(cause["confidence"].as_f64() > Some(0.6) && cause["metric_key"] == proposal["metric"], "{cause}");
        let same = suggested.iter().filter(|other| other["proposal"]["metric"] == proposal["metric"]);
        assert!(same.into_iter().all(|other| other["proposal"]["direction"] == proposal["direction"]), "{suggested:?}");
        let names = suggested.iter().filter(|other| other["proposal"]["intervention"] == proposal["intervention"]);
        assert_eq!(names.count(), 1, "said once");
    }
}

#[test]
fn a_traveller_keeps_one_night_a_day() {
    let (_, _, store) = case("traveller");
    let metrics = store.json(&["metrics"]);
    // 70 nights over three zones: each wake has its own local day.
    assert_eq!(metrics[0]["days"], 70);
}

#[test]
fn gaps_are_gaps_and_not_zeros() {
    let (insights, _, _) = case("gaps");
    let level = insights.as_array().unwrap().iter().find(|i| i["kind"] == "level").unwrap();
    assert!(level["n"].as_u64().unwrap() < 45, "{level}");
    let mean = level["evidence"]["values"][0]["value"].as_f64().unwrap();
    assert!((420.0..480.0).contains(&mean), "a missing night was counted as zero: {mean}");
}

#[test]
fn blocks_drawn_by_lot_show_what_was_tried() {
    let (_, narrative, store) = case("drawn_blocks");
    let text = text(&narrative);
    assert!(text.contains("In this experiment it probably increased your sleep duration by "), "{text}");
    let evaluation = store.json(&["experiment", "list"])[0]["evaluation"].clone();
    let number = |name: &str| {
        let values = evaluation["evidence"]["values"].as_array().unwrap();
        values.iter().find(|v| v["name"] == name).unwrap()["value"].as_f64().unwrap()
    };
    // The truth is 35 minutes.
    assert!(number("interval_low") < 35.0 && 35.0 < number("interval_high"), "{evaluation}");
    assert_eq!((&evaluation["verdict"], &evaluation["design"]), (&"helpful".into(), &"randomised".into()));
}
