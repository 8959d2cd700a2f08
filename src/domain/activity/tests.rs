//! What a person sees of an activity, by hand.

use super::analysis::{Absent, analyse};
use super::drift::Work;
use super::grade::Cost;
use super::same::{Alike, Link, Workout, links};
use super::week::{NoPace, Share, monday, weeks};
use super::zone::{self, ZoneTimes};
use super::{Analysis, Family, Reserve, Streams, Track, pace};
use crate::domain::provider::Provider;

/// Rest 48, highest 185: the zones begin at 116.5, 130.2, 143.9, 157.6 and 171.3.
fn reserve() -> Reserve {
    Reserve::new(48.0, 185.0).expect("a reserve")
}

fn run(streams: &Streams) -> Analysis {
    analyse(&Track::of(streams, &Family::Run), &Family::Run, &Ok(reserve()))
}

/// A sample a second: metres a second and beats a minute as they are given.
fn steady(seconds: usize, speed: impl Fn(usize) -> f64, heart: impl Fn(usize) -> Option<f64>) -> Streams {
    let mut metres = 0.0;
    let mut distance_m = vec![Some(0.0)];
    for second in 1..seconds {
        metres += speed(second);
        distance_m.push(Some(metres));
    }
    Streams {
        time_s: (0..seconds).map(|second| second as f64).collect(),
        distance_m,
        heart_rate: (0..seconds).map(heart).collect(),
        ..Streams::default()
    }
}

#[test]
fn a_pause_and_a_gap_are_time_in_no_zone() {
    // Ten seconds at 150, five without a heart rate, a pause of four minutes, then ten at 180.
    let mut streams = steady(26, |_| 3.0, |s| (s <= 10 || s > 15).then_some(if s <= 10 { 150.0 } else { 180.0 }));
    streams.time_s.iter_mut().skip(16).for_each(|time| *time += 240.0);
    let times = zone::times(&Track::of(&streams, &Family::Run), reserve()).expect("a heart rate");
    // The step over the pause ends in a heart rate of 180 and counts nowhere: nine of the ten are left.
    assert_eq!(times, ZoneTimes { zones_s: [0.0, 0.0, 10.0, 0.0, 9.0], below_s: 0.0, unknown_s: 5.0 });
}

#[test]
fn zones_are_the_persons_own_or_missing() {
    let streams = steady(60, |_| 3.0, |_| Some(150.0));
    let track = Track::of(&streams, &Family::Run);
    let why = Absent::NoReserve("has no resting heart rate".to_owned());
    let said = analyse(&track, &Family::Run, &Err(why.clone()));
    assert_eq!((said.zones, said.load), (Err(why.clone()), Err(why)));
    assert_eq!(Reserve::new(60.0, 60.0), None, "a reserve of nothing");
    assert_eq!(Reserve::new(f64::NAN, 180.0), None);
    // Borders belong to the zone above; easier than half of the reserve is no zone, beyond the highest the fifth.
    let round = Reserve::new(50.0, 200.0).expect("a reserve");
    assert_eq!(round.borders(), [125.0, 140.0, 155.0, 170.0, 185.0, 200.0]);
    let zones = [124.9, 125.0, 140.0, 155.0, 170.0, 185.0, 220.0].map(|rate| round.zone(rate));
    assert_eq!(zones, [None, Some(1), Some(2), Some(3), Some(4), Some(5), Some(5)]);
}

#[test]
fn what_is_missing_is_said_and_nothing_is_filled() {
    let none = run(&Streams::default());
    assert_eq!(none.missing_streams, ["time", "distance", "heart_rate", "cadence", "altitude", "speed", "power"]);
    assert!(none.missing_hr_streams && none.splits.is_empty() && none.efforts.is_empty());
    assert_eq!((&none.zones, &none.drift), (&Err(Absent::NoSamples), &Err(Absent::NoSamples)));
    for figure in [&none.elapsed_s, &none.moving_s, &none.pace_s_km, &none.grade_adjusted_s_km, &none.heart_rate] {
        assert_eq!(*figure, Err(Absent::NoSamples));
    }
    assert_eq!(none.told_splits(), Err(Absent::NoSamples));
    let bare = run(&steady(1_500, |_| 3.0, |_| None));
    assert_eq!(bare.missing_streams, ["heart_rate", "cadence", "altitude", "speed", "power"]);
    assert_eq!((bare.pace_s_km.is_ok(), &bare.grade_adjusted_s_km), (true, &Err(Absent::NoGrade)));
    assert_eq!((bare.zones, bare.load.clone().err()), (Err(Absent::NoHeartRate), Some(Absent::NoHeartRate)));
    assert!(bare.splits.iter().all(|split| split.heart_rate.is_none() && split.grade_adjusted_s_km.is_none()));
    // A sensor that writes zeros is no sensor.
    let short = run(&steady(60, |_| 1.0, |_| Some(0.0)));
    assert!(short.missing_hr_streams);
    assert_eq!((short.told_splits(), short.told_efforts()), (Err(Absent::TooNear(100)), Err(Absent::TooNear(400))));
}

#[test]
fn a_split_is_timed_by_the_clock_and_paced_by_motion() {
    // 4 m/s with a stop of 60 s after 500 m, and 150 m more than two kilometres.
    let mut streams = steady(539, |_| 4.0, |_| None);
    streams.time_s.iter_mut().skip(126).for_each(|time| *time += 60.0);
    let splits = run(&streams).splits;
    let told: Vec<_> = splits.iter().map(|s| (s.distance_m, s.elapsed_s, s.moving_s.round())).collect();
    // The stop is seen as 61 s: the metres of the second after it were made in its last moment.
    assert_eq!(told, [(1_000.0, 310.0, 249.0), (1_000.0, 250.0, 250.0), (152.0, 38.0, 38.0)]);
    assert!((splits[1].pace_s_km.expect("a pace") - 250.0).abs() < 1e-9);
    // A hundred metres or less at the end are no split.
    assert_eq!(run(&steady(276, |_| 4.0, |_| None)).splits.len(), 1);
    assert_eq!(run(&steady(277, |_| 4.0, |_| None)).splits.len(), 2);
}

#[test]
fn decoupling_is_positive_when_the_heart_rises_at_one_pace() {
    let an_hour = |rate: fn(usize) -> f64| steady(3_601, |_| 3.0, move |s| Some(rate(s)));
    // Looked at: 2,700 s from 600 s on. 140, then 154 from the middle on: the work per beat falls by one in eleven.
    let rising = run(&an_hour(|s| if s <= 1_950 { 140.0 } else { 154.0 })).drift.expect("an hour");
    assert_eq!((rising.work, rising.seconds, rising.heart_rate), (Work::Speed, 2_700.0, [140.0, 154.0]));
    assert!((rising.decoupling_percent - 100.0 / 11.0).abs() < 1e-9 && (rising.drift_bpm - 14.0).abs() < 1e-9);
    let falling = run(&an_hour(|s| if s <= 1_950 { 154.0 } else { 140.0 })).drift.expect("an hour");
    assert!(falling.decoupling_percent < 0.0, "{falling:?}");
    // What the first ten and the last five minutes did does not matter.
    let warming = run(&an_hour(|s| {
        if s <= 600 {
            90.0
        } else if s > 3_300 {
            190.0
        } else {
            140.0
        }
    }));
    assert!(warming.drift.expect("an hour").decoupling_percent.abs() < 1e-9);
    let short = run(&steady(2_000, |_| 3.0, |_| Some(140.0)));
    assert_eq!(short.drift, Err(Absent::TooShort));
    let ride = Track::of(&steady(3_601, |_| 8.0, |_| Some(140.0)), &Family::Ride);
    assert_eq!(analyse(&ride, &Family::Ride, &Ok(reserve())).drift, Err(Absent::NoPower));
}

#[test]
fn a_climb_costs_what_was_measured_and_not_less_than_a_percent() {
    // Minetti's polynomial at 10 %: 3.6 + 1.95 + 0.463 - 0.0433 - 0.00304 + 0.001554.
    assert!((Cost::Running.at(0.1) - 5.968_214).abs() < 1e-9);
    assert!((Cost::Running.factor(0.1) - 1.657_837).abs() < 1e-6, "the origin said 1.008");
    assert_eq!(Cost::Running.factor(0.0), 1.0);
    // Beyond what was measured nothing is made up.
    assert_eq!(Cost::Running.at(0.9), Cost::Running.at(0.45));
    assert_eq!(Cost::Walking.at(-7.0), Cost::Walking.at(-0.45));
    let mut climb = steady(1_001, |_| 2.0, |_| None);
    climb.altitude_m = climb.distance_m.iter().map(|metres| metres.map(|metres| 100.0 + metres * 0.1)).collect();
    let said = run(&climb);
    for split in &said.splits {
        assert!((split.elevation_m.expect("an altitude") - 100.0).abs() < 1e-6);
        assert!((split.grade_adjusted_s_km.expect("a grade") - 500.0 / 1.657_837).abs() < 1e-3, "{split:?}");
    }
    // A barometer that is read every five seconds will do; one that was off for most of a kilometre will not.
    let thin = |every: usize| {
        let mut thin = climb.clone();
        thin.altitude_m.iter_mut().enumerate().filter(|(s, _)| s % every != 0).for_each(|(_, height)| *height = None);
        run(&thin).splits[0].grade_adjusted_s_km
    };
    assert!(thin(5).is_some() && thin(100).is_none());
    // On a bicycle there is none: the cost was measured on foot.
    let ride = analyse(&Track::of(&climb, &Family::Ride), &Family::Ride, &Ok(reserve()));
    assert!(ride.splits.iter().all(|split| split.grade_adjusted_s_km.is_none()));
}

#[test]
fn leaps_and_falls_of_the_distance_are_not_covered() {
    let clean = steady(600, |_| 3.0, |_| None);
    let fastest = |streams: &Streams| run(streams).efforts[0].time_s;
    let total = |streams: &Streams| run(streams).distance_m.expect("a distance");
    assert!((fastest(&clean) - 400.0 / 3.0).abs() < 1e-9);
    let spoiled = |spoil: fn(usize, f64) -> f64| {
        let mut streams = clean.clone();
        streams.distance_m.iter_mut().enumerate().for_each(|(s, metres)| *metres = metres.map(|m| spoil(s, m)));
        streams
    };
    let spike = spoiled(|s, metres| if s == 200 { metres + 5_000.0 } else { metres });
    let leap = spoiled(|s, metres| if s >= 200 { metres + 5_000.0 } else { metres });
    let restart = spoiled(|s, metres| if s >= 200 { metres - 600.0 } else { metres });
    let wobble = spoiled(|s, metres| if s == 200 { metres - 20.0 } else { metres });
    // The second of a leap or of a new beginning is not known and not covered; a spike or a wobble costs nothing.
    for (name, streams, covered) in
        [("spike", spike, 1_797.0), ("leap", leap, 1_794.0), ("restart", restart, 1_794.0), ("wobble", wobble, 1_797.0)]
    {
        assert!((fastest(&streams) - 400.0 / 3.0).abs() < 0.01, "{name}: {}", fastest(&streams));
        assert!((total(&streams) - covered).abs() < 1e-6, "{name}: {}", total(&streams));
    }
}

#[test]
fn the_pace_is_time_by_distance_without_outliers_and_without_filling() {
    let mut streams = steady(300, |s| if s == 150 { 9.0 } else { 3.0 + 0.1 * ((s % 5) as f64 - 2.0) }, |_| None);
    streams.time_s.iter_mut().skip(200).for_each(|time| *time += 300.0);
    let paces = pace::smoothed(&Track::of(&streams, &Family::Run));
    assert_eq!((paces[0], paces[150], paces[200]), (None, None, None), "the start, an outlier, the pause");
    let told: Vec<f64> = paces.iter().flatten().copied().collect();
    assert_eq!(told.len(), 297);
    assert!(told.iter().all(|pace| (pace - 1_000.0 / 3.0).abs() < 2.0), "{told:?}");
}

fn workout(provider: Provider, start: &str, minutes: f64, km: f64) -> Workout {
    let start: crate::domain::Instant = start.parse().expect("an instant");
    Workout {
        provider,
        family: Family::Ride,
        start,
        duration_s: minutes * 60.0,
        day: crate::domain::day::LocalDay::new(start.date_naive()),
        distance_m: Some(km * 1_000.0),
    }
}

#[test]
fn pain_14_one_workout_at_two_providers_is_linked_also_with_the_zone_inverted() {
    let garmin = workout(Provider::Garmin, "2026-03-03T17:00:00Z", 60.0, 25.0);
    let synced = workout(Provider::Strava, "2026-03-03T17:00:41Z", 58.0, 24.9);
    let strap = workout(Provider::Whoop, "2026-03-03T17:04:00Z", 56.0, 0.0);
    let found = links(&[garmin.clone(), synced.clone(), strap]);
    let same = |a, b| Link { a, b, alike: Alike::SameTime };
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.contains(&same(0, 1)) && found.contains(&same(0, 2)) && found.contains(&same(1, 2)));
    // Written two hours off, the sign of the zone turned round: four hours, over midnight too.
    let inverted = workout(Provider::Strava, "2026-03-03T21:00:30Z", 60.2, 25.1);
    let clock_off = |minutes| Link { a: 0, b: 1, alike: Alike::ClockOff { minutes } };
    assert_eq!(links(&[garmin.clone(), inverted]), [clock_off(240)]);
    let next_day = workout(Provider::Strava, "2026-03-04T04:30:00Z", 60.0, 25.0);
    assert_eq!(links(&[garmin.clone(), next_day]), [clock_off(690)]);
    for other in [
        workout(Provider::Strava, "2026-03-03T21:10:00Z", 60.0, 25.0),
        workout(Provider::Strava, "2026-03-03T21:00:00Z", 60.0, 26.0),
        workout(Provider::Strava, "2026-03-03T21:00:00Z", 64.0, 25.0),
        workout(Provider::Strava, "2026-03-04T08:00:00Z", 60.0, 25.0),
        Workout { distance_m: None, ..workout(Provider::Strava, "2026-03-03T21:00:00Z", 60.0, 25.0) },
        Workout { family: Family::Run, ..synced },
        workout(Provider::Strava, "2026-03-03T17:00:00Z", 50.0, 25.0),
    ] {
        assert_eq!(links(&[garmin.clone(), other.clone()]), [], "{other:?}");
    }
}

#[test]
fn pain_15_two_rides_on_one_day_stay_two() {
    let there = workout(Provider::Garmin, "2026-03-03T07:00:00Z", 30.0, 10.0);
    let back = workout(Provider::Garmin, "2026-03-03T17:00:00Z", 30.0, 10.0);
    assert_eq!(links(&[there.clone(), back.clone()]), [], "one provider's two are two");
    let synced = |of: &Workout| Workout { provider: Provider::Strava, ..of.clone() };
    // The same way there and back, ten hours apart to the minute: each is linked to its own, not across.
    let found = links(&[there.clone(), back.clone(), synced(&back), synced(&there)]);
    let same = |a, b| Link { a, b, alike: Alike::SameTime };
    assert_eq!(found, [same(0, 3), same(1, 2)]);
    // Two that follow each other closely are not one.
    let next = workout(Provider::Strava, "2026-03-03T07:31:00Z", 30.0, 9.0);
    assert_eq!(links(&[there, next]), []);
}

#[test]
fn a_week_begins_on_its_local_monday() {
    let day = |text: &str| text.parse().expect("a day");
    for (of, begins) in [("2026-02-01", "2026-01-26"), ("2026-02-02", "2026-02-02"), ("2026-02-08", "2026-02-02")] {
        assert_eq!(monday(day(of)), day(begins), "{of}");
    }
    let share = |family: Family, on: &str, km: f64, s: f64| Share {
        day: day(on),
        family,
        distance_m: Some(km * 1e3),
        moving_s: Some(s),
    };
    let run = |on, km, s| share(Family::Run, on, km, s);
    // How long it took is known, how long of it in motion is not.
    let by_the_clock = Share { moving_s: None, ..run("2026-02-06", 5.0, 0.0) };
    let on_a_treadmill = Share { distance_m: None, ..run("2026-02-05", 0.0, 600.0) };
    let told = weeks(&[
        run("2026-02-01", 1.0, 300.0),
        run("2026-02-02", 1.0, 320.0),
        run("2026-02-04", 9.0, 3_000.0),
        on_a_treadmill,
        by_the_clock.clone(),
    ]);
    let [second, first] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((second.monday, second.count, first.monday, first.count), (day("2026-02-02"), 4, day("2026-01-26"), 1));
    assert_eq!((second.distance_m, second.without_distance), (Some(15_000.0), 1));
    assert_eq!((second.moving_s, second.without_moving), (Some(3_920.0), 1));
    // 3,320 s over the 10 km that have both: a mean of the two paces would say 327.
    assert_eq!((second.pace_s_km, first.pace_s_km), (Ok(332.0), Ok(300.0)));
    // A run and a ride have no pace in common, and what took an hour by the clock has none.
    let both = weeks(&[run("2026-02-02", 10.0, 3_000.0), share(Family::Ride, "2026-02-03", 30.0, 3_600.0)]);
    assert_eq!((both[0].distance_m, both[0].pace_s_km), (Some(40_000.0), Err(NoPace::SeveralSports)));
    let clock = weeks(&[by_the_clock]);
    assert_eq!((clock[0].moving_s, clock[0].pace_s_km), (None, Err(NoPace::NeverBoth)));
}
