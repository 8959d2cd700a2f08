//! What became of a file or a batch.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::importing::Progress;
use crate::domain::event::FileImported;
use crate::domain::observation::NotUsed;
use crate::engine::import::FileReport;
use crate::engine::ports::export;

/// A row that was refused. It never repeats the value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Rejection {
    /// The row, counted from 1 without a header; of a batch, the item.
    pub row: u32,
    /// The column or field.
    pub field: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl From<export::Rejection> for Rejection {
    fn from(rejection: export::Rejection) -> Self {
        Self { row: rejection.row, field: rejection.field, reason: rejection.reason }
    }
}

/// Rows that say nothing that is kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RowsNotUsed {
    /// Why.
    pub reason: String,
    /// How many.
    pub rows: u64,
}

impl From<NotUsed> for RowsNotUsed {
    fn from(not_used: NotUsed) -> Self {
        Self { reason: not_used.reason, rows: not_used.rows }
    }
}

/// What became of one part of a file: `read` is the sum of the four counts `accepted`, `duplicates`,
/// `corrected` and `rejected`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Import {
    /// The file, or `export.zip/member.csv`.
    pub file: String,
    /// The format that was recognised.
    pub format: String,
    /// Rows without the header.
    pub read: u64,
    /// Rows that said something new.
    pub accepted: u64,
    /// Rows that said what was known, or nothing that is kept.
    pub duplicates: u64,
    /// Rows that changed what was known.
    pub corrected: u64,
    /// Duplicates that say nothing that is kept.
    pub unused: u64,
    /// Why they are not used.
    pub not_used: Vec<RowsNotUsed>,
    /// Rows that were refused.
    pub rejected: u64,
    /// Observations written.
    pub observations: u64,
    /// Each refused row, up to a thousand.
    pub rejections: Vec<Rejection>,
}

impl From<FileReport> for Import {
    fn from(report: FileReport) -> Self {
        Self {
            file: report.file,
            format: report.format,
            read: report.read,
            accepted: report.accepted,
            duplicates: report.duplicates,
            corrected: report.corrected,
            unused: report.unused,
            not_used: report.not_used.into_iter().map(Into::into).collect(),
            rejected: report.rejected,
            observations: report.observations,
            rejections: report.rejections.into_iter().map(Into::into).collect(),
        }
    }
}

/// A file on its way into the log, as the process that answers knows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Running {
    /// The file's name.
    pub name: String,
    /// Its rows; nothing while it is read for the first time.
    pub rows: Option<u64>,
    /// Rows that are in the log, or were refused.
    pub done: u64,
}

/// A file, or a part of one, that was taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Taken {
    /// SHA-256 of the original, in hex: what `imports/{digest}` names.
    pub digest: String,
    /// The file, or `export.zip/member.csv`.
    pub file: String,
    /// The format that was recognised.
    pub format: String,
    /// Rows without the header.
    pub read: u64,
    /// Rows that said something new.
    pub accepted: u64,
    /// Rows that said what was known, or nothing that is kept.
    pub duplicates: u64,
    /// Rows that changed what was known.
    pub corrected: u64,
    /// Duplicates that say nothing that is kept.
    pub unused: u64,
    /// Why they are not used.
    pub not_used: Vec<RowsNotUsed>,
    /// Rows that were refused.
    pub rejected: u64,
    /// How new the file's word is.
    #[schema(format = DateTime)]
    pub as_of: String,
}

/// The files of a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Imports {
    /// Those on their way, in the order in which they began.
    pub running: Vec<Running>,
    /// Those that were taken whole, part by part.
    pub taken: Vec<Taken>,
}

impl Imports {
    /// What is known of a person's files.
    #[must_use]
    pub fn of(running: Vec<Progress>, taken: Vec<FileImported>) -> Self {
        let running = running.into_iter().map(|Progress { name, rows, done }| Running { name, rows, done });
        let taken = taken.into_iter().map(|part| Taken {
            digest: part.source.digest.unwrap_or_default(),
            file: part.source.file.unwrap_or_default(),
            format: part.source.format,
            read: part.read,
            accepted: part.accepted,
            duplicates: part.duplicates,
            corrected: part.corrected,
            unused: part.not_used.iter().map(|not_used| not_used.rows).sum(),
            not_used: part.not_used.into_iter().map(Into::into).collect(),
            rejected: part.rejected,
            as_of: part.as_of.to_rfc3339(),
        });
        Self { running: running.collect(), taken: taken.collect() }
    }
}

/// The refused rows of a part of a file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Rejected {
    /// The file, or `export.zip/member.csv`.
    pub file: String,
    /// How many rows were refused.
    pub rejected: u64,
    /// Each of them, up to a thousand.
    pub rejections: Vec<Rejection>,
}

impl Rejected {
    /// The refused rows of a file's parts.
    #[must_use]
    pub fn of(parts: Vec<FileImported>) -> Vec<Self> {
        let rejected = |part: FileImported| Self {
            file: part.source.file.unwrap_or_default(),
            rejected: part.rejected,
            rejections: part.rejections.into_iter().map(Into::into).collect(),
        };
        parts.into_iter().map(rejected).collect()
    }
}
