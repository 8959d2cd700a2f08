//! Garmin: flattened Connect CSVs, Connect JSON documents, and Health API push bodies.
//!
//! A row is read by the names of its columns, whose order moves. `calendarDate` is the local day. Codes below zero mean
//! that there is no reading. A partial last day grows later: a newer file corrects it.

mod push;
mod wellness;

use chrono::NaiveDate;
use serde_json::Value;

use super::draft::{Draft, OnRow, Reading, Record, Taken};
use super::fields::{Fault, Fields, Object};
use super::files::{CsvRow, PUSH_LISTS};
use super::time;
use super::written::Written;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;

/// Columns of a daily summary.
const DAILY: [(&str, Metric, &str); 8] = [
    ("totalSteps", Metric::Steps, "steps"),
    ("restingHeartRate", Metric::RestingHeartRate, "bpm"),
    ("maxHeartRate", Metric::HeartRateMax, "bpm"),
    ("averageStressLevel", Metric::Stress, "points"),
    ("bodyBatteryHighestValue", Metric::BodyBattery, "points"),
    ("totalKilocalories", Metric::Energy, "kcal"),
    ("averageSpo2", Metric::Spo2, "%"),
    ("avgWakingRespirationValue", Metric::RespiratoryRate, "breaths/min"),
];

/// A value, unless it is one of the codes below zero for "no reading".
fn reading_or_none(written: Option<Written>) -> Option<Written> {
    written.filter(|w| w.value.is_nan() || w.value >= 0.0)
}

/// The record of a calendar day: it starts at the given instant, else at midnight of the home zone.
fn day_record(draft: &mut Draft<'_>, fields: &dyn Fields, name: &str, start_name: &str) -> Result<Record, Fault> {
    let text = fields.text(name)?.ok_or_else(|| Fault::missing(name, "a date like 2026-04-14"))?;
    let date: NaiveDate = time::date(&text).ok_or_else(|| Fault::unreadable(name, "a date like 2026-04-14"))?;
    let given = fields.text(start_name)?.as_deref().and_then(time::naive).map(|t| time::whole_seconds(t.and_utc()));
    let start = match given {
        Some(start) => start,
        None => {
            draft.assume_zone();
            time::midnight(date, draft.reading.home_zone).ok_or_else(|| Fault::unreadable(name, "a date"))?
        }
    };
    draft.see(start, name)?;
    Ok(Record { kind: RecordKind::Day, start, end: None, day: LocalDay::new(date), provider_id: None })
}

/// The fields of a daily summary, whether they stand in a CSV or in JSON.
fn summary(draft: &mut Draft<'_>, fields: &dyn Fields) -> Result<(), Fault> {
    let record = day_record(draft, fields, "calendarDate", "wellnessStartTimeGmt")?;
    // The day it belongs to is a local day whatever its start: one day is one record.
    let midnight = record.day.date().and_time(chrono::NaiveTime::MIN).and_utc();
    let record = Record { start: midnight, ..record };
    for (name, metric, unit) in DAILY {
        draft.add(&record, metric, reading_or_none(fields.number(name)?), unit, name)?;
    }
    Ok(())
}

/// A row of `daily_summaries.csv`.
pub(super) fn daily(row: &CsvRow<'_>, number: u32, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Garmin, number);
    summary(&mut draft, row)?;
    Ok(draft.finish())
}

/// A row of `sleep_score.csv`, whose cells hold what Python prints for a dict.
pub(super) fn sleep_score(row: &CsvRow<'_>, number: u32, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Garmin, number);
    let record = Record { kind: RecordKind::Sleep, ..day_record(&mut draft, row, "date", "")? };
    let overall = row.json("overall")?;
    let value = overall.as_ref().and_then(Value::as_object).map(Object).map(|o| o.number("value")).transpose()?;
    draft.add(&record, Metric::SleepScore, reading_or_none(value.flatten()), "points", "overall")?;
    Ok(draft.finish())
}

/// A row of `hrv.csv`.
pub(super) fn hrv(row: &CsvRow<'_>, number: u32, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Garmin, number);
    // A night without a measurement has a date and nothing else.
    if row.text("hrvSummary_calendarDate")?.is_none() {
        return Ok(draft.finish());
    }
    let record = day_record(&mut draft, row, "hrvSummary_calendarDate", "startTimestampGMT")?;
    let record = Record { kind: RecordKind::Recovery, ..record };
    let name = "hrvSummary_lastNightAvg";
    draft.add(&record, Metric::HrvRmssd, reading_or_none(row.number(name)?), "ms", name)?;
    Ok(draft.finish())
}

/// A row of `resting_heart_rate.csv`: a list of JSON in one cell. It is the same fact as in the daily summary.
pub(super) fn resting_heart_rate(row: &CsvRow<'_>, number: u32, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Garmin, number);
    let name = "allMetrics_metricsMap_WELLNESS_RESTING_HEART_RATE";
    let record = day_record(&mut draft, row, "date", "")?;
    let midnight = record.day.date().and_time(chrono::NaiveTime::MIN).and_utc();
    let record = Record { start: midnight, ..record };
    let list = row.json(name)?;
    let first = list.as_ref().and_then(Value::as_array).and_then(|list| list.first()).and_then(Value::as_object);
    let value = first.map(|o| Object(o).number("value")).transpose()?.flatten();
    draft.add(&record, Metric::RestingHeartRate, reading_or_none(value), "bpm", name)?;
    Ok(draft.finish())
}

/// A JSON document: each entry of its lists is a row.
pub(super) fn document(document: &Value, reading: &Reading, on_row: &mut OnRow<'_>) {
    let items: Vec<&Value> = match document {
        Value::Array(items) => items.iter().collect(),
        other => vec![other],
    };
    let mut number = 0;
    for item in items {
        let Some(object) = item.as_object().map(Object) else {
            number += 1;
            if on_row(number, Err(Fault::unreadable("entry", "an object of JSON"))).is_break() {
                return;
            }
            continue;
        };
        let lists: Vec<&str> = PUSH_LISTS.into_iter().filter(|list| object.has(list)).collect();
        if lists.is_empty() {
            number += 1;
            if on_row(number, wellness::entry(object, number, reading)).is_break() {
                return;
            }
        }
        for list in lists {
            for entry in object.objects(list) {
                number += 1;
                if on_row(number, push::entry(list, entry, number, reading)).is_break() {
                    return;
                }
            }
        }
    }
}
