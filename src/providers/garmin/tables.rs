//! Connect's payloads flattened into CSV. The order of columns changes from day to day; only names count.

use serde_json::Value;

use crate::domain::metric::Metric;
use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Taken};
use crate::providers::fields::{Fault, Fields, Object};
use crate::providers::files::{TableFormat, TableRow};

use super::date::{calendar, day_record};
use super::{hrv, sleep, summary};

const RESTING: &str = "allMetrics_metricsMap_WELLNESS_RESTING_HEART_RATE";

pub(in crate::providers) const DAILY: TableFormat = TableFormat {
    signatures: &[&["calendarDate", "totalSteps"], &["calendarDate", "wellnessStartTimeGmt"]],
    required: &["calendarDate"],
    read: |row, reading, number| taken(reading, number, |draft| summary::add(draft, row)),
};

pub(in crate::providers) const HRV: TableFormat = TableFormat {
    signatures: &[&["hrvSummary_lastNightAvg"], &["hrvSummary_calendarDate"]],
    required: &["hrvSummary_calendarDate", "hrvSummary_lastNightAvg"],
    read: |row, reading, number| taken(reading, number, |draft| hrv::add(draft, row, &hrv::FLAT, Some(row))),
};

pub(in crate::providers) const RESTING_HEART_RATE: TableFormat = TableFormat {
    signatures: &[&[RESTING]],
    required: &[RESTING],
    read: |row, reading, number| taken(reading, number, |draft| resting(draft, row)),
};

pub(in crate::providers) const SLEEP: TableFormat = TableFormat {
    signatures: &[
        &["date", "overall", "deepPercentage"],
        &["calendarDate", "sleepTimeSeconds"],
        &["calendarDate", "sleepStartTimestampGMT"],
    ],
    required: &[],
    read: |row, reading, number| taken(reading, number, |draft| night(draft, row)),
};

fn taken(
    reading: &Reading,
    number: u32,
    add: impl FnOnce(&mut Draft<'_>) -> Result<(), Fault>,
) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Garmin, number);
    add(&mut draft)?;
    Ok(draft.finish())
}

/// The cell holds a list of values, each with its own date.
fn resting(draft: &mut Draft<'_>, row: &TableRow<'_>) -> Result<(), Fault> {
    let Some(list) = row.json(RESTING)? else {
        return Ok(());
    };
    let unlike = || Fault::unreadable(RESTING, "a list of values with their dates");
    for entry in list.as_array().ok_or_else(unlike)? {
        let entry = Object(entry.as_object().ok_or_else(unlike)?);
        let in_cell = |_| unlike();
        let date = calendar(&entry, "calendarDate").map_err(in_cell)?;
        let record = day_record(draft, date, RESTING, None, None)?;
        let value = entry.number("value").map_err(in_cell)?;
        draft.add(&record, Metric::RestingHeartRate, value, "bpm", RESTING)?;
    }
    Ok(())
}

/// A row with a night's parts, its score, or both.
fn night(draft: &mut Draft<'_>, row: &TableRow<'_>) -> Result<(), Fault> {
    const OVERALL: &str = "overall";
    if row.cell("calendarDate").is_some() {
        sleep::add(draft, row)?;
    }
    let Some(cell) = row.json(OVERALL)? else {
        return Ok(());
    };
    let unlike = || Fault::unreadable(OVERALL, "a value with its qualifier, or a number");
    let score = match &cell {
        Value::Object(overall) => Object(overall).number("value").map_err(|_| unlike())?,
        Value::Number(_) => row.number(OVERALL)?,
        _ => return Err(unlike()),
    };
    let named = if row.cell("date").is_some() { "date" } else { "calendarDate" };
    let record = day_record(draft, calendar(row, named)?, named, None, None)?;
    draft.add(&record, Metric::SleepScore, score, "points", OVERALL)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use crate::domain::metric::Metric;
    use crate::domain::observation::RecordKind;
    use crate::providers::files::probe::{probe, probe_in, utc};

    #[test]
    fn a_daily_summary_is_read_by_name_and_its_codes_are_missing() {
        let read = probe(
            "averageStressLevel,totalSteps,wellnessStartTimeGmt,wellnessEndTimeGmt,calendarDate,totalKilocalories,restingHeartRate,sleepingSeconds,lastSyncTimestampGMT\r\n\
             -1,8820,2026-04-13T23:00:00.0,2026-04-14T23:00:00.0,2026-04-14,2406.0,50,28701,\r\n\
             -2,72,2026-07-12T23:00:00.0,2026-07-13T06:58:00.0,2026-07-13,579.0,53,,2026-07-13T07:01:58.702\r\n",
        )
        .expect("read");
        assert_eq!(read.part.format, "garmin_daily_csv");
        assert_eq!(read.observations(0).len(), 3, "no stress, no sleep");
        let steps = read.of(0, Metric::Steps);
        assert_eq!(steps.key.kind, RecordKind::Day);
        assert_eq!(steps.key.start, utc("2026-04-14T00:00:00Z"));
        assert_eq!(steps.day.to_string(), "2026-04-14");
        let partial = read.of(1, Metric::Steps);
        assert_eq!(partial.as_of, utc("2026-07-13T07:01:58.702Z"));
        assert_eq!(partial.end, Some(utc("2026-07-13T06:58:00Z")));
        assert_eq!(steps.as_of, partial.as_of, "the newest instant of the export");
        assert!(!read.survey.zone_assumed);
    }

    #[test]
    fn a_score_in_a_printed_dict_is_read() {
        let read = probe_in(
            Tz::Europe__London,
            "deepPercentage,overall,date\n\"{'value': 13}\",\"{'value': 90, 'qualifierKey': 'EXCELLENT'}\",2026-04-14\n\
             \"{'value': 13}\",\"{'value': 90\",2026-04-15\n\"\",\"\",2026-04-16\n",
        )
        .expect("read");
        assert_eq!(read.part.format, "garmin_sleep_csv");
        let score = read.of(0, Metric::SleepScore);
        assert_eq!((score.value, score.resolution), (90.0, 1.0));
        assert_eq!(score.key.start, utc("2026-04-14T00:00:00Z"));
        assert!(read.survey.zone_assumed);
        assert_eq!(read.rejection(1).field, "overall");
        assert!(read.observations(2).is_empty());
    }

    #[test]
    fn hrv_is_of_the_day_of_waking_and_as_new_as_its_summary() {
        let read = probe(
            "hrvSummary_calendarDate,hrvSummary_lastNightAvg,hrvSummary_createTimeStamp,startTimestampGMT,startTimestampLocal,hrvReadings\n\
             2026-04-14,67,2026-04-14T06:26:04.821,2026-04-13T21:50:06.0,2026-04-13T22:50:06.0,[]\n\
             2026-04-19,,2026-04-19T05:21:29.790,2026-04-19T05:20:58.0,2026-04-19T06:20:58.0,[]\n",
        )
        .expect("read");
        assert_eq!(read.part.format, "garmin_hrv_csv");
        let hrv = read.of(0, Metric::HrvRmssd);
        assert_eq!(hrv.key.start, utc("2026-04-14T00:00:00Z"));
        assert_eq!(hrv.as_of, utc("2026-04-14T06:26:04.821Z"));
        assert!(read.observations(1).is_empty(), "a night without HRV");
    }

    #[test]
    fn resting_heart_rate_stands_in_a_nested_list() {
        let read = probe(
            "userProfileId,allMetrics_metricsMap_WELLNESS_RESTING_HEART_RATE,date\n\
             1,\"[{\"\"value\"\": 50.0, \"\"calendarDate\"\": \"\"2026-04-14\"\"}]\",2026-04-14\n\
             1,\"[{\"\"value\"\": 6000, \"\"calendarDate\"\": \"\"2026-04-14\"\"}]\",2026-04-14\n\
             1,[1],2026-04-14\n",
        )
        .expect("read");
        assert_eq!(read.part.format, "garmin_resting_heart_rate_csv");
        assert_eq!(read.of(0, Metric::RestingHeartRate).value, 50.0);
        assert!(!read.rejection(1).reason.contains("6000"));
        assert!(read.rejection(2).reason.contains("list of values"));
    }
}
