//! Units, and how a value in an accepted unit becomes one in the metric's own.

use std::fmt;

/// The unit in which a metric is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Minutes.
    Minutes,
    /// Percent of a whole, 0 to 100.
    Percent,
    /// Beats per minute.
    Bpm,
    /// Milliseconds.
    Milliseconds,
    /// Breaths per minute.
    BreathsPerMinute,
    /// Degrees Celsius.
    Celsius,
    /// Kilocalories.
    Kilocalories,
    /// A count of steps.
    Steps,
    /// Points on a provider's own scale.
    Points,
    /// Metres.
    Metres,
    /// Kilograms.
    Kilograms,
    /// Millilitres of oxygen for each kilogram and minute.
    OxygenUptake,
    /// A rating from 1 to 5.
    Rating,
    /// 1 for yes, 0 for no.
    YesNo,
}

/// A unit in which values of a metric may arrive: `value * numerator / denominator` after `offset` is taken off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accepted {
    /// How the unit is written in files and requests.
    pub symbol: &'static str,
    /// Taken off first (32 for Fahrenheit).
    pub offset: f64,
    /// Multiplied with.
    pub numerator: f64,
    /// Divided by, last, so that 1,000 g are exactly 1 kg.
    pub denominator: f64,
}

const fn scale(symbol: &'static str, numerator: f64, denominator: f64) -> Accepted {
    Accepted { symbol, offset: 0.0, numerator, denominator }
}

const MINUTES: &[Accepted] =
    &[scale("min", 1.0, 1.0), scale("h", 60.0, 1.0), scale("s", 1.0, 60.0), scale("ms", 1.0, 60_000.0)];
const PERCENT: &[Accepted] = &[scale("%", 1.0, 1.0), scale("fraction", 100.0, 1.0)];
const BPM: &[Accepted] = &[scale("bpm", 1.0, 1.0), scale("Hz", 60.0, 1.0)];
const MILLISECONDS: &[Accepted] = &[scale("ms", 1.0, 1.0), scale("s", 1000.0, 1.0)];
const BREATHS: &[Accepted] = &[scale("breaths/min", 1.0, 1.0), scale("rpm", 1.0, 1.0)];
const CELSIUS: &[Accepted] = &[
    scale("°C", 1.0, 1.0),
    scale("C", 1.0, 1.0),
    Accepted { symbol: "°F", offset: 32.0, numerator: 5.0, denominator: 9.0 },
    Accepted { symbol: "F", offset: 32.0, numerator: 5.0, denominator: 9.0 },
];
/// A difference of temperatures has no offset.
pub(super) const CELSIUS_DIFFERENCE: &[Accepted] =
    &[scale("°C", 1.0, 1.0), scale("C", 1.0, 1.0), scale("°F", 5.0, 9.0), scale("F", 5.0, 9.0)];
/// The thermochemical calorie is 4.184 J exactly.
const KILOCALORIES: &[Accepted] =
    &[scale("kcal", 1.0, 1.0), scale("cal", 1.0, 1000.0), scale("kJ", 1000.0, 4184.0), scale("J", 1.0, 4184.0)];
const STEPS: &[Accepted] = &[scale("steps", 1.0, 1.0), scale("count", 1.0, 1.0)];
const POINTS: &[Accepted] = &[scale("points", 1.0, 1.0)];
const METRES: &[Accepted] = &[
    scale("m", 1.0, 1.0),
    scale("km", 1000.0, 1.0),
    scale("mi", 1_609_344.0, 1000.0),
    scale("ft", 3048.0, 10_000.0),
    scale("yd", 9144.0, 10_000.0),
];
const KILOGRAMS: &[Accepted] =
    &[scale("kg", 1.0, 1.0), scale("g", 1.0, 1000.0), scale("lb", 45_359_237.0, 100_000_000.0)];
/// The second is how Apple Health writes it.
const OXYGEN_UPTAKE: &[Accepted] = &[scale("ml/kg/min", 1.0, 1.0), scale("mL/min·kg", 1.0, 1.0)];
const RATING: &[Accepted] = &[scale("1-5", 1.0, 1.0)];
const YES_NO: &[Accepted] = &[scale("yes/no", 1.0, 1.0)];

impl Unit {
    /// How the unit is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Minutes => "min",
            Self::Percent => "%",
            Self::Bpm => "bpm",
            Self::Milliseconds => "ms",
            Self::BreathsPerMinute => "breaths/min",
            Self::Celsius => "°C",
            Self::Kilocalories => "kcal",
            Self::Steps => "steps",
            Self::Points => "points",
            Self::Metres => "m",
            Self::Kilograms => "kg",
            Self::OxygenUptake => "ml/kg/min",
            Self::Rating => "of 5",
            Self::YesNo => "yes/no",
        }
    }

    pub(super) const fn accepted(self) -> &'static [Accepted] {
        match self {
            Self::Minutes => MINUTES,
            Self::Percent => PERCENT,
            Self::Bpm => BPM,
            Self::Milliseconds => MILLISECONDS,
            Self::BreathsPerMinute => BREATHS,
            Self::Celsius => CELSIUS,
            Self::Kilocalories => KILOCALORIES,
            Self::Steps => STEPS,
            Self::Points => POINTS,
            Self::Metres => METRES,
            Self::Kilograms => KILOGRAMS,
            Self::OxygenUptake => OXYGEN_UPTAKE,
            Self::Rating => RATING,
            Self::YesNo => YES_NO,
        }
    }
}

impl Accepted {
    /// The value in the metric's own unit.
    #[must_use]
    pub fn convert(&self, value: f64) -> f64 {
        (value - self.offset) * self.numerator / self.denominator
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}
