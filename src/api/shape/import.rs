//! What became of a file or a batch.

use serde::Serialize;
use utoipa::ToSchema;

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

/// What became of one part of a file: `read` is the sum of the four counts after it.
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
    /// Rows that said what was known, or held no measurement.
    pub duplicates: u64,
    /// Rows that changed what was known.
    pub corrected: u64,
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
            rejected: report.rejected,
            observations: report.observations,
            rejections: report.rejections.into_iter().map(Into::into).collect(),
        }
    }
}
