//! Connections to the file: one that writes, a few that read, with the settings that keep it safe.
//!
//! The log speaks to SQLite directly, not through the async driver of the read models: that one hands every statement and
//! every row from one thread to another, which costs several times what SQLite itself does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::store::error::StoreError;

/// Statements a connection keeps prepared.
const STATEMENTS: usize = 64;

/// Connections that are kept for the next reader.
const READERS: usize = 4;

/// Opens a connection that writes durably: a commit has reached the disk when it returns.
pub(super) fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA secure_delete = ON;",
    )?;
    Ok(connection)
}

/// Connections that only read, lent out one at a time.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Arc::default() }
    }

    /// Reads on a thread where waiting for the disk holds nobody up.
    pub(super) async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let readers = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = readers.take()?;
            let outcome = work(&mut connection);
            // After a fault a connection may be in any state: it is not lent out again.
            if outcome.is_ok() {
                readers.give_back(connection);
            }
            outcome
        });
        done.await.unwrap_or_else(|panic| Err(StoreError::unavailable(panic).into()))
    }

    fn take(&self) -> Result<Connection, StoreError> {
        if let Some(connection) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(connection);
        }
        let connection = open(&self.path)?;
        connection.execute_batch("PRAGMA query_only = ON")?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS {
            idle.push(connection);
        }
    }

    /// Closes the connections nobody reads with.
    pub(super) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
