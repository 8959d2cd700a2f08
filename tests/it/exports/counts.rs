//! Every sample is read to its last row, and nothing plausible is refused.

use std::fmt::Write as _;

use candor::engine::ports::export::ExportReader;
use candor::providers::ExportFiles;
use chrono_tz::Tz;

use super::{one, samples};

/// File, format, rows, rows that are refused, activities.
const EXPECTED: [(&str, &str, u64, usize, usize); 23] = [
    ("whoop/samples/bobahyun-Whoop-Health-Data/physiological_cycles.csv", "whoop_cycles_csv", 367, 0, 0),
    ("whoop/samples/bobahyun-Whoop-Health-Data/sleeps.csv", "whoop_sleeps_csv", 409, 0, 0),
    ("whoop/samples/TheOneRichy-whoop_data/physiological_cycles.csv", "whoop_cycles_csv", 173, 0, 0),
    ("whoop/samples/TheOneRichy-whoop_data/sleeps.csv", "whoop_sleeps_csv", 183, 0, 0),
    ("whoop/samples/TheOneRichy-whoop_data/workouts.csv", "whoop_workouts_csv", 124, 0, 124),
    ("whoop/samples/haquannes-whoop/physiological_cycles.csv", "whoop_cycles_csv", 226, 0, 0),
    ("strava/samples/Darixxxon-MyStravaAnalytics/activities.csv", "strava_activities_csv", 472, 0, 472),
    ("strava/samples/archipelagic-strava/activities.csv", "strava_activities_csv", 6, 0, 6),
    ("strava/samples/AhmedAldahshoury-StravaData/activities.csv", "strava_legacy_csv", 128, 0, 128),
    ("garmin/samples/MacGoesRunning-garmin-data-MacGoesRunning/daily_summaries.csv", "garmin_daily_csv", 91, 0, 0),
    ("garmin/samples/MacGoesRunning-garmin-data-MacGoesRunning/sleep_score.csv", "garmin_sleep_csv", 87, 0, 0),
    (
        "garmin/samples/MacGoesRunning-garmin-data-MacGoesRunning/resting_heart_rate.csv",
        "garmin_resting_heart_rate_csv",
        91,
        0,
        0,
    ),
    ("garmin/samples/MacGoesRunning-garmin-data-MacGoesRunning/hrv.csv", "garmin_hrv_csv", 91, 0, 0),
    ("garmin/samples/RADAR-base-RADAR-PushEndpoint/dailies.json", "garmin_push_json", 2, 1, 0),
    ("garmin/samples/RADAR-base-RADAR-PushEndpoint/epoch.json", "garmin_push_json", 1, 0, 0),
    (
        "fitbit/samples/openmhealth-shimmer/fitbit-activities-date-multiple-in-activities-list.json",
        "fitbit_json",
        3,
        0,
        3,
    ),
    (
        "fitbit/samples/openmhealth-shimmer/fitbit-activities-date-single-in-activities-list.json",
        "fitbit_json",
        1,
        0,
        1,
    ),
    ("fitbit/samples/openmhealth-shimmer/fitbit-activities-heart-1d-1m-intraday.json", "fitbit_json", 1, 0, 0),
    ("fitbit/samples/openmhealth-shimmer/fitbit-activities-steps-1d-1m-intraday.json", "fitbit_json", 1, 0, 0),
    ("fitbit/samples/openmhealth-shimmer/fitbit-activities-steps-timeseries.json", "fitbit_json", 3, 0, 0),
    ("fitbit/samples/openmhealth-shimmer/fitbit-body-log-weight.json", "fitbit_json", 4, 0, 0),
    ("fitbit/samples/openmhealth-shimmer/fitbit-sleep-date.json", "fitbit_json", 2, 0, 0),
    ("fitbit/samples/openmhealth-shimmer/fitbit-sleep-date-range.json", "fitbit_json", 2, 0, 0),
];

#[test]
fn every_sample_is_read_to_its_last_row() {
    let Some(folder) = samples() else { return };
    let mut unlike = String::new();
    for (file, format, rows, rejected, activities) in EXPECTED {
        let read = one(&folder.join(file), Tz::UTC);
        let found = (read.part.format, read.rows, read.rejections.len(), read.activities);
        if found != (format, rows, rejected, activities) {
            let _ = writeln!(unlike, "{file}: {found:?}");
        }
    }
    assert!(unlike.is_empty(), "{unlike}");
}

#[test]
fn an_answer_without_a_record_says_nothing_of_what_it_is() {
    let Some(folder) = samples() else { return };
    for name in ["activities-date-empty-activities", "sleep-date-empty-sleep", "sleep-date-range-empty-sleep"] {
        let path = folder.join(format!("fitbit/samples/openmhealth-shimmer/fitbit-{name}-list.json"));
        let error = ExportFiles.parts(&path).expect_err("refused");
        assert!(error.to_string().contains("holds no record"), "{error}");
    }
}
