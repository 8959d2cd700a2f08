//! Observations: one measured fact each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Instant;
use super::day::LocalDay;
use super::metric::Metric;
use super::provider::Provider;

/// What kind of a provider's record a value stood in. Two records of one kind that start at the same instant are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A night's main sleep.
    Sleep,
    /// A sleep beside the main one.
    Nap,
    /// What was measured or reckoned of the body after a night.
    Recovery,
    /// A provider's physiological cycle.
    Cycle,
    /// A calendar day's summary.
    Day,
    /// A workout, run, ride.
    Activity,
    /// A weighing.
    Weighing,
    /// What the person said.
    Checkin,
    /// A question that a provider asked about a cycle; the record's id is the question.
    Journal,
    /// A single value without a record around it.
    Sample,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Sleep,
        Self::Nap,
        Self::Recovery,
        Self::Cycle,
        Self::Day,
        Self::Activity,
        Self::Weighing,
        Self::Checkin,
        Self::Journal,
        Self::Sample,
    ];

    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Sleep => "sleep",
            Self::Nap => "nap",
            Self::Recovery => "recovery",
            Self::Cycle => "cycle",
            Self::Day => "day",
            Self::Activity => "activity",
            Self::Weighing => "weighing",
            Self::Checkin => "checkin",
            Self::Journal => "journal",
            Self::Sample => "sample",
        }
    }
}

/// A key that no kind of record bears.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("unknown kind of record")]
pub struct UnknownRecordKind;

impl FromStr for RecordKind {
    type Err = UnknownRecordKind;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.key() == s).ok_or(UnknownRecordKind)
    }
}

/// What makes two observations the same fact. The end is a value, not part of the key; a schema version never is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObservationKey {
    /// Who measured.
    pub provider: Provider,
    /// In what kind of record.
    pub kind: RecordKind,
    /// What was measured.
    pub metric: Metric,
    /// When the record starts, in whole seconds: files cut off what an API gives in milliseconds.
    pub start: Instant,
    /// The provider's own id of the record, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
}

/// The same text for the same fact: the id by which a person may ask for it.
impl fmt::Display for ObservationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.provider_id.as_deref().unwrap_or_default();
        let start = self.start.timestamp_micros();
        write!(f, "{}|{}|{}|{start}|{id}", self.provider, self.kind.key(), self.metric)
    }
}

/// One measured fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What makes it this fact and no other.
    #[serde(flatten)]
    pub key: ObservationKey,
    /// When the record ends, if it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Instant>,
    /// The local day it belongs to: a night belongs to the day the person wakes.
    pub day: LocalDay,
    /// The value in the metric's own unit.
    pub value: f64,
    /// The size of the last digit the source gives, in the metric's unit: 1 for whole minutes.
    pub resolution: f64,
    /// How new the source's word is: the record's own time of change, else the newest instant of the export.
    pub as_of: Instant,
    /// The row of the file it was read from, counted from 1 without the header; 0 where there are no rows.
    #[serde(default)]
    pub row: u32,
    /// The provider's own id of the record, where the key does not bear it: a file has none for what an API names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// How final the source says its word is, more being more final; 0 where it says nothing of that.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub finality: u32,
    /// Whether `as_of` is the record's own time of change, which stays as it is until the record changes. Asked for while the
    /// word is taken in, and not kept.
    #[serde(skip)]
    pub dated: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn says_nothing(finality: &u32) -> bool {
    *finality == 0
}

impl Observation {
    /// A value to whole units that has no end and whose source says no more of it than that: its word is as old as the record.
    #[must_use]
    pub fn new(key: ObservationKey, day: LocalDay, value: f64) -> Self {
        let as_of = key.start;
        Self { key, end: None, day, value, resolution: 1.0, as_of, row: 0, record: None, finality: 0, dated: false }
    }

    /// The provider's own id of the record, wherever it stands.
    #[must_use]
    pub fn own_id(&self) -> Option<&str> {
        self.record.as_deref().or(self.key.provider_id.as_deref())
    }

    /// Whether two values of one fact are the same as far as the coarser source can tell.
    #[must_use]
    pub fn same_value(&self, value: f64, resolution: f64) -> bool {
        let step = self.resolution.max(resolution);
        // Half a step, and a hair for the conversion between units.
        (self.value - value).abs() <= if self.resolution == resolution { 1e-9 } else { step / 2.0 + 1e-9 }
    }
}

/// The file or call that observations came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Who measured.
    pub provider: Provider,
    /// The format that was recognised, as in `whoop_cycles_csv`.
    pub format: String,
    /// The file's name without its folder, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// SHA-256 of the original, in hex. It lies inside a sealed body only: in clear it would identify the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Source {
    /// The key of a file's part: the same file again is the same.
    #[must_use]
    pub fn file_key(&self) -> String {
        format!("{}/{}", self.digest.as_deref().unwrap_or_default(), self.file.as_deref().unwrap_or_default())
    }
}

/// Why a row was refused. It never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The row, counted from 1 without the header.
    pub row: u32,
    /// The column or field.
    pub field: String,
    /// What is wrong and what would be right, in plain words.
    pub reason: String,
}

/// Rows of a file that say nothing Candor keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotUsed {
    /// Why, in plain words.
    pub reason: String,
    /// How many rows.
    pub rows: u64,
}

/// A workout, run or ride.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Who recorded it.
    pub provider: Provider,
    /// When it started, in whole seconds.
    pub start: Instant,
    /// The provider's own id, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// When it ended, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Instant>,
    /// The local day on which it started.
    pub day: LocalDay,
    /// The kind of sport in the provider's words, at most 60 characters.
    pub sport: String,
    /// The row of the file it was read from, counted from 1 without the header.
    #[serde(default)]
    pub row: u32,
}
