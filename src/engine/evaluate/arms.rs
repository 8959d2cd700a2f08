//! The two arms of an experiment: their valid days, who measured them, and how many are missing.

use std::collections::BTreeSet;

use crate::domain::experiment::{Arm, RunningExperiment, Scheduled};
use crate::domain::provider::Provider;
use crate::engine::history::DayValue;
use crate::engine::model::{Point, Turn};

/// What was measured in both arms.
pub(in crate::engine) struct Arms {
    /// Every valid day, in time order.
    pub turns: Vec<Turn>,
    /// Of those, the days that went as scheduled.
    pub kept: Vec<Turn>,
    /// Who measured them.
    pub providers: BTreeSet<Provider>,
    /// Calendar days that count without and with the intervention.
    pub days: (u32, u32),
}

impl Arms {
    /// `days` are the outcome's, in time order.
    pub(super) fn of(experiment: &RunningExperiment, days: &[DayValue]) -> Self {
        let plan = &experiment.plan;
        let mut arms = Self {
            turns: Vec::new(),
            kept: Vec::new(),
            providers: BTreeSet::new(),
            days: (plan.days_counted(Arm::Without), plan.days_counted(Arm::With)),
        };
        for block in plan.blocks() {
            let asked = plan.window.contains(block.days.first);
            for value in days.iter().filter(|d| block.counted.days > 0 && block.counted.contains(d.day)) {
                let turn =
                    Turn { point: Point { day: value.day.number(), value: value.value }, with: block.arm == Arm::With };
                // The day itself lies a lag before the day of its outcome. Nothing was asked before the start.
                let day = Scheduled { day: value.day.minus(plan.lag_days), arm: block.arm, washout: false };
                if !asked || experiment.kept(day) {
                    arms.kept.push(turn);
                }
                arms.turns.push(turn);
                arms.providers.insert(value.provider);
            }
        }
        arms
    }

    /// Valid days without and with, of some turns.
    pub(super) fn counts(turns: &[Turn]) -> (usize, usize) {
        let with = turns.iter().filter(|turn| turn.with).count();
        (turns.len() - with, with)
    }

    /// The values without and with, of some turns.
    pub(in crate::engine) fn sides(turns: &[Turn]) -> (Vec<Point>, Vec<Point>) {
        let side = |with| turns.iter().filter(move |turn| turn.with == with).map(|turn| turn.point).collect();
        (side(false), side(true))
    }

    /// Valid days over calendar days, without and with.
    pub(super) fn coverage(&self) -> (f64, f64) {
        let (without, with) = Self::counts(&self.turns);
        (without as f64 / f64::from(self.days.0.max(1)), with as f64 / f64::from(self.days.1.max(1)))
    }
}
