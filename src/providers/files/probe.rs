//! Generated files for tests: written to a temporary place and read whole.

use std::fmt;
use std::io::{Cursor, Write};
use std::ops::ControlFlow;

use chrono_tz::Tz;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::domain::Instant;
use crate::domain::metric::Metric;
use crate::domain::observation::{Activity, Observation};
use crate::engine::ports::export::{ExportError, ExportReader, Part, ReadContext, Rejection, Row, Survey};

use super::ExportFiles;

/// What a file of one part gave.
pub(in crate::providers) struct Probe {
    pub(in crate::providers) part: Part,
    pub(in crate::providers) survey: Survey,
    pub(in crate::providers) rows: Vec<Row>,
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows of {}", self.rows.len(), self.part.format)
    }
}

/// An instant from its RFC 3339 text.
pub(in crate::providers) fn utc(text: &str) -> Instant {
    text.parse().expect("an RFC 3339 instant")
}

/// Reads bytes as a file, in UTC, on 1 January 2027.
pub(in crate::providers) fn probe(bytes: impl AsRef<[u8]>) -> Result<Probe, ExportError> {
    probe_in(Tz::UTC, bytes)
}

/// Reads bytes as a file for a person at home in a zone.
pub(in crate::providers) fn probe_in(zone: Tz, bytes: impl AsRef<[u8]>) -> Result<Probe, ExportError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a file.bin");
    std::fs::write(&path, bytes).expect("written");
    let context = ReadContext { home_zone: zone, now: utc("2027-01-01T00:00:00Z") };
    let part = ExportFiles.parts(&path)?.remove(0);
    let survey = ExportFiles.survey(&path, &part, &context, &mut |_| {})?;
    let mut rows = Vec::new();
    let as_of = survey.newest.unwrap_or(context.now);
    ExportFiles.rows(&path, &part, &context, as_of, &mut |number, row| {
        rows.push(row);
        // What is put together out of many records bears the number of its first.
        assert!(part.format == "apple_health_xml" || number as usize == rows.len());
        ControlFlow::Continue(())
    })?;
    assert_eq!(survey.rows, rows.len() as u64);
    Ok(Probe { part, survey, rows })
}

/// Packs members into a zip.
pub(in crate::providers) fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a member");
        writer.write_all(content).expect("written");
    }
    writer.finish().expect("a zip").into_inner()
}

impl Probe {
    /// The observations of a row, counted from 0.
    pub(in crate::providers) fn observations(&self, row: usize) -> &[Observation] {
        match &self.rows[row] {
            Row::Observations(found) | Row::Activity(_, found) => found,
            Row::Unused(_) => &[],
            Row::Rejected(rejection) => panic!("{rejection:?}"),
        }
    }

    pub(in crate::providers) fn of(&self, row: usize, metric: Metric) -> &Observation {
        let found = self.observations(row);
        let mut fitting = found.iter().filter(|o| o.key.metric == metric);
        let first = fitting.next().unwrap_or_else(|| panic!("no {metric} in {found:?}"));
        assert!(fitting.next().is_none(), "{metric} stands twice");
        first
    }

    pub(in crate::providers) fn activity(&self, row: usize) -> &Activity {
        match &self.rows[row] {
            Row::Activity(activity, _) => activity,
            other => panic!("{other:?}"),
        }
    }

    pub(in crate::providers) fn rejection(&self, row: usize) -> &Rejection {
        match &self.rows[row] {
            Row::Rejected(rejection) => rejection,
            other => panic!("{other:?}"),
        }
    }
}
