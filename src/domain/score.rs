//! The daily readiness score, 0 to 100.
//!
//! Weights are spread over what is present and switched on. A score needs steps or a resting heart rate; without
//! data there is none, never a zero.

use serde::{Deserialize, Serialize};

use super::metric::Metric;

/// What the score is made of, in the order of [`ScoreInput`].
pub const METRICS: [Metric; 5] =
    [Metric::Steps, Metric::RestingHeartRate, Metric::SleepDuration, Metric::Stress, Metric::HrvRmssd];

/// The three bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// 0 to 39.
    TakeItEasy,
    /// 40 to 69.
    Maintain,
    /// 70 to 100.
    GoForIt,
}

impl Band {
    /// The band of a score: the only place that knows the borders.
    #[must_use]
    pub const fn of(score: u8) -> Self {
        match score {
            0..=39 => Self::TakeItEasy,
            40..=69 => Self::Maintain,
            _ => Self::GoForIt,
        }
    }

    /// The words a person reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::TakeItEasy => "Take it easy",
            Self::Maintain => "Maintain",
            Self::GoForIt => "Go for it",
        }
    }

    /// The stable key, as in `take_it_easy`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::TakeItEasy => "take_it_easy",
            Self::Maintain => "maintain",
            Self::GoForIt => "go_for_it",
        }
    }
}

/// Which optional parts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreFlags {
    /// Sleep counts.
    pub sleep: bool,
    /// Stress counts.
    pub stress: bool,
    /// HRV counts, which changes the other weights too.
    pub hrv: bool,
}

impl Default for ScoreFlags {
    fn default() -> Self {
        Self { sleep: true, stress: true, hrv: false }
    }
}

/// What a day's score is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScoreInput {
    /// Steps of the day.
    pub steps: Option<f64>,
    /// Resting heart rate, bpm.
    pub resting_heart_rate: Option<f64>,
    /// Sleep, hours.
    pub sleep_hours: Option<f64>,
    /// Stress, 0 to 100.
    pub stress: Option<f64>,
    /// HRV (RMSSD), ms.
    pub hrv_ms: Option<f64>,
}

/// One part's share of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The metric's key.
    pub metric: String,
    /// The weight after spreading, 0 to 1.
    pub weight: f64,
    /// The normalised value, 0 to 1, where 1 is best.
    pub normalised: f64,
}

/// A day's score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// 0 to 100.
    pub score: u8,
    /// The band it falls into.
    pub band: Band,
    /// What it is made of.
    pub contributions: Vec<Contribution>,
    /// The keys of what would count but is missing.
    pub missing: Vec<String>,
}

/// The score of a day, or `None` when neither steps nor a resting heart rate is there.
#[must_use]
pub fn score(input: &ScoreInput, flags: ScoreFlags) -> Option<Score> {
    // Without its value, HRV does not change the other weights.
    let with_hrv = flags.hrv && input.hrv_ms.is_some();
    let weights = if with_hrv { [0.35, 0.25, 0.20, 0.10, 0.10] } else { [0.40, 0.30, 0.20, 0.10, 0.0] };
    let parts = [
        ("steps", true, input.steps.map(|x| x.clamp(0.0, 12_000.0) / 12_000.0)),
        ("resting_heart_rate", true, input.resting_heart_rate.map(|x| (80.0 - x.clamp(40.0, 80.0)) / 40.0)),
        ("sleep_duration", flags.sleep, input.sleep_hours.map(|x| x.clamp(0.0, 8.0) / 8.0)),
        ("stress", flags.stress, input.stress.map(|x| (100.0 - x.clamp(0.0, 100.0)) / 100.0)),
        ("hrv_rmssd", flags.hrv, input.hrv_ms.map(|x| (x.clamp(20.0, 120.0) - 20.0) / 100.0)),
    ];
    if input.steps.is_none() && input.resting_heart_rate.is_none() {
        return None;
    }
    let present = || parts.iter().zip(weights).filter(|((_, on, value), _)| *on && value.is_some());
    let total: f64 = present().map(|(_, weight)| weight).sum();
    let mut sum = 0.0;
    let mut contributions = Vec::new();
    for ((metric, _, value), weight) in present() {
        let (normalised, weight) = (value.unwrap_or_default(), weight / total);
        sum += weight * normalised;
        contributions.push(Contribution {
            metric: (*metric).to_owned(),
            weight: super::metric::round_to(weight, 4),
            normalised: super::metric::round_to(normalised, 4),
        });
    }
    let missing = parts.iter().filter(|(_, on, value)| *on && value.is_none()).map(|(m, _, _)| (*m).to_owned());
    // The clamp makes the cast exact: the value lies in 0..=100.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100 just before")]
    let points = (100.0 * sum + 0.5).floor().clamp(0.0, 100.0) as u8;
    Some(Score { score: points, band: Band::of(points), contributions, missing: missing.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(steps: f64, rhr: f64, sleep: Option<f64>, stress: Option<f64>) -> Option<u8> {
        let input =
            ScoreInput { steps: Some(steps), resting_heart_rate: Some(rhr), sleep_hours: sleep, stress, hrv_ms: None };
        score(&input, ScoreFlags::default()).map(|s| s.score)
    }

    #[test]
    fn the_published_examples_hold() {
        assert_eq!(day(8000.0, 55.0, None, None), Some(65));
        assert_eq!(day(12_500.0, 48.0, Some(7.0), Some(35.0)), Some(88));
        assert_eq!(day(3000.0, 70.0, None, None), Some(25));
        assert_eq!(day(12_000.0, 40.0, None, None), Some(100));
        assert_eq!(day(0.0, 80.0, None, None), Some(0));
    }

    #[test]
    fn no_data_is_no_score_and_sleep_alone_is_not_enough() {
        assert_eq!(score(&ScoreInput::default(), ScoreFlags::default()), None);
        let sleep_only = ScoreInput { sleep_hours: Some(8.0), ..ScoreInput::default() };
        assert_eq!(score(&sleep_only, ScoreFlags::default()), None);
        let pulse_only = ScoreInput { resting_heart_rate: Some(50.0), ..ScoreInput::default() };
        let scored = score(&pulse_only, ScoreFlags::default()).unwrap();
        assert_eq!(scored.score, 75);
        assert_eq!(scored.missing, ["steps", "sleep_duration", "stress"]);
    }

    #[test]
    fn bands_meet_without_a_gap() {
        assert_eq!(
            [0, 39, 40, 69, 70, 100].map(Band::of).map(Band::label),
            ["Take it easy", "Take it easy", "Maintain", "Maintain", "Go for it", "Go for it"]
        );
    }
}
