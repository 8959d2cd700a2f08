//! Bodies that Garmin's Health API pushes: dailies, epochs, sleeps, HRV, body composition.
//!
//! An epoch is fifteen minutes of a day and stands in the daily summary too: its row is read and holds no measurement of
//! its own, so that no step is counted twice.

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::reading_or_none;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Record, Taken};
use crate::providers::fields::{Fault, Fields, Object};
use crate::providers::time;

const DAILY: [(&str, Metric, &str); 5] = [
    ("steps", Metric::Steps, "steps"),
    ("restingHeartRateInBeatsPerMinute", Metric::RestingHeartRate, "bpm"),
    ("averageHeartRateInBeatsPerMinute", Metric::HeartRateAverage, "bpm"),
    ("maxHeartRateInBeatsPerMinute", Metric::HeartRateMax, "bpm"),
    ("averageStressLevel", Metric::Stress, "points"),
];
const SLEEP: [(&str, Metric); 5] = [
    ("durationInSeconds", Metric::SleepDuration),
    ("deepSleepDurationInSeconds", Metric::SleepDeep),
    ("lightSleepDurationInSeconds", Metric::SleepLight),
    ("remSleepInSeconds", Metric::SleepRem),
    ("awakeDurationInSeconds", Metric::SleepAwake),
];

fn whole(entry: Object<'_>, name: &str) -> Result<Option<i64>, Fault> {
    let Some(text) = entry.text(name)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Fault::unreadable(name, "whole seconds"))
}

/// One entry of one list.
pub(super) fn entry(list: &str, entry: Object<'_>, number: u32, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Garmin, number);
    let name = if list == "bodyComps" { "measurementTimeInSeconds" } else { "startTimeInSeconds" };
    let seconds = whole(entry, name)?.ok_or_else(|| Fault::missing(name, "seconds since 1970"))?;
    let start = DateTime::from_timestamp(seconds, 0).ok_or_else(|| Fault::unreadable(name, "seconds since 1970"))?;
    draft.see(start, name)?;
    let offset_name = if list == "bodyComps" { "measurementTimeOffsetInSeconds" } else { "startTimeOffsetInSeconds" };
    let offset = whole(entry, offset_name)?.unwrap_or(0);
    let offset: FixedOffset = i32::try_from(offset)
        .ok()
        .and_then(time::plausible_offset)
        .ok_or_else(|| Fault::unreadable(offset_name, "an offset in seconds"))?;
    let length = whole(entry, "durationInSeconds")?.and_then(TimeDelta::try_seconds);
    let end = length.and_then(|length| start.checked_add_signed(length));
    let given_day = entry.text("calendarDate")?.as_deref().and_then(time::date).map(LocalDay::new);
    let day_of = |instant| given_day.unwrap_or_else(|| LocalDay::at(instant, offset));
    let record = |kind, day| Record { kind, start, end, day, provider_id: None };
    match list {
        "dailies" => {
            // One local day is one record, as in the files.
            let day = day_of(start);
            let midnight = day.date().and_time(chrono::NaiveTime::MIN).and_utc();
            let record = Record { start: midnight, end: None, ..record(RecordKind::Day, day) };
            for (name, metric, unit) in DAILY {
                draft.add(&record, metric, reading_or_none(entry.number(name)?), unit, name)?;
            }
        }
        "sleeps" => {
            let record = record(RecordKind::Sleep, day_of(end.unwrap_or(start)));
            for (name, metric) in SLEEP {
                draft.add(&record, metric, reading_or_none(entry.number(name)?), "s", name)?;
            }
        }
        "hrv" => {
            let record = Record { end: None, ..record(RecordKind::Recovery, day_of(start)) };
            let value = reading_or_none(entry.number("lastNightAvg")?);
            draft.add(&record, Metric::HrvRmssd, value, "ms", "lastNightAvg")?;
        }
        "bodyComps" => {
            let record = Record { end: None, ..record(RecordKind::Weighing, day_of(start)) };
            let value = reading_or_none(entry.number("weightInGrams")?);
            draft.add(&record, Metric::Weight, value, "g", "weightInGrams")?;
        }
        _ => {}
    }
    Ok(draft.finish())
}
