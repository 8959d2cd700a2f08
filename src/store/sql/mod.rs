//! One SQL text for two databases.
//!
//! SQLite and PostgreSQL agree on far more SQL than their drivers do. This module is the one place that knows both: a
//! caller writes a literal text with numbered parameters (`$1`), keeps to the column types BIGINT, DOUBLE PRECISION, TEXT
//! and BLOB (BYTEA in PostgreSQL), and gets rows of [`Value`]s back. An enum over two drivers was chosen instead of a
//! generic one, since arrays are what makes a bulk upsert into PostgreSQL one statement, and threads what makes SQLite slow.
//!
//! Every write runs in a task of its own: a caller that is dropped half-way, as a web server does with an abandoned
//! request, cannot leave a pooled connection inside a transaction.

mod bulk;
mod connect;
pub mod inspect;
mod pool;
mod slow;
pub(crate) mod sqlite;
mod transaction;
mod value;

pub use connect::Durability;
pub(crate) use connect::{drop_postgres_schema, drop_postgres_schemas, postgres_options};
pub(crate) use pool::{ANSWER, pool, within};
pub use slow::{SlowAfter, TARGET as SLOW_TARGET};
pub use transaction::SqlTx;
pub use value::{Row, Value};

use super::error::StoreError;
use pool::WORK;
use rusqlite::Connection;
use sqlite::Readers;
use sqlx::PgPool;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// The future of a unit of work inside a transaction.
pub type Work<'t, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 't>>;

/// A database of either kind.
#[derive(Debug, Clone)]
pub struct Sql {
    pools: Pools,
    tasks: TaskTracker,
    slow: SlowAfter,
}

#[derive(Debug, Clone)]
enum Pools {
    /// One connection that writes and a few that read.
    Sqlite {
        /// Gone once it is closed.
        writer: Arc<Mutex<Option<Connection>>>,
        readers: Readers,
    },
    Postgres(PgPool),
}

impl Sql {
    /// The same database, whose statements are told of when they take so long.
    #[must_use]
    pub fn telling_after(self, slow: SlowAfter) -> Self {
        Self { slow, ..self }
    }

    /// When a statement is told of.
    #[must_use]
    pub fn slow_after(&self) -> SlowAfter {
        self.slow
    }

    /// Runs a query and returns its rows.
    ///
    /// # Errors
    /// When the database does not answer, or answers with a type this module does not know.
    pub async fn query(&self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.ask(ANSWER, sql, args).await
    }

    /// The same, where the answer may be all that there is.
    ///
    /// # Errors
    /// As `query`.
    pub async fn query_all(&self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.ask(WORK, sql, args).await
    }

    async fn ask(&self, time: Duration, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        let answered = async {
            match &self.pools {
                Pools::Sqlite { readers, .. } => {
                    let args = args.to_vec();
                    readers.read(move |connection| sqlite::query(connection, sql, &args)).await
                }
                Pools::Postgres(pool) => {
                    let rows = within(time, value::bind_postgres(sqlx::query(sql), args).fetch_all(pool)).await?;
                    rows.iter().map(Row::from_postgres).collect()
                }
            }
        };
        self.slow.timed(sql, |rows| slow::many(rows), answered).await
    }

    /// Runs queries as of one moment, whatever is written meanwhile, and folds their answers one after another.
    ///
    /// # Errors
    /// As for [`Self::query`], or what the fold returns.
    pub async fn snapshot<T: Send + 'static>(
        &self,
        queries: &'static [&'static str],
        mut folded: T,
        fold: fn(&mut T, Vec<Row>) -> Result<(), StoreError>,
    ) -> Result<T, StoreError> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let read = readers.read(move |connection| {
                    let tx = connection.transaction()?;
                    for sql in queries {
                        fold(&mut folded, sqlite::query(&tx, sql, &[])?)?;
                    }
                    Ok(folded)
                });
                read.await
            }
            Pools::Postgres(pool) => {
                let begin = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                let mut tx = within(ANSWER, begin).await?;
                for sql in queries {
                    let rows = within(WORK, sqlx::query(*sql).fetch_all(&mut *tx)).await?;
                    fold(&mut folded, rows.iter().map(Row::from_postgres).collect::<Result<_, _>>()?)?;
                }
                within(ANSWER, tx.rollback()).await?;
                Ok(folded)
            }
        }
    }

    /// Runs a unit of work in one write transaction: all of it is committed, or, when it fails, none of it.
    ///
    /// The work goes on even when the caller is dropped. In SQLite the transaction takes the write lock at once, so what
    /// it reads cannot change before it commits.
    ///
    /// # Errors
    /// What the work returns, or the database's refusal to begin or to commit.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'t> FnOnce(&'t mut SqlTx) -> Work<'t, T, E> + Send + 'static,
    {
        let (pools, slow) = (self.pools.clone(), self.slow);
        let blocking = matches!(pools, Pools::Sqlite { .. });
        let unit = async move {
            let mut tx = SqlTx::begin(&pools, slow).await?;
            let result = work(&mut tx).await?;
            tx.commit().await?;
            Ok(result)
        }
        // What it logs stands under the request it is done for.
        .in_current_span();
        let unit = if blocking {
            let runtime = tokio::runtime::Handle::current();
            self.tasks.spawn_blocking(move || runtime.block_on(unit))
        } else {
            self.tasks.spawn(unit)
        };
        match unit.await {
            Ok(result) => result,
            Err(panic) => Err(StoreError::unavailable(panic).into()),
        }
    }

    /// Brings what was deleted out of SQLite's write-ahead log, where it still stands: in the file itself it is overwritten.
    /// PostgreSQL keeps what was deleted until its own vacuum and the end of its log's retention.
    ///
    /// # Errors
    /// When a reader holds the log for longer than five seconds: it can be tried again.
    pub async fn settle(&self) -> Result<(), StoreError> {
        let Pools::Sqlite { writer, .. } = &self.pools else { return Ok(()) };
        let writer = Arc::clone(writer).lock_owned().await;
        let settled = self.tasks.spawn_blocking(move || sqlite::settle(writer.as_ref()));
        settled.await.map_err(StoreError::unavailable)?
    }

    /// Waits for the units of work under way and closes every connection.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close();
                let writer = writer.lock().await.take();
                let closed = self.tasks.spawn_blocking(move || sqlite::close(writer));
                // What it says stays in the write-ahead log; a disk that failed is noted.
                let _ = closed.await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// Whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self.pools, Pools::Postgres(_))
    }
}
