//! The schedule: which arm a day belongs to, and which day's outcome is read for it. It follows from what was fixed.

use serde::{Deserialize, Serialize};

use super::blocks::begins_with;
use super::{Experiment, Layout, RunningExperiment};
use crate::domain::day::LocalDay;
use crate::domain::evidence::Window;

/// With the intervention or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// It is not done.
    Without,
    /// It is done.
    With,
}

/// A run of days in one arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    /// The arm.
    pub arm: Arm,
    /// Its days.
    pub days: Window,
    /// The days whose outcome counts for it: without the washout, later by the lag.
    pub counted: Window,
}

/// A day on which something is asked of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Scheduled {
    /// The day.
    pub day: LocalDay,
    /// Its arm.
    pub arm: Arm,
    /// Whether it is left out because the block before may still be felt.
    pub washout: bool,
}

impl Experiment {
    /// Every block in order, that before a before/after included.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block> {
        let block = |arm, days: Window| Block { arm, days, counted: self.counted(days) };
        match self.layout {
            // What is read before the start owes nothing to the intervention: no washout and no lag.
            Layout::BeforeAfter { baseline } => {
                vec![Block { arm: Arm::Without, days: baseline, counted: baseline }, block(Arm::With, self.window)]
            }
            Layout::Blocks { block_days, pairs, seed } => (0..pairs)
                .flat_map(|pair| {
                    let arms =
                        if begins_with(seed, pair) { [Arm::With, Arm::Without] } else { [Arm::Without, Arm::With] };
                    [(2 * pair, arms[0]), (2 * pair + 1, arms[1])]
                })
                .map(|(index, arm)| {
                    block(arm, Window::starting(self.window.first.plus(index * block_days), block_days))
                })
                .collect(),
        }
    }

    fn counted(&self, days: Window) -> Window {
        let first = days.first.plus(self.washout_days).plus(self.lag_days);
        Window::starting(first, days.days.saturating_sub(self.washout_days))
    }

    /// The windows of an arm whose outcomes count.
    #[must_use]
    pub fn counted_in(&self, arm: Arm) -> Vec<Window> {
        self.blocks().iter().filter(|block| block.arm == arm && block.counted.days > 0).map(|b| b.counted).collect()
    }

    /// Days whose outcome counts in an arm.
    #[must_use]
    pub fn days_counted(&self, arm: Arm) -> u32 {
        self.counted_in(arm).iter().map(|window| window.days).sum()
    }

    /// What is asked on each day of the experiment, in order.
    #[must_use]
    pub fn schedule(&self) -> Vec<Scheduled> {
        let asked = self.blocks().into_iter().filter(|block| self.window.contains(block.days.first));
        asked
            .flat_map(|block| {
                let washout = block.days.first.plus(self.washout_days);
                block.days.each().map(move |day| Scheduled { day, arm: block.arm, washout: day < washout })
            })
            .collect()
    }

    /// All days it looks at, from the first without to the last outcome.
    #[must_use]
    pub fn span(&self) -> Window {
        let blocks = self.blocks();
        let first = blocks.iter().map(|b| b.days.first).min().unwrap_or(self.window.first);
        let last = self.window.last.plus(self.lag_days);
        Window::between(first, last).unwrap_or(self.window)
    }
}

impl RunningExperiment {
    /// Days up to and including `until` that went as scheduled, and days scheduled: done on days with, not done on days
    /// without. A day nobody logged did not go as scheduled.
    #[must_use]
    pub fn adhered(&self, until: LocalDay) -> (u32, u32) {
        let come = self.plan.schedule().into_iter().filter(|scheduled| scheduled.day <= until);
        come.fold((0, 0), |(kept, all), scheduled| (kept + u32::from(self.kept(scheduled)), all + 1))
    }

    /// Whether a scheduled day was logged to have gone as scheduled.
    #[must_use]
    pub fn kept(&self, scheduled: Scheduled) -> bool {
        self.adherence.get(&scheduled.day) == Some(&(scheduled.arm == Arm::With))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::claim::Direction;
    use crate::domain::metric::Metric;

    fn day(text: &str) -> LocalDay {
        text.parse().unwrap()
    }

    fn experiment(layout: Layout, days: u32, washout_days: u32, lag_days: u32) -> Experiment {
        Experiment {
            id: Uuid::nil(),
            intervention: "regular_bedtime".into(),
            metric: Metric::SleepDuration,
            direction: Direction::Higher,
            lag_days,
            washout_days,
            window: Window::starting(day("2026-03-01"), days),
            layout,
        }
    }

    #[test]
    fn every_pair_holds_both_arms_and_every_day_belongs_to_one() {
        for seed in 0..50 {
            for (block_days, pairs, washout) in [(3, 7, 1), (3, 14, 0), (7, 3, 3), (14, 3, 7)] {
                let plan = experiment(Layout::Blocks { block_days, pairs, seed }, 2 * pairs * block_days, washout, 0);
                let blocks = plan.blocks();
                for pair in blocks.chunks(2) {
                    assert_ne!(pair[0].arm, pair[1].arm);
                }
                let days: Vec<_> = plan.schedule().iter().map(|s| s.day).collect();
                assert_eq!(days, plan.window.each().collect::<Vec<_>>());
                let each = pairs * (block_days - washout);
                assert_eq!((plan.days_counted(Arm::With), plan.days_counted(Arm::Without)), (each, each));
                assert_eq!(plan.schedule().iter().filter(|s| s.washout).count() as u32, 2 * pairs * washout);
                assert_eq!(plan.span(), plan.window);
            }
        }
    }

    #[test]
    fn the_outcome_of_a_day_is_read_after_the_lag() {
        let plan = experiment(Layout::Blocks { block_days: 3, pairs: 7, seed: 7 }, 42, 1, 2);
        let first = plan.blocks()[0];
        assert_eq!(first.days, Window::starting(day("2026-03-01"), 3));
        assert_eq!(first.counted, Window::starting(day("2026-03-04"), 2));
        assert_eq!(plan.span().last, plan.window.last.plus(2));
        let baseline = Window::ending(day("2026-02-28"), 28);
        let before_after = experiment(Layout::BeforeAfter { baseline }, 28, 1, 2);
        assert_eq!(before_after.counted_in(Arm::Without), [baseline]);
        assert_eq!(before_after.counted_in(Arm::With), [Window::starting(day("2026-03-04"), 27)]);
        assert_eq!((before_after.span().first, before_after.schedule().len()), (baseline.first, 28));
    }

    #[test]
    fn not_doing_it_is_what_a_day_without_asks() {
        let plan = experiment(Layout::Blocks { block_days: 3, pairs: 7, seed: 7 }, 42, 1, 0);
        let mut running = RunningExperiment::new(plan.clone());
        for scheduled in plan.schedule().iter().take(10) {
            running.adherence.insert(scheduled.day, scheduled.arm == Arm::With);
        }
        let third = plan.schedule()[2];
        running.adherence.insert(third.day, third.arm == Arm::Without);
        assert_eq!(running.adhered(plan.window.first.plus(9)), (9, 10));
        assert_eq!(running.adhered(plan.window.last), (9, 42), "what nobody logged does not count as kept");
    }
}
