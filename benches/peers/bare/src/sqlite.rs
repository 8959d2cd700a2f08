//! SQLite through rusqlite: WAL, and a flush for every transaction.

use crate::{Batch, json};
use rusqlite::{Connection, TransactionBehavior};
use std::sync::{Mutex, PoisonError, mpsc};
use tokio::sync::oneshot;
use uuid::Uuid;
use work::Failure;

/// The most callers that share a transaction, as in Candor.
const MOST: usize = 256;

fn open(path: &str) -> Result<Connection, Failure> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         CREATE TABLE IF NOT EXISTS events (
             position INTEGER PRIMARY KEY,
             stream TEXT NOT NULL,
             version INTEGER NOT NULL,
             id BLOB NOT NULL UNIQUE,
             type TEXT NOT NULL,
             body BLOB NOT NULL,
             UNIQUE (stream, version)
         ) STRICT;",
    )?;
    Ok(connection)
}

fn write(connection: &mut Connection, batches: &[Batch]) -> Result<(), Failure> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert =
            tx.prepare_cached("INSERT INTO events (stream, version, id, type, body) VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for batch in batches {
            for (version, text) in (batch.at..).zip(&batch.texts) {
                let id = Uuid::new_v4();
                insert.execute((&batch.stream, version, id.as_bytes(), "noted", json(text).as_bytes()))?;
            }
        }
    }
    Ok(tx.commit()?)
}

fn read(connection: &Connection, stream: Option<&str>) -> Result<u64, Failure> {
    let columns = "SELECT position, stream, version, id, type, body FROM events";
    let sql = match stream {
        Some(_) => format!("{columns} WHERE stream = ?1 ORDER BY version"),
        None => format!("{columns} WHERE ?1 IS NULL ORDER BY position"),
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((stream,))?;
    let mut events = 0;
    while let Some(row) = rows.next()? {
        let event: (i64, String, i64, [u8; 16], String, Vec<u8>) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
        events += u64::from(!std::hint::black_box(event).5.is_empty());
    }
    Ok(events)
}

/// One connection, a transaction for each batch.
pub struct Plain(Mutex<Connection>);

impl Plain {
    pub fn open(path: &str) -> Result<Self, Failure> {
        Ok(Self(Mutex::new(open(path)?)))
    }

    pub fn append(&self, batch: &Batch) -> Result<(), Failure> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write(&mut connection, std::slice::from_ref(batch))
    }

    pub fn read(&self, stream: Option<&str>) -> Result<u64, Failure> {
        read(&self.0.lock().unwrap_or_else(PoisonError::into_inner), stream)
    }
}

type Waiting = (Batch, oneshot::Sender<Result<(), String>>);

/// A thread that writes; whatever waits goes into one transaction.
pub struct Group {
    queue: mpsc::Sender<Waiting>,
    reader: Plain,
}

impl Group {
    pub fn open(path: &str) -> Result<Self, Failure> {
        let mut connection = open(path)?;
        let (queue, waiting) = mpsc::channel::<Waiting>();
        std::thread::spawn(move || {
            while let Ok(first) = waiting.recv() {
                let (mut batches, mut answers) = (vec![first.0], vec![first.1]);
                for (batch, answer) in waiting.try_iter().take(MOST - 1) {
                    batches.push(batch);
                    answers.push(answer);
                }
                let written = write(&mut connection, &batches).map_err(|error| error.to_string());
                for answer in answers {
                    let _ = answer.send(written.clone());
                }
            }
        });
        Ok(Self { queue, reader: Plain::open(path)? })
    }

    pub async fn append(&self, batch: Batch) -> Result<(), Failure> {
        let (answer, answered) = oneshot::channel();
        self.queue.send((batch, answer)).map_err(|_| "the writer is gone")?;
        Ok(answered.await??)
    }

    pub fn read(&self, stream: Option<&str>) -> Result<u64, Failure> {
        self.reader.read(stream)
    }
}
