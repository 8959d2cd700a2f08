//! The usual value: stated over 60 days, is the true one as near as it says?

use super::draw::Draw;
use super::found::{Figure, Found};
use super::tally::{Believed, Share};
use super::world::{FIRST_DAY, World};
use crate::engine::model::level::{NEAR_SD, level};
use crate::engine::model::{LEVEL_DAYS, stated};

/// How near the true mean, in true SD, a stated one must be to count as right.
const NEAR: f64 = NEAR_SD;

/// One window of 60 days a series.
pub(super) fn levels(scenario: &str, phi: f64, draw: &Draw<'_>) -> Found {
    let world = World::quiet(phi, LEVEL_DAYS as i32);
    let mut believed = Believed::default();
    let mut grades = [Share::default(); 3];
    let mut covered = Share::default();
    for seed in draw.each() {
        let points = world.series(seed);
        let Some(found) = level(&points, FIRST_DAY + LEVEL_DAYS as i32 - 1, LEVEL_DAYS) else { continue };
        let is_true = found.mean.abs() <= NEAR;
        let (confidence, grade) = stated(found.confidence, found.n, found.coverage, false);
        believed.count(confidence, is_true);
        if let Some(share) = grades.get_mut(grade as usize) {
            share.count(is_true);
        }
        covered.count(found.interval.0 <= 0.0 && 0.0 <= found.interval.1);
    }
    let figure = Figure {
        scenario: scenario.to_owned(),
        method: "candor",
        series: draw.series,
        coverage: covered.rate(),
        ece: believed.ece(),
        ..Figure::default()
    };
    let mut found = Found { figures: vec![figure], ..Found::default() };
    found.believed(scenario, "candor", &believed);
    found.graded(scenario, "level", grades);
    found
}
