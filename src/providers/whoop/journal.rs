//! `journal_entries.csv`: a question and an answer a row. The notes are the person's words about others too: they stay in
//! the file.

use chrono::TimeDelta;

use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Record, Taken, check_order};
use crate::providers::fields::Fault;
use crate::providers::files::{TableFormat, TableRow};
use crate::providers::written::Written;

use super::row::{END, Local, START, ZONE};

const QUESTION: &str = "Question text";
const ANSWER: &str = "Answered yes";
/// Letters of a question beyond which it is none.
const LONGEST_QUESTION: usize = 200;

pub(in crate::providers) const JOURNAL: TableFormat =
    TableFormat { signatures: &[&[START, QUESTION]], required: &[START, ZONE, QUESTION, ANSWER], read };

fn read(row: &TableRow<'_>, reading: &Reading, number: u32) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::Whoop, number);
    let local = Local::new(row)?;
    let start = local.required(&mut draft, START)?;
    let end = local.instant(&mut draft, END)?;
    check_order(start, end, END)?;
    let question = row.cell(QUESTION).map(str::trim).filter(|question| !question.is_empty());
    let question = question.ok_or_else(|| Fault::missing(QUESTION, "a question"))?;
    if question.chars().count() > LONGEST_QUESTION {
        return Err(Fault::new(QUESTION, "is longer than 200 letters"));
    }
    let answer = match row.cell(ANSWER) {
        None => None,
        Some(text) if text.eq_ignore_ascii_case("true") => Some(1.0),
        Some(text) if text.eq_ignore_ascii_case("false") => Some(0.0),
        Some(_) => return Err(Fault::unreadable(ANSWER, "true or false")),
    };
    // A cycle runs from one sleep to the next: its middle lies in the day that is asked about.
    let middle = start + end.map_or(TimeDelta::hours(12), |end| (end - start) / 2);
    let record = Record {
        kind: RecordKind::Journal,
        start,
        end,
        day: local.day(middle),
        provider_id: Some(question.to_owned()),
    };
    draft.holds_nothing("is a question without an answer");
    let answer = answer.map(|value| Written { value, resolution: 1.0 });
    draft.add(&record, asked(question), answer, "yes/no", ANSWER)?;
    Ok(draft.finish())
}

/// What a question asks about, for wordings seen in exports of 2023 to 2026. A question that is worded otherwise may ask
/// for the opposite: it is kept as what it is, an answer to a question.
fn asked(question: &str) -> Metric {
    let words = question.to_lowercase();
    match words.trim_end_matches(['?', ' ']) {
        "have any alcoholic drinks" | "had any alcoholic drinks" | "any alcohol" => Metric::JournalAlcohol,
        "have any caffeine" | "had any caffeine" | "consumed caffeine" => Metric::JournalCaffeine,
        "eat food close to bedtime" | "ate food close to bedtime" | "ate close to bedtime" => Metric::JournalLateMeal,
        "view a screen device in bed" | "viewed a screen device in bed" => Metric::JournalScreenInBed,
        "read (non-screened device) while in bed" | "read (non-screen device) while in bed" | "read in bed" => {
            Metric::JournalReadingInBed
        }
        "share your bed" | "shared your bed" => Metric::JournalSharedBed,
        "felt stressed today" | "experience any stress" | "experienced any stress" => Metric::JournalStress,
        "saw direct sunlight upon waking up" | "see direct sunlight upon waking up" => Metric::JournalMorningLight,
        "spent time stretching" | "spend time stretching" => Metric::JournalStretching,
        "meditated" | "meditate" | "spent time meditating" => Metric::JournalMeditation,
        _ => Metric::JournalAnswer,
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::metric::Metric;
    use crate::providers::files::probe::probe;

    const HEADER: &str = "Cycle start time,Cycle end time,Cycle timezone,Question text,Answered yes,Notes";

    #[test]
    fn an_answer_is_taken_with_its_question_and_the_notes_stay_in_the_file() {
        let read = probe(format!(
            "{HEADER}\n2024-06-09 23:40:05,,UTC+01:00,Have any caffeine? ,true,\"with Anna,\nat noon\"\n\
             2024-06-09 23:40:05,2024-06-10 22:10:00,UTC+01:00,Share your bed?,false,\n\
             2024-06-09 23:40:05,,UTC+01:00,Avoid caffeine?,true,\n"
        ))
        .expect("read");
        assert_eq!(read.part.format, "whoop_journal_csv");
        let (coffee, bed) = (read.of(0, Metric::JournalCaffeine), read.of(1, Metric::JournalSharedBed));
        assert_eq!((coffee.value, bed.value), (1.0, 0.0));
        // Words in a question do not say what a yes means.
        assert_eq!(read.of(2, Metric::JournalAnswer).value, 1.0);
        assert_eq!(coffee.key.provider_id.as_deref(), Some("Have any caffeine?"));
        assert_ne!(coffee.key, bed.key);
        assert_eq!((coffee.day.to_string(), bed.day.to_string()), ("2024-06-10".into(), "2024-06-10".into()));
        assert!(!format!("{:?}", read.rows).contains("Anna"));
    }

    #[test]
    fn an_answer_that_is_neither_yes_nor_no_rejects_its_row() {
        let read =
            probe(format!("{HEADER}\n2024-06-09 23:40:05,,UTC+01:00,Have any caffeine?,sometimes,\n")).expect("read");
        assert_eq!(read.rejection(0).field, "Answered yes");
    }
}
