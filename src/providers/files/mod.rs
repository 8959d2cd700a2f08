//! Files a person downloaded: opened, recognised by content, and read row by row.
//!
//! A name or an ending decides nothing. Memory stays constant: a row is bounded, a zip's members are counted while
//! they unfold, and nothing is kept beyond the row at hand.

mod archive;
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

use std::ops::ControlFlow;
use std::path::Path;

use crate::domain::Instant;
use crate::domain::activity::Streams;
use crate::domain::observation::Activity;
use crate::engine::ports::export::{ExportError, ExportReader, Part, ReadContext, Rejection, Row, Survey};

use super::draft::{OnRow, Reading};
use content::Content;
use failure::{Failure, file_name};
use format::{Format, Layout};

pub(super) use entries::{DocumentFormat, DocumentReader};
pub(super) use table::{TableFormat, TableRow};

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
                    sniff::recognise(&content.prefix()?).map_err(Failure::Unknown)
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
        for part in self.parts(path)? {
            let found = streams::of(path, &part, activity).map_err(|failure| failure.of(&part.name))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
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

    const SAMPLES: [&str; 4] = [
        "Cycle start time,Cycle end time,Cycle timezone,Sleep onset,Wake onset,Asleep duration (min),Nap\n\
         2024-06-09 23:40:05,,UTC+09:00,2024-06-10 14:00:00,2024-06-10 15:00:00,50,true\n",
        "Activity ID,Activity Date,Activity Type,Elapsed Time,Distance,Distance\n\
         1,\"Mar 25, 2024, 6:01:54 AM\",Swim,60,\"1,250\",1250.0\n",
        "{\"metric\":\"steps\",\"value\":1,\"unit\":\"steps\",\"start\":\"2026-03-01T23:30:00Z\"}\n",
        "{\"dailies\":[{\"summaryId\":\"x\",\"steps\":4210,\"startTimeInSeconds\":1452470400,\
         \"startTimeOffsetInSeconds\":3600,\"durationInSeconds\":86400}]}",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = probe(&bytes);
            let _ = probe([b"PK\x03\x04", bytes.as_slice()].concat());
            let _ = probe([SAMPLES[0].as_bytes(), bytes.as_slice()].concat());
        }

        #[test]
        fn damaged_files_never_panic(
            which in 0_usize..SAMPLES.len(),
            packed in any::<bool>(),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<proptest::sample::Index>(),
        ) {
            let plain = SAMPLES[which].as_bytes();
            let mut bytes = if packed { zipped(&[("a", plain)]) } else { plain.to_vec() };
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = probe(&bytes);
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
