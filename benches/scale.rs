//! What a person costs: bytes and processor time of a simulated year of a wearable through the real pipeline, and whether a
//! person costs the same when there are many.
//!
//! `cargo bench --bench scale` prints the tables that `docs/scale.md` shows. A day is a file of a night, a day and three times a
//! week an activity, taken in as it comes, and a loop after it. Processor time is that of this process and, with PostgreSQL,
//! of its connections at the server; Linux only. `CANDOR_BENCH_PERSONS` (1000) is the largest store of the curve,
//! `CANDOR_BENCH_DAYS` (365) the length of the year.
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]
#![expect(clippy::zombie_processes, reason = "the PostgreSQL of a bench ends with it, watched by its guard")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use candor::domain::day::LocalDay;
use candor::domain::person::PersonId;
use candor::engine::Engine;
use candor::engine::ports::entropy::Entropy;
use candor::engine::ports::export::ReadContext;
use candor::providers::ExportFiles;
use candor::store::journal::SealedJournal;
use candor::store::keys::{KeyPlace, KeyStore};
use candor::store::log::{EventLog, PostgresLog, SqliteLog};
use candor::store::log_place::LogPlace;
use candor::store::originals::SealedOriginals;
use candor::store::refusals::RefusalTable;
use candor::store::seal::Key;
use candor::store::sql::{Durability, Sql};
use candor::store::views::{PeopleViews, Place};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use uuid::Uuid;

#[path = "../tests/it/postgres.rs"]
mod postgres;

/// Days that each person of the curve brings.
const SHORT: u32 = 7;
/// Persons that are measured at each point of the curve.
const MEASURED: u32 = 20;

struct Chance;

impl Entropy for Chance {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("random bytes");
    }
}

/// A store on one of the databases.
struct Store {
    engine: Engine,
    log: Sql,
    folder: PathBuf,
    url: Option<String>,
}

async fn open(folder: &Path, url: Option<String>) -> Store {
    let place = url.clone().map_or_else(|| Place::Folder(folder.to_owned()), Place::Postgres);
    let key_place = url.clone().map_or_else(|| KeyPlace::File(folder.join("keys.db")), KeyPlace::Postgres);
    let log: Arc<dyn EventLog> = match &url {
        Some(url) => Arc::new(PostgresLog::open(url).await.expect("a log")),
        None => Arc::new(SqliteLog::open(&folder.join("log.db")).await.expect("a log")),
    };
    let tables = async || match &url {
        Some(url) => Sql::open_postgres(url, "candor_log", 2).await.expect("tables"),
        None => Sql::open_sqlite(&folder.join("log.db"), Durability::Full).await.expect("tables"),
    };
    let keys = Arc::new(KeyStore::open(&key_place, Key::new([7; 32]), Arc::new(Chance)).await.expect("keys"));
    let journal = Arc::new(SealedJournal::new(log, Arc::clone(&keys), Arc::new(Chance)));
    let engine = Engine {
        views: Arc::new(
            PeopleViews::open(place, tables().await, Arc::clone(&journal), LogPlace::Tables)
                .await
                .expect("read models"),
        ),
        originals: Arc::new(SealedOriginals::new(folder.join("originals"), Arc::clone(&keys), Arc::new(Chance))),
        refusals: Arc::new(RefusalTable::new(tables().await)),
        exports: Arc::new(ExportFiles),
        holders: Vec::new(),
        narrator: None,
        keys,
        journal,
    };
    Store { engine, log: tables().await, folder: folder.to_owned(), url }
}

/// The lines of one day of a person, as own NDJSON: what a strap and a watch tell.
fn day(chance: &mut ChaCha8Rng, day: LocalDay) -> String {
    let mut around = |mean: f64, sd: f64| {
        let sum: f64 = (0..12).map(|_| f64::from(chance.next_u32()) / f64::from(u32::MAX)).sum();
        ((mean + sd * (sum - 6.0)) * 10.0).round() / 10.0
    };
    let before = day.minus(1);
    let night = (format!("{before}T22:40:00Z"), format!("{day}T06:30:00Z"));
    let whole = (format!("{day}T00:00:00Z"), format!("{day}T23:59:00Z"));
    let workout = (format!("{day}T17:00:00Z"), format!("{day}T17:45:00Z"));
    let mut lines = String::new();
    let mut line = |metric: &str, unit: &str, kind: &str, value: f64, (start, end): &(String, String), more: &str| {
        let _ = writeln!(
            lines,
            r#"{{"metric":"{metric}","value":{value},"unit":"{unit}","kind":"{kind}","provider":"garmin","start":"{start}","end":"{end}"{more}}}"#
        );
    };
    for (metric, unit, mean, sd) in [
        ("sleep_duration", "min", 435.0, 35.0),
        ("sleep_light", "min", 240.0, 25.0),
        ("sleep_deep", "min", 85.0, 15.0),
        ("sleep_rem", "min", 110.0, 18.0),
        ("sleep_awake", "min", 30.0, 6.0),
        ("sleep_efficiency", "%", 91.0, 1.5),
        ("sleep_score", "points", 76.0, 4.0),
    ] {
        line(metric, unit, "sleep", around(mean, sd), &night, "");
    }
    for (metric, unit, mean, sd) in [
        ("resting_heart_rate", "bpm", 55.0, 2.0),
        ("hrv_rmssd", "ms", 62.0, 7.0),
        ("respiratory_rate", "breaths/min", 15.0, 0.5),
        ("spo2", "%", 95.5, 0.7),
    ] {
        line(metric, unit, "recovery", around(mean, sd), &night, "");
    }
    for (metric, unit, mean, sd) in [
        ("steps", "steps", 8_600.0, 1_500.0),
        ("stress", "points", 34.0, 6.0),
        ("energy", "kcal", 2_500.0, 180.0),
        ("heart_rate_average", "bpm", 72.0, 3.0),
        ("body_battery", "points", 80.0, 4.0),
    ] {
        line(metric, unit, "day", around(mean, sd), &whole, "");
    }
    // Three days of the week.
    if [0, 2, 4].contains(&day.number().rem_euclid(7)) {
        // The first line says which activity it is.
        let mut sport = r#","sport":"running""#;
        for (metric, unit, mean, sd) in [
            ("activity_duration", "min", 45.0, 4.0),
            ("activity_distance", "km", 8.0, 0.7),
            ("activity_energy", "kcal", 480.0, 40.0),
            ("activity_heart_rate_average", "bpm", 142.0, 4.0),
            ("activity_heart_rate_max", "bpm", 171.0, 4.0),
        ] {
            let more = std::mem::take(&mut sport);
            line(metric, unit, "activity", around(mean, sd), &workout, more);
        }
    }
    lines
}

/// Processor seconds so far of this process.
fn processor() -> f64 {
    ticks(&std::fs::read_to_string("/proc/self/stat").expect("Linux")) / 100.0
}

/// Processor seconds so far of the connections of this process at the server.
fn database() -> f64 {
    let ours = format!("candor_test_{}_", std::process::id());
    let processes = std::fs::read_dir("/proc").expect("Linux").filter_map(|entry| Some(entry.ok()?.path()));
    let of_ours = |path: &PathBuf| std::fs::read_to_string(path.join("cmdline")).is_ok_and(|line| line.contains(&ours));
    let stats = processes.filter(of_ours).filter_map(|path| std::fs::read_to_string(path.join("stat")).ok());
    stats.filter(|stat| stat.contains("(postgres)")).map(|stat| ticks(&stat)).sum::<f64>() / 100.0
}

/// User and system time of a line of `/proc/PID/stat`, in hundredths of a second, children that ended included.
fn ticks(stat: &str) -> f64 {
    let after = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    after.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<f64>().ok()).sum()
}

/// Bytes on the disk by part, what waits in a write-ahead log brought in first.
async fn bytes(store: &Store) -> BTreeMap<&'static str, u64> {
    let mut bytes = BTreeMap::new();
    if store.url.is_none() {
        for file in ["log.db", "keys.db", "views-people-v10-1.db"] {
            let sql = Sql::open_sqlite(&store.folder.join(file), Durability::Full).await.expect("tables");
            sql.settle().await.expect("brought in");
            sql.close().await;
        }
    }
    if let Some(url) = &store.url {
        let sql = Sql::open_postgres(url, "public", 1).await.expect("a connection");
        let rows = sql
            .query(
                "SELECT n.nspname, SUM(pg_total_relation_size(c.oid))::BIGINT FROM pg_class c
                 JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.relkind = 'r' AND n.nspname LIKE 'candor%' GROUP BY n.nspname",
                &[],
            )
            .await
            .expect("sizes");
        for row in rows {
            let part = match row.text(0).expect("a name").as_str() {
                "candor_log" => "log",
                "candor_keys" => "keys",
                _ => "read models",
            };
            *bytes.entry(part).or_default() += row.int(1).expect("a size").unsigned_abs();
        }
        sql.close().await;
    }
    let mut below = vec![store.folder.clone()];
    while let Some(folder) = below.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                below.push(path);
                continue;
            }
            let part = match () {
                () if path.components().any(|part| part.as_os_str() == "originals") => "originals",
                () if name.ends_with("-wal") || name.ends_with("-shm") => continue,
                () if name.starts_with("log.db") => "log",
                () if name.starts_with("keys.db") => "keys",
                () if name.starts_with("views") => "read models",
                () => continue,
            };
            *bytes.entry(part).or_default() += entry.metadata().expect("a size").len();
        }
    }
    bytes
}

/// A person's next days: taken in one by one, each followed by a loop.
async fn live(store: &Store, number: u32, first: LocalDay, days: u32) -> (f64, f64) {
    let person = PersonId::new(Uuid::from_u128(u128::from(number) | 0x4000_8000_0000_0000_0000));
    let file = store.folder.join("day.ndjson");
    let mut chance = ChaCha8Rng::seed_from_u64(u64::from(number));
    let (mut taking, mut running) = (0.0, 0.0);
    for n in 0..days {
        let today = first.plus(n);
        let now = today.end(chrono::Offset::fix(&chrono::Utc));
        std::fs::write(&file, day(&mut chance, today)).expect("a file");
        let before = processor();
        store.engine.register(person, now).await.expect("a person");
        let context = ReadContext { home_zone: chrono_tz::Tz::UTC, now };
        let surveyed = store.engine.survey(&file, context, |_| {}).await.expect("a file of ours");
        store.engine.import(person, &surveyed, context, &|_| {}).await.expect("an import");
        let between = processor();
        store.engine.run_stages(person, now, None, &|_, _| {}).await.expect("a loop");
        taking += between - before;
        running += processor() - between;
    }
    (taking, running)
}

async fn kinds(store: &Store, days: u32) {
    println!("| event | a person-day | sealed body, bytes | with envelope and indexes, bytes a person-day |");
    println!("|---|---|---|---|");
    let rows = store
        .log
        .query(
            "SELECT type, COUNT(*), CAST(SUM(LENGTH(body)) AS BIGINT) FROM events GROUP BY type ORDER BY 3 DESC",
            &[],
        )
        .await
        .expect("counts");
    let all: i64 = rows.iter().map(|row| row.int(1).expect("a count")).sum();
    let body: i64 = rows.iter().map(|row| row.int(2).expect("a sum")).sum();
    let log = bytes(store).await.get("log").copied().unwrap_or_default() as f64;
    // What is not body is shared out by events.
    let beside = (log - body as f64) / all as f64;
    for row in rows {
        let (kind, count, sum) =
            (row.text(0).expect("a type"), row.int(1).expect("a count"), row.int(2).expect("a sum"));
        let a_day = count as f64 / f64::from(days);
        println!(
            "| `{kind}` | {a_day:.2} | {:.0} | {:.0} |",
            sum as f64 / count as f64,
            (sum as f64 + beside * count as f64) / f64::from(days)
        );
    }
    println!(
        "| all | {:.2} | {:.0} | {:.0} |",
        all as f64 / f64::from(days),
        body as f64 / all as f64,
        log / f64::from(days)
    );
    println!("\nbeside its body an event takes {beside:.0} bytes");
}

async fn year(name: &str, url: Option<String>, days: u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), url).await;
    let first: LocalDay = "2025-01-01".parse().expect("a day");
    let empty = bytes(&store).await;
    let started = Instant::now();
    let quarter = days / 4;
    println!("\n{name}: a person-year, {days} days");
    println!("| days | ms a day taken in | ms a loop | ms a day in the server |");
    println!("|---|---|---|---|");
    for part in 0..4 {
        let before = database();
        let (taking, running) = live(&store, 1, first.plus(part * quarter), quarter).await;
        let ms = |seconds: f64| seconds * 1_000.0 / f64::from(quarter);
        let server = ms(database() - before);
        let (from, to) = (part * quarter + 1, (part + 1) * quarter);
        println!("| {from} to {to} | {:.1} | {:.1} | {server:.1} |", ms(taking), ms(running));
    }
    println!("{:.1} s on the clock\n", started.elapsed().as_secs_f64());
    kinds(&store, quarter * 4).await;
    println!("\n| part | bytes | of them before there was anybody |\n|---|---|---|");
    for (part, size) in bytes(&store).await {
        println!("| {part} | {size} | {} |", empty.get(part).copied().unwrap_or_default());
    }
}

async fn curve(name: &str, url: Option<String>, most: u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), url).await;
    let first: LocalDay = "2025-01-01".parse().expect("a day");
    println!("\n{name}: persons of {SHORT} days; the last {MEASURED} of each size");
    println!(
        "| persons | events | ms a person-day | and in the server | on the clock | log, bytes a person | read models, bytes a person |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut there = 0;
    for size in [20, 100, 1_000, 5_000].into_iter().filter(|size| *size <= most) {
        while there < size - MEASURED {
            live(&store, there, first, SHORT).await;
            there += 1;
        }
        let (before, served, started) = (processor(), database(), Instant::now());
        while there < size {
            live(&store, there, first, SHORT).await;
            there += 1;
        }
        let a_day = f64::from(MEASURED * SHORT);
        let server = (database() - served) * 1_000.0 / a_day;
        let (spent, clock) = (processor() - before, started.elapsed().as_secs_f64());
        let events =
            store.log.query("SELECT COUNT(*) FROM events", &[]).await.expect("a count")[0].int(0).expect("a count");
        let bytes = bytes(&store).await;
        let each = |part: &str| bytes.get(part).copied().unwrap_or_default() / u64::from(there);
        println!(
            "| {there} | {events} | {:.1} | {server:.1} | {:.1} | {} | {} |",
            spent * 1_000.0 / a_day,
            clock * 1_000.0 / a_day,
            each("log"),
            each("read models")
        );
    }
}

fn setting(name: &str, usual: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[tokio::main]
async fn main() {
    let (days, most) = (setting("CANDOR_BENCH_DAYS", 365), setting("CANDOR_BENCH_PERSONS", 1_000));
    year("SQLite", None, days).await;
    curve("SQLite", None, most).await;
    for part in 0..2 {
        let Some(url) = postgres::fresh_database().await else { return };
        if part == 0 {
            year("PostgreSQL", Some(url.clone()), days).await;
        } else {
            curve("PostgreSQL", Some(url.clone()), most).await;
        }
        postgres::drop_database(&url).await;
    }
}
