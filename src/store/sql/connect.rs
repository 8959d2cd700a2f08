//! Opening a database, with the settings that keep it safe.

use super::{Pools, Sql};
use crate::store::error::{Inconsistency, StoreError};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// The first SQLite whose write-ahead log cannot be corrupted by several connections at once.
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];

/// The arbitrary number under which Candor's processes take turns at changing a PostgreSQL schema.
const SCHEMA_LOCK: i64 = 0x6361_6e64_6f72;

const SQLITE_READERS: u32 = 4;

/// How much a power cut may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was acknowledged.
    Full,
    /// The last commits, never the integrity of the file: for what can be rebuilt.
    Rebuildable,
}

/// The settings of every SQLite connection.
fn sqlite_options(path: &Path, durability: Durability) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(match durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::Rebuildable => SqliteSynchronous::Normal,
        })
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("secure_delete", "ON")
        .statement_cache_capacity(256)
        .row_buffer_size(1_024)
}

/// Refuses a SQLite that is too old to be trusted with several connections.
async fn assert_sqlite_version(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(connection).await?;
    let mut parts = [0; 3];
    for (part, text) in parts.iter_mut().zip(version.split('.')) {
        *part = text.parse().unwrap_or(0);
    }
    if parts < OLDEST_SQLITE {
        return Err(Inconsistency::new("sqlite", "sqlite_version", version).into());
    }
    Ok(())
}

/// The settings of every PostgreSQL connection; names without a schema are looked up in `schema`.
pub(crate) fn postgres_options(url: &str, schema: &str) -> Result<PgConnectOptions, StoreError> {
    Ok(PgConnectOptions::from_str(url)?.application_name("candor").statement_cache_capacity(256).options([
        ("search_path", schema),
        ("synchronous_commit", "on"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("lock_timeout", "10s"),
        ("client_min_messages", "warning"),
    ]))
}

impl Sql {
    /// Opens a SQLite file, creating it when it is missing.
    ///
    /// # Errors
    /// When the file cannot be opened or this SQLite is too old.
    pub async fn open_sqlite(path: &Path, durability: Durability) -> Result<Self, StoreError> {
        let options = sqlite_options(path, durability);
        SqliteConnection::connect_with(&options).await?.close().await?;
        // A file that is removed while it is open must not come back empty.
        let options = options.create_if_missing(false);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(30))
            .connect_with(options.clone())
            .await?;
        assert_sqlite_version(&mut *writer.acquire().await?).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(Self { pools: Pools::Sqlite { writer, readers }, tasks: TaskTracker::new() })
    }

    /// Opens one schema of a PostgreSQL database with so many connections at most, creating it when it is missing.
    ///
    /// # Errors
    /// When the URL is malformed, the database does not answer, or the schema's name is not a plain identifier.
    pub async fn open_postgres(url: &str, schema: &str, connections: u32) -> Result<Self, StoreError> {
        let options = postgres_options(url, schema)?;
        create_schema(&options, schema).await?;
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(30))
            .connect_with(options)
            .await?;
        Ok(Self { pools: Pools::Postgres(pool), tasks: TaskTracker::new() })
    }
}

/// Creates a schema; two processes that do it at once take turns.
async fn create_schema(options: &PgConnectOptions, schema: &str) -> Result<(), StoreError> {
    let create = format!("CREATE SCHEMA IF NOT EXISTS {}", plain(schema)?);
    change_schemas(options, create).await
}

/// Drops a schema with everything in it, when it is there.
pub(crate) async fn drop_postgres_schema(url: &str, schema: &str) -> Result<(), StoreError> {
    let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", plain(schema)?);
    change_schemas(&postgres_options(url, "public")?, drop).await
}

/// A name that needs no quotes.
fn plain(schema: &str) -> Result<&str, StoreError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if schema.is_empty() || schema.len() > 63 || !schema.bytes().all(plain) {
        return Err(Inconsistency::new("pg_namespace", "nspname", schema).into());
    }
    Ok(schema)
}

async fn change_schemas(options: &PgConnectOptions, change: String) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect_with(options).await?;
    let mut tx = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(SCHEMA_LOCK).execute(&mut *tx).await?;
    sqlx::query(sqlx::AssertSqlSafe(change)).execute(&mut *tx).await?;
    tx.commit().await?;
    connection.close().await?;
    Ok(())
}
