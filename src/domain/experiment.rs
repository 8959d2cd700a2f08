//! Experiments on oneself, and what they showed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::claim::Direction;
use super::day::LocalDay;
use super::evidence::{Evidence, Window};
use super::grade::{Design, Grade};
use super::metric::Metric;

/// What was fixed before the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    /// The experiment's id.
    pub id: Uuid,
    /// The catalogue entry that is tried.
    pub intervention: String,
    /// The outcome.
    pub metric: Metric,
    /// Which way it is hoped to move.
    pub direction: Direction,
    /// How the evidence comes about. Before/after is observational.
    pub design: Design,
    /// The days before, as they were.
    pub baseline: Window,
    /// Days at the start of the intervention that are left out.
    pub washout_days: u32,
    /// The days with the intervention, washout included.
    pub intervention_window: Window,
}

impl Experiment {
    /// The days with the intervention that count.
    #[must_use]
    pub fn counted(&self) -> Window {
        let days = self.intervention_window.days.saturating_sub(self.washout_days);
        Window { first: self.intervention_window.first.plus(self.washout_days), days, ..self.intervention_window }
    }
}

/// Where an experiment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExperimentStatus {
    /// It runs, or waits for its evaluation.
    Running,
    /// The person ended it early.
    Stopped,
    /// It was evaluated.
    Evaluated,
    /// A safety rule ended it.
    Invalidated,
}

impl ExperimentStatus {
    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Evaluated => "evaluated",
            Self::Invalidated => "invalidated",
        }
    }
}

/// An experiment with what happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningExperiment {
    /// What was fixed before the start.
    pub plan: Experiment,
    /// Where it stands.
    pub status: ExperimentStatus,
    /// Days on which the person said whether they did it.
    pub adherence: BTreeMap<LocalDay, bool>,
}

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
    /// Fewer than seven days in a window.
    InsufficientData,
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
        }
    }
}

/// Why an evaluation must not be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreliable {
    /// Under 30 % of a window's days have a value.
    LowCoverage,
    /// The windows' coverages differ by more than 0.2.
    CoverageGap,
    /// Done on fewer than 70 % of the days.
    LowAdherence,
    /// Another experiment on this outcome ran at the same time.
    ConcurrentExperiment,
    /// The windows come from different devices.
    SourceSwitch,
    /// One day depends on the one before too strongly.
    StrongDependence,
    /// The interval is wider than two standard deviations.
    WideInterval,
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
    /// The days before.
    pub baseline_window: Window,
    /// The days with the intervention that count.
    pub intervention_window: Window,
    /// The smaller window's coverage, 0 to 1.
    pub coverage: f64,
    /// Days done over days scheduled, 0 to 1.
    pub adherence: f64,
    /// What it showed.
    pub verdict: Verdict,
    /// Why it must not be relied on; empty when nothing speaks against it.
    pub unreliable: BTreeSet<Unreliable>,
    /// How the evidence came about.
    pub design: Design,
    /// Its grade.
    pub grade: Grade,
    /// How probable it is that the difference is real, in its direction and of a size that matters.
    pub confidence: f64,
    /// Valid days in the smaller window.
    pub n: u32,
    /// Which way the outcome moved, where there are enough days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Direction>,
    /// The numbers.
    pub evidence: Evidence,
}
