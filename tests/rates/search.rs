//! The simulation gate: how often the weekly search is wrong, and how often it finds what is there.
//!
//! At most 0.1 changes a metric-year may be raised where nothing changes, and 0.005 at B or A; a lasting step of 1.5 SD at phi
//! 0.2, or of 2 SD at phi 0.35, must reach B in 80 % of people. A plain `cargo test` plays few seeds and widens each
//! bound by three standard errors of its own count; a release build plays many and takes the exact
//! bounds. Seeds are constants, so that a run is repeated, not redrawn.

use candor::engine::calibrate::world::{FIRST_DAY, World};
use candor::engine::model::{Change, Level, Outcome, Point, Watch, level, look};

/// People played in worlds without a change, with eight metrics and three years each.
const NULL_PEOPLE: u64 = if cfg!(debug_assertions) { 60 } else { 200 };
/// People played in worlds with a change, with one metric each.
const CHANGED_PEOPLE: u64 = if cfg!(debug_assertions) { 60 } else { 2_000 };
/// Windows played for the level.
const LEVELS: u64 = if cfg!(debug_assertions) { 300 } else { 4_000 };
/// Standard errors a bound is widened by.
const MARGIN: f64 = if cfg!(debug_assertions) { 3.0 } else { 0.0 };

const METRICS: u64 = 8;
const THREE_YEARS: i32 = 3 * 365;

/// The grades with their fixed thresholds; those below C are one here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    A,
    B,
    C,
    D,
}

fn grade(change: &Change, at_most_c: bool) -> Grade {
    let reaches =
        |confidence, n, coverage| change.confidence >= confidence && change.n >= n && change.coverage >= coverage;
    let earned = if reaches(0.8, 30, 0.7) {
        Grade::A
    } else if reaches(0.6, 14, 0.5) {
        Grade::B
    } else if reaches(0.4, 7, 0.3) {
        Grade::C
    } else {
        Grade::D
    };
    if at_most_c { earned.max(Grade::C) } else { earned }
}

/// What a person was told about one metric.
struct Told {
    raises: u32,
    /// Days from the first day of a series to a grade of B or better, with the direction, once for
    /// each raise.
    at_b: Vec<(i32, bool)>,
}

fn play(points: &[Point], days: i32) -> Told {
    let mut told = Told { raises: 0, at_b: Vec::new() };
    let mut watch = Watch::default();
    let mut counted = false;
    for week in 1..=days / 7 {
        let day = 7 * week;
        let today = FIRST_DAY + day;
        let seen = points.partition_point(|point| point.day <= today);
        let step = look(&watch, &points[..seen], today);
        if step.outcome == Outcome::Raised {
            told.raises += 1;
            counted = false;
        }
        if let Some(change) = step.found
            && !counted
            && grade(&change, step.at_most_c) <= Grade::B
        {
            counted = true;
            told.at_b.push((day, change.rises));
        }
        watch = step.next;
    }
    told
}

/// A bound on a rate per metric-year, widened by the standard error of a Poisson count.
fn at_most(bound: f64, years: f64) -> f64 {
    bound + MARGIN * (bound / years).sqrt()
}

/// A bound on a share, widened downwards by its binomial standard error.
fn at_least(bound: f64, count: u64) -> f64 {
    bound - MARGIN * (bound * (1.0 - bound) / count as f64).sqrt()
}

#[test]
fn without_a_change_little_is_raised_and_next_to_nothing_is_vouched_for() {
    let (mut raises, mut vouched) = (0, 0);
    for seed in 0..NULL_PEOPLE * METRICS {
        let told = play(&World::quiet(0.3, THREE_YEARS).series(seed), THREE_YEARS);
        raises += told.raises;
        vouched += told.at_b.len();
    }
    let years = (NULL_PEOPLE * METRICS) as f64 * f64::from(THREE_YEARS) / 365.25;
    let (raised, vouched) = (f64::from(raises) / years, vouched as f64 / years);
    println!("phi 0.3, {years:.0} metric-years: {raised:.4} raised, {vouched:.4} at B or A per year");
    assert!(raised <= at_most(0.1, years), "{raised} changes raised per metric-year");
    assert!(vouched <= at_most(0.005, years), "{vouched} at B or A per metric-year");
}

/// The share of people who are told at B or better of a step they have, and the median days to that.
fn found(phi: f64, size: f64) -> (f64, i32) {
    let mut waits = Vec::new();
    for person in 0..CHANGED_PEOPLE {
        // The step falls on every weekday, well after the first search.
        let from = 150 + (person % 98) as i32;
        let days = from + 150;
        let world = World { steps: vec![(from, size)], ..World::quiet(phi, days) };
        let told = play(&world.series(1_000_000 + person), days);
        let hit = told.at_b.iter().find(|(day, rises)| *rises && *day > from);
        waits.extend(hit.map(|(day, _)| day - from));
    }
    waits.sort_unstable();
    let share = waits.len() as f64 / CHANGED_PEOPLE as f64;
    let median = waits[waits.len() / 2];
    println!("phi {phi}, {size} SD: {share:.3} reach B or better, median {median} days");
    (share, median)
}

#[test]
fn a_lasting_change_of_one_and_a_half_sd_reaches_b_at_weak_autocorrelation() {
    let (share, median) = found(0.2, 1.5);
    assert!(share >= at_least(0.8, CHANGED_PEOPLE), "{share} of people");
    assert!(median <= 56, "{median} days");
}

#[test]
fn a_lasting_change_of_two_sd_reaches_b_at_ordinary_autocorrelation() {
    let (share, median) = found(0.35, 2.0);
    assert!(share >= at_least(0.8, CHANGED_PEOPLE), "{share} of people");
    assert!(median <= 56, "{median} days");
}

#[test]
fn a_large_change_is_not_taken_for_noise() {
    for size in [3.0, 4.0, 7.0, 12.0] {
        let (share, median) = found(0.2, size);
        assert!(share >= at_least(0.95, CHANGED_PEOPLE), "{share} of people at {size} SD");
        assert!(median <= 42, "{median} days");
    }
}

#[test]
fn a_level_that_is_stated_with_confidence_is_right_that_often() {
    let published = [(0.2, 0.998), (0.35, 0.991), (0.5, 0.971), (0.65, 0.930), (0.8, 0.823)];
    for (phi, published) in published {
        let sure: Vec<Level> = (0..LEVELS)
            .filter_map(|seed| {
                let points = World::quiet(phi, 60).series(2_000_000 + seed);
                level(&points, FIRST_DAY + 59, 60)
            })
            .filter(|level| level.confidence >= 0.8)
            .collect();
        let share =
            |right: fn(&Level) -> bool| sure.iter().filter(|level| right(level)).count() as f64 / sure.len() as f64;
        // The true mean is 0 and the true SD 1; the published rates are in true SD.
        let right = share(|level| level.mean.abs() <= 0.5);
        let by_own_sd = share(|level| level.mean.abs() <= 0.5 * level.sd);
        println!(
            "phi {phi}: {right:.3} of {} levels at 0.8 or more are right (published {published}); \
             {by_own_sd:.3} by the SD they state",
            sure.len(),
        );
        assert!(right >= at_least(0.8, sure.len() as u64), "{right} at phi {phi}");
        let error = (published * (1.0 - published) / sure.len() as f64).sqrt();
        assert!((right - published).abs() <= 4.0 * error + 0.01, "{right} at phi {phi}");
    }
}
