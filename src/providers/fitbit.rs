//! Fitbit: what its Web API (v1) answers, and the JSON of an account export.
//!
//! Times bear no zone: they are of the person's clock, and the home zone says which instant that was. Weights and
//! distances are kilograms and kilometres, which the API writes unless it is asked for others. A day of no step is one
//! on which the tracker was not worn. Names of activities are of Fitbit's list; what a person wrote is not read.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;

use super::draft::{Draft, Reading, Record, Taken, check_asleep, check_order};
use super::fields::{Fault, Fields, Object};
use super::files::{DocumentFormat, DocumentReader, Rows, Shape};
use super::time;
use super::written::Written;

/// Documents whose records tell what they are.
pub(super) const DOCUMENT: DocumentFormat = DocumentFormat {
    lists: &["sleep", "activities-heart", "activities-steps", "weight", "activities"],
    reader: || Box::new(Document),
};

/// Keys of the first record by which a document of the API is known.
pub(super) const MARKS: &[&[&str]] = &[
    &["sleep[].dateOfSleep"],
    &["activities-heart[].dateTime"],
    &["activities-steps[].dateTime"],
    &["weight[].logId", "weight[].bmi"],
    &["activities[].logId", "activities[].startDate"],
];

/// Keys by which a list of an export is known.
pub(super) const EXPORT_MARKS: &[&[&str]] = &[&["dateOfSleep", "levels"], &["dateTime", "value.error"]];

/// Why a list of counts is not taken.
pub(super) const COUNTS_OF_WHAT: &str = "is a list of counts with their times that does not say what was counted: Fitbit's \
    steps, distances and calories look alike. Steps are known by the name of their file, which begins with `steps-` as in \
    the export, or by a folder `steps` in a zip";
/// A minute has fewer steps than this: the fastest runners make about 300 (engineering default).
const MINUTE: f64 = 1_000.0;

/// Whether a document is a list of counts, of whatever.
pub(super) fn counts_something(shape: &Shape) -> bool {
    let plain =
        |path: &str| shape.has(path) && !shape.has(&format!("{path}.error")) && !shape.has(&format!("{path}.bpm"));
    shape.list && shape.has("[].dateTime") && plain("[].value")
}

/// Whether the name of a file, or of a folder it lies in within a zip, says that steps were counted.
pub(super) fn is_named_steps(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    name.starts_with("steps-") || folders.split('/').any(|folder| folder.eq_ignore_ascii_case("steps"))
}

/// Steps by the minute: a list like that of other counts, told from them by its name and by what can be steps.
pub(super) const STEPS: DocumentFormat = DocumentFormat { lists: &[], reader: || Box::new(Steps::default()) };

/// Less than this asleep is a nap where nothing says what it was.
const NIGHT_MINUTES: f64 = 180.0;

struct Document;

impl DocumentReader for Document {
    fn read(
        &mut self,
        list: Option<&str>,
        record: Object<'_>,
        reading: &Reading,
        row: u32,
    ) -> Result<Option<Taken>, Fault> {
        let mut draft = Draft::new(reading, Provider::Fitbit, row);
        match list {
            Some("activities-heart") => heart(&mut draft, record)?,
            Some("activities-steps") => steps(&mut draft, record)?,
            Some("weight") => weight(&mut draft, record)?,
            Some("activities") => activity(&mut draft, record)?,
            _ if record.has("dateOfSleep") => sleep(&mut draft, record)?,
            _ => resting(&mut draft, record)?,
        }
        Ok(Some(draft.finish()))
    }
}

/// The instant of a time on the person's clock.
fn at_home(draft: &mut Draft<'_>, local: NaiveDateTime, field: &str) -> Result<Instant, Fault> {
    draft.assume_zone();
    let at = time::at_home(local, draft.reading.home_zone);
    let at = at.ok_or_else(|| Fault::unreadable(field, "a time that clocks have shown"))?;
    draft.see(at, field)?;
    Ok(at)
}

fn date(record: Object<'_>, name: &str) -> Result<NaiveDate, Fault> {
    let what = "a date as in 2024-03-01";
    let text = record.text(name)?.ok_or_else(|| Fault::missing(name, what))?;
    time::date(&text).ok_or_else(|| Fault::unreadable(name, what))
}

fn id(record: Object<'_>) -> Result<Option<String>, Fault> {
    Ok(record.text("logId")?.filter(|id| id.len() <= 40).map(|id| id.into_owned()))
}

fn day(draft: &mut Draft<'_>, date: NaiveDate, field: &str) -> Result<Record, Fault> {
    let start = date.and_time(NaiveTime::MIN).and_utc();
    draft.see(start, field)?;
    Ok(Record { kind: RecordKind::Day, start, end: None, day: LocalDay::new(date), provider_id: None })
}

fn sleep(draft: &mut Draft<'_>, record: Object<'_>) -> Result<(), Fault> {
    let what = "a time as in 2024-03-01T23:10:00.000";
    let mut local = |name: &str| {
        let text = record.text(name)?.ok_or_else(|| Fault::missing(name, what))?;
        let local = time::naive(&text).ok_or_else(|| Fault::unreadable(name, what))?;
        at_home(draft, local, name)
    };
    let (start, end) = (local("startTime")?, local("endTime")?);
    check_order(start, Some(end), "endTime")?;
    let asleep = record.number("minutesAsleep")?;
    let in_bed = record.number("timeInBed")?;
    check_asleep(asleep, in_bed, 1.0, "minutesAsleep")?;
    // The export has another name for it, and older answers none.
    let said = ["isMainSleep", "mainSleep"].into_iter().find_map(|name| record.flag(name));
    let is_night = said.unwrap_or_else(|| asleep.is_some_and(|asleep| asleep.value >= NIGHT_MINUTES));
    let kind = if is_night { RecordKind::Sleep } else { RecordKind::Nap };
    let woken = LocalDay::new(date(record, "dateOfSleep")?);
    let record_of = Record { kind, start, end: Some(end), day: woken, provider_id: id(record)? };
    if kind == RecordKind::Nap {
        return draft.add(&record_of, Metric::NapDuration, asleep, "min", "minutesAsleep");
    }
    draft.add(&record_of, Metric::SleepDuration, asleep, "min", "minutesAsleep")?;
    draft.add(&record_of, Metric::SleepInBed, in_bed, "min", "timeInBed")?;
    draft.add(&record_of, Metric::SleepAwake, record.number("minutesAwake")?, "min", "minutesAwake")?;
    // Stages are counted where the tracker tells them; the classic layout knows only restless and asleep.
    if let Some(summary) = record.object("levels").and_then(|levels| levels.object("summary")) {
        for (name, metric) in [("light", Metric::SleepLight), ("deep", Metric::SleepDeep), ("rem", Metric::SleepRem)] {
            if let Some(stage) = summary.object(name) {
                draft.add(&record_of, metric, stage.number("minutes")?, "min", name)?;
            }
        }
    }
    Ok(())
}

fn heart(draft: &mut Draft<'_>, record: Object<'_>) -> Result<(), Fault> {
    let day = day(draft, date(record, "dateTime")?, "dateTime")?;
    let resting = match record.object("value") {
        Some(value) => value.number("restingHeartRate")?,
        None => None,
    };
    draft.add(&day, Metric::RestingHeartRate, resting, "bpm", "restingHeartRate")
}

fn steps(draft: &mut Draft<'_>, record: Object<'_>) -> Result<(), Fault> {
    let day = day(draft, date(record, "dateTime")?, "dateTime")?;
    let counted = record.number("value")?.filter(|steps| steps.value != 0.0);
    draft.add(&day, Metric::Steps, counted, "steps", "value")
}

fn weight(draft: &mut Draft<'_>, record: Object<'_>) -> Result<(), Fault> {
    let date = date(record, "date")?;
    let clock = record.text("time")?;
    let clock = clock.as_deref().and_then(|text| NaiveTime::parse_from_str(text, "%H:%M:%S").ok());
    let start = at_home(draft, date.and_time(clock.unwrap_or(NaiveTime::MIN)), "date")?;
    let weighing =
        Record { kind: RecordKind::Weighing, start, end: None, day: LocalDay::new(date), provider_id: id(record)? };
    draft.add(&weighing, Metric::Weight, record.number("weight")?, "kg", "weight")
}

fn activity(draft: &mut Draft<'_>, record: Object<'_>) -> Result<(), Fault> {
    let date = date(record, "startDate")?;
    let what = "a time as in 09:00";
    let text = record.text("startTime")?.ok_or_else(|| Fault::missing("startTime", what))?;
    let clock = NaiveTime::parse_from_str(&text, "%H:%M").map_err(|_| Fault::unreadable("startTime", what))?;
    let start = at_home(draft, date.and_time(clock), "startTime")?;
    let length = record.number("duration")?;
    let end = match length {
        Some(length) => {
            Metric::ActivityDuration
                .accept(length.value, "ms")
                .map_err(|refusal| Fault::new("duration", refusal.to_string()))?;
            TimeDelta::try_milliseconds(length.value as i64).and_then(|length| start.checked_add_signed(length))
        }
        None => None,
    };
    let day = LocalDay::new(date);
    let record_of = Record { kind: RecordKind::Activity, start, end, day, provider_id: id(record)? };
    let sport = record.text("activityParentName")?;
    draft.activity(&record_of, sport.as_deref().unwrap_or("activity"));
    draft.add(&record_of, Metric::ActivityDuration, length, "ms", "duration")?;
    draft.add(&record_of, Metric::ActivityDistance, record.number("distance")?, "km", "distance")?;
    draft.add(&record_of, Metric::ActivityEnergy, record.number("calories")?, "kcal", "calories")
}

/// A day of the export's `resting_heart_rate`; one without a date has no value.
fn resting(draft: &mut Draft<'_>, record: Object<'_>) -> Result<(), Fault> {
    let what = "a date as in 03/01/24";
    let Some(value) = record.object("value") else {
        return Ok(());
    };
    let Some(text) = value.text("date")? else {
        return Ok(());
    };
    let date = NaiveDate::parse_from_str(&text, "%m/%d/%y").map_err(|_| Fault::unreadable("date", what))?;
    let day = day(draft, date, "date")?;
    let beats = value.number("value")?.filter(|beats| beats.value != 0.0).map(tenths);
    draft.add(&day, Metric::RestingHeartRate, beats, "bpm", "value")
}

/// The export writes more digits than were measured.
fn tenths(written: Written) -> Written {
    Written { value: written.value, resolution: written.resolution.max(0.1) }
}

/// The days of a file of minutes.
#[derive(Default)]
struct Steps {
    days: BTreeMap<NaiveDate, (Written, NaiveDateTime, u32)>,
    /// Something in it cannot be steps, whatever it is named.
    of_something_else: bool,
}

impl DocumentReader for Steps {
    fn read(
        &mut self,
        _: Option<&str>,
        record: Object<'_>,
        reading: &Reading,
        row: u32,
    ) -> Result<Option<Taken>, Fault> {
        let what = "a time as in 03/01/24 08:00:00";
        let text = record.text("dateTime")?.ok_or_else(|| Fault::missing("dateTime", what))?;
        let local = NaiveDateTime::parse_from_str(&text, "%m/%d/%y %H:%M:%S")
            .map_err(|_| Fault::unreadable("dateTime", what))?;
        // A date that cannot be is refused here, so that no more days are kept than there were.
        reading.check(local.and_utc(), "dateTime")?;
        let counted = record.number("value")?.ok_or_else(|| Fault::missing("value", "a number"))?;
        if counted.value.fract() != 0.0 || counted.value > MINUTE {
            self.of_something_else = true;
            return Err(Fault::new(
                "value",
                "cannot be the steps of a minute, so that nothing of the file is taken for steps",
            ));
        }
        Metric::Steps.accept(counted.value, "steps").map_err(|refusal| Fault::new("value", refusal.to_string()))?;
        self.days
            .entry(local.date())
            .and_modify(|(sum, newest, _)| {
                *sum = sum.plus(counted);
                *newest = local.max(*newest);
            })
            .or_insert((counted, local, row));
        Ok(None)
    }

    fn finish(&mut self, reading: &Reading) -> Rows {
        if self.of_something_else {
            return Vec::new();
        }
        let told = |(date, (sum, newest, row)): (NaiveDate, (Written, NaiveDateTime, u32))| {
            let mut draft = Draft::new(reading, Provider::Fitbit, row);
            let told = at_home(&mut draft, newest, "dateTime").and_then(|_| day(&mut draft, date, "dateTime"));
            let counted = (sum.value != 0.0).then_some(sum);
            let added = told.and_then(|day| draft.add(&day, Metric::Steps, counted, "steps", "value"));
            (row, added.map(|()| draft.finish()))
        };
        std::mem::take(&mut self.days).into_iter().map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use crate::domain::metric::Metric;
    use crate::domain::observation::RecordKind;
    use crate::engine::ports::export::{ExportReader, ReadContext, Row};
    use crate::providers::ExportFiles;
    use crate::providers::files::probe::{Probe, probe, probe_in, utc, zipped};

    const NIGHT: &str = r#"{"logId": 7, "dateOfSleep": "2024-03-02", "startTime": "2024-03-01T23:10:30.000",
        "endTime": "2024-03-02T06:50:00.000", "duration": 27570000, "minutesAsleep": 410, "minutesAwake": 49,
        "timeInBed": 459, "efficiency": 95, "type": "stages", "isMainSleep": true, "minutesToFallAsleep": 0,
        "levels": {"summary": {"deep": {"count": 4, "minutes": 80}, "light": {"minutes": 230},
        "rem": {"minutes": 100}, "wake": {"minutes": 49}}, "data": []}}"#;

    fn of(read: &Probe, row: usize, metric: Metric) -> (String, f64) {
        let found = read.of(row, metric);
        (found.day.to_string(), found.value)
    }

    #[test]
    fn a_night_is_of_the_day_of_waking_and_of_the_clock_at_home() {
        let export = format!("[{}]", NIGHT.replace("isMainSleep", "mainSleep"));
        for text in [format!("{{\"sleep\":[{NIGHT}],\"summary\":{{}}}}"), export] {
            let read = probe_in(Tz::Europe__Berlin, text).expect("read");
            assert_eq!((read.part.format, read.survey.zone_assumed), ("fitbit_json", true));
            let night = read.of(0, Metric::SleepDuration);
            assert_eq!(
                (night.key.kind, night.value, night.key.start),
                (RecordKind::Sleep, 410.0, utc("2024-03-01T22:10:30Z"))
            );
            assert_eq!(night.key.provider_id.as_deref(), Some("7"));
            assert_eq!(of(&read, 0, Metric::SleepDeep), ("2024-03-02".to_owned(), 80.0));
            assert_eq!(of(&read, 0, Metric::SleepRem).1, 100.0);
            assert_eq!(of(&read, 0, Metric::SleepInBed).1, 459.0);
        }
    }

    #[test]
    fn a_sleep_beside_the_main_one_is_a_nap_said_or_not() {
        let nap = NIGHT.replace("true", "false").replace("410", "50");
        let unsaid = nap.replace("\"isMainSleep\": false,", "");
        let read = probe(format!("{{\"sleep\":[{nap},{unsaid},{}]}}", NIGHT.replace("410", "470"))).expect("read");
        assert_eq!(of(&read, 0, Metric::NapDuration).1, 50.0);
        assert_eq!(of(&read, 1, Metric::NapDuration).1, 50.0);
        assert_eq!(read.rejection(2).field, "minutesAsleep", "470 of 459 minutes in bed");
    }

    #[test]
    fn days_without_a_value_are_missing_and_not_zero() {
        let read = probe(
            r#"{"activities-heart": [{"dateTime": "2024-03-01", "value": {"restingHeartRate": 58}},
                {"dateTime": "2024-03-02", "value": {"heartRateZones": []}}], "activities-heart-intraday": {}}"#,
        );
        let read = read.expect("read");
        assert_eq!(of(&read, 0, Metric::RestingHeartRate), ("2024-03-01".to_owned(), 58.0));
        assert_eq!(read.observations(1), []);
        let read = probe(
            r#"{"activities-steps": [{"dateTime": "2024-03-01", "value": "8000"}, {"dateTime": "2024-03-02", "value": "0"}]}"#,
        );
        let read = read.expect("read");
        assert_eq!(of(&read, 0, Metric::Steps).1, 8000.0);
        assert_eq!(read.observations(1), []);
        let read = probe(
            r#"[{"dateTime": "03/01/24 00:00:00", "value": {"date": "03/01/24", "value": 58.24163, "error": 6.8}},
                {"dateTime": "03/02/24 00:00:00", "value": {"date": null, "value": 0.0, "error": 0.0}}]"#,
        );
        let read = read.expect("read");
        assert_eq!(of(&read, 0, Metric::RestingHeartRate), ("2024-03-01".to_owned(), 58.24163));
        assert_eq!(read.observations(1), []);
    }

    #[test]
    fn minutes_of_steps_become_days_if_their_file_says_what_they_are() {
        let minutes = r#"[{"dateTime": "03/01/24 08:00:00", "value": "40"}, {"dateTime": "03/01/24 08:01:00", "value": "60"},
            {"dateTime": "03/02/24 00:00:00", "value": "7"}, {"dateTime": "soon", "value": "7"}]"#;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let other = folder.path().join("calories-2024-03-01.json");
        std::fs::write(&other, minutes).expect("written");
        let refused = ExportFiles.parts(&other).expect_err("calories look the same").to_string();
        assert!(refused.contains("does not say what was counted") && refused.contains("`steps-`"), "{refused}");
        // Named like steps, and of distances: nothing of it is told.
        let named = folder.path().join("steps-2024-03-02.json");
        std::fs::write(&named, minutes.replace("\"60\"", "\"7310\"")).expect("written");
        let part = ExportFiles.parts(&named).expect("its name says so").remove(0);
        let context = ReadContext { home_zone: Tz::UTC, now: utc("2027-01-01T00:00:00Z") };
        let mut rows = Vec::new();
        let mut keep = |_, row| {
            rows.push(row);
            std::ops::ControlFlow::Continue(())
        };
        ExportFiles.rows(&named, &part, &context, context.now, &mut keep).expect("read");
        assert!(rows.len() == 2 && rows.iter().all(|row| matches!(row, Row::Rejected(_))), "{rows:?}");
        // In a zip its folder says so too.
        let zip = folder.path().join("export.zip");
        let members: [(&str, &[u8]); 2] =
            [("Fitbit/Steps/march.json", minutes.as_bytes()), ("Fitbit/Distance/march.json", minutes.as_bytes())];
        std::fs::write(&zip, zipped(&members)).expect("written");
        let parts = ExportFiles.parts(&zip).expect("read");
        let names: Vec<_> = parts.iter().map(|part| (part.name.as_str(), part.format)).collect();
        assert_eq!(names, [("export.zip/march.json", "fitbit_steps_json")]);
        let path = folder.path().join("steps-2024-03-01.json");
        std::fs::write(&path, minutes).expect("written");
        let part = ExportFiles.parts(&path).expect("read").remove(0);
        assert_eq!(part.format, "fitbit_steps_json");
        let context = ReadContext { home_zone: Tz::UTC, now: utc("2027-01-01T00:00:00Z") };
        let survey = ExportFiles.survey(&path, &part, &context, &mut |_| {}).expect("read");
        assert_eq!((survey.rows, survey.zone_assumed), (3, true));
        let mut told = Vec::new();
        let mut keep = |number, row| {
            match row {
                Row::Observations(found) => told.push((number, found[0].day.to_string(), found[0].value)),
                Row::Rejected(rejection) => told.push((number, rejection.field, 0.0)),
                Row::Activity(..) | Row::Unused(_) => panic!("neither an activity nor nothing"),
            }
            std::ops::ControlFlow::Continue(())
        };
        ExportFiles.rows(&path, &part, &context, context.now, &mut keep).expect("read");
        let told: Vec<_> = told.iter().map(|(row, what, value)| (*row, what.as_str(), *value)).collect();
        assert_eq!(told, [(4, "dateTime", 0.0), (1, "2024-03-01", 100.0), (3, "2024-03-02", 7.0)]);
    }

    #[test]
    fn weighings_and_activities_stand_at_the_clock_at_home() {
        let read = probe_in(
            Tz::Asia__Tokyo,
            r#"{"weight": [{"bmi": 21.5, "date": "2024-03-01", "logId": 1, "time": "07:30:00", "weight": 56.7}]}"#,
        );
        let read = read.expect("read");
        assert_eq!(read.of(0, Metric::Weight).key.start, utc("2024-02-29T22:30:00Z"));
        assert_eq!(of(&read, 0, Metric::Weight), ("2024-03-01".to_owned(), 56.7));
        let read = probe(
            r#"{"activities": [{"activityParentName": "Walk", "name": "Secret", "calories": 128, "distance": 3.36,
                "duration": 3600000, "logId": 9, "startDate": "2024-03-01", "startTime": "09:00"}], "goals": {}}"#,
        );
        let read = read.expect("read");
        assert_eq!(read.activity(0).sport, "Walk");
        assert_eq!(of(&read, 0, Metric::ActivityDistance).1, 3360.0);
        assert_eq!(of(&read, 0, Metric::ActivityDuration).1, 60.0);
        assert_eq!(read.activity(0).end, Some(utc("2024-03-01T10:00:00Z")));
        assert!(!format!("{:?}", read.rows).contains("Secret"));
    }
}
