//! Bodies of the Health API as they are pushed: lists of summaries by type.
//!
//! A summary that is sent again bears a new `summaryId`, so the id is not part of a record's identity. A body may
//! carry several people; a file is one person's, so records of a second user are refused. An epoch is a part of a
//! day for one kind of movement: several share a start, and the daily summary holds their sum, so epochs are
//! read and give no values; nor do user metrics, pulse oximetry and respiration by the hour, of which no daily value is known.

use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Taken};
use crate::providers::fields::{Fault, Fields, Object};
use crate::providers::files::{DocumentFormat, DocumentReader};

use super::push_records as records;

/// Keys of which each pushed record bears one.
pub(in crate::providers) const MARKS: &[&str] =
    &["summaryId", "startTimeInSeconds", "measurementTimeInSeconds", "userAccessToken"];

/// What stands first in a document that was taken out of a push: an empty list, by which it is known whatever else is in it.
pub(in crate::providers) const PART: &str = "garmin_push";

pub(in crate::providers) const PUSH: DocumentFormat = DocumentFormat {
    lists: &[
        PART,
        "dailies",
        "epochs",
        "sleeps",
        "hrv",
        "stressDetails",
        "bodyComps",
        "skinTemp",
        "activities",
        "manuallyUpdatedActivities",
        "userMetrics",
        "pulseox",
        "allDayRespiration",
    ],
    reader: || Box::new(Push::default()),
};

#[derive(Default)]
struct Push {
    user: Option<String>,
}

impl DocumentReader for Push {
    fn read(
        &mut self,
        list: Option<&str>,
        record: Object<'_>,
        reading: &Reading,
        row: u32,
    ) -> Result<Option<Taken>, Fault> {
        if let Some(user) = record.text("userId")? {
            match &self.user {
                None => self.user = Some(user.into_owned()),
                Some(first) if *first == user => {}
                Some(_) => {
                    return Err(Fault::new(
                        "userId",
                        "is another user than the first record's; a file is one person's",
                    ));
                }
            }
        }
        let mut draft = Draft::new(reading, Provider::Garmin, row);
        records::weigh(&mut draft, list, record)?;
        match list {
            Some("dailies") => records::daily(&mut draft, record)?,
            Some("sleeps") => records::sleep(&mut draft, record)?,
            Some("hrv") => records::hrv(&mut draft, record)?,
            Some("stressDetails") => records::stress(&mut draft, record)?,
            Some("bodyComps") => records::weighing(&mut draft, record)?,
            Some("skinTemp") => records::skin_temperature(&mut draft, record)?,
            Some("activities" | "manuallyUpdatedActivities") => {
                records::activity(&mut draft, record)?;
            }
            Some("epochs") => {
                records::span(&mut draft, record, crate::domain::observation::RecordKind::Sample)?;
            }
            _ => {}
        }
        Ok(Some(draft.finish()))
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::metric::Metric;
    use crate::domain::observation::RecordKind;
    use crate::providers::files::probe::{probe, utc};

    #[test]
    fn a_daily_summary_says_where_its_clock_stood() {
        let read = probe(
            r#"{"dailies":[{"userId":"a","summaryId":"x1","calendarDate":"2016-01-11","steps":4210,
                "activeKilocalories":321,"bmrKilocalories":1731,"durationInSeconds":86400,
                "startTimeInSeconds":1452470400,"startTimeOffsetInSeconds":3600,"averageStresslevel":-1,
                "maxHeartRateInBeatsPerMinute":112},
               {"userId":"b","summaryId":"x2","startTimeInSeconds":1452556800,"steps":1}]}"#,
        )
        .expect("read");
        assert_eq!(read.part.format, "garmin_push_json");
        let steps = read.of(0, Metric::Steps);
        assert_eq!(steps.key.start, utc("2016-01-11T00:00:00Z"));
        assert_eq!(steps.key.provider_id, None, "a summary sent again bears a new id");
        assert_eq!(read.of(0, Metric::Energy).value, 2052.0);
        assert_eq!(read.observations(0).len(), 3, "no stress was measured");
        assert_eq!(read.rejection(1).field, "userId");
    }

    #[test]
    fn nights_weighings_and_workouts_are_read_and_epochs_give_nothing() {
        let read = probe(
            r#"{"epochs":[{"summaryId":"e","steps":93,"startTimeInSeconds":1519679700,"durationInSeconds":840}],
                "sleeps":[{"summaryId":"s","calendarDate":"2024-03-02","startTimeInSeconds":1709330400,
                  "startTimeOffsetInSeconds":3600,"durationInSeconds":28800,"deepSleepDurationInSeconds":7200,
                  "lightSleepDurationInSeconds":14400,"remSleepInSeconds":3600,"awakeDurationInSeconds":3600,
                  "overallSleepScore":{"value":81},
                  "naps":[{"napStartTimeInSeconds":1709384400,"napOffsetInSeconds":3600,"napDurationInSeconds":1800}]}],
                "bodyComps":[{"summaryId":"w","measurementTimeInSeconds":1709330400,"weightInGrams":59500}],
                "activities":[{"summaryId":"a","activityId":5,"activityName":"Secret","activityType":"RUNNING",
                  "startTimeInSeconds":1709330400,"startTimeOffsetInSeconds":3600,"durationInSeconds":600,"distanceInMeters":1500.5}],
                "unknown":[{"x":1}]}"#,
        )
        .expect("read");
        assert_eq!(read.rows.len(), 4);
        assert!(read.observations(0).is_empty(), "a part of a day");
        assert_eq!(read.of(1, Metric::SleepDuration).value, 420.0);
        assert_eq!(read.of(1, Metric::NapDuration).key.kind, RecordKind::Nap);
        assert_eq!(read.of(1, Metric::SleepScore).key.start, utc("2024-03-02T00:00:00Z"));
        assert_eq!(read.of(2, Metric::Weight).value, 59.5);
        assert_eq!(read.activity(3).sport, "RUNNING");
        assert_eq!(read.of(3, Metric::ActivityDistance).value, 1500.5);
        assert!(!format!("{:?}", read.rows).contains("Secret"));
    }

    #[test]
    fn a_summary_that_reaches_further_and_a_night_on_a_higher_rung_count_more() {
        let read = probe(
            r#"{"dailies":[{"summaryId":"a","startTimeInSeconds":1452470400,"durationInSeconds":43200,"steps":1},
                  {"summaryId":"b","startTimeInSeconds":1452470400,"durationInSeconds":86400,"steps":2}],
                "sleeps":[{"summaryId":"c","startTimeInSeconds":1452470400,"durationInSeconds":60,"validation":"DEVICE",
                    "deepSleepDurationInSeconds":60},
                  {"summaryId":"d","startTimeInSeconds":1452470400,"durationInSeconds":60,"validation":"ENHANCED_FINAL",
                    "deepSleepDurationInSeconds":60},
                  {"summaryId":"e","startTimeInSeconds":1452470400,"durationInSeconds":60,"validation":"MANUAL",
                    "deepSleepDurationInSeconds":60}]}"#,
        )
        .expect("read");
        let steps = [0, 1].map(|row| read.of(row, Metric::Steps));
        assert_eq!(steps.map(|steps| steps.finality), [43_200, 86_400]);
        assert_eq!(steps[0].as_of, utc("2027-01-01T00:00:00Z"));
        assert_eq!([2, 3, 4].map(|row| read.of(row, Metric::SleepDeep).finality), [1, 5, 0]);
        assert_eq!(read.survey.newest, Some(utc("2016-01-12T00:00:00Z")), "coming in is not being measured");
    }
}
