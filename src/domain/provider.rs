//! Where data comes from, and on which terms.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A source of observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// WHOOP, by account export or API.
    Whoop,
    /// Garmin, by Connect export, file or API.
    Garmin,
    /// Oura, by account export or what its API answers.
    Oura,
    /// Fitbit, by account export or what its API answers.
    Fitbit,
    /// Apple Health, by its export.
    AppleHealth,
    /// Strava, by bulk export or API.
    Strava,
    /// A file in Candor's own format.
    File,
    /// What the person said: check-ins.
    Person,
}

/// What a provider allows, as data. A claim inherits the strictest of its sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// May its data reach a language model?
    pub model_allowed: bool,
    /// The attribution that must stand beside what is shown, if any.
    pub attribution: Option<&'static str>,
    /// Must its data be deleted when the person disconnects?
    pub delete_on_disconnect: bool,
}

impl Provider {
    /// Every provider, in the order of priority: when two measure one metric on one day, the first wins.
    pub const ALL: [Self; 8] = [
        Self::Whoop,
        Self::Garmin,
        Self::Oura,
        Self::Fitbit,
        Self::AppleHealth,
        Self::Strava,
        Self::File,
        Self::Person,
    ];

    /// Each provider once, in the order of priority.
    pub fn distinct(providers: impl IntoIterator<Item = Self>) -> Vec<Self> {
        BTreeSet::from_iter(providers).into_iter().collect()
    }

    /// The stable name used in the log, in tables and on the command line.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Whoop => "whoop",
            Self::Garmin => "garmin",
            Self::Oura => "oura",
            Self::Fitbit => "fitbit",
            Self::AppleHealth => "apple_health",
            Self::Strava => "strava",
            Self::File => "file",
            Self::Person => "person",
        }
    }

    /// The name a person reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Whoop => "WHOOP",
            Self::Garmin => "Garmin",
            Self::Oura => "Oura",
            Self::Fitbit => "Fitbit",
            Self::AppleHealth => "Apple Health",
            Self::Strava => "Strava",
            Self::File => "your file",
            Self::Person => "your check-ins",
        }
    }

    /// The provider's terms, as they were read in November 2026. Strava's API agreement of November 2024 forbids use in AI and demands
    /// deletion; WHOOP and Garmin ask for attribution, and for deletion where the person wants it.
    #[must_use]
    pub const fn terms(self) -> Terms {
        match self {
            Self::Strava => {
                Terms { model_allowed: false, attribution: Some("Powered by Strava"), delete_on_disconnect: true }
            }
            Self::Whoop => {
                Terms { model_allowed: true, attribution: Some("Data by WHOOP"), delete_on_disconnect: false }
            }
            Self::Garmin => {
                Terms { model_allowed: true, attribution: Some("Data by Garmin"), delete_on_disconnect: false }
            }
            Self::Oura | Self::Fitbit | Self::AppleHealth | Self::File | Self::Person => {
                Terms { model_allowed: true, attribution: None, delete_on_disconnect: false }
            }
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// A name that no provider bears.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("unknown provider {0:?}; known are whoop, garmin, oura, fitbit, apple_health, strava, file, person")]
pub struct UnknownProvider(pub String);

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|p| p.key() == s).ok_or_else(|| UnknownProvider(s.to_owned()))
    }
}
