//! Connect's JSON documents: a daily summary, a night, a night's HRV.

use chrono::DateTime;

use super::{reading_or_none, summary};
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Record, Taken, check_order};
use crate::providers::fields::{Fault, Fields, Object};
use crate::providers::time;

const SLEEP: [(&str, Metric); 5] = [
    ("sleepTimeSeconds", Metric::SleepDuration),
    ("deepSleepSeconds", Metric::SleepDeep),
    ("lightSleepSeconds", Metric::SleepLight),
    ("remSleepSeconds", Metric::SleepRem),
    ("awakeSleepSeconds", Metric::SleepAwake),
];

/// One document or one entry of a list of them.
pub(super) fn entry(object: Object<'_>, number: u32, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Garmin, number);
    if let Some(night) = object.object("dailySleepDTO") {
        sleep(&mut draft, night)?;
    } else if let Some(hrv) = object.object("hrvSummary") {
        let record = super::day_record(&mut draft, &hrv, "calendarDate", "startTimestampGMT")?;
        let record = Record { kind: RecordKind::Recovery, ..record };
        let value = reading_or_none(hrv.number("lastNightAvg")?);
        draft.add(&record, Metric::HrvRmssd, value, "ms", "lastNightAvg")?;
    } else {
        summary(&mut draft, &object)?;
    }
    Ok(draft.finish())
}

fn millis(night: Object<'_>, name: &str) -> Result<Option<crate::domain::Instant>, Fault> {
    let Some(text) = night.text(name)? else { return Ok(None) };
    let instant = text.parse().ok().and_then(time::from_millis);
    instant.map(Some).ok_or_else(|| Fault::unreadable(name, "milliseconds since 1970"))
}

fn sleep(draft: &mut Draft<'_>, night: Object<'_>) -> Result<(), Fault> {
    let Some(start) = millis(night, "sleepStartTimestampGMT")? else { return Ok(()) };
    let end = millis(night, "sleepEndTimestampGMT")?;
    draft.see(start, "sleepStartTimestampGMT")?;
    check_order(start, end, "sleepEndTimestampGMT")?;
    let day = match night.text("calendarDate")?.as_deref().and_then(time::date) {
        Some(date) => LocalDay::new(date),
        None => {
            // "Local" is local time written as if it were UTC: its date is the local one.
            let local = millis(night, "sleepEndTimestampLocal")?;
            LocalDay::new(local.or(end).unwrap_or(DateTime::UNIX_EPOCH).date_naive())
        }
    };
    let record = Record { kind: RecordKind::Sleep, start, end, day, provider_id: None };
    for (name, metric) in SLEEP {
        draft.add(&record, metric, reading_or_none(night.number(name)?), "s", name)?;
    }
    let spo2 = reading_or_none(night.number("averageSpO2Value")?);
    draft.add(&record, Metric::Spo2, spo2, "%", "averageSpO2Value")?;
    let breath = reading_or_none(night.number("averageRespirationValue")?);
    draft.add(&record, Metric::RespiratoryRate, breath, "breaths/min", "averageRespirationValue")
}
