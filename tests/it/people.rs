//! What people do beside importing: rating days, taking consent back, asking wrongly, losing a key.

use std::process::Stdio;

use serde_json::Value;

use crate::command::{self, PERSON, Store};

const NOW: &str = "2026-03-01T12:00:00Z";

/// A store with some weeks of steps and resting heart rates up to the day before.
fn store() -> Store {
    let store = Store::new(NOW);
    let last = chrono::NaiveDate::from_ymd_opt(2026, 2, 28).unwrap();
    let lines: String = (0..50_u64)
        .flat_map(|n| {
            let day = last - chrono::Days::new(n);
            [("steps", "steps", 7_000 + n * 977 % 2_100), ("resting_heart_rate", "bpm", 52 + n * 7 % 9)].map(
                |(metric, unit, value)| {
                    format!(
                        "{{\"metric\":\"{metric}\",\"value\":{value},\"unit\":\"{unit}\",\"kind\":\"day\",\
                         \"start\":\"{day}T00:00:00Z\"}}\n"
                    )
                },
            )
        })
        .collect();
    let file = store.path("days.ndjson");
    std::fs::write(&file, lines).unwrap();
    store.import(&[file]);
    store
}

#[track_caller]
fn refused(store: &Store, args: &[&str], code: i32, words: &str) {
    let output = store.run(args);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
    assert!(message.contains(words), "{args:?}: {message}");
}

#[test]
fn the_last_rating_of_a_day_counts_and_none_that_was_acknowledged_is_lost() {
    let store = store();
    for mood in ["1", "4", "2"] {
        store.json(&["checkin", "--mood", mood]);
    }
    let metrics = store.json(&["metrics"]);
    let mood = metrics.as_array().unwrap().iter().find(|m| m["metric_key"] == "checkin_mood").unwrap();
    assert_eq!(mood["newest_value"].as_f64(), Some(2.0));
    assert_eq!(store.json(&["verify"])["ok"], true);
    // The same word again is no event.
    store.json(&["checkin", "--mood", "2"]);
    let running: Vec<_> = [1, 3, 4, 5]
        .map(|mood: u32| {
            let mut command = store.command();
            command.args(["checkin", "--mood", &mood.to_string()]).stdout(Stdio::null()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .into();
    let done = running.into_iter().map(|one| one.wait_with_output().unwrap());
    let acknowledged = done.filter(|output| output.status.success()).count();
    let trail = store.text(&["--json", "audit", "--type", "check_in_recorded"]);
    assert_eq!(trail.lines().count(), 3 + acknowledged);
    assert_eq!(acknowledged, 4);
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn ratings_of_many_days_are_worded_like_any_other_metric() {
    let store = store();
    for day in 1..=28 {
        let (day, mood) = (format!("2026-02-{day:02}"), (1 + day * 7 % 5).to_string());
        store.json(&["checkin", "--mood", &mood, "--energy", &mood, "--day", &day]);
    }
    assert!(store.json(&["loop"])["days"].as_u64().unwrap() > 28);
    let insights = store.json(&["insights"]);
    assert!(insights.as_array().unwrap().iter().any(|i| i["metric_key"] == "checkin_mood"), "{insights}");
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn consent_that_was_taken_back_stops_everything_that_processes() {
    let store = store();
    store.json(&["consent", "withdraw", "processing"]);
    for args in [&["loop"][..], &["checkin", "--mood", "3"], &["experiment", "start", "daylight_walk"]] {
        refused(&store, args, 1, "candor consent grant processing");
    }
    let refusals = store.json(&["status"])["refusals"].clone();
    assert_eq!(refusals[0]["rule"], "processing_needs_consent");
    assert_eq!(refusals[0]["count"], 3);
    store.json(&["consent", "grant", "processing"]);
    store.json(&["loop"]);
}

#[test]
fn what_is_asked_wrongly_is_answered_with_what_would_be_right() {
    let store = store();
    store.json(&["loop"]);
    refused(&store, &["loop", "--day", "2026-03-02"], 2, "has not come");
    refused(&store, &["checkin", "--mood", "3", "--day", "2030-01-01"], 2, "up to today");
    refused(&store, &["checkin", "--mood", "3", "--day", "1800-01-01"], 2, "up to today");
    refused(&store, &["checkin", "--mood", "7"], 2, "1 to 5");
    refused(&store, &["why", ""], 1, "there is no");
    refused(&store, &["why", "day_score@2019-01-01"], 1, "there is no");
    refused(&store, &["why", "measured.resting_heart_rate@2026-01-02"], 1, "there is no");
    let level = store.json(&["insights"])[0]["id"].as_str().unwrap().to_owned();
    refused(&store, &["why", &format!("{level}@2024-01-01")], 1, "there is no");
    // A day that no text was about is answered from the score itself, with the rows it was made of.
    let why = store.json(&["why", "2026-02-10"]);
    assert!(why["why"].as_str().unwrap().contains("2026-02-10, from step count, resting heart rate"), "{why}");
    let metrics: Vec<&str> =
        why["rows"].as_array().unwrap().iter().map(|row| row["metric"].as_str().unwrap()).collect();
    assert_eq!(metrics, ["steps", "resting_heart_rate"]);
}

#[test]
fn with_two_persons_a_command_asks_whose_data_it_is_about() {
    let store = store();
    let other = "22222222-2222-4333-8444-555555555555";
    let mut import = store.command();
    // The last of two flags counts.
    let file = store.path("days.ndjson");
    let output = import.args(["import", file.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success());
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_candor"));
        command.env_remove("DATABASE_URL").env_remove("ENV_MODE");
        command.arg("--data-dir").arg(store.path("data")).args(["--now", NOW, "--quiet"]).args(args).output().unwrap()
    };
    assert!(run(&["--person", other, "import", file.to_str().unwrap()]).status.success());
    let asked = run(&["loop"]);
    let message = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert_eq!(asked.status.code(), Some(2), "{message}");
    assert!(message.contains(PERSON) && message.contains(other), "{message}");
    assert!(run(&["--person", other, "loop"]).status.success());
}

#[test]
fn a_lost_key_is_named_and_nothing_is_thrown_away() {
    let store = store();
    store.json(&["loop"]);
    let narrative = store.json(&["narrative"]);
    let master = store.path("data/master.key");
    let kept = std::fs::read(&master).unwrap();
    std::fs::remove_file(&master).unwrap();
    refused(&store, &["narrative"], 78, "master.key");
    // An earlier build could be killed between making the file and writing it.
    std::fs::write(&master, "").unwrap();
    refused(&store, &["narrative"], 78, &format!("{} holds no master key", master.display()));
    std::fs::write(&master, "11".repeat(32)).unwrap();
    refused(&store, &["narrative"], 78, "belongs to another");
    std::fs::write(&master, kept).unwrap();
    for file in ["keys.db", "keys.db-wal", "keys.db-shm"] {
        let _ = std::fs::remove_file(store.path("data").join(file));
    }
    let verified = store.run(&["--json", "verify"]);
    assert_eq!(verified.status.code(), Some(1));
    let verified: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(verified["faults"][0]["rule"], "key_is_there", "{verified}");
    let rebuilt = store.run(&["--json", "rebuild"]);
    assert_eq!(rebuilt.status.code(), Some(1));
    let rebuilt: Value = serde_json::from_slice(&rebuilt.stdout).unwrap();
    assert_eq!(rebuilt["switched"], false);
    assert_eq!(store.json(&["narrative"]), narrative);
}

#[test]
fn a_master_key_that_was_cut_short_before_anything_was_sealed_is_removed_by_hand_and_made_anew() {
    let store = Store::new(NOW);
    let master = store.path("data/master.key");
    std::fs::create_dir_all(master.parent().unwrap()).unwrap();
    for torn in ["", "11"] {
        std::fs::write(&master, torn).unwrap();
        refused(&store, &["status"], 78, "where nothing was ever imported remove the file");
        assert_eq!(std::fs::read_to_string(&master).unwrap(), torn, "it is never replaced");
    }
    std::fs::remove_file(&master).unwrap();
    store.json(&["status"]);
    assert_eq!(std::fs::read_to_string(&master).unwrap().trim().len(), 64);
}

#[test]
fn what_a_morning_text_claimed_is_answered_for_after_the_evening_text() {
    let mut store = store();
    let today = |store: &Store, metric: &str, value: u32, unit: &str| {
        let file = store.path(&format!("{metric}.ndjson"));
        let line = format!(
            "{{\"metric\":\"{metric}\",\"value\":{value},\"unit\":\"{unit}\",\"kind\":\"day\",\
             \"start\":\"2026-03-01T00:00:00Z\"}}"
        );
        std::fs::write(&file, line).unwrap();
        store.import(&[file]);
    };
    today(&store, "steps", 6_100, "steps");
    store.json(&["loop"]);
    let claims = |store: &Store| -> Vec<String> {
        let text = store.json(&["narrative"]);
        let sentences = text["sentences"].as_array().unwrap().iter();
        let ids = sentences.flat_map(|s| s["claim_ids"].as_array().unwrap());
        ids.map(|id| id.as_str().unwrap().to_owned()).collect()
    };
    let morning = claims(&store);
    let answers: Vec<Value> = morning.iter().map(|id| store.json(&["why", id])["evidence"]["values"].clone()).collect();
    store.at("2026-03-01T21:00:00Z");
    today(&store, "resting_heart_rate", 49, "bpm");
    store.json(&["loop"]);
    let evening = claims(&store);
    assert!(evening.contains(&"day_score@2026-03-01.2".to_owned()), "{evening:?}");
    for (id, answer) in morning.iter().zip(answers) {
        assert_eq!(store.json(&["why", id])["evidence"]["values"], answer, "{id}");
    }
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn data_of_a_provider_that_was_taken_back_are_neither_taken_nor_looked_at() {
    let mut store = store();
    store.json(&["loop"]);
    assert!(!store.json(&["insights"]).as_array().unwrap().is_empty());
    let consents = store.json(&["consent", "withdraw", "provider:file"]);
    assert_eq!(consents["withdrawn"], serde_json::json!(["provider:file"]));
    let file = store.path("more.ndjson");
    let line = r#"{"metric":"steps","value":9000,"unit":"steps","kind":"day","start":"2026-03-01T00:00:00Z"}"#;
    std::fs::write(&file, line).unwrap();
    let file = file.display().to_string();
    refused(&store, &["import", &file], 1, "candor consent grant provider:file");
    store.json(&["loop"]);
    assert_eq!(store.json(&["insights"]), serde_json::json!([]));
    assert_eq!(store.json(&["verify"])["ok"], true);
    store.json(&["consent", "grant", "provider:file"]);
    store.json(&["import", &file]);
    store.at("2026-03-02T12:00:00Z").json(&["loop"]);
    assert!(!store.json(&["insights"]).as_array().unwrap().is_empty());
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn what_rests_on_data_that_were_taken_back_is_told_no_more() {
    let mut store = Store::new("2026-04-06T23:00:00Z");
    store.import(&[std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson")]);
    store.json(&["profile", "set", "--conditions", "none"]);
    store.json(&["loop"]);
    let open = |store: &Store| {
        let list = store.json(&["intervention", "list"]);
        list["suggested"].as_array().unwrap().iter().filter(|held| held["status"] == "open").count()
    };
    let told = |store: &Store| store.text(&["narrative"]).contains("sleep duration");
    assert!(open(&store) > 0 && told(&store));
    store.json(&["consent", "withdraw", "provider:file"]);
    assert_eq!(store.json(&["insights"]), serde_json::json!([]));
    store.json(&["loop"]);
    assert!(open(&store) == 0 && !told(&store), "{}", store.text(&["narrative"]));
    assert!(!store.text(&["narrative", "--as-of", "2026-04-06"]).contains("sleep duration"));
    store.json(&["consent", "grant", "provider:file"]);
    store.at("2026-04-07T20:00:00Z").json(&["loop"]);
    assert!(open(&store) > 0 && told(&store));
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn a_row_of_somebody_who_was_taken_back_is_refused_wherever_it_stands() {
    let store = Store::new("2026-03-01T12:00:00Z");
    let mixed = store.path("mixed.ndjson");
    let lines = |last: &str| {
        let of = |provider: &str| command::days(provider, "resting_heart_rate", "bpm", last, 0..3, |n| 55.0 + n as f64);
        of("whoop") + &of("garmin")
    };
    std::fs::write(&mixed, lines("2026-02-20")).unwrap();
    assert_eq!(store.import(std::slice::from_ref(&mixed))[0]["accepted"], 6);
    // Whoever measured has a key of their own, so that one can go without the other.
    let recorded = store.text(&["--json", "audit", "--type", "observations_recorded"]);
    assert_eq!(recorded.lines().count(), 2, "{recorded}");
    store.json(&["consent", "withdraw", "provider:whoop"]);
    std::fs::write(&mixed, lines("2026-02-28")).unwrap();
    let report = &store.import(&[mixed])[0];
    assert_eq!((&report["read"], &report["accepted"], &report["rejected"]), (&6.into(), &3.into(), &3.into()));
    let first = &report["rejections"][0];
    assert_eq!((&first["row"], &first["field"]), (&1.into(), &"provider".into()), "{report:#}");
    assert!(first["reason"].as_str().unwrap().contains("candor consent grant provider:whoop"), "{report:#}");
    assert_eq!(store.json(&["verify"])["ok"], true);
    assert_eq!(store.json(&["rebuild"])["matches_live"], true);
}

#[test]
fn a_lost_original_is_found_out_and_keeps_nothing_else_back() {
    let store = store();
    let kept = std::fs::read_dir(store.path("data/originals")).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&kept).unwrap();
    let export = |name: &str| {
        let folder = store.path(name);
        let output = store.run(&["--json", "export", &folder.display().to_string()]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), document, folder)
    };
    let (code, document, folder) = export("first");
    assert_eq!((code, document["originals"].as_u64()), (Some(0), Some(1)));
    let given_back = std::fs::read_dir(folder.join("originals")).unwrap().next().unwrap().unwrap().path();
    assert!(given_back.display().to_string().ends_with("-days.ndjson"));
    assert_eq!(std::fs::read(given_back).unwrap(), std::fs::read(store.path("days.ndjson")).unwrap());
    for damage in [None, Some(&whole[..whole.len() - 1])] {
        std::fs::remove_file(&kept).unwrap();
        damage.inspect(|bytes| std::fs::write(&kept, bytes).unwrap());
        let output = store.run(&["--json", "verify"]);
        let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (output.status.code(), verified["faults"][0]["rule"].as_str()),
            (Some(1), Some("original_is_there"))
        );
        let (code, document, folder) = export(if damage.is_some() { "cut" } else { "gone" });
        assert_eq!((code, document["originals"].as_u64()), (Some(1), Some(0)));
        assert!(document["unreadable"][0].as_str().unwrap().contains("days.ndjson"));
        assert!(folder.join("observations.ndjson").exists());
        std::fs::write(&kept, &whole).unwrap();
    }
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn answers_of_a_journal_are_kept_once_and_never_averaged() {
    let store = store();
    let journal = |name: &str, coffee: bool, newest: u32| {
        let head = "Cycle start time,Cycle end time,Cycle timezone,Question text,Answered yes,Notes";
        let row = |day: u32, question: &str, yes: bool| {
            format!("2026-02-{day:02} 23:00:00,,UTC+01:00,{question},{yes},with Anna\n")
        };
        let rows: String =
            (1..=newest).map(|day| row(day, "Any caffeine?", coffee) + &row(day, "Read?", true)).collect();
        let file = store.path(name);
        std::fs::write(&file, format!("{head}\n{rows}")).unwrap();
        file
    };
    let counts = |file: std::path::PathBuf| {
        let report = &store.import(&[file])[0];
        ["read", "accepted", "duplicates", "corrected", "rejected"].map(|name| report[name].as_u64().unwrap())
    };
    assert_eq!(counts(journal("journal.csv", true, 20)), [40, 40, 0, 0, 0]);
    assert_eq!(counts(journal("journal.csv", true, 20)), [40, 0, 40, 0, 0]);
    // A newer export in which one question was answered again, and an older one.
    assert_eq!(counts(journal("newer.csv", false, 21)), [42, 2, 20, 20, 0]);
    assert_eq!(counts(journal("older.csv", true, 19)), [38, 0, 38, 0, 0]);
    store.json(&["loop"]);
    for told in [store.json(&["metrics"]), store.json(&["insights"]), store.json(&["narrative"])] {
        assert!(!told.to_string().contains("journal"), "{told}");
    }
    let trail = store.text(&["--json", "audit", "--type", "observation_corrected"]);
    assert!(trail.contains("Any caffeine?") && !trail.contains("Anna"));
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn who_erases_everything_is_asked_first_and_leaves_nothing_behind() {
    let store = store();
    store.json(&["loop"]);
    store.json(&["checkin", "--mood", "4"]);
    refused(&store, &["erase"], 1, "--yes");
    let before = store.json(&["verify"]);

    // One source alone: the rest stands and is worked out anew.
    let erased = store.json(&["erase", "--provider", "file", "--yes"]);
    assert!(erased["events_unreadable"].as_u64() > Some(0) && erased["keys_destroyed"].as_array().unwrap().len() == 1);
    store.json(&["loop"]);
    let metrics = store.json(&["metrics"]);
    let measured: Vec<_> = metrics.as_array().unwrap().iter().filter_map(|m| m["metric_key"].as_str()).collect();
    assert!(measured.contains(&"checkin_mood") && !measured.contains(&"steps"), "{measured:?}");
    // The same file may come again once it is allowed.
    store.json(&["consent", "grant", "provider:file"]);
    assert_eq!(command::count(&store.import(&[store.path("days.ndjson")])[0], "accepted"), 100);

    let erased = store.json(&["erase", "--yes"]);
    assert_eq!(erased["scope"], "person");
    assert!(erased["hash"].as_str().unwrap().len() == 64 && erased["position"].is_string());
    for args in [&["today"][..], &["insights"], &["audit"], &["erase", "--yes"]] {
        refused(&store, args, 1, "there is no person");
    }
    refused(
        &store,
        &["import", store.path("days.ndjson").to_str().unwrap()],
        1,
        "everything of this person was erased",
    );
    let after = store.json(&["verify"]);
    assert!(after["ok"] == true && after["events"].as_u64() > before["events"].as_u64(), "{after}");
    assert_eq!(std::fs::read_dir(store.path("data/originals")).unwrap().count(), 0);
    assert_eq!(store.json(&["rebuild"])["matches_live"], true);
}
