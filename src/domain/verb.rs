//! The verb ladder: how strongly a statement may be worded, by grade and design.

use super::claim::Direction;
use super::grade::{Design, Grade};

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

/// How a change over time is said at a grade and design; `None` where only what was measured is said.
#[must_use]
pub const fn change(grade: Grade, design: Design, direction: Direction) -> Option<&'static str> {
    match (design, grade, direction) {
        (Design::Observational, Grade::A, Direction::Lower) => Some("was lower"),
        (Design::Observational, Grade::A, Direction::Higher) => Some("was higher"),
        (Design::Observational, Grade::B, Direction::Lower) => Some("was probably lower"),
        (Design::Observational, Grade::B, Direction::Higher) => Some("was probably higher"),
        (Design::Observational, Grade::C, Direction::Lower) => Some("may have been lower"),
        (Design::Observational, Grade::C, Direction::Higher) => Some("may have been higher"),
        (Design::Randomised, Grade::A, Direction::Lower) => Some("reduced"),
        (Design::Randomised, Grade::A, Direction::Higher) => Some("increased"),
        (Design::Randomised, Grade::B, Direction::Lower) => Some("probably reduced"),
        (Design::Randomised, Grade::B, Direction::Higher) => Some("probably increased"),
        (Design::Randomised, Grade::C, Direction::Lower) => Some("may have reduced"),
        (Design::Randomised, Grade::C, Direction::Higher) => Some("may have increased"),
        (_, Grade::D, _) => None,
    }
}

/// How two metrics that go together are said at a grade; `None` where nothing is said.
#[must_use]
pub const fn association(grade: Grade) -> Option<&'static str> {
    match grade {
        Grade::A => Some("tends to go with"),
        Grade::B => Some("probably goes with"),
        Grade::C => Some("may be linked with"),
        Grade::D => None,
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
