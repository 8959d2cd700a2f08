//! An exported folder: what its tables say is what the commands say, what it holds can be taken in elsewhere, and whatever is
//! done to it is found by file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::{Store, days};

const NOW: &str = "2026-04-06T20:00:00Z";
/// A ride of twenty seconds on the evening before, in a zone that the file does not name.
const RIDE: &str = r#"<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"><trk>
    <type>cycling</type><trkseg>
    <trkpt lat="52.000" lon="13.0"><ele>10</ele><time>2026-04-05T18:00:00Z</time></trkpt>
    <trkpt lat="52.001" lon="13.0"><ele>12</ele><time>2026-04-05T18:00:20Z</time></trkpt></trkseg></trk></gpx>"#;

/// A store with nights, days of two sources of which one is contested, a nap with a fraction, an activity, a rating and texts.
fn story() -> Store {
    let store = Store::new(NOW);
    store.import(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson")]);
    let mut lines = days("garmin", "steps", "steps", "2026-04-05", 0..60, |n| (6_000 + 37 * n) as f64);
    lines += &days("whoop", "steps", "steps", "2026-04-05", 0..3, |_| 2_000.0);
    lines += &days("garmin", "resting_heart_rate", "bpm", "2026-04-05", 0..60, |n| 50.0 + (n % 7) as f64);
    lines += concat!(
        r#"{"metric":"nap_duration","value":0.33,"unit":"h","kind":"nap","provider":"whoop","id":"n,\"1\"","#,
        r#""start":"2026-04-04T23:50:00-05:00","end":"2026-04-05T00:10:00.250-05:00"}"#,
        "\n"
    );
    let (file, ride) = (store.path("days.ndjson"), store.path("ride.gpx"));
    fs::write(&file, lines).unwrap();
    fs::write(&ride, RIDE).unwrap();
    let reports = store.import(&[file, ride]);
    assert!(reports.iter().all(|report| report["rejected"] == 0), "{reports:?}");
    store.text(&["checkin", "--mood", "4"]);
    store.text(&["loop"]);
    store
}

fn export(store: &Store, name: &str) -> PathBuf {
    let folder = store.path(name);
    store.json(&["export", folder.to_str().unwrap()]);
    folder
}

/// The rows of a table, each by the names of its columns.
fn table(folder: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut csv = csv::Reader::from_path(folder.join(format!("tables/{name}.csv"))).unwrap();
    csv.deserialize().map(|row| row.unwrap()).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

#[test]
fn the_tables_say_what_the_commands_say() {
    let store = story();
    let folder = export(&store, "mine");

    // A day's value of each metric: the newest, its unit, and how many days have one, as `metrics` has them.
    let of_days = table(&folder, "days");
    let metrics = store.json(&["metrics"]);
    let metrics = metrics.as_array().unwrap();
    assert!(metrics.len() >= 6, "{metrics:?}");
    for metric in metrics {
        let key = metric["metric_key"].as_str().unwrap();
        let rows: Vec<_> = of_days.iter().filter(|row| row["metric"] == key).collect();
        assert_eq!(rows.len() as u64, metric["days"].as_u64().unwrap(), "{key}");
        let newest = rows.iter().max_by_key(|row| &row["day"]).unwrap();
        assert_eq!(newest["day"], metric["newest_day"].as_str().unwrap(), "{key}");
        assert_eq!(newest["unit"], metric["unit"].as_str().unwrap(), "{key}");
        assert_eq!(number(newest, "value"), metric["newest_value"].as_f64().unwrap(), "{key}");
    }
    let kinds: BTreeSet<&str> = of_days.iter().map(|row| row["metric"].as_str()).collect();
    assert_eq!(kinds.len(), metrics.len(), "and no other");
    let contested = of_days.iter().filter(|row| row["contested"] == "true").count();
    assert_eq!(contested, 3, "two sources count the steps of three days");

    // By hand: a third of an hour to two digits is 19.8 minutes, known to 0.6; the nap is of the day of waking.
    let observations = table(&folder, "observations");
    let nap = observations.iter().find(|row| row["metric"] == "nap_duration").unwrap();
    assert_eq!((number(nap, "value"), number(nap, "resolution")), (19.8, 0.6));
    assert_eq!((nap["day"].as_str(), nap["start"].as_str()), ("2026-04-05", "2026-04-05T04:50:00Z"));
    assert_eq!((nap["end"].as_str(), nap["record"].as_str()), ("2026-04-05T05:10:00.250Z", "n,\"1\""));
    let (file, row) = (nap["file"].as_str(), nap["row"].as_str());
    assert_eq!((file, row), ("days.ndjson", "124"), "60 and 3 and 60 rows come before it");
    // 90 nights, 60 and 3 and 60 days, a nap, three of the ride, a rating.
    assert_eq!(observations.len(), 90 + 60 + 3 + 60 + 1 + 3 + 1);
    let ids: BTreeSet<&str> = observations.iter().map(|row| row["id"].as_str()).collect();
    assert_eq!(ids.len(), observations.len(), "the id is the key");

    let sleeps = table(&folder, "sleeps");
    assert_eq!(sleeps.len(), 91);
    let nap = sleeps.iter().find(|row| row["kind"] == "nap").unwrap();
    assert_eq!((nap["nap_duration"].as_str(), nap["sleep_duration"].as_str()), ("19.8", ""));

    let ride = &table(&folder, "activities")[0];
    assert_eq!((ride["sport"].as_str(), ride["day"].as_str()), ("cycling", "2026-04-05"));
    // Twenty seconds, and a thousandth of a degree of a meridian, 111.2 m.
    assert!((number(ride, "activity_duration") - 20.0 / 60.0).abs() < 1e-9);
    assert_eq!(ride["activity_energy"], "", "missing is no zero");
    assert!((number(ride, "activity_distance") - 111.0).abs() < 1.0);

    let today = store.json(&["today"]);
    let scores = table(&folder, "scores");
    let newest = scores.iter().find(|row| row["day"] == today["day"].as_str().unwrap());
    assert_eq!(newest.map(|row| number(row, "score")), today["score"].as_f64());
    for score in &scores {
        let parts = table(&folder, "score_parts");
        let weights: f64 = parts.iter().filter(|p| p["day"] == score["day"]).map(|p| number(p, "weight")).sum();
        // They are spread over what is there, and written with four decimals.
        assert!((weights - 1.0).abs() < 0.001, "{weights} of {score:?}");
    }

    let told = store.json(&["insights"]);
    let insights = table(&folder, "insights");
    let open: BTreeMap<&str, _> =
        insights.iter().filter(|row| row["status"] == "open").map(|row| (row["id"].as_str(), row)).collect();
    assert!(!told.as_array().unwrap().is_empty());
    for insight in told.as_array().unwrap() {
        let row = open[insight["id"].as_str().unwrap()];
        assert_eq!(row["statement"], insight["statement"].as_str().unwrap());
        assert_eq!((&row["grade"], &row["metric"]), (&text(insight, "grade"), &text(insight, "metric_key")));
        assert_eq!(number(row, "confidence"), insight["confidence"].as_f64().unwrap());
    }

    let narrative = store.json(&["narrative"]);
    let sentences = table(&folder, "sentences");
    let newest = sentences.iter().filter(|row| row["period"] == "daily").map(|row| &row["revision"]);
    let newest = newest.max_by_key(|revision| revision.parse::<u64>().unwrap()).unwrap().clone();
    let said: Vec<&str> =
        sentences.iter().filter(|row| row["revision"] == newest).map(|row| row["text"].as_str()).collect();
    let shown: Vec<&str> =
        narrative["sentences"].as_array().unwrap().iter().map(|sentence| sentence["text"].as_str().unwrap()).collect();
    assert_eq!(said, shown);

    let rating = &table(&folder, "check_ins")[0];
    assert_eq!((rating["about"].as_str(), rating["value"].as_str()), ("checkin_mood", "4"));
    for name in ["safety_notices", "notes", "experiments", "experiment_days"] {
        assert_eq!(table(&folder, name).len(), 0, "{name}: there, and empty");
    }
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap().to_owned()
}

#[test]
fn what_is_exported_can_be_taken_in_elsewhere_and_is_the_same() {
    let store = story();
    let folder = export(&store, "mine");
    let empty = Store::new(NOW);
    let lines = folder.join("observations.ndjson");
    let report = &empty.import(std::slice::from_ref(&lines))[0];
    assert_eq!((&report["rejected"], &report["duplicates"]), (&json!(0), &json!(0)), "{report:#}");
    let there = export(&empty, "theirs");
    for name in ["days", "sleeps", "activities"] {
        let (ours, theirs) = (table(&folder, name), table(&there, name));
        assert!(!ours.is_empty());
        assert_eq!(ours, theirs, "{name}");
    }
    let without_source = |folder: &Path| -> Vec<_> {
        let mut rows = table(folder, "observations");
        for row in &mut rows {
            row.remove("file");
            row.remove("row");
        }
        rows
    };
    assert_eq!(without_source(&folder), without_source(&there));
    assert_eq!(fs::read(&lines).unwrap(), fs::read(there.join("observations.ndjson")).unwrap(), "to the byte");
    // Once more says nothing new, and where it came from it is known already.
    for store in [&empty, &store] {
        let report = &store.import(std::slice::from_ref(&lines))[0];
        assert_eq!((&report["accepted"], &report["corrected"]), (&json!(0), &json!(0)), "{report:#}");
    }
}

/// A copy of a folder, to be damaged.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn edit(path: &Path, edit: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> = fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    edit(&mut lines);
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn whatever_is_done_to_a_folder_is_found_by_file_and_line() {
    let mut store = story();
    let whole = export(&store, "whole");
    let verifier = text(&store.json(&["checkpoint"]), "verifier");
    let other = export(store.at("2026-04-06T21:00:00Z"), "other");
    let count = std::cell::Cell::new(0);
    // What verifying says of a copy after something was done to it: exit code, and each fault with its place.
    let told = |harm: &dyn Fn(&Path)| {
        count.set(count.get() + 1);
        let folder = store.path(&format!("copy{}", count.get()));
        copy(&whole, &folder);
        harm(&folder);
        // Nothing of the store is looked at.
        let nowhere = Store::new(NOW);
        let output = nowhere.run(&["--json", "verify", "--export", folder.to_str().unwrap(), "--key", &verifier]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let fault = |fault: &Value| format!("{}: {}", text(fault, "position"), text(fault, "rule"));
        let faults: Vec<String> = answer["faults"].as_array().unwrap().iter().map(fault).collect();
        assert_eq!(
            (answer["ok"] == true, output.status.code()),
            (faults.is_empty(), Some(i32::from(!faults.is_empty())))
        );
        faults
    };
    assert_eq!(told(&|_| {}), [""; 0]);
    let changed = |at: &str| vec![format!("{at}: file_is_as_it_was_made")];

    let days = "tables/days.csv";
    let line = |change: fn(&mut Vec<String>)| told(&move |folder| edit(&folder.join(days), change));
    assert_eq!(line(|lines| lines[4] = lines[4].replacen(",", ",x", 1)), changed("tables/days.csv line 5"), "edited");
    assert_eq!(line(|lines| lines.swap(10, 12)), changed("tables/days.csv line 11"), "reordered");
    assert_eq!(line(|lines| drop(lines.remove(7))), changed("tables/days.csv line 8"), "left out");
    assert_eq!(line(|lines| lines.insert(7, lines[9].clone())), changed("tables/days.csv line 8"), "put in");
    assert_eq!(line(|lines| lines.truncate(20)), changed("tables/days.csv line 21"), "cut");
    let cut = told(&|folder| fs::write(folder.join(days), &fs::read(whole.join(days)).unwrap()[..200]).unwrap());
    let kept = fs::read(whole.join(days)).unwrap()[..200].iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(cut, changed(&format!("tables/days.csv line {}", kept + 1)), "cut inside a line");
    // A file of the same name from an export of another hour, whole in itself.
    let swap = |name: &'static str| {
        let other = &other;
        told(&move |folder| assert!(fs::copy(other.join(name), folder.join(name)).unwrap() > 0))
    };
    assert_eq!(swap("datapackage.json").len(), 1);
    assert!(swap("events.ndjson").contains(&"manifest.json: manifest_is_of_the_log".to_owned()));
    assert!(swap("manifest.json").contains(&"manifest.json: manifest_is_of_the_log".to_owned()));
    assert!(swap("proof.json").contains(&"proof.json: inclusion".to_owned()));
    // Two files that change places.
    let places = told(&|folder| {
        fs::copy(whole.join("tables/scores.csv"), folder.join("tables/sleeps.csv")).unwrap();
        fs::copy(whole.join("tables/sleeps.csv"), folder.join("tables/scores.csv")).unwrap();
    });
    assert_eq!(places, [changed("tables/scores.csv line 1"), changed("tables/sleeps.csv line 1")].concat());
    // One removed, one added, an original changed: no line of it tells, it may be no text.
    let gone = told(&|folder| fs::remove_file(folder.join("person.json")).unwrap());
    assert_eq!(gone, ["person.json: file_is_there"]);
    let added = told(&|folder| fs::write(folder.join("tables/more.csv"), "day\n").unwrap());
    assert_eq!(added, ["tables/more.csv: file_is_listed"]);
    let original = fs::read_dir(whole.join("originals")).unwrap().map(|e| e.unwrap().file_name()).min().unwrap();
    let name = format!("originals/{}", original.to_string_lossy());
    assert_eq!(told(&|folder| fs::write(folder.join(&name), "x").unwrap()), changed(&name));
    // The log, by its own rules as well.
    let log = told(&|folder| {
        edit(&folder.join("events.ndjson"), |lines| lines[5] = lines[5].replacen("\"actor\"", "\"by\"", 1))
    });
    assert_eq!(log[0], "events.ndjson line 6: body_is_what_was_sealed");
    assert_eq!(log[log.len() - 1], "events.ndjson line 6: file_is_as_it_was_made");
    // The list itself: without it, made to fit, with a path that leads out of the folder.
    let list = |change: &dyn Fn(&mut Value)| {
        told(&|folder| {
            let path = folder.join("manifest.json");
            let mut list: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            change(&mut list);
            fs::write(path, list.to_string()).unwrap();
        })
    };
    assert!(
        told(&|folder| fs::remove_file(folder.join("manifest.json")).unwrap())
            .contains(&"manifest.json: file_is_there".to_owned())
    );
    assert_eq!(
        list(&|list| list["files"][0]["sha256"] = json!("0".repeat(64)))[0],
        "manifest.json: manifest_is_signed"
    );
    let out = list(&|list| list["files"][0]["path"] = json!("../whole/person.json"));
    assert!(out.contains(&"manifest.json: path_is_inside".to_owned()), "{out:?}");
    assert_eq!(list(&|list| *list = json!({}))[0], "manifest.json: manifest_is_whole");

    // Without a key the proof is followed all the same; another key has not signed the checkpoint.
    let nowhere = Store::new(NOW);
    let checked = nowhere.json(&["verify", "--export", whole.to_str().unwrap()]);
    assert!(checked["checkpoint"].as_u64() >= checked["events"].as_u64() && checked["files"].as_u64() > Some(15));
    nowhere.import(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/ten_nights/input.ndjson")]);
    let other = text(&nowhere.json(&["checkpoint"]), "verifier");
    let output = nowhere.run(&["verify", "--export", whole.to_str().unwrap(), "--key", &other]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("proof.json: breaks the rule checkpoint_signature"));
}

#[test]
fn an_export_that_fails_leaves_nothing_and_can_be_made_again() {
    let store = story();
    let folder = store.path("mine");
    let there = || {
        let names = fs::read_dir(store.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().contains("mine")).count()
    };
    // The signing secret cannot be read: nothing was written yet, and nothing is left.
    let unsigned =
        store.command().env("CANDOR_SIGNING_KEY_FILE", store.path("none")).arg("export").arg(&folder).output();
    assert_ne!(unsigned.unwrap().status.code(), Some(0));
    assert_eq!(there(), 0);
    export(&store, "mine");
    assert_eq!(there(), 1);
    let again = store.run(&["export", folder.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(2), "a folder that is there is left alone");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "it is in clear");
    }
}
