//! Metrics: what can be measured of a person.
//!
//! A value enters the log only through [`Metric::accept`]: in a unit the registry knows, finite, and within the
//! plausible range. What is refused says why, in words a person understands.

mod registry;
mod unit;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

pub use registry::Metric;
pub use unit::{Accepted, Unit};

/// Which way a person would like a metric to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desirable {
    /// More is usually welcome.
    Higher,
    /// Less is usually welcome.
    Lower,
    /// Neither way is better by itself.
    Neutral,
}

/// How several values of one day become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// Added up.
    Sum,
    /// Averaged.
    Mean,
    /// The highest.
    Max,
    /// The latest.
    Last,
}

/// How often a value is to be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// Once a night.
    Nightly,
    /// Once a day.
    Daily,
    /// Once an activity; a day without one is not missing.
    PerActivity,
    /// Whenever it happens.
    Irregular,
    /// When a person notes whether something was so that day: a day without a note is not a no.
    Noted,
    /// Once for each question that is asked: answers to different questions are never put together.
    PerQuestion,
}

/// An entry of the registry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Definition {
    /// The stable key used in the log and in requests.
    pub key: &'static str,
    /// The name a person reads, in lower case.
    pub label: &'static str,
    /// The unit in which values are kept.
    pub unit: Unit,
    /// The lowest and highest plausible value, both included.
    pub plausible: (f64, f64),
    /// Decimals to which numbers are rounded before any threshold and before they are written.
    pub decimals: u32,
    /// Which way is better.
    pub desirable: Desirable,
    /// How a day is made of several values.
    pub aggregation: Aggregation,
    /// How often a value is to be expected.
    pub cadence: Cadence,
}

/// Why a value was refused. No variant carries the value: it is health data.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The unit is not one the metric accepts.
    #[error("unit {given:?} is not one of {accepted}")]
    Unit {
        /// What was given.
        given: String,
        /// What is accepted, separated by commas.
        accepted: String,
    },
    /// NaN or an infinity.
    #[error("not a finite number")]
    NotFinite,
    /// Outside the plausible range.
    #[error("outside the plausible range of {range}")]
    Implausible {
        /// The range with its unit, as in `20 to 150 bpm`.
        range: String,
    },
}

impl Metric {
    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        self.definition().key
    }

    /// The name a person reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        self.definition().label
    }

    /// The unit in which values are kept.
    #[must_use]
    pub const fn unit(self) -> Unit {
        self.definition().unit
    }

    /// The units in which values may arrive; the metric's own comes first.
    #[must_use]
    pub const fn accepted_units(self) -> &'static [Accepted] {
        match self {
            Self::SkinTemperatureDeviation => unit::CELSIUS_DIFFERENCE,
            _ => self.unit().accepted(),
        }
    }

    /// Converts a value in an accepted unit into the metric's own, and refuses what cannot be true.
    ///
    /// # Errors
    /// The reason, without the value.
    pub fn accept(self, value: f64, unit: &str) -> Result<f64, Refusal> {
        let Some(accepted) = self.accepted_units().iter().find(|a| a.symbol == unit) else {
            let accepted = self.accepted_units().iter().map(|a| a.symbol).collect::<Vec<_>>().join(", ");
            return Err(Refusal::Unit { given: unit.chars().take(20).collect(), accepted });
        };
        let converted = accepted.convert(value);
        self.check(converted)?;
        Ok(converted)
    }

    /// Refuses a value, in the metric's own unit, that cannot be true.
    ///
    /// # Errors
    /// The reason, without the value.
    pub fn check(self, value: f64) -> Result<(), Refusal> {
        let (low, high) = self.definition().plausible;
        if !value.is_finite() {
            return Err(Refusal::NotFinite);
        }
        if value < low || value > high {
            return Err(Refusal::Implausible { range: format!("{low} to {high} {}", self.unit()) });
        }
        Ok(())
    }

    /// Rounds half away from zero to the metric's decimals.
    #[must_use]
    pub fn round(self, value: f64) -> f64 {
        round_to(value, self.definition().decimals)
    }
}

/// Rounds half away from zero to a number of decimals, and never yields minus zero.
#[must_use]
pub fn round_to(value: f64, decimals: u32) -> f64 {
    const POWERS: [f64; 7] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0];
    let scale = POWERS[(decimals as usize).min(POWERS.len() - 1)];
    (value * scale).round() / scale + 0.0
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// A key that no metric bears.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("unknown metric {0:?}; `candor metrics --all` lists the known ones")]
pub struct UnknownMetric(pub String);

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|m| m.key() == s).ok_or_else(|| UnknownMetric(s.chars().take(40).collect()))
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        key.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_stands_in_the_order_of_the_enum_with_unique_keys() {
        let mut keys = std::collections::BTreeSet::new();
        for (index, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, index);
            assert!(keys.insert(metric.key()), "{metric} stands twice");
            assert_eq!(metric.key().parse::<Metric>(), Ok(metric));
            let (low, high) = metric.definition().plausible;
            assert!(low < high, "{metric}");
        }
        assert_eq!("sleep_duration".parse::<Metric>(), Ok(Metric::SleepDuration));
        assert_ne!(Metric::HrvRmssd, Metric::HrvSdnn);
    }

    #[test]
    fn conversions_are_exact() {
        assert_eq!(Metric::SleepDuration.accept(7.5, "h"), Ok(450.0));
        assert_eq!(Metric::SleepDuration.accept(26_700_000.0, "ms"), Ok(445.0));
        assert_eq!(Metric::Energy.accept(4184.0, "kJ"), Ok(1000.0));
        assert_eq!(Metric::Weight.accept(100.0, "lb"), Ok(45.359_237));
        assert_eq!(Metric::SkinTemperature.accept(95.0, "F"), Ok(35.0));
        assert_eq!(Metric::SkinTemperatureDeviation.accept(1.8, "F"), Ok(1.0));
        assert_eq!(Metric::ActivityDistance.accept(1.0, "mi"), Ok(1609.344));
    }

    #[test]
    fn what_cannot_be_true_is_refused_without_repeating_the_value() {
        let refusal = Metric::RestingHeartRate.accept(6000.0, "bpm").unwrap_err();
        assert_eq!(refusal.to_string(), "outside the plausible range of 20 to 150 bpm");
        assert_eq!(Metric::SleepDuration.accept(f64::NAN, "min"), Err(Refusal::NotFinite));
        assert!(matches!(Metric::SleepDuration.accept(-1.0, "min"), Err(Refusal::Implausible { .. })));
        assert!(matches!(Metric::SleepDuration.accept(1.0, "days"), Err(Refusal::Unit { .. })));
    }

    #[test]
    fn rounding_is_half_away_from_zero_and_never_minus_zero() {
        assert_eq!(round_to(2.5, 0), 3.0);
        assert_eq!(round_to(-2.5, 0), -3.0);
        assert!(round_to(-0.01, 1).is_sign_positive());
    }
}
