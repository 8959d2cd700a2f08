//! The columns of a night, which cycles and sleeps have in common.

use crate::domain::metric::Metric;
use crate::providers::draft::{Draft, Record, check_asleep};
use crate::providers::fields::{Fault, Fields};
use crate::providers::files::TableRow;

pub(super) const ONSET: &str = "Sleep onset";
pub(super) const WAKE: &str = "Wake onset";
pub(super) const ASLEEP: &str = "Asleep duration (min)";
pub(super) const IN_BED: &str = "In bed duration (min)";

const COLUMNS: [(&str, Metric, &str); 12] = [
    (ASLEEP, Metric::SleepDuration, "min"),
    (IN_BED, Metric::SleepInBed, "min"),
    ("Light sleep duration (min)", Metric::SleepLight, "min"),
    ("Deep (SWS) duration (min)", Metric::SleepDeep, "min"),
    ("REM duration (min)", Metric::SleepRem, "min"),
    ("Awake duration (min)", Metric::SleepAwake, "min"),
    ("Sleep need (min)", Metric::SleepNeed, "min"),
    ("Sleep debt (min)", Metric::SleepDebt, "min"),
    ("Sleep efficiency %", Metric::SleepEfficiency, "%"),
    ("Sleep consistency %", Metric::SleepConsistency, "%"),
    ("Sleep performance %", Metric::SleepPerformance, "%"),
    ("Respiratory rate (rpm)", Metric::RespiratoryRate, "rpm"),
];

/// Adds a night's values.
pub(super) fn add(draft: &mut Draft<'_>, row: &TableRow<'_>, record: &Record) -> Result<(), Fault> {
    for (name, metric, unit) in COLUMNS {
        draft.add(record, metric, row.number(name)?, unit, name)?;
    }
    check(row)
}

/// Refuses a night with more sleep than time in bed.
pub(super) fn check(row: &TableRow<'_>) -> Result<(), Fault> {
    check_asleep(row.number(ASLEEP)?, row.number(IN_BED)?, 1.0, ASLEEP)
}
