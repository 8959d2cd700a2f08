//! What an activity's record says, against numpy and scipy, and whatever the record holds. `tests/oracles/activity.py` makes
//! the numbers and records the versions.

use candor::domain::activity::grade::Cost;
use candor::domain::activity::same::{Workout, alike, links};
use candor::domain::activity::{Analysis, Family, Reserve, Streams, Track, analyse, effort, pace};
use candor::domain::day::LocalDay;
use candor::domain::provider::Provider;
use chrono::DateTime;
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Oracle {
    hampel: Vec<Series>,
    minetti: Vec<(f64, f64, f64)>,
    activities: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Series {
    values: Vec<f64>,
    outliers: Vec<bool>,
}

#[derive(Deserialize)]
struct Recorded {
    time: Vec<f64>,
    distance: Vec<f64>,
    heart: Vec<Option<f64>>,
    trimp: [f64; 2],
    zones: [f64; 6],
    unknown: f64,
    efforts: Vec<(f64, f64)>,
    splits: Vec<f64>,
    drift: f64,
    decoupling: f64,
}

fn oracle() -> Oracle {
    serde_json::from_str(include_str!("oracles/activity.json")).expect("the numbers are readable")
}

#[track_caller]
fn close(actual: f64, expected: f64, what: &str) {
    let error = (actual - expected).abs() / expected.abs().max(1.0);
    assert!(error <= 1e-9, "{what}: {actual} instead of {expected}, off by {error:e}");
}

fn reserve() -> Reserve {
    Reserve::new(48.0, 185.0).expect("a reserve")
}

fn said(streams: &Streams, family: &Family) -> Analysis {
    analyse(&Track::of(streams, family), family, &Ok(reserve()))
}

#[test]
fn outliers_agree_with_scipy() {
    let series = oracle().hampel;
    assert!(series.iter().any(|series| series.outliers.contains(&true)), "no outlier is looked at");
    for (index, Series { values, outliers }) in series.into_iter().enumerate() {
        assert_eq!(pace::outliers(&values, 7, 3.0), outliers, "series {index}");
    }
}

#[test]
fn the_cost_of_a_grade_agrees_with_numpy_and_with_what_was_measured() {
    for (grade, running, walking) in oracle().minetti {
        close(Cost::Running.at(grade), running, "running");
        close(Cost::Walking.at(grade), walking, "walking");
    }
    // The publication's own means, to within the spread between its ten runners.
    for (grade, measured, spread) in [(0.45, 18.93, 1.74), (0.0, 3.40, 0.24), (-0.2, 1.73, 0.36), (-0.45, 3.92, 0.81)] {
        assert!((Cost::Running.at(grade) - measured).abs() <= spread, "{grade}");
    }
}

#[test]
fn load_zones_efforts_splits_and_decoupling_agree_with_numpy() {
    for (index, row) in oracle().activities.into_iter().enumerate() {
        let streams = Streams {
            time_s: row.time,
            distance_m: row.distance.into_iter().map(Some).collect(),
            heart_rate: row.heart,
            ..Streams::default()
        };
        let found = said(&streams, &Family::Run);
        let load = found.load.expect("a heart rate");
        close(load.of_men, row.trimp[0], "trimp, weight of men");
        close(load.of_women, row.trimp[1], "trimp, weight of women");
        let zones = found.zones.expect("a heart rate");
        for (seconds, expected) in std::iter::once(&zones.below_s).chain(&zones.zones_s).zip(row.zones) {
            close(*seconds, expected, "zones");
        }
        close(zones.unknown_s, row.unknown, "without a heart rate");
        assert_eq!(found.efforts.len(), row.efforts.len(), "activity {index}");
        for (effort, (metres, seconds)) in found.efforts.iter().zip(row.efforts) {
            assert_eq!(effort.distance_m, metres);
            close(effort.time_s, seconds, "effort");
        }
        assert_eq!(found.splits.len(), row.splits.len(), "activity {index}");
        for (split, seconds) in found.splits.iter().zip(row.splits) {
            close(split.elapsed_s, seconds, "split");
        }
        let drift = found.drift.expect("forty minutes");
        close(drift.drift_bpm, row.drift, "drift");
        close(drift.decoupling_percent, row.decoupling, "decoupling");
    }
}

/// Any number that a broken file may hold.
fn anything() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0f64..3_000.0,
        1 => any::<f64>(),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0), Just(f64::MAX)],
    ]
}

fn column() -> impl Strategy<Value = Vec<Option<f64>>> {
    vec(proptest::option::weighted(0.8, anything()), 0..60)
}

fn broken() -> impl Strategy<Value = Streams> {
    (vec(anything(), 0..60), (column(), column(), column()), (column(), column(), column())).prop_map(
        |(time_s, (distance_m, heart_rate, cadence), (altitude_m, speed_m_s, power_w))| Streams {
            time_s,
            distance_m,
            heart_rate,
            cadence,
            altitude_m,
            speed_m_s,
            power_w,
        },
    )
}

/// A record that a device may have written: steps of seconds, metres, beats and altitude, some of them gaps.
fn recorded() -> impl Strategy<Value = Streams> {
    let beat = proptest::option::weighted(0.9, 60.0f64..200.0);
    let step = (prop_oneof![9 => 1u32..4, 1 => 20u32..400], 0.0f64..9.0, beat, -0.5f64..0.5, 0u32..10);
    vec(step, 2..900).prop_map(|steps| {
        let (mut streams, mut time, mut metres, mut height) = (Streams::default(), 0.0, 0.0, 200.0);
        for (seconds, speed, beat, rise, luck) in steps {
            time += f64::from(seconds);
            metres += speed;
            height += rise;
            streams.time_s.push(time);
            streams.distance_m.push((luck > 0).then_some(metres));
            streams.heart_rate.push(beat);
            streams.altitude_m.push((luck > 1).then_some(height));
        }
        streams
    })
}

/// Every number that is told is one.
fn finite(found: &Analysis) -> Result<(), TestCaseError> {
    let text = format!("{found:?}");
    prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_a_file_may_hold_breaks_the_analysis(streams in broken()) {
        for family in [Family::Run, Family::Walk, Family::Ride, Family::Other("chess".to_owned())] {
            finite(&said(&streams, &family))?;
        }
    }

    #[test]
    fn parts_add_up_to_the_whole(streams in recorded()) {
        let track = Track::of(&streams, &Family::Run);
        let found = said(&streams, &Family::Run);
        finite(&found)?;
        let moving: f64 = found.splits.iter().map(|split| split.moving_s).sum();
        let metres: f64 = found.splits.iter().map(|split| split.distance_m).sum();
        let (in_motion, elapsed) = (found.moving_s.unwrap_or_default(), found.elapsed_s.unwrap_or_default());
        prop_assert!(moving <= in_motion + 1e-6);
        prop_assert!(in_motion <= elapsed + 1e-6);
        let left = found.distance_m.unwrap_or_default() - metres;
        prop_assert!((-1e-6..=100.0 + 1e-6).contains(&left), "{left} m are in no split");
        for split in &found.splits {
            prop_assert!(split.moving_s <= split.elapsed_s + 1e-9 && split.elapsed_s > 0.0, "{split:?}");
        }
        let recorded: f64 = track.steps().map(|(_, seconds)| seconds).sum();
        if let Ok(zones) = found.zones {
            let told = zones.zones_s.iter().sum::<f64>() + zones.below_s + zones.unknown_s;
            prop_assert!((told - recorded).abs() < 1e-6, "{told} of {recorded} s");
        }
        prop_assert!(recorded <= elapsed + 1e-9);
    }

    #[test]
    fn a_workout_has_one_counterpart_at_each_provider_at_most(
        some in vec((0usize..3, 0i64..200, 5u32..120, 1u32..40), 0..14),
    ) {
        let workouts: Vec<Workout> = some.into_iter().map(|(provider, quarter, minutes, km)| {
            let start = DateTime::from_timestamp(1_772_000_000 + quarter * 900, 0).expect("an instant");
            Workout {
                provider: Provider::ALL[provider],
                family: Family::Run,
                start,
                duration_s: f64::from(minutes) * 60.0,
                day: LocalDay::new(start.date_naive()),
                distance_m: Some(f64::from(km) * 1_000.0),
            }
        }).collect();
        let mut ends = Vec::new();
        for link in links(&workouts) {
            let (a, b) = (&workouts[link.a], &workouts[link.b]);
            prop_assert_eq!(alike(a, b), Some(link.alike));
            ends.extend([(link.a, b.provider), (link.b, a.provider)]);
        }
        let all = ends.len();
        ends.sort_unstable();
        ends.dedup();
        prop_assert_eq!(ends.len(), all);
    }

    #[test]
    fn a_best_effort_is_the_shortest_of_all(
        steps in vec((1.0f64..20.0, prop_oneof![Just(0.0), 0.1f64..60.0]), 2..60), distance in 1.0f64..500.0,
    ) {
        let mut places = vec![(0.0, 0.0)];
        for (seconds, metres) in steps {
            let (time, gone) = places[places.len() - 1];
            places.push((time + seconds, gone + metres));
        }
        // When a distance was last left, and first reached.
        let along = |metres: f64, two: &[(f64, f64)]| {
            let ((t0, d0), (t1, d1)) = (two[0], two[1]);
            (d1 > d0 && (d0..=d1).contains(&metres)).then(|| t0 + (metres - d0) / (d1 - d0) * (t1 - t0))
        };
        let left = |metres: f64| places.windows(2).filter_map(|two| along(metres, two)).reduce(f64::max);
        let reached = |metres: f64| places.windows(2).filter_map(|two| along(metres, two)).reduce(f64::min);
        // Both ends of a pair as they are: added back, a difference may lie beyond a place where somebody stood.
        let ways = places.iter().flat_map(|(_, metres)| [(*metres, metres + distance), (metres - distance, *metres)]);
        let times = ways.filter_map(|(from, to)| Some(reached(to)? - left(from)?));
        let shortest = times.reduce(f64::min);
        let found = effort::best(&places, distance).map(|effort| effort.time_s);
        prop_assert_eq!(found.is_some(), shortest.is_some());
        if let (Some(found), Some(shortest)) = (found, shortest) {
            prop_assert!((found - shortest).abs() < 1e-6, "{} instead of {}", found, shortest);
        }
    }
}
