//! Bad input: a clear message, and nothing written; for a fault in one row, that row alone.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::command::{Store, count};

const NOW: &str = "2026-03-01T12:00:00Z";
const HEADER: &str = "Cycle start time,Cycle end time,Cycle timezone,Recovery score %,Resting heart rate (bpm),Sleep \
                      onset,Wake onset,Asleep duration (min),In bed duration (min)";

fn file(store: &Store, name: &str, content: &[u8]) -> PathBuf {
    let path = store.path(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn row(day: u32, heart_rate: &str, asleep: &str) -> String {
    format!(
        "2026-01-{day:02} 23:00:00,2026-01-{:02} 23:00:00,UTC+01:00,60,{heart_rate},2026-01-{day:02} 23:00:00,\
         2026-01-{:02} 07:00:00,{asleep},480",
        day + 1,
        day + 1
    )
}

/// The file is refused whole with a message that holds `words`, and leaves no person and no row behind.
#[track_caller]
fn refused(store: &Store, path: &Path, words: &[&str]) {
    let output = store.run(&["import", path.to_str().unwrap()]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
    let status = store.json(&["status"]);
    assert_eq!(status["persons"], 0, "a refused file made a person");
}

#[test]
fn files_that_cannot_be_taken_are_refused_whole() {
    let store = Store::new(NOW);
    let good = format!("{HEADER}\n{}\n", row(1, "55", "430"));
    refused(&store, &store.path("missing.csv"), &["no such file"]);
    refused(&store, &file(&store, "empty.csv", b""), &["is empty"]);
    std::fs::create_dir(store.path("folder")).unwrap();
    refused(&store, &store.path("folder"), &["is a directory"]);
    refused(&store, &file(&store, "other.csv", b"name,colour\nx,red\n"), &["WHOOP"]);
    let open_quote = format!("{good}2026-01-05 23:00:00,,\"UTC+01:00,60,55,,,430,480\nmore,rows,here\n");
    refused(&store, &file(&store, "quote.csv", open_quote.as_bytes()), &["quotation mark"]);
    refused(&store, &file(&store, "cut.json", b"{\"dailies\": [{\"steps\": 3"), &["cut.json", "JSON"]);
    let missing = good.replace("Cycle timezone", "Zone");
    refused(&store, &file(&store, "column.csv", missing.as_bytes()), &["Cycle timezone", "missing"]);
    let zipped = zipped(&[("physiological_cycles.csv", good.as_bytes())]);
    refused(&store, &file(&store, "cut.zip", &zipped[..zipped.len() / 2]), &["cut off"]);
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        let deflated = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        writer.start_file(*name, deflated).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_zip_bomb_is_not_unpacked() {
    let store = Store::new(NOW);
    let mut bomb = format!("{HEADER}\n").into_bytes();
    while bomb.len() < 64 << 20 {
        bomb.extend_from_slice(&[b','; 1 << 16]);
        bomb.push(b'\n');
    }
    let path = file(&store, "bomb.zip", &zipped(&[("physiological_cycles.csv", &bomb)]));
    refused(&store, &path, &["zip bomb"]);
}

#[test]
fn a_zip_of_an_export_is_taken_like_its_files() {
    let store = Store::new(NOW);
    let good = format!("{HEADER}\n{}\n{}\n", row(1, "55", "430"), row(2, "56", "431"));
    let zip = zipped(&[("physiological_cycles.csv", good.as_bytes()), ("notes.txt", b"hello")]);
    let zip = file(&store, "my_whoop_data.zip", &zip);
    let plain = file(&store, "cycles.csv", good.as_bytes());
    let reports = store.import(&[zip, plain]);
    assert_eq!(reports[0]["file"], "my_whoop_data.zip/physiological_cycles.csv");
    assert_eq!((count(&reports[0], "accepted"), count(&reports[1], "duplicates")), (2, 2));
}

#[test]
fn a_bad_field_rejects_its_row_alone_and_names_it() {
    let store = Store::new(NOW);
    let rows = [
        row(1, "55", "430"),
        row(2, "6000", "430"),
        row(3, "NaN", "430"),
        row(4, "1e309", "430"),
        row(5, "55", "-30"),
        row(6, "55", "700"),
        row(7, "55", "430").replace("2026", "2099"),
        row(8, "fast", "430"),
        row(9, "55", "430") + ",surplus",
        row(10, "55", "430").replace("UTC+01:00", "Mars"),
        row(11, "56", "431"),
    ];
    // With a byte order mark and CRLF, as some programs save it.
    let content = format!("\u{feff}{HEADER}\r\n{}\r\n", rows.join("\r\n"));
    let reports = store.import(&[file(&store, "cycles.csv", content.as_bytes())]);
    let report = &reports[0];
    assert_eq!((count(report, "read"), count(report, "accepted"), count(report, "rejected")), (11, 2, 9), "{report}");
    let rejections = report["rejections"].as_array().unwrap();
    let places: Vec<(u64, &str)> =
        rejections.iter().map(|r| (r["row"].as_u64().unwrap(), r["field"].as_str().unwrap())).collect();
    assert_eq!(
        places,
        [
            (2, "Resting heart rate (bpm)"),
            (3, "Resting heart rate (bpm)"),
            (4, "Resting heart rate (bpm)"),
            (5, "Asleep duration (min)"),
            (6, "Asleep duration (min)"),
            (7, "Cycle start time"),
            (8, "Resting heart rate (bpm)"),
            (9, "In bed duration (min)"),
            (10, "Cycle timezone"),
        ]
    );
    let text = report["rejections"].to_string();
    assert!(!text.contains("6000") && !text.contains("700") && !text.contains("fast"), "a reason repeats a value");
}

#[test]
fn every_row_is_counted_once_and_what_is_not_used_is_told_apart() {
    let store = Store::new(NOW);
    let nothing = "2026-01-05 23:00:00,2026-01-06 23:00:00,UTC+01:00,,,,,,".to_owned();
    let rows = [
        row(1, "55", "430"),
        row(1, "55", "430"),
        nothing.clone(),
        row(3, "6000", "430"),
        nothing,
        row(4, "56", "431"),
    ];
    let path = file(&store, "cycles.csv", format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes());
    let report = &store.import(std::slice::from_ref(&path))[0];
    let counts = ["read", "accepted", "duplicates", "corrected", "unused", "rejected"].map(|name| count(report, name));
    assert_eq!(counts, [6, 2, 3, 0, 2, 1]);
    assert_eq!(
        report["not_used"],
        serde_json::json!([{ "reason": "holds no measurement that is kept here", "rows": 2 }])
    );
    // The same on the terminal, and in the log.
    let told = store.text(&["import", path.to_str().unwrap()]);
    assert!(told.contains("rows that are not used, 2: each holds no measurement that is kept here"), "{told}");
    let log: serde_json::Value =
        serde_json::from_str(store.text(&["--json", "audit", "--type", "file_imported"]).trim()).unwrap();
    assert_eq!((&log["content"]["not_used"][0]["rows"], &log["content"]["duplicates"]), (&2.into(), &3.into()));
}

#[test]
fn a_file_of_which_every_row_is_refused_is_named_in_plain_words() {
    let store = Store::new(NOW);
    let all_bad = format!("{HEADER}\n{}\n{}\n", row(1, "6000", "430"), row(2, "55", "-1"));
    let bad = file(&store, "bad.csv", all_bad.as_bytes());
    let good = file(&store, "good.csv", format!("{HEADER}\n{}\n", row(1, "55", "430")).as_bytes());
    let mixed =
        file(&store, "mixed.csv", format!("{HEADER}\n{}\n{}\n", row(1, "55", "430"), row(2, "6000", "1")).as_bytes());
    for args in [&["import"][..], &["--json", "import"]] {
        let refused = store.run(&[args, &[bad.to_str().unwrap(), good.to_str().unwrap()]].concat());
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(0), "it was readable: {said}");
        assert!(said.contains("bad.csv: nothing was taken") && !said.contains("good.csv"), "{said}");
        // One good row, known or not, is something.
        assert_eq!(store.run(&[args, &[mixed.to_str().unwrap()]].concat()).status.code(), Some(0));
    }
}

#[test]
fn a_file_without_a_zone_says_so_until_the_home_zone_is_known_and_that_can_be_said_first() {
    let strava = "Activity ID,Activity Date,Activity Type,Elapsed Time,Distance\n\
                  71,\"Jan 14, 2026, 11:00:41 PM\",Run,3601,10.8\n";
    let import = |store: &Store| {
        let path = file(store, "activities.csv", strava.as_bytes());
        let output = store.with_notes().args(["import", path.to_str().unwrap()]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).contains("names no time zone")
    };
    let said_later = Store::new(NOW);
    assert!(import(&said_later), "its days were told by UTC");
    said_later.json(&["profile", "set", "--home-zone", "Europe/Berlin"]);
    assert!(!import(&said_later), "nothing is assumed any more");
    let said_first = Store::new(NOW);
    let profile = said_first.json(&["profile", "set", "--home-zone", "Europe/Berlin"]);
    assert_eq!(profile["home_zone"], "Europe/Berlin");
    assert!(!import(&said_first));
    for store in [said_later, said_first] {
        let distance = store
            .json(&["metrics"])
            .as_array()
            .unwrap()
            .iter()
            .find(|m| m["metric_key"] == "activity_distance")
            .cloned();
        assert_eq!(distance.unwrap()["newest_day"], "2026-01-15");
    }
}

#[test]
fn newer_exports_correct_and_older_ones_do_not() {
    let store = Store::new(NOW);
    let export = |rows: &[String]| format!("{HEADER}\n{}\n", rows.join("\n")).into_bytes();
    let older = file(&store, "older.csv", &export(&[row(1, "55", "430"), row(2, "56", "431")]));
    // A later export: one night was scored again, one is new, and the first has left its window.
    let newer = file(&store, "newer.csv", &export(&[row(2, "57", "431"), row(3, "58", "440")]));
    let first = store.import(std::slice::from_ref(&older));
    assert_eq!(count(&first[0], "accepted"), 2);
    let second = store.import(&[newer]);
    assert_eq!((count(&second[0], "accepted"), count(&second[0], "corrected")), (1, 1));
    let again = store.import(&[older]);
    assert_eq!(
        (count(&again[0], "accepted"), count(&again[0], "corrected"), count(&again[0], "duplicates")),
        (0, 0, 2)
    );
    let metrics = store.json(&["metrics"]);
    let pulse = metrics.as_array().unwrap().iter().find(|m| m["metric_key"] == "resting_heart_rate").unwrap();
    assert_eq!((pulse["days"].as_u64(), pulse["newest_value"].as_f64()), (Some(3), Some(58.0)));
    let corrected = store.text(&["--json", "audit", "--type", "observation_corrected"]);
    let event: serde_json::Value = serde_json::from_str(corrected.lines().next().unwrap()).unwrap();
    assert_eq!(event["content"]["previous_value"], 56.0);
}

#[test]
fn a_file_of_a_source_that_was_taken_back_is_named_and_the_others_are_taken() {
    let store = Store::new(NOW);
    let nights = file(&store, "nights.csv", format!("{HEADER}\n{}\n", row(1, "55", "430")).as_bytes());
    store.import(std::slice::from_ref(&nights));
    store.json(&["consent", "withdraw", "provider:strava"]);
    let run = "Activity ID,Activity Date,Activity Type,Elapsed Time\n7,\"Jan 5, 2026, 5:00:00 PM\",Run,3600\n";
    let run = file(&store, "activities.csv", run.as_bytes());
    let more = file(&store, "more.csv", format!("{HEADER}\n{}\n", row(2, "56", "431")).as_bytes());
    let imported = store.run(&["--json", "import", run.to_str().unwrap(), more.to_str().unwrap()]);
    let (told, said): (serde_json::Value, _) =
        (serde_json::from_slice(&imported.stdout).unwrap(), String::from_utf8_lossy(&imported.stderr).into_owned());
    assert_eq!(imported.status.code(), Some(1), "{said}");
    assert!(said.contains("activities.csv") && said.contains("provider:strava"), "{said}");
    assert_eq!((&told["files"][0]["file"], count(&told["files"][0], "accepted")), (&"more.csv".into(), 1), "{told}");
}
