//! What must hold of the model's statistics for every series, however odd.

use candor::domain::watch::Raise;
use candor::engine::model::{Change, Level, ONE_LOOK, Outcome, Point, SEARCH, Sought, Watch, compare, level, look};
use proptest::collection::vec;
use proptest::prelude::*;

const MONDAY: i32 = 738_886;

/// Noise on increasing days with gaps, `fewest` days or more.
fn noisy(fewest: usize) -> impl Strategy<Value = Vec<Point>> {
    vec((1i32..5, -3.0f64..3.0), fewest..70).prop_map(|steps| {
        let mut day = MONDAY;
        let place = |(gap, value)| {
            day += gap;
            Point { day, value }
        };
        steps.into_iter().map(place).collect()
    })
}

/// Points on any days in any order with any values at all.
fn anything() -> impl Strategy<Value = Vec<Point>> {
    let value = prop_oneof![
        3 => any::<f64>(),
        2 => -1e300f64..1e300,
        2 => -1e-300f64..1e-300,
        2 => Just(7.0),
        1 => Just(f64::MAX),
        1 => Just(f64::MIN_POSITIVE),
    ];
    let day = prop_oneof![3 => MONDAY - 60..MONDAY + 60, 1 => any::<i32>()];
    (vec((day, value), 0..60), any::<bool>()).prop_map(|(mut pairs, ordered)| {
        if ordered {
            pairs.sort_by_key(|pair| pair.0);
            pairs.dedup_by_key(|pair| pair.0);
        }
        let point = |(day, value)| Point { day, value };
        pairs.into_iter().map(point).collect()
    })
}

fn moved(points: &[Point], by: impl Fn(Point) -> Point) -> Vec<Point> {
    points.iter().copied().map(by).collect()
}

fn whole_level(points: &[Point]) -> Option<Level> {
    level(points, points.last()?.day, 400)
}

fn halves(points: &[Point]) -> Option<Change> {
    let (before, after) = points.split_at(points.len() / 2);
    compare(before, after, 200, 200, ONE_LOOK)
}

fn near(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-7 * scale.max(a.abs()).max(b.abs())
}

fn sane_level(level: &Level) -> bool {
    let (low, high) = level.interval;
    (0.0..=1.0).contains(&level.confidence)
        && low.is_finite()
        && high.is_finite()
        && low < level.mean
        && level.mean < high
        && level.sd > 0.0
        && level.n_effective > 0.0
        && level.n_effective <= level.n as f64
        && (-0.2..=0.95).contains(&level.phi)
}

fn sane_change(change: &Change) -> bool {
    let (low, high) = change.interval;
    (0.0..=1.0).contains(&change.confidence)
        && low.is_finite()
        && high.is_finite()
        && low <= high
        && change.sd > 0.0
        && change.effect_sd.is_finite()
        && change.n_effective > 0.0
        && change.n_effective <= change.n as f64
        && change.rises == (change.difference > 0.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_unit_changes_the_numbers_and_not_the_confidence(
        points in noisy(16),
        factor in prop_oneof![0.001f64..0.1, 1.0f64..1e6],
        offset in -1000.0f64..1000.0,
    ) {
        let other = moved(&points, |p| Point { value: p.value * factor + offset, ..p });
        if let (Some(a), Some(b)) = (whole_level(&points), whole_level(&other)) {
            let scale = a.sd * factor + offset.abs();
            prop_assert!(near(b.mean, a.mean * factor + offset, scale));
            prop_assert!(near(b.interval.0, a.interval.0 * factor + offset, scale));
            prop_assert!(near(b.sd, a.sd * factor, b.sd));
            prop_assert!(near(b.confidence, a.confidence, 1.0));
        }
        if let (Some(a), Some(b)) = (halves(&points), halves(&other)) {
            prop_assert!(near(b.difference, a.difference * factor, a.sd * factor));
            prop_assert!(near(b.effect_sd, a.effect_sd, 1.0));
            prop_assert!(near(b.confidence, a.confidence, 1.0));
        }
    }

    #[test]
    fn turned_upside_down_the_direction_turns_and_the_confidence_stays(points in noisy(16)) {
        let other = moved(&points, |p| Point { value: -p.value, ..p });
        if let (Some(a), Some(b)) = (halves(&points), halves(&other)) {
            prop_assert_eq!(a.rises, !b.rises);
            prop_assert!(near(a.confidence, b.confidence, 1.0));
            prop_assert!(near(a.interval.0, -b.interval.1, a.sd));
        }
    }

    #[test]
    fn whole_weeks_later_everything_is_the_same(points in noisy(16), weeks in 1i32..500) {
        let later = moved(&points, |p| Point { day: p.day + 7 * weeks, ..p });
        prop_assert_eq!(whole_level(&points), whole_level(&later));
        prop_assert_eq!(halves(&points), halves(&later));
    }

    #[test]
    fn days_out_of_order_or_told_twice_are_refused(points in noisy(16), at in 0usize..14) {
        let mut swapped = points.clone();
        swapped.swap(at, at + 1);
        prop_assert_eq!(halves(&swapped), None);
        let mut doubled = points.clone();
        doubled[at].day = doubled[at + 1].day;
        prop_assert_eq!(halves(&doubled), None);
    }

    #[test]
    fn one_number_that_is_none_refuses_the_window(
        points in noisy(16),
        at in 0usize..16,
        bad in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)],
    ) {
        let mut points = points;
        points[at].value = bad;
        prop_assert_eq!(whole_level(&points), None);
        prop_assert_eq!(halves(&points), None);
    }

    #[test]
    fn no_series_makes_it_panic_or_answer_nonsense(
        points in anything(),
        split in 0usize..60,
        window in any::<u32>(),
    ) {
        for days in [window, 60, 1, 0] {
            if let Some(level) = level(&points, MONDAY + 30, days) {
                prop_assert!(sane_level(&level), "{level:?}");
            }
        }
        let (before, after) = points.split_at(split.min(points.len()));
        for prior in [ONE_LOOK, SEARCH] {
            if let Some(change) = compare(before, after, 60, 60, prior) {
                prop_assert!(sane_change(&change), "{change:?}");
            }
        }
    }

    #[test]
    fn a_search_takes_any_history_and_any_state(
        points in anything(),
        today in prop_oneof![MONDAY - 60..MONDAY + 60, any::<i32>()],
        raised_on in prop_oneof![MONDAY - 60..MONDAY + 60, any::<i32>()],
        rises in any::<bool>(),
        standing in any::<bool>(),
        since in prop_oneof![MONDAY - 60..MONDAY + 60, any::<i32>()],
        sought in prop_oneof![Just(Sought::Change), Just(Sought::Step), Just(Sought::Trend)],
    ) {
        let raise = Raise { sought, raised_on, since, rises };
        let watches = [
            Watch::Idle { resume_on: None },
            Watch::Idle { resume_on: Some(raised_on) },
            Watch::Raised { raise, standing },
            Watch::Confirmed { raise },
        ];
        for watch in watches {
            let step = look(&watch, &points, today);
            if let Some(change) = step.found {
                prop_assert!(sane_change(&change), "{change:?}");
            }
            prop_assert!(step.outcome != Outcome::Raised || step.at_most_c);
        }
    }

    #[test]
    fn no_watch_lasts_beyond_half_a_year_after_its_raise(
        points in anything(),
        weeks_ago in 0i32..30,
        shift in 0i32..80,
        rises in any::<bool>(),
        standing in any::<bool>(),
        sought in prop_oneof![Just(Sought::Change), Just(Sought::Step), Just(Sought::Trend)],
    ) {
        let raised_on = MONDAY - 7 * weeks_ago;
        let raise = Raise { sought, raised_on, since: raised_on - shift, rises };
        for mut watch in [Watch::Raised { raise, standing }, Watch::Confirmed { raise }] {
            for monday in (MONDAY..=raised_on.max(MONDAY) + 182).step_by(7) {
                watch = look(&watch, &points, monday).next;
            }
            prop_assert!(watch.raise() != Some(raise), "{watch:?}");
        }
    }
}

#[test]
fn values_that_do_not_vary_are_not_judged() {
    let flat: Vec<Point> = (0..60).map(|index| Point { day: MONDAY + index, value: 0.1 }).collect();
    assert_eq!(whole_level(&flat), None);
    assert_eq!(halves(&flat), None);
    let stepped = moved(&flat, |p| Point { value: if p.day < MONDAY + 30 { 5.0 } else { 7.0 }, ..p });
    assert_eq!(halves(&stepped), None);
    let weekly =
        moved(&flat, |p| Point { value: if candor::engine::model::is_weekend(p.day) { 9.0 } else { 8.0 }, ..p });
    assert_eq!(whole_level(&weekly), None);
}

#[test]
fn six_days_carry_no_statement_and_seven_may() {
    let days = |count: i32| -> Vec<Point> {
        (0..count).map(|index| Point { day: MONDAY + index, value: f64::from((index * 37) % 11) }).collect()
    };
    assert_eq!(whole_level(&days(6)), None);
    assert!(whole_level(&days(7)).is_some());
    assert_eq!(halves(&days(13)), None);
    assert!(halves(&days(14)).is_some());
}

#[test]
fn a_mean_speaks_of_the_whole_week_when_weekends_are_missing_more_often() {
    let points: Vec<Point> = (0..84)
        .map(|index| (index, MONDAY + index))
        .filter(|(index, day)| !candor::engine::model::is_weekend(*day) || index % 4 == 0)
        .map(|(index, day)| {
            let weekend = f64::from(u8::from(candor::engine::model::is_weekend(day)));
            let wobble = f64::from((index * 37) % 11) / 110.0;
            Point { day, value: 10.0 + 7.0 * weekend + wobble }
        })
        .collect();
    let level = whole_level(&points).expect("enough days");
    assert!((level.mean - 12.05).abs() < 0.05, "{}", level.mean);
}
