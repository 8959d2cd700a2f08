//! Strava's bulk export: activities.csv in its present and its legacy layout.
//!
//! Dates are in UTC and name no zone: the home zone tells the local day. Column names stand twice: the first Distance is
//! in kilometres, or in metres with a comma for swims; the second is in metres.

use chrono::{NaiveDateTime, Offset as _, TimeDelta, TimeZone as _};

use super::draft::{Draft, Reading, Record, Taken};
use super::fields::{Fault, Fields};
use super::files::CsvRow;
use super::time;
use super::written::Written;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;

/// What stands once under its name.
const SINGLE: [(&str, Metric, &str); 5] = [
    ("Moving Time", Metric::ActivityMovingTime, "s"),
    ("Elevation Gain", Metric::ActivityElevationGain, "m"),
    ("Average Heart Rate", Metric::ActivityHeartRateAverage, "bpm"),
    ("Calories", Metric::ActivityEnergy, "kcal"),
    ("Relative Effort", Metric::RelativeEffort, "points"),
];

fn number(row: &CsvRow<'_>, name: &str, nth: usize) -> Result<Option<Written>, Fault> {
    let Some(text) = row.nth(name, nth)? else { return Ok(None) };
    Written::parse_grouped(&text).map(Some).ok_or_else(|| Fault::unreadable(name, "a number"))
}

/// The last column of a name: the one in base units.
fn last(row: &CsvRow<'_>, name: &str) -> Result<Option<Written>, Fault> {
    let count = row.count(name);
    for nth in (0..count).rev() {
        if let Some(found) = number(row, name, nth)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Distance and its unit.
fn distance(row: &CsvRow<'_>) -> Result<(Option<Written>, &'static str), Fault> {
    if row.count("Distance") > 1
        && let Some(metres) = number(row, "Distance", 1)?
    {
        return Ok((Some(metres), "m"));
    }
    let first = number(row, "Distance", 0)?;
    // Swims are written in metres, with a comma between the thousands; everything else in kilometres.
    let swim = row.text("Activity Type")?.is_some_and(|sport| sport.contains("Swim"));
    Ok((first, if swim { "m" } else { "km" }))
}

fn record(
    draft: &mut Draft<'_>,
    (id_name, id): (&str, Option<String>),
    (date_name, date): (&str, Option<NaiveDateTime>),
    elapsed: Option<Written>,
) -> Result<Record, Fault> {
    let start = date.ok_or_else(|| Fault::unreadable(date_name, "a date like Mar 25, 2024, 6:01:54 AM"))?.and_utc();
    draft.see(start, date_name)?;
    let id = id.ok_or_else(|| Fault::missing(id_name, "the activity's number"))?;
    if !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::unreadable(id_name, "the activity's number"));
    }
    draft.assume_zone();
    let offset = draft.reading.home_zone.offset_from_utc_datetime(&start.naive_utc()).fix();
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds; a float beyond the range saturates")]
    let end = elapsed
        .filter(|e| e.value.is_finite() && e.value >= 0.0)
        .and_then(|e| TimeDelta::try_seconds(e.value as i64))
        .and_then(|elapsed| start.checked_add_signed(elapsed));
    Ok(Record { kind: RecordKind::Activity, start, end, day: LocalDay::at(start, offset), provider_id: Some(id) })
}

/// A row of the present layout.
pub(super) fn activity(row: &CsvRow<'_>, number_of_row: u32, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Strava, number_of_row);
    let elapsed = last(row, "Elapsed Time")?;
    let date = row.text("Activity Date")?.as_deref().and_then(time::strava);
    let id = row.text("Activity ID")?.map(std::borrow::Cow::into_owned);
    let record = record(&mut draft, ("Activity ID", id), ("Activity Date", date), elapsed)?;
    draft.add(&record, Metric::ActivityDuration, elapsed, "s", "Elapsed Time")?;
    let (distance, unit) = distance(row)?;
    draft.add(&record, Metric::ActivityDistance, distance, unit, "Distance")?;
    draft.add(&record, Metric::ActivityHeartRateMax, last(row, "Max Heart Rate")?, "bpm", "Max Heart Rate")?;
    for (name, metric, unit) in SINGLE {
        draft.add(&record, metric, last(row, name)?, unit, name)?;
    }
    draft.activity(&record, row.text("Activity Type")?.as_deref().unwrap_or("Activity"));
    Ok(draft.finish())
}

/// A row of the legacy layout, with distances in metres.
pub(super) fn legacy(row: &CsvRow<'_>, number_of_row: u32, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Strava, number_of_row);
    let elapsed = number(row, "elapsed_time", 0)?;
    let date = row.text("date")?.as_deref().and_then(time::naive);
    let id = row.text("id")?.map(std::borrow::Cow::into_owned);
    let record = record(&mut draft, ("id", id), ("date", date), elapsed)?;
    draft.add(&record, Metric::ActivityDuration, elapsed, "s", "elapsed_time")?;
    draft.add(&record, Metric::ActivityDistance, number(row, "distance", 0)?, "m", "distance")?;
    draft.activity(&record, row.text("type")?.as_deref().unwrap_or("Activity"));
    Ok(draft.finish())
}
