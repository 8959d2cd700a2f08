//! The table of current observations: a column a field, so that a run reads the days it needs without parsing a text.

use chrono::DateTime;

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::event::ObservationRetracted;
use crate::domain::observation::{Observation, ObservationKey};
use crate::domain::person::PersonId;
use crate::engine::ports::Held;
use crate::store::error::{Inconsistency, StoreError};
use crate::store::sql::{Row, Value};

/// The table: of each fact the current word, which may be that it no longer holds; such a row keeps no value, and says
/// which older words do not bring the fact back. `record` is the provider's own id, whether or not the key bears it. Instants are in microseconds since 1970, days are numbered as [`LocalDay::number`] has it.
pub const TABLE: &str = "CREATE TABLE observations (
        person TEXT NOT NULL,
        key TEXT NOT NULL,
        provider TEXT NOT NULL,
        kind TEXT NOT NULL,
        metric TEXT NOT NULL,
        started_at BIGINT NOT NULL,
        provider_id TEXT,
        ended_at BIGINT,
        day BIGINT NOT NULL,
        value DOUBLE PRECISION NOT NULL,
        resolution DOUBLE PRECISION NOT NULL,
        as_of BIGINT NOT NULL,
        line BIGINT NOT NULL,
        file TEXT NOT NULL,
        record TEXT,
        retracted BIGINT NOT NULL,
        finality BIGINT NOT NULL,
        PRIMARY KEY (person, key)
    )";

/// What finds the newest days of a person.
pub const INDEX: &str = "CREATE INDEX observations_by_day ON observations (person, day)";

/// What finds a provider's record by its own id.
pub const RECORDS: &str =
    "CREATE INDEX observations_by_record ON observations (person, record) WHERE record IS NOT NULL";

/// The columns in the order of [`row`]; the first two are the key.
pub const COLUMNS: [&str; 17] = [
    "person",
    "key",
    "provider",
    "kind",
    "metric",
    "started_at",
    "provider_id",
    "ended_at",
    "day",
    "value",
    "resolution",
    "as_of",
    "line",
    "file",
    "record",
    "retracted",
    "finality",
];

/// The columns in the order [`observation`] reads them, for a statement.
macro_rules! columns {
    () => {
        "provider, kind, metric, started_at, provider_id, ended_at, day, value, resolution, as_of, line, file, \
         record, retracted, finality"
    };
}
pub(super) use columns;

/// A fact's key as a text, the same for the same fact.
#[must_use]
pub fn key_text(key: &ObservationKey) -> String {
    key.to_string()
}

/// The row of an observation that was read from a file; an empty name where there was none.
pub fn row(person: PersonId, observation: &Observation, file: &str) -> Vec<Value> {
    let Observation { key, end, day, value, resolution, as_of, row, record: _, finality, dated: _ } = observation;
    vec![
        person.to_string().into(),
        key_text(key).into(),
        key.provider.key().into(),
        key.kind.key().into(),
        key.metric.key().into(),
        key.start.timestamp_micros().into(),
        key.provider_id.as_deref().into(),
        end.map(|end| end.timestamp_micros()).into(),
        i64::from(day.number()).into(),
        (*value).into(),
        (*resolution).into(),
        as_of.timestamp_micros().into(),
        i64::from(*row).into(),
        file.into(),
        observation.own_id().into(),
        0.into(),
        i64::from(*finality).into(),
    ]
}

/// The row of a fact that no longer holds.
pub fn retracted(person: PersonId, e: &ObservationRetracted) -> Vec<Value> {
    let key = &e.key;
    vec![
        person.to_string().into(),
        key_text(key).into(),
        key.provider.key().into(),
        key.kind.key().into(),
        key.metric.key().into(),
        key.start.timestamp_micros().into(),
        key.provider_id.as_deref().into(),
        e.previous_end.map(|end| end.timestamp_micros()).into(),
        i64::from(e.previous_day.number()).into(),
        0.0.into(),
        0.0.into(),
        e.as_of.timestamp_micros().into(),
        0.into(),
        "".into(),
        e.record.as_deref().or(key.provider_id.as_deref()).into(),
        1.into(),
        0.into(),
    ]
}

/// The observation of a row, and the file it was read from.
pub fn observation(row: &Row) -> Result<(Observation, String), StoreError> {
    let misfit = |column| Inconsistency::new("observations", column, "a value of another kind");
    let named = |column: usize| row.text(column);
    let instant = |micros: i64, column| -> Result<Instant, StoreError> {
        Ok(DateTime::from_timestamp_micros(micros).ok_or_else(|| misfit(column))?)
    };
    let number = i32::try_from(row.int(6)?).map_err(|_| misfit("day"))?;
    let key = ObservationKey {
        provider: named(0)?.parse().map_err(|_| misfit("provider"))?,
        kind: named(1)?.parse().map_err(|_| misfit("kind"))?,
        metric: named(2)?.parse().map_err(|_| misfit("metric"))?,
        start: instant(row.int(3)?, "started_at")?,
        provider_id: row.opt_text(4)?,
    };
    let mut observation = Observation {
        key,
        end: row.opt_int(5)?.map(|micros| instant(micros, "ended_at")).transpose()?,
        day: LocalDay::from_number(number).ok_or_else(|| misfit("day"))?,
        value: row.float(7)?,
        resolution: row.float(8)?,
        as_of: instant(row.int(9)?, "as_of")?,
        row: u32::try_from(row.int(10)?).map_err(|_| misfit("line"))?,
        record: row.opt_text(12)?,
        finality: u32::try_from(row.int(14)?).map_err(|_| misfit("finality"))?,
        dated: false,
    };
    if observation.record == observation.key.provider_id {
        observation.record = None;
    }
    Ok((observation, row.text(11)?))
}

/// What is held of a fact, as its row has it.
pub fn held(row: &Row) -> Result<(ObservationKey, Held), StoreError> {
    let (observation, _) = observation(row)?;
    let held = Held { retracted: row.int(13)? != 0, ..Held::of(&observation) };
    Ok((observation.key, held))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_statement_are_those_of_the_table_in_their_order() {
        assert_eq!(columns!(), COLUMNS[2..].join(", "));
        for column in COLUMNS {
            assert!(TABLE.contains(&format!("        {column} ")), "{column}");
        }
    }
}
