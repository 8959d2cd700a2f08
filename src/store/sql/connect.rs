//! Opening a database, with the settings that keep it safe.

use super::{Pools, SlowAfter, Sql, pool, sqlite};
use crate::store::error::{Inconsistency, StoreError};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

/// The arbitrary number under which Candor's processes take turns at changing a PostgreSQL schema.
const SCHEMA_LOCK: i64 = 0x6361_6e64_6f72;

/// How much a power cut may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was acknowledged.
    Full,
    /// The last commits, never the integrity of the file: for what can be rebuilt.
    Rebuildable,
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
        let file = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || sqlite::open(&file, durability, true));
        let writer = opened.await.map_err(StoreError::unavailable)??;
        let readers = sqlite::Readers::new(path);
        Ok(Self {
            pools: Pools::Sqlite { writer: Arc::new(Mutex::new(Some(writer))), readers },
            tasks: TaskTracker::new(),
            slow: SlowAfter::default(),
        })
    }

    /// Opens one schema of a PostgreSQL database with so many connections at most, creating it when it is missing.
    ///
    /// # Errors
    /// When the URL is malformed, the database does not answer, or the schema's name is not a plain identifier.
    pub async fn open_postgres(url: &str, schema: &str, connections: u32) -> Result<Self, StoreError> {
        let options = postgres_options(url, schema)?;
        create_schema(&options, schema).await?;
        let pool = pool(connections).connect_with(options).await?;
        Ok(Self { pools: Pools::Postgres(pool), tasks: TaskTracker::new(), slow: SlowAfter::default() })
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

/// Drops the schemas whose names begin so, all but one.
pub(crate) async fn drop_postgres_schemas(url: &str, prefix: &str, kept: &str) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect_with(&postgres_options(url, "public")?).await?;
    let names: Vec<String> =
        sqlx::query_scalar("SELECT nspname::TEXT FROM pg_namespace WHERE starts_with(nspname, $1)")
            .bind(prefix)
            .fetch_all(&mut connection)
            .await?;
    connection.close().await?;
    for name in names.iter().filter(|name| *name != kept) {
        drop_postgres_schema(url, name).await?;
    }
    Ok(())
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
