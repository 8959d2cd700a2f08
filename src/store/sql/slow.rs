//! Statements that take long: a line for each with its text, never with its values.

use std::time::Duration;

use super::Row;
use crate::store::error::StoreError;

/// Where the lines go, whatever the level of the rest.
pub const TARGET: &str = "candor::slow_query";

/// How long a statement takes before it is told of, waiting for a connection or a lock included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowAfter(Duration);

impl Default for SlowAfter {
    fn default() -> Self {
        Self::from_millis(100)
    }
}

impl SlowAfter {
    /// After so many milliseconds; with 0 every statement is told of.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// Does a statement's work and tells of it where it took long, also when it failed. `rows` counts what it gave or changed.
    pub(super) async fn timed<T>(
        self,
        statement: &str,
        rows: impl FnOnce(&T) -> u64,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        #[expect(clippy::disallowed_methods, reason = "how long a statement took is logged, never used")]
        let started = std::time::Instant::now();
        let outcome = work.await;
        let took = started.elapsed();
        if took >= self.0 {
            metrics::counter!("candor_slow_queries_total").increment(1);
            tracing::warn!(
                target: TARGET,
                statement = statement.split_whitespace().collect::<Vec<_>>().join(" "),
                rows = outcome.as_ref().map_or(0, rows),
                elapsed_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                failed = outcome.is_err(),
            );
        }
        outcome
    }
}

/// The rows of an answer.
pub(super) fn many(rows: &[Row]) -> u64 {
    rows.len() as u64
}

/// What gives and changes no rows.
pub(super) fn none<T>(_: &T) -> u64 {
    0
}
