//! Each item with people made for it: what it says, when it is silent, and that two sources never meet in it.

use super::*;
use crate::domain::Instant;
use crate::domain::observation::{Observation, ObservationKey, RecordKind};
use chrono::TimeDelta;

fn last() -> LocalDay {
    "2026-06-30".parse().unwrap()
}

fn midnight(day: LocalDay) -> Instant {
    day.date().and_time(chrono::NaiveTime::MIN).and_utc()
}

fn observation(provider: Provider, kind: RecordKind, metric: Metric, day: LocalDay, value: f64) -> Observation {
    let start = midnight(day);
    let key = ObservationKey { provider, kind, metric, start, provider_id: None };
    Observation::new(key, day, value)
}

/// A value a day for some days back from the last, counted from 0.
fn daily(
    provider: Provider,
    metric: Metric,
    back: impl IntoIterator<Item = u32>,
    value: impl Fn(u32) -> f64,
) -> Vec<Observation> {
    let one = |n| observation(provider, RecordKind::Day, metric, last().minus(n), value(n));
    back.into_iter().map(one).collect()
}

/// A sleep that ends on a day, from and to minutes from its midnight.
fn sleep(provider: Provider, kind: RecordKind, day: LocalDay, from: i64, to: i64) -> Observation {
    let metric = if kind == RecordKind::Nap { Metric::NapDuration } else { Metric::SleepDuration };
    let mut observation = observation(provider, kind, metric, day, (to - from) as f64);
    observation.key.start = midnight(day) + TimeDelta::minutes(from);
    observation.end = Some(midnight(day) + TimeDelta::minutes(to));
    observation
}

/// Nights on some days back from the last, each from and to minutes of its day.
fn nights(
    provider: Provider,
    back: impl IntoIterator<Item = u32>,
    times: impl Fn(u32) -> (i64, i64),
) -> Vec<Observation> {
    let one = |n| sleep(provider, RecordKind::Sleep, last().minus(n), times(n).0, times(n).1);
    back.into_iter().map(one).collect()
}

fn told(key: &str, observations: Vec<Observation>) -> ContextItem {
    let items = context(&History::of(observations), last());
    items.into_iter().find(|item| item.key == key).unwrap()
}

#[track_caller]
fn values(item: &ContextItem) -> Vec<(&str, f64)> {
    match &item.told {
        Told::Values { values, .. } => values.iter().map(|value| (value.name.as_str(), value.value)).collect(),
        Told::Missing { missing } => panic!("{}: {missing}", item.key),
    }
}

#[track_caller]
fn value(item: &ContextItem, name: &str) -> f64 {
    values(item).into_iter().find(|(found, _)| *found == name).unwrap().1
}

#[track_caller]
fn text(item: &ContextItem) -> &str {
    match &item.told {
        Told::Values { text, .. } => text,
        Told::Missing { missing } => panic!("{}: {missing}", item.key),
    }
}

#[track_caller]
fn missing(item: &ContextItem) -> &str {
    match &item.told {
        Told::Missing { missing } => missing,
        Told::Values { text, .. } => panic!("{}: {text}", item.key),
    }
}

#[test]
fn nobody_without_data_is_told_anything_and_every_item_says_why() {
    let items = context(&History::default(), last());
    let keys: Vec<_> = items.iter().map(|item| item.key).collect();
    let expected =
        ["sleep_regularity", "sleep_debt", "training_load", "training_monotony", "hrv_band", "heart_rate_zones"];
    assert_eq!(keys, expected);
    for item in &items {
        assert!(missing(item).contains("needs") && item.sources.is_empty() && item.n == 0, "{item:?}");
    }
}

// ---- Sleep regularity ----

const USUAL: (i64, i64) = (-60, 420);

#[test]
fn the_same_times_every_night_are_a_hundred_wherever_the_person_lives() {
    // The same nights at home twelve hours ahead of UTC and ten behind it: the day of waking is the local one.
    for hours in [0, 12, -10] {
        let times = |_| (USUAL.0 - 60 * hours, USUAL.1 - 60 * hours);
        let item = told("sleep_regularity", nights(Provider::Whoop, 0..30, times));
        assert_eq!(values(&item), [("sleep_regularity_index", 100.0), ("pairs", 13.0)], "{hours}");
        // The day that is not over is left out.
        assert_eq!((item.window.last, item.n), (last().minus(1), 14));
    }
}

#[test]
fn a_change_of_the_clock_counts_as_the_hour_that_it_is() {
    // The clock goes forward in the night of the eighth day back: by the clock nothing changes, by time sleep starts and
    // ends an hour earlier from then on. Two hours of 1,440 minutes differ in one of 13 pairs.
    let times = |n| if n <= 8 { (USUAL.0 - 60, USUAL.1 - 60) } else { USUAL };
    let item = told("sleep_regularity", nights(Provider::Whoop, 0..20, times));
    // 100 - 200 * 120 / (13 * 1,440) = 98.7.
    assert_eq!(values(&item), [("sleep_regularity_index", 98.7), ("pairs", 13.0)]);
}

#[test]
fn a_missed_night_takes_its_two_pairs_along_and_below_seven_nothing_is_said() {
    let item = told("sleep_regularity", nights(Provider::Whoop, (1..=14).filter(|n| *n != 5), |_| USUAL));
    assert_eq!(values(&item), [("sleep_regularity_index", 100.0), ("pairs", 11.0)]);
    let item = told("sleep_regularity", nights(Provider::Whoop, (1..=14).filter(|n| n % 3 != 0), |_| USUAL));
    assert_eq!(missing(&item), "needs 7 pairs of nights with start and end from one source, has 5");
    assert_eq!(item.n, 10);
    // A night of which only the length is known says nothing of its time.
    let lengths = (1..=14)
        .map(|n| observation(Provider::Whoop, RecordKind::Sleep, Metric::SleepDuration, last().minus(n), 400.0));
    assert!(missing(&told("sleep_regularity", lengths.collect())).ends_with("has none"));
}

#[test]
fn a_nap_is_time_asleep_and_no_night() {
    let mut all = nights(Provider::Whoop, 0..20, |_| USUAL);
    all.push(sleep(Provider::Whoop, RecordKind::Nap, last().minus(6), 800, 890));
    // 90 minutes differ from the day before and from the day after: 100 - 200 * 180 / (13 * 1,440) = 98.1.
    assert_eq!(value(&told("sleep_regularity", all), "sleep_regularity_index"), 98.1);
    let naps = (1..=14).map(|n| sleep(Provider::Whoop, RecordKind::Nap, last().minus(n), 800, 890));
    missing(&told("sleep_regularity", naps.collect()));
}

#[test]
fn nights_of_two_sources_are_never_laid_over_one_another() {
    // Garmin sees every night two hours later; together they would look longer, and WHOOP's gaps filled.
    let whoop = || nights(Provider::Whoop, (1..=14).filter(|n| n % 2 == 0), |_| USUAL);
    let garmin = || nights(Provider::Garmin, 1..=12, |_| (USUAL.0 + 120, USUAL.1 + 120));
    let both = told("sleep_regularity", [whoop(), garmin()].concat());
    assert_eq!(both, told("sleep_regularity", garmin()));
    assert_eq!((both.sources, both.n), (vec![Provider::Garmin], 12));
}

// ---- Sleep debt ----

#[test]
fn debt_is_what_lacks_to_the_nights_before_free_days() {
    // 30 June 2026 is a Tuesday. 480 minutes before Saturdays and Sundays, 450 and 500 by turns otherwise.
    let slept = |n: u32| match (last().minus(n).number() - 1).rem_euclid(7) {
        5 | 6 => 480.0,
        _ => [450.0, 500.0][n as usize % 2],
    };
    let item = told("sleep_debt", daily(Provider::Whoop, Metric::SleepDuration, 0..90, slept));
    // Ten working nights in the fortnight, five of them even: 5 * 30; the longer ones pay nothing back.
    assert_eq!(values(&item), [("sleep_debt", 150.0), ("need", 480.0), ("free_nights", 26.0)]);
    assert_eq!(item.n, 14);
    assert_eq!(text(&item), "150 min short in all over 14 nights, against 480 min on your free days");
}

#[test]
fn debt_needs_ten_nights_and_eight_free_ones_of_the_same_source() {
    let nine = told("sleep_debt", daily(Provider::Whoop, Metric::SleepDuration, (0..9).chain(20..90), |_| 400.0));
    assert_eq!(missing(&nine), "needs 10 of the last 14 nights from one source, has 9");
    let young = daily(Provider::Whoop, Metric::SleepDuration, 0..20, |_| 400.0);
    assert_eq!(
        missing(&told("sleep_debt", young.clone())),
        "needs 8 nights before a Saturday or Sunday in 90 days, has 6"
    );
    // The old device's free nights are not borrowed.
    let old = daily(Provider::Garmin, Metric::SleepDuration, 20..90, |_| 520.0);
    assert!(missing(&told("sleep_debt", [young, old].concat())).ends_with("has 6"));
}

// ---- Training load ----

#[test]
fn a_steady_load_is_its_own_average_and_balances_to_nothing() {
    let load = daily(Provider::Whoop, Metric::Strain, 0..100, |n| if n == 0 { 20.0 } else { 10.0 });
    let item = told("training_load", load.clone());
    // The day that is not over, with its 20, is left out.
    assert_eq!(values(&item), [("ctl", 10.0), ("atl", 10.0), ("tsb", 0.0)]);
    assert_eq!((item.window.last, item.n), (last().minus(1), 42));
    assert_eq!(text(&item), "CTL 10.0, ATL 10.0, TSB 0.0 points, by strain");
    assert_eq!(missing(&told("training_monotony", load)), "the days of the week are all alike");
}

#[test]
fn rest_after_load_shows_in_the_fast_average_first() {
    let load = daily(Provider::Whoop, Metric::Strain, 0..100, |n| if n <= 7 { 0.0 } else { 12.0 });
    let item = told("training_load", load);
    // 12 * (1 - 1/42)^7 = 10.1 and 12 * (1 - 1/7)^7 = 4.1.
    assert_eq!(values(&item), [("ctl", 10.1), ("atl", 4.1), ("tsb", 6.0)]);
}

#[test]
fn a_missing_day_is_no_rest_and_too_many_are_silence() {
    let load = |back: Vec<u32>| told("training_load", daily(Provider::Whoop, Metric::Strain, back, |_| 10.0));
    // One day in four is missing: the averages stay where they were.
    assert_eq!(value(&load((1..80).filter(|n| n % 4 != 0).collect()), "ctl"), 10.0);
    let few = load((1..80).filter(|n| n % 3 != 0).collect());
    assert_eq!(missing(&few), "needs the load of 30 of the last 42 days from one source, has 28");
    let stale = load((4..80).collect());
    assert_eq!(missing(&stale), "needs the load of 5 of the last 7 days, has 4");
}

#[test]
fn a_day_without_an_activity_is_rest_only_where_its_source_was_listening() {
    let run = |back: Vec<u32>| daily(Provider::Garmin, Metric::ActivityDuration, back, |_| 60.0);
    let steps = |back: Vec<u32>| daily(Provider::Garmin, Metric::Steps, back, |_| 9_000.0);
    let twice_a_week = || (1..100).filter(|n| n % 7 == 1 || n % 7 == 4).collect::<Vec<_>>();
    let worn = told("training_load", [run(twice_a_week()), steps((0..100).collect())].concat());
    assert_eq!((worn.n, worn.sources.clone()), (42, vec![Provider::Garmin]));
    assert!((value(&worn, "ctl") - 120.0 / 7.0).abs() < 3.0, "{worn:?}");
    // Worn on the days of running alone, the others are missing, not rest.
    let alone = told("training_load", [run(twice_a_week()), steps(twice_a_week())].concat());
    assert_eq!(missing(&alone), "needs the load of 30 of the last 42 days from one source, has 12");
    // Steps of another source show nothing about this one.
    let other = daily(Provider::Whoop, Metric::Steps, 0..100, |_| 9_000.0);
    let other = told("training_load", [run(twice_a_week()), steps(twice_a_week()), other].concat());
    assert_eq!(missing(&other), missing(&alone));
    // A source of nothing but activities rests between its first and its last, and not after it.
    let strava = |back: Vec<u32>| daily(Provider::Strava, Metric::RelativeEffort, back, |_| 50.0);
    let item = told("training_load", strava(twice_a_week()));
    assert_eq!((item.n, item.attribution), (42, Some("Powered by Strava")));
    // An activity of the day that is not over shows that the days before it were rest.
    let weekly = told("training_load", strava((0..100).filter(|n| n % 7 == 0).collect()));
    assert_eq!(weekly.n, 42);
    let ended = told("training_load", strava((20..100).filter(|n| n % 4 == 0).collect()));
    assert_eq!(missing(&ended), "needs the load of 30 of the last 42 days from one source, has 23");
    // An activity whose load is unknown is no rest.
    let unknown = daily(Provider::Strava, Metric::ActivityDuration, [2, 3], |_| 60.0);
    assert_eq!(told("training_load", [strava(twice_a_week()), unknown].concat()).n, 40);
}

#[test]
fn the_load_of_two_sources_is_never_added_up() {
    let whoop = || daily(Provider::Whoop, Metric::Strain, (1..60).filter(|n| n % 5 != 0), |_| 8.0);
    let garmin = || daily(Provider::Garmin, Metric::Strain, 1..60, |n| f64::from(n % 4));
    for key in ["training_load", "training_monotony"] {
        let both = told(key, [whoop(), garmin()].concat());
        assert_eq!(both, told(key, garmin()), "{key}");
    }
}

#[test]
fn monotony_needs_all_seven_days() {
    let load = |back: Vec<u32>| daily(Provider::Whoop, Metric::Strain, back, f64::from);
    let item = told("training_monotony", load((1..60).collect()));
    // 1 to 7: mean 4, standard deviation 2.16, sum 28.
    assert_eq!(values(&item), [("monotony", 1.85), ("strain", 52.0), ("week_load", 28.0)]);
    let hole = told("training_monotony", load((1..60).filter(|n| *n != 3).collect()));
    assert_eq!(missing(&hole), "needs the load of all of the last 7 days, has 6");
}

// ---- HRV ----

fn variability(provider: Provider, back: impl IntoIterator<Item = u32>, week: f64) -> Vec<Observation> {
    daily(provider, Metric::HrvRmssd, back, move |n| if n < 7 { week } else { [50.0, 60.0][n as usize % 2] })
}

#[test]
fn a_week_lies_below_within_or_above_the_band() {
    for (week, place) in [(45.0, "below"), (55.0, "within"), (65.0, "above")] {
        let item = told("hrv_band", variability(Provider::Whoop, 0..67, week));
        assert!(text(&item).contains(place), "{item:?}");
        assert_eq!((item.n, value(&item, "mean"), value(&item, "usual_days")), (7, week, 60.0));
    }
}

#[test]
fn the_band_needs_five_days_of_the_week_and_fourteen_before_of_one_source() {
    let four = told("hrv_band", variability(Provider::Whoop, (0..4).chain(7..67), 55.0));
    assert_eq!(missing(&four), "needs 5 of the last 7 days from one source, has 4");
    let young = variability(Provider::Whoop, 0..20, 55.0);
    let needs = "needs 14 of the 60 days before from the same source, has 13";
    assert_eq!(missing(&told("hrv_band", young.clone())), needs);
    let old = variability(Provider::Garmin, 20..67, 55.0);
    assert_eq!(missing(&told("hrv_band", [young, old].concat())), needs);
    let flat = daily(Provider::Whoop, Metric::HrvRmssd, 0..67, |_| 55.0);
    assert!(missing(&told("hrv_band", flat)).contains("do not differ"));
    // SDNN is another number.
    let sdnn = daily(Provider::Whoop, Metric::HrvSdnn, 0..67, |n| f64::from(50 + n % 3));
    assert!(missing(&told("hrv_band", sdnn)).ends_with("has none"));
}

// ---- Zones ----

#[test]
fn zones_span_the_persons_own_reserve_and_say_where_its_ends_come_from() {
    let rest = daily(Provider::Whoop, Metric::RestingHeartRate, 0..28, |n| [58.0, 60.0, 62.0][n as usize % 3]);
    let peaks = daily(Provider::Whoop, Metric::HeartRateMax, 0..100, |n| if n == 40 { 180.0 } else { 150.0 });
    let item = told("heart_rate_zones", [rest.clone(), peaks].concat());
    let borders: Vec<f64> = values(&item).iter().map(|(_, value)| *value).collect();
    assert_eq!(borders, [120.0, 132.0, 144.0, 156.0, 168.0, 180.0, 60.0, 180.0]);
    assert!(text(&item).ends_with("rest 60.0, highest heart rate 180 on 2026-05-21"), "{item:?}");
    // What an activity measured is named as such; what another source measured is not taken.
    let garmin = daily(Provider::Garmin, Metric::ActivityHeartRateMax, 0..100, |_| 195.0);
    let activity = daily(Provider::Whoop, Metric::ActivityHeartRateMax, 0..20, |_| 170.0);
    let item = told("heart_rate_zones", [rest.clone(), garmin.clone(), activity].concat());
    assert!(text(&item).ends_with("highest heart rate in activities 170 on 2026-06-30"), "{item:?}");
    let none = told("heart_rate_zones", [rest, garmin].concat());
    assert_eq!(missing(&none), "needs a highest heart rate on 14 of 180 days from the same source, has 0");
}

#[test]
fn zones_need_fourteen_days_of_either_end_in_the_right_order() {
    let item = |of_rest: u32, of_peak: u32, peak: f64| {
        let rest = daily(Provider::Whoop, Metric::RestingHeartRate, 0..of_rest, |_| 60.0);
        let peaks = daily(Provider::Whoop, Metric::HeartRateMax, 0..of_peak, |_| peak);
        told("heart_rate_zones", [rest, peaks].concat())
    };
    assert!(missing(&item(13, 100, 180.0)).ends_with("28 days from one source, has 13"));
    assert!(missing(&item(28, 13, 180.0)).ends_with("same source, has 13"));
    assert!(missing(&item(28, 28, 60.0)).contains("does not lie above"));
}
