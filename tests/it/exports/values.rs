//! Values are those of the file, read a second time without the code under test.

use std::path::Path;

use candor::domain::metric::Metric;
use candor::domain::observation::RecordKind;
use chrono_tz::Tz;

use super::{ReadFile, one, samples};

/// How many values a metric has, and their sum.
fn total(read: &ReadFile, metric: Metric, kind: RecordKind) -> (usize, f64) {
    let values = read.observations.iter().filter(|o| o.key.metric == metric && o.key.kind == kind);
    values.fold((0, 0.0), |(count, sum), o| (count + 1, sum + o.value))
}

/// The same, from the file's cells, read without the code under test.
fn column(path: &Path, name: &str, occurrence: usize, keep: impl Fn(&csv::StringRecord) -> bool) -> (usize, f64) {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    let places: Vec<usize> = reader
        .headers()
        .expect("a header")
        .iter()
        .enumerate()
        .filter_map(|(place, cell)| (cell.trim_start_matches('\u{feff}') == name).then_some(place))
        .collect();
    let mut found = (0, 0.0);
    for record in reader.records() {
        let record = record.expect("a row");
        let cell = record.get(places[occurrence]).expect("a cell");
        if !cell.is_empty() && keep(&record) {
            found = (found.0 + 1, found.1 + cell.parse::<f64>().expect("a number"));
        }
    }
    found
}

fn assert_totals(found: (usize, f64), expected: (usize, f64), scale: f64, what: &str) {
    assert_eq!(found.0, expected.0, "{what}: how many");
    let difference = (found.1 - expected.1 * scale).abs();
    assert!(difference < 1e-6 * (1.0 + found.1.abs()), "{what}: {found:?} {expected:?}");
    println!("  {what}: {} values, as the file has them", found.0);
}

#[test]
fn values_are_those_of_the_file() {
    use RecordKind::{Activity, Cycle, Day, Recovery, Sleep};
    let Some(folder) = samples() else { return };
    let everything = |_: &csv::StringRecord| true;
    let cycles = folder.join("whoop/samples/bobahyun-Whoop-Health-Data/physiological_cycles.csv");
    let read = one(&cycles, Tz::UTC);
    for (name, metric, kind) in [
        ("Recovery score %", Metric::RecoveryScore, Recovery),
        ("Heart rate variability (ms)", Metric::HrvRmssd, Recovery),
        ("Skin temp (celsius)", Metric::SkinTemperature, Recovery),
        ("Energy burned (cal)", Metric::Energy, Cycle),
        ("Day Strain", Metric::Strain, Cycle),
        ("Asleep duration (min)", Metric::SleepDuration, Sleep),
        ("Respiratory rate (rpm)", Metric::RespiratoryRate, Sleep),
    ] {
        assert_totals(total(&read, metric, kind), column(&cycles, name, 0, everything), 1.0, name);
    }

    let strava = folder.join("strava/samples/Darixxxon-MyStravaAnalytics/activities.csv");
    let read = one(&strava, Tz::Europe__Warsaw);
    assert!(read.survey.zone_assumed);
    for (name, occurrence, metric, scale) in [
        ("Distance", 1, Metric::ActivityDistance, 1.0),
        ("Elapsed Time", 1, Metric::ActivityDuration, 1.0 / 60.0),
        ("Moving Time", 0, Metric::ActivityMovingTime, 1.0 / 60.0),
        ("Calories", 0, Metric::ActivityEnergy, 1.0),
        ("Relative Effort", 1, Metric::RelativeEffort, 1.0),
    ] {
        assert_totals(total(&read, metric, Activity), column(&strava, name, occurrence, everything), scale, name);
    }

    let garmin = folder.join("garmin/samples/MacGoesRunning-garmin-data-MacGoesRunning/daily_summaries.csv");
    let read = one(&garmin, Tz::UTC);
    assert!(!read.survey.zone_assumed);
    for (name, metric) in [
        ("totalSteps", Metric::Steps),
        ("totalKilocalories", Metric::Energy),
        ("averageStressLevel", Metric::Stress),
        ("bodyBatteryHighestValue", Metric::BodyBattery),
        ("averageSpo2", Metric::Spo2),
    ] {
        assert_totals(total(&read, metric, Day), column(&garmin, name, 0, everything), 1.0, name);
    }
}
