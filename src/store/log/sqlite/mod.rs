//! The log in one SQLite file: the embedded default.
//!
//! The write-ahead log with `synchronous=FULL` makes a commit durable with one flush. One connection writes, a few read.
//! A second process may write the same file: every group takes the write lock first and reads the heads under it.

mod append;
mod read;

use super::writer::Writer;
use super::{
    AppendError, Appended, Capabilities, ChainedEvent, Direction, EventLog, Expected, Head, LogPage, Position,
    ReadError, StreamPage,
};
use crate::store::error::StoreError;
use crate::store::migrate::{self, Migration, Scripts};
use crate::store::sql::{Durability, Sql, assert_sqlite_version, sqlite_options};
use append::SqliteCommitter;
use async_trait::async_trait;
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use std::path::Path;
use tokio::sync::watch;

const READERS: u32 = 4;

pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "log",
        sqlite: Scripts {
            up: include_str!("../../../../migrations/log/sqlite/0001_log.up.sql"),
            down: include_str!("../../../../migrations/log/sqlite/0001_log.down.sql"),
        },
        postgres: Scripts {
            up: include_str!("../../../../migrations/log/postgres/0001_log.up.sql"),
            down: include_str!("../../../../migrations/log/postgres/0001_log.down.sql"),
        },
    },
    Migration {
        version: 2,
        name: "projection_active",
        sqlite: Scripts {
            up: include_str!("../../../../migrations/log/sqlite/0002_projection_active.up.sql"),
            down: include_str!("../../../../migrations/log/sqlite/0002_projection_active.down.sql"),
        },
        postgres: Scripts {
            up: include_str!("../../../../migrations/log/postgres/0002_projection_active.up.sql"),
            down: include_str!("../../../../migrations/log/postgres/0002_projection_active.down.sql"),
        },
    },
];

/// The event log in a SQLite file.
#[derive(Debug)]
pub struct SqliteLog {
    writer: Writer,
    readers: SqlitePool,
}

impl SqliteLog {
    /// Opens a log, creating the file and its tables when they are missing.
    ///
    /// # Errors
    /// When the file cannot be opened, is not a log of this build, or this SQLite is too old to be trusted.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let sql = Sql::open_sqlite(path, Durability::Full).await?;
        let migrated = migrate::up(&sql, MIGRATIONS).await;
        sql.close().await;
        migrated?;
        let options = sqlite_options(path, Durability::Full);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.clone().pragma("query_only", "ON"))
            .await?;
        assert_sqlite_version(&mut *readers.acquire().await?).await?;
        Ok(Self { writer: Writer::start(SqliteCommitter::new(options)), readers })
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
        self.readers.close().await;
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn append(
        &self,
        stream: &str,
        expected: Expected,
        events: Vec<ChainedEvent>,
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
        read::stream(&self.readers, stream, from, direction, limit).await
    }

    async fn read_all(&self, after: Option<Position>, limit: usize) -> Result<LogPage, StoreError> {
        read::all(&self.readers, after, limit).await
    }

    async fn head(&self, stream: &str) -> Result<Option<Head>, StoreError> {
        read::head(&self.readers, stream).await
    }

    async fn heads(&self, after: &str, limit: usize) -> Result<Vec<(String, Head)>, StoreError> {
        read::heads(&self.readers, after, limit).await
    }

    async fn last_position(&self) -> Result<Option<Position>, StoreError> {
        read::last_position(&self.readers).await
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
