//! The simulation gate of experiments: how often an experiment sees what is not there, how often its interval holds the
//! truth, how often it finds what is there, and what a drift does to it. The cells are those of `candor calibrate`.
//!
//! A plain `cargo test` plays few series and widens each bound by three standard errors of its own count; a release build
//! plays thousands and takes the exact bounds. Seeds are constants, so that a run is repeated, not redrawn;
//! `CANDOR_EXPERIMENT_SEED=N` plays fresh ones.

#![expect(clippy::disallowed_methods, reason = "the seed of a run may be chosen from outside")]

use candor::domain::experiment::{Verdict, plan_blocks};
use candor::domain::grade::{Design as Means, Grade};
use candor::engine::calibrate::experiments::{Design, evaluated, nights};
use candor::engine::calibrate::found::Figure;
use candor::engine::calibrate::world::World;
use candor::engine::calibrate::{Plan, calibrate};

/// Series played in each cell.
const SERIES: u64 = if cfg!(debug_assertions) { 200 } else { 4_000 };
/// Standard errors a bound is widened by.
const MARGIN: f64 = if cfg!(debug_assertions) { 3.0 } else { 0.0 };

fn seed() -> u64 {
    let chosen = std::env::var("CANDOR_EXPERIMENT_SEED").ok().and_then(|text| text.parse().ok());
    chosen.unwrap_or(7_000)
}

/// Seeds of what is played here and not by `calibrate`.
fn seeds(cell: u64) -> std::ops::Range<u64> {
    let first = (seed() << 32) + cell * 100_000;
    first..first + SERIES
}

/// What `calibrate` finds of a design at a phi of 0.3 and of 0.6, each without and with a drift of 1 SD over its days, held
/// to every target but those known to be missed.
#[track_caller]
fn measure(design: &str) -> [Figure; 4] {
    ["phi 0.3", "phi 0.6", "drift of 1 SD, phi 0.3", "drift of 1 SD, phi 0.6"].map(|noise| {
        let scenario = format!("experiment, {design}, {noise}");
        let report = calibrate(&Plan { seed: seed(), series: SERIES / 4, only: scenario.clone() }, 1, &|| ());
        for quantity in ["fpr", "coverage"] {
            assert!(report.targets.iter().any(|t| t.scenario == scenario && t.quantity == quantity), "{scenario}");
        }
        for target in report.targets.iter().filter(|target| !target.known) {
            let beyond = if target.must_be == "at most" { 1.0 } else { -1.0 } * (target.found - target.bound);
            let spread = (target.bound * (1.0 - target.bound) / SERIES as f64).sqrt();
            assert!(beyond <= MARGIN * spread, "{target:?}");
        }
        let own = report.figures.into_iter().find(|f| f.scenario == scenario && f.method == "candor");
        let own = own.expect("our own figure");
        assert_eq!(own.series, SERIES);
        println!("{scenario}: fpr {:?}, coverage {:?}, power at 1 SD {:?}", own.fpr, own.coverage, own.power);
        own
    })
}

#[test]
fn blocks_of_three_days_keep_their_promise_in_six_weeks() {
    measure("42 days of 3, 0 left out");
}

#[test]
fn a_day_left_out_of_each_block_costs_power_and_breaks_no_promise() {
    measure("42 days of 3, 1 left out");
    measure("84 days of 3, 1 left out");
}

#[test]
fn blocks_of_a_week_keep_their_promise_too() {
    measure("42 days of 7, 1 left out");
    measure("84 days of 7, 3 left out");
}

#[test]
fn what_a_drift_does_to_before_and_after_is_told_openly() {
    measure("28 days before and 14 after");
    let [.., drifting, _] = measure("60 days before and 30 after");
    // No interval keeps a before/after from taking a drift for an effect: that is why it is observational.
    let seen = drifting.fpr.expect("it was counted");
    assert!(seen > 0.2, "{seen} of the drifts pass for an effect, which is no longer what the pages say");
}

#[test]
fn nearly_every_experiment_has_the_days_it_needs() {
    let design = Design::Blocks { of: 3, pairs: 7, left_out: 1 };
    let enough = seeds(90).filter(|&seed| {
        let experiment = design.experiment(seed).expect("it fits the calendar");
        let nights = nights(&world(0.3, 0.0), &experiment.plan, 0.0, seed);
        evaluated(&experiment, &nights).verdict != Verdict::InsufficientData
    });
    let enough = enough.count() as u64;
    assert!(enough >= SERIES * 98 / 100, "only {enough} of {SERIES} have enough days");
}

#[test]
fn six_weeks_with_a_day_left_out_often_end_unreliable_by_chance_and_twelve_weeks_seldom_do() {
    let unreliable = |pairs, cell| {
        let design = Design::Blocks { of: 3, pairs, left_out: 1 };
        let ends = seeds(cell).filter(|&seed| {
            let experiment = design.experiment(seed).expect("it fits the calendar");
            let nights = nights(&world(0.3, 0.0), &experiment.plan, 1.0, seed);
            evaluated(&experiment, &nights).verdict == Verdict::Unreliable
        });
        ends.count() as f64 / SERIES as f64
    };
    let usual = plan_blocks(1, None).expect("the usual days hold enough pairs");
    assert_eq!((usual.block_days, usual.days()), (3, 84), "the usual experiment is the one that is played here");
    let (six_weeks, twelve_weeks) = (unreliable(7, 95), unreliable(usual.pairs, 96));
    println!("1 SD, blocks of 3, 1 day left out: {six_weeks:.3} of 42 days end unreliable, {twelve_weeks:.3} of 84");
    assert!(twelve_weeks <= 0.1 + MARGIN * (0.1_f64 * 0.9 / SERIES as f64).sqrt(), "{twelve_weeks}");
    // With 14 days an arm, a fifth of them missing, the arms are often unequal and the interval wide.
    assert!(six_weeks > 0.2, "{six_weeks} of 42 days end unreliable, which is no longer what the pages say");
}

/// A fifth of the days missing, weekends a little higher, so much higher each day.
fn world(phi: f64, drift: f64) -> World {
    World { missing: 0.2, drift, ..World::quiet(phi, 0) }
}

#[test]
fn a_trend_without_effect_ends_unclear_in_blocks_and_observational_in_halves() {
    let fitting = plan_blocks(1, Some(70)).expect("70 days hold enough pairs");
    assert_eq!((fitting.block_days, fitting.pairs, fitting.days()), (3, 12, 72));
    let half = fitting.days() / 2;
    // Sleep rises by 2.1 SD over 70 days, whatever is tried.
    let rising = world(0.3, 0.03);
    let played = SERIES.clamp(200, 1_000);
    let (mut unclear, mut unreliable, mut seen) = (0, 0, 0);
    let (mut told, mut drifting, mut above_c) = (0, 0, 0);
    for seed in seeds(70).take(1).flat_map(|first| first..first + played) {
        let blocks = Design::Blocks { of: fitting.block_days, pairs: fitting.pairs, left_out: 1 };
        let blocks = blocks.experiment(seed).expect("it fits the calendar");
        let nights = nights(&rising, &blocks.plan, 0.0, seed);
        let drawn = evaluated(&blocks, &nights);
        assert_eq!(drawn.design, Means::Randomised);
        unclear += u64::from(drawn.verdict == Verdict::Unclear);
        unreliable += u64::from(drawn.verdict == Verdict::Unreliable);
        seen += u64::from(drawn.verdict.has_direction());
        let halves = Design::BeforeAfter(half, half).experiment(seed).expect("it fits the calendar");
        let halves = evaluated(&halves, &nights);
        assert_eq!((halves.design, halves.conduct.earns_cause()), (Means::Observational, false));
        assert!(!halves.drift || halves.grade >= Grade::C, "{halves:?}");
        told += u64::from(halves.verdict.has_direction());
        drifting += u64::from(halves.drift);
        above_c += u64::from(halves.grade < Grade::C);
    }
    let of = |count: u64| count as f64 / played as f64;
    println!(
        "a trend of 2.1 SD in 70 days without effect, {played} people: drawn by lot {:.3} end unclear, {:.3} unreliable, \
         {:.3} seem to show something; in halves {:.3} seem to show something, the drift check fires in {:.3}, {:.3} are \
         graded above C",
        of(unclear),
        of(unreliable),
        of(seen),
        of(told),
        of(drifting),
        of(above_c)
    );
    let margin = 3.0 * (0.06_f64 * 0.94 / played as f64).sqrt();
    assert!(of(seen) <= 0.06 + margin, "{} seem to show something", of(seen));
    // The rest is unreliable: with a fifth of the days missing at random, an arm may lack them more than the other.
    assert!(of(unclear) >= 0.8, "{} end unclear", of(unclear));
    assert_eq!(unclear + unreliable + seen, played);
    assert!(of(drifting) >= 0.5, "the drift check fires in {}", of(drifting));
}

#[test]
fn without_a_drift_the_check_seldom_costs_a_grade() {
    let fires = seeds(80).filter(|&seed| {
        let halves = Design::BeforeAfter(35, 35).experiment(seed).expect("it fits the calendar");
        let nights = nights(&World { weekend: 0.0, ..world(0.3, 0.0) }, &halves.plan, 1.0, seed);
        evaluated(&halves, &nights).drift
    });
    let share = fires.count() as f64 / SERIES as f64;
    println!("a lasting step of 1 SD without a drift: the drift check fires in {share:.3}");
    assert!(share <= 0.25 + MARGIN * (0.25_f64 * 0.75 / SERIES as f64).sqrt(), "it fires in {share}");
}
