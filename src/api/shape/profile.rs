//! What a person declared and allows.

use serde::Serialize;
use utoipa::ToSchema;

use super::word;
use crate::domain::profile;
use crate::domain::score;
use crate::domain::state::PersonState;

/// What counts in the readiness score.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct ScoreFlags {
    /// Sleep.
    pub sleep: bool,
    /// Stress.
    pub stress: bool,
    /// HRV.
    pub hrv: bool,
}

/// The profile. What is unknown is not taken for safe.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Profile {
    /// `under18`, `from18_to39`, `from40_to64` or `from65`.
    pub age_band: Option<String>,
    /// Conditions; an empty list that was declared means "none of these".
    pub conditions: Option<Vec<String>>,
    /// Whether medication that slows the heart is taken.
    pub heart_medication: Option<bool>,
    /// Height in whole centimetres.
    pub height_cm: Option<u16>,
    /// Home zone, as in `Europe/Berlin`.
    pub home_zone: Option<String>,
    /// What matters to the person.
    pub matters: Vec<String>,
    /// What counts in the readiness score.
    pub score: ScoreFlags,
}

impl From<profile::Profile> for Profile {
    fn from(profile: profile::Profile) -> Self {
        let score::ScoreFlags { sleep, stress, hrv } = profile.score_flags;
        Self {
            age_band: profile.age_band.map(|band| word(&band)),
            conditions: profile.conditions.map(|all| all.iter().map(word).collect()),
            heart_medication: profile.heart_medication,
            height_cm: profile.height_cm,
            home_zone: profile.home_zone.map(|zone| zone.to_string()),
            matters: profile.matters.iter().map(word).collect(),
            score: ScoreFlags { sleep, stress, hrv },
        }
    }
}

/// What a person allows, and took back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Consents {
    /// What is allowed now.
    pub granted: Vec<String>,
    /// What was taken back: none of it happens, and what is held stays held.
    pub withdrawn: Vec<String>,
}

impl From<&PersonState> for Consents {
    fn from(state: &PersonState) -> Self {
        let names = |purposes: &std::collections::BTreeSet<profile::Purpose>| {
            purposes.iter().map(ToString::to_string).collect()
        };
        Self { granted: names(&state.consents), withdrawn: names(&state.withdrawn) }
    }
}
