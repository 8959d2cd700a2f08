//! A write transaction on either database.

use super::pool::{ANSWER, WORK};
use super::value::bind_postgres;
use super::{Pools, Row, SlowAfter, Value, slow, sqlite, within};
use crate::store::error::StoreError;
use crate::store::flush;
use rusqlite::Connection;
use sqlx::{AssertSqlSafe, Postgres, Transaction};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// A write transaction. What it did is lost unless the unit of work that holds it succeeds.
pub struct SqlTx {
    pub(super) inner: Inner,
    pub(super) slow: SlowAfter,
}

pub(super) enum Inner {
    Sqlite(SqliteTx),
    Postgres(Transaction<'static, Postgres>),
}

/// A transaction on the one connection that writes; undone when it is dropped before it is committed.
pub(super) struct SqliteTx {
    connection: OwnedMutexGuard<Option<Connection>>,
    open: bool,
}

impl SqliteTx {
    fn begin(connection: OwnedMutexGuard<Option<Connection>>) -> Result<Self, StoreError> {
        flush::believed()?;
        let tx = Self { connection, open: true };
        // The write lock at once: what is read cannot change before it is committed.
        tx.connection()?.execute_batch("BEGIN IMMEDIATE")?;
        Ok(tx)
    }

    pub(super) fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or_else(|| StoreError::unavailable("the database is closed"))
    }

    fn commit(mut self) -> Result<(), StoreError> {
        self.connection()?.execute_batch("COMMIT")?;
        self.open = false;
        Ok(())
    }
}

impl Drop for SqliteTx {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.as_ref().filter(|_| self.open) {
            // Nothing to undo when the transaction never began, or was undone by the fault itself.
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
}

impl SqlTx {
    pub(super) async fn begin(pools: &Pools, slow: SlowAfter) -> Result<Self, StoreError> {
        let begun = async {
            Ok(match pools {
                Pools::Sqlite { writer, .. } => Inner::Sqlite(SqliteTx::begin(Arc::clone(writer).lock_owned().await)?),
                Pools::Postgres(pool) => Inner::Postgres(within(ANSWER, pool.begin()).await?),
            })
        };
        let inner = slow.timed("BEGIN", slow::none, begun).await?;
        Ok(Self { inner, slow })
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let committed = async {
            match self.inner {
                Inner::Sqlite(tx) => tx.commit()?,
                Inner::Postgres(tx) => within(ANSWER, tx.commit()).await?,
            }
            Ok(())
        };
        self.slow.timed("COMMIT", slow::none, committed).await
    }

    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn execute(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, StoreError> {
        let done = async {
            Ok(match &mut self.inner {
                Inner::Sqlite(tx) => sqlite::execute(tx.connection()?, sql, args)?,
                Inner::Postgres(tx) => {
                    within(WORK, bind_postgres(sqlx::query(sql), args).execute(&mut **tx)).await?.rows_affected()
                }
            })
        };
        self.slow.timed(sql, |rows| *rows, done).await
    }

    /// Runs a query and returns its rows; it sees what this transaction wrote.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn query(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        let answered = async {
            match &mut self.inner {
                Inner::Sqlite(tx) => sqlite::query(tx.connection()?, sql, args),
                Inner::Postgres(tx) => {
                    let rows = within(ANSWER, bind_postgres(sqlx::query(sql), args).fetch_all(&mut **tx)).await?;
                    rows.iter().map(Row::from_postgres).collect()
                }
            }
        };
        self.slow.timed(sql, |rows| slow::many(rows), answered).await
    }

    /// Runs a script of several statements without parameters, as it stands.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.raw(sql, sql.to_owned()).await
    }

    /// Runs one statement of a read model's schema: the type BLOB is called BYTEA in PostgreSQL.
    pub(crate) async fn schema(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let text = if self.is_postgres() { sql.replace("BLOB", "BYTEA") } else { sql.to_owned() };
        self.raw(sql, text).await
    }

    /// Creates a table or an index of a read model unless it exists.
    pub(crate) async fn create(&mut self, statement: &'static str) -> Result<(), StoreError> {
        let text = statement.replacen("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1).replacen(
            "CREATE INDEX",
            "CREATE INDEX IF NOT EXISTS",
            1,
        );
        self.raw(statement, text).await
    }

    /// Runs what has no parameters; `told` is how it is called where it is slow.
    async fn raw(&mut self, told: &'static str, text: String) -> Result<(), StoreError> {
        let done = async {
            match &mut self.inner {
                Inner::Sqlite(tx) => tx.connection()?.execute_batch(&text)?,
                Inner::Postgres(tx) => sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut **tx).await.map(|_| ())?,
            }
            Ok(())
        };
        self.slow.timed(told, slow::none, done).await
    }

    /// Waits until no other process holds the lock of this name; it is released with the transaction.
    ///
    /// In SQLite a write transaction excludes every other one by itself.
    pub(crate) async fn exclusive(&mut self, lock: i64) -> Result<(), StoreError> {
        if let Inner::Postgres(tx) = &mut self.inner {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(lock).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Whether this transaction runs on PostgreSQL.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.inner, Inner::Postgres(_))
    }
}
