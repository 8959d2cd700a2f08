//! An experiment from its start to its verdict, as a person goes through it.

use serde_json::{Value, json};

use crate::command::Store;

/// The day the experiment starts; its 28 baseline days end the day before.
const START: &str = "2026-03-01";

/// Nights around a mean: `before` minutes up to the start, `with` minutes from then on, as own NDJSON.
fn nights(before: i64, with: i64, provider_with: &str) -> String {
    let start: chrono::NaiveDate = START.parse().unwrap();
    (-40..30_i64)
        .map(|n| {
            let (mean, provider) = if n < 0 { (before, "whoop") } else { (with, provider_with) };
            let (day, minutes) = (start + chrono::Duration::days(n), mean + spread(n));
            format!(
                "{{\"metric\":\"sleep_duration\",\"value\":{minutes},\"unit\":\"min\",\"kind\":\"sleep\",\
                 \"provider\":\"{provider}\",\"start\":\"{day}T00:10:00Z\",\"end\":\"{day}T07:50:00Z\"}}\n"
            )
        })
        .collect()
}

struct BeforeAfter {
    store: Store,
    id: String,
}

/// A store of a person with one night, on the evening before the experiments start.
fn person() -> Store {
    let store = Store::new("2026-02-28T20:00:00Z");
    let first = store.path("first.ndjson");
    std::fs::write(&first, nights(420, 420, "whoop").lines().next().unwrap()).unwrap();
    store.import(&[first]);
    store
}

impl BeforeAfter {
    /// Fixes a before/after the evening before it starts.
    fn start() -> Self {
        let store = person();
        let before_after = ["--design", "before-after", "--start", START, "--days", "28"];
        let started = store.json(&[&["experiment", "start", "regular_bedtime"], &before_after[..]].concat());
        assert_eq!(
            (&started["plan"]["metric"], &started["design"]),
            (&"sleep_duration".into(), &"observational".into())
        );
        assert_eq!(started["plan"]["layout"]["baseline"]["last"], "2026-02-28");
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
    let mut tried = BeforeAfter::start();
    let shown = tried.end("2026-03-28", &nights(420, 470, "whoop"));
    let evaluation = &shown["evaluation"];
    assert_eq!((&shown["status"], &evaluation["verdict"]), (&"evaluated".into(), &"helpful".into()), "{shown}");
    assert_eq!((evaluation["adherence"].as_f64(), evaluation["coverage"].as_f64()), (Some(1.0), Some(1.0)));
    assert_eq!(evaluation["n"], 27, "the washout day does not count");
    assert_eq!((&evaluation["unreliable"], &evaluation["moved"]), (&json!([]), &"higher".into()));
    let confidence = evaluation["confidence"].as_f64().unwrap();
    // However large the difference, 28 nights before and 27 with it are too few for an A.
    assert!(confidence >= 0.6 && evaluation["grade"] == "B", "{evaluation}");
    let text = tried.text();
    let told = ["your sleep duration", "the average for sleep duration"];
    let told = told.map(|of| text.contains(&format!("During your experiment {of} was probably higher")));
    assert!(told.contains(&true), "{text}");
    assert!(text.contains("cannot show what brought it about"), "{text}");
    let why = tried.store.json(&["why", evaluation["id"].as_str().unwrap()]);
    assert!(
        !why["events"].as_array().unwrap().is_empty() && why["how_confident"].as_str().unwrap().contains("Grade B")
    );
    // Nothing is evaluated twice.
    tried.store.json(&["loop"]);
    let trail = tried.store.text(&["--json", "audit", "--type", "evaluation_completed"]);
    assert_eq!(trail.lines().count(), 1);
}

#[test]
fn no_difference_is_not_told_from_chance() {
    let mut tried = BeforeAfter::start();
    let shown = tried.end("2026-03-28", &nights(420, 420, "whoop"));
    assert_eq!(
        (&shown["evaluation"]["verdict"], &shown["evaluation"]["grade"]),
        (&"unclear".into(), &"D".into()),
        "{shown}"
    );
    assert!(tried.text().contains("what moved cannot be told from chance"), "{}", tried.text());
}

#[test]
fn days_that_were_missed_and_a_change_of_device_make_it_unreliable() {
    let mut missed = BeforeAfter::start();
    let shown = missed.end("2026-03-10", &nights(420, 470, "whoop"));
    assert_eq!(shown["evaluation"]["unreliable"], json!(["low_adherence"]), "{shown}");
    assert_eq!((&shown["evaluation"]["verdict"], &shown["evaluation"]["moved"]), (&"unreliable".into(), &Value::Null));
    assert_eq!(shown["evaluation"]["grade"], "D");
    let headline = "Your experiment on sleep duration: not enough consistent data to tell.";
    assert_eq!(shown["statement"], headline);
    assert!(missed.text().contains(headline), "{}", missed.text());
    let page = missed.store.text(&["experiment", "show", &missed.id]);
    assert!(page.contains("not to be relied on: too few days were logged to have gone as scheduled"), "{page}");
    let states = missed.store.json(&["today"])["degradation"].clone();
    assert!(states.as_array().unwrap().iter().any(|s| s["state"] == "evaluation_unreliable"), "{states}");
    let mut switched = BeforeAfter::start();
    let shown = switched.end("2026-03-28", &nights(420, 470, "garmin"));
    assert_eq!(shown["evaluation"]["unreliable"], json!(["source_switch"]), "{shown}");
}

#[test]
fn too_few_nights_are_insufficient_data() {
    let mut tried = BeforeAfter::start();
    let all = nights(420, 470, "whoop");
    let some: String =
        all.lines().enumerate().filter(|(n, _)| n % 7 == 0).map(|(_, line)| format!("{line}\n")).collect();
    let shown = tried.end("2026-03-28", &some);
    assert_eq!(shown["evaluation"]["verdict"], "insufficient_data", "{shown}");
}

#[track_caller]
fn refused(store: &Store, args: &[&str], code: i32, words: &str) {
    let output = store.run(&[&["experiment"], args].concat());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
    assert!(message.contains(words), "{args:?}: {message}");
}

#[test]
fn an_experiment_is_fixed_before_it_starts_one_at_a_time_and_can_be_stopped() {
    let tried = BeforeAfter::start();
    let store = &tried.store;
    let on = |start: &'static str| ["start", "regular_bedtime", "--start", start];
    refused(store, &on("2026-02-01"), 1, "today or later");
    refused(store, &on("2026-03-10"), 1, "another experiment");
    refused(store, &[&on("2026-06-01")[..], &["--days", "12"]].concat(), 1, "at least 4 pairs: --days 24");
    refused(store, &[&on("2026-06-01")[..], &["--lag", "8"]].concat(), 1, "more than a week later");
    refused(store, &[&on("2026-06-01")[..], &["--days", "4000000000"]].concat(), 1, "366 days at most");
    let two = ["--design", "before-after"];
    refused(store, &[&on("2026-06-01")[..], &two, &["--seed", "7"]].concat(), 2, "before/after has none");
    refused(store, &[&on("2026-06-01")[..], &two, &["--days", "5"]].concat(), 1, "7 days");
    refused(store, &["start", "no_such_thing"], 1, "no_such_thing");
    refused(store, &["start", "regular_bedtime", "--metric", "weight"], 1, "weight");
    refused(store, &["log", &tried.id, "--done", "--not-done"], 2, "cannot be used with");
    // Each refusal by a rule is counted, with neither a person nor a value.
    let refusals = store.json(&["status"])["refusals"].clone();
    let counted: Vec<_> =
        refusals.as_array().unwrap().iter().map(|r| (r["rule"].as_str(), r["count"].as_u64())).collect();
    assert_eq!(
        counted,
        [
            (Some("attribution_lag"), Some(1)),
            (Some("experiment_ends"), Some(1)),
            (Some("experiment_has_days"), Some(1)),
            (Some("experiment_has_pairs"), Some(1)),
            (Some("experiment_is_fixed_before_it_starts"), Some(1)),
            (Some("one_experiment_per_outcome_at_a_time"), Some(1)),
        ],
        "{refusals}"
    );
    store.json(&["experiment", "stop", &tried.id, "--reason", "travel"]);
    refused(store, &["stop", &tried.id], 1, "running experiment");
    let shown = store.json(&["experiment", "show", &tried.id]);
    assert_eq!((&shown["status"], &shown["ended"]["reason"]), (&"stopped".into(), &"travel".into()));
    store.json(&["experiment", "start", "regular_bedtime", "--start", "2026-03-10"]);
    assert_eq!(store.json(&["experiment", "list"]).as_array().unwrap().len(), 2);
}

#[test]
fn an_experiment_lasts_twelve_weeks_and_a_shorter_one_is_told_how_often_it_ends_without_an_answer() {
    let report: Value = serde_json::from_str(include_str!("../../docs/calibration.json")).unwrap();
    // Of a true 1 SD nothing is told, in every world the design was played in.
    let [short, usual] = ["42 days of 3, 1 left out", "84 days of 3, 1 left out"].map(|design| {
        let of = |f: &&Value| f["scenario"].as_str().unwrap().contains(design) && f["method"] == "candor_verdict";
        let told = report["figures"].as_array().unwrap().iter().filter(of).map(|f| f["power"].as_f64().unwrap());
        let mut without: Vec<f64> = told.map(|told| 100.0 - 100.0 * told).collect();
        without.sort_by(f64::total_cmp);
        assert_eq!(without.len(), 6, "{design}");
        format!("{:.0} to {:.0} in 100", without[0], without[5])
    });
    let sentence = format!("{short} experiments of 42 days, {usual} of 84 days (docs/calibration.md)");
    let store = person();
    let six_weeks = ["--days", "42"];
    let halves = ["--design", "before-after"];
    for (start, more, days, said) in [
        ("2026-03-01", &[][..], 84, false),
        ("2026-06-01", &six_weeks[..], 42, true),
        ("2026-10-01", &halves[..], 28, false),
    ] {
        let start = ["--json", "experiment", "start", "regular_bedtime", "--start", start];
        let output = store.with_notes().args(start).args(more).output().unwrap();
        let notes = String::from_utf8_lossy(&output.stderr).into_owned();
        let started: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{notes}"));
        assert_eq!((&started["plan"]["window"]["days"], notes.contains(&sentence)), (&days.into(), said), "{notes}");
    }
}

#[test]
fn a_metric_has_three_experiments_and_not_a_fourth() {
    let store = person();
    for start in ["2026-03-01", "2026-05-01", "2026-07-01"] {
        store.json(&["experiment", "start", "regular_bedtime", "--start", start, "--days", "42"]);
    }
    refused(
        &store,
        &["start", "regular_bedtime", "--start", "2026-09-01"],
        1,
        "at most 3 experiments planned or running",
    );
    let refusals = store.json(&["status"])["refusals"].clone();
    assert_eq!(refusals[0]["rule"], "experiments_per_metric");
    // Another outcome has its own three, but a day cannot be with it and without it.
    let other = ["start", "regular_bedtime", "--metric", "sleep_consistency", "--start"];
    refused(&store, &[&other[..], &["2026-07-01"]].concat(), 1, "cannot be with it and without it");
    store.json(&[&["experiment"], &other[..], &["2026-09-01"]].concat());
}

/// Nights as own NDJSON: minutes by the number of the day, counted from the start.
fn by_day(days: std::ops::Range<i64>, minutes: impl Fn(i64) -> i64) -> String {
    let start: chrono::NaiveDate = START.parse().unwrap();
    days.map(|n| {
        let (day, minutes) = (start + chrono::Duration::days(n), minutes(n));
        format!(
            "{{\"metric\":\"sleep_duration\",\"value\":{minutes},\"unit\":\"min\",\"kind\":\"sleep\",\
             \"provider\":\"whoop\",\"start\":\"{day}T00:10:00Z\",\"end\":\"{day}T07:50:00Z\"}}\n"
        )
    })
    .collect()
}

/// -20 to 20, as good as by chance: the mixing of a hash (Appleby's Murmur3), so that no night tells of the next.
fn spread(n: i64) -> i64 {
    let mut x = u32::try_from(n + 1_000).unwrap().wrapping_mul(0x9e37_79b1);
    x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
    i64::from((x ^ (x >> 16)) % 41) - 20
}

/// Blocks of 84 days from a seed, with the arm of each day.
fn drawn(store: &Store) -> (String, Vec<bool>) {
    let start = ["experiment", "start", "regular_bedtime", "--start", START, "--days", "84", "--seed", "7"];
    let started = store.json(&start);
    assert_eq!((&started["design"], &started["status"]), (&"randomised".into(), &"running".into()));
    let days = started["schedule"]["days"].as_array().unwrap();
    assert_eq!((days.len(), &days[0]["day"], &days[83]["day"]), (84, &START.into(), &"2026-05-23".into()));
    (started["id"].as_str().unwrap().to_owned(), days.iter().map(|d| d["arm"] == "with").collect())
}

#[test]
fn blocks_drawn_by_lot_may_say_what_the_intervention_did() {
    let mut store = person();
    let (id, with) = drawn(&store);
    assert_eq!(with.iter().filter(|with| **with).count(), 42);
    // Everything is fixed in one event; the same seed gives the same order, and asking again draws nothing anew.
    let events = store.text(&["--json", "audit", "--type", "experiment_started"]);
    assert_eq!(events.lines().count(), 1);
    let fixed: Value = serde_json::from_str(&events).unwrap();
    let plan = &fixed["content"]["experiment"];
    assert_eq!(plan["layout"], json!({ "kind": "blocks", "block_days": 3, "pairs": 14, "seed": 7 }));
    assert_eq!((&plan["lag_days"], &plan["washout_days"]), (&json!(0), &json!(1)));
    let again = ["experiment", "start", "regular_bedtime", "--start", START, "--days", "84"];
    assert_eq!(store.json(&again)["plan"], *plan);
    assert_eq!(drawn(&person()).1, with);

    store.at("2026-03-06T20:00:00Z");
    let log = |store: &Store, day: &str, flag: &str| store.json(&["experiment", "log", &id, "--day", day, flag]);
    let did = |n: usize| if with[n] { "--done" } else { "--not-done" };
    let other = |n: usize| if with[n] { "--not-done" } else { "--done" };
    log(&store, "2026-03-01", did(0));
    log(&store, "2026-03-02", other(1));
    log(&store, "2026-03-03", did(2));
    let shown = store.json(&["experiment", "show", &id]);
    assert_eq!(shown["adherence"], json!({ "kept": 2, "scheduled": 5, "share": 0.4 }), "{shown}");
    assert_eq!(shown["arm_today"], if with[5] { "with" } else { "without" });
    let page = store.text(&["experiment", "show", &id]);
    assert!(page.contains("14 pairs of 3-day blocks in an order drawn by lot (seed 7)"), "{page}");
    assert!(page.contains("2 of 5 days") && page.contains("(+) x +") && page.contains("<- today"), "{page}");
    refused(&store, &["log", &id, "--day", "2026-03-07"], 1, "that has come");

    store.at("2026-05-24T08:00:00Z");
    store.json(&["experiment", "log", &id, "--day", START, "--until", "2026-05-23", "--as-scheduled"]);
    let file = store.path("nights.ndjson");
    let minutes =
        |n: i64| 420 + spread(n) + if usize::try_from(n).is_ok_and(|n| with.get(n) == Some(&true)) { 45 } else { 0 };
    std::fs::write(&file, by_day(-30..84, minutes)).unwrap();
    store.import(&[file]);
    store.json(&["loop"]);
    assert_eq!(store.json(&["verify"])["ok"], true);
    let shown = store.json(&["experiment", "show", &id]);
    let evaluation = &shown["evaluation"];
    assert_eq!((&evaluation["verdict"], &evaluation["grade"]), (&"helpful".into(), &"B".into()), "{evaluation}");
    assert_eq!(
        (&evaluation["n"], &evaluation["adherence"]),
        (&json!(28), &json!(1.0)),
        "a day of each block is left out"
    );
    assert_eq!(evaluation["baseline_windows"].as_array().unwrap().len(), 14);
    let narrative = store.json(&["narrative"]);
    let sentences = narrative["sentences"].as_array().unwrap();
    let says = |words: &str| sentences.iter().any(|s| s["text"].as_str().unwrap().contains(words));
    assert!(says("In this experiment it probably increased your sleep duration by "), "{narrative:#}");
    assert!(says("in 14 pairs of blocks whose order was drawn by lot"), "{narrative:#}");
    assert!(says("Apart from your experiment, nothing here says why"), "{narrative:#}");
    let why = store.json(&["why", evaluation["id"].as_str().unwrap()]);
    assert!(why["why"].as_str().unwrap().contains("as they were scheduled and whatever was done"), "{why}");
}

#[test]
fn a_condition_declared_meanwhile_invalidates_what_runs() {
    let mut store = person();
    let (id, _) = drawn(&store);
    store.at("2026-03-10T12:00:00Z");
    let declared = ["--age-band", "from18_to39", "--heart-medication", "false", "--conditions"];
    store.text(&[&["profile", "set"], &declared[..], &["none"]].concat());
    store.json(&["loop"]);
    assert_eq!(store.json(&["experiment", "show", &id])["status"], "running", "nothing speaks against it");
    store.text(&[&["profile", "set"], &declared[..], &["bipolar"]].concat());
    store.json(&["loop"]);
    let shown = store.json(&["experiment", "show", &id]);
    assert_eq!(shown["status"], "invalidated", "{shown}");
    assert_eq!(shown["ended"], json!({ "day": "2026-03-10", "reason": "contraindicated" }));
    let page = store.text(&["experiment", "show", &id]);
    assert!(page.contains("a condition you declared speaks against going on (risk level rose: blocks)"), "{page}");
    let narrative = store.json(&["narrative"]).to_string();
    assert!(narrative.contains("Your experiment on sleep duration was called off"), "{narrative}");
    refused(&store, &["log", &id], 1, "running experiment");
    refused(&store, &["start", "regular_bedtime"], 1, "speaks against it");
    // It is ended once, is never evaluated, and the run gives the same when it is made again.
    store.at("2026-06-10T12:00:00Z");
    store.json(&["loop"]);
    let trail = store.text(&["--json", "audit", "--entity", &format!("experiment:{id}")]);
    let kinds: Vec<Value> = trail.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()["type"].clone()).collect();
    assert_eq!(kinds, ["experiment_started", "experiment_invalidated"]);
    assert_eq!(store.json(&["experiment", "show", &id])["evaluation"], Value::Null);
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn a_trend_without_effect_is_unclear_in_blocks_and_only_observed_in_halves() {
    // Seventy days in which sleep rises by half a minute a day, whatever is tried.
    let rising = by_day(-40..90, |n| 420 + n / 2 + spread(n));
    let evaluated = |start: &[&str]| {
        let mut store = person();
        let started = store.json(&[&["experiment", "start", "regular_bedtime"], start].concat());
        let id = started["id"].as_str().unwrap().to_owned();
        let window = &started["plan"]["window"];
        let (first, last) = (window["first"].as_str().unwrap(), window["last"].as_str().unwrap());
        store.at("2026-05-20T08:00:00Z");
        store.json(&["experiment", "log", &id, "--day", first, "--until", last, "--as-scheduled"]);
        let file = store.path("nights.ndjson");
        std::fs::write(&file, &rising).unwrap();
        store.import(&[file]);
        store.json(&["loop"]);
        store.json(&["experiment", "show", &id])
    };
    let drawn = evaluated(&["--start", START, "--days", "70", "--seed", "5"]);
    // 70 days hold no whole pairs of blocks of three days: 72 are the nearest.
    assert_eq!(drawn["plan"]["window"]["days"], 72);
    assert_eq!(
        (&drawn["design"], &drawn["evaluation"]["verdict"]),
        (&"randomised".into(), &"unclear".into()),
        "{drawn}"
    );
    let halves = evaluated(&["--design", "before-after", "--start", "2026-04-05", "--days", "35"]);
    assert_eq!(halves["plan"]["layout"]["baseline"]["first"], START);
    let evaluation = &halves["evaluation"];
    assert_eq!((&halves["design"], &evaluation["drift"]), (&"observational".into(), &true.into()), "{halves}");
    assert!(["C", "D"].contains(&evaluation["grade"].as_str().unwrap()), "{evaluation}");
    let statement = halves["statement"].as_str().unwrap();
    assert!(!statement.contains("increased"), "{statement}");
    assert!(statement.contains("moving that way within the windows too"), "{statement}");
}

#[test]
fn days_before_never_hold_the_week_that_led_to_the_question() {
    let input = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson");
    let store = Store::new("2026-04-06T20:00:00Z");
    store.import(&[input]);
    store.json(&["loop"]);
    let suggested = store.json(&["intervention", "list"])["suggested"].clone();
    let asked = suggested.as_array().unwrap().iter().map(|held| held["proposal"]["day"].as_str().unwrap()).max();
    assert_eq!(asked, Some("2026-03-16"));
    let started = store.json(&["experiment", "start", "regular_bedtime", "--design", "before-after"]);
    // It starts on 7 April; the unusual week is that up to 16 March.
    let baseline = json!({ "first": "2026-02-10", "last": "2026-03-09", "days": 28 });
    assert_eq!(started["plan"]["layout"]["baseline"], baseline);
}
