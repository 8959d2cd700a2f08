//! `physiological_cycles.csv`: from one sleep onset to the next, with recovery, strain and the night.
//!
//! A cycle is not a calendar day. It belongs to the local day of its wake; without sleep to that of its midpoint;
//! still open, to that of its start. The first row of an account starts at midnight and has no sleep.

use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Record, Taken, check_order};
use crate::providers::fields::{Fault, Fields};
use crate::providers::files::{TableFormat, TableRow};

use super::night;
use super::row::{END, Local, START, ZONE};

pub(in crate::providers) const CYCLES: TableFormat = TableFormat {
    signatures: &[&[START, "Recovery score %"], &[START, "Day Strain"], &[START, "Heart rate variability (ms)"]],
    required: &[START, END, ZONE, night::ONSET, night::WAKE],
    read,
};

const RECOVERY: [(&str, Metric, &str); 5] = [
    ("Recovery score %", Metric::RecoveryScore, "%"),
    ("Resting heart rate (bpm)", Metric::RestingHeartRate, "bpm"),
    ("Heart rate variability (ms)", Metric::HrvRmssd, "ms"),
    ("Skin temp (celsius)", Metric::SkinTemperature, "C"),
    ("Blood oxygen %", Metric::Spo2, "%"),
];

/// The header says "cal"; the numbers are kilocalories.
const CYCLE: [(&str, Metric, &str); 4] = [
    ("Day Strain", Metric::Strain, "points"),
    ("Energy burned (cal)", Metric::Energy, "kcal"),
    ("Max HR (bpm)", Metric::HeartRateMax, "bpm"),
    ("Average HR (bpm)", Metric::HeartRateAverage, "bpm"),
];

fn read(row: &TableRow<'_>, reading: &Reading, number: u32) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Whoop, number);
    let local = Local::new(row)?;
    let start = local.required(&mut draft, START)?;
    let end = local.instant(&mut draft, END)?;
    check_order(start, end, END)?;
    let onset = local.instant(&mut draft, night::ONSET)?;
    let wake = local.instant(&mut draft, night::WAKE)?;
    let night_start = onset.unwrap_or(start);
    check_order(night_start, wake, night::WAKE)?;
    let day = local.day(match (wake, end) {
        (Some(wake), _) => wake,
        (None, Some(end)) => start + (end - start) / 2,
        (None, None) => start,
    });
    let cycle = Record { kind: RecordKind::Cycle, start, end, day, provider_id: None };
    let night = |kind| Record { kind, start: night_start, end: wake, day, provider_id: None };
    let recovery = night(RecordKind::Recovery);
    for (name, metric, unit) in RECOVERY {
        draft.add(&recovery, metric, row.number(name)?, unit, name)?;
    }
    for (name, metric, unit) in CYCLE {
        draft.add(&cycle, metric, row.number(name)?, unit, name)?;
    }
    night::add(&mut draft, row, &night(RecordKind::Sleep))?;
    Ok(draft.finish())
}

#[cfg(test)]
mod tests {
    use crate::domain::metric::Metric;
    use crate::domain::observation::RecordKind;
    use crate::providers::files::probe::{Probe, probe, utc};

    const HEADER: &str = "Cycle start time,Cycle end time,Cycle timezone,Recovery score %,\
        Resting heart rate (bpm),Heart rate variability (ms),Skin temp (celsius),Blood oxygen %,Day Strain,\
        Energy burned (cal),Max HR (bpm),Average HR (bpm),Sleep onset,Wake onset,Sleep performance %,\
        Respiratory rate (rpm),Asleep duration (min),In bed duration (min),Light sleep duration (min),\
        Deep (SWS) duration (min),REM duration (min),Awake duration (min),Sleep need (min),Sleep debt (min),\
        Sleep efficiency %,Sleep consistency %\n";
    const NIGHT: &str = "2024-06-09 23:40:05,2024-06-10 23:10:00,UTC-04:00,91,68,64,34.60,96.10,4.3,1182,142,86,\
        2024-06-09 23:40:05,2024-06-10 07:24:58,83,16.7,389,465,250,60,79,76,537,80,85,68\n";

    fn read(rows: &str) -> Probe {
        probe(format!("{HEADER}{rows}")).expect("read")
    }

    #[test]
    fn a_cycle_belongs_to_the_day_of_its_wake() {
        let read = read(NIGHT);
        assert_eq!(read.part.format, "whoop_cycles_csv");
        assert_eq!(read.observations(0).len(), 21);
        let sleep = read.of(0, Metric::SleepDuration);
        assert_eq!((sleep.value, sleep.resolution), (389.0, 1.0));
        assert_eq!(sleep.key.kind, RecordKind::Sleep);
        assert_eq!(sleep.key.start, utc("2024-06-10T03:40:05Z"));
        assert_eq!(sleep.end, Some(utc("2024-06-10T11:24:58Z")));
        let recovery = read.of(0, Metric::HrvRmssd);
        assert_eq!(recovery.key.kind, RecordKind::Recovery);
        assert_eq!(recovery.key.start, sleep.key.start);
        let strain = read.of(0, Metric::Strain);
        assert_eq!(strain.key.kind, RecordKind::Cycle);
        assert_eq!(strain.end, Some(utc("2024-06-11T03:10:00Z")));
        for observation in read.observations(0) {
            assert_eq!(observation.day.to_string(), "2024-06-10");
        }
        assert_eq!(read.of(0, Metric::Energy).value, 1182.0, "kilocalories");
        assert_eq!(read.of(0, Metric::SkinTemperature).resolution, 0.01);
        assert!(!read.survey.zone_assumed);
        assert_eq!(read.survey.newest, Some(utc("2024-06-11T03:10:00Z")));
    }

    #[test]
    fn without_sleep_the_midpoint_tells_the_day_and_empty_cells_are_missing() {
        let empty = ",".repeat(14);
        let read = read(&format!(
            "2024-06-09 23:40:05,2024-06-10 23:10:00,UTC-04:00,,,,,,6.2,434,150,90{empty}\n\
             2024-06-08 00:00:00,2024-06-09 23:40:05,UTC-04:00,,,,,,6.2,434,150,90{empty}\n\
             2024-06-10 23:10:00,,UTC-04:00,,,,,,6.2,,,{empty}\n",
        ));
        let days = [0, 1, 2].map(|row| read.of(row, Metric::Strain).day.to_string());
        assert_eq!(days, ["2024-06-10", "2024-06-08", "2024-06-10"]);
        assert_eq!(read.observations(0).len(), 4);
        assert_eq!(read.observations(2).len(), 1);
    }

    #[test]
    fn each_bad_field_rejects_its_row_alone() {
        let bad = [
            ("UTC-04:00", "UTC-44:00", "Cycle timezone"),
            (",68,64,", ",6000,64,", "Resting heart rate (bpm)"),
            (",68,64,", ",68,NaN,", "Heart rate variability (ms)"),
            (",68,64,", ",68,1e309,", "Heart rate variability (ms)"),
            (",389,465,", ",-389,465,", "Asleep duration (min)"),
            (",389,465,", ",467,465,", "Asleep duration (min)"),
            (",389,465,", ",six,465,", "Asleep duration (min)"),
            ("2024-06-10 07:24:58", "2024-06-08 07:24:58", "Wake onset"),
            ("2024-06-10 23:10:00", "2024-06-01 23:10:00", "Cycle end time"),
            ("2024-06-10 07:24:58", "2099-06-10 07:24:58", "Wake onset"),
            ("2024-06-09 23:40:05,2024-06-10", ",2024-06-10", "Cycle start time"),
        ];
        for (right, wrong, field) in bad {
            assert!(NIGHT.contains(right), "{right}");
            let read = read(&format!("{}{NIGHT}", NIGHT.replacen(right, wrong, 1)));
            assert_eq!(read.rejection(0).field, field);
            assert_eq!(read.rejection(0).row, 1);
            let value = wrong.trim_matches(',').split(',').next_back().unwrap_or_default();
            assert!(!read.rejection(0).reason.contains(value), "{:?}", read.rejection(0));
            assert_eq!(read.observations(1).len(), 21);
        }
    }

    #[test]
    fn columns_stand_in_any_order_with_extra_ones_a_mark_and_windows_line_ends() {
        let reversed = |line: &str| {
            let mut cells: Vec<&str> = line.trim_end().split(',').rev().collect();
            cells.push("extra");
            cells.join(",")
        };
        let read = probe(format!("\u{feff}{}\r\n{}\r\n", reversed(HEADER), reversed(NIGHT))).expect("read");
        assert_eq!(read.observations(0).len(), 21);
    }

    #[test]
    fn a_missing_column_is_named() {
        let error = probe(HEADER.replace("Cycle timezone,", "")).expect_err("refused");
        assert!(error.to_string().contains("Cycle timezone"), "{error}");
    }
}
