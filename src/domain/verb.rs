//! The verb ladder: how strongly a statement may be worded, by grade and design.

use super::claim::Direction;
use super::experiment::{Conduct, FEWEST_PAIRS};
use super::grade::Grade;

/// Never said, at any grade and under any design.
pub const NEVER: &[&str] = &[
    "diagnose",
    "diagnoses",
    "diagnosed",
    "diagnosis",
    "treat",
    "treats",
    "treated",
    "treatment",
    "cure",
    "cures",
    "cured",
    "prevent",
    "prevents",
    "prevented",
    "prove",
    "proves",
    "proved",
    "proven",
    "guarantee",
    "guarantees",
    "guaranteed",
    "always",
    "clinically",
    "medical",
    "disease",
    "apnea",
    "infection",
    "illness",
    "disorder",
];

/// Never said: phrases of more than one word.
pub const NEVER_PHRASES: &[&str] = &["safe for you", "you have", "medical grade", "no doubt", "without question"];

/// Said only of a randomised experiment with adherence of at least 0.8 and an interval that leaves out zero.
pub const CAUSAL: &[&str] = &[
    "cause",
    "causes",
    "caused",
    "improve",
    "improves",
    "improved",
    "reduce",
    "reduces",
    "reduced",
    "increase",
    "increases",
    "increased",
    "boost",
    "boosts",
    "boosted",
    "works",
    "worked",
    "because",
];

/// Phrases of the same kind.
pub const CAUSAL_PHRASES: &[&str] = &["lead to", "leads to", "led to", "due to", "thanks to", "effect of"];

/// Words that would strengthen any statement.
pub const BOOSTERS: &[&str] = &[
    "certainly",
    "definitely",
    "clearly",
    "undoubtedly",
    "significantly",
    "dramatically",
    "never",
    "surely",
    "huge",
    "massive",
    "severe",
    "possibly",
    "perhaps",
];

/// How a usual value is said at a grade; `None` where nothing is said.
#[must_use]
pub const fn level(grade: Grade) -> Option<&'static str> {
    match grade {
        Grade::A => Some("averaged"),
        Grade::B => Some("probably averaged"),
        Grade::C => Some("may have averaged"),
        Grade::D => None,
    }
}

/// How a difference is said that was watched, not brought about; `None` where only what was measured is said.
#[must_use]
pub const fn change(grade: Grade, direction: Direction) -> Option<&'static str> {
    match (grade, direction) {
        (Grade::A, Direction::Lower) => Some("was lower"),
        (Grade::A, Direction::Higher) => Some("was higher"),
        (Grade::B, Direction::Lower) => Some("was probably lower"),
        (Grade::B, Direction::Higher) => Some("was probably higher"),
        (Grade::C, Direction::Lower) => Some("may have been lower"),
        (Grade::C, Direction::Higher) => Some("may have been higher"),
        (Grade::D, _) => None,
    }
}

/// How a difference is said that an experiment brought about; `None` where that has not been earned and [`change`] is
/// all that may be said, or not even that.
#[must_use]
pub fn effect(grade: Grade, conduct: &Conduct, direction: Direction) -> Option<&'static str> {
    if !conduct.earns_cause() {
        return None;
    }
    match (grade, direction) {
        (Grade::A, Direction::Lower) => Some("reduced"),
        (Grade::A, Direction::Higher) => Some("increased"),
        (Grade::B, Direction::Lower) => Some("probably reduced"),
        (Grade::B, Direction::Higher) => Some("probably increased"),
        (Grade::C, Direction::Lower) => Some("may have reduced"),
        (Grade::C, Direction::Higher) => Some("may have increased"),
        (Grade::D, _) => None,
    }
}

impl Conduct {
    /// Adherence that a causal verb asks for.
    pub const CAUSAL_ADHERENCE: f64 = 0.8;

    /// Whether it was conducted so that a difference can be put down to what was tried. No grade can stand in for any
    /// of it.
    #[must_use]
    pub fn earns_cause(&self) -> bool {
        self.randomised
            && self.pairs >= FEWEST_PAIRS
            && self.washout_days.is_some()
            && self.lag_days.is_some()
            && self.adherence >= Self::CAUSAL_ADHERENCE
            && self.excludes_zero
            && !self.suppressed
    }
}

/// How a metric is said to have been when another was higher; `None` where nothing is said.
#[must_use]
pub const fn association(grade: Grade, direction: Direction) -> Option<&'static str> {
    match (grade, direction) {
        (Grade::A, Direction::Lower) => Some("tended to be lower"),
        (Grade::A, Direction::Higher) => Some("tended to be higher"),
        _ => change(grade, direction),
    }
}

/// A confidence in words.
#[must_use]
pub fn confidence(confidence: f64) -> &'static str {
    match confidence {
        c if c >= 0.95 => "very high confidence",
        c if c >= 0.8 => "high confidence",
        c if c >= 0.6 => "moderate confidence",
        _ => "low confidence",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Conduct = Conduct {
        randomised: true,
        pairs: 3,
        washout_days: Some(0),
        lag_days: Some(0),
        adherence: 0.8,
        excludes_zero: true,
        suppressed: false,
    };

    #[test]
    fn a_causal_verb_needs_all_of_the_conduct_and_no_grade_replaces_any() {
        let said = |conduct: &Conduct| effect(Grade::A, conduct, Direction::Higher);
        assert_eq!(said(&WELL), Some("increased"));
        assert_eq!(effect(Grade::D, &WELL, Direction::Higher), None);
        for lacking in [
            Conduct { randomised: false, ..WELL },
            Conduct { pairs: 2, ..WELL },
            Conduct { washout_days: None, ..WELL },
            Conduct { lag_days: None, ..WELL },
            Conduct { adherence: 0.79, ..WELL },
            Conduct { adherence: f64::NAN, ..WELL },
            Conduct { excludes_zero: false, ..WELL },
            Conduct { suppressed: true, ..WELL },
        ] {
            assert_eq!(said(&lacking), None, "{lacking:?}");
        }
    }
}
