//! Reading an export: a file a person downloaded, turned into observations row by row.
//!
//! A file is read twice: once to survey it whole (is every part readable, how new is it), once to hand out its
//! rows. Nothing is kept in memory beyond the row at hand.

use std::ops::ControlFlow;
use std::path::Path;

use chrono_tz::Tz;
use thiserror::Error;

use crate::domain::Instant;
use crate::domain::activity::Streams;
pub use crate::domain::observation::Rejection;
use crate::domain::observation::{Activity, Observation};
use crate::domain::provider::Provider;

/// What a reader must know beyond the file.
#[derive(Clone, Copy, Debug)]
pub struct ReadContext {
    /// The zone for sources that give none: the profile's home zone, else UTC.
    pub home_zone: Tz,
    /// Now: a record that starts more than a day later is refused.
    pub now: Instant,
}

/// One table or document inside a file: a CSV, a member of a zip, a JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The file's name without its folder; for a member of a zip `export.zip/member.csv`.
    pub name: String,
    /// Where in the file it lies: the member's index in a zip, else `None`.
    pub member: Option<usize>,
    /// The format that was recognised by content, as in `whoop_cycles_csv`.
    pub format: &'static str,
    /// Who measured.
    pub provider: Provider,
}

/// What a row held.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// Observations.
    Observations(Vec<Observation>),
    /// An activity with its measurements.
    Activity(Activity, Vec<Observation>),
    /// Nothing that is kept, and why.
    Unused(&'static str),
    /// One bad field rejects its row, and no other.
    Rejected(Rejection),
}

/// What a survey of a part found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Rows without the header.
    pub rows: u64,
    /// The newest instant that any row names, the age of the source's word.
    pub newest: Option<Instant>,
    /// Bytes read, for a progress bar.
    pub bytes: u64,
    /// Whether local days were told with the home zone because the source gives no zone.
    pub zone_assumed: bool,
}

/// A file that cannot be taken at all. Nothing of it is written.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The file is missing, a directory, or cannot be read.
    #[error("{file}: {reason}")]
    Unreadable {
        /// The file's name.
        file: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Nothing recognised its content.
    #[error("{file}: {reason}")]
    Unknown {
        /// The file's name.
        file: String,
        /// What was found, what is understood.
        reason: String,
    },
    /// Its structure breaks: a cut zip, an open quote, JSON that does not parse.
    #[error("{file}: {place}: {reason}")]
    Broken {
        /// The file's name.
        file: String,
        /// The row, byte or member.
        place: String,
        /// What is wrong and what to do.
        reason: String,
    },
}

impl ExportError {
    /// What is wrong, without the file's name: that is its sender's word and may hold anything.
    #[must_use]
    pub fn without_name(&self) -> String {
        match self {
            Self::Unreadable { reason, .. } | Self::Unknown { reason, .. } => reason.clone(),
            Self::Broken { place, reason, .. } => format!("{place}: {reason}"),
        }
    }
}

/// Reads exports. Implementations block: callers run them on a thread of their own.
pub trait ExportReader: Send + Sync {
    /// Opens a file and names the parts that hold something understood.
    ///
    /// # Errors
    /// When the file is unreadable, broken, or nothing in it is understood.
    fn parts(&self, path: &Path) -> Result<Vec<Part>, ExportError>;

    /// Reads a part to its end without keeping anything, calling `progress` with the bytes read so far.
    ///
    /// # Errors
    /// When its structure breaks anywhere: then nothing of the file may be written.
    fn survey(
        &self,
        path: &Path,
        part: &Part,
        context: &ReadContext,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Survey, ExportError>;

    /// Hands out the rows in order, each with its number from 1, until the visitor breaks.
    /// Observations bear `as_of`.
    ///
    /// # Errors
    /// As for `survey`.
    fn rows(
        &self,
        path: &Path,
        part: &Part,
        context: &ReadContext,
        as_of: Instant,
        visit: &mut dyn FnMut(u32, Row) -> ControlFlow<()>,
    ) -> Result<(), ExportError>;

    /// The record of an activity second by second, as the file has it; `None` where it holds none.
    ///
    /// # Errors
    /// As for `survey`.
    fn streams(&self, path: &Path, activity: &Activity) -> Result<Option<Streams>, ExportError> {
        let _ = (path, activity);
        Ok(None)
    }
}
