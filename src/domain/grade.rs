//! Grades: a promise about how often a statement is right.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How strong the evidence is. The thresholds are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    /// Confidence at least 0.8, 30 days, coverage 0.7.
    A,
    /// Confidence at least 0.6, 14 days, coverage 0.5.
    B,
    /// Confidence at least 0.4, 7 days, coverage 0.3.
    C,
    /// Everything else.
    D,
}

/// How the evidence came about. A causal verb needs a design, not a grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// Something was watched: a level, a before/after, a lagged link.
    Observational,
    /// Blocks with and without, in an order drawn by lot.
    Randomised,
}

impl Grade {
    /// The grade that follows from the numbers. `n` counts valid days in the smaller window; coverage is the
    /// smaller window's, 0 to 1.
    #[must_use]
    pub fn of(confidence: f64, n: u32, coverage: f64) -> Self {
        for (grade, least_confidence, least_n, least_coverage) in
            [(Self::A, 0.8, 30, 0.7), (Self::B, 0.6, 14, 0.5), (Self::C, 0.4, 7, 0.3)]
        {
            if confidence >= least_confidence && n >= least_n && coverage >= least_coverage {
                return grade;
            }
        }
        Self::D
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_threshold_is_needed_for_its_grade() {
        assert_eq!(Grade::of(0.8, 30, 0.7), Grade::A);
        assert_eq!(Grade::of(0.799, 30, 0.7), Grade::B);
        assert_eq!(Grade::of(0.8, 29, 0.7), Grade::B);
        assert_eq!(Grade::of(0.8, 30, 0.699), Grade::B);
        assert_eq!(Grade::of(0.6, 14, 0.5), Grade::B);
        assert_eq!(Grade::of(0.6, 13, 0.5), Grade::C);
        assert_eq!(Grade::of(0.4, 7, 0.3), Grade::C);
        assert_eq!(Grade::of(0.9, 6, 1.0), Grade::D);
        assert_eq!(Grade::of(f64::NAN, 60, 1.0), Grade::D);
    }
}
