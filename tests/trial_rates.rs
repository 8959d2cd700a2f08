//! The simulation gate of experiments: how often an experiment sees what is not there, how often its interval holds the
//! truth, how often it finds what is there, and what a drift does to it.
//!
//! A plain `cargo test` plays few series and widens each bound by three standard errors of its own count; a release build
//! plays thousands and takes the exact bounds. Seeds are constants, so that a run is repeated, not redrawn;
//! `CANDOR_TRIAL_SEED=N` plays fresh ones.

#![expect(clippy::disallowed_methods, reason = "the seed of a run may be chosen from outside")]

use candor::domain::claim::Direction;
use candor::domain::day::LocalDay;
use candor::domain::evidence::Window;
use candor::domain::experiment::{Arm, Evaluation, Experiment, Layout, RunningExperiment, Verdict, plan_blocks};
use candor::domain::grade::{Design, Grade};
use candor::domain::metric::Metric;
use candor::domain::provider::Provider;
use candor::engine::calibrate::world::{FIRST_DAY, World};
use candor::engine::evaluate::{Around, evaluate};
use candor::engine::history::DayValue;
use candor::engine::model::change::{Screened, screen};
use candor::engine::model::{ONE_LOOK, Point, Turn, contrast};
use uuid::Uuid;

/// Series played in each cell.
const SERIES: u64 = if cfg!(debug_assertions) { 150 } else { 4_000 };
/// Standard errors a bound is widened by.
const MARGIN: f64 = if cfg!(debug_assertions) { 3.0 } else { 0.0 };
/// How much a drifting world rises a day, in SD: 0.8 SD in six weeks.
const DRIFT: f64 = 0.02;

/// The first seed of a cell: no two cells share a series.
fn seeds(cell: u64) -> std::ops::Range<u64> {
    let chosen = std::env::var("CANDOR_TRIAL_SEED").ok().and_then(|text| text.parse::<u64>().ok());
    let first = (chosen.unwrap_or(7_000) << 32) + cell * 100_000;
    first..first + SERIES
}

fn start() -> LocalDay {
    LocalDay::from_number(FIRST_DAY).expect("a day of the calendar")
}

/// An experiment on sleep from the first day of a series on.
fn experiment(layout: Layout, window: Window, washout_days: u32) -> Experiment {
    Experiment {
        id: Uuid::nil(),
        intervention: "regular_bedtime".to_owned(),
        metric: Metric::SleepDuration,
        direction: Direction::Higher,
        lag_days: 0,
        washout_days,
        window,
        layout,
    }
}

fn blocks(block_days: u32, pairs: u32, washout_days: u32, seed: u64) -> Experiment {
    let window = Window::starting(start(), 2 * pairs * block_days);
    // The order and the noise are drawn from different generators.
    experiment(Layout::Blocks { block_days, pairs, seed: seed as u32 }, window, washout_days)
}

fn before_after(before: u32, after: u32, washout_days: u32) -> Experiment {
    let baseline = Window::starting(start(), before);
    experiment(Layout::BeforeAfter { baseline }, Window::starting(start().plus(before), after), washout_days)
}

/// A world in which nothing is tried: a fifth of the days missing, weekends a little higher.
fn world(phi: f64, days: u32) -> World {
    World { missing: 0.2, weekend: 0.3, ..World::quiet(phi, days as i32) }
}

/// The valid days of an experiment, with its arm, in a world that drifts by so much a day and in which it has an effect.
fn turns(plan: &Experiment, phi: f64, drift: f64, effect: f64, seed: u64) -> Vec<Turn> {
    let points = world(phi, plan.span().days).series(seed);
    let with = plan.counted_in(Arm::With);
    let without = plan.counted_in(Arm::Without);
    let holds = |windows: &[Window], day| windows.iter().any(|w| w.contains(day));
    let turn = |point: Point| {
        let day = LocalDay::from_number(point.day)?;
        let in_effect = holds(&with, day);
        let moved = drift * f64::from(point.day - FIRST_DAY) + if in_effect { effect } else { 0.0 };
        let point = Point { value: point.value + moved, ..point };
        (in_effect || holds(&without, day)).then_some(Turn { point, with: in_effect })
    };
    points.into_iter().filter_map(turn).collect()
}

/// What the statistics say of an experiment; nothing where an arm has fewer than seven valid days.
fn read(plan: &Experiment, turns: &[Turn]) -> Option<Screened> {
    let days = (plan.days_counted(Arm::Without), plan.days_counted(Arm::With));
    match plan.layout {
        Layout::Blocks { .. } => contrast(turns, days.0, days.1, ONE_LOOK),
        Layout::BeforeAfter { .. } => {
            let side = |with| turns.iter().filter(move |t| t.with == with).map(|t| t.point).collect::<Vec<_>>();
            screen(&side(false), &side(true), days.0, days.1, ONE_LOOK)
        }
    }
}

/// Whether the 95 % interval leaves out a value.
fn leaves_out(read: &Screened, value: f64) -> bool {
    !(0.025..=0.975).contains(&read.posterior().cdf(value))
}

/// The share of series whose interval leaves out a value, of those that are read at all.
fn share(design: &dyn Fn(u64) -> Experiment, phi: f64, drift: f64, effect: f64, value: f64, cell: u64) -> f64 {
    let reads = seeds(cell).filter_map(|seed| {
        let plan = design(seed);
        read(&plan, &turns(&plan, phi, drift, effect, seed))
    });
    let (out, all) = reads.fold((0, 0), |(out, all), read| (out + u64::from(leaves_out(&read, value)), all + 1));
    assert!(all >= SERIES * 98 / 100, "only {all} of {SERIES} series have enough days");
    out as f64 / all as f64
}

fn error(bound: f64) -> f64 {
    MARGIN * (bound * (1.0 - bound) / SERIES as f64).sqrt()
}

#[track_caller]
fn at_most(found: f64, bound: f64) {
    assert!(found <= bound + error(bound), "{found} is more than {bound}");
}

#[track_caller]
fn at_least(found: f64, bound: f64) {
    assert!(found >= bound - error(bound), "{found} is less than {bound}");
}

/// Every measure of a design: false positives, coverage of a half SD, false positives in a drift, power at 1 SD.
fn measure(name: &str, design: &dyn Fn(u64) -> Experiment, cell: u64) -> [f64; 8] {
    let null = [share(design, 0.3, 0.0, 0.0, 0.0, cell), share(design, 0.6, 0.0, 0.0, 0.0, cell + 1)];
    let covers = [0.3, 0.6].map(|phi| 1.0 - share(design, phi, 0.0, 0.5, 0.5, cell + 2 + (phi > 0.5) as u64));
    let drifts = [0.3, 0.6].map(|phi| share(design, phi, DRIFT, 0.0, 0.0, cell + 4 + (phi > 0.5) as u64));
    let power = [0.3, 0.6].map(|phi| share(design, phi, 0.0, 1.0, 0.0, cell + 6 + (phi > 0.5) as u64));
    println!(
        "{name}: phi .3 / .6: false positives {:.3} / {:.3}, coverage {:.3} / {:.3}, false positives in a drift {:.3} / \
         {:.3}, power at 1 SD {:.3} / {:.3}",
        null[0], null[1], covers[0], covers[1], drifts[0], drifts[1], power[0], power[1]
    );
    [null[0], null[1], covers[0], covers[1], drifts[0], drifts[1], power[0], power[1]]
}

#[track_caller]
fn keeps_its_promise([null_3, null_6, covers_3, covers_6, drift_3, drift_6, ..]: [f64; 8]) {
    at_most(null_3, 0.06);
    at_most(null_6, 0.09);
    at_least(covers_3, 0.94);
    at_least(covers_6, 0.91);
    at_most(drift_3, 0.06);
    at_most(drift_6, 0.09);
}

#[test]
fn blocks_of_three_days_keep_their_promise_in_six_weeks() {
    let found = measure("42 days, blocks of 3, no washout", &|seed| blocks(3, 7, 0, seed), 0);
    keeps_its_promise(found);
    at_least(found[6], 0.7);
    at_least(found[7], 0.7);
}

#[test]
fn a_day_left_out_of_each_block_costs_power_and_breaks_no_promise() {
    keeps_its_promise(measure("42 days, blocks of 3, 1 day left out", &|seed| blocks(3, 7, 1, seed), 10));
    let twelve_weeks = measure("84 days, blocks of 3, 1 day left out", &|seed| blocks(3, 14, 1, seed), 20);
    keeps_its_promise(twelve_weeks);
    at_least(twelve_weeks[6], 0.8);
}

#[test]
fn blocks_of_a_week_keep_their_promise_too() {
    keeps_its_promise(measure("42 days, blocks of 7, 1 day left out", &|seed| blocks(7, 3, 1, seed), 30));
    keeps_its_promise(measure("84 days, blocks of 7, 3 days left out", &|seed| blocks(7, 6, 3, seed), 40));
}

#[test]
fn what_a_drift_does_to_before_and_after_is_told_openly() {
    let short = measure("28 days before, 14 after", &|_| before_after(28, 14, 0), 50);
    let long = measure("60 days before, 30 after", &|_| before_after(60, 30, 0), 60);
    at_most(short[0], 0.06);
    at_most(long[0], 0.06);
    // No interval keeps a before/after from taking a drift for an effect: that is why it is observational.
    assert!(long[4] > 0.2, "{} of the drifts pass for an effect, which is no longer what the pages say", long[4]);
}

fn evaluated(plan: Experiment, days: &[DayValue]) -> Evaluation {
    let last = plan.window.last;
    let mut running = RunningExperiment::new(plan);
    for scheduled in running.plan.schedule() {
        running.adherence.insert(scheduled.day, scheduled.arm == Arm::With);
    }
    let around = Around {
        id: Uuid::nil(),
        day: last,
        input_revision: 1,
        triggers: Vec::new(),
        concurrent: false,
        suppressed: false,
    };
    evaluate(&running, days, &around)
}

/// Nights of a person whose sleep rises by 2.1 SD of 30 minutes over 70 days, whatever they try.
fn rising_nights(days: u32, seed: u64) -> Vec<DayValue> {
    let night = |point: Point| DayValue {
        day: LocalDay::from_number(point.day).expect("a day"),
        value: Metric::SleepDuration.round(430.0 + 30.0 * (point.value + 0.03 * f64::from(point.day - FIRST_DAY))),
        provider: Provider::Whoop,
        conflict: false,
        contested: false,
    };
    world(0.3, days).series(seed).into_iter().map(night).collect()
}

#[test]
fn a_trend_without_effect_ends_unclear_in_blocks_and_observational_in_halves() {
    let fitting = plan_blocks(1, Some(70)).expect("70 days hold enough pairs");
    assert_eq!((fitting.block_days, fitting.pairs, fitting.days()), (3, 12, 72));
    let half = fitting.days() / 2;
    let played = SERIES.clamp(200, 1_000);
    let (mut unclear, mut unreliable, mut seen) = (0, 0, 0);
    let (mut told, mut drifting, mut above_c) = (0, 0, 0);
    for seed in seeds(70).take(1).flat_map(|first| first..first + played) {
        let nights = rising_nights(fitting.days(), seed);
        let drawn = evaluated(blocks(fitting.block_days, fitting.pairs, 1, seed), &nights);
        assert_eq!(drawn.design, Design::Randomised);
        unclear += u64::from(drawn.verdict == Verdict::Unclear);
        unreliable += u64::from(drawn.verdict == Verdict::Unreliable);
        seen += u64::from(drawn.verdict.has_direction());
        let halves = evaluated(before_after(half, half, 1), &nights);
        assert_eq!((halves.design, halves.conduct.earns_cause()), (Design::Observational, false));
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
        let noise = World { weekend: 0.0, ..world(0.3, 70) };
        let night = |p: Point| DayValue {
            day: LocalDay::from_number(p.day).expect("a day"),
            value: 430.0 + 30.0 * (p.value + if p.day - FIRST_DAY >= 35 { 1.0 } else { 0.0 }),
            provider: Provider::Whoop,
            conflict: false,
            contested: false,
        };
        let nights: Vec<DayValue> = noise.series(seed).into_iter().map(night).collect();
        evaluated(before_after(35, 35, 0), &nights).drift
    });
    let share = fires.count() as f64 / SERIES as f64;
    println!("a lasting step of 1 SD without a drift: the drift check fires in {share:.3}");
    at_most(share, 0.25);
}
