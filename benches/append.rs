//! Appends per second beside a plain prepared loop over the same engine and settings, and events per second that go into a
//! checkpoint, are verified, and are verified against one.
//!
//! `cargo bench --bench append` prints medians. The plain loop inserts into the same table with the same indexes and
//! flushes once per batch; it checks nothing, keeps no heads and cannot be retried. Set `CANDOR_BENCH_EVENTS` to change how
//! many events the walk verifies, and `CANDOR_BENCH_STREAMS` in how many streams they are. With `CANDOR_BENCH_KEEP` it makes
//! such logs and no comparison, and leaves that of SQLite as `log.db` in the folder that names, for the command: its streams
//! are nobody's, so `candor verify` walks them and has nobody to fold.
#![expect(clippy::disallowed_methods, reason = "a bench measures time and starts tasks")]
#![expect(clippy::zombie_processes, reason = "the PostgreSQL of a bench ends with it, watched by its guard")]

use candor::engine::ports::checkpoint::Checkpoints as _;
use candor::store::chain::{Hash, Header};
use candor::store::checkpoint::{CheckpointFolder, Signer};
use candor::store::log::{ChainedEvent, EventLog, Expected, Head, PostgresLog, SqliteLog};
use candor::store::verify::verify;
use rusqlite::{Connection, TransactionBehavior};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

#[path = "../tests/it/postgres.rs"]
mod postgres;

/// Streams, unless the environment says another number.
const STREAMS: usize = 1_000;
const BODY: usize = 300;
const ROUNDS: usize = 5;

/// Makes chained batches for a thousand streams in turn.
struct Maker {
    heads: Vec<Option<Head>>,
    next: usize,
    ids: u128,
}

struct Batch {
    stream: String,
    expected: Expected,
    events: Arc<[ChainedEvent]>,
}

impl Maker {
    fn new(seed: u128) -> Self {
        Self { heads: vec![None; setting("CANDOR_BENCH_STREAMS", STREAMS)], next: 0, ids: seed << 64 }
    }

    fn batches(&mut self, count: usize, size: usize) -> Vec<Batch> {
        (0..count).map(|_| self.batch(size)).collect()
    }

    fn batch(&mut self, size: usize) -> Batch {
        let index = self.next % self.heads.len();
        self.next += 1;
        let stream = format!("bench-{}", Uuid::from_u128(index as u128));
        let head = self.heads[index];
        let mut previous = head.map_or(Hash::GENESIS, |head| head.hash);
        let first = head.map_or(0, |head| head.revision + 1);
        let mut events = Vec::with_capacity(size);
        for revision in first..first + size as u64 {
            self.ids += 1;
            // Spread over the index, as derived ids are.
            let event_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &self.ids.to_be_bytes());
            let body = vec![revision as u8; BODY];
            let body_digest = Hash::of(&body);
            let key_ids = vec![Uuid::from_u128(index as u128)];
            let header = Header {
                stream: &stream,
                revision,
                event_id,
                event_type: "observations_recorded",
                schema_version: 1,
                recorded_at: 1_790_000_000_000_000,
                key_ids: &key_ids,
            };
            let hash = header.chain(&previous, &body_digest);
            events.push(ChainedEvent {
                event_id,
                revision,
                event_type: "observations_recorded".to_owned(),
                schema_version: 1,
                recorded_at: 1_790_000_000_000_000,
                key_ids,
                body,
                body_digest,
                prev_hash: previous,
                hash,
            });
            previous = hash;
        }
        self.heads[index] = Some(Head { revision: first + size as u64 - 1, hash: previous });
        let expected = head.map_or(Expected::NoStream, |head| Expected::Exact(head.revision));
        Batch { stream, expected, events: events.into() }
    }
}

fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn rate(events: usize, elapsed: Duration) -> f64 {
    events as f64 / elapsed.as_secs_f64()
}

async fn ours(log: &dyn EventLog, batches: Vec<Batch>) -> Duration {
    let start = Instant::now();
    for batch in batches {
        log.append(&batch.stream, batch.expected, batch.events).await.expect("an append");
    }
    start.elapsed()
}

async fn together(log: &Arc<dyn EventLog>, batches: Vec<Batch>) -> Duration {
    let start = Instant::now();
    let calls: Vec<_> = batches
        .into_iter()
        .map(|batch| {
            let log = Arc::clone(log);
            tokio::spawn(async move { log.append(&batch.stream, batch.expected, batch.events).await })
        })
        .collect();
    for call in calls {
        call.await.expect("no panic").expect("an append");
    }
    start.elapsed()
}

const SQLITE_INSERT: &str =
    "INSERT INTO events (position, stream, revision, event_id, type, schema_version, recorded_at,
                                                 key_ids, body, body_digest, prev_hash, hash)
                             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

const POSTGRES_INSERT: &str =
    "INSERT INTO candor_log.events (position, stream, revision, event_id, type, schema_version,
                                                              recorded_at, key_ids, body, body_digest, prev_hash, hash)
                               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

fn plain_sqlite(connection: &mut Connection, position: &mut i64, batches: Vec<Batch>) -> Duration {
    let start = Instant::now();
    for batch in &batches {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).expect("a beginning");
        {
            let mut insert = tx.prepare_cached(SQLITE_INSERT).expect("a statement");
            for event in batch.events.iter() {
                *position += 1;
                let key_ids: Vec<u8> = event.key_ids.iter().flat_map(|id| *id.as_bytes()).collect();
                let row = (
                    *position,
                    &batch.stream,
                    event.revision as i64,
                    event.event_id.as_bytes().as_slice(),
                    &event.event_type,
                    event.schema_version,
                    event.recorded_at,
                    key_ids,
                    &event.body,
                    event.body_digest.as_bytes().as_slice(),
                    event.prev_hash.as_bytes().as_slice(),
                    event.hash.as_bytes().as_slice(),
                );
                insert.execute(row).expect("an insert");
            }
        }
        tx.commit().expect("a commit");
    }
    start.elapsed()
}

async fn plain_postgres(connection: &mut PgConnection, position: &mut i64, batches: Vec<Batch>) -> Duration {
    let start = Instant::now();
    for batch in &batches {
        sqlx::query("BEGIN").execute(&mut *connection).await.expect("a beginning");
        for event in batch.events.iter() {
            *position += 1;
            let key_ids: Vec<u8> = event.key_ids.iter().flat_map(|id| *id.as_bytes()).collect();
            sqlx::query(POSTGRES_INSERT)
                .bind(*position)
                .bind(&batch.stream)
                .bind(event.revision as i64)
                .bind(event.event_id)
                .bind(&event.event_type)
                .bind(i64::from(event.schema_version))
                .bind(event.recorded_at)
                .bind(key_ids)
                .bind(&event.body)
                .bind(event.body_digest.as_bytes().as_slice())
                .bind(event.prev_hash.as_bytes().as_slice())
                .bind(event.hash.as_bytes().as_slice())
                .execute(&mut *connection)
                .await
                .expect("an insert");
        }
        sqlx::query("COMMIT").execute(&mut *connection).await.expect("a commit");
    }
    start.elapsed()
}

fn sqlite_connection(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("a connection");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON;",
        )
        .expect("settings");
    connection
}

/// The sizes of a batch, with how many of them a round has.
const SIZES: [(usize, usize); 4] = [(1, 1_000), (10, 300), (100, 60), (1_000, 12)];

enum Plain {
    Sqlite(Connection),
    Postgres(PgConnection),
}

async fn compare(name: &str, log: Arc<dyn EventLog>, mut plain: Plain) {
    println!("{name}, {BODY}-byte bodies, {STREAMS} streams, medians of {ROUNDS} rounds");
    println!("| batch | ours, events/s | plain loop, events/s | ratio |");
    println!("|---|---|---|---|");
    let (mut our_maker, mut plain_maker) = (Maker::new(1), Maker::new(2));
    let mut position = 0;
    for (size, count) in SIZES {
        let (mut our_rates, mut plain_rates) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let elapsed = ours(&*log, our_maker.batches(count, size)).await;
            our_rates.push(rate(count * size, elapsed));
            let batches = plain_maker.batches(count, size);
            let elapsed = match &mut plain {
                Plain::Sqlite(connection) => plain_sqlite(connection, &mut position, batches),
                Plain::Postgres(connection) => plain_postgres(connection, &mut position, batches).await,
            };
            plain_rates.push(rate(count * size, elapsed));
        }
        let (our, plain) = (median(our_rates), median(plain_rates));
        println!("| {size} | {our:.0} | {plain:.0} | {:.2} |", our / plain);
    }
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let batches = our_maker.batches(STREAMS, 1);
        rates.push(rate(STREAMS, together(&log, batches).await));
    }
    println!("| 1, all at once | {:.0} | | |", median(rates));
    walk(&log, our_maker).await;
}

/// Fills a log up and walks it.
async fn walk(log: &Arc<dyn EventLog>, mut maker: Maker) {
    let wanted = setting("CANDOR_BENCH_EVENTS", 300_000) as u64;
    let started = Instant::now();
    while log.last_position().await.expect("a position").map_or(0, |last| last.number()) < wanted {
        ours(&**log, maker.batches(10, 1_000)).await;
    }
    println!("made in {:.0} s", started.elapsed().as_secs_f64());
    let (folder, mut rates, mut anchor) = (tempfile::tempdir().expect("a folder"), Vec::new(), None);
    for round in 0..3 {
        let signer = Signer::new(&[7; 32]).expect("a signer");
        let apart = CheckpointFolder::new(folder.path().join(format!("{round}")), signer, Arc::clone(log));
        let start = Instant::now();
        let kept = apart.write().await.expect("a checkpoint").expect("of some events");
        rates.push(rate(kept.anchor.size as usize, start.elapsed()));
        anchor = Some(kept.anchor);
    }
    println!("checkpoint: {:.0} events/s over {wanted} events", median(rates));
    for (what, anchor) in [("verify", None), ("verify against a checkpoint", anchor)] {
        let mut rates = Vec::new();
        for _ in 0..3 {
            let start = Instant::now();
            let summary = verify(&**log, anchor, &mut |_| {}).await.expect("a walk");
            assert_eq!(summary.faults, 0);
            rates.push(rate(summary.events as usize, start.elapsed()));
        }
        println!("{what}: {:.0} events/s over {wanted} events", median(rates));
    }
    println!();
}

#[tokio::main]
async fn main() {
    if let Some(kept) = std::env::var_os("CANDOR_BENCH_KEEP") {
        let file = Path::new(&kept).join("log.db");
        let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&file).await.expect("a log"));
        println!("SQLite");
        walk(&log, Maker::new(1)).await;
        let Some(url) = postgres::fresh_database().await else { return };
        let log: Arc<dyn EventLog> = Arc::new(PostgresLog::open(&url).await.expect("a log"));
        println!("PostgreSQL");
        walk(&log, Maker::new(1)).await;
        postgres::drop_database(&url).await;
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, plain) = (folder.path().join("ours.db"), folder.path().join("plain.db"));
    SqliteLog::open(&plain).await.expect("a log").shut_down().await;
    let log = SqliteLog::open(&ours).await.expect("a log");
    let plain = Plain::Sqlite(sqlite_connection(&plain));
    compare("SQLite", Arc::new(log), plain).await;

    let (Some(ours), Some(other)) = (postgres::fresh_database().await, postgres::fresh_database().await) else {
        return;
    };
    PostgresLog::open(&other).await.expect("a log").shut_down().await;
    let log = PostgresLog::open(&ours).await.expect("a log");
    let plain = Plain::Postgres(PgConnection::connect(&other).await.expect("a connection"));
    compare("PostgreSQL", Arc::new(log), plain).await;
    postgres::drop_database(&ours).await;
    postgres::drop_database(&other).await;
}
