//! What was measured: taken from files and answers, corrected, retracted.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::observation::{Activity, NotUsed, Observation, ObservationKey, RecordKind, Rejection, Source};
use crate::domain::provider::Provider;
use crate::domain::safety::Symptom;

/// A file was taken whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileImported {
    /// Which file, as which format.
    pub source: Source,
    /// Rows of the file.
    pub read: u64,
    /// Rows that said something new.
    pub accepted: u64,
    /// Rows that said what was known.
    pub duplicates: u64,
    /// Rows that changed what was known.
    pub corrected: u64,
    /// Rows that say nothing Candor keeps, by why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_used: Vec<NotUsed>,
    /// Rows that were refused.
    pub rejected: u64,
    /// Each refused row with its reason, up to a thousand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejections: Vec<Rejection>,
    /// How new the file's word is.
    pub as_of: Instant,
    /// Who measured what is in it, where that is not the source alone: its original goes with any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<Provider>,
    /// The zone that stood in for the one the file does not name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_zone: Option<Tz>,
    /// How often the file was told again since, by another such zone.
    #[serde(default, skip_serializing_if = "never")]
    pub retold: u32,
}

/// How a file that names no zone was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumed {
    /// By which zone.
    pub zone: Tz,
    /// How new the file's word is.
    pub as_of: Instant,
    /// How often it was told again by another.
    pub retold: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn never(times: &u32) -> bool {
    *times == 0
}

/// A batch of measurements, at most 1,000.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservationsRecorded {
    /// Where they came from.
    pub source: Source,
    /// The measurements.
    pub observations: Vec<Observation>,
}

/// A newer word about a known measurement. The old value stays in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservationCorrected {
    /// Where the newer word came from.
    pub source: Source,
    /// The measurement from now on.
    pub observation: Observation,
    /// The value it replaces.
    pub previous_value: f64,
    /// The local day it replaces.
    pub previous_day: LocalDay,
}

/// A measurement no longer holds: its record was deleted, or moved to another time. The value stays in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservationRetracted {
    /// Where the word came from.
    pub source: Source,
    /// Which measurement.
    pub key: ObservationKey,
    /// The value that held.
    pub previous_value: f64,
    /// The local day it held for.
    pub previous_day: LocalDay,
    /// When its record ended, if it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_end: Option<Instant>,
    /// The provider's own id of the record, where it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// How new the word is: an older one about the measurement does not bring it back.
    pub as_of: Instant,
    /// Why, as in `record_moved`.
    pub reason: String,
}

/// A provider said that a record is gone of which nothing was known: what comes in later and is older does not stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordDeleted {
    /// Where the word came from.
    pub source: Source,
    /// The provider's own id of the record.
    pub record: String,
    /// Which kind of it alone; every kind that bears the id, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<RecordKind>,
    /// How new the word is.
    pub as_of: Instant,
    /// Why, as in `deleted_by_provider`.
    pub reason: String,
}

/// A workout, run or ride with its measurements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivityRecorded {
    /// Where it came from.
    pub source: Source,
    /// The activity.
    pub activity: Activity,
    /// Its measurements.
    pub observations: Vec<Observation>,
}

/// What a person said of a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckInRecorded {
    /// Their ratings.
    pub observations: Vec<Observation>,
    /// What they felt that is looked at at once.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub symptoms: BTreeSet<Symptom>,
    /// The day they speak of, where no rating says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<LocalDay>,
}
