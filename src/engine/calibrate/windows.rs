//! One look at a window: a step on a day that is not known, a straight line, and Mann and Kendall's test beside them.

use super::draw::Draw;
use super::found::{Figure, Found};
use super::tally::Share;
use super::world::{FIRST_DAY, World};
use super::yardsticks::{LEVEL, mann_kendall};
use crate::engine::model::change_point::Scan;
use crate::engine::model::gates::ONCE;
use crate::engine::model::search::WHOLE_DAYS;
use crate::engine::model::trend::slope;

/// The size of the step whose power is read, in SD.
const STEP: f64 = 1.5;
/// Days of a window in which a line is looked for, and its rise over them, in SD.
const LINE_DAYS: i32 = 60;
const RISE: f64 = 2.0;

/// How often a step passes the gate of one look, without one and with one in the middle.
pub(super) fn steps(scenario: &str, phi: f64, draw: &Draw<'_>) -> Found {
    let quiet = World::quiet(phi, WHOLE_DAYS);
    let stepped = World { steps: vec![(WHOLE_DAYS / 2, STEP)], ..quiet.clone() };
    let (mut fpr, mut power) = (Share::default(), Share::default());
    // Only the size is asked here: whether a line explains the days better is the weekly search's question.
    let passes = |points: &[_]| {
        let found = Scan::new(points).and_then(|scan| scan.step());
        found.is_some_and(|found| ONCE.step(&found, 0.0))
    };
    for seed in draw.each() {
        fpr.count(passes(&quiet.series(seed)));
        power.count(passes(&stepped.series(seed)));
    }
    let figure = figure(scenario, "candor", draw, fpr, power);
    Found { figures: vec![figure], ..Found::default() }
}

/// How often the 95 % interval of a slope leaves out zero, without and with a rise; and the same of Mann and Kendall.
pub(super) fn lines(scenario: &str, phi: f64, draw: &Draw<'_>) -> Found {
    let quiet = World::quiet(phi, LINE_DAYS);
    let rising = World { drift: RISE / f64::from(LINE_DAYS), ..quiet.clone() };
    let mut shares = [[Share::default(); 2]; 2];
    let mut covered = Share::default();
    for seed in draw.each() {
        for (world, column) in [(&quiet, 0), (&rising, 1)] {
            let points = world.series(seed);
            if let Some(found) = slope(&points, FIRST_DAY, FIRST_DAY + LINE_DAYS - 1) {
                let (low, high) = found.interval(0.95);
                shares[0][column].count(low > 0.0 || column == 0 && high < 0.0);
                covered.count(low <= world.drift && world.drift <= high);
            }
            shares[1][column].count(mann_kendall(&points) < LEVEL);
        }
    }
    let [[fpr, power], [rank_fpr, rank_power]] = shares;
    let own = Figure { coverage: covered.rate(), ..figure(scenario, "candor", draw, fpr, power) };
    let ranks = figure(scenario, "mann_kendall", draw, rank_fpr, rank_power);
    Found { figures: vec![own, ranks], ..Found::default() }
}

fn figure(scenario: &str, method: &'static str, draw: &Draw<'_>, fpr: Share, power: Share) -> Figure {
    Figure {
        scenario: scenario.to_owned(),
        method,
        series: draw.series,
        fpr: fpr.rate(),
        power: power.rate(),
        ..Figure::default()
    }
}
