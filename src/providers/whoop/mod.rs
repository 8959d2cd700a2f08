//! WHOOP's account export: cycles, sleeps, workouts, journal.
//!
//! Times are local and bear the offset of their row. A cycle runs from one sleep to the next and is no calendar day: it
//! belongs to the day of its wake, without sleep to that of its midpoint. Both cycles and sleeps tell the same nights.

use chrono::FixedOffset;

use super::draft::{Draft, Reading, Record, Taken, check_asleep, check_order};
use super::fields::{Fault, Fields};
use super::files::CsvRow;
use super::time;
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;

const RECOVERY: [(&str, Metric, &str); 5] = [
    ("Recovery score %", Metric::RecoveryScore, "%"),
    ("Resting heart rate (bpm)", Metric::RestingHeartRate, "bpm"),
    ("Heart rate variability (ms)", Metric::HrvRmssd, "ms"),
    ("Skin temp (celsius)", Metric::SkinTemperature, "°C"),
    ("Blood oxygen %", Metric::Spo2, "%"),
];
const CYCLE: [(&str, Metric, &str); 4] = [
    ("Day Strain", Metric::Strain, "points"),
    // The header says cal; the numbers are kilocalories.
    ("Energy burned (cal)", Metric::Energy, "kcal"),
    ("Max HR (bpm)", Metric::HeartRateMax, "bpm"),
    ("Average HR (bpm)", Metric::HeartRateAverage, "bpm"),
];
const SLEEP: [(&str, Metric, &str); 12] = [
    ("Sleep performance %", Metric::SleepPerformance, "%"),
    ("Respiratory rate (rpm)", Metric::RespiratoryRate, "rpm"),
    ("Asleep duration (min)", Metric::SleepDuration, "min"),
    ("In bed duration (min)", Metric::SleepInBed, "min"),
    ("Light sleep duration (min)", Metric::SleepLight, "min"),
    ("Deep (SWS) duration (min)", Metric::SleepDeep, "min"),
    ("REM duration (min)", Metric::SleepRem, "min"),
    ("Awake duration (min)", Metric::SleepAwake, "min"),
    ("Sleep need (min)", Metric::SleepNeed, "min"),
    ("Sleep debt (min)", Metric::SleepDebt, "min"),
    ("Sleep efficiency %", Metric::SleepEfficiency, "%"),
    ("Sleep consistency %", Metric::SleepConsistency, "%"),
];
const WORKOUT: [(&str, Metric, &str); 7] = [
    ("Duration (min)", Metric::ActivityDuration, "min"),
    ("Activity Strain", Metric::ActivityStrain, "points"),
    ("Energy burned (cal)", Metric::ActivityEnergy, "kcal"),
    ("Max HR (bpm)", Metric::ActivityHeartRateMax, "bpm"),
    ("Average HR (bpm)", Metric::ActivityHeartRateAverage, "bpm"),
    ("Distance (meters)", Metric::ActivityDistance, "m"),
    ("Altitude gain (meters)", Metric::ActivityElevationGain, "m"),
];
const ZONES: [(&str, Metric); 5] = [
    ("HR Zone 1 %", Metric::Zone1Minutes),
    ("HR Zone 2 %", Metric::Zone2Minutes),
    ("HR Zone 3 %", Metric::Zone3Minutes),
    ("HR Zone 4 %", Metric::Zone4Minutes),
    ("HR Zone 5 %", Metric::Zone5Minutes),
];

fn offset(row: &CsvRow<'_>) -> Result<FixedOffset, Fault> {
    let name = "Cycle timezone";
    let text = row.text(name)?.ok_or_else(|| Fault::missing(name, "an offset like UTC-04:00"))?;
    time::offset(&text).ok_or_else(|| Fault::unreadable(name, "an offset like UTC-04:00"))
}

fn instant(row: &CsvRow<'_>, draft: &mut Draft<'_>, name: &str, offset: FixedOffset) -> Result<Option<Instant>, Fault> {
    let Some(text) = row.text(name)? else { return Ok(None) };
    let local = time::naive(&text).and_then(|local| time::at(local, offset));
    let instant = local.ok_or_else(|| Fault::unreadable(name, "a time like 2024-12-09 03:40:05"))?;
    draft.see(instant, name)?;
    Ok(Some(instant))
}

fn needed(instant: Option<Instant>, name: &str) -> Result<Instant, Fault> {
    instant.ok_or_else(|| Fault::missing(name, "a time like 2024-12-09 03:40:05"))
}

fn add_all(
    draft: &mut Draft<'_>,
    row: &CsvRow<'_>,
    record: &Record,
    columns: &[(&str, Metric, &str)],
) -> Result<(), Fault> {
    for (name, metric, unit) in columns {
        draft.add(record, *metric, row.number(name)?, unit, name)?;
    }
    Ok(())
}

/// A night as both files tell it, or `None` where there was none.
fn night(row: &CsvRow<'_>, draft: &mut Draft<'_>, offset: FixedOffset) -> Result<Option<Record>, Fault> {
    let (onset, wake) = (instant(row, draft, "Sleep onset", offset)?, instant(row, draft, "Wake onset", offset)?);
    let Some(onset) = onset else { return Ok(None) };
    let wake = needed(wake, "Wake onset")?;
    check_order(onset, Some(wake), "Wake onset")?;
    let (asleep, in_bed) = (row.number("Asleep duration (min)")?, row.number("In bed duration (min)")?);
    check_asleep(asleep, in_bed, 1.0, "Asleep duration (min)")?;
    Ok(Some(Record {
        kind: RecordKind::Sleep,
        start: onset,
        end: Some(wake),
        day: LocalDay::at(wake, offset),
        provider_id: None,
    }))
}

/// A row of `physiological_cycles.csv`.
pub(super) fn cycle(row: &CsvRow<'_>, number: u32, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Whoop, number);
    let offset = offset(row)?;
    let start = needed(instant(row, &mut draft, "Cycle start time", offset)?, "Cycle start time")?;
    let end = instant(row, &mut draft, "Cycle end time", offset)?;
    check_order(start, end, "Cycle end time")?;
    let night = night(row, &mut draft, offset)?;
    let day = match (&night, end) {
        (Some(night), _) => night.day,
        (None, Some(end)) => LocalDay::at(start + (end - start) / 2, offset),
        (None, None) => LocalDay::at(start, offset),
    };
    let cycle = Record { kind: RecordKind::Cycle, start, end, day, provider_id: None };
    let recovery = match &night {
        Some(night) => Record { kind: RecordKind::Recovery, ..night.clone() },
        None => Record { kind: RecordKind::Recovery, end: None, ..cycle.clone() },
    };
    add_all(&mut draft, row, &recovery, &RECOVERY)?;
    add_all(&mut draft, row, &cycle, &CYCLE)?;
    if let Some(night) = &night {
        add_all(&mut draft, row, night, &SLEEP)?;
    }
    Ok(draft.finish())
}

/// A row of `sleeps.csv`.
pub(super) fn sleep(row: &CsvRow<'_>, number: u32, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Whoop, number);
    let offset = offset(row)?;
    let night = night(row, &mut draft, offset)?.ok_or_else(|| Fault::missing("Sleep onset", "a time"))?;
    let nap = match row.text("Nap")?.as_deref() {
        Some("true" | "TRUE") => true,
        Some("false" | "FALSE") | None => false,
        Some(_) => return Err(Fault::unreadable("Nap", "true or false")),
    };
    if nap {
        let nap = Record { kind: RecordKind::Nap, ..night };
        let name = "Asleep duration (min)";
        draft.add(&nap, Metric::NapDuration, row.number(name)?, "min", name)?;
    } else {
        add_all(&mut draft, row, &night, &SLEEP)?;
    }
    Ok(draft.finish())
}

/// A row of `workouts.csv`.
pub(super) fn workout(row: &CsvRow<'_>, number: u32, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Whoop, number);
    let offset = offset(row)?;
    let start = needed(instant(row, &mut draft, "Workout start time", offset)?, "Workout start time")?;
    let end = instant(row, &mut draft, "Workout end time", offset)?;
    check_order(start, end, "Workout end time")?;
    let record = Record { kind: RecordKind::Activity, start, end, day: LocalDay::at(start, offset), provider_id: None };
    add_all(&mut draft, row, &record, &WORKOUT)?;
    if let Some(duration) = row.number("Duration (min)")? {
        for (name, metric) in ZONES {
            let share = row.number(name)?;
            if share.is_some_and(|share| !(0.0..=100.0).contains(&share.value)) {
                return Err(Fault::new(name, "outside the plausible range of 0 to 100 %"));
            }
            draft.add(&record, metric, share.map(|share| share.percent_of(duration)), "min", name)?;
        }
    }
    draft.activity(&record, row.text("Activity name")?.as_deref().unwrap_or("Activity"));
    Ok(draft.finish())
}

/// A row of `journal_entries.csv`: an answer is no measurement, and its notes never leave the file.
pub(super) fn journal(_: &CsvRow<'_>, number: u32, reading: &Reading) -> Result<Taken, Fault> {
    Ok(Draft::new(reading, Provider::Whoop, number).finish())
}
