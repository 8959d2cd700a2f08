//! Copies of what cannot be made again: whole or not there, looked at before they count, and the keys apart from the rest.
//!
//! A copy of the log beside the keys that open it would bring back whoever was erased, so they lie in two folders and live
//! differently long. Each backup says which keys are destroyed ([`manifest`]), and whoever puts one back destroys them again.
//! Read models are made anew and are in no backup; neither is a secret that lies in a file of its own.

pub mod copy;
pub mod manifest;
pub mod shelf;

use std::fmt::Display;
use std::path::Path;

/// Why a backup was not made or is not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Another process makes one in the same folder.
    #[error("{0}: another backup is being made there just now")]
    Busy(String),
    /// The disk has less room than it takes.
    #[error("{folder}: a backup takes {needed} MB, and {free} MB are free; make room or name a folder on another disk")]
    NoRoom {
        /// Where it would lie.
        folder: String,
        /// Megabytes that it takes.
        needed: u64,
        /// Megabytes that are free.
        free: u64,
    },
    /// It is not what was written.
    #[error("{0}")]
    NotWhole(String),
    /// The file system or the database refused.
    #[error("{0}")]
    Unavailable(String),
}

impl BackupError {
    pub(super) fn at(path: &Path, error: impl Display) -> Self {
        Self::Unavailable(format!("{}: {error}", path.display()))
    }

    fn not_whole(path: &Path, what: impl Display) -> Self {
        Self::NotWhole(format!("{}: {what}", path.display()))
    }
}
