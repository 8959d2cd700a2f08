//! Connect's JSON documents: one per day or night, a list of them, or statistics over many days.

use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Taken};
use crate::providers::fields::{Fault, Object};
use crate::providers::files::{DocumentFormat, DocumentReader};

use super::{hrv, sleep, summary, weight};

/// Keys by which a record, or the root object, is known. All of one group must be there.
pub(in crate::providers) const MARKS: &[&[&str]] = &[
    &["dailySleepDTO"],
    &["calendarDate", "sleepStartTimestampGMT"],
    &["calendarDate", "sleepTimeSeconds"],
    &["hrvSummary"],
    &["calendarDate", "lastNightAvg"],
    &["hrvSummaries"],
    &["dailyWeightSummaries"],
    &["dateWeightList"],
    &["calendarDate", "totalSteps"],
    &["calendarDate", "wellnessStartTimeGmt"],
    &["calendarDate", "avgStressLevel"],
    &["calendarDate", "restingHeartRate"],
    &["calendarDate", "values", "values.overallStressLevel"],
];

/// A document whose root is a record has none of these lists; they stand in statistics over many days.
pub(in crate::providers) const WELLNESS: DocumentFormat = DocumentFormat {
    lists: &["hrvSummaries", "dailyWeightSummaries", "dateWeightList"],
    reader: || Box::new(Wellness),
};

struct Wellness;

impl DocumentReader for Wellness {
    fn read(
        &mut self,
        list: Option<&str>,
        record: Object<'_>,
        reading: &Reading,
        row: u32,
    ) -> Result<Option<Taken>, Fault> {
        let mut draft = Draft::new(reading, Provider::Garmin, row);
        match list {
            Some("hrvSummaries") => hrv::add(&mut draft, &record, &hrv::PLAIN, None)?,
            Some("dailyWeightSummaries") => weight::add_day(&mut draft, record)?,
            Some("dateWeightList") => weight::add(&mut draft, record)?,
            _ => document(&mut draft, record)?,
        }
        Ok(Some(draft.finish()))
    }
}

fn document(draft: &mut Draft<'_>, record: Object<'_>) -> Result<(), Fault> {
    if let Some(dto) = record.object("dailySleepDTO") {
        sleep::add_document(draft, record, dto)
    } else if record.has("hrvSummary") {
        // Before sleep: this document names the sleep's times as well.
        hrv::add_document(draft, record)
    } else if record.has("sleepTimeSeconds") || record.has("sleepStartTimestampGMT") {
        sleep::add_document(draft, record, record)
    } else if record.has("lastNightAvg") {
        hrv::add(draft, &record, &hrv::PLAIN, None)
    } else if record.has("avgStressLevel") {
        summary::add_stress(draft, record)
    } else if record.object("values").is_some() {
        summary::add_stress_statistic(draft, record)
    } else if ["totalSteps", "wellnessStartTimeGmt", "restingHeartRate"].iter().any(|key| record.has(key)) {
        summary::add(draft, &record)
    } else {
        // A list may hold records of other kinds; they have no measurement that is known here.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::metric::Metric;
    use crate::domain::observation::RecordKind;
    use crate::providers::files::probe::{probe, utc};

    const NIGHT: &str = r#"{"dailySleepDTO": {"calendarDate": "2025-07-07", "sleepTimeSeconds": 24180,
        "sleepStartTimestampGMT": 1751863648000, "sleepEndTimestampGMT": 1751888248000,
        "sleepStartTimestampLocal": 1751842048000, "deepSleepSeconds": 5280, "averageSpO2Value": 93.0,
        "sleepScores": {"overall": {"value": 83}}, "sleepNeed": {"actual": 470}},
        "avgSkinTempDeviationC": -0.4, "restingHeartRate": 44}"#;

    #[test]
    fn a_night_is_read_alone_or_in_a_list() {
        for text in [NIGHT.to_owned(), format!("[{NIGHT}]"), format!("\u{feff}\n{NIGHT}\n")] {
            let read = probe(text).expect("read");
            assert_eq!(read.part.format, "garmin_wellness_json");
            let sleep = read.of(0, Metric::SleepDuration);
            assert_eq!(sleep.value, 403.0);
            assert_eq!(sleep.resolution, 1.0 / 60.0);
            assert_eq!(sleep.key.start, utc("2025-07-07T04:47:28Z"));
            assert_eq!(sleep.day.to_string(), "2025-07-07");
            assert_eq!(read.of(0, Metric::SleepNeed).value, 470.0);
            assert_eq!(read.of(0, Metric::SkinTemperatureDeviation).value, -0.4);
            let score = read.of(0, Metric::SleepScore);
            assert_eq!(score.key.kind, RecordKind::Day);
            assert_eq!(score.key.start, utc("2025-07-07T00:00:00Z"), "one calendar day is one fact");
        }
    }

    #[test]
    fn more_sleep_than_the_night_has_is_refused() {
        let read = probe(NIGHT.replace("24180", "34180")).expect("read");
        assert_eq!(read.rejection(0).field, "sleepTimeSeconds");
    }

    #[test]
    fn a_day_without_readings_has_no_stress() {
        let read = probe(
            r#"[{"calendarDate": "2023-07-20", "startTimestampGMT": "2023-07-20T06:00:00.000Z",
                 "avgStressLevel": 0, "stressValuesArray": [], "bodyBatteryValuesArray": []},
                {"calendarDate": "2023-07-21", "startTimestampGMT": "2023-07-21T06:00:00.0",
                 "avgStressLevel": 25, "stressValuesArray": [[1689811800000, 12]],
                 "bodyBatteryValuesArray": [[1, null, null, 2.0], [2, "charging", 61, 1.0], [3, "x", 45, 1.0]]}]"#,
        )
        .expect("read");
        assert!(read.observations(0).is_empty());
        assert_eq!(read.of(1, Metric::Stress).value, 25.0);
        assert_eq!(read.of(1, Metric::BodyBattery).value, 61.0);
    }

    #[test]
    fn statistics_and_weighings_are_lists_under_a_name() {
        let read = probe(
            r#"{"userProfilePK": 1, "hrvSummaries": [{"calendarDate": "2023-07-01", "lastNightAvg": 43,
                "createTimeStamp": "2023-07-01T12:27:14.85"}, {"calendarDate": "2023-07-02", "lastNightAvg": null}]}"#,
        )
        .expect("read");
        assert_eq!(read.of(0, Metric::HrvRmssd).as_of, utc("2023-07-01T12:27:14.850Z"));
        assert!(read.observations(1).is_empty());
        let read = probe(
            r#"{"dateWeightList": [{"samplePk": 7, "calendarDate": "2025-06-14", "weight": 59500.0, "timestampGMT": 1749948725175}]}"#,
        )
        .expect("read");
        let weight = read.of(0, Metric::Weight);
        assert_eq!((weight.value, weight.key.kind), (59.5, RecordKind::Weighing));
        assert_eq!(weight.key.start, utc("2025-06-15T00:52:05Z"), "whole seconds");
        assert_eq!(weight.day.to_string(), "2025-06-14");
    }

    #[test]
    fn a_record_with_nan_is_refused_alone_and_a_cut_document_whole() {
        let list = r#"[{"calendarDate":"2023-07-01","totalSteps":NaN},{"calendarDate":"2023-07-02","totalSteps":1e309},
            {"calendarDate":"2023-07-03","totalSteps":5}]"#;
        let read = probe(list).expect("read");
        assert!(read.rejection(0).reason.contains("NaN"));
        assert!(read.rejection(1).reason.contains("NaN"));
        assert_eq!(read.of(2, Metric::Steps).value, 5.0);
        let cut = &list[..list.len() - 12];
        assert!(probe(cut).expect_err("cut").to_string().contains("ends too early"));
        assert!(probe(format!("{list}]")).is_err());
        assert!(probe(list.replace("NaN", "5,,")).is_err());
    }
}
