//! The server under load, beside the SQL that it runs: a million events of a thousand persons, one of whom holds 600,000.
//!
//! `cargo bench --bench serve` makes the store, starts the release server on it and sends requests with `wrk` (Debian package
//! `wrk`) over 32 connections; beside each it runs the same SQL alone, on two threads with a connection each, in the same
//! run. `CANDOR_BENCH_EVENTS` makes another number of events, `CANDOR_BENCH_SECONDS` another length of each round.
#![expect(clippy::disallowed_methods, reason = "a bench measures time, reads the environment and starts tasks")]

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use candor::domain::day::LocalDay;
use candor::domain::event::{Actor, ConsentGranted, Event, Meta, ObservationsRecorded, PersonRegistered};
use candor::domain::metric::Metric;
use candor::domain::observation::{Observation, ObservationKey, RecordKind, Source};
use candor::domain::person::PersonId;
use candor::domain::profile::Purpose;
use candor::domain::provider::Provider;
use candor::engine::Engine;
use candor::engine::ports::entropy::Entropy;
use candor::engine::ports::journal::Journal as _;
use candor::engine::ports::views::Views as _;
use candor::providers::ExportFiles;
use candor::store::journal::SealedJournal;
use candor::store::keys::{KeyPlace, KeyStore};
use candor::store::log::{EventLog, SqliteLog};
use candor::store::log_place::LogPlace;
use candor::store::master_key;
use candor::store::originals::SealedOriginals;
use candor::store::refusals::RefusalTable;
use candor::store::sql::{Durability, Sql};
use candor::store::views::{PeopleViews, Place};
use chrono::TimeDelta;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use uuid::Uuid;

const PERSONS: u64 = 1_000;
/// The share of all events that one person holds.
const LARGE: f64 = 0.6;
/// Events that a person's devices send in a day.
const A_DAY: u64 = 165;
const PASSWORD: &str = "a horse, a kettle and a lamp";
const LAST: &str = "2026-04-06";
/// Events that go into one append.
const APPEND: usize = 1_000;

struct Random;

impl Entropy for Random {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("random bytes");
    }
}

/// A server that ends with the bench.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn person(number: u64) -> PersonId {
    PersonId::new(Uuid::from_u128(u128::from(number) + 1))
}

async fn open(folder: &Path) -> (Engine, Arc<SealedJournal>, Arc<PeopleViews>) {
    let entropy: Arc<dyn Entropy> = Arc::new(Random);
    let master = master_key::of_file(&folder.join("master.key"), &Random).expect("the master key");
    let keys = KeyPlace::File(folder.join("keys.db"));
    let keys = Arc::new(KeyStore::open(&keys, master, Arc::clone(&entropy)).await.expect("keys"));
    let path = folder.join("log.db");
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&path).await.expect("a log"));
    let journal = Arc::new(SealedJournal::new(log, Arc::clone(&keys), Arc::clone(&entropy)));
    let sql = Sql::open_sqlite(&path, Durability::Full).await.expect("a database");
    let refusals = Arc::new(RefusalTable::new(sql.clone()));
    let views = PeopleViews::open(Place::Folder(folder.to_owned()), sql, Arc::clone(&journal), LogPlace::Tables).await;
    let views = Arc::new(views.expect("read models"));
    let originals = Arc::new(SealedOriginals::new(folder.join("originals"), Arc::clone(&keys), entropy));
    let engine = Engine {
        journal: Arc::clone(&journal) as _,
        views: Arc::clone(&views) as _,
        originals,
        keys: keys as _,
        holders: Vec::new(),
        exports: Arc::new(ExportFiles),
        refusals,
        narrator: None,
    };
    (engine, journal, views)
}

/// What a device sends in the course of a day: one measurement an event.
fn measured(index: u64, count: u64) -> Event {
    let last: LocalDay = LAST.parse().expect("a day");
    let day = last.minus(u32::try_from((count - 1 - index) / A_DAY).expect("a day"));
    let start = day.date().and_time(chrono::NaiveTime::MIN).and_utc()
        + TimeDelta::milliseconds((index % 80_000) as i64 * 1_000);
    let metric = [Metric::Steps, Metric::HeartRateAverage, Metric::Stress][(index % 3) as usize];
    let value = [12.0, 71.0, 33.0][(index % 3) as usize] + (index % 7) as f64;
    let key = ObservationKey {
        provider: Provider::File,
        kind: RecordKind::Sample,
        metric,
        start,
        provider_id: Some(index.to_string()),
    };
    let observation = Observation::new(key, day, value);
    let source = Source { provider: Provider::File, format: "bench".to_owned(), file: None, digest: None };
    ObservationsRecorded { source, observations: vec![observation] }.into()
}

async fn fill(journal: &SealedJournal, who: PersonId, known: bool, count: u64) {
    let now = "2026-04-06T20:00:00Z".parse().expect("a time");
    let meta = Meta { occurred_at: now, actor: Actor::Provider, correlation_id: Uuid::nil(), causation_id: None };
    let begin: [Event; 2] = [
        PersonRegistered { origin: "bench".to_owned() }.into(),
        ConsentGranted { purpose: Purpose::Processing }.into(),
    ];
    let mut revision = None;
    let begun = if known { 2 } else { 0 };
    if known {
        revision = journal.head(who).await.expect("a head");
    }
    let events = begin.into_iter().skip(begun).chain((0..count - 2).map(|index| measured(index, count - 2)));
    let events: Vec<(Meta, Event)> = events.map(|event| (meta.clone(), event)).collect();
    for (number, chunk) in events.chunks(APPEND).enumerate() {
        revision =
            Some(journal.append(who, revision, &format!("bench/{number}"), chunk, now).await.expect("an append"));
    }
}

/// Sends a request and reads its JSON answer.
fn ask(arguments: &[&str]) -> Value {
    let output = Command::new("curl").args(["-sS", "--fail-with-body"]).args(arguments).output().expect("curl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    if output.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&output.stdout).expect("JSON") }
}

/// Requests per second, and the median and the 99th percentile in milliseconds.
struct Load {
    rate: f64,
    p50: f64,
    p99: f64,
}

fn wrk(url: &str, bearer: &str, seconds: u64) -> Load {
    let output = Command::new("wrk")
        .args(["-t2", "-c32", &format!("-d{seconds}s"), "--latency", "-H", bearer, url])
        .output()
        .expect("wrk: apt-get install wrk");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
    let after = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name)).expect("a figure of wrk");
        line.split_whitespace().next().expect("a figure").to_owned()
    };
    let ms = |text: &str| match text.strip_suffix("us") {
        Some(micros) => micros.parse::<f64>().expect("a number") / 1e3,
        None => match text.strip_suffix("ms") {
            Some(millis) => millis.parse().expect("a number"),
            None => text.trim_end_matches('s').parse::<f64>().expect("a number") * 1e3,
        },
    };
    Load { rate: after("Requests/sec:").parse().expect("a rate"), p50: ms(&after("50%")), p99: ms(&after("99%")) }
}

/// Statements per second of two threads that do nothing else.
fn alone(path: &Path, sql: &str, args: &[rusqlite::types::Value], seconds: u64) -> f64 {
    let one = || {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the database");
        let mut statement = connection.prepare(sql).expect("a statement");
        let columns = statement.column_count();
        let (begun, mut done) = (Instant::now(), 0_u32);
        while begun.elapsed() < Duration::from_secs(seconds) {
            let mut rows = statement.query(rusqlite::params_from_iter(args)).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                for column in 0..columns {
                    std::hint::black_box(row.get_ref(column).expect("a column"));
                }
            }
            done += 1;
        }
        f64::from(done) / begun.elapsed().as_secs_f64()
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(one), scope.spawn(one)];
        threads.into_iter().map(|thread| thread.join().expect("a thread")).sum()
    })
}

fn report(what: &str, load: &Load, sql: f64) {
    let Load { rate, p50, p99 } = load;
    println!(
        "{what}: p50 {p50:.1} ms, p99 {p99:.1} ms, {rate:.0}/s; its SQL alone {sql:.0}/s, {:.2} of it",
        rate / sql
    );
}

fn main() {
    let (events, seconds) = (number("CANDOR_BENCH_EVENTS", 1_000_000), number("CANDOR_BENCH_SECONDS", 10));
    let binary = env!("CARGO_BIN_EXE_candor");
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path").to_owned();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(binary);
        command.args(["--data-dir", &data, "--quiet"]).args(arguments).env("ENV_MODE", "dev");
        let output = command.output().expect("the command");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    let (large, small) = (person(0), person(1));
    let once = [large, small].map(|who| {
        let name = format!("{who}@example.org");
        run(&["--person", &who.to_string(), "user", "add", &name])
    });
    let begun = Instant::now();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let (engine, journal, views) = open(folder.path()).await;
        let most = (events as f64 * LARGE) as u64;
        fill(&journal, large, true, most).await;
        for number in 1..PERSONS {
            fill(&journal, person(number), number == 1, (events - most) / (PERSONS - 1)).await;
            views.catch_up().await.expect("read models");
        }
        let now = "2026-04-06T20:00:00Z".parse().expect("a time");
        for who in [large, small] {
            engine.run_stages(who, now, None, &|_, _| ()).await.expect("the stages");
        }
    });
    drop(runtime);
    println!("{events} events of {PERSONS} persons in {:.0} s", begun.elapsed().as_secs_f64());

    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let (listen, api) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}/api/v1"));
    let begun = Instant::now();
    let server = Command::new(binary)
        .args(["--data-dir", &data, "serve", "--listen", &listen])
        .env("ENV_MODE", "dev")
        .stderr(Stdio::null())
        .spawn()
        .expect("the server");
    let server = Server(server);
    let ready = || {
        let Ok(mut stream) = std::net::TcpStream::connect(&listen) else { return false };
        let mut answer = [0; 12];
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {listen}\r\n\r\n").is_ok()
            && std::io::Read::read_exact(&mut stream, &mut answer).is_ok()
            && answer.ends_with(b"200")
    };
    while !ready() {
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("start to ready: {} ms", begun.elapsed().as_millis());
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.0.id())).unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).map(str::trim).unwrap_or("unknown");
    println!("idle memory: {resident}");

    let bearers = [(large, &once[0]), (small, &once[1])].map(|(who, once)| {
        let set = json!({ "one_time_token": once, "new": PASSWORD }).to_string();
        ask(&["--json", &set, &format!("{api}/auth/password/one-time")]);
        let login = json!({ "name": format!("{who}@example.org"), "password": PASSWORD }).to_string();
        let tokens = ask(&["--json", &login, &format!("{api}/auth/login")]);
        format!("Authorization: Bearer {}", tokens["access_token"].as_str().expect("a token"))
    });
    let (mut url, mut pages) = (format!("{api}/audit/?limit=200"), 0);
    // The page of 50 that stands 10,000 pages down: each page of 200 is four of them.
    while pages < 2_500.min(events * 6 / 10 / 200 - 1) {
        let page = ask(&["-H", &bearers[0], &url]);
        url = format!("{api}/audit/?limit=200&cursor={}", page["next_cursor"].as_str().expect("a next page"));
        pages += 1;
    }
    let deep = format!("{api}/audit/?limit=50&cursor={}", url.rsplit('=').next().expect("a cursor"));
    let log = folder.path().join("log.db");
    let page = "SELECT * FROM events WHERE stream = ?1 AND revision >= ?2 ORDER BY revision LIMIT 50";
    let stream = |who: PersonId| rusqlite::types::Value::from(format!("person-{who}"));
    let head = (events as f64 * LARGE) as i64;
    for _ in 0..2 {
        for (what, url, from) in [
            ("page 1", format!("{api}/audit/?limit=50"), head - 50),
            ("page 10,000", deep.clone(), head - 50 - 200 * pages as i64),
        ] {
            let load = wrk(&url, &bearers[0], seconds);
            report(
                &format!("audit, {what} of 50"),
                &load,
                alone(&log, page, &[stream(large), from.into()], seconds / 2),
            );
        }
        let mut views = std::fs::read_dir(folder.path()).expect("the folder").flatten().map(|entry| entry.path());
        let views = views.find(|path| path.to_string_lossy().ends_with("-1.db")).expect("the read models");
        let body = "SELECT body FROM person_state WHERE person = ?1";
        for (what, who, bearer) in [("of the large log", large, &bearers[0]), ("of a small log", small, &bearers[1])] {
            let load = wrk(&format!("{api}/insights"), bearer, seconds);
            let sql = alone(&views, body, &[rusqlite::types::Value::from(who.to_string())], seconds / 2);
            report(&format!("insights {what}"), &load, sql);
            ask(&["-H", bearer, &format!("{api}/today")]);
            let load = wrk(&format!("{api}/today"), bearer, seconds);
            report(&format!("today {what}"), &load, sql);
        }
    }
}
