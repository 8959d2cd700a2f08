//! What can go wrong below the log's own refusals: the store is unreachable, or it holds something that does not fit.

use std::error::Error;

use super::flush;
use crate::engine::ports::erasing::ErasingError;

/// A cause from a driver or the operating system, kept for the log line.
pub type Cause = Box<dyn Error + Send + Sync>;

/// A row that does not fit what this build writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("inconsistent row {row} in {table}.{column}")]
pub struct Inconsistency {
    /// The table that holds the row.
    pub table: &'static str,
    /// The column that does not fit.
    pub column: &'static str,
    /// The row, by its key in words.
    pub row: String,
}

impl Inconsistency {
    /// Names the place that does not fit.
    pub fn new(table: &'static str, column: &'static str, row: impl ToString) -> Self {
        Self { table, column, row: row.to_string() }
    }
}

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database or the disk did not answer; for a write the outcome is unknown.
    #[error("{0}")]
    Unavailable(#[source] Cause),
    /// The store answered with something this build never writes.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistency),
}

impl StoreError {
    /// Wraps any cause as "unavailable".
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }
}

impl From<StoreError> for ErasingError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<rusqlite::Error> for StoreError {
    /// Every fault of SQLite comes through here, so here it is seen that the disk failed.
    fn from(error: rusqlite::Error) -> Self {
        flush::note(&error);
        Self::Unavailable(Box::new(error))
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
