//! A night as Connect gives it: `dailySleepDTO` in its document, flat in an account export, or flattened in a CSV.

use chrono::TimeDelta;

use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{Draft, Record, check_asleep, check_order};
use crate::providers::fields::{Fault, Fields, Object};
use crate::providers::written::Written;

use super::date::{calendar, day_record, gmt, offset};

const ASLEEP: &str = "sleepTimeSeconds";
const START: &str = "sleepStartTimestampGMT";
const END: &str = "sleepEndTimestampGMT";
const DEVIATION: &str = "avgSkinTempDeviationC";
const STAGES: [&str; 3] = ["deepSleepSeconds", "lightSleepSeconds", "remSleepSeconds"];

const COLUMNS: [(&str, Metric, &str); 8] = [
    ("deepSleepSeconds", Metric::SleepDeep, "s"),
    ("lightSleepSeconds", Metric::SleepLight, "s"),
    ("remSleepSeconds", Metric::SleepRem, "s"),
    ("awakeSleepSeconds", Metric::SleepAwake, "s"),
    ("averageSpO2Value", Metric::Spo2, "%"),
    ("averageRespirationValue", Metric::RespiratoryRate, "rpm"),
    ("averageRespiration", Metric::RespiratoryRate, "rpm"),
    (DEVIATION, Metric::SkinTemperatureDeviation, "C"),
];

/// Adds the parts of a night. Without onset and end nothing was measured, and nothing is added.
pub(super) fn add(draft: &mut Draft<'_>, fields: &dyn Fields) -> Result<Option<Record>, Fault> {
    let (Some(start), Some(end)) = (gmt(fields, START)?, gmt(fields, END)?) else {
        return Ok(None);
    };
    draft.see(start, START)?;
    draft.see(end, END)?;
    check_order(start, Some(end), END)?;
    let record = Record {
        kind: RecordKind::Sleep,
        start,
        end: Some(end),
        day: LocalDay::new(calendar(fields, "calendarDate")?),
        provider_id: None,
    };
    let asleep = match fields.number(ASLEEP)? {
        Some(asleep) => Some(asleep),
        None => sum(fields)?,
    };
    let window = Written { value: (end - start).as_seconds_f64(), resolution: 1.0 };
    check_asleep(asleep, Some(window), 60.0, ASLEEP)?;
    draft.add(&record, Metric::SleepDuration, asleep, "s", ASLEEP)?;
    for (name, metric, unit) in COLUMNS {
        draft.add(&record, metric, fields.number(name)?, unit, name)?;
    }
    Ok(Some(record))
}

/// The stages add up to the time asleep where it is not given itself.
fn sum(fields: &dyn Fields) -> Result<Option<Written>, Fault> {
    let mut total: Option<Written> = None;
    for stage in STAGES {
        if let Some(part) = fields.number(stage)? {
            total = Some(total.map_or(part, |total| total.plus(part)));
        }
    }
    Ok(total)
}

/// Adds a sleep document; `dto` is the part with the night, which may be the document itself.
pub(super) fn add_document(draft: &mut Draft<'_>, document: Object<'_>, dto: Object<'_>) -> Result<(), Fault> {
    let Some(night) = add(draft, &dto)? else {
        return Ok(());
    };
    if !std::ptr::eq(document.0, dto.0) {
        let deviation = document.number(DEVIATION)?;
        draft.add(&night, Metric::SkinTemperatureDeviation, deviation, "C", DEVIATION)?;
    }
    if let Some(need) = dto.object("sleepNeed") {
        draft.add(&night, Metric::SleepNeed, need.number("actual")?, "min", "actual")?;
    }
    let score = dto.object("sleepScores").map_or(Ok(None), |scores| match scores.object("overall") {
        Some(overall) => overall.number("value"),
        None => scores.number("overallScore"),
    })?;
    let resting = document.number("restingHeartRate")?;
    if score.is_none() && resting.is_none() {
        return Ok(());
    }
    let ahead = local_offset(&dto)?;
    let date = calendar(&dto, "calendarDate")?;
    let day = day_record(draft, date, "calendarDate", None, ahead)?;
    draft.add(&day, Metric::SleepScore, score, "points", "sleepScores")?;
    draft.add(&day, Metric::RestingHeartRate, resting, "bpm", "restingHeartRate")
}

fn local_offset(dto: &dyn Fields) -> Result<Option<TimeDelta>, Fault> {
    offset(dto, START, "sleepStartTimestampLocal")
}
