//! WHOOP's developer API, version 2: the objects of its answers, in the lists of one document.
//!
//! `{"whoop_cycles": [{"cycle", "sleep", "recovery"}], "whoop_sleeps": [..], "whoop_workouts": [..], "whoop_body": [..]}`,
//! each object as the API gave it. They become what the account export's tables become, under the same keys: starts and
//! ends in whole seconds, the local day by the record's own offset, and no id in the key. Durations are finer than the
//! export's whole minutes. A recovery has no time of its own: it takes its sleep's. Fields and states that are not known
//! here are passed over.

mod body;
mod cycle;
mod interval;
mod sleep;
mod workout;

use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Taken};
use crate::providers::fields::{Fault, Object};
use crate::providers::files::{DocumentFormat, DocumentReader};

pub(in crate::providers) const API: DocumentFormat = DocumentFormat {
    lists: &["whoop_cycles", "whoop_sleeps", "whoop_workouts", "whoop_body"],
    reader: || Box::new(Answers),
};

struct Answers;

impl DocumentReader for Answers {
    fn read(
        &mut self,
        list: Option<&str>,
        record: Object<'_>,
        reading: &Reading,
        row: u32,
    ) -> Result<Option<Taken>, Fault> {
        let mut draft = Draft::new(reading, Provider::Whoop, row);
        match list {
            Some("whoop_cycles") => cycle::read(&mut draft, record)?,
            Some("whoop_sleeps") => sleep::read(&mut draft, record)?,
            Some("whoop_workouts") => workout::read(&mut draft, record)?,
            Some("whoop_body") => body::read(&mut draft, record)?,
            _ => {}
        }
        Ok(Some(draft.finish()))
    }
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
