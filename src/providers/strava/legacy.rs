//! The layout of before 2019: lower-case columns, ISO-like times in UTC, metres.

use crate::domain::metric::Metric;
use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Taken};
use crate::providers::fields::{Fault, Fields};
use crate::providers::files::{TableFormat, TableRow};

use super::activities::record;

pub(in crate::providers) const LEGACY: TableFormat = TableFormat {
    signatures: &[&["id", "date", "type", "elapsed_time", "distance"]],
    required: &["id", "date", "type", "elapsed_time"],
    read,
};

fn read(row: &TableRow<'_>, reading: &Reading, number: u32) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Strava, number);
    let sport = row.cell("type").ok_or_else(|| Fault::missing("type", "the kind of sport"))?;
    let elapsed = row.number("elapsed_time")?;
    let record = record(&mut draft, (row, "id", "date", "elapsed_time"), elapsed)?;
    draft.activity(&record, sport);
    draft.add(&record, Metric::ActivityDuration, elapsed, "s", "elapsed_time")?;
    let distance = row.number("distance")?;
    draft.add(&record, Metric::ActivityDistance, distance, "m", "distance")?;
    Ok(draft.finish())
}

#[cfg(test)]
mod tests {
    use crate::domain::metric::Metric;
    use crate::providers::files::probe::{probe, utc};

    #[test]
    fn the_old_layout_counts_in_metres() {
        let read = probe(
            "id,date,name,type,description,elapsed_time,distance,commute,gear,filename\n\
             9,2014-09-12 16:54:28,A,Ride,,9462,43057.4,false,,x.gpx\n",
        )
        .expect("read");
        assert_eq!(read.part.format, "strava_legacy_csv");
        assert_eq!(read.of(0, Metric::ActivityDistance).value, 43057.4);
        assert_eq!(read.activity(0).start, utc("2014-09-12T16:54:28Z"));
        assert!(read.survey.zone_assumed);
    }
}
