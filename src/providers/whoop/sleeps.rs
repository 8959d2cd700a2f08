//! `sleeps.csv`: every sleep, naps included. A nap repeats the start of the cycle in which it falls.

use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Record, Taken, check_order};
use crate::providers::fields::{Fault, Fields};
use crate::providers::files::{TableFormat, TableRow};

use super::night;
use super::row::{Local, START, ZONE};

const NAP: &str = "Nap";

pub(in crate::providers) const SLEEPS: TableFormat =
    TableFormat { signatures: &[&[START, night::ONSET, NAP]], required: &[ZONE, night::ONSET, night::WAKE, NAP], read };

fn read(row: &TableRow<'_>, reading: &Reading, number: u32) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Whoop, number);
    let local = Local::new(row)?;
    let start = local.required(&mut draft, night::ONSET)?;
    let end = local.required(&mut draft, night::WAKE)?;
    check_order(start, Some(end), night::WAKE)?;
    let nap = match row.cell(NAP) {
        Some(cell) if cell.eq_ignore_ascii_case("true") => true,
        Some(cell) if cell.eq_ignore_ascii_case("false") => false,
        Some(_) => return Err(Fault::unreadable(NAP, "true or false")),
        None => return Err(Fault::missing(NAP, "true or false")),
    };
    let record = Record {
        kind: if nap { RecordKind::Nap } else { RecordKind::Sleep },
        start,
        end: Some(end),
        day: local.day(end),
        provider_id: None,
    };
    if nap {
        night::check(row)?;
        let asleep = row.number(night::ASLEEP)?;
        draft.add(&record, Metric::NapDuration, asleep, "min", night::ASLEEP)?;
    } else {
        night::add(&mut draft, row, &record)?;
    }
    Ok(draft.finish())
}

#[cfg(test)]
mod tests {
    use crate::domain::metric::Metric;
    use crate::domain::observation::RecordKind;
    use crate::providers::files::probe::{probe, utc};

    const HEADER: &str = "Cycle start time,Cycle end time,Cycle timezone,Sleep onset,Wake onset,\
        Sleep performance %,Respiratory rate (rpm),Asleep duration (min),In bed duration (min),\
        Light sleep duration (min),Deep (SWS) duration (min),REM duration (min),Awake duration (min),\
        Sleep need (min),Sleep debt (min),Sleep efficiency %,Sleep consistency %,Nap\n";

    #[test]
    fn a_nap_is_never_counted_as_the_night() {
        let read = probe(format!(
            "{HEADER}\
             2024-06-09 23:40:05,,UTC+09:00,2024-06-10 14:00:00,2024-06-10 15:00:00,40,15.0,50,60,40,5,5,10,500,10,83,,true\n\
             2024-06-09 23:40:05,,UTC+09:00,2024-06-09 23:40:05,2024-06-10 07:24:58,83,16.7,389,465,250,60,79,76,537,80,85,68,false\n",
        ))
        .expect("read");
        assert_eq!(read.part.format, "whoop_sleeps_csv");
        assert_eq!(read.observations(0).len(), 1);
        let nap = read.of(0, Metric::NapDuration);
        assert_eq!((nap.value, nap.key.kind), (50.0, RecordKind::Nap));
        let night = read.of(1, Metric::SleepDuration);
        assert_eq!(night.key.kind, RecordKind::Sleep);
        assert_eq!(night.key.start, utc("2024-06-09T14:40:05Z"));
        assert_eq!(night.day.to_string(), "2024-06-10");
        assert_eq!(read.observations(1).len(), 12);
    }

    #[test]
    fn a_sleep_must_say_when_and_whether_it_was_a_nap() {
        let read = probe(format!(
            "{HEADER}\
             2024-06-09 23:40:05,,UTC+09:00,,2024-06-10 15:00:00,40,15.0,50,60,40,5,5,10,500,10,83,,true\n\
             2024-06-09 23:40:05,,UTC+09:00,2024-06-10 14:00:00,2024-06-10 15:00:00,40,15.0,50,60,40,5,5,10,500,10,83,,perhaps\n\
             2024-06-09 23:40:05,,UTC+09:00,2024-06-10 14:00:00,2024-06-10 15:00:00,40,15.0,90,60,40,5,5,10,500,10,83,,true\n",
        ))
        .expect("read");
        let fields = [0, 1, 2].map(|row| read.rejection(row).field.as_str());
        assert_eq!(fields, ["Sleep onset", "Nap", "Asleep duration (min)"]);
    }
}
