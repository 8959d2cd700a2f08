//! What an experiment showed, and whether it may be relied on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::claim::Direction;
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Evidence, Window};
use crate::domain::grade::{Design, Grade};
use crate::domain::metric::Metric;

/// What an experiment showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It went the hoped way.
    Helpful,
    /// It went the other way.
    NotHelpful,
    /// It cannot be told from chance.
    Unclear,
    /// Fewer than seven days in an arm.
    InsufficientData,
    /// Something speaks against relying on it, whatever the numbers are.
    Unreliable,
}

impl Verdict {
    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Helpful => "helpful",
            Self::NotHelpful => "not_helpful",
            Self::Unclear => "unclear",
            Self::InsufficientData => "insufficient_data",
            Self::Unreliable => "unreliable",
        }
    }

    /// Whether it says which way the outcome moved.
    #[must_use]
    pub const fn has_direction(self) -> bool {
        match self {
            Self::Helpful | Self::NotHelpful => true,
            Self::Unclear | Self::InsufficientData | Self::Unreliable => false,
        }
    }
}

/// Why an evaluation must not be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreliable {
    /// Under 30 % of an arm's days have a value.
    LowCoverage,
    /// The arms' coverages differ by more than 0.2.
    CoverageGap,
    /// Under 70 % of the days went as scheduled.
    LowAdherence,
    /// Another experiment ran on some of these days.
    ConcurrentExperiment,
    /// The days were measured by different devices.
    SourceSwitch,
    /// The baseline holds the week that led to the question: what was unusual returns by itself.
    BaselineHoldsTrigger,
    /// One day depends on the one before too strongly.
    StrongDependence,
    /// The interval is wider than two standard deviations.
    WideInterval,
}

impl Unreliable {
    /// The reason in plain words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::LowCoverage => "too few days have a value",
            Self::CoverageGap => "days with it and days without it have values unequally often",
            Self::LowAdherence => "too few days were logged to have gone as scheduled",
            Self::ConcurrentExperiment => "another experiment ran on some of these days",
            Self::SourceSwitch => "the days were measured by different devices",
            Self::BaselineHoldsTrigger => "the days before hold the unusual week that led to the question",
            Self::StrongDependence => "each day depends too strongly on the one before",
            Self::WideInterval => "the values leave too much room for chance",
        }
    }
}

/// How an experiment was conducted: what a causal verb asks for besides a grade.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conduct {
    /// Whether the order was drawn by lot.
    pub randomised: bool,
    /// Pairs of blocks.
    pub pairs: u32,
    /// Days left out at the start of each block, as fixed before the start.
    pub washout_days: Option<u32>,
    /// Days to the outcome, as fixed before the start.
    pub lag_days: Option<u32>,
    /// Days that went as scheduled over days scheduled, 0 to 1.
    pub adherence: f64,
    /// Whether the interval leaves out zero, as it is shown.
    pub excludes_zero: bool,
    /// Whether safety held the intervention back when it was evaluated.
    pub suppressed: bool,
}

/// Days for which the end of an experiment is told of.
const NEWS_DAYS: i64 = 28;

/// Whether what ended on a day is still told of today.
#[must_use]
pub fn is_news(ended: LocalDay, today: LocalDay) -> bool {
    (0..NEWS_DAYS).contains(&today.days_since(ended))
}

/// What an experiment showed, with its windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The evaluation's id.
    pub id: Uuid,
    /// The experiment.
    pub experiment_id: Uuid,
    /// The intervention that was tried.
    pub intervention: String,
    /// The outcome.
    pub metric: Metric,
    /// The day it was made.
    pub day: LocalDay,
    /// The days without that count, block by block.
    pub baseline_windows: Vec<Window>,
    /// The days with that count, block by block.
    pub intervention_windows: Vec<Window>,
    /// The smaller arm's coverage, 0 to 1.
    pub coverage: f64,
    /// Days that went as scheduled over days scheduled, 0 to 1.
    pub adherence: f64,
    /// What it showed.
    pub verdict: Verdict,
    /// Why it must not be relied on; empty when nothing speaks against it.
    pub unreliable: BTreeSet<Unreliable>,
    /// Whether a before/after moved the same way within its windows too, which holds it at C.
    pub drift: bool,
    /// How the evidence came about.
    pub design: Design,
    /// How it was conducted.
    pub conduct: Conduct,
    /// Its grade; D unless the verdict has a direction.
    pub grade: Grade,
    /// How probable it is that the difference is real, in its direction and of a size that matters.
    pub confidence: f64,
    /// Valid days in the smaller arm.
    pub n: u32,
    /// What those days are worth after their autocorrelation.
    pub n_effective: f64,
    /// Which way the outcome moved, where the verdict has a direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Direction>,
    /// The numbers: all days as scheduled, whatever was done (intention to treat).
    pub evidence: Evidence,
}
