//! What happened beside the measurements, as a person or a program of theirs notes it: it explains, and is never counted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::day::LocalDay;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Circumstance {
    /// Another place or time zone.
    Travel,
    /// Being ill.
    Illness,
    /// An injury.
    Injury,
    /// A race or a match.
    Competition,
    /// Alcohol.
    Alcohol,
    /// More strain than usual outside of training.
    Stress,
    /// Days off.
    Holiday,
    /// A device that was changed, lost or worn otherwise.
    Device,
    /// Anything else.
    Other,
}

impl Circumstance {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Travel,
        Self::Illness,
        Self::Injury,
        Self::Competition,
        Self::Alcohol,
        Self::Stress,
        Self::Holiday,
        Self::Device,
        Self::Other,
    ];

    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Travel => "travel",
            Self::Illness => "illness",
            Self::Injury => "injury",
            Self::Competition => "competition",
            Self::Alcohol => "alcohol",
            Self::Stress => "stress",
            Self::Holiday => "holiday",
            Self::Device => "device",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Circumstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// A key that no circumstance bears.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("unknown circumstance")]
pub struct UnknownCircumstance;

impl FromStr for Circumstance {
    type Err = UnknownCircumstance;

    fn from_str(text: &str) -> Result<Self, UnknownCircumstance> {
        Self::ALL.into_iter().find(|kind| kind.key() == text).ok_or(UnknownCircumstance)
    }
}

/// Something that was noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Its id.
    pub id: Uuid,
    /// What kind of thing it was.
    pub kind: Circumstance,
    /// The first local day it was about.
    pub first: LocalDay,
    /// The last one.
    pub last: LocalDay,
    /// More about it, in the person's words. No model and no text sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The program that noted it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Noted {
    /// Notes of one person.
    pub const MOST: usize = 2_000;
    /// Letters in which it is told.
    pub const LETTERS: usize = 500;
    /// Letters in which a program is named.
    pub const LETTERS_OF_SOURCE: usize = 60;
    /// Days that one note may be about.
    pub const DAYS: i64 = 92;
}
