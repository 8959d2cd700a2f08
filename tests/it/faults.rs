//! Tampering and killing: what was acknowledged is there, and what was changed is named.

use std::process::Stdio;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use rusqlite::Connection;

use crate::command::{Store, count};

const NOW: &str = "2026-03-01T12:00:00Z";

/// Nights as own NDJSON.
fn nights(count: u32) -> String {
    let first = chrono::NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
    (0..count)
        .map(|n| {
            let day = first + chrono::Days::new(n.into());
            let value = 420 + (n * 37) % 61;
            format!(
                "{{\"metric\":\"sleep_duration\",\"value\":{value},\"unit\":\"min\",\"kind\":\"sleep\",\
                 \"start\":\"{day}T00:10:00Z\",\"end\":\"{day}T07:50:00Z\"}}\n"
            )
        })
        .collect()
}

#[test]
fn one_changed_byte_anywhere_is_named_by_its_position() {
    let store = Store::new(NOW);
    let file = store.path("nights.ndjson");
    std::fs::write(&file, nights(60)).unwrap();
    store.import(&[file]);
    store.json(&["loop"]);
    assert_eq!(store.json(&["verify"])["ok"], true);
    let log = Connection::open(store.path("data/log.db")).unwrap();
    let triggers: Vec<String> = {
        let mut names = log.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").unwrap();
        names.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert!(!triggers.is_empty());
    for name in triggers {
        log.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    for column in ["body", "body_digest", "prev_hash", "hash", "event_id", "key_ids"] {
        let select = format!("SELECT {column} FROM events WHERE position = 7");
        let bytes: Vec<u8> = log.query_row(&select, (), |row| row.get(0)).unwrap();
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        let update = format!("UPDATE events SET {column} = ?1 WHERE position = 7");
        log.execute(&update, (&changed,)).unwrap();
        named(&store, column);
        log.execute(&update, (&bytes,)).unwrap();
    }
    for (column, change, back) in [
        ("recorded_at", "recorded_at + 1", "recorded_at - 1"),
        ("schema_version", "schema_version + 1", "schema_version - 1"),
        ("type", "type || 'x'", "substr(type, 1, length(type) - 1)"),
    ] {
        for (step, value) in [("change", change), ("back", back)] {
            log.execute_batch(&format!("UPDATE events SET {column} = {value} WHERE position = 7")).unwrap();
            if step == "change" {
                named(&store, column);
            }
        }
    }
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[track_caller]
fn named(store: &Store, column: &str) {
    let output = store.run(&["--json", "verify"]);
    assert_eq!(output.status.code(), Some(1), "{column}");
    let verified: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verified["faults"][0]["position"], "7", "{column}: {verified}");
}

#[test]
fn an_import_killed_at_any_moment_loses_nothing_and_can_be_run_again() {
    // Few rounds here; tests/faults/kill_import.sh runs a hundred on the release binary.
    let mut chance = ChaCha8Rng::seed_from_u64(9);
    let store = Store::new(NOW);
    let file = store.path("nights.ndjson");
    std::fs::write(&file, nights(400)).unwrap();
    for _ in 0..5 {
        let mut import = store.command();
        let mut import = import.arg("import").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let spins = chance.next_u32() % 40_000_000;
        for spin in 0..spins {
            std::hint::black_box(spin);
        }
        import.kill().unwrap();
        import.wait().unwrap();
        assert_eq!(store.json(&["verify"])["ok"], true);
    }
    store.import(std::slice::from_ref(&file));
    assert_eq!(count(&store.import(&[file])[0], "accepted"), 0);
    let metrics = store.json(&["metrics"]);
    assert_eq!(metrics[0]["days"], 400);
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn two_processes_on_one_store_both_work() {
    let store = Store::new(NOW);
    let lines = nights(200);
    let (first, second) = (store.path("a.ndjson"), store.path("b.ndjson"));
    let half = lines.lines().collect::<Vec<_>>();
    std::fs::write(&first, half[..120].join("\n")).unwrap();
    std::fs::write(&second, half[80..].join("\n")).unwrap();
    store.import(&[{
        let seed = store.path("seed.ndjson");
        std::fs::write(&seed, half[0]).unwrap();
        seed
    }]);
    let running = [&first, &second].map(|file| {
        store.command().arg("import").arg(file).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for process in running {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(store.json(&["metrics"])[0]["days"], 200);
    assert_eq!(store.json(&["verify"])["ok"], true);
    // The rows that both files hold stand in the log once, whoever was faster.
    let recorded = store.text(&["--json", "audit", "--type", "observations_recorded"]);
    let each = recorded.lines().map(|line| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        event["content"]["observations"].as_array().unwrap().len()
    });
    assert_eq!(each.sum::<usize>(), 200);
}
