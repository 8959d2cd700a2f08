//! The bare engines at the work: no library between the driver and the database, one table, two unique indexes.
//!
//! `sqlite` and `postgres` write each batch in a transaction of its own; `sqlite-group` and `postgres-group` let what
//! waits share one, over the same drivers that Candor uses.

mod postgres;
mod sqlite;

use work::{Failure, Peer, Place};

/// What one caller wants written.
struct Batch {
    stream: String,
    at: i64,
    texts: Vec<String>,
}

/// The JSON of an event.
fn json(text: &str) -> String {
    format!(r#"{{"text":"{text}"}}"#)
}

enum Bare {
    Sqlite(sqlite::Plain),
    SqliteGroup(sqlite::Group),
    Postgres(postgres::Plain),
    PostgresGroup(postgres::Group),
}

async fn open(place: Place) -> Result<Bare, Failure> {
    Ok(match place.store.as_str() {
        "sqlite" => Bare::Sqlite(sqlite::Plain::open(&place.address)?),
        "sqlite-group" => Bare::SqliteGroup(sqlite::Group::open(&place.address)?),
        "postgres" => Bare::Postgres(postgres::Plain::open(&place.address, place.writers).await?),
        "postgres-group" => Bare::PostgresGroup(postgres::Group::open(&place.address).await?),
        other => return Err(format!("no store {other}").into()),
    })
}

impl Peer for Bare {
    fn json(&self, text: &str) -> String {
        json(text)
    }

    async fn append(&self, stream: u64, at: u64, texts: Vec<String>) -> Result<(), Failure> {
        let batch = Batch { stream: format!("stream-{stream}"), at: at.cast_signed(), texts };
        match self {
            Self::Sqlite(plain) => plain.append(&batch),
            Self::SqliteGroup(group) => group.append(batch).await,
            Self::Postgres(plain) => plain.append(&batch).await,
            Self::PostgresGroup(group) => group.append(batch).await,
        }
    }

    async fn read_stream(&self, stream: u64) -> Result<u64, Failure> {
        let stream = format!("stream-{stream}");
        match self {
            Self::Sqlite(plain) => plain.read(Some(&stream)),
            Self::SqliteGroup(group) => group.read(Some(&stream)),
            Self::Postgres(plain) => plain.read(Some(&stream)).await,
            Self::PostgresGroup(group) => group.read(Some(&stream)).await,
        }
    }

    async fn replay(&self) -> Result<u64, Failure> {
        match self {
            Self::Sqlite(plain) => plain.read(None),
            Self::SqliteGroup(group) => group.read(None),
            Self::Postgres(plain) => plain.read(None).await,
            Self::PostgresGroup(group) => group.read(None).await,
        }
    }
}

fn main() -> Result<(), Failure> {
    work::run(open)
}
