//! The rules: what each is called, what it says, and what it still allows.
//!
//! The texts are fixed and never rephrased. They name no disease and promise nothing; at most they send a person to
//! somebody who can look.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Allowance, Level, Reach, Topic};
use crate::domain::intervention::LoadEffect;
use crate::domain::metric::Metric;
use crate::domain::profile::{AgeBand, Condition, Profile};

/// A safety rule, in the order in which notices are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SafetyRule {
    /// A symptom that is looked at at once.
    RedFlagSymptom,
    /// Heart rate at rest far from expected, or outside the person's usual.
    RestingHeartRate,
    /// Low blood oxygen.
    Spo2Low,
    /// A measured fever.
    BodyTemperature,
    /// Skin warmer than the person's usual.
    SkinTemperature,
    /// Weight that changes fast.
    WeightChange,
    /// Low variability, a high pulse and a high load together.
    Overtraining,
    /// Signs of strain around food and weight.
    EatingDisorderRisk,
    /// A minor.
    #[serde(rename = "under_18")]
    Under18,
    /// A declared pregnancy.
    Pregnancy,
    /// A declared heart condition.
    HeartCondition,
    /// Declared diabetes.
    Diabetes,
    /// Declared epilepsy.
    Epilepsy,
    /// Medication that slows the heart.
    HeartMedication,
}

impl SafetyRule {
    /// Every rule.
    pub const ALL: [Self; 14] = [
        Self::RedFlagSymptom,
        Self::RestingHeartRate,
        Self::Spo2Low,
        Self::BodyTemperature,
        Self::SkinTemperature,
        Self::WeightChange,
        Self::Overtraining,
        Self::EatingDisorderRisk,
        Self::Under18,
        Self::Pregnancy,
        Self::HeartCondition,
        Self::Diabetes,
        Self::Epilepsy,
        Self::HeartMedication,
    ];

    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::RedFlagSymptom => "red_flag_symptom",
            Self::RestingHeartRate => "resting_heart_rate",
            Self::Spo2Low => "spo2_low",
            Self::BodyTemperature => "body_temperature",
            Self::SkinTemperature => "skin_temperature",
            Self::WeightChange => "weight_change",
            Self::Overtraining => "overtraining",
            Self::EatingDisorderRisk => "eating_disorder_risk",
            Self::Under18 => "under_18",
            Self::Pregnancy => "pregnancy",
            Self::HeartCondition => "heart_condition",
            Self::Diabetes => "diabetes",
            Self::Epilepsy => "epilepsy",
            Self::HeartMedication => "heart_medication",
        }
    }

    /// Whether it rests on what a person declared, and on nothing that is measured.
    #[must_use]
    pub const fn is_declared(self) -> bool {
        match self {
            Self::Under18
            | Self::Pregnancy
            | Self::HeartCondition
            | Self::Diabetes
            | Self::Epilepsy
            | Self::HeartMedication => true,
            Self::RedFlagSymptom
            | Self::RestingHeartRate
            | Self::Spo2Low
            | Self::BodyTemperature
            | Self::SkinTemperature
            | Self::WeightChange
            | Self::Overtraining
            | Self::EatingDisorderRisk => false,
        }
    }

    /// What a person reads, verbatim.
    #[must_use]
    pub const fn text(self, level: Level) -> &'static str {
        match (self, level) {
            (Self::RedFlagSymptom, _) => {
                "You reported chest pain, fainting or shortness of breath. Please get urgent help now: call your local \
                 emergency number or go to an emergency department. Candor does not analyse your data until a person \
                 has looked at this."
            }
            (Self::RestingHeartRate, Level::Warn) => {
                "Your resting heart rate has been outside what is usual for you on consecutive nights. If it stays like \
                 this or you feel unwell, talk to a doctor."
            }
            (Self::RestingHeartRate, _) => {
                "Your resting heart rate has been far from what is expected at rest. Please talk to a doctor soon, or get \
                 urgent help if you feel unwell. Nothing is suggested until a person has looked at this."
            }
            (Self::Spo2Low, Level::Warn) => {
                "Your blood oxygen has been below what is expected on several nights. A loose sensor or altitude can \
                 show the same; if it stays like this or you feel unwell, talk to a doctor."
            }
            (Self::Spo2Low, _) => {
                "Your blood oxygen has been far below what is expected on several nights. Please talk to a doctor soon, \
                 or get urgent help if you are short of breath. Nothing is suggested until a person has looked at this."
            }
            (Self::BodyTemperature, _) => {
                "Your body temperature was that of a fever. Please rest, and talk to a doctor if it lasts or you feel \
                 very unwell. Neither exercise nor heat is suggested until it has passed."
            }
            (Self::SkinTemperature, _) => {
                "Your skin temperature deviation from what is usual for you has been large on consecutive nights. If \
                 you feel unwell, rest and talk to a doctor."
            }
            (Self::WeightChange, Level::Warn) => {
                "Your weight has changed quickly over the last weeks. If this was not planned, talk to a doctor."
            }
            (Self::WeightChange, _) => {
                "Your weight has changed a lot in a short time. If this was not planned, please talk to a doctor soon. \
                 Nothing is suggested until a person has looked at this."
            }
            (Self::Overtraining, Level::Warn) => {
                "For a week your pulse at rest has been above and your heart rate variability below what is usual for \
                 you, while your load was high. Nothing that adds load is suggested meanwhile."
            }
            (Self::Overtraining, _) => {
                "For a fortnight your pulse at rest has been above and your heart rate variability below what is usual \
                 for you, while your load was high. Only rest and easy days are suggested until a person has looked at \
                 this."
            }
            (Self::EatingDisorderRisk, _) => {
                "Some of what you shared can go with strain around food and weight, so Candor does not speak of weight \
                 or energy. If this is on your mind, a doctor or a support line for eating concerns can help."
            }
            (Self::Under18, _) => {
                "You said that you are a minor. Candor suggests information only; anything beyond it is for a parent or \
                 guardian and a doctor to decide."
            }
            (Self::Pregnancy, _) => {
                "You said that you are pregnant. Candor only describes your data; anything to try is for a doctor or \
                 midwife to decide."
            }
            (Self::HeartCondition, _) => {
                "You declared a heart condition. Candor only describes your data; anything to try is for your doctor to \
                 decide."
            }
            (Self::Diabetes, _) => {
                "You declared diabetes. Candor only describes your data; anything to try is for your doctor to decide."
            }
            (Self::Epilepsy, _) => {
                "You declared epilepsy. Candor only describes your data; anything to try is for your doctor to decide."
            }
            (Self::HeartMedication, _) => {
                "You take medication that slows the heart, so your pulse reads differently. Candor only describes your \
                 data; anything to try is for your doctor to decide."
            }
        }
    }

    /// What is still allowed while a notice of this rule stands at a level.
    #[must_use]
    pub fn allows(self, level: Level) -> Allowance {
        let full = Allowance::everything();
        let nothing = Allowance { reach: Reach::Nothing, load: LoadEffect::Lowers, ..full.clone() };
        let no_load = Allowance { load: LoadEffect::Neutral, ..full.clone() };
        if level == Level::Stop && self != Self::RedFlagSymptom {
            return self.allows(Level::Review).meet(&Self::RedFlagSymptom.allows(Level::Stop));
        }
        match (self, level) {
            (Self::RedFlagSymptom, _) => Allowance { analysis: false, ..nothing },
            (Self::BodyTemperature, _) => Allowance {
                barred: BTreeSet::from([Topic::Exercise, Topic::Heat, Topic::Food, Topic::MaxEffort]),
                ..no_load
            },
            (Self::SkinTemperature, _) => {
                Allowance { barred: BTreeSet::from([Topic::Heat, Topic::MaxEffort]), ..no_load }
            }
            (Self::WeightChange, Level::Warn) => {
                Allowance { barred: BTreeSet::from([Topic::Food, Topic::Weight]), ..full }
            }
            (Self::WeightChange, _) => Allowance { barred: BTreeSet::from([Topic::Food, Topic::Weight]), ..nothing },
            (Self::RestingHeartRate | Self::Spo2Low | Self::Overtraining, Level::Warn) => no_load,
            (Self::Overtraining, _) => Allowance { load: LoadEffect::Lowers, ..full },
            (Self::EatingDisorderRisk, _) => Allowance {
                reach: Reach::Information,
                barred: BTreeSet::from([Topic::Food, Topic::Weight, Topic::MaxEffort]),
                hidden: BTreeSet::from([Metric::Weight, Metric::Energy, Metric::ActivityEnergy]),
                ..full
            },
            (Self::Under18, _) => Allowance {
                reach: Reach::Information,
                barred: BTreeSet::from([Topic::Food, Topic::Weight, Topic::SleepRestriction, Topic::MaxEffort]),
                ..full
            },
            (
                Self::RestingHeartRate
                | Self::Spo2Low
                | Self::Pregnancy
                | Self::HeartCondition
                | Self::Diabetes
                | Self::Epilepsy
                | Self::HeartMedication,
                _,
            ) => nothing,
        }
    }
}

/// The rules a profile falls under, with their levels.
#[must_use]
pub fn declared(profile: &Profile) -> BTreeMap<SafetyRule, Level> {
    let conditions = profile.conditions.iter().flatten().filter_map(|condition| match condition {
        Condition::Pregnancy => Some(SafetyRule::Pregnancy),
        Condition::Heart => Some(SafetyRule::HeartCondition),
        Condition::Diabetes => Some(SafetyRule::Diabetes),
        Condition::Epilepsy => Some(SafetyRule::Epilepsy),
        Condition::EatingDisorder => Some(SafetyRule::EatingDisorderRisk),
        // These speak against single entries of the catalogue, which name them.
        Condition::SleepDisorder | Condition::Bipolar => None,
    });
    let minor = (profile.age_band == Some(AgeBand::Under18)).then_some(SafetyRule::Under18);
    let medication = (profile.heart_medication == Some(true)).then_some(SafetyRule::HeartMedication);
    conditions.chain(minor).chain(medication).map(|rule| (rule, Level::Review)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_level_never_allows_more() {
        for rule in SafetyRule::ALL {
            let levels = [Level::Warn, Level::Review, Level::Stop].map(|level| rule.allows(level));
            assert!(levels[1].is_within(&levels[0]) && levels[2].is_within(&levels[1]), "{}", rule.key());
            assert_ne!(levels[1], Allowance::everything(), "{}", rule.key());
        }
    }

    #[test]
    fn keys_are_what_the_log_holds() {
        for rule in SafetyRule::ALL {
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.key());
        }
    }
}
