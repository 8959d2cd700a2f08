//! esrs at the work: its store's `persist`, with a state that was brought to the expected version.

use esrs::store::postgres::{PgStore, PgStoreBuilder};
use esrs::store::{EventStore, StoreEvent};
use esrs::{Aggregate, AggregateState};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};
use uuid::Uuid;
use work::{Failure, Peer, Place};

#[derive(Serialize, Deserialize)]
struct Noted {
    text: String,
}

struct Stream;

#[derive(Debug, thiserror::Error)]
#[error("never")]
struct Never;

impl Aggregate for Stream {
    const NAME: &'static str = "work";
    type State = ();
    type Command = ();
    type Event = Noted;
    type Error = Never;

    fn handle_command(_: &(), (): ()) -> Result<Vec<Noted>, Never> {
        Ok(Vec::new())
    }

    fn apply_event(_: (), _: Noted) {}
}

struct Esrs {
    store: PgStore<Stream>,
    pool: PgPool,
}

async fn open(place: Place) -> Result<Esrs, Failure> {
    let pool = PgPoolOptions::new().max_connections(place.writers).connect(&place.address).await?;
    Ok(Esrs { store: PgStoreBuilder::new(pool.clone()).try_build().await?, pool })
}

/// Ids are spread as ids by chance are.
fn id(stream: u64) -> Uuid {
    Uuid::from_u128(u128::from(stream + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

impl Peer for Esrs {
    fn json(&self, text: &str) -> String {
        serde_json::to_string(&Noted { text: text.to_owned() }).expect("JSON")
    }

    async fn append(&self, stream: u64, at: u64, texts: Vec<String>) -> Result<(), Failure> {
        let last = StoreEvent {
            id: Uuid::nil(),
            aggregate_id: id(stream),
            payload: Noted { text: String::new() },
            occurred_on: chrono::Utc::now(),
            sequence_number: i32::try_from(at)?,
            version: None,
        };
        let mut state = AggregateState::<()>::with_id(id(stream)).apply_store_events(vec![last], |(), _| ());
        self.store.persist(&mut state, texts.into_iter().map(|text| Noted { text }).collect()).await?;
        Ok(())
    }

    async fn read_stream(&self, stream: u64) -> Result<u64, Failure> {
        Ok(self.store.by_aggregate_id(id(stream)).await?.len() as u64)
    }

    async fn replay(&self) -> Result<u64, Failure> {
        let (mut rows, mut events) = (self.store.stream_events(&self.pool), 0);
        while let Some(event) = rows.next().await {
            events += u64::from(!std::hint::black_box(event?).payload.text.is_empty());
        }
        Ok(events)
    }
}

fn main() -> Result<(), Failure> {
    work::run(open)
}
