//! Made-up experiments on sleep: planned as INTERVENE plans them, kept to the letter, read by the function EVALUATE reads
//! with.

use uuid::Uuid;

use super::draw::Draw;
use super::found::{Figure, Found};
use super::tally::Share;
use super::world::{FIRST_DAY, World};
use super::yardsticks::{LEVEL, welch, z_rule};
use crate::domain::claim::Direction;
use crate::domain::day::LocalDay;
use crate::domain::evidence::Window;
use crate::domain::experiment::{Arm, Evaluation, Experiment, Layout, RunningExperiment};
use crate::domain::metric::Metric;
use crate::domain::provider::Provider;
use crate::engine::evaluate::{Arms, Around, Read, conclude};
use crate::engine::history::DayValue;
use crate::engine::model::Point;

const METRIC: Metric = Metric::SleepDuration;
/// A night's usual length and its day-to-day standard deviation, in minutes.
const USUAL: f64 = 430.0;
const SD: f64 = 30.0;
/// Effects at which coverage and power are read, in SD.
const COVERED: f64 = 0.5;
const WANTED: f64 = 1.0;

/// How the days with and without are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// Pairs of blocks in an order drawn by lot.
    Blocks {
        /// Days of a block.
        of: u32,
        /// Pairs of blocks.
        pairs: u32,
        /// Days left out at the start of each block.
        left_out: u32,
    },
    /// So many days without, then so many with.
    BeforeAfter(u32, u32),
}

impl Design {
    /// The name as it stands in the report.
    pub(super) fn name(self) -> String {
        match self {
            Self::Blocks { of, pairs, left_out } => format!("{} days of {of}, {left_out} left out", 2 * pairs * of),
            Self::BeforeAfter(before, after) => format!("{before} days before and {after} after"),
        }
    }

    /// Its days, from the first that is looked at.
    pub(super) const fn days(self) -> u32 {
        match self {
            Self::Blocks { of, pairs, .. } => 2 * pairs * of,
            Self::BeforeAfter(before, after) => before + after,
        }
    }

    /// The experiment, begun on the first day of a series and logged as scheduled on each day. None where the calendar ends.
    #[must_use]
    pub fn experiment(self, seed: u64) -> Option<RunningExperiment> {
        let start = LocalDay::from_number(FIRST_DAY)?;
        let (layout, window, washout_days) = match self {
            Self::Blocks { of, pairs, left_out } => {
                // The lots and the noise come from different generators.
                let layout = Layout::Blocks { block_days: of, pairs, seed: seed as u32 };
                (layout, Window::starting(start, self.days()), left_out)
            }
            Self::BeforeAfter(before, after) => {
                let layout = Layout::BeforeAfter { baseline: Window::starting(start, before) };
                (layout, Window::starting(start.plus(before), after), 0)
            }
        };
        let mut experiment = RunningExperiment::new(Experiment {
            id: Uuid::nil(),
            intervention: "regular_bedtime".to_owned(),
            metric: METRIC,
            direction: Direction::Higher,
            lag_days: 0,
            washout_days,
            window,
            layout,
        });
        for scheduled in experiment.plan.schedule() {
            experiment.adherence.insert(scheduled.day, scheduled.arm == Arm::With);
        }
        Some(experiment)
    }
}

/// The nights of a world in which an experiment's days with it are higher by so many SD; nothing lasts beyond its block.
#[must_use]
pub fn nights(world: &World, plan: &Experiment, effect: f64, seed: u64) -> Vec<DayValue> {
    let with = plan.blocks().into_iter().filter(|block| block.arm == Arm::With).map(|block| block.days);
    let index = |day: LocalDay| day.number() - FIRST_DAY;
    let steps = with.flat_map(|days| [(index(days.first), effect), (index(days.last) + 1, -effect)]).collect();
    let world = World { steps, days: plan.span().days as i32, ..world.clone() };
    let night = |point: Point| {
        Some(DayValue {
            day: LocalDay::from_number(point.day)?,
            value: METRIC.round(USUAL + SD * point.value),
            provider: Provider::Whoop,
            contested: false,
            conflict: false,
        })
    };
    world.series(seed).into_iter().filter_map(night).collect()
}

/// What EVALUATE makes of an experiment around which nothing else happens.
#[must_use]
pub fn evaluated(experiment: &RunningExperiment, nights: &[DayValue]) -> Evaluation {
    concluded(experiment, &Read::of(experiment, nights))
}

fn concluded(experiment: &RunningExperiment, read: &Read) -> Evaluation {
    let around = Around {
        id: Uuid::nil(),
        day: experiment.plan.window.last,
        input_revision: 1,
        triggers: Vec::new(),
        concurrent: false,
        suppressed: false,
    };
    conclude(experiment, read, &around)
}

/// False positives, coverage and power of one way to read an experiment.
#[derive(Clone, Copy, Default)]
struct Errors([Share; 3]);

impl Errors {
    /// `column` 0 has no effect, 1 one that the interval must hold, 2 one that must be found.
    fn count(&mut self, column: usize, holds: bool, claims: bool, rises: bool) {
        let hit = match column {
            0 => claims,
            1 => holds,
            _ => claims && rises,
        };
        self.0[column].count(hit);
    }

    fn figure(self, scenario: &str, method: &'static str, series: u64) -> Figure {
        let [fpr, coverage, power] = self.0.map(|share| share.rate());
        Figure { scenario: scenario.to_owned(), method, series, fpr, coverage, power, ..Figure::default() }
    }
}

/// False positives at no effect, coverage at 0.5 SD and power at 1 SD of a design: by the interval, by the verdict a person
/// is shown, by Welch's t and the z rule on the same days, and, where nothing is there, by the interval of the same nights
/// read as a first half against a second.
pub(super) fn errors(scenario: &str, design: Design, world: &World, draw: &Draw<'_>) -> Found {
    let [mut interval, mut verdict, mut by_welch, mut by_z, mut halves] = [Errors::default(); 5];
    let whole = design.days();
    for seed in draw.each() {
        let Some(experiment) = design.experiment(seed) else { continue };
        for (effect, column) in [0.0, COVERED, WANTED].into_iter().zip(0..) {
            let nights = nights(world, &experiment.plan, effect, seed);
            let read = Read::of(&experiment, &nights);
            if let Some(found) = &read.change {
                let (low, high) = found.interval;
                interval.count(column, low <= SD * effect && SD * effect <= high, low > 0.0 || high < 0.0, found.rises);
            }
            // No verdict has an interval of its own: what it holds is not asked.
            if column != 1 {
                let shown = concluded(&experiment, &read).verdict;
                verdict.count(column, false, shown.has_direction(), read.change.is_some_and(|c| c.rises));
            }
            let (without, with) = Arms::sides(&read.arms.turns);
            for (errors, found) in [(&mut by_welch, welch(&without, &with)), (&mut by_z, z_rule(&without, &with))] {
                if let Some(found) = found {
                    let holds = found.p(SD * effect) >= LEVEL;
                    errors.count(column, holds, found.p(0.0) < LEVEL, found.difference > 0.0);
                }
            }
            let in_halves = Design::BeforeAfter(whole / 2, whole - whole / 2).experiment(seed);
            if let Some(in_halves) = in_halves.filter(|_| column == 0 && matches!(design, Design::Blocks { .. }))
                && let Some(found) = Read::of(&in_halves, &nights).change
            {
                halves.count(0, false, found.interval.0 > 0.0 || found.interval.1 < 0.0, found.rises);
            }
        }
    }
    let methods = [
        ("candor", interval),
        ("candor_verdict", verdict),
        ("welch_t", by_welch),
        ("z_rule", by_z),
        ("candor_in_halves", halves),
    ];
    let asked = methods.into_iter().filter(|(_, errors)| errors.0[0].of > 0);
    let figures = asked.map(|(method, errors)| errors.figure(scenario, method, draw.series)).collect();
    Found { figures, ..Found::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_moves_the_days_with_it_and_no_other_and_the_reading_finds_its_size() {
        let world = World { weekend: 0.0, ..World::quiet(0.0, 0) };
        let blocks = |left_out| Design::Blocks { of: 3, pairs: 14, left_out };
        for design in [blocks(0), blocks(1), Design::BeforeAfter(28, 14)] {
            let experiment = design.experiment(3).expect("it fits the calendar");
            let [without, with] = [0.0, 20.0].map(|effect| nights(&world, &experiment.plan, effect, 3));
            let blocks = experiment.plan.blocks();
            for (without, with) in without.iter().zip(&with) {
                let tried = blocks.iter().any(|block| block.arm == Arm::With && block.days.contains(with.day));
                let difference = with.value - without.value;
                assert!((difference - if tried { 20.0 * SD } else { 0.0 }).abs() <= 1.0, "{difference}");
            }
            let found = Read::of(&experiment, &with).change.expect("enough days");
            assert!((found.difference - 20.0 * SD).abs() < SD, "{found:?}");
            assert!(evaluated(&experiment, &with).conduct.excludes_zero);
        }
    }
}
