//! The current layout: five column names stand twice and are told apart by occurrence.
//!
//! The second `Distance` is in metres. The first is in kilometres, but for swims in metres with a thousands comma.
//! Columns that Strava failed to translate (`translation missing: ...`) are ignored like any other.

use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Record, Taken};
use crate::providers::fields::Fault;
use crate::providers::files::{TableFormat, TableRow};
use crate::providers::time;
use crate::providers::written::Written;

const ID: &str = "Activity ID";
const DATE: &str = "Activity Date";
const TYPE: &str = "Activity Type";
const ELAPSED: &str = "Elapsed Time";
const DISTANCE: &str = "Distance";

pub(in crate::providers) const ACTIVITIES: TableFormat =
    TableFormat { signatures: &[&[ID, DATE]], required: &[ID, DATE, TYPE, ELAPSED], read };

/// Columns that stand once, or twice with the finer value second.
const COLUMNS: [(&str, Metric, &str); 4] = [
    ("Moving Time", Metric::ActivityMovingTime, "s"),
    ("Elevation Gain", Metric::ActivityElevationGain, "m"),
    ("Calories", Metric::ActivityEnergy, "kcal"),
    ("Relative Effort", Metric::RelativeEffort, "points"),
];

/// A heart rate of 0 is how Strava writes that there was no sensor.
const HEART_RATES: [(&str, Metric); 2] =
    [("Average Heart Rate", Metric::ActivityHeartRateAverage), ("Max Heart Rate", Metric::ActivityHeartRateMax)];

fn read(row: &TableRow<'_>, reading: &Reading, number: u32) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Strava, number);
    let sport = row.cell(TYPE).ok_or_else(|| Fault::missing(TYPE, "the kind of sport"))?;
    let elapsed = finer(row, ELAPSED)?;
    let record = record(&mut draft, (row, ID, DATE, ELAPSED), elapsed)?;
    draft.activity(&record, sport);
    draft.add(&record, Metric::ActivityDuration, elapsed, "s", ELAPSED)?;
    let (distance, unit) = distance(row, sport)?;
    draft.add(&record, Metric::ActivityDistance, distance, unit, DISTANCE)?;
    for (name, metric, unit) in COLUMNS {
        draft.add(&record, metric, finer(row, name)?, unit, name)?;
    }
    for (name, metric) in HEART_RATES {
        let beats = finer(row, name)?.filter(|written| written.value != 0.0);
        draft.add(&record, metric, beats, "bpm", name)?;
    }
    Ok(draft.finish())
}

/// Reads identity and interval, which both layouts have in common.
pub(super) fn record(
    draft: &mut Draft<'_>,
    (row, id, date, elapsed_name): (&TableRow<'_>, &str, &str, &str),
    elapsed: Option<Written>,
) -> Result<Record, Fault> {
    let own_id = known_id(row.cell(id), id)?;
    let what = "a time as in Mar 25, 2024, 6:01:54 AM";
    let text = row.cell(date).ok_or_else(|| Fault::missing(date, what))?;
    let start = time::strava(text).ok_or_else(|| Fault::unreadable(date, what))?.and_utc();
    draft.see(start, date)?;
    draft.assume_zone();
    let zone = draft.reading.home_zone;
    let mut record = Record {
        kind: RecordKind::Activity,
        start,
        end: None,
        day: LocalDay::new(start.with_timezone(&zone).date_naive()),
        provider_id: Some(own_id),
    };
    if let Some(elapsed) = elapsed {
        record.end = Some(lasting(draft, start, elapsed, elapsed_name)?);
    }
    Ok(record)
}

/// An activity's number, which is its key.
pub(super) fn known_id(id: Option<&str>, field: &str) -> Result<String, Fault> {
    let id = id.filter(|id| id.len() <= 40).ok_or_else(|| Fault::missing(field, "the activity's number"))?;
    Ok(id.to_owned())
}

/// When an activity of so many seconds ended.
pub(super) fn lasting(draft: &mut Draft<'_>, start: Instant, elapsed: Written, field: &str) -> Result<Instant, Fault> {
    Metric::ActivityDuration.accept(elapsed.value, "s").map_err(|refusal| Fault::new(field, refusal.to_string()))?;
    // The registry has just held it between 0 and two weeks.
    let length = Duration::try_from_secs_f64(elapsed.value)
        .ok()
        .and_then(|length| TimeDelta::from_std(length).ok())
        .ok_or_else(|| Fault::unreadable(field, "a number of seconds"))?;
    let end = start + length;
    draft.see(end, field)?;
    Ok(end)
}

/// Of two columns of one name the second, which Strava fills with more digits; else the first.
fn finer(row: &TableRow<'_>, name: &str) -> Result<Option<Written>, Fault> {
    match row.nth_number(name, 1)? {
        Some(written) => Ok(Some(written)),
        None => match row.nth(name, 0) {
            Some(cell) => Written::parse_grouped(cell).map(Some).ok_or_else(|| Fault::unreadable(name, "a number")),
            None => Ok(None),
        },
    }
}

fn distance(row: &TableRow<'_>, sport: &str) -> Result<(Option<Written>, &'static str), Fault> {
    if let Some(metres) = row.nth_number(DISTANCE, 1)? {
        return Ok((Some(metres), "m"));
    }
    let unit = if sport.to_lowercase().contains("swim") { "m" } else { "km" };
    Ok((finer(row, DISTANCE)?, unit))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use crate::domain::metric::Metric;
    use crate::engine::ports::export::Row;
    use crate::providers::files::probe::{probe, probe_in, utc};

    const HEADER: &str = "Activity ID,Activity Date,Activity Name,Activity Type,Activity Description,\
        Elapsed Time,Distance,Max Heart Rate,Relative Effort,Commute,Elapsed Time,Moving Time,Distance,\
        Max Heart Rate,Average Heart Rate,Calories,translation missing: en-US.lib.export.type,Commute\n";

    fn file(rows: &str) -> String {
        format!("{HEADER}{rows}")
    }

    #[test]
    fn columns_of_one_name_are_told_apart_and_metres_win() {
        let read = probe(file(
            "11,\"Mar 25, 2024, 6:01:54 AM\",Secret,Swim,\"two\nlines\",2637,\"1,250\",163.0,66,false,2637.0,2631.0,1250.0,163.0,142.0,315.0,,0.0\n",
        ))
        .expect("read");
        assert_eq!(read.part.format, "strava_activities_csv");
        let distance = read.of(0, Metric::ActivityDistance);
        assert_eq!((distance.value, distance.resolution), (1250.0, 0.1));
        assert_eq!(read.of(0, Metric::ActivityDuration).value, 2637.0 / 60.0);
        assert_eq!(read.of(0, Metric::ActivityHeartRateMax).value, 163.0);
        let activity = read.activity(0);
        assert_eq!(activity.sport, "Swim");
        assert_eq!(activity.provider_id.as_deref(), Some("11"));
        assert_eq!(activity.start, utc("2024-03-25T06:01:54Z"));
        assert_eq!(activity.end, Some(utc("2024-03-25T06:45:51Z")));
        let said = format!("{:?}", read.rows);
        assert!(!said.contains("Secret") && !said.contains("lines"), "free text leaked");
    }

    #[test]
    fn without_the_second_distance_the_sport_tells_the_unit() {
        let read = probe(file(
            "1,\"Mar 25, 2024, 6:01:54 AM\",,Swim,,60,\"1,250\",,,,,,,,,,,\n\
             2,\"Mar 25, 2024, 6:01:54 AM\",,Run,,60,7.83,,,,,,,,0.0,,,\n",
        ))
        .expect("read");
        assert_eq!(read.of(0, Metric::ActivityDistance).value, 1250.0);
        let run = read.of(1, Metric::ActivityDistance);
        assert_eq!((run.value, run.resolution), (7830.0, 10.0));
        let rates = |row: &Row| format!("{row:?}").matches("HeartRate").count();
        assert_eq!(rates(&read.rows[1]), 0, "no sensor is no heart rate");
    }

    #[test]
    fn dates_are_utc_and_the_home_zone_tells_the_day() {
        let row = file("1,\"Mar 25, 2024, 11:30:00 PM\",,Run,,60,1,,,,,,,,,,,\n");
        let at_home = probe_in(Tz::Asia__Tokyo, &row).expect("read");
        assert!(at_home.survey.zone_assumed);
        assert_eq!(at_home.activity(0).day.to_string(), "2024-03-26");
        assert_eq!(at_home.activity(0).start, utc("2024-03-25T23:30:00Z"));
    }

    #[test]
    fn a_bad_field_rejects_its_row_alone() {
        let read = probe(file(
            "1,25.03.2024,,Run,,60,1,,,,,,,,,,,\n\
             2,\"Mar 25, 2099, 6:01:54 AM\",,Run,,60,1,,,,,,,,,,,\n\
             3,\"Mar 25, 2024, 6:01:54 AM\",,Run,,-5,1,,,,,,,,,,,\n\
             4,\"Mar 25, 2024, 6:01:54 AM\",,Run,,60,1,6000,,,,,,,,,,\n\
             5,\"Mar 25, 2024, 6:01:54 AM\",,Run,,60,1,,,,,,,,,,,\n",
        ))
        .expect("read");
        let fields: Vec<&str> = (0..4).map(|row| read.rejection(row).field.as_str()).collect();
        assert_eq!(fields, ["Activity Date", "Activity Date", "Elapsed Time", "Max Heart Rate"]);
        assert!(!read.rejection(3).reason.contains("6000"));
        assert_eq!(read.activity(4).row, 5);
    }
}
