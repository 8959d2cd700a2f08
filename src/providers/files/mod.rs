//! Files a person downloaded: opened, recognised by content, and read row by row.
//!
//! A name or an ending decides nothing. Memory stays constant: a row is bounded, a zip's members are counted while
//! they unfold, and nothing is kept beyond the row at hand.

mod archive;
mod beside;
mod content;
mod entries;
mod failure;
mod format;
mod lines;
#[cfg(test)]
pub(super) mod probe;
mod shape;
mod sniff;
mod streams;
mod table;
mod xml;

use std::ops::ControlFlow;
use std::path::Path;

use crate::domain::Instant;
use crate::domain::activity::Streams;
use crate::domain::observation::Activity;
use crate::engine::ports::export::{ExportError, ExportReader, Part, ReadContext, Rejection, Row, Survey};

use super::draft::{OnRow, Reading};
use super::track;
use failure::file_name;
use format::{Format, Layout};

pub(super) use content::Content;
pub(super) use entries::{DocumentFormat, DocumentReader, Rows};
pub(super) use failure::Failure;
pub(super) use shape::Shape;
pub(super) use table::{TableFormat, TableRow};
pub(super) use xml::{Element, Node, Xml};

/// Reads exports from files on this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExportFiles;

impl ExportReader for ExportFiles {
    fn parts(&self, path: &Path) -> Result<Vec<Part>, ExportError> {
        let file = file_name(path);
        let recognise = || {
            content::check(path)?;
            if archive::is_zip(path)? {
                archive::parts(path, &file)
            } else {
                let format = content::with_plain(path, &mut |_| {}, |content| {
                    sniff::recognise(&content.prefix()?, &file_name(path)).map_err(Failure::Unknown)
                })?;
                Ok(vec![Part { name: file.clone(), member: None, format: format.name, provider: format.provider }])
            }
        };
        recognise().map_err(|failure: Failure| failure.of(&file))
    }

    fn survey(
        &self,
        path: &Path,
        part: &Part,
        context: &ReadContext,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Survey, ExportError> {
        let mut survey = Survey::default();
        let reading = Reading::new(context, context.now);
        let mut bytes = 0;
        walk(
            path,
            part,
            &reading,
            &mut |read| {
                bytes = read;
                progress(read);
            },
            &mut |_, outcome| {
                survey.rows += 1;
                if let Ok(taken) = outcome {
                    survey.newest = survey.newest.max(taken.newest);
                    survey.zone_assumed |= taken.zone_assumed;
                }
                ControlFlow::Continue(())
            },
        )
        .map_err(|failure| failure.of(&part.name))?;
        // A clock that runs ahead by less than a day must not outrank what is said later.
        survey.newest = survey.newest.map(|newest| newest.min(context.now));
        survey.bytes = bytes;
        Ok(survey)
    }

    fn rows(
        &self,
        path: &Path,
        part: &Part,
        context: &ReadContext,
        as_of: Instant,
        visit: &mut dyn FnMut(u32, Row) -> ControlFlow<()>,
    ) -> Result<(), ExportError> {
        let reading = Reading::new(context, as_of);
        walk(path, part, &reading, &mut |_| {}, &mut |row, outcome| {
            let given = match outcome {
                Ok(taken) => taken.row,
                Err(fault) => Row::Rejected(Rejection { row, field: fault.field, reason: fault.reason }),
            };
            visit(row, given)
        })
        .map_err(|failure| failure.of(&part.name))
    }

    fn streams(&self, path: &Path, activity: &Activity) -> Result<Option<Streams>, ExportError> {
        streams::of(path, activity).map_err(|failure| failure.of(&file_name(path)))
    }
}

fn walk(
    path: &Path,
    part: &Part,
    reading: &Reading,
    progress: &mut dyn FnMut(u64),
    on_row: &mut OnRow<'_>,
) -> Result<(), Failure> {
    let format = Format::named(part.format)
        .ok_or_else(|| Failure::Unknown(format!("{} is not a format this build reads", part.format)))?;
    let read = |content: &mut Content<'_>| match &format.layout {
        Layout::Table(table) => table::walk(content, table, reading, on_row),
        Layout::Document(document) => entries::walk(content, document, reading, on_row),
        Layout::Lines(read) => lines::walk(content, *read, reading, on_row),
        Layout::Track { walk, .. } => track::rows(*walk, part.provider, content, reading, on_row),
        Layout::Xml { walk, .. } => walk(content, reading, on_row),
    };
    with_part(path, part, progress, read)
}

/// Reads the bytes of a part.
fn with_part<T>(
    path: &Path,
    part: &Part,
    progress: &mut dyn FnMut(u64),
    read: impl FnOnce(&mut Content<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if let Some(member) = part.member {
        return archive::with_member(path, member, progress, read);
    }
    content::check(path)?;
    content::with_plain(path, progress, read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::probe::{probe, zipped};
    use crate::domain::observation::Activity;
    use crate::domain::provider::Provider;
    use crate::engine::ports::export::ExportReader;
    use crate::providers::track::probe::{GPX, TCX, run, sealed};

    const SAMPLES: [&str; 6] = [
        "Cycle start time,Cycle end time,Cycle timezone,Sleep onset,Wake onset,Asleep duration (min),Nap\n\
         2024-06-09 23:40:05,,UTC+09:00,2024-06-10 14:00:00,2024-06-10 15:00:00,50,true\n",
        "Activity ID,Activity Date,Activity Type,Elapsed Time,Distance,Distance\n\
         1,\"Mar 25, 2024, 6:01:54 AM\",Swim,60,\"1,250\",1250.0\n",
        "{\"metric\":\"steps\",\"value\":1,\"unit\":\"steps\",\"start\":\"2026-03-01T23:30:00Z\"}\n",
        "{\"dailies\":[{\"summaryId\":\"x\",\"steps\":4210,\"startTimeInSeconds\":1452470400,\
         \"startTimeOffsetInSeconds\":3600,\"durationInSeconds\":86400}]}",
        "{\"sleep\":[{\"logId\":7,\"dateOfSleep\":\"2024-03-02\",\"startTime\":\"2024-03-01T23:10:30.000\",\
         \"endTime\":\"2024-03-02T06:50:00.000\",\"minutesAsleep\":410,\"timeInBed\":459}]}",
        "{\"data\":[{\"type\":\"long_sleep\",\"day\":\"2024-03-02\",\"total_sleep_duration\":26400,\
         \"bedtime_start\":\"2024-03-01T23:10:00+01:00\",\"bedtime_end\":\"2024-03-02T07:10:00+01:00\"}]}",
    ];

    const HEALTH: &str = "<!DOCTYPE HealthData [<!ELEMENT HealthData ANY>]><HealthData locale=\"en\">\
         <Record type=\"HKQuantityTypeIdentifierStepCount\" sourceName=\"a\" unit=\"count\" value=\"5\" \
         startDate=\"2024-03-01 23:10:00 +0100\" endDate=\"2024-03-01 23:20:00 +0100\"/>\
         <Record type=\"HKCategoryTypeIdentifierSleepAnalysis\" value=\"HKCategoryValueSleepAnalysisAsleepREM\" \
         startDate=\"2024-03-01 23:30:00 +0100\" endDate=\"2024-03-02 03:20:00 +0100\"/>\
         <Workout workoutActivityType=\"a\" duration=\"1\" durationUnit=\"min\" \
         startDate=\"2024-03-01 12:10:00 +0100\" endDate=\"2024-03-01 12:20:00 +0100\"></Workout></HealthData>";

    /// The samples that are text, and one that is not.
    fn sample(which: usize) -> Vec<u8> {
        match which.checked_sub(SAMPLES.len()) {
            None => SAMPLES[which].as_bytes().to_vec(),
            Some(0) => GPX.into(),
            Some(1) => TCX.into(),
            Some(2) => HEALTH.into(),
            Some(_) => run(1),
        }
    }

    /// Asks damaged bytes for points as well.
    fn streams_of(bytes: &[u8]) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a");
        std::fs::write(&path, bytes).expect("written");
        let start = super::probe::utc("2024-03-25T06:00:00Z");
        let day = "2024-03-25".parse().expect("a day");
        let sport = String::new();
        let activity = Activity { provider: Provider::File, start, provider_id: None, end: None, day, sport, row: 1 };
        let _ = super::ExportFiles.streams(&path, &activity);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = probe(&bytes);
            let _ = probe([b"PK\x03\x04", bytes.as_slice()].concat());
            let _ = probe([SAMPLES[0].as_bytes(), bytes.as_slice()].concat());
            let _ = probe([b"\x1f\x8b", bytes.as_slice()].concat());
            let _ = probe([b"<gpx>", bytes.as_slice()].concat());
            let _ = probe([b"<HealthData>", bytes.as_slice()].concat());
            let _ = probe(sealed(&bytes));
            streams_of(&[&run(1)[..40], bytes.as_slice()].concat());
        }

        #[test]
        fn damaged_files_never_panic(
            which in 0_usize..SAMPLES.len() + 4,
            packed in any::<bool>(),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<proptest::sample::Index>(),
        ) {
            let plain = sample(which);
            let mut bytes = if packed { zipped(&[("a", &plain)]) } else { plain };
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = probe(&bytes);
            streams_of(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            let _ = probe(&bytes);
        }

        #[test]
        fn numbers_of_any_size_never_panic(number in "[-+]?[0-9eE.,naif]{1,24}") {
            let _ = probe(SAMPLES[0].replace(",50,", &format!(",{number},")));
            let _ = probe(SAMPLES[1].replace(",60,", &format!(",\"{number}\",")));
            let _ = probe(SAMPLES[2].replace(":1,", &format!(":{number},")));
            let _ = probe(SAMPLES[3].replace("1452470400", &number));
            let _ = probe(SAMPLES[3].replace("86400", &number));
        }
    }
}
