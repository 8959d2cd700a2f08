//! The log in one SQLite file: the embedded default.
//!
//! The write-ahead log with `synchronous=FULL` makes a commit durable with one flush. One connection writes, on a thread
//! of its own, a few read. A second process may write the same file: every group takes the write lock first and reads the
//! heads under it.

mod append;
mod read;

use super::writer::Writer;
use super::{
    AppendError, Appended, Capabilities, ChainedEvent, Direction, EventLog, Expected, Head, Leaf, LogPage, Position,
    ReadError, StreamPage,
};
use crate::store::error::StoreError;
use crate::store::migrate::{self, Migration, migration};
use crate::store::sql::sqlite::Readers;
use crate::store::sql::{Durability, Sql};
use append::SqliteCommitter;
use async_trait::async_trait;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;

pub(super) const MIGRATIONS: &[Migration] = &[
    migration!("log", 1, "log"),
    migration!("log", 2, "projection_active"),
    migration!("log", 3, "refusals"),
    migration!("log", 4, "store_mode"),
    migration!("log", 5, "newcomer"),
    migration!("log", 6, "no_fork_index"),
    migration!("log", 7, "log_place"),
    migration!("log", 8, "closed_streams"),
];

/// The event log in a SQLite file.
#[derive(Debug)]
pub struct SqliteLog {
    writer: Writer,
    readers: Readers,
}

impl SqliteLog {
    /// Opens a log, creating the file and its tables when they are missing.
    ///
    /// # Errors
    /// When the file cannot be opened, is not a log of this build, or this SQLite is too old to be trusted.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::of(path, false).await
    }

    /// The same for a log that comes back: tables that it has left take in what is copied.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub async fn fill(path: &Path) -> Result<Self, StoreError> {
        Self::of(path, true).await
    }

    async fn of(path: &Path, fills: bool) -> Result<Self, StoreError> {
        Self::prepare(path).await?;
        let committer = SqliteCommitter::new(path.to_owned(), fills);
        Ok(Self { writer: Writer::start_on_thread(committer), readers: Readers::new(path) })
    }

    /// Makes the tables of a log and of what stands beside it, for a store whose log lies on a cluster.
    ///
    /// # Errors
    /// When the file cannot be opened, or is not a log of this build.
    pub async fn prepare(path: &Path) -> Result<(), StoreError> {
        let sql = Sql::open_sqlite(path, Durability::Full).await?;
        let migrated = migrate::up(&sql, MIGRATIONS).await;
        sql.close().await;
        migrated
    }

    /// Takes the file back to an older version of its tables, 0 being an empty database; for a rollback of an installation.
    ///
    /// # Errors
    /// When the file cannot be opened or changed.
    pub async fn migrate_down(path: &Path, version: i64) -> Result<(), StoreError> {
        let sql = Sql::open_sqlite(path, Durability::Full).await?;
        let migrated = migrate::down(&sql, MIGRATIONS, version).await;
        sql.close().await;
        migrated
    }

    /// Finishes what is queued and closes every connection.
    pub async fn shut_down(self) {
        self.writer.stop().await;
        self.readers.close();
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn append(
        &self,
        stream: &str,
        expected: Expected,
        events: Arc<[ChainedEvent]>,
    ) -> Result<Appended, AppendError> {
        self.writer.append(stream, expected, events).await
    }

    async fn read_stream(
        &self,
        stream: &str,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<StreamPage, ReadError> {
        let stream = stream.to_owned();
        self.readers.read(move |connection| read::stream(connection, &stream, from, direction, limit)).await
    }

    async fn read_all(&self, after: Option<Position>, limit: usize) -> Result<LogPage, StoreError> {
        self.readers.read(move |connection| read::all(connection, after, limit)).await
    }

    async fn leaves(&self, after: Option<Position>, limit: usize) -> Result<Vec<Leaf>, StoreError> {
        self.readers.read(move |connection| read::leaves(connection, after, limit)).await
    }

    async fn head(&self, stream: &str) -> Result<Option<Head>, StoreError> {
        let stream = stream.to_owned();
        self.readers.read(move |connection| read::head(connection, &stream)).await
    }

    async fn last_position(&self) -> Result<Option<Position>, StoreError> {
        self.readers.read(|connection| read::last_position(connection)).await
    }

    async fn close(&self, stream: &str) -> Result<(), ReadError> {
        self.writer.close(stream).await
    }

    async fn erase_bodies(&self, stream: &str) -> Result<u64, StoreError> {
        self.writer.erase_bodies(stream).await
    }

    fn wake(&self) -> watch::Receiver<u64> {
        self.writer.wake()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { gapless_positions: true, physical_erase: true }
    }
}
