//! Safety: what a person must be told whatever else holds, and what is not done meanwhile.
//!
//! A notice is one episode of one rule: raised once, however long its condition lasts, raised again only at a higher
//! level, and cleared by data, by what the person declares, or by a reviewer. While it stands it takes permissions away;
//! nothing gives them back but its clearing.

mod allowance;
mod clearing;
mod review;
mod rule;

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use allowance::{Allowance, Reach, Topic, allowance, contradicts};
pub(super) use clearing::cleared;
pub use review::{ClearedBy, Decision, HeldReview, Review, Reviewed, Subject};
pub use rule::{SafetyRule, declared};

use super::claim::Notice;
use super::day::LocalDay;
use super::evidence::Evidence;
use super::person::PersonId;

/// How far a notice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Something to watch.
    Warn,
    /// A person looks at it before anything is suggested.
    Review,
    /// Nothing is analysed at all.
    Stop,
}

/// Something a person feels that is looked at by nobody's wearable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symptom {
    /// Pain or pressure in the chest.
    ChestPain,
    /// Losing consciousness, or nearly.
    Fainting,
    /// Shortness of breath at rest or at little effort.
    Breathlessness,
}

impl Symptom {
    /// Every symptom.
    pub const ALL: [Self; 3] = [Self::ChestPain, Self::Fainting, Self::Breathlessness];

    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::ChestPain => "chest_pain",
            Self::Fainting => "fainting",
            Self::Breathlessness => "breathlessness",
        }
    }
}

impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// A safety notice: one episode of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SafetyNotice {
    /// Its id and its text, as a person reads them.
    #[serde(flatten)]
    pub notice: Notice,
    /// The highest level its condition has reached.
    pub level: Level,
    /// The day on which it was first raised.
    pub first_day: LocalDay,
    /// The day on which it reached its level.
    pub day: LocalDay,
    /// What is still allowed while it stands.
    pub allows: Allowance,
    /// The numbers that crossed a threshold, with the threshold.
    pub evidence: Evidence,
}

impl SafetyNotice {
    /// The id that a rule and the first day of its episode give.
    #[must_use]
    pub fn id(person: PersonId, rule: SafetyRule, first_day: LocalDay) -> Uuid {
        Uuid::new_v5(&person.uuid(), format!("notice/{}/{first_day}", rule.key()).as_bytes())
    }
}
