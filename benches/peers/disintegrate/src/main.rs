//! disintegrate at the work: an append is decided against the query of one stream, as its decisions are.
//!
//! Version 4.0.1 cannot make one of its functions on a PostgreSQL older than 16, where hexadecimal numbers are no SQL. There
//! the function is made from the package's own text with that number in decimal; nothing else is different.

use disintegrate::serde::json::Json;
use disintegrate::{Event, EventStore, StreamItem, StreamQuery, query};
use disintegrate_postgres::{Error, PgEventId, PgEventStore};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use sqlx::Executor;
use sqlx::postgres::{PgPool, PgPoolOptions};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use work::{Failure, Peer, Place};

#[derive(Debug, Clone, PartialEq, Eq, Event, Serialize, Deserialize)]
enum Happened {
    Noted {
        #[id]
        stream: String,
        text: String,
    },
}

struct Disintegrate {
    store: PgEventStore<Happened, Json<Happened>>,
    /// The last event of each stream: what an append is decided at.
    last: Mutex<HashMap<u64, PgEventId>>,
}

async fn open(place: Place) -> Result<Disintegrate, Failure> {
    let pool = PgPoolOptions::new().max_connections(place.writers).connect(&place.address).await?;
    let store = match PgEventStore::try_new(pool.clone(), Json::default()).await {
        Ok(store) => store,
        Err(_) => make_what_is_missing(pool).await?,
    };
    Ok(Disintegrate { store, last: Mutex::default() })
}

async fn make_what_is_missing(pool: PgPool) -> Result<PgEventStore<Happened, Json<Happened>>, Failure> {
    let package = std::env::var("PACKAGE_disintegrate_postgres")?;
    let function = std::fs::read_to_string(format!("{package}/src/event_store/sql/fn_event_store_begin_epoch.sql"))?;
    pool.execute(function.replace("0xFFFFFFFF", "4294967295").as_str()).await?;
    pool.execute("ALTER TABLE event ADD COLUMN IF NOT EXISTS stream TEXT").await?;
    pool.execute("CREATE INDEX IF NOT EXISTS idx_event_stream ON event (stream) WHERE stream IS NOT NULL").await?;
    Ok(PgEventStore::new_uninitialized(pool, Json::default()))
}

fn of(stream: u64) -> StreamQuery<PgEventId, Happened> {
    let stream = format!("stream-{stream}");
    query!(Happened; stream == stream)
}

impl Disintegrate {
    fn remember(&self, stream: u64, last: Option<PgEventId>) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).extend(last.map(|last| (stream, last)));
    }

    fn decided_at(&self, stream: u64) -> PgEventId {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).get(&stream).copied().unwrap_or_default()
    }

    async fn read(&self, query: StreamQuery<PgEventId, Happened>) -> Result<(u64, Option<PgEventId>), Failure> {
        let (mut events, mut last) = (0, None);
        let mut items = self.store.stream(&query);
        while let Some(item) = items.next().await {
            if let StreamItem::Event(event) = item? {
                last = Some(event.id());
                std::hint::black_box(event.into_inner());
                events += 1;
            }
        }
        Ok((events, last))
    }
}

impl Peer for Disintegrate {
    fn json(&self, text: &str) -> String {
        // The name of the stream is part of the event; it is as long as the shortest here.
        let event = Happened::Noted { stream: "stream-0".to_owned(), text: text.to_owned() };
        serde_json::to_string(&event).expect("JSON")
    }

    async fn append(&self, stream: u64, _: u64, texts: Vec<String>) -> Result<(), Failure> {
        let name = format!("stream-{stream}");
        let events: Vec<_> = texts.into_iter().map(|text| Happened::Noted { stream: name.clone(), text }).collect();
        let at = self.decided_at(stream);
        // Appends to other streams make this one fail as well: it is tried until it is in, as its users must.
        loop {
            match self.store.append(events.clone(), of(stream), at).await {
                Ok(appended) => {
                    self.remember(stream, appended.last().map(|event| event.id()));
                    return Ok(());
                }
                Err(Error::Concurrency) => {}
                Err(Error::Database(sqlx::Error::Database(error))) if error.code().as_deref() == Some("40001") => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn read_stream(&self, stream: u64) -> Result<u64, Failure> {
        let (events, last) = self.read(of(stream)).await?;
        self.remember(stream, last);
        Ok(events)
    }

    async fn replay(&self) -> Result<u64, Failure> {
        Ok(self.read(query!(Happened)).await?.0)
    }
}

fn main() -> Result<(), Failure> {
    work::run(open)
}
