//! cqrs-es at the work, over postgres-es and sqlite-es: its event store's `commit` at a sequence that is known.
//!
//! The tables are those of the packages, whose folders `scripts/peers` names in the environment.

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{EventStoreAggregateContext, PersistedEventRepository, PersistedEventStore};
use cqrs_es::{Aggregate, DomainEvent, EventStore};
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};
use sqlite_es::SqliteEventRepository;
use sqlx::Executor;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::collections::HashMap;
use work::{Failure, Peer, Place};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Noted {
    text: String,
}

impl DomainEvent for Noted {
    fn event_type(&self) -> String {
        "Noted".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Stream;

#[derive(Debug, thiserror::Error)]
#[error("never")]
struct Never;

impl Aggregate for Stream {
    const TYPE: &'static str = "work";
    type Command = ();
    type Event = Noted;
    type Error = Never;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _: &EventSink<Self>) -> Result<(), Never> {
        Ok(())
    }

    fn apply(&mut self, _: Noted) {}
}

/// The store, and the repository once more for what a store cannot do: read all.
struct CqrsEs<R: PersistedEventRepository> {
    store: PersistedEventStore<R, Stream>,
    all: R,
}

/// The tables out of a package; the rest of its file is for its own tests.
fn tables(package: &str, file: &str) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(format!("{}/{file}", std::env::var(package)?))?;
    let plain: Vec<&str> = text.lines().filter(|line| !line.starts_with("--")).collect();
    let statements = plain.join("\n");
    let tables = statements.split(';').map(str::trim).filter(|part| part.starts_with("CREATE TABLE"));
    Ok(tables.map(|table| table.replacen("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1)).collect())
}

async fn postgres(place: Place) -> Result<CqrsEs<PostgresEventRepository>, Failure> {
    let pool = PgPoolOptions::new().max_connections(place.writers).connect(&place.address).await?;
    for table in tables("PACKAGE_postgres_es", "db/init.sql")? {
        pool.execute(table.as_str()).await?;
    }
    let repository = PostgresEventRepository::new(pool.clone());
    Ok(CqrsEs { store: PersistedEventStore::new_event_store(repository), all: PostgresEventRepository::new(pool) })
}

async fn sqlite(place: Place) -> Result<CqrsEs<SqliteEventRepository>, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(&place.address)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    // One connection: several wait for each other's lock with sleeps.
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    for table in tables("PACKAGE_sqlite_es", "migrations/20221114171845_init.sql")? {
        pool.execute(table.as_str()).await?;
    }
    let repository = SqliteEventRepository::new(pool.clone());
    Ok(CqrsEs { store: PersistedEventStore::new_event_store(repository), all: SqliteEventRepository::new(pool) })
}

impl<R: PersistedEventRepository + 'static> Peer for CqrsEs<R> {
    fn json(&self, text: &str) -> String {
        serde_json::to_string(&Noted { text: text.to_owned() }).expect("JSON")
    }

    async fn append(&self, stream: u64, at: u64, texts: Vec<String>) -> Result<(), Failure> {
        let context = EventStoreAggregateContext {
            aggregate_id: format!("stream-{stream}"),
            aggregate: Stream,
            current_sequence: usize::try_from(at)?,
            current_snapshot: None,
        };
        let events = texts.into_iter().map(|text| Noted { text }).collect();
        self.store.commit(events, context, HashMap::new()).await?;
        Ok(())
    }

    async fn read_stream(&self, stream: u64) -> Result<u64, Failure> {
        Ok(self.store.load_events(&format!("stream-{stream}")).await?.len() as u64)
    }

    async fn replay(&self) -> Result<u64, Failure> {
        let (mut stream, mut events) = (self.all.stream_all_events::<Stream>().await?, 0);
        while let Some(event) = stream.next::<Stream>(&[]).await {
            events += u64::from(!std::hint::black_box(event?).payload.text.is_empty());
        }
        Ok(events)
    }
}

fn main() -> Result<(), Failure> {
    match std::env::args().nth(1).as_deref() {
        Some("sqlite") => work::run(sqlite),
        _ => work::run(postgres),
    }
}
