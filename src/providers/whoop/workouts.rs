//! `workouts.csv`: 20 columns, or 17 where distance and altitude are left out.

use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Record, Taken, check_order};
use crate::providers::fields::{Fault, Fields};
use crate::providers::files::{TableFormat, TableRow};

use super::row::{Local, ZONE};

const WORKOUT_START: &str = "Workout start time";
const WORKOUT_END: &str = "Workout end time";
const DURATION: &str = "Duration (min)";
const NAME: &str = "Activity name";

pub(in crate::providers) const WORKOUTS: TableFormat =
    TableFormat { signatures: &[&[WORKOUT_START]], required: &[ZONE, WORKOUT_START, WORKOUT_END, NAME], read };

const COLUMNS: [(&str, Metric, &str); 6] = [
    ("Activity Strain", Metric::ActivityStrain, "points"),
    ("Energy burned (cal)", Metric::ActivityEnergy, "kcal"),
    ("Max HR (bpm)", Metric::ActivityHeartRateMax, "bpm"),
    ("Average HR (bpm)", Metric::ActivityHeartRateAverage, "bpm"),
    ("Distance (meters)", Metric::ActivityDistance, "m"),
    ("Altitude gain (meters)", Metric::ActivityElevationGain, "m"),
];

/// Percent of the duration; they do not add up to 100, since zone 0 is left out.
const ZONES: [(&str, Metric); 5] = [
    ("HR Zone 1 %", Metric::Zone1Minutes),
    ("HR Zone 2 %", Metric::Zone2Minutes),
    ("HR Zone 3 %", Metric::Zone3Minutes),
    ("HR Zone 4 %", Metric::Zone4Minutes),
    ("HR Zone 5 %", Metric::Zone5Minutes),
];

fn read(row: &TableRow<'_>, reading: &Reading, number: u32) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Whoop, number);
    let local = Local::new(row)?;
    let start = local.required(&mut draft, WORKOUT_START)?;
    let end = local.instant(&mut draft, WORKOUT_END)?;
    check_order(start, end, WORKOUT_END)?;
    let record = Record { kind: RecordKind::Activity, start, end, day: local.day(start), provider_id: None };
    draft.activity(&record, row.cell(NAME).unwrap_or("Activity"));
    let duration = row.number(DURATION)?;
    draft.add(&record, Metric::ActivityDuration, duration, "min", DURATION)?;
    for (name, metric, unit) in COLUMNS {
        draft.add(&record, metric, row.number(name)?, unit, name)?;
    }
    for (name, metric) in ZONES {
        let percent = row.number(name)?;
        if percent.is_some_and(|p| !(0.0..=100.0).contains(&p.value)) {
            return Err(Fault::new(name, "outside the plausible range of 0 to 100 %"));
        }
        let minutes = percent.zip(duration).map(|(p, whole)| p.percent_of(whole));
        draft.add(&record, metric, minutes, "min", name)?;
    }
    Ok(draft.finish())
}

#[cfg(test)]
mod tests {
    use crate::domain::metric::Metric;
    use crate::providers::files::probe::{probe, utc};

    const HEADER: &str = "Cycle start time,Cycle end time,Cycle timezone,Workout start time,Workout end time,\
        Duration (min),Activity name,Activity Strain,Energy burned (cal),Max HR (bpm),Average HR (bpm),\
        HR Zone 1 %,HR Zone 2 %,HR Zone 3 %,HR Zone 4 %,HR Zone 5 %,GPS enabled";
    const ROW: &str = "2024-06-23 20:24:26,,UTC-04:00,2024-06-24 08:08:18,2024-06-24 08:58:36,\
        50,Disc Golf,10.6,272.0,183,161,1,6,12,58,23,true";

    #[test]
    fn both_layouts_are_read_and_zones_become_minutes() {
        let short = probe(format!("{HEADER}\n{ROW}\n")).expect("read");
        assert_eq!(short.part.format, "whoop_workouts_csv");
        assert_eq!(short.observations(0).len(), 10);
        let activity = short.activity(0);
        assert_eq!(activity.sport, "Disc Golf");
        assert_eq!(activity.start, utc("2024-06-24T12:08:18Z"));
        let zone = short.of(0, Metric::Zone4Minutes);
        // A percent of 50 minutes, and 58 % of a minute.
        assert_eq!((zone.value, zone.resolution), (29.0, 1.08));
        let long = probe(format!(
            "{HEADER},Distance (meters),Altitude gain (meters),Altitude change (meters)\n\
             {ROW},4068.88,91.22,-0.60\n{ROW},,,\n"
        ))
        .expect("read");
        assert_eq!(long.observations(0).len(), 12);
        assert_eq!(long.of(0, Metric::ActivityDistance).value, 4068.88);
        assert_eq!(long.observations(1).len(), 10);
    }

    #[test]
    fn a_share_beyond_the_whole_rejects_the_row() {
        let row = ROW.replace(",58,23,", ",58,230,");
        let read = probe(format!("{HEADER}\n{row}\n")).expect("read");
        assert_eq!(read.rejection(0).field, "HR Zone 5 %");
    }
}
