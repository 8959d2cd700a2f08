//! The thresholds of the safety rules: data, each with its source.
//!
//! Almost all are engineering defaults. They decide when a person is told to look, never what they have; a clinician
//! must sign them before anybody relies on them.

/// A number that decides about a notice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The stable name.
    pub name: &'static str,
    /// The number.
    pub value: f64,
    /// Its unit; empty for a count.
    pub unit: &'static str,
    /// Where it comes from.
    pub source: &'static str,
}

const DEFAULT: &str = "engineering default, needs a clinician";
const SPREAD: &str =
    "predictive t over 60 days, 3.5 false alerts a year in simulation; engineering default, needs a clinician";
const GLIM: &str = "Cederholm et al. 2019, Clinical Nutrition 38:1-9 (weight loss above 5 % within 6 months as one \
                    criterion of malnutrition); its use here is an engineering default, needs a clinician";
const WHO: &str = "World Health Organization 2000, Technical Report Series 894 (body mass index below 18.5 as underweight \
                   in adults); its use here is an engineering default, needs a clinician";
const SWC: &str = "half a standard deviation as the smallest worthwhile change of heart rate variability; engineering \
                   default, needs a clinician";

macro_rules! thresholds {
    ($($(#[$doc:meta])* $name:ident: $key:literal = $value:literal $unit:literal, $source:ident;)*) => {
        $($(#[$doc])* pub const $name: Threshold = Threshold { name: $key, value: $value, unit: $unit, source: $source };)*

        /// Every threshold.
        pub const ALL: &[Threshold] = &[$($name,)*];
    };
}

thresholds! {
    /// Nights below this, and below the person's own level, are low.
    SPO2_WARN: "spo2_warn_below" = 94.0 "%", DEFAULT;
    /// How far below the own level a night under the line must lie to count.
    SPO2_BELOW_OWN: "spo2_below_own" = 1.0 "%", DEFAULT;
    /// A drop from the own level that counts whatever the line.
    SPO2_DROP: "spo2_drop_from_own" = 3.0 "%", DEFAULT;
    /// Low nights of the last three.
    SPO2_NIGHTS: "spo2_low_nights_of_three" = 2.0 "", DEFAULT;
    /// Two nights below this ask for a human.
    SPO2_REVIEW: "spo2_review_below" = 90.0 "%", DEFAULT;
    /// Measured nights in a row without a low one that end the episode.
    SPO2_CLEAR_NIGHTS: "spo2_clear_nights" = 14.0 "", DEFAULT;
    /// Two nights outside the person's usual by this probability.
    RHR_P: "resting_heart_rate_p_below" = 0.01 "", SPREAD;
    /// Two days above this at rest.
    RHR_HIGH: "resting_heart_rate_above" = 120.0 "bpm", DEFAULT;
    /// Two days below this at rest.
    RHR_LOW: "resting_heart_rate_below" = 35.0 "bpm", DEFAULT;
    /// Two days this far above the own level.
    RHR_RISE: "resting_heart_rate_above_own" = 20.0 "bpm", DEFAULT;
    /// Measured nights in a row without an alarm that end an episode of pulse or skin temperature.
    CLEAR_NIGHTS: "clear_nights" = 3.0 "", DEFAULT;
    /// Two nights this far above the person's usual skin temperature.
    SKIN_RISE: "skin_temperature_above_own" = 1.0 "°C", DEFAULT;
    /// A measured body temperature of a fever.
    FEVER: "body_temperature_from" = 38.0 "°C", DEFAULT;
    /// Change of weight from one week to the next.
    WEIGHT_WEEK_WARN: "weight_week_warn" = 1.0 "%", DEFAULT;
    /// Change of weight from one week to the next that asks for a human.
    WEIGHT_WEEK_REVIEW: "weight_week_review" = 2.0 "%", DEFAULT;
    /// Loss of weight in six months that asks for a human.
    WEIGHT_HALF_YEAR: "weight_half_year_loss" = 5.0 "%", GLIM;
    /// Body mass index below which weight is not spoken of: the line of adults, for everybody.
    BMI_LOW: "body_mass_index_below" = 18.5 "", WHO;
    /// How far a week's mean lies from the usual to count as strain, in standard deviations.
    STRAIN_SD: "overtraining_sd" = 0.5 "", SWC;
    /// Days of strain that warn.
    STRAIN_WARN_DAYS: "overtraining_warn_days" = 7.0 "", DEFAULT;
    /// Days of strain that ask for a human.
    STRAIN_REVIEW_DAYS: "overtraining_review_days" = 14.0 "", DEFAULT;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_threshold_names_its_source_and_stands_in_the_documentation() {
        let page = include_str!("../../../docs/safety.md");
        for threshold in ALL {
            assert!(threshold.source.contains("needs a clinician"), "{}", threshold.name);
            let row = format!("| `{}` | {} {}", threshold.name, threshold.value, threshold.unit);
            assert!(page.contains(row.trim_end()), "docs/safety.md lacks {row}");
        }
        let mut names: Vec<_> = ALL.iter().map(|t| t.name).collect();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
