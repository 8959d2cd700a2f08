//! Holding the log fast as a person would: a checkpoint is written apart from it, what no longer fits it is told, and the
//! proof of one event is checked where nothing of the store is.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use candor::engine::ports::jobs::Queue as _;
use candor::store::jobs::{JobPlace, JobTables};
use candor::store::sql::{Durability, Sql};
use serde_json::Value;

use crate::command::Store;
use crate::serving::Program;

const NOW: &str = "2026-03-01T12:00:00Z";

async fn tables(store: &Store, url: Option<&str>) -> Sql {
    match url {
        Some(url) => Sql::open_postgres(url, "candor_log", 2).await.unwrap(),
        None => Sql::open_sqlite(&store.path("data/log.db"), Durability::Full).await.unwrap(),
    }
}

/// Cuts the last events off and makes the end of the log fit.
async fn cut(store: &Store, url: Option<&str>) {
    let tables = tables(store, url).await;
    let guards: [&'static str; 1] = match url {
        Some(_) => ["DROP TRIGGER events_are_never_changed ON events"],
        None => ["DROP TRIGGER events_are_never_deleted"],
    };
    let forged = [
        "DELETE FROM events WHERE position > (SELECT position - 2 FROM log_head)",
        "UPDATE log_head SET position = (SELECT MAX(position) FROM events)",
    ];
    for sql in guards.into_iter().chain(forged) {
        tables.write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await })).await.unwrap();
    }
    tables.close().await;
}

fn said(output: &Output, code: i32) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

fn rules(output: &Output) -> Vec<String> {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["ok"], false);
    let faults = document["faults"].as_array().unwrap();
    faults.iter().map(|fault| fault["rule"].as_str().unwrap().to_owned()).collect()
}

async fn story(store: &Store, url: Option<&str>) {
    assert!(said(&store.run(&["checkpoint"]), 1).contains("the log is empty"));
    assert!(said(&store.run(&["prove", "1"]), 1).contains("there is no checkpoint yet"));
    store.import(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson")]);
    let unanchored = store.with_notes().arg("verify").output().unwrap();
    assert!(said(&unanchored, 0).contains("There is no checkpoint yet"));
    assert_eq!(store.json(&["verify"])["checkpoint"], Value::Null);

    let kept = store.json(&["checkpoint"]);
    let (size, file) = (kept["size"].as_u64().unwrap(), kept["file"].as_str().unwrap());
    let verifier = kept["verifier"].as_str().unwrap();
    assert!(Path::new(file).starts_with(store.path("data/checkpoints")), "{file}");
    assert_eq!(kept["checkpoint"], fs::read_to_string(file).unwrap());
    let verified = store.json(&["verify"]);
    assert_eq!((&verified["checkpoint"], &verified["events"]), (&kept["size"], &kept["size"]));
    assert!(store.text(&["verify"]).contains(&format!("continues its checkpoint of {size} events")));
    // A copy that is kept elsewhere, checked with the key alone.
    let copy = store.path("copy");
    fs::copy(file, &copy).unwrap();
    let copied = ["verify", "--checkpoint", copy.to_str().unwrap(), "--key", verifier];
    assert_eq!(store.json(&copied)["checkpoint"], size);
    // An edited one, another key's.
    let edited = store.path("edited");
    fs::write(&edited, fs::read_to_string(file).unwrap().replace(&format!("\n{size}\n"), "\n1\n")).unwrap();
    let edited = ["--json", "verify", "--checkpoint", edited.to_str().unwrap()];
    assert_eq!(rules(&store.run(&edited)), ["checkpoint_signature"]);
    let key = fs::read(store.path("data/checkpoint.key")).unwrap();
    fs::write(store.path("data/checkpoint.key"), "1f".repeat(32)).unwrap();
    assert_eq!(rules(&store.run(&["--json", "verify"])), ["checkpoint_signature"]);
    assert!(said(&store.run(&["checkpoint"]), 1).contains("put the key of this store's checkpoints back"));
    fs::write(store.path("data/checkpoint.key"), key).unwrap();

    // One event, by its id and by its position; the trail shows the same hash.
    let trail = store.text(&["--json", "audit"]);
    let event: Value = serde_json::from_str(trail.lines().next_back().unwrap()).unwrap();
    let proof = store.json(&["prove", event["event_id"].as_str().unwrap()]);
    assert_eq!(proof["hash"], event["hash"]);
    assert_eq!(proof, store.json(&["prove", &(proof["index"].as_u64().unwrap() + 1).to_string()]));
    assert!(said(&store.run(&["prove", &(size + 1).to_string()]), 1).contains("no such event"));
    said(&store.run(&["prove", "what"]), 2);
    proves_itself(&proof, verifier);

    // The log goes on, and continues what was held fast.
    store.json(&["loop"]);
    assert_eq!(store.json(&["verify"])["checkpoint"], size);
    let later = store.json(&["checkpoint"]);
    assert!(later["size"].as_u64().unwrap() > size && Path::new(file).exists(), "{later}");

    // With the copy from before anybody can see that it only grew.
    only_grew(store, &copy, verifier, size, later["size"].as_u64().unwrap());

    cut(store, url).await;
    assert_eq!(rules(&store.run(&["--json", "verify"])), ["checkpoint_size"]);
    let told = store.with_notes().arg("verify").output().unwrap();
    assert!(said(&told, 1).contains("its end was cut off"), "{told:?}");
    let refused = said(&store.run(&["checkpoint"]), 1);
    assert!(refused.contains("checkpoint_size") && refused.contains("Nothing was written"), "{refused}");
    // The copy is older than what is gone, and does not know of it; that a run lacks its end is all that shows.
    assert_eq!(rules(&store.run(&[&["--json"], &copied[..]].concat())), ["run_is_complete"]);
}

/// The proof that a log only grew, and that nothing else passes for it.
fn only_grew(store: &Store, before: &Path, verifier: &str, from: u64, to: u64) {
    let proof = store.json(&["prove", "--since", before.to_str().unwrap()]);
    let nowhere = Store::new(NOW);
    let file = nowhere.path("grown.json");
    let check = |proof: &Value, key: &str| {
        fs::write(&file, proof.to_string()).unwrap();
        nowhere.run(&["--json", "verify", "--proof", file.to_str().unwrap(), "--key", key])
    };
    let good: Value = serde_json::from_slice(&check(&proof, verifier).stdout).unwrap();
    assert_eq!((&good["ok"], &good["from"], &good["size"]), (&true.into(), &from.into(), &to.into()));
    let changed = |field: &str, value: Value| {
        let mut changed = proof.clone();
        changed[field] = value;
        rules(&check(&changed, verifier))
    };
    assert_eq!(changed("path", Value::Array(Vec::new())), ["consistency"]);
    assert_eq!(changed("path", vec!["00".repeat(32); 10_000].into()), ["consistency"]);
    assert_eq!(changed("before", proof["checkpoint"].clone()), ["consistency"]);
    assert_eq!(changed("checkpoint", proof["before"].clone()), ["consistency"]);
    let edited = proof["before"].as_str().unwrap().replacen(&format!("\n{from}\n"), "\n1\n", 1);
    assert_eq!(changed("before", edited.into()), ["checkpoint_signature"]);
    let other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(rules(&check(&proof, other)), ["checkpoint_signature"]);
    // The newest itself has nothing to prove, and what is no checkpoint of this log is refused.
    assert_eq!(store.run(&["prove", "--since", file.to_str().unwrap()]).status.code(), Some(1));
    assert_eq!(store.run(&["prove"]).status.code(), Some(2));
    assert!(!nowhere.path("data").exists());
}

/// A proof is checked in a place that has no store, and none comes to be.
fn proves_itself(proof: &Value, verifier: &str) {
    let nowhere = Store::new(NOW);
    let file = nowhere.path("proof.json");
    let check = |proof: &Value, key: &str| {
        fs::write(&file, proof.to_string()).unwrap();
        nowhere.run(&["--json", "verify", "--proof", file.to_str().unwrap(), "--key", key])
    };
    let good: Value = serde_json::from_slice(&check(proof, verifier).stdout).unwrap();
    assert_eq!((&good["ok"], &good["hash"]), (&Value::Bool(true), &proof["hash"]));
    let changed = |field: &str, value: Value| {
        let mut changed = proof.clone();
        changed[field] = value;
        rules(&check(&changed, verifier))
    };
    let index = proof["index"].as_u64().unwrap();
    assert_eq!(changed("hash", "00".repeat(32).into()), ["inclusion"]);
    assert_eq!(changed("hash", "no hash".into()), ["inclusion"]);
    assert_eq!(changed("index", (index - 1).into()), ["inclusion"]);
    assert_eq!(changed("path", Value::Array(Vec::new())), ["inclusion"]);
    assert_eq!(changed("path", vec!["00".repeat(32); 10_000].into()), ["inclusion"]);
    assert_eq!(changed("size", (index + 2).into()), ["checkpoint_size"]);
    assert_eq!(changed("checkpoint", "no checkpoint".into()), ["checkpoint_signature"]);
    // The key of the published example of the format.
    let other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(rules(&check(proof, other)), ["checkpoint_signature"]);
    said(&check(proof, "no key"), 2);
    said(&check(&Value::Null, verifier), 1);
    said(&nowhere.run(&["verify", "--proof", file.to_str().unwrap()]), 2);
    said(&nowhere.run(&["verify", "--key", verifier]), 2);
    assert!(!nowhere.path("data").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_held_fast_on_sqlite() {
    let store = Store::new(NOW);
    story(&store, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_held_fast_on_postgres() {
    let Some(url) = crate::postgres::fresh_database().await else { return };
    story(&Store::on_postgres(NOW, &url), Some(&url)).await;
    crate::postgres::drop_database(&url).await;
}

/// A worker that is told how many events are many, at the turn of a minute.
async fn many_events(store: &Store, place: &JobPlace) {
    store.import(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson")]);
    let events = store.json(&["verify"])["events"].as_u64().unwrap();
    let mut command = store.today();
    command.arg("worker").env("ENV_MODE", "dev").env("CANDOR_CHECKPOINT_EVENTS", events.to_string());
    let worker = Program(command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap());
    let jobs = JobTables::open(place).await.unwrap();
    // The turn is now: the schedule, once it stands, was due long ago.
    let (name, rule) = ("grown", "* * * * *");
    let long_ago = "2026-01-01T00:00:00Z".parse().unwrap();
    until(async || match jobs.due(name, rule).await.unwrap() {
        None => false,
        due => jobs.fire(name, rule, due, long_ago, Vec::new()).await.unwrap(),
    })
    .await;
    let file = store.path("data/checkpoints").join(format!("{events:020}.checkpoint"));
    until(async || file.exists()).await;
    drop(worker);
    jobs.close().await;
    assert_eq!(store.json(&["verify"])["checkpoint"], events);
}

/// Looks until something holds; what does not by then never will.
async fn until(holds: impl AsyncFn() -> bool) {
    tokio::time::timeout(Duration::from_secs(120), async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("it holds within two minutes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_events_are_held_fast_at_once_on_sqlite() {
    let store = Store::new(NOW);
    many_events(&store, &JobPlace::File(store.path("data/jobs.db"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_events_are_held_fast_at_once_on_postgres() {
    let Some(url) = crate::postgres::fresh_database().await else { return };
    many_events(&Store::on_postgres(NOW, &url), &JobPlace::Postgres(url.clone())).await;
    crate::postgres::drop_database(&url).await;
}

#[test]
fn key_and_folder_may_lie_elsewhere() {
    let store = Store::new(NOW);
    store.import(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson")]);
    let (key, apart) = (store.path("elsewhere.key"), store.path("apart"));
    let held = |args: &[&str]| {
        let mut command = store.command();
        command.env("CANDOR_CHECKPOINT_KEY_FILE", &key).env("CANDOR_CHECKPOINT_DIR", &apart);
        command.args(args).output().unwrap()
    };
    assert!(said(&held(&["checkpoint"]), 78).contains("openssl rand -hex 32"));
    fs::write(&key, "9d".repeat(32)).unwrap();
    said(&held(&["checkpoint"]), 0);
    assert_eq!(fs::read_dir(&apart).unwrap().count(), 1);
    said(&held(&["verify"]), 0);
    assert!(!store.path("data/checkpoint.key").exists() && !store.path("data/checkpoints").exists());
}

#[test]
fn an_export_brings_the_proof_that_its_last_event_is_in_the_log() {
    let store = Store::new(NOW);
    store.import(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson")]);
    let folder = store.path("export");
    store.text(&["export", folder.to_str().unwrap()]);
    let proof: Value = serde_json::from_slice(&fs::read(folder.join("proof.json")).unwrap()).unwrap();
    let lines = fs::read_to_string(folder.join("events.ndjson")).unwrap();
    let seal: Value = serde_json::from_str(lines.lines().next_back().unwrap()).unwrap();
    assert_eq!((&seal["line"], &seal["head"]), (&Value::from("seal"), &proof["hash"]));
    let verifier = store.json(&["checkpoint"])["verifier"].as_str().unwrap().to_owned();
    proves_itself(&proof, &verifier);

    // A log that does not continue its checkpoint keeps nothing of the export back, and is told.
    fs::write(store.path("data/checkpoint.key"), "1f".repeat(32)).unwrap();
    let folder = store.path("another");
    let told = said(&store.run(&["export", folder.to_str().unwrap()]), 1);
    assert!(told.contains("checkpoint_signature"), "{told}");
    assert!(folder.join("events.ndjson").exists() && folder.join("originals").exists());
    assert!(!folder.join("proof.json").exists());
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_the_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let store = Store::new(NOW);
    store.import(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson")]);
    store.json(&["checkpoint"]);
    let key = store.path("data/checkpoint.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let shown = store.text(&["checkpoint"]);
    assert!(!shown.contains(fs::read_to_string(&key).unwrap().trim()), "{shown}");
}
