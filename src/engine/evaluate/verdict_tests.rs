//! Every reason not to rely on an experiment, alone and by name, and what is left when none holds.

use super::*;
use crate::domain::experiment::Ended;
use crate::domain::metric::Metric;
use crate::domain::provider::Provider;

fn day(n: u32) -> LocalDay {
    "2026-03-01".parse::<LocalDay>().expect("a day").plus(n)
}

fn experiment(layout: Layout, window: Window) -> RunningExperiment {
    let mut running = RunningExperiment::new(Experiment {
        id: Uuid::from_u128(1),
        intervention: "regular_bedtime".to_owned(),
        metric: Metric::SleepDuration,
        direction: Direction::Higher,
        lag_days: 0,
        washout_days: 1,
        window,
        layout,
    });
    for scheduled in running.plan.schedule() {
        running.adherence.insert(scheduled.day, scheduled.arm == Arm::With);
    }
    running
}

fn drawn() -> RunningExperiment {
    experiment(Layout::Blocks { block_days: 3, pairs: 14, seed: 7 }, Window::starting(day(0), 84))
}

fn halves() -> RunningExperiment {
    let baseline = Window::ending(day(29), 30);
    experiment(Layout::BeforeAfter { baseline }, Window::starting(day(30), 30))
}

/// 0 to 40, as good as by chance: the mixing of a hash (Appleby's Murmur3), so that no day tells of the next.
fn spread(day: i32) -> f64 {
    let mut x = day.unsigned_abs().wrapping_mul(0x9e37_79b1);
    x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
    f64::from((x ^ (x >> 16)) % 41)
}

/// A night every day, an hour longer on days with it, and a spread that does not depend on the day before.
fn nights(experiment: &RunningExperiment) -> Vec<DayValue> {
    let with = experiment.plan.counted_in(Arm::With);
    let night = |day: LocalDay| DayValue {
        day,
        value: spread(day.number()) + if with.iter().any(|w| w.contains(day)) { 460.0 } else { 400.0 },
        provider: Provider::Whoop,
        conflict: false,
        contested: false,
    };
    experiment.plan.span().each().map(night).collect()
}

fn around() -> Around {
    Around {
        id: Uuid::from_u128(2),
        day: day(90),
        input_revision: 1,
        triggers: Vec::new(),
        concurrent: false,
        suppressed: false,
    }
}

#[test]
fn a_drawn_experiment_that_nothing_speaks_against_earns_its_cause() {
    let running = drawn();
    let found = evaluate(&running, &nights(&running), &around());
    assert_eq!((found.verdict, found.moved), (Verdict::Helpful, Some(Direction::Higher)), "{found:?}");
    assert_eq!((found.n, found.design, found.unreliable.len()), (28, Design::Randomised, 0));
    assert!(found.conduct.earns_cause() && found.grade <= Grade::B && found.n_effective > 7.0);
    assert!(found.evidence.value("per_protocol_n").is_none(), "every day went as scheduled");
    let mut other_way = running.clone();
    other_way.plan.direction = Direction::Lower;
    assert_eq!(evaluate(&other_way, &nights(&running), &around()).verdict, Verdict::NotHelpful);
    let suppressed = Around { suppressed: true, ..around() };
    assert!(!evaluate(&running, &nights(&running), &suppressed).conduct.earns_cause());
}

#[test]
fn all_days_count_in_the_arm_they_were_scheduled_for() {
    let mut running = drawn();
    let nights = nights(&running);
    let whole = evaluate(&running, &nights, &around());
    // A tenth of the days did not go as scheduled: the answer stays, and those days are told apart beside it.
    for n in 0..8 {
        running.adherence.remove(&day(n * 10));
    }
    let found = evaluate(&running, &nights, &around());
    assert_eq!((found.adherence, found.verdict), (0.9, Verdict::Helpful));
    for name in ["difference", "interval_low", "interval_high", "n_with", "n_without"] {
        assert_eq!(found.evidence.value(name), whole.evidence.value(name), "{name}");
    }
    let kept = found.evidence.value("per_protocol_n").expect("the days that went as scheduled").value;
    assert!(kept < f64::from(found.n), "{kept}");
}

#[test]
fn each_reason_not_to_rely_on_it_is_found_alone() {
    let reasons = |running: &RunningExperiment, nights: &[DayValue], around: &Around| {
        let found = evaluate(running, nights, around);
        assert_eq!((found.verdict, found.moved, found.grade), (Verdict::Unreliable, None, Grade::D), "{found:?}");
        found.unreliable.into_iter().collect::<Vec<_>>()
    };
    let running = drawn();
    let whole = nights(&running);
    let without: Vec<Window> = running.plan.counted_in(Arm::Without);
    let is_without = |d: &DayValue| without.iter().any(|w| w.contains(d.day));

    // The first four blocks of each arm, of two counted days each: 8 of 28.
    let early = |windows: Vec<Window>| windows.into_iter().take(4).collect::<Vec<_>>();
    let some = [early(running.plan.counted_in(Arm::With)), early(without.clone())].concat();
    let sparse: Vec<DayValue> = whole.iter().filter(|d| some.iter().any(|w| w.contains(d.day))).copied().collect();
    assert!(reasons(&running, &sparse, &around()).contains(&Unreliable::LowCoverage));

    let one_sided: Vec<DayValue> =
        whole.iter().filter(|d| !is_without(d) || d.day.number() % 2 == 0).copied().collect();
    assert_eq!(reasons(&running, &one_sided, &around()), [Unreliable::CoverageGap]);

    let mut lax = running.clone();
    lax.adherence = running.adherence.iter().take(58).map(|(day, done)| (*day, *done)).collect();
    assert_eq!(reasons(&lax, &whole, &around()), [Unreliable::LowAdherence], "58 of 84 days are 0.69");
    lax.adherence = running.adherence.iter().take(59).map(|(day, done)| (*day, *done)).collect();
    let kept = evaluate(&lax, &whole, &around());
    assert_eq!((kept.adherence, kept.verdict, kept.conduct.earns_cause()), (0.7, Verdict::Helpful, false));

    let beside = Around { concurrent: true, ..around() };
    assert_eq!(reasons(&running, &whole, &beside), [Unreliable::ConcurrentExperiment]);

    let mut switched = whole.clone();
    switched[42].provider = Provider::Garmin;
    assert!(evaluate(&running, &switched, &around()).unreliable.is_empty(), "the first day of a block does not count");
    switched[43].provider = Provider::Garmin;
    assert_eq!(reasons(&running, &switched, &around()), [Unreliable::SourceSwitch]);

    let mut sticky = whole.clone();
    for (n, night) in (0_i32..).zip(&mut sticky) {
        night.value = 400.0 + f64::from((n - 42) * (n - 42)) / 10.0 + f64::from(n % 2);
    }
    assert!(reasons(&running, &sticky, &around()).contains(&Unreliable::StrongDependence));

    let halves = halves();
    let question = Window::ending(day(20), 7);
    let asked = Around { triggers: vec![question], ..around() };
    assert_eq!(reasons(&halves, &nights(&halves), &asked), [Unreliable::BaselineHoldsTrigger]);
    let later = Around { triggers: vec![Window::ending(day(40), 7)], ..around() };
    assert!(evaluate(&halves, &nights(&halves), &later).unreliable.is_empty());
    // In turns there is no baseline that a question could have come from.
    assert!(evaluate(&running, &whole, &asked).unreliable.is_empty());
}

fn reasons_or_none(running: &RunningExperiment, nights: &[DayValue]) -> BTreeSet<Unreliable> {
    evaluate(running, nights, &around()).unreliable
}

#[test]
fn few_noisy_days_are_too_wide_and_fewer_are_insufficient() {
    let few = experiment(Layout::Blocks { block_days: 3, pairs: 4, seed: 7 }, Window::starting(day(0), 24));
    let whole = nights(&few);
    assert!(reasons_or_none(&few, &whole).contains(&Unreliable::WideInterval));
    let fewer: Vec<DayValue> = whole.iter().take(18).copied().collect();
    let found = evaluate(&few, &fewer, &around());
    assert_eq!((found.verdict, found.moved, found.grade), (Verdict::InsufficientData, None, Grade::D));
}

#[test]
fn a_before_after_that_moved_all_along_is_held_at_c_and_never_caused() {
    let running = halves();
    let steady = evaluate(&running, &nights(&running), &around());
    assert_eq!((steady.drift, steady.design), (false, Design::Observational));
    assert!(steady.grade < Grade::C && !steady.conduct.earns_cause(), "{steady:?}");
    let mut rising = nights(&running);
    for (n, night) in (0_i32..).zip(&mut rising) {
        night.value = 400.0 + 4.0 * f64::from(n) + spread(n);
    }
    let found = evaluate(&running, &rising, &around());
    assert!(found.drift && found.evidence.value("drift").is_some(), "{found:?}");
    assert!(found.grade >= Grade::C);
}

#[test]
fn what_ended_before_it_began_was_never_tried() {
    let mut running = drawn();
    assert_eq!(running.tried(), Some(running.plan.window));
    running.ended = Some(Ended { day: day(10), reason: "travel".to_owned() });
    assert_eq!(running.tried(), Some(Window::starting(day(0), 10)));
    running.ended = Some(Ended { day: day(0), reason: "travel".to_owned() });
    assert_eq!(running.tried(), None);
}

#[test]
fn the_outcome_is_read_as_many_days_later_as_was_fixed() {
    let mut later = drawn();
    later.plan.lag_days = 2;
    let nights = nights(&later);
    let found = evaluate(&later, &nights, &around());
    assert_eq!((found.verdict, found.n), (Verdict::Helpful, 28));
    let difference = |e: &Evaluation| e.evidence.value("difference").expect("a difference").value;
    assert!((50.0..70.0).contains(&difference(&found)), "the truth is 60: {found:?}");
    // Read on the day itself, most of it is missed.
    let at_once = evaluate(&drawn(), &nights, &around());
    assert!(difference(&at_once) < 40.0, "{at_once:?}");
}
