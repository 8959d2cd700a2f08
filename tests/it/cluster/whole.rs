//! A person's whole way with the log on the cluster: the same insights and texts as on SQLite, byte for byte, and a store that
//! moves its log there and back.

use super::Fake;
use crate::command::{Store, days, samples};
use crate::postgres;
use crate::support::append_one;
use candor::store::log::EventStoreLog;
use candor::store::log::eventstore::Address;
use std::path::PathBuf;
use std::process::{Command, Output};

const NOW: &str = "2024-06-25T08:00:00Z";

/// The export the runs are made on: a real one, where it is there, else one that is made up.
fn export(store: &Store) -> Vec<PathBuf> {
    if let Some(folder) = samples() {
        let folder = folder.join("whoop/samples/TheOneRichy-whoop_data");
        return ["physiological_cycles.csv", "workouts.csv"].map(|name| folder.join(name)).to_vec();
    }
    let file = store.path("days.ndjson");
    let value = |n: u64| 52.0 + (n * 7 % 5) as f64 + if n < 20 { 8.0 } else { 0.0 };
    std::fs::write(&file, days("whoop", "resting_heart_rate", "bpm", "2024-06-24", 0..120, value)).unwrap();
    vec![file]
}

/// A store whose log lies on a cluster, if one is given.
struct On<'a> {
    store: &'a Store,
    cluster: Option<String>,
}

impl On<'_> {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.store.command();
        if let Some(url) = &self.cluster {
            command.env("EVENTSTORE_URL", url);
        }
        command.args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    #[track_caller]
    fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {error}{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.text(&[&["--json"], args].concat())).unwrap()
    }

    fn import(&self, files: &[PathBuf]) {
        let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
        self.text(&[&["import"], files.as_slice()].concat());
    }

    /// What a person is told.
    fn said(&self) -> [String; 4] {
        [&["insights"][..], &["narrative"], &["narrative", "--period", "weekly"], &["metrics"]]
            .map(|args| self.text(&[&["--json"], args].concat()))
    }

    /// What stands in the log, but for where.
    fn audit(&self) -> Vec<(String, u64)> {
        let lines = self.text(&["--json", "audit"]);
        let events = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let event = |event: serde_json::Value| (event["type"].to_string(), event["revision"].as_u64().unwrap());
        events.map(event).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_gives_the_same_insights_and_text_byte_for_byte() {
    let Some(database) = postgres::fresh_database().await else { return };
    let fake = Fake::start(1);
    let (plain, beside) = (Store::new(NOW), Store::on_postgres(NOW, &database));
    let files = export(&plain);
    let stores = [On { store: &plain, cluster: None }, On { store: &beside, cluster: Some(fake.url()) }];
    let said = stores.each_ref().map(|on| {
        on.import(&files);
        on.json(&["loop"]);
        assert_eq!(on.json(&["verify"])["ok"], true);
        assert_eq!(on.json(&["rebuild"])["matches_live"], true);
        (on.said(), on.audit())
    });
    assert_eq!(said[0].0, said[1].0);
    assert_eq!(said[0].1, said[1].1);
    assert!(fake.kept(|kept| kept.streams.keys().any(|stream| stream.starts_with("person-"))));
    for on in &stores {
        // A checkpoint of before holds after the erasure.
        on.json(&["checkpoint"]);
        on.json(&["erase", "--yes"]);
        let verified = on.json(&["verify"]);
        assert_eq!(verified["ok"], true, "{verified}");
        assert!(verified["redacted"].as_u64().unwrap() > 0);
        assert!(!on.run(&["insights"]).status.success(), "nobody is there any more");
    }
    drop(stores);
    postgres::drop_database(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_moves_to_the_cluster_and_back_and_nothing_is_told_otherwise() {
    let fake = Fake::start(1);
    let store = Store::new(NOW);
    let (plain, cluster) = (On { store: &store, cluster: None }, On { store: &store, cluster: Some(fake.url()) });
    plain.import(&export(&store));
    plain.json(&["loop"]);
    let (before, events) = (plain.said(), plain.json(&["verify"])["events"].as_u64().unwrap());
    // Where the log does not lie nobody goes on.
    let refused = cluster.run(&["insights"]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("candor log move cluster"));
    for (to, here, there) in [("cluster", &cluster, &plain), ("tables", &plain, &cluster)] {
        let moved = cluster.json(&["log", "move", to]);
        assert_eq!((moved["moved"].as_bool(), moved["events"].as_u64()), (Some(true), Some(events)));
        assert_eq!(here.said(), before, "{to}");
        let verified = here.json(&["verify"]);
        assert_eq!((verified["ok"].as_bool(), verified["events"].as_u64()), (Some(true), Some(events)), "{verified}");
        assert_eq!(there.run(&["insights"]).status.code(), Some(78));
    }
    // A copy beside it, by its addresses; a second time there is nothing to do.
    let elsewhere = store.path("elsewhere").display().to_string();
    for written in [events, 0] {
        let copied = cluster.json(&["log", "copy", &fake.url(), &elsewhere]);
        assert_eq!((copied["events"].as_u64(), copied["copied"].as_u64()), (Some(events), Some(written)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_was_filled_from_a_copy_is_gone_on_with_after_a_restore() {
    let Some(database) = postgres::fresh_database().await else { return };
    let (lost, filled) = (Fake::start(1), Fake::start(1));
    let store = Store::on_postgres(NOW, &database);
    let on = |fake: &Fake| On { store: &store, cluster: Some(fake.url()) };
    on(&lost).import(&export(&store));
    on(&lost).json(&["loop"]);
    let before = on(&lost).said();
    let copy = store.path("copy").display().to_string();
    on(&lost).json(&["log", "copy", &lost.url(), &copy]);
    drop(lost);
    // Behind what others wrote, so that every position is another.
    let theirs = EventStoreLog::new(Address::parse(&filled.url(), None).unwrap(), "theirs");
    for number in 0..50 {
        append_one(&theirs, "person-1", &number.to_string()).await;
    }
    on(&filled).json(&["log", "copy", &copy, &filled.url()]);
    assert_eq!(on(&filled).json(&["restore"])["ok"], true);
    assert_eq!(on(&filled).said(), before);
    // What comes now is taken in.
    on(&filled).text(&["checkin", "--mood", "4"]);
    let verified = on(&filled).json(&["verify"]);
    assert_eq!(verified["ok"], true, "{verified}");
    assert_eq!(on(&filled).json(&["rebuild"])["matches_live"], true);
    postgres::drop_database(&database).await;
}
