//! What a scenario found: figures by method, true rates by band of confidence and by grade.

use serde::Serialize;

use super::tally::{Believed, FLOORS, Share};
use crate::domain::grade::Grade;

/// The figures of one method in one scenario. What a method does not have, or a scenario does not ask, is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figure {
    /// The scenario.
    pub scenario: String,
    /// The method: `candor` or a yardstick.
    pub method: &'static str,
    /// Series behind each figure.
    pub series: u64,
    /// Share of series without an effect in which one is claimed.
    pub fpr: Option<f64>,
    /// Share of 95 % intervals that hold the truth.
    pub coverage: Option<f64>,
    /// Share of series with an effect in which it is claimed.
    pub power: Option<f64>,
    /// Share of what is claimed that is not true.
    pub fdr: Option<f64>,
    /// Mean distance of stated confidence and true share.
    pub ece: Option<f64>,
    /// Metric-years behind `false_alerts`.
    pub years: Option<f64>,
    /// Claims a metric-year where nothing changes.
    pub false_alerts: Option<f64>,
}

/// How often what is said in a band of confidence is true.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Band {
    /// The scenario.
    pub scenario: String,
    /// The method.
    pub method: &'static str,
    /// The least confidence of the band.
    pub floor: f64,
    /// Statements made in it.
    pub claims: u64,
    /// The share that is true.
    pub true_rate: Option<f64>,
}

/// How often what is said at a grade is true, in rolling use.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Graded {
    /// The scenario.
    pub scenario: String,
    /// What is said: a level, a change.
    pub kind: &'static str,
    /// The grade.
    pub grade: Grade,
    /// Statements that bore it.
    pub claims: u64,
    /// The share that is true.
    pub true_rate: Option<f64>,
}

/// What a scenario found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Figures by method.
    pub figures: Vec<Figure>,
    /// True rates by band.
    pub bands: Vec<Band>,
    /// True rates by grade.
    pub grades: Vec<Graded>,
}

impl Found {
    /// Adds the bands of a method.
    pub fn believed(&mut self, scenario: &str, method: &'static str, believed: &Believed) {
        self.bands.extend(FLOORS.iter().zip(believed.bands()).map(|(floor, share)| Band {
            scenario: scenario.to_owned(),
            method,
            floor: *floor,
            claims: share.of,
            true_rate: share.rate(),
        }));
    }

    /// Adds the grades A, B and C of a kind of statement.
    pub fn graded(&mut self, scenario: &str, kind: &'static str, shares: [Share; 3]) {
        self.grades.extend([Grade::A, Grade::B, Grade::C].into_iter().zip(shares).map(|(grade, share)| Graded {
            scenario: scenario.to_owned(),
            kind,
            grade,
            claims: share.of,
            true_rate: share.rate(),
        }));
    }

    /// Adds what another scenario found.
    pub fn add(&mut self, other: Self) {
        self.figures.extend(other.figures);
        self.bands.extend(other.bands);
        self.grades.extend(other.grades);
    }
}
