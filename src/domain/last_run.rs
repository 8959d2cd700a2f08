//! The last run of the stages, which says whether another is due.

use serde::{Deserialize, Serialize};

use super::day::LocalDay;

/// The last run of the stages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// Its day.
    pub day: LocalDay,
    /// The revision of the last input it saw.
    pub input_revision: u64,
}
