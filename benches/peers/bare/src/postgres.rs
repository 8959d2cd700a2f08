//! PostgreSQL through sqlx: a connection for each writer, or one that whoever waits shares.

use crate::{Batch, json};
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor, Row};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::StreamExt;
use uuid::Uuid;
use work::Failure;

/// The most callers that share a transaction, as in Candor.
const MOST: usize = 256;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS events (
                         position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                         stream TEXT COLLATE \"C\" NOT NULL,
                         version BIGINT NOT NULL,
                         id UUID NOT NULL UNIQUE,
                         type TEXT NOT NULL,
                         body BYTEA NOT NULL,
                         UNIQUE (stream, version)
                     )";
const ONE: &str = "INSERT INTO events (stream, version, id, type, body) VALUES ($1, $2, $3, $4, $5)";
const MANY: &str = "INSERT INTO events (stream, version, id, type, body)
                    SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::uuid[], $4::text[], $5::bytea[])";

async fn write_one(connection: &mut PgConnection, stream: &str, version: i64, text: &str) -> Result<(), sqlx::Error> {
    sqlx::query(ONE)
        .bind(stream)
        .bind(version)
        .bind(Uuid::new_v4())
        .bind("noted")
        .bind(json(text).as_bytes())
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_many(connection: &mut PgConnection, batches: &[Batch]) -> Result<(), sqlx::Error> {
    let events: Vec<(&str, i64, String)> = batches
        .iter()
        .flat_map(|batch| {
            (batch.at..).zip(&batch.texts).map(|(version, text)| (batch.stream.as_str(), version, json(text)))
        })
        .collect();
    sqlx::query(MANY)
        .bind(events.iter().map(|event| event.0).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.1).collect::<Vec<_>>())
        .bind(events.iter().map(|_| Uuid::new_v4()).collect::<Vec<_>>())
        .bind(vec!["noted"; events.len()])
        .bind(events.iter().map(|event| event.2.as_bytes()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// A connection for each writer; a batch of several events is a transaction of single inserts.
pub struct Plain(PgPool);

impl Plain {
    pub async fn open(url: &str, writers: u32) -> Result<Self, Failure> {
        let pool = PgPoolOptions::new().max_connections(writers).connect(url).await?;
        pool.execute(TABLE).await?;
        Ok(Self(pool))
    }

    pub async fn append(&self, batch: &Batch) -> Result<(), Failure> {
        if let [text] = batch.texts.as_slice() {
            return Ok(write_one(&mut *self.0.acquire().await?, &batch.stream, batch.at, text).await?);
        }
        let mut tx = self.0.begin().await?;
        for (version, text) in (batch.at..).zip(&batch.texts) {
            write_one(&mut tx, &batch.stream, version, text).await?;
        }
        Ok(tx.commit().await?)
    }

    pub async fn read(&self, stream: Option<&str>) -> Result<u64, Failure> {
        let query = match stream {
            Some(stream) => sqlx::query(
                "SELECT position, stream, version, id, type, body FROM events WHERE stream = $1 ORDER BY version",
            )
            .bind(stream),
            None => sqlx::query("SELECT position, stream, version, id, type, body FROM events ORDER BY position"),
        };
        let mut rows = query.fetch(&self.0);
        let mut events = 0;
        while let Some(row) = rows.next().await {
            let row = row?;
            let event: (i64, String, i64, Uuid, String, Vec<u8>) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
            events += u64::from(!std::hint::black_box(event).5.is_empty());
        }
        Ok(events)
    }
}

type Waiting = (Batch, oneshot::Sender<Result<(), String>>);

/// One connection that writes; whatever waits goes into one statement.
pub struct Group {
    queue: mpsc::UnboundedSender<Waiting>,
    reader: Plain,
}

impl Group {
    pub async fn open(url: &str) -> Result<Self, Failure> {
        let reader = Plain::open(url, 2).await?;
        let mut connection = PgConnection::connect(url).await?;
        let (queue, mut waiting) = mpsc::unbounded_channel::<Waiting>();
        tokio::spawn(async move {
            let mut group = Vec::new();
            while waiting.recv_many(&mut group, MOST).await > 0 {
                let (batches, answers): (Vec<_>, Vec<_>) = group.drain(..).unzip();
                let written = write_many(&mut connection, &batches).await.map_err(|error| error.to_string());
                for answer in answers {
                    let _ = answer.send(written.clone());
                }
            }
        });
        Ok(Self { queue, reader })
    }

    pub async fn append(&self, batch: Batch) -> Result<(), Failure> {
        let (answer, answered) = oneshot::channel();
        self.queue.send((batch, answer)).map_err(|_| "the writer is gone")?;
        Ok(answered.await??)
    }

    pub async fn read(&self, stream: Option<&str>) -> Result<u64, Failure> {
        self.reader.read(stream).await
    }
}
