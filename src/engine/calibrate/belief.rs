//! What a confidence is worth: planned comparisons of before and after in worlds with and without effects.

use super::draw::{Draw, chance};
use super::found::{Figure, Found};
use super::tally::{Believed, Share};
use super::world::{FIRST_DAY, World, normal, uniform};
use super::yardsticks::{LEVEL, welch, z_rule};
use crate::engine::model::confidence::SMALLEST_EFFECT_SD;
use crate::engine::model::{ONE_LOOK, Point, compare};

fn split(points: &[Point], at: i32) -> (&[Point], &[Point]) {
    points.split_at(points.partition_point(|point| point.day < FIRST_DAY + at))
}

/// What confidence is worth in a world where a share `pi0` of experiments does nothing and the others have effects of
/// N(0, `tau` squared): phi from N(0.4, 0.2 squared), a fifth each with heavy tails or fresh noise, weekends, up to 40 %
/// missing, windows of 14/7, 28/14 and 56/28 days. Where there is drift, a fifth of the series rises by N(0, 1) SD over the
/// windows besides, which no comparison of before and after can tell from an effect.
pub(super) fn belief(scenario: &str, (pi0, tau): (f64, f64), drifts: bool, draw: &Draw<'_>) -> Found {
    let mut believed = [Believed::default(), Believed::default(), Believed::default()];
    let mut claimed = [Share::default(); 3];
    for (index, seed) in draw.each().enumerate() {
        let mut dice = chance(seed);
        let (before_days, after_days) = [(14, 7), (28, 14), (56, 28)][index % 3];
        let effect = if uniform(&mut dice) < pi0 { 0.0 } else { tau * normal(&mut dice) };
        let phi = (0.4 + 0.2 * normal(&mut dice)).clamp(-0.2, 0.9);
        let days = before_days + after_days;
        let world = World {
            missing: 0.4 * uniform(&mut dice),
            heavy: uniform(&mut dice) < 0.2,
            fresh: if uniform(&mut dice) < 0.2 { 0.5 } else { 0.0 },
            drift: if drifts && uniform(&mut dice) < 0.2 { normal(&mut dice) / f64::from(days) } else { 0.0 },
            steps: vec![(before_days, effect)],
            ..World::quiet(phi, days)
        };
        let points = world.series(seed);
        let (before, after) = split(&points, before_days);
        let truth = |difference: f64| effect * difference > 0.0 && effect.abs() >= SMALLEST_EFFECT_SD;
        if let Some(found) = compare(before, after, before_days as u32, after_days as u32, ONE_LOOK) {
            believed[0].count(found.confidence, truth(found.difference));
            if found.interval.0 > 0.0 || found.interval.1 < 0.0 {
                claimed[0].count(!truth(found.difference));
            }
        }
        for (method, verdict) in [welch(before, after), z_rule(before, after)].into_iter().enumerate() {
            if let Some(found) = verdict {
                let p = found.p(0.0);
                believed[method + 1].count(1.0 - p, truth(found.difference));
                if p < LEVEL {
                    claimed[method + 1].count(!truth(found.difference));
                }
            }
        }
    }
    let mut found = Found::default();
    for ((method, believed), claimed) in ["candor", "welch_t", "z_rule"].into_iter().zip(&believed).zip(claimed) {
        found.figures.push(Figure {
            scenario: scenario.to_owned(),
            method,
            series: draw.series,
            fdr: claimed.rate(),
            ece: believed.ece(),
            ..Figure::default()
        });
        found.believed(scenario, method, believed);
    }
    found
}
