//! A write transaction on either database.

use super::value::{bind_postgres, bind_sqlite};
use super::{Pools, Row, Value};
use crate::store::error::StoreError;
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};

/// A write transaction. What it did is lost unless the unit of work that holds it succeeds.
pub struct SqlTx {
    pub(super) inner: Inner,
}

pub(super) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl SqlTx {
    pub(super) async fn begin(pools: &Pools) -> Result<Self, StoreError> {
        let inner = match pools {
            Pools::Sqlite { writer, .. } => Inner::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Inner::Postgres(pool.begin().await?),
        };
        Ok(Self { inner })
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn execute(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, StoreError> {
        Ok(match &mut self.inner {
            Inner::Sqlite(tx) => bind_sqlite(sqlx::query(sql), args).execute(&mut **tx).await?.rows_affected(),
            Inner::Postgres(tx) => bind_postgres(sqlx::query(sql), args).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// Runs a query and returns its rows; it sees what this transaction wrote.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn query(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        match &mut self.inner {
            Inner::Sqlite(tx) => {
                let rows = bind_sqlite(sqlx::query(sql), args).fetch_all(&mut **tx).await?;
                rows.iter().map(Row::from_sqlite).collect()
            }
            Inner::Postgres(tx) => {
                let rows = bind_postgres(sqlx::query(sql), args).fetch_all(&mut **tx).await?;
                rows.iter().map(Row::from_postgres).collect()
            }
        }
    }

    /// Runs a script of several statements without parameters, as it stands.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ())?,
            Inner::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Runs one statement of a read model's schema: the type BLOB is called BYTEA in PostgreSQL.
    pub(crate) async fn schema(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ())?,
            Inner::Postgres(tx) => {
                sqlx::raw_sql(AssertSqlSafe(sql.replace("BLOB", "BYTEA"))).execute(&mut **tx).await.map(|_| ())?
            }
        }
        Ok(())
    }

    /// Creates a table of a read model unless it exists.
    pub(crate) async fn create(&mut self, table: &'static str) -> Result<(), StoreError> {
        let text = table.replacen("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1);
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut **tx).await.map(|_| ())?,
            Inner::Postgres(tx) => sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut **tx).await.map(|_| ())?,
        }
        Ok(())
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
