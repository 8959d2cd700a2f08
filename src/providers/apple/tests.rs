//! Made-up exports of Apple Health, read whole.

use std::fmt::Write;
use std::ops::ControlFlow;

use chrono_tz::Tz;

use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, RecordKind};
use crate::domain::provider::Provider;
use crate::engine::ports::export::{ExportReader, ReadContext, Row};
use crate::providers::ExportFiles;
use crate::providers::draft::Reading;
use crate::providers::files::Content;
use crate::providers::files::probe::{Probe, probe, probe_in, utc, zipped};
use crate::providers::track::probe::GPX;

use super::{Kept, take_in};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <!DOCTYPE HealthData [\n<!-- HealthKit Export Version: 12 -->\n\
    <!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout)*)>\n\
    <!ATTLIST HealthData\n  locale CDATA #REQUIRED\n>\n]>\n\
    <HealthData locale=\"en_DE\">\n <ExportDate value=\"2024-03-05 10:00:00 +0100\"/>\n";

fn export(elements: &str) -> String {
    format!("{HEAD}{elements}\n</HealthData>\n")
}

fn record(kind: &str, source: &str, value: &str, unit: &str, start: &str, end: &str) -> String {
    let kind = if kind == "SleepAnalysis" {
        format!("HKCategoryTypeIdentifier{kind}")
    } else {
        format!("HKQuantityTypeIdentifier{kind}")
    };
    format!(
        " <Record type=\"{kind}\" sourceName=\"{source}\" sourceVersion=\"10.3\" unit=\"{unit}\" \
         creationDate=\"{end}\" startDate=\"{start}\" endDate=\"{end}\" value=\"{value}\">\n  \
         <MetadataEntry key=\"HKMetadataKeySyncVersion\" value=\"1\"/>\n </Record>\n"
    )
}

fn asleep(source: &str, stage: &str, start: &str, end: &str) -> String {
    let value = format!("HKCategoryValueSleepAnalysis{stage}");
    record("SleepAnalysis", source, &value, "", &format!("{start} +0100"), &format!("{end} +0100"))
}

fn all(read: &Probe) -> Vec<&Observation> {
    (0..read.rows.len()).flat_map(|row| read.observations(row)).collect()
}

fn values(read: &Probe, metric: Metric) -> Vec<(String, f64)> {
    all(read).into_iter().filter(|o| o.key.metric == metric).map(|o| (o.day.to_string(), o.value)).collect()
}

fn told(day: &str, value: f64) -> Vec<(String, f64)> {
    vec![(day.to_owned(), value)]
}

#[test]
fn single_values_are_read_in_the_units_they_are_written_in() {
    let at = |time: &str| format!("2024-03-01 {time} +0100");
    let read = probe(export(
        &[
            record("HeartRateVariabilitySDNN", "W", "43.5", "ms", &at("08:00:00"), &at("08:01:00")),
            record("OxygenSaturation", "W", "0.97", "%", &at("08:00:00"), &at("08:00:15")),
            record("RespiratoryRate", "W", "14.5", "count/min", &at("23:30:00"), &at("23:30:00")),
            record("BodyMass", "Scale", "160", "lb", &at("07:00:00"), &at("07:00:00")),
            record("HeartRate", "W", "61", "count/min", &at("08:00:00"), &at("08:00:00")),
            record("VO2Max", "W", "44.1", "mL/min·kg", &at("08:00:00"), &at("08:00:00")),
        ]
        .concat(),
    ))
    .expect("read");
    assert_eq!((read.part.format, read.part.provider), ("apple_health_xml", Provider::AppleHealth));
    assert!(!read.survey.zone_assumed);
    assert_eq!(values(&read, Metric::HrvSdnn), told("2024-03-01", 43.5));
    assert_eq!(values(&read, Metric::HrvRmssd), [], "SDNN is no RMSSD");
    assert_eq!(values(&read, Metric::Spo2), told("2024-03-01", 97.0));
    // Measured in sleep: the night ends the next day.
    assert_eq!(values(&read, Metric::RespiratoryRate), told("2024-03-02", 14.5));
    // 160 times 0.45359237.
    assert!((values(&read, Metric::Weight)[0].1 - 72.574_779_2).abs() < 1e-9);
    assert_eq!(values(&read, Metric::Vo2Max), told("2024-03-01", 44.1));
    assert_eq!(read.rows.len(), 5, "what is not read is no row");
}

#[test]
fn phone_and_watch_count_the_same_steps_and_are_never_added_up() {
    let steps = |source: &str, value: &str, start: &str, end: &str| {
        record("StepCount", source, value, "count", &format!("2024-{start}"), &format!("2024-{end}"))
    };
    let read = probe_in(
        Tz::America__New_York,
        export(
            &[
                steps("Phone", "100", "03-01 09:00:00 +0100", "03-01 09:10:00 +0100"),
                steps("Phone", "200", "03-01 23:55:00 +0100", "03-02 00:05:00 +0100"),
                steps("Watch", "250", "03-01 09:00:00 +0100", "03-01 09:10:00 +0100"),
                steps("Watch", "100", "03-01 12:00:00 +0100", "03-01 12:10:00 +0100"),
                // Half past eleven in the evening there, the next day at home.
                steps("Watch", "70", "03-03 23:30:00 -0800", "03-03 23:40:00 -0800"),
            ]
            .concat(),
        ),
    )
    .expect("read");
    let steps = [("2024-03-01".to_owned(), 350.0), ("2024-03-03".to_owned(), 70.0)];
    assert_eq!(values(&read, Metric::Steps), steps);
    assert_eq!(all(&read)[0].key.kind, RecordKind::Day);
    assert_eq!(all(&read)[0].row, 3, "the first record of the source that counted most");
}

#[test]
fn the_resting_heart_rate_that_ends_last_is_the_days() {
    let resting = |value: &str, end: &str| {
        record(
            "RestingHeartRate",
            "W",
            value,
            "count/min",
            "2024-03-01 00:00:10 +0100",
            &format!("2024-03-01 {end} +0100"),
        )
    };
    let read = probe(export(&[resting("57", "20:00:00"), resting("61", "09:00:00")].concat())).expect("read");
    assert_eq!(values(&read, Metric::RestingHeartRate), told("2024-03-01", 57.0));
}

#[test]
fn a_night_is_put_together_and_belongs_to_the_day_of_waking() {
    let read = probe(export(
        &[
            asleep("Phone", "InBed", "2024-03-01 22:50:00", "2024-03-02 07:00:00"),
            asleep("App", "Asleep", "2024-03-01 22:55:00", "2024-03-02 07:00:00"),
            asleep("Watch", "AsleepCore", "2024-03-02 02:20:00", "2024-03-02 06:50:00"),
            asleep("Watch", "AsleepCore", "2024-03-01 23:10:00", "2024-03-01 23:40:00"),
            asleep("Watch", "AsleepDeep", "2024-03-01 23:40:00", "2024-03-02 00:40:00"),
            asleep("Watch", "Awake", "2024-03-02 00:40:00", "2024-03-02 00:50:00"),
            asleep("Watch", "AsleepREM", "2024-03-02 00:50:00", "2024-03-02 02:20:00"),
            asleep("Watch", "AsleepUnspecified", "2024-03-02 14:00:00", "2024-03-02 14:40:00"),
            asleep("Phone", "InBed", "2024-03-02 23:00:00", "2024-03-03 06:00:00"),
            asleep("Phone", "Asleep", "2024-03-02 23:30:00", "2024-03-03 03:00:00"),
            asleep("Phone", "Asleep", "2024-03-03 02:30:00", "2024-03-03 05:30:00"),
        ]
        .concat(),
    ))
    .expect("read");
    let night = [("2024-03-02".to_owned(), 450.0), ("2024-03-03".to_owned(), 360.0)];
    assert_eq!(values(&read, Metric::SleepDuration), night, "30 + 60 + 90 + 270; 23:30 to 05:30 once");
    assert_eq!(values(&read, Metric::SleepLight), told("2024-03-02", 300.0));
    assert_eq!(values(&read, Metric::SleepDeep), told("2024-03-02", 60.0));
    assert_eq!(values(&read, Metric::SleepRem), told("2024-03-02", 90.0));
    assert_eq!(values(&read, Metric::SleepAwake), told("2024-03-02", 10.0));
    assert_eq!(values(&read, Metric::NapDuration), told("2024-03-02", 40.0));
    assert_eq!(values(&read, Metric::SleepInBed), told("2024-03-03", 420.0), "the watch says nothing of the bed");
    let first = all(&read).into_iter().find(|o| o.key.metric == Metric::SleepDuration).expect("a night");
    assert_eq!(first.key.start, utc("2024-03-01T22:10:00Z"));
}

#[test]
fn a_workout_says_itself_in_the_old_way_and_in_the_new() {
    let read = probe(export(
        " <Workout workoutActivityType=\"HKWorkoutActivityTypeRunning\" duration=\"29.5\" durationUnit=\"min\" \
           totalDistance=\"3.1\" totalDistanceUnit=\"mi\" totalEnergyBurned=\"1255.2\" totalEnergyBurnedUnit=\"kJ\" \
           sourceName=\"Anna's Watch\" startDate=\"2024-03-01 23:50:00 +0100\" endDate=\"2024-03-02 00:20:00 +0100\"/>\n\
         <Workout workoutActivityType=\"HKWorkoutActivityTypeCycling\" duration=\"60\" durationUnit=\"min\" \
           sourceName=\"W\" startDate=\"2024-03-03 10:00:00 +0100\" endDate=\"2024-03-03 11:10:00 +0100\">\n\
          <MetadataEntry key=\"HKElevationAscended\" value=\"12345 cm\"/>\n\
          <WorkoutStatistics type=\"HKQuantityTypeIdentifierHeartRate\" average=\"131.2\" maximum=\"166\" unit=\"count/min\"/>\n\
          <WorkoutStatistics type=\"HKQuantityTypeIdentifierDistanceCycling\" sum=\"25.5\" unit=\"km\"/>\n\
          <WorkoutStatistics type=\"HKQuantityTypeIdentifierActiveEnergyBurned\" sum=\"612\" unit=\"Cal\"/>\n\
          <WorkoutRoute sourceName=\"W\"><FileReference path=\"/workout-routes/a.gpx\"/></WorkoutRoute>\n\
         </Workout>\n",
    ))
    .expect("read");
    let run = read.activity(0);
    assert_eq!((run.sport.as_str(), run.day.to_string().as_str()), ("Running", "2024-03-01"));
    assert_eq!(read.of(0, Metric::ActivityDuration).value, 30.0);
    assert_eq!(read.of(0, Metric::ActivityMovingTime).value, 29.5);
    // 3.1 times 1609.344; 1255.2 kJ over 4.184.
    assert!((read.of(0, Metric::ActivityDistance).value - 4_988.966_4).abs() < 1e-6);
    assert!((read.of(0, Metric::ActivityEnergy).value - 300.0).abs() < 1e-9);
    let of = |metric| read.of(1, metric).value;
    assert_eq!(of(Metric::ActivityDistance), 25_500.0);
    assert_eq!(of(Metric::ActivityEnergy), 612.0);
    assert_eq!(of(Metric::ActivityElevationGain), 123.45);
    assert_eq!(of(Metric::ActivityHeartRateAverage), 131.2);
    assert_eq!(of(Metric::ActivityHeartRateMax), 166.0);
    assert!(!format!("{:?}", read.rows).contains("Anna"));
}

#[test]
fn a_bad_record_is_refused_alone_with_its_place() {
    let good = record("BodyMass", "S", "70", "kg", "2024-03-01 07:00:00 +0100", "2024-03-01 07:00:00 +0100");
    let bad = [
        good.replace("\"70\"", "\"700000\""),
        good.replace("\"kg\"", "\"st\""),
        good.replace("startDate=\"2024-03-01 07:00:00 +0100\"", "startDate=\"1 March\""),
        good.replace("2024-03-01", "2031-03-01"),
        record("StepCount", "S", "many", "count", "2024-03-01 07:00:00 +0100", "2024-03-01 07:00:00 +0100"),
        asleep("S", "Dreaming", "2024-03-01 23:00:00", "2024-03-02 07:00:00"),
    ];
    let read = probe(export(&[bad.concat(), good].concat())).expect("read");
    let fields: Vec<_> = (0..6).map(|row| (read.rejection(row).row, read.rejection(row).field.as_str())).collect();
    assert_eq!(fields, [(1, "value"), (2, "value"), (3, "startDate"), (4, "startDate"), (5, "value"), (6, "value")]);
    assert!((0..6).all(|row| !read.rejection(row).reason.contains("700000")));
    assert_eq!(read.of(6, Metric::Weight).value, 70.0);
}

#[test]
fn in_the_zip_the_way_of_a_workout_is_no_activity_of_its_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("export.zip");
    let workout = " <Workout workoutActivityType=\"HKWorkoutActivityTypeCycling\" duration=\"1\" durationUnit=\"min\" \
        startDate=\"2024-03-26 07:00:00 +0100\" endDate=\"2024-03-26 07:00:20 +0100\"/>\n";
    let document = export(workout);
    let members: [(&str, &[u8]); 3] = [
        ("apple_health_export/workout-routes/a.gpx", GPX.as_bytes()),
        ("apple_health_export/export_cda.xml", b"<?xml version=\"1.0\"?><ClinicalDocument></ClinicalDocument>"),
        ("apple_health_export/export.xml", document.as_bytes()),
    ];
    std::fs::write(&path, zipped(&members)).expect("written");
    let parts = ExportFiles.parts(&path).expect("read");
    assert_eq!(parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>(), ["export.zip/export.xml"]);
    let context = ReadContext { home_zone: Tz::UTC, now: utc("2027-01-01T00:00:00Z") };
    let mut told = None;
    let mut keep = |_, row| {
        if let Row::Activity(activity, _) = row {
            told = Some(activity);
        }
        ControlFlow::Continue(())
    };
    ExportFiles.rows(&path, &parts[0], &context, context.now, &mut keep).expect("read");
    let streams = ExportFiles.streams(&path, &told.expect("a workout")).expect("read").expect("points");
    assert_eq!(streams.time_s, [0.0, 5.0, 15.0, 20.0]);
}

/// However long the file: a day's steps are one number a source, and what is not put together is let go.
#[test]
fn what_is_kept_grows_with_days_and_segments_and_with_nothing_else() {
    let kept_of = |records: usize| {
        let mut text = HEAD.to_owned();
        for n in 0..records {
            let start = format!("2024-03-01 {:02}:{:02}:{:02} +0100", n / 3600 % 24, n / 60 % 60, n % 60);
            for (kind, unit) in [("StepCount", "count"), ("HeartRate", "count/min"), ("RestingHeartRate", "count/min")]
            {
                let source = ["Watch", "Phone"][n % 2];
                write!(text, "{}", record(kind, source, "55", unit, &start, &start)).expect("written");
            }
        }
        text.push_str(&asleep("Watch", "AsleepDeep", "2024-03-01 23:00:00", "2024-03-01 23:40:00"));
        text.push_str("</HealthData>");
        let context = ReadContext { home_zone: Tz::UTC, now: utc("2027-01-01T00:00:00Z") };
        let reading = Reading::new(&context, context.now);
        let mut kept = Kept::default();
        let mut bytes = text.as_bytes();
        let mut progress = |_| {};
        let mut content = Content::plain(&mut bytes, &mut progress);
        let mut rows = 0;
        take_in(&mut content, &reading, &mut kept, &mut |_, _| {
            rows += 1;
            ControlFlow::Continue(())
        })
        .expect("read");
        assert_eq!(rows, 0, "sums are told at the end");
        (kept.days.len(), kept.segments.len(), kept.sources.0.len())
    };
    assert_eq!(kept_of(10), (3, 1, 2));
    assert_eq!(kept_of(5_000), (3, 1, 2));
}
