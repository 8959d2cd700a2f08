//! What a person declares about themselves, and what they allow.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::plan::Matter;
use super::provider::Provider;
use super::score::ScoreFlags;

/// Age, as coarse as safety needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeBand {
    /// Under 18.
    Under18,
    /// 18 to 39.
    From18To39,
    /// 40 to 64.
    From40To64,
    /// 65 and over.
    From65,
}

/// Something that bears on which suggestions are safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Pregnancy.
    Pregnancy,
    /// A heart condition.
    Heart,
    /// Diabetes.
    Diabetes,
    /// Epilepsy.
    Epilepsy,
    /// A history of an eating disorder.
    EatingDisorder,
    /// A sleep disorder under treatment.
    SleepDisorder,
    /// Bipolar disorder.
    Bipolar,
}

/// The profile. An unset field is unknown, and unknown is not safe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Age band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_band: Option<AgeBand>,
    /// Conditions; an empty set that was declared means "none of these".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<BTreeSet<Condition>>,
    /// Whether medication that slows the heart is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heart_medication: Option<bool>,
    /// Height in whole centimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height_cm: Option<u16>,
    /// Home zone, for sources that give none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_zone: Option<Tz>,
    /// What counts in the readiness score.
    #[serde(default)]
    pub score_flags: ScoreFlags,
    /// What matters to the person: it may move the emphasis of a text.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub matters: BTreeSet<Matter>,
}

impl Profile {
    /// Whether everything safety asks about was declared.
    #[must_use]
    pub fn is_declared(&self) -> bool {
        self.age_band.is_some() && self.conditions.is_some() && self.heart_medication.is_some()
    }

    /// The zone of this person's days: home, else UTC.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.home_zone.unwrap_or(Tz::UTC)
    }
}

/// What is to be changed in a profile; what is not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// Age band.
    pub age_band: Option<AgeBand>,
    /// Conditions; an empty set means "none of these".
    pub conditions: Option<BTreeSet<Condition>>,
    /// Whether medication that slows the heart is taken.
    pub heart_medication: Option<bool>,
    /// Height in whole centimetres.
    pub height_cm: Option<u16>,
    /// Home zone.
    pub home_zone: Option<Tz>,
    /// What matters to the person.
    pub matters: Option<BTreeSet<Matter>>,
    /// Whether sleep counts in the score.
    pub score_sleep: Option<bool>,
    /// Whether stress counts in it.
    pub score_stress: Option<bool>,
    /// Whether HRV counts in it.
    pub score_hrv: Option<bool>,
}

impl ProfileChange {
    /// The profile with the change.
    #[must_use]
    pub fn to(&self, standing: &Profile) -> Profile {
        let change = self.clone();
        let flags = standing.score_flags;
        Profile {
            age_band: change.age_band.or(standing.age_band),
            conditions: change.conditions.or_else(|| standing.conditions.clone()),
            heart_medication: change.heart_medication.or(standing.heart_medication),
            height_cm: change.height_cm.or(standing.height_cm),
            home_zone: change.home_zone.or(standing.home_zone),
            matters: change.matters.unwrap_or_else(|| standing.matters.clone()),
            score_flags: ScoreFlags {
                sleep: change.score_sleep.unwrap_or(flags.sleep),
                stress: change.score_stress.unwrap_or(flags.stress),
                hrv: change.score_hrv.unwrap_or(flags.hrv),
            },
        }
    }
}

/// What a consent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Keeping and analysing the data at all.
    Processing,
    /// Letting a language model phrase results.
    NarrativeByModel,
    /// Letting that model see the numbers of a result, not only its codes.
    ValuesToModel,
    /// Letting a reviewer read the data.
    Review,
    /// Fetching from a provider.
    Provider(Provider),
}

/// A name that no purpose bears.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("unknown purpose {0:?}; known are processing, narrative_by_model, values_to_model, review, provider:<name>")]
pub struct UnknownPurpose(String);

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processing => f.write_str("processing"),
            Self::NarrativeByModel => f.write_str("narrative_by_model"),
            Self::ValuesToModel => f.write_str("values_to_model"),
            Self::Review => f.write_str("review"),
            Self::Provider(provider) => write!(f, "provider:{provider}"),
        }
    }
}

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownPurpose(s.chars().take(40).collect());
        match s {
            "processing" => Ok(Self::Processing),
            "narrative_by_model" => Ok(Self::NarrativeByModel),
            "values_to_model" => Ok(Self::ValuesToModel),
            "review" => Ok(Self::Review),
            _ => {
                let provider = s.strip_prefix("provider:").ok_or_else(unknown)?;
                provider.parse().map(Self::Provider).map_err(|_| unknown())
            }
        }
    }
}

impl Serialize for Purpose {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Purpose {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
