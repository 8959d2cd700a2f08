//! Backups as a person makes them and puts them back: whole or refused, and never bringing back who was erased.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use candor::domain::erasure::Scope;
use candor::domain::person::PersonId;
use candor::engine::ports::erasing::Keys as _;
use candor::store::keys::{KeyPlace, KeyStore};
use candor::store::master_key;
use candor::store::sql::{Durability, Row, Sql};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

use crate::command::{PERSON, Store, days};
use crate::support::entropy;

const NOW: &str = "2026-03-01T12:00:00Z";
const OTHER: &str = "22222222-2222-4333-8444-555555555555";
/// What WHOOP measured of the person on one day, to the last digit.
const CANARY: f64 = 61.718_75;

#[track_caller]
fn said(output: &Output, code: i32) -> String {
    let text = String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

/// A store with its backups, its copies of keys, and the folders it is put back into.
struct Home {
    store: Store,
    /// The databases of the log and of the keys, where they are PostgreSQL's.
    urls: Option<(String, String)>,
}

impl Home {
    fn new(urls: Option<(String, String)>) -> Self {
        let home = Self { store: Store::new(NOW), urls };
        for (person, file) in [(PERSON, CANARY), (OTHER, 55.0)] {
            let path = home.path(&format!("{person}.ndjson"));
            let pulse = |n| if n == 5 { file } else { 50.0 + f64::from(n as u32 * 7 % 5) };
            let text = days("whoop", "resting_heart_rate", "bpm", "2026-02-28", 0..40, pulse)
                + &days("garmin", "sleep_duration", "min", "2026-02-28", 0..40, |n| 400.0 + (n % 7) as f64);
            fs::write(&path, text).unwrap();
            said(&home.candor("data", person, NOW, &["import", path.to_str().unwrap()]).output().unwrap(), 0);
            said(&home.candor("data", person, NOW, &["loop"]).output().unwrap(), 0);
            fs::remove_file(path).unwrap();
        }
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.store.path(name)
    }

    /// A command over one of the data folders.
    fn candor(&self, data: &str, person: &str, now: &str, args: &[&str]) -> Command {
        let mut command = self.bare(data);
        command.args(["--quiet", "--person", person, "--now", now]).args(args);
        command.env("CANDOR_BACKUP_DIR", self.path("backups")).env("CANDOR_KEYS_BACKUP_DIR", self.path("keys"));
        command
    }

    /// A command that has nothing set but where the data lie.
    fn bare(&self, data: &str) -> Command {
        let today = self.store.today();
        let mut command = Command::new(today.get_program());
        for (name, value) in today.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some((log, keys)) = &self.urls {
            command.env("DATABASE_URL", log).env("CANDOR_KEYS_URL", keys);
        }
        command.arg("--data-dir").arg(self.path(data));
        command
    }

    #[track_caller]
    fn json(&self, data: &str, person: &str, now: &str, args: &[&str]) -> Value {
        let output = self.candor(data, person, now, &[&["--json"], args].concat()).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {error}{}", String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Makes a backup at an instant; the folders of it and of its keys.
    #[track_caller]
    fn backup(&self, now: &str) -> (String, String) {
        let made = self.json("data", PERSON, now, &["backup"]);
        let folder = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        (folder("folder"), folder("keys"))
    }

    /// A new data folder in which somebody has put the secrets.
    fn prepared(&self, data: &str) {
        fs::create_dir_all(self.path(data)).unwrap();
        for key in ["master.key", "checkpoint.key"] {
            fs::copy(self.path("data").join(key), self.path(data).join(key)).unwrap();
        }
    }

    fn restore(&self, data: &str, from: &(String, String), more: &[&str]) -> Output {
        let args = [&["--json", "restore", &from.0, "--keys", &from.1], more].concat();
        self.candor(data, PERSON, NOW, &args).output().unwrap()
    }

    /// What the other person is told, and what is held of everybody.
    fn told(&self, data: &str) -> Vec<Value> {
        ["metrics", "insights", "narrative"].map(|what| self.json(data, OTHER, NOW, &[what])).into()
    }

    /// What must be found nowhere once the person is erased: what was measured, their keys, and those keys as they are wrapped.
    async fn secrets(&self, scope: Scope) -> Vec<Vec<u8>> {
        let master = fs::read_to_string(self.path("data/master.key")).unwrap();
        let place = match &self.urls {
            Some((_, keys)) => KeyPlace::Postgres(keys.clone()),
            None => KeyPlace::File(self.path("data/keys.db")),
        };
        let keys = KeyStore::open(&place, master_key::parse(&master).unwrap(), entropy()).await.unwrap();
        // As SQLite writes a number, as PostgreSQL does, and as a text.
        let mut secrets = vec![CANARY.to_be_bytes().to_vec(), CANARY.to_le_bytes().to_vec(), b"61.71875".to_vec()];
        for id in keys.ids(PersonId::new(Uuid::parse_str(PERSON).unwrap()), scope).await.unwrap() {
            secrets.push(keys.now().await.unwrap().get(id).await.unwrap().unwrap().to_vec());
        }
        let tables = match &place {
            KeyPlace::File(path) => Sql::open_sqlite(path, Durability::Full).await.unwrap(),
            KeyPlace::Postgres(url) => Sql::open_postgres(url, "candor_keys", 1).await.unwrap(),
        };
        let rows = tables.query("SELECT wrapped, person, scope FROM keys", &[]).await.unwrap();
        let whose = |row: &Row| {
            row.text(1).unwrap() == PERSON && (scope == Scope::Person || row.text(2).unwrap() == scope.to_string())
        };
        secrets.extend(rows.iter().filter(|row| whose(row)).map(|row| row.bytes(0).unwrap()));
        tables.close().await;
        secrets
    }
}

/// The files below a folder that hold one of some byte strings.
fn files_with(folder: &Path, needles: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, needles));
        } else if path.is_file() {
            let bytes = match fs::read(&path) {
                // A server removes files of its own meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                read => read.unwrap(),
            };
            let holds = |needle: &&Vec<u8>| bytes.windows(needle.len()).any(|part| part == needle.as_slice());
            found.extend(needles.iter().any(|needle| holds(&needle)).then(|| path.display().to_string()));
        }
    }
    found
}

/// Copies a folder, as somebody would who keeps copies of their own.
fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_all(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// A copy of a database as it is, to which nobody is connected just now.
async fn copied(url: &str) -> String {
    let copy = crate::postgres::fresh_database().await.unwrap();
    crate::postgres::drop_database(&copy).await;
    let name = |url: &str| url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    let server = copy.replacen(&name(&copy), "postgres", 1);
    let mut connection = PgConnection::connect(&server).await.unwrap();
    let make = AssertSqlSafe(format!("CREATE DATABASE {} TEMPLATE {}", name(&copy), name(url)));
    sqlx::query(make).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    copy
}

#[test]
fn a_backup_that_is_made_while_others_write_comes_back_whole() {
    let home = Home::new(None);
    let before = home.told("data");
    let more = home.path("more.ndjson");
    fs::write(&more, days("", "steps", "steps", "2026-02-28", 0..3_000, |n| 4_000.0 + n as f64)).unwrap();
    let importing = ["import", more.to_str().unwrap()];
    let mut writer = home.candor("data", PERSON, NOW, &importing).stdout(Stdio::null()).spawn().unwrap();
    let made = home.backup(NOW);
    assert!(writer.wait().unwrap().success());

    assert_eq!(
        names(Path::new(&made.0)),
        ["accounts.db", "jobs.db", "log.db", "manifest.json", "originals"]
            .into_iter()
            .filter(|name| Path::new(&made.0).join(name).exists())
            .collect::<Vec<_>>()
    );
    assert_eq!(names(Path::new(&made.1)), ["keys.db", "manifest.json"]);
    let master = fs::read_to_string(home.path("data/master.key")).unwrap();
    let secrets = [master.trim().as_bytes().to_vec(), master_key::parse(&master).unwrap().to_vec()];
    for folder in ["backups", "keys"] {
        assert_eq!(files_with(&home.path(folder), &secrets), Vec::<String>::new());
    }
    assert_eq!(
        files_with(&home.path("backups"), &[CANARY.to_be_bytes().to_vec()]),
        Vec::<String>::new(),
        "it is sealed"
    );

    home.prepared("again");
    let restored: Value = serde_json::from_slice(&home.restore("again", &made, &[]).stdout).unwrap();
    assert_eq!(restored["ok"], true, "{restored}");
    assert_eq!(home.told("again"), before);
    assert_eq!(home.json("again", PERSON, NOW, &["verify"])["ok"], true);
    assert!(home.path("again/originals").exists());
    // What came after the copy is brought again, and is there once.
    let again = home.json("again", PERSON, NOW, &importing);
    let all = home.json("data", PERSON, NOW, &["metrics"]);
    assert_eq!(again["files"][0]["rejected"], 0);
    assert_eq!(home.json("again", PERSON, NOW, &["metrics"]), all);
    #[cfg(unix)]
    for folder in [&made.0, &made.1] {
        use std::os::unix::fs::PermissionsExt as _;
        for name in ["manifest.json", "log.db", "keys.db"] {
            let Ok(metadata) = fs::metadata(Path::new(folder).join(name)) else { continue };
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
}

#[test]
fn what_is_not_as_it_was_written_is_refused_and_leaves_the_folder_empty() {
    let home = Home::new(None);
    let made = home.backup(NOW);
    let refused = |what: &str, from: &(String, String), code: i32, why: &str| {
        home.prepared("again");
        let told = said(&home.restore("again", from, &[]), code);
        assert!(told.contains(why), "{what}: {told}");
        assert_eq!(names(&home.path("again")), ["checkpoint.key", "master.key"], "{what}");
    };
    for (place, file, why) in [
        ("backups", "log.db", "sha256"),
        ("backups", "manifest.json", "cannot be read"),
        ("keys", "keys.db", "sha256"),
        ("backups", "originals", "sha256"),
    ] {
        for change in ["turned", "cut", "gone"] {
            let copies = (home.path("copy").join("one"), home.path("copy").join("keys"));
            for (from, to) in [(&made.0, &copies.0), (&made.1, &copies.1)] {
                let _ = fs::remove_dir_all(to);
                copy_all(Path::new(from), to);
            }
            let mut file = if place == "keys" { copies.1.join(file) } else { copies.0.join(file) };
            if file.is_dir() {
                file = file.join(&names(&file)[0]);
            }
            let mut bytes = fs::read(&file).unwrap();
            let middle = bytes.len() / 2;
            match change {
                "turned" => bytes[middle] ^= 0x80,
                "cut" => bytes.truncate(middle),
                _ => {}
            }
            let why = match (change, file.ends_with("manifest.json")) {
                ("gone", true) => "no backup",
                ("gone", false) => "missing",
                _ => why,
            };
            if change == "gone" {
                fs::remove_file(&file).unwrap()
            } else {
                fs::write(&file, bytes).unwrap()
            }
            let from = (copies.0.display().to_string(), copies.1.display().to_string());
            refused(&format!("{} {change}", file.display()), &from, 1, why);
        }
    }
    let swapped = (made.1.clone(), made.0.clone());
    refused("keys for a backup", &swapped, 1, "these are keys");
    refused("a backup for keys", &(made.0.clone(), made.0.clone()), 1, "no keys in it");

    // Another master key, and none.
    home.prepared("again");
    fs::write(home.path("again/master.key"), "3c".repeat(32)).unwrap();
    assert!(said(&home.restore("again", &made, &[]), 78).contains("does not open the keys"));
    fs::remove_file(home.path("again/master.key")).unwrap();
    assert!(said(&home.restore("again", &made, &[]), 78).contains("put your copy of it there first"));
    home.prepared("again");
    fs::remove_file(home.path("again/checkpoint.key")).unwrap();
    assert!(said(&home.restore("again", &made, &[]), 78).contains("put checkpoint.key back first"));
    assert_eq!(names(&home.path("again")), ["master.key"], "no secret is made");
    // Another's store, and one that is in use.
    home.prepared("again");
    let args = ["restore", &made.0, "--keys", &made.1];
    assert!(said(&home.restore("data", &made, &[]), 1).contains("is not empty"));
    assert!(said(&home.candor("again", PERSON, NOW, &["restore"]).output().unwrap(), 2).contains("name the backup"));
    assert!(said(&home.candor("again", PERSON, NOW, &args[..2]).output().unwrap(), 2).contains("--keys"));
    // A log that is older than what was held fast elsewhere.
    said(&home.candor("data", PERSON, NOW, &["profile", "set", "--age-band", "from40_to64"]).output().unwrap(), 0);
    said(&home.candor("data", PERSON, NOW, &["checkpoint"]).output().unwrap(), 0);
    refused("an older one", &made, 1, "--anyway takes this one");
    let restored: Value = serde_json::from_slice(&home.restore("again", &made, &["--anyway"]).stdout).unwrap();
    assert_eq!((&restored["ok"], restored["later_checkpoints"].as_array().unwrap().len()), (&Value::Bool(true), 1));
    // Keys that are older than the log.
    fs::remove_dir_all(home.path("again")).unwrap();
    home.prepared("third");
    let third = home.path("third.ndjson");
    fs::write(&third, days("garmin", "steps", "steps", "2026-02-28", 0..3, |_| 4_000.0)).unwrap();
    let newcomer = "33333333-2222-4333-8444-555555555555";
    said(&home.candor("data", newcomer, NOW, &["import", third.to_str().unwrap()]).output().unwrap(), 0);
    let keys = home.path("old keys");
    copy_all(Path::new(&made.1), &keys);
    let newer = (home.backup("2026-03-01T13:00:00Z").0, keys.display().to_string());
    refused("older keys", &newer, 1, "older than the log");
}

#[test]
fn a_restore_that_is_killed_leaves_an_empty_folder_or_a_whole_one() {
    let home = Home::new(None);
    let made = home.backup(NOW);
    let told = home.told("data");
    let mut chance = ChaCha8Rng::seed_from_u64(11);
    let mut whole = Duration::ZERO;
    let (mut empty, mut ready) = (0, 0);
    for round in 0..12 {
        let data = format!("data{round}");
        home.prepared(&data);
        let args = ["restore", &made.0, "--keys", &made.1];
        if round > 0 {
            let mut process =
                home.candor(&data, PERSON, NOW, &args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole.mul_f64(f64::from(chance.next_u32()) / f64::from(u32::MAX)));
            let _ = process.kill();
            process.wait().unwrap();
        }
        let there = ["restored", "log.db"].iter().any(|name| home.path(&data).join(name).exists());
        if there {
            ready += 1;
        } else {
            empty += 1;
            #[expect(clippy::disallowed_methods, reason = "how long it takes says when to kill")]
            let started = std::time::Instant::now();
            said(&home.restore(&data, &made, &[]), 0);
            whole = started.elapsed();
        }
        assert_eq!(home.told(&data), told);
        assert_eq!(home.json(&data, OTHER, NOW, &["verify"])["ok"], true);
        assert!(!home.path(&data).join("restored").exists() && !home.path(&data).join("restore.part").exists());
        if round == 0 {
            // Killed while its files were moved up: whoever comes next goes on.
            fs::create_dir(home.path(&data).join("restored")).unwrap();
            for name in ["log.db", "keys.db"] {
                fs::rename(home.path(&data).join(name), home.path(&data).join("restored").join(name)).unwrap();
            }
            assert_eq!(home.told(&data), told);
        }
        fs::remove_dir_all(home.path(&data)).unwrap();
    }
    println!("{empty} were empty, {ready} were whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_backup_brings_back_who_was_erased() {
    for scope in [Scope::Person, Scope::Provider(candor::domain::provider::Provider::Whoop)] {
        let home = Home::new(None);
        let secrets = home.secrets(scope).await;
        let before = home.backup(NOW);
        assert!(!files_with(&home.path("keys"), &secrets).is_empty(), "the keys are in the copy, wrapped");
        let kept = home.path("kept keys");
        copy_all(Path::new(&before.1), &kept);
        let told = home.told("data");
        let erase = ["erase", "--yes", "--provider", "whoop"];
        let erase = if scope == Scope::Person { &erase[..2] } else { &erase[..] };
        said(&home.candor("data", PERSON, NOW, erase).output().unwrap(), 0);
        assert!(names(&home.path("backups/checkpoints")).iter().any(|name| name.ends_with(".destroyed")));

        let after = home.backup("2026-03-01T13:00:00Z");
        assert_eq!(
            names(&home.path("keys")).len(),
            2,
            "the copy of the keys from before is gone: {:?}",
            names(&home.path("keys"))
        );
        for folder in ["backups", "keys", "data"] {
            let names = files_with(&home.path(folder), &secrets);
            assert_eq!(names, Vec::<String>::new(), "{scope}");
        }

        // With the new keys, with copies of the old ones, and with neither the files beside the checkpoints nor any other
        // backup at hand.
        let old = kept.display().to_string();
        let alone = home.path("alone");
        copy_all(Path::new(&after.0), &alone);
        let combinations = [
            (before.0.clone(), after.1.clone()),
            (before.0.clone(), old.clone()),
            (after.0.clone(), old.clone()),
            (after.0.clone(), after.1.clone()),
        ];
        for (round, from) in combinations.iter().enumerate() {
            comes_back_without(&home, &format!("round{round}"), from, &secrets, &told).await;
        }
        for name in names(&home.path("backups/checkpoints")) {
            if name.ends_with(".destroyed") {
                fs::remove_file(home.path("backups/checkpoints").join(name)).unwrap();
            }
        }
        comes_back_without(&home, "by a later backup", &(before.0.clone(), old.clone()), &secrets, &told).await;
        fs::remove_dir_all(&after.0).unwrap();
        comes_back_without(&home, "by itself", &(alone.display().to_string(), old.clone()), &secrets, &told).await;

        // A new master key: what is left of the old keys is dead once the old one is destroyed.
        let new = home.path("new.key");
        fs::write(&new, "5e0d93c7a81bf2640f7ce519d83ab4261c95f7e06ab8d24193cf5e0b78a1d64f").unwrap();
        said(
            &home.candor("data", PERSON, NOW, &["key", "rotate", "--new", new.to_str().unwrap()]).output().unwrap(),
            0,
        );
        home.prepared("rotated");
        let refused = said(&home.restore("rotated", &(before.0.clone(), old), &["--anyway"]), 78);
        assert!(refused.contains("does not open the keys"), "{refused}");
        assert_eq!(names(&home.path("rotated")), ["checkpoint.key", "master.key"]);
    }
}

async fn comes_back_without(home: &Home, data: &str, from: &(String, String), secrets: &[Vec<u8>], told: &[Value]) {
    home.prepared(data);
    let output = home.restore(data, from, &["--anyway"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let restored: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{data}: {error}"));
    assert_eq!(restored["ok"], true, "{data}: {restored}");
    assert!(restored["redacted"].as_u64().unwrap() > 0, "{data}: {restored}");
    assert_eq!(files_with(&home.path(data), secrets), Vec::<String>::new(), "{data}");
    assert_eq!(home.told(data), told, "{data}: everybody else is as they were");
    let trail = home.candor(data, PERSON, NOW, &["--json", "audit"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&trail.stdout).contains("61.71875"));
    fs::remove_dir_all(home.path(data)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_put_back_to_before_an_erasure_is_erased_again() {
    let (Some(log), Some(keys)) = (crate::postgres::fresh_database().await, crate::postgres::fresh_database().await)
    else {
        return;
    };
    let home = Home::new(Some((log.clone(), keys.clone())));
    let told = home.told("data");
    let made = home.candor("data", PERSON, NOW, &["backup"]).output().unwrap();
    assert!(said(&made, 0).contains("2 files"), "the originals are not in the database");
    let noted = home.bare("data").args(["--now", NOW, "backup"]).arg(home.path("elsewhere")).output().unwrap();
    let noted = said(&noted, 0);
    assert!(noted.contains("pg_basebackup") && noted.contains("CANDOR_KEYS_URL"), "{noted}");
    let (log_before, keys_before) = (copied(&log).await, copied(&keys).await);
    said(&home.candor("data", PERSON, NOW, &["erase", "--yes"]).output().unwrap(), 0);

    // Either database was put back, or both.
    for (log, keys) in [(&log_before, &keys), (&log, &keys_before), (&log_before, &keys_before)] {
        let copies = (copied(log).await, copied(keys).await);
        let back = Home { store: Store::new(NOW), urls: Some(copies.clone()) };
        copy_all(&home.path("data"), &back.path("data"));
        copy_all(&home.path("backups"), &back.path("backups"));
        let restored = back.json("data", PERSON, NOW, &["restore", "--anyway"]);
        assert_eq!(restored["ok"], true, "{restored}");
        assert!(restored["redacted"].as_u64().unwrap() > 0, "{restored}");
        assert_eq!(back.secrets(Scope::Person).await.len(), 3, "no key of theirs is left");
        assert_eq!(back.told("data"), told);
        let gone = back.candor("data", PERSON, NOW, &["metrics"]).output().unwrap();
        assert!(said(&gone, 1).contains("there is no person"), "the read models came back in clear");
        for url in [&copies.0, &copies.1] {
            crate::postgres::drop_database(url).await;
        }
    }
    for url in [&log, &keys, &log_before, &keys_before] {
        crate::postgres::drop_database(url).await;
    }
}

#[test]
fn old_copies_go_and_it_is_said_which() {
    let home = Home::new(None);
    let first = home.backup("2026-01-01T00:00:00Z");
    let second = home.backup("2026-01-20T00:00:00Z");
    assert!(Path::new(&first.1).exists());
    // Thirty days and a second later the first copy of the keys is too old; the backups stay until somebody says otherwise.
    let third = home.json("data", PERSON, "2026-01-31T00:00:01Z", &["backup"]);
    assert_eq!(third["removed_keys"], serde_json::json!([first.1]));
    assert!(!Path::new(&first.1).exists() && Path::new(&second.1).exists() && Path::new(&first.0).exists());
    let foreign = home.path("backups/mine");
    fs::create_dir(&foreign).unwrap();

    let keep = ["backup", "--keep", "2"];
    let fourth = home.json("data", PERSON, "2026-02-01T00:00:00Z", &keep);
    assert_eq!(fourth["surplus"], serde_json::json!([first.0, second.0]));
    assert!(Path::new(&first.0).exists(), "nothing is removed unless it is said");
    let fifth = home.json("data", PERSON, "2026-02-02T00:00:00Z", &[&keep[..], &["--apply"]].concat());
    assert_eq!(fifth["surplus"].as_array().unwrap().len(), 3);
    let left = [fourth["folder"].as_str().unwrap(), fifth["folder"].as_str().unwrap()];
    for folder in left.iter().copied().chain([foreign.to_str().unwrap()]) {
        assert!(Path::new(folder).exists());
    }
    assert!(!Path::new(&first.0).exists() && !Path::new(&second.0).exists());

    let status = home.json("data", PERSON, "2026-02-02T05:30:00Z", &["status"]);
    assert_eq!((&status["backup"]["folder"], &status["backup"]["hours"]), (&fifth["folder"], &5.into()));
    // To the doctor, who has no time but the real one, that is long ago.
    let doctor = || {
        let mut command = home.bare("data");
        command.env("CANDOR_BACKUP_DIR", home.path("backups")).env("ENV_MODE", "staging").arg("doctor");
        said(&command.output().unwrap(), 1)
    };
    assert!(doctor().contains("CANDOR_BACKUP_DIR: no backup was made for"));
    said(&home.bare("data").args(["--quiet", "backup"]).arg(home.path("backups")).output().unwrap(), 0);
    assert!(!doctor().contains("CANDOR_BACKUP_DIR"));
}

#[test]
fn backups_and_keys_lie_apart_from_the_data_and_from_each_other() {
    let home = Home::new(None);
    let run = |folder: &str, keys: &str| {
        let (folder, keys) = (home.path(folder), home.path(keys));
        let args = ["backup", folder.to_str().unwrap(), "--keys", keys.to_str().unwrap()];
        home.candor("data", PERSON, NOW, &args).output().unwrap()
    };
    assert!(said(&run("data/backups", "keys"), 2).contains("lies in the data folder"));
    for (folder, keys) in
        [("backups", "backups"), ("backups", "backups/keys"), ("all/backups", "all"), ("backups", "data/k")]
    {
        assert!(said(&run(folder, keys), 2).contains("must lie apart"), "{folder} {keys}");
    }
    assert_eq!(names(&home.path("backups")).iter().filter(|name| name.starts_with("2026")).count(), 0);
    let nowhere = Store::new(NOW);
    assert!(said(&nowhere.run(&["backup"]), 2).contains("CANDOR_BACKUP_DIR"));
    let folder = nowhere.path("backups").display().to_string();
    assert!(said(&nowhere.run(&["backup", &folder]), 1).contains("no log yet"));
    // Without a place for the keys the rest is copied, and it is said what is missing.
    let alone = home.bare("data").args(["--now", NOW, "backup"]).arg(home.path("backups")).output().unwrap();
    let told = said(&alone, 0);
    assert!(told.contains("The keys are not in it"), "{told}");
}

#[test]
fn a_log_that_was_changed_is_not_backed_up() {
    let home = Home::new(None);
    home.backup(NOW);
    let mut bytes =
        fs::read(home.path("backups/checkpoints").join(&names(&home.path("backups/checkpoints"))[0])).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    let file = home.path("backups/checkpoints").join(&names(&home.path("backups/checkpoints"))[0]);
    fs::remove_file(&file).unwrap();
    fs::write(&file, bytes).unwrap();
    let refused = home.candor("data", PERSON, "2026-03-01T13:00:00Z", &["backup"]).output().unwrap();
    assert!(said(&refused, 1).contains("checkpoint_signature"));
    assert_eq!(names(&home.path("backups")).iter().filter(|name| name.starts_with("2026")).count(), 1);
    assert!(!names(&home.path("backups")).iter().any(|name| name.ends_with(".part")));
}

/// The statements of the page on the log that let PostgreSQL's files forget what was erased.
fn forgetting() -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/log.md")).unwrap();
    let block = page.split("```sql\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let lines = block.lines().map(|line| line.split("--").next().unwrap().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_of_postgresql_holds_what_was_erased_once_it_was_told_to_forget() {
    // Alone: what others write would be found, and would keep it from forgetting.
    let Some(programs) = crate::postgres::programs() else { return };
    let (server, folder) = crate::postgres::start(&programs, "-forgetting").await;
    let mut urls = Vec::new();
    for name in ["log", "keys"] {
        crate::postgres::run(&server.url, format!("CREATE DATABASE {name}")).await;
        urls.push(server.url.replacen("/postgres", &format!("/{name}"), 1));
    }
    let (log, keys) = (urls[0].clone(), urls[1].clone());
    let home = Home::new(Some((log, keys)));
    let secrets = home.secrets(Scope::Person).await;
    assert!(secrets.len() >= 3 + 2 * 3, "the person and two providers have a key each, and those are wrapped");
    let other = home.told("data");
    said(&home.candor("data", PERSON, NOW, &["backup"]).output().unwrap(), 0);
    let export = home.path("export");
    said(&home.candor("data", PERSON, NOW, &["export", export.to_str().unwrap()]).output().unwrap(), 0);
    assert!(!files_with(&export, &secrets).is_empty(), "it is the person's own copy, in clear");
    fs::remove_dir_all(&export).unwrap();
    let erased = said(&home.candor("data", PERSON, NOW, &["erase", "--yes"]).output().unwrap(), 0);
    assert!(!secrets.iter().any(|secret| erased.as_bytes().windows(secret.len()).any(|part| part == secret)));
    assert!(!files_with(&folder, &secrets).is_empty(), "a deleted row stays in its file");
    for url in &urls {
        let mut connection = PgConnection::connect(url).await.unwrap();
        for statement in forgetting() {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    }
    for folder in [&folder, &home.path("data"), &home.path("backups")] {
        assert_eq!(files_with(folder, &secrets), Vec::<String>::new());
    }
    assert_eq!(home.told("data"), other);
    let verified = home.json("data", OTHER, NOW, &["verify"]);
    assert_eq!(verified["ok"], true, "{verified}");
}
