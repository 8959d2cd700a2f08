//! `journal_entries.csv`: questions and answers in the person's words. It is recognised, and nothing of it is taken.

use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Taken};
use crate::providers::fields::Fault;
use crate::providers::files::{TableFormat, TableRow};

use super::row::{Local, START, ZONE};

const QUESTION: &str = "Question text";

pub(in crate::providers) const JOURNAL: TableFormat =
    TableFormat { signatures: &[&[START, QUESTION]], required: &[START, ZONE, QUESTION], read };

fn read(row: &TableRow<'_>, reading: &Reading, number: u32) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Whoop, number);
    Local::new(row)?.required(&mut draft, START)?;
    Ok(draft.finish())
}

#[cfg(test)]
mod tests {
    use crate::providers::files::probe::probe;

    #[test]
    fn the_journal_is_recognised_and_its_words_stay_in_it() {
        let read = probe(
            "Cycle start time,Cycle end time,Cycle timezone,Question text,Answered yes,Notes\n\
             2024-06-09 23:40:05,,UTC+01:00,Have any caffeine? ,true,\"with Anna,\nat noon\"\n",
        )
        .expect("read");
        assert_eq!(read.part.format, "whoop_journal_csv");
        assert!(read.observations(0).is_empty());
        assert!(!format!("{:?}", read.rows).contains("Anna"));
    }
}
