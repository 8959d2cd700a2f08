//! Oura: what its API (v2) answers, and the JSON of an account export, which names its lists.
//!
//! Times bear their offset, and each record its day: a sleep's is that of waking. Heart rate variability is the night's
//! mean RMSSD in milliseconds. Of the periods of a day `long_sleep` is the night; `sleep` and `late_nap` are naps;
//! `rest` was no sleep, and `deleted` is taken back by the person.

use chrono::NaiveTime;

use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;

use super::draft::{Draft, Reading, Record, Taken, check_asleep, check_order};
use super::fields::{Fault, Fields, Object};
use super::files::{DocumentFormat, DocumentReader};
use super::time;

pub(super) const DOCUMENT: DocumentFormat = DocumentFormat {
    lists: &["data", "sleep", "daily_sleep", "daily_readiness", "daily_activity"],
    reader: || Box::new(Document),
};

/// Keys by which a record is known; all of one group must be there.
pub(super) const MARKS: &[&[&str]] =
    &[&["bedtime_start", "day"], &["contributors", "day", "score"], &["day", "steps", "total_calories"]];

const NIGHT: [(&str, Metric, &str); 9] = [
    ("time_in_bed", Metric::SleepInBed, "s"),
    ("light_sleep_duration", Metric::SleepLight, "s"),
    ("deep_sleep_duration", Metric::SleepDeep, "s"),
    ("rem_sleep_duration", Metric::SleepRem, "s"),
    ("awake_time", Metric::SleepAwake, "s"),
    ("latency", Metric::SleepLatency, "s"),
    ("efficiency", Metric::SleepEfficiency, "%"),
    ("average_hrv", Metric::HrvRmssd, "ms"),
    ("average_breath", Metric::RespiratoryRate, "breaths/min"),
];

struct Document;

impl DocumentReader for Document {
    fn read(
        &mut self,
        _: Option<&str>,
        record: Object<'_>,
        reading: &Reading,
        row: u32,
    ) -> Result<Option<Taken>, Fault> {
        let mut draft = Draft::new(reading, Provider::Oura, row);
        if record.has("bedtime_start") {
            sleep(&mut draft, record)?;
        } else if let Some(contributors) = record.object("contributors") {
            scores(&mut draft, record, contributors)?;
        }
        if !record.has("bedtime_start") {
            activity(&mut draft, record)?;
        }
        Ok(Some(draft.finish()))
    }
}

fn day(record: Object<'_>) -> Result<LocalDay, Fault> {
    let what = "a date as in 2024-03-01";
    let text = record.text("day")?.ok_or_else(|| Fault::missing("day", what))?;
    time::date(&text).map(LocalDay::new).ok_or_else(|| Fault::unreadable("day", what))
}

/// The record of a day; what changed it later is told by the newest instant of the whole document.
fn day_record(draft: &mut Draft<'_>, record: Object<'_>) -> Result<Record, Fault> {
    let day = day(record)?;
    let start = day.date().and_time(NaiveTime::MIN).and_utc();
    draft.see(start, "day")?;
    Ok(Record { kind: RecordKind::Day, start, end: None, day, provider_id: None })
}

fn sleep(draft: &mut Draft<'_>, record: Object<'_>) -> Result<(), Fault> {
    let what = "a time as in 2024-03-01T23:10:00.000+01:00";
    let instant = |name: &str| {
        let text = record.text(name)?.ok_or_else(|| Fault::missing(name, what))?;
        time::with_offset(&text).map(|(at, _)| at).ok_or_else(|| Fault::unreadable(name, what))
    };
    let (start, end) = (instant("bedtime_start")?, instant("bedtime_end")?);
    draft.see(start, "bedtime_start")?;
    draft.see(end, "bedtime_end")?;
    check_order(start, Some(end), "bedtime_end")?;
    let kind = match record.text("type")?.as_deref() {
        Some("long_sleep") => RecordKind::Sleep,
        Some("sleep" | "late_nap") => RecordKind::Nap,
        // Other periods are no sleep; one whose kind is not told is none either.
        _ => return Ok(()),
    };
    let provider_id = record.text("id")?.filter(|id| id.len() <= 60).map(|id| id.into_owned());
    let record_of = Record { kind, start, end: Some(end), day: day(record)?, provider_id };
    let asleep = record.number("total_sleep_duration")?;
    check_asleep(asleep, record.number("time_in_bed")?, 60.0, "total_sleep_duration")?;
    if kind == RecordKind::Nap {
        return draft.add(&record_of, Metric::NapDuration, asleep, "s", "total_sleep_duration");
    }
    draft.add(&record_of, Metric::SleepDuration, asleep, "s", "total_sleep_duration")?;
    for (name, metric, unit) in NIGHT {
        draft.add(&record_of, metric, record.number(name)?, unit, name)?;
    }
    // Oura's readiness rests on the lowest heart rate of the night.
    let lowest = record.number("lowest_heart_rate")?;
    draft.add(&record_of, Metric::RestingHeartRate, lowest, "bpm", "lowest_heart_rate")
}

/// A day's readiness or sleep score, told apart by what went into it.
fn scores(draft: &mut Draft<'_>, record: Object<'_>, contributors: Object<'_>) -> Result<(), Fault> {
    let day = day_record(draft, record)?;
    let score = record.number("score")?;
    if contributors.has("deep_sleep") {
        return draft.add(&day, Metric::SleepScore, score, "points", "score");
    }
    if contributors.has("hrv_balance") || contributors.has("recovery_index") {
        draft.add(&day, Metric::RecoveryScore, score, "%", "score")?;
        let deviation = record.number("temperature_deviation")?;
        draft.add(&day, Metric::SkinTemperatureDeviation, deviation, "C", "temperature_deviation")?;
    }
    Ok(())
}

fn activity(draft: &mut Draft<'_>, record: Object<'_>) -> Result<(), Fault> {
    if !record.has("steps") {
        return Ok(());
    }
    let day = day_record(draft, record)?;
    // A day of no step is one on which the ring was not worn, and its energy is that of lying still.
    let Some(steps) = record.number("steps")?.filter(|steps| steps.value != 0.0) else {
        return Ok(());
    };
    draft.add(&day, Metric::Steps, Some(steps), "steps", "steps")?;
    draft.add(&day, Metric::Energy, record.number("total_calories")?, "kcal", "total_calories")
}

#[cfg(test)]
mod tests {
    use crate::domain::metric::Metric;
    use crate::domain::observation::RecordKind;
    use crate::providers::files::probe::{Probe, probe, utc};

    const NIGHT: &str = r#"{"id": "a-b", "average_breath": 14.25, "average_heart_rate": 56.5, "average_hrv": 48,
        "awake_time": 2400, "bedtime_start": "2024-03-01T23:10:00.000+01:00", "bedtime_end": "2024-03-02T07:10:00.000+01:00",
        "day": "2024-03-02", "deep_sleep_duration": 5400, "efficiency": 92, "latency": 600, "light_sleep_duration": 14400,
        "lowest_heart_rate": 49, "rem_sleep_duration": 6600, "time_in_bed": 28800, "total_sleep_duration": 26400,
        "type": "long_sleep", "readiness": {"score": 1}}"#;

    fn value(read: &Probe, metric: Metric) -> f64 {
        read.of(0, metric).value
    }

    #[test]
    fn a_long_sleep_is_the_night_with_its_mean_rmssd() {
        for text in [
            format!("{{\"data\":[{NIGHT}],\"next_token\":null}}"),
            format!("{{\"sleep\":[{NIGHT}]}}"),
            format!("[{NIGHT}]"),
        ] {
            let read = probe(text).expect("read");
            assert_eq!((read.part.format, read.survey.zone_assumed), ("oura_json", false));
            let night = read.of(0, Metric::SleepDuration);
            assert_eq!((night.key.kind, night.value), (RecordKind::Sleep, 440.0));
            assert_eq!((night.day.to_string().as_str(), night.key.start), ("2024-03-02", utc("2024-03-01T22:10:00Z")));
            assert_eq!(value(&read, Metric::HrvRmssd), 48.0);
            assert_eq!(value(&read, Metric::RestingHeartRate), 49.0);
            assert_eq!(value(&read, Metric::RespiratoryRate), 14.25);
            assert_eq!(value(&read, Metric::SleepInBed), 480.0);
            assert_eq!(value(&read, Metric::SleepLatency), 10.0);
            assert_eq!(value(&read, Metric::SleepEfficiency), 92.0);
        }
    }

    #[test]
    fn other_periods_are_naps_or_no_sleep() {
        let of = |kind: &str| probe(format!("{{\"data\":[{}]}}", NIGHT.replace("long_sleep", kind))).expect("read");
        assert_eq!(of("late_nap").observations(0).len(), 1);
        assert_eq!(value(&of("sleep"), Metric::NapDuration), 440.0);
        assert_eq!(of("deleted").observations(0), []);
        assert_eq!(of("rest").observations(0), []);
    }

    #[test]
    fn the_scores_of_a_day_are_told_apart_and_a_day_without_a_step_is_missing() {
        let day = |fields: &str| {
            probe(format!("{{\"data\":[{{\"id\":\"x\",\"day\":\"2024-03-02\",{fields}}}]}}")).expect("read")
        };
        let ready = day("\"contributors\":{\"hrv_balance\":80},\"score\":81,\"temperature_deviation\":-0.2");
        assert_eq!(value(&ready, Metric::RecoveryScore), 81.0);
        assert_eq!(value(&ready, Metric::SkinTemperatureDeviation), -0.2);
        let slept = day("\"contributors\":{\"deep_sleep\":80},\"score\":77");
        assert_eq!(value(&slept, Metric::SleepScore), 77.0);
        let moved = day("\"contributors\":{\"stay_active\":80},\"score\":90,\"steps\":9000,\"total_calories\":2400");
        assert_eq!((value(&moved, Metric::Steps), value(&moved, Metric::Energy)), (9000.0, 2400.0));
        assert_eq!(moved.observations(0).len(), 2, "the score of the activity is of Oura's own kind");
        assert_eq!(day("\"steps\":0,\"total_calories\":1500").observations(0), []);
    }

    #[test]
    fn a_bad_field_rejects_its_record_alone() {
        let bad = NIGHT.replace("\"total_sleep_duration\": 26400", "\"total_sleep_duration\": 36400");
        let late = NIGHT.replace("2024-03-02T07:10:00.000+01:00", "2024-03-01T07:10:00.000+01:00");
        let read = probe(format!("{{\"data\":[{bad},{late},{NIGHT}]}}")).expect("read");
        assert_eq!(read.rejection(0).field, "total_sleep_duration");
        assert_eq!(read.rejection(1).field, "bedtime_end");
        assert_eq!(read.of(2, Metric::SleepDuration).value, 440.0);
    }
}
