//! Experiments on oneself, and what they showed.
//!
//! Everything that could be bent afterwards is fixed before the first day: what is tried, on which days, the outcome,
//! the lag after which it is read, the days that are left out. The days follow from that by [`schedule`].

mod blocks;
mod evaluation;
mod rules;
pub mod schedule;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::claim::Direction;
use super::day::LocalDay;
use super::evidence::Window;
use super::grade::Design;
use super::metric::Metric;

pub use blocks::{BLOCK_DAYS, BlockPlan, FEWEST_PAIRS, USUAL_DAYS, plan_blocks};
pub use evaluation::{Conduct, Evaluation, Unreliable, Verdict, is_news};
pub use rules::{EXPERIMENT_DAYS, EXPERIMENTS_PER_METRIC, FEWEST_DAYS, LONGEST_LAG};
pub(in crate::domain) use rules::{evaluated, started};
pub use schedule::{Arm, Block, Scheduled};

/// How the days with and without lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Layout {
    /// First the days without, then the days with. Whatever else changed meanwhile looks the same: observational.
    BeforeAfter {
        /// The days without.
        baseline: Window,
    },
    /// Pairs of blocks, in each one with and one without, in an order drawn by lot.
    Blocks {
        /// Days of one block.
        block_days: u32,
        /// How many pairs of blocks.
        pairs: u32,
        /// What the order was drawn from.
        seed: u32,
    },
}

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
    /// Days between a day of the experiment and the day whose outcome is read for it.
    pub lag_days: u32,
    /// Days at the start of a block that are left out, because the one before may still be felt in them.
    pub washout_days: u32,
    /// The days on which something is asked of the person.
    pub window: Window,
    /// How they are laid out.
    pub layout: Layout,
}

impl Experiment {
    /// How its evidence comes about. Only an order drawn by lot is randomised.
    #[must_use]
    pub const fn design(&self) -> Design {
        match self.layout {
            Layout::BeforeAfter { .. } => Design::Observational,
            Layout::Blocks { .. } => Design::Randomised,
        }
    }

    /// Pairs of one block with and one without; none where nothing is paired.
    #[must_use]
    pub const fn pairs(&self) -> u32 {
        match self.layout {
            Layout::BeforeAfter { .. } => 0,
            Layout::Blocks { pairs, .. } => pairs,
        }
    }
}

/// Where an experiment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExperimentStatus {
    /// It is planned, runs, or waits for its evaluation.
    Running,
    /// The person ended it early.
    Stopped,
    /// Safety ended it: its risk rose while it ran.
    Invalidated,
    /// It was evaluated.
    Evaluated,
}

impl ExperimentStatus {
    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Invalidated => "invalidated",
            Self::Evaluated => "evaluated",
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
    /// Why it ended before its last day, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// How an experiment ended before its last day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The day from which nothing is asked any more.
    pub day: LocalDay,
    /// Why: the person's words, or safety's key as in `contraindicated`.
    pub reason: String,
}

impl RunningExperiment {
    /// An experiment that has just been fixed.
    #[must_use]
    pub const fn new(plan: Experiment) -> Self {
        Self { plan, status: ExperimentStatus::Running, adherence: BTreeMap::new(), ended: None }
    }

    /// The days on which it is or was tried, as far as it got; `None` when it ended before it began.
    #[must_use]
    pub fn tried(&self) -> Option<Window> {
        let (first, mut last) = (self.plan.window.first, self.plan.window.last);
        if let Some(ended) = &self.ended {
            last = last.min(ended.day.minus(1));
        }
        Window::between(first, last)
    }
}
