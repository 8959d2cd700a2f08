//! evento at the work: its executor's `write`, which is the append alone, without the snapshot that `commit` adds.

use evento::cursor::Args;
use evento::sql::Sql;
use evento::{Event, Executor, RoutingKey};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};
use ulid::Ulid;
use work::{Failure, Peer, Place};

const KIND: &str = "work/Stream";
/// Events of a page.
const PAGE: u16 = 1_000;

struct Evento(Box<dyn Executor>);

async fn open(place: Place) -> Result<Evento, Failure> {
    use evento::migrator::{Migrate, Plan};
    if place.store == "sqlite" {
        let options = SqliteConnectOptions::new()
            .filename(&place.address)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        // One connection: several wait for each other's lock with sleeps.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let migrator = evento::sql_migrator::new::<sqlx::Sqlite>()?;
        migrator.run(&mut *pool.acquire().await?, &Plan::apply_all()).await?;
        return Ok(Evento(Box::new(Sql::from(pool))));
    }
    let pool = PgPoolOptions::new().max_connections(place.writers).connect(&place.address).await?;
    let migrator = evento::sql_migrator::new::<sqlx::Postgres>()?;
    migrator.run(&mut *pool.acquire().await?, &Plan::apply_all()).await?;
    Ok(Evento(Box::new(Sql::from(pool))))
}

/// The text of an event, out of its data.
fn taken_apart(event: &Event) -> Result<u64, Failure> {
    let (json, _): (String, usize) = bincode::decode_from_slice(&event.data, bincode::config::standard())?;
    Ok(u64::from(!std::hint::black_box(json).is_empty()))
}

impl Peer for Evento {
    fn json(&self, text: &str) -> String {
        format!(r#"{{"text":"{text}"}}"#)
    }

    async fn append(&self, stream: u64, at: u64, texts: Vec<String>) -> Result<(), Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let mut events = Vec::with_capacity(texts.len());
        for (version, text) in (i32::try_from(at)? + 1..).zip(texts) {
            events.push(Event {
                id: Ulid::new(),
                aggregator_id: format!("stream-{stream}"),
                aggregator_type: KIND.to_owned(),
                version,
                name: "Noted".to_owned(),
                routing_key: None,
                data: bincode::encode_to_vec(self.json(&text), bincode::config::standard())?,
                metadata: bincode::encode_to_vec(true, bincode::config::standard())?,
                timestamp: now.as_secs(),
                timestamp_subsec: now.subsec_millis(),
            });
        }
        Ok(self.0.write(events).await?)
    }

    async fn read_stream(&self, stream: u64) -> Result<u64, Failure> {
        let (mut after, mut events) = (None, 0);
        loop {
            let page = self
                .0
                .read_by_aggregator(KIND.to_owned(), format!("stream-{stream}"), Args::forward(PAGE, after))
                .await?;
            for edge in &page.edges {
                events += taken_apart(&edge.node)?;
            }
            if !page.page_info.has_next_page {
                return Ok(events);
            }
            after = page.page_info.end_cursor;
        }
    }

    async fn replay(&self) -> Result<u64, Failure> {
        let (mut after, mut events) = (None, 0);
        loop {
            let kinds = HashSet::from([KIND.to_owned()]);
            let page = self.0.read(kinds, RoutingKey::All, Args::forward(PAGE, after)).await?;
            for edge in &page.edges {
                events += taken_apart(&edge.node)?;
            }
            if !page.page_info.has_next_page {
                return Ok(events);
            }
            after = page.page_info.end_cursor;
        }
    }
}

fn main() -> Result<(), Failure> {
    work::run(open)
}
