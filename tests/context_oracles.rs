//! The context of a day against public packages: pyActigraphy's regularity index, pandas' averages over gaps, numpy and
//! scipy. `tests/oracles/context.py` makes the numbers and records the versions.

use candor::domain::day::LocalDay;
use candor::domain::evidence::Window;
use candor::domain::provider::Provider;
use candor::engine::context::sleep_regularity::{Regularity, regularity};
use candor::engine::context::{hrv_band, sleep_debt, training_load, training_monotony};
use candor::engine::sleeps::Sleep;
use chrono::DateTime;
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Oracle {
    regularity: Vec<Pattern>,
    loads: Vec<Loads>,
    weeks: Vec<Week>,
    bands: Vec<Band>,
    debts: Vec<Debt>,
}

#[derive(Deserialize)]
struct Pattern {
    pattern: String,
    /// Start and end in minutes since 1970, and whether it is a nap.
    sleeps: Vec<(i64, i64, bool)>,
    index: f64,
    pairs: u32,
    days: u32,
}

#[derive(Deserialize)]
struct Loads {
    days: Vec<(u32, f64)>,
    ctl: f64,
    atl: f64,
}

#[derive(Deserialize)]
struct Week {
    days: Vec<f64>,
    monotony: f64,
    strain: f64,
}

#[derive(Deserialize)]
struct Band {
    week: Vec<f64>,
    usual: Vec<f64>,
    mean: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Debt {
    nights: Vec<f64>,
    need: f64,
    debt: f64,
}

fn oracle() -> Oracle {
    serde_json::from_str(include_str!("oracles/context.json")).expect("the numbers are readable")
}

fn close(actual: f64, expected: f64, what: &str) {
    let error = (actual - expected).abs() / expected.abs().max(1.0);
    assert!(error <= 1e-9, "{what}: {actual} instead of {expected}, off by {error:e}");
}

fn first() -> LocalDay {
    "2026-03-02".parse().expect("a day")
}

fn sleep((start, end, nap): (i64, i64, bool)) -> Sleep {
    let at = |minute: i64| DateTime::from_timestamp(minute * 60, 0).expect("an instant");
    Sleep { provider: Provider::Whoop, nap, day: LocalDay::new(at(end).date_naive()), start: at(start), end: at(end) }
}

#[test]
fn sleep_regularity_agrees_with_pyactigraphy() {
    for Pattern { pattern, sleeps, index, pairs, days } in oracle().regularity {
        let sleeps: Vec<Sleep> = sleeps.into_iter().map(sleep).collect();
        let found = regularity(&sleeps, Window::starting(first(), 14)).expect("pairs of nights");
        close(found.index, index, &pattern);
        assert_eq!((found.pairs, found.days), (pairs, days), "{pattern}");
    }
}

#[test]
fn training_load_agrees_with_pandas_over_gaps_too() {
    let rows = oracle().loads;
    assert!(rows.iter().any(|row| row.days.windows(2).any(|two| two[1].0 > two[0].0 + 1)), "no gap is looked at");
    for (index, row) in rows.into_iter().enumerate() {
        let days: Vec<_> = row.days.iter().map(|(day, load)| (first().plus(*day), *load)).collect();
        let found = training_load::averages(&days).expect("days");
        close(found.ctl, row.ctl, &format!("ctl {index}"));
        close(found.atl, row.atl, &format!("atl {index}"));
        close(found.tsb(), row.ctl - row.atl, &format!("tsb {index}"));
    }
}

#[test]
fn monotony_bands_and_debt_agree_with_numpy_and_scipy() {
    let oracle = oracle();
    for row in oracle.weeks {
        let found = training_monotony::week(&row.days).expect("days that differ");
        close(found.monotony, row.monotony, "monotony");
        close(found.strain, row.strain, "strain");
    }
    for row in oracle.bands {
        let found = hrv_band::band(&row.week, &row.usual).expect("days that differ");
        close(found.mean, row.mean, "mean");
        close(found.low, row.low, "low");
        close(found.high, row.high, "high");
    }
    for row in oracle.debts {
        close(sleep_debt::debt(&row.nights, row.need), row.debt, "debt");
    }
}

/// Sleeps of any times about a fortnight, in seconds since its first midnight.
fn sleeps() -> impl Strategy<Value = Vec<Sleep>> {
    let midnight = first().date().and_time(chrono::NaiveTime::MIN).and_utc();
    let one = (-100_000i64..1_300_000, 1i64..86_400, any::<bool>()).prop_map(move |(start, length, nap)| {
        let start = midnight + chrono::TimeDelta::seconds(start);
        let end = start + chrono::TimeDelta::seconds(length);
        Sleep { provider: Provider::Whoop, nap, day: LocalDay::new(end.date_naive()), start, end }
    });
    vec(one, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn regularity_lies_on_its_scale_and_does_not_depend_on_the_order(sleeps in sleeps()) {
        let window = Window::starting(first(), 14);
        let found = regularity(&sleeps, window);
        if let Some(Regularity { index, pairs, days }) = found {
            prop_assert!((-100.0..=100.0).contains(&index), "{index}");
            prop_assert!(pairs < days && days <= 14, "{pairs} pairs of {days} days");
        }
        let turned: Vec<Sleep> = sleeps.iter().rev().copied().collect();
        prop_assert_eq!(regularity(&turned, window), found);
    }

    #[test]
    fn days_that_are_alike_are_a_hundred(start in 0i64..1_440, length in 1i64..1_200) {
        let midnight = first().date().and_time(chrono::NaiveTime::MIN).and_utc().timestamp() / 60;
        // Three days beyond either end: the days of the window are whole.
        let nights: Vec<Sleep> = (-3..17).map(|day| midnight + day * 1_440 + start).map(|start| {
            sleep((start, start + length, false))
        }).collect();
        let found = regularity(&nights, Window::starting(first(), 14)).expect("fourteen nights");
        prop_assert_eq!(found, Regularity { index: 100.0, pairs: 13, days: 14 });
    }

    #[test]
    fn averages_lie_between_the_least_and_the_greatest_load(steps in vec((1u32..5, 0.0f64..300.0), 1..120)) {
        let mut day = first();
        let days: Vec<_> = steps.into_iter().map(|(gap, load)| { day = day.plus(gap); (day, load) }).collect();
        let found = training_load::averages(&days).expect("days");
        let (low, high) = days.iter().fold((f64::MAX, f64::MIN), |(low, high), (_, l)| (low.min(*l), high.max(*l)));
        for average in [found.ctl, found.atl] {
            prop_assert!(average >= low - 1e-9 && average <= high + 1e-9, "{average} beyond {low} to {high}");
        }
    }
}
