//! What the weekly searches say to a person: a step with its day, and a link between two metrics, each with its why.

use std::fmt::Write as _;

use serde_json::Value;

use crate::command::Store;

/// Daily values of made-up metrics: day number to metric, value and unit.
fn person(days: i64, last: &str, of: impl Fn(i64) -> Vec<(&'static str, f64, &'static str)>) -> String {
    let last: chrono::NaiveDate = last.parse().unwrap();
    let mut text = String::new();
    for n in 0..days {
        let day = last - chrono::Duration::days(days - 1 - n);
        for (metric, value, unit) in of(n) {
            writeln!(
                text,
                "{{\"metric\":\"{metric}\",\"value\":{value:.1},\"unit\":\"{unit}\",\"kind\":\"sample\",\
                 \"provider\":\"file\",\"start\":\"{day}T07:00:00Z\"}}"
            )
            .unwrap();
        }
    }
    text
}

/// A number between -1 and 1 that looks drawn by lot: the high bits of a multiplied hash of the day.
fn turn(n: i64, salt: u64) -> f64 {
    let mut z = n.cast_unsigned().wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// The store of a person whose every day was looked at when it was the present one, up to a Sunday evening or later.
fn looked_at(last: &str, text: &str) -> Store {
    let store = Store::new(&format!("{last}T23:00:00Z"));
    let file = store.path("days.ndjson");
    std::fs::write(&file, text).unwrap();
    store.import(&[file]);
    store.json(&["loop"]);
    assert_eq!(store.json(&["verify"])["ok"], true);
    store
}

#[track_caller]
fn of_kind(store: &Store, kind: &str) -> Value {
    let insights = store.json(&["insights"]);
    let found = insights.as_array().unwrap().iter().find(|insight| insight["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {insights:#}")).clone()
}

fn number(evidence: &Value, name: &str) -> f64 {
    let values = evidence["values"].as_array().unwrap();
    values.iter().find(|value| value["name"] == name).unwrap()["value"].as_f64().unwrap()
}

#[test]
fn a_large_lasting_step_is_found_with_its_day_and_confirmed() {
    // The last day is a Monday; the resting heart rate jumps by 14 bpm, many of its SD, 60 days before it.
    let jump = |n: i64| if n >= 140 { 14.0 } else { 0.0 };
    let text = person(201, "2026-06-01", |n| vec![("resting_heart_rate", 55.0 + 3.0 * turn(n, 1) + jump(n), "bpm")]);
    let store = looked_at("2026-06-01", &text);
    let step = of_kind(&store, "step");
    assert!(["A", "B"].contains(&step["grade"].as_str().unwrap()), "{step:#}");
    // It fell on 2026-04-02, and the last look was on the Monday of 2026-05-25.
    assert_eq!(step["evidence"]["window"]["last"], "2026-05-25");
    assert_eq!(number(&step["evidence"], "step_days_ago"), 53.0);
    assert!((13.0..15.0).contains(&number(&step["evidence"], "difference")), "{step:#}");
    assert!(step["statement"].as_str().unwrap().contains("after a shift about"), "{step:#}");
    let why = store.json(&["why", step["id"].as_str().unwrap()]);
    assert!(why["why"].as_str().unwrap().contains("jumped"), "{why:#}");
    assert_eq!(why["evidence"], step["evidence"]);
    assert!(!why["rows"].as_array().unwrap().is_empty() && !why["events"].as_array().unwrap().is_empty());
    let text = store.text(&["narrative"]);
    assert!(text.contains("after a shift about"), "{text}");
}

#[test]
fn two_metrics_that_go_together_are_said_to_and_nothing_more() {
    // Sleep is longer on the night after a day of many steps; the other metric is noise.
    let steps = |n: i64| 8_000.0 + 3_000.0 * turn(n, 2);
    let text = person(330, "2026-06-01", |n| {
        vec![
            ("steps", steps(n).round(), "steps"),
            ("sleep_duration", (440.0 + 45.0 * turn(n, 3) + (steps(n - 1) - 8_000.0) / 75.0).round(), "min"),
            ("hrv_rmssd", 60.0 + 12.0 * turn(n, 4), "ms"),
        ]
    });
    let store = looked_at("2026-06-01", &text);
    let link = of_kind(&store, "association");
    assert_eq!(link["metric_key"], "sleep_duration");
    assert_eq!(link["grade"], "A", "{link:#}");
    assert_eq!(number(&link["evidence"], "lag"), 1.0);
    assert!(number(&link["evidence"], "r") > 0.3, "{link:#}");
    let statement = link["statement"].as_str().unwrap();
    for part in [
        "sleep duration tended to be higher when your step count 1 day earlier was higher",
        "does not mean that one brings about the other",
    ] {
        assert!(statement.contains(part), "{statement}");
    }
    let why = store.json(&["why", link["id"].as_str().unwrap()]);
    let rows = why["rows"].as_array().unwrap();
    for metric in ["steps", "sleep_duration"] {
        assert!(rows.iter().any(|row| row["metric"] == metric), "no rows of {metric}");
    }
    assert!(store.text(&["narrative"]).contains("tended to be higher"));
}

#[test]
fn what_a_notice_keeps_out_of_sight_is_named_by_no_link() {
    let energy = |n: i64| 2_000.0 + 600.0 * turn(n, 2);
    let text = person(330, "2026-06-01", |n| {
        vec![
            ("energy", energy(n).round(), "kcal"),
            ("sleep_duration", (440.0 + 45.0 * turn(n, 3) + (energy(n - 1) - 2_000.0) / 15.0).round(), "min"),
        ]
    });
    let store = looked_at("2026-06-01", &text);
    let link = of_kind(&store, "association");
    assert!(link["statement"].as_str().unwrap().contains("energy burned"), "{link:#}");
    store.json(&["profile", "set", "--conditions", "eating_disorder"]);
    for told in ["insights", "today"] {
        assert!(!store.text(&[told]).contains("energy burned"), "{told} before the next loop");
    }
    store.json(&["loop"]);
    let text = store.text(&["narrative"]);
    assert!(!text.contains("energy burned") && text.contains("sleep duration"), "{text}");
}

#[test]
fn a_note_of_the_day_goes_with_the_night_after_it() {
    // Every third day or so has alcohol, and the night after it a lower recovery; a note on two days says nothing.
    let drank = |n: i64| f64::from(u8::from(turn(n, 2) > 0.3));
    let text = person(330, "2026-06-01", |n| {
        vec![
            ("journal_alcohol", drank(n), "yes/no"),
            ("journal_meditation", f64::from(u8::from(n == 300 || n == 310)), "yes/no"),
            ("recovery_score", (60.0 + 15.0 * turn(n, 3) - 12.0 * drank(n - 1)).round(), "%"),
        ]
    });
    let store = looked_at("2026-06-01", &text);
    let link = of_kind(&store, "association");
    assert_eq!((link["metric_key"].as_str(), number(&link["evidence"], "lag")), (Some("recovery_score"), 1.0));
    let statement = link["statement"].as_str().unwrap();
    assert!(statement.contains("lower when your alcohol intake 1 day earlier was higher"), "{statement}");
    // A yes has no usual value, and notes make no data newer.
    let insights = store.json(&["insights"]);
    let of_notes =
        insights.as_array().unwrap().iter().filter(|i| i["metric_key"].as_str().unwrap().starts_with("journal"));
    assert_eq!(of_notes.count(), 0, "{insights:#}");
}

#[test]
fn a_day_without_an_activity_is_a_day_of_rest_where_the_device_was_worn() {
    // An activity on about every third day, and a shorter night after it.
    let active = |n: i64| turn(n, 2) > 0.3;
    let text = person(330, "2026-06-01", |n| {
        let night = 440.0 + 40.0 * turn(n, 3) - 35.0 * f64::from(u8::from(active(n - 1)));
        let mut day = vec![("sleep_duration", night.round(), "min")];
        day.extend(active(n).then_some(("activity_duration", (50.0 + 10.0 * turn(n, 4)).round(), "min")));
        day
    });
    let store = looked_at("2026-06-01", &text);
    let link = of_kind(&store, "association");
    assert_eq!((link["metric_key"].as_str(), number(&link["evidence"], "lag")), (Some("sleep_duration"), 1.0));
    let statement = link["statement"].as_str().unwrap();
    assert!(statement.contains("lower when your activity time 1 day earlier was higher"), "{statement}");
    assert!(number(&link["evidence"], "n") > 90.0, "the days of rest count: {link:#}");
}
