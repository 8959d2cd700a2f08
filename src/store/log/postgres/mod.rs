//! The log in PostgreSQL, in a schema of its own.
//!
//! What decides its speed is the number of round trips, so a group is one or two: one statement writes everything,
//! guarded by the position the decision was based on, and a read goes before it unless the groups before left the heads in
//! memory. Several processes take turns on the row of `log_head`; whoever decided on an old position writes nothing and
//! decides again under the lock.

mod append;
mod read;

use std::sync::Arc;

use super::sqlite::MIGRATIONS;
use super::writer::Writer;
use super::{
    AppendError, Appended, Capabilities, ChainedEvent, Direction, EventLog, Expected, Head, Leaf, LogPage, Position,
    ReadError, StreamPage,
};
use crate::store::error::StoreError;
use crate::store::migrate;
use crate::store::sql::{ANSWER, Sql, pool, postgres_options, within};
use append::PostgresCommitter;
use async_trait::async_trait;
use sqlx::PgPool;
use tokio::sync::watch;

/// The schema that holds the log.
pub const SCHEMA: &str = "candor_log";

const READERS: u32 = 8;

/// The event log in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresLog {
    writer: Writer,
    readers: PgPool,
}

impl PostgresLog {
    /// Opens a log, creating its schema and tables when they are missing.
    ///
    /// # Errors
    /// When the database does not answer or holds something else under that name.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::of(url, false).await
    }

    /// The same for a log that comes back: tables that it has left take in what is copied.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub async fn fill(url: &str) -> Result<Self, StoreError> {
        Self::of(url, true).await
    }

    async fn of(url: &str, fills: bool) -> Result<Self, StoreError> {
        Self::prepare(url).await?;
        let options = postgres_options(url, SCHEMA)?;
        let readers = pool(READERS).connect_with(options.clone()).await?;
        Ok(Self { writer: Writer::start(PostgresCommitter::new(options, fills)), readers })
    }

    /// Makes the tables of a log and of what stands beside it, for a store whose log lies on a cluster.
    ///
    /// # Errors
    /// When the database does not answer or holds something else under that name.
    pub async fn prepare(url: &str) -> Result<(), StoreError> {
        let sql = Sql::open_postgres(url, SCHEMA, 1).await?;
        let migrated = migrate::up(&sql, MIGRATIONS).await;
        sql.close().await;
        migrated
    }

    /// Takes the schema back to an older version of its tables, 0 being none; for a rollback of an installation.
    ///
    /// # Errors
    /// When the database does not answer or refuses.
    pub async fn migrate_down(url: &str, version: i64) -> Result<(), StoreError> {
        let sql = Sql::open_postgres(url, SCHEMA, 1).await?;
        let migrated = migrate::down(&sql, MIGRATIONS, version).await;
        sql.close().await;
        migrated
    }

    /// Finishes what is queued and closes every connection.
    pub async fn shut_down(self) {
        self.writer.stop().await;
        self.readers.close().await;
    }
}

#[async_trait]
impl EventLog for PostgresLog {
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
        within(ANSWER, read::stream(&self.readers, stream, from, direction, limit)).await
    }

    async fn read_all(&self, after: Option<Position>, limit: usize) -> Result<LogPage, StoreError> {
        within(ANSWER, read::all(&self.readers, after, limit)).await
    }

    async fn leaves(&self, after: Option<Position>, limit: usize) -> Result<Vec<Leaf>, StoreError> {
        within(ANSWER, read::leaves(&self.readers, after, limit)).await
    }

    async fn head(&self, stream: &str) -> Result<Option<Head>, StoreError> {
        within(ANSWER, read::head(&self.readers, stream)).await
    }

    async fn last_position(&self) -> Result<Option<Position>, StoreError> {
        within(ANSWER, read::last_position(&self.readers)).await
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
