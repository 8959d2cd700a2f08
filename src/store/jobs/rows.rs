//! What the columns of the tables hold.

use chrono::DateTime;
use uuid::Uuid;

use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::engine::ports::jobs::Priority;
use crate::store::error::{Inconsistency, StoreError};
use crate::store::sql::{Row, Value};

fn misfit(column: usize) -> StoreError {
    Inconsistency::new("jobs", "column", column).into()
}

pub(super) fn id(row: &Row, column: usize) -> Result<Uuid, StoreError> {
    row.text(column)?.parse().map_err(|_| misfit(column))
}

pub(super) fn instant(row: &Row, column: usize) -> Result<Instant, StoreError> {
    DateTime::from_timestamp_micros(row.int(column)?).ok_or_else(|| misfit(column))
}

pub(super) fn opt_instant(row: &Row, column: usize) -> Result<Option<Instant>, StoreError> {
    let micros = row.opt_int(column)?;
    micros.map(|micros| DateTime::from_timestamp_micros(micros).ok_or_else(|| misfit(column))).transpose()
}

pub(super) fn count(row: &Row, column: usize) -> Result<u32, StoreError> {
    u32::try_from(row.int(column)?).map_err(|_| misfit(column))
}

pub(super) fn person(row: &Row, column: usize) -> Result<Option<PersonId>, StoreError> {
    let text = row.opt_text(column)?;
    text.map(|text| text.parse().map(PersonId::new).map_err(|_| misfit(column))).transpose()
}

/// A priority as it is kept: 0 is the most urgent.
pub(super) fn level(priority: Priority) -> Value {
    let level: i64 = match priority {
        Priority::Live => 0,
        Priority::Usual => 1,
        Priority::History => 2,
    };
    level.into()
}

pub(super) fn priority(row: &Row, column: usize) -> Result<Priority, StoreError> {
    let level = usize::try_from(row.int(column)?).ok();
    level.and_then(|level| Priority::ALL.get(level).copied()).ok_or_else(|| misfit(column))
}
