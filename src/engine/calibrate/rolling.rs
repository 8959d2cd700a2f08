//! Rolling use: a metric is looked at for three years, as the stage looks at it, and every claim is held against the truth.

use super::draw::{Draw, chance};
use super::found::{Figure, Found};
use super::tally::{Believed, Share};
use super::world::{FIRST_DAY, World, normal, uniform};
use super::yardsticks::{LEVEL, mann_kendall, welch, z_day};
use crate::domain::grade::Grade;
use crate::engine::model::confidence::SMALLEST_EFFECT_SD;
use crate::engine::model::gates::{Gates, WEEKLY};
use crate::engine::model::point::window;
use crate::engine::model::search::{Windows, look_through, windows};
use crate::engine::model::{Outcome, Point, Sought, Watch, stated};

/// Years, and days, for which a series is looked at.
const YEARS: f64 = 3.0;
const DAYS: i32 = 3 * 365;
const YEAR: f64 = 365.25;
/// Days for which a yardstick that has claimed something is silent, as the search is while it waits.
const SILENCE: i32 = 42;

/// What changes in a scenario's three years.
#[derive(Clone, Copy)]
pub(super) enum Change {
    /// Nothing.
    Nothing,
    /// Each year with this probability, by N(0, tau squared) SD, on a day drawn by lot; a fifth of the series drifts by
    /// N(0, 1) SD a year besides.
    Sometimes(f64, f64),
}

/// A claim as it was shown.
struct Shown {
    confidence: f64,
    grade: Grade,
    is_true: bool,
}

/// What was raised, and every way in which it was shown before it ended.
struct Claim {
    sought: Sought,
    shown: Vec<Shown>,
}

/// Plays the weekly search over a series.
fn play(gates: &Gates, world: &World, points: &[Point]) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    let mut watch = Watch::default();
    for week in 1..=world.days / 7 {
        let today = FIRST_DAY + 7 * week;
        let looked = look_through(gates, &watch, points, today);
        watch = looked.next;
        let Some(raise) = watch.raise() else { continue };
        if looked.outcome == Outcome::Raised {
            claims.push(Claim { sought: raise.sought, shown: Vec::new() });
        }
        let (Some(found), Some(claim)) = (looked.found, claims.last_mut()) else { continue };
        let (confidence, grade) = stated(found.confidence, found.n, found.coverage, looked.at_most_c);
        if grade == Grade::D {
            continue;
        }
        let Windows { before, after } = windows(&raise, today);
        let truth = world.mean_over(after.0, after.1 + 1) - world.mean_over(before.0, before.1 + 1);
        let is_true = truth.abs() >= SMALLEST_EFFECT_SD && (truth > 0.0) == found.rises;
        claim.shown.push(Shown { confidence, grade, is_true });
    }
    claims
}

/// Claims of a yardstick on the same Mondays, silent for six weeks after each.
fn alerts(world: &World, claims: impl Fn(i32) -> bool) -> u64 {
    let (mut count, mut silent_until) = (0, 0);
    for week in 13..=world.days / 7 {
        let today = FIRST_DAY + 7 * week;
        if today > silent_until && claims(today) {
            count += 1;
            silent_until = today + SILENCE;
        }
    }
    count
}

/// True rates and false alerts over three years of a metric whose phi is one of those given.
pub(super) fn years(scenario: &str, phis: &[f64], change: Change, draw: &Draw<'_>) -> Found {
    let (mut raised, mut vouched, mut yardsticks) = (0, 0, [0; 3]);
    let mut believed = Believed::default();
    let mut grades = [[Share::default(); 3]; 3];
    for (index, seed) in draw.each().enumerate() {
        let mut dice = chance(seed);
        let mut world = World::quiet(phis[index % phis.len()], DAYS);
        if let Change::Sometimes(probability, tau) = change {
            for year in 0..3 {
                if uniform(&mut dice) < probability {
                    let day = 365 * year + (365.0 * uniform(&mut dice)) as i32;
                    world.steps.push((day, tau * normal(&mut dice)));
                }
            }
            if uniform(&mut dice) < 0.2 {
                world.drift = normal(&mut dice) / YEAR;
            }
        }
        let points = world.series(seed);
        for claim in play(&WEEKLY, &world, &points) {
            raised += 1;
            let kind = &mut grades[claim.sought as usize];
            // Each claim counts once in each band and each grade it was shown with.
            let (mut bands, mut seen) = ([false; 3], [false; 3]);
            for one in &claim.shown {
                if let Some(band) = super::tally::band(one.confidence)
                    && !std::mem::replace(&mut bands[band], true)
                {
                    believed.count(one.confidence, one.is_true);
                }
                if let Some(seen) = seen.get_mut(one.grade as usize)
                    && !std::mem::replace(seen, true)
                {
                    kind[one.grade as usize].count(one.is_true);
                }
            }
            vouched += u64::from(claim.shown.iter().any(|one| one.grade <= Grade::B));
        }
        if matches!(change, Change::Nothing) {
            let compared = |today: i32| (window(&points, today - 30, 60), window(&points, today, 30));
            let by_welch = |today| {
                let (before, after) = compared(today);
                welch(before, after).is_some_and(|found| found.p(0.0) < LEVEL)
            };
            yardsticks[0] += alerts(&world, by_welch);
            yardsticks[1] += points.iter().filter(|point| z_day(&points, point)).count() as u64;
            yardsticks[2] += alerts(&world, |today| mann_kendall(window(&points, today, 90)) < LEVEL);
        }
    }
    let metric_years = draw.series as f64 * YEARS;
    let mut found = Found::default();
    let figure = |method, count: u64| Figure {
        scenario: scenario.to_owned(),
        method,
        series: draw.series,
        years: Some(metric_years),
        false_alerts: Some(count as f64 / metric_years),
        ..Figure::default()
    };
    if matches!(change, Change::Nothing) {
        found.figures.push(figure("candor", raised));
        found.figures.push(figure("candor_b_or_a", vouched));
        found
            .figures
            .extend(["welch_t", "z_rule", "mann_kendall"].into_iter().zip(yardsticks).map(|(m, c)| figure(m, c)));
    } else {
        found.figures.push(Figure {
            scenario: scenario.to_owned(),
            method: "candor",
            series: draw.series,
            ece: believed.ece(),
            ..Figure::default()
        });
        found.believed(scenario, "candor", &believed);
        for (kind, shares) in ["change", "step", "trend"].into_iter().zip(grades) {
            found.graded(scenario, kind, shares);
        }
    }
    found
}

/// The share of people who are told at B or better of a lasting step they have.
pub(super) fn lasting(scenario: &str, phi: f64, size: f64, draw: &Draw<'_>) -> Found {
    let mut told = Share::default();
    for (index, seed) in draw.each().enumerate() {
        // The step falls on every weekday, well after the first search.
        let from = 150 + (index % 98) as i32;
        let world = World { steps: vec![(from, size)], ..World::quiet(phi, from + 150) };
        let claims = play(&WEEKLY, &world, &world.series(seed));
        let shown = claims.iter().flat_map(|claim| &claim.shown);
        told.count(shown.into_iter().any(|one| one.grade <= Grade::B && one.is_true));
    }
    let figure = Figure {
        scenario: scenario.to_owned(),
        method: "candor",
        series: draw.series,
        power: told.rate(),
        ..Figure::default()
    };
    Found { figures: vec![figure], ..Found::default() }
}
