//! One week of a person, and every way in which WHOOP tells of it: each object as it stood at an instant, through the API or
//! in an export, from one truth.

use chrono::{DateTime, Duration, FixedOffset, Utc};
use serde_json::{Value, json};

/// An instant from its RFC 3339 text.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// An object through its changes: what it was from each instant on, the oldest first.
#[derive(Clone)]
pub(crate) struct Versions(Vec<(DateTime<Utc>, Value)>);

impl Versions {
    fn new(changed: DateTime<Utc>, object: Value) -> Self {
        Self(Vec::new()).then(changed, object)
    }

    fn then(mut self, changed: DateTime<Utc>, mut object: Value) -> Self {
        object["created_at"] = json!(self.0.first().map_or(changed, |first| first.0));
        object["updated_at"] = json!(changed);
        self.0.push((changed, object));
        self
    }

    /// It as it stood at an instant; null before there was any of it.
    fn when(&self, now: DateTime<Utc>) -> Value {
        self.0.iter().rev().find(|(changed, _)| *changed <= now).map_or(Value::Null, |(_, object)| object.clone())
    }
}

/// A cycle with the night it began with.
#[derive(Clone)]
pub(crate) struct Night {
    pub(crate) cycle: Versions,
    pub(crate) sleep: Versions,
    pub(crate) recovery: Versions,
}

/// Everything that was measured.
#[derive(Clone)]
pub(crate) struct Week {
    pub(crate) nights: Vec<Night>,
    pub(crate) nap: Versions,
    pub(crate) workouts: Vec<Versions>,
}

/// The night that is edited afterwards, the one that is deleted, and the one whose score comes late.
pub(crate) const EDITED: usize = 2;
pub(crate) const DELETED: usize = 3;
const LATE: usize = 4;
const ZONE: &str = "+02:00";

/// The id of a night's sleep.
pub(crate) fn sleep_id(n: usize) -> String {
    format!("{n}c0ffee0-0000-4000-8000-00000000000{n}")
}

fn score_of(start: DateTime<Utc>, end: DateTime<Utc>, n: usize) -> Value {
    let n = i64::try_from(n).unwrap();
    let in_bed = (end - start).num_milliseconds();
    let (awake, unmeasured) = (2_411_317 + n * 61_003, 7_013);
    let asleep = in_bed - awake - unmeasured;
    let (deep, rem) = (5_400_511 + n * 33_331, 6_000_719);
    json!({
        "stage_summary": {
            "total_in_bed_time_milli": in_bed, "total_awake_time_milli": awake, "total_no_data_time_milli": unmeasured,
            "total_light_sleep_time_milli": asleep - deep - rem, "total_slow_wave_sleep_time_milli": deep,
            "total_rem_sleep_time_milli": rem, "sleep_cycle_count": 4, "disturbance_count": 9,
        },
        "sleep_needed": {
            "baseline_milli": 27_395_716, "need_from_sleep_debt_milli": 352_230 + n * 77_777,
            "need_from_recent_strain_milli": 208_595, "need_from_recent_nap_milli": -12_312,
        },
        "respiratory_rate": 16.11328, "sleep_performance_percentage": 91.1237, "sleep_consistency_percentage": 70.1239,
        "sleep_efficiency_percentage": 90.69533,
    })
}

fn sleep(id: &str, from: DateTime<Utc>, to: DateTime<Utc>, nap: bool, n: usize) -> Value {
    json!({
        "id": id, "user_id": 7, "start": from, "end": to, "timezone_offset": ZONE, "nap": nap, "score_state": "SCORED",
        "score": score_of(from, to, n), "v1_id": 9,
    })
}

fn pending(mut object: Value) -> Value {
    object["score_state"] = json!("PENDING_SCORE");
    object.as_object_mut().unwrap().remove("score");
    object
}

impl Week {
    /// From the night to Monday, 4 May 2026, to the morning of Sunday.
    pub(crate) fn new() -> Self {
        let onset =
            |n: usize| at("2026-05-03T21:40:05.774Z") + Duration::days(n as i64) + Duration::minutes(n as i64 * 7);
        let nights = (0..7).map(|n| {
            let (start, wake) = (onset(n), onset(n) + Duration::milliseconds(28_012_346 - n as i64 * 400_123));
            let told = wake + Duration::minutes(20);
            let whole = sleep(&sleep_id(n), start, wake, false, n);
            let moved = start + Duration::minutes(45);
            let slept = match n {
                LATE => Versions::new(told, pending(whole.clone())).then(told + Duration::hours(9), whole),
                EDITED => Versions::new(told, whole)
                    .then(told + Duration::hours(12), sleep(&sleep_id(n), moved, wake, false, n)),
                _ => Versions::new(told, whole),
            };
            let recovered = json!({
                "cycle_id": 93_845 + n, "sleep_id": sleep_id(n), "user_id": 7, "score_state": "SCORED", "score": {
                    "user_calibrating": false, "recovery_score": 40.123 + 6.0 * n as f64,
                    "resting_heart_rate": 55.312 + n as f64, "hrv_rmssd_milli": 61.814_62 + n as f64,
                    "spo2_percentage": 95.6875, "skin_temp_celsius": 33.7123,
                },
            });
            let told = told + Duration::minutes(3);
            let recovery = if n == LATE {
                Versions::new(told, pending(recovered.clone())).then(told + Duration::hours(9), recovered)
            } else {
                Versions::new(told, recovered)
            };
            let cycle = |start: DateTime<Utc>, end: Option<DateTime<Utc>>, strain: f64| {
                let mut cycle = json!({
                    "id": 93_845 + n, "user_id": 7, "start": start, "timezone_offset": ZONE, "score_state": "SCORED",
                    "score": { "strain": strain, "kilojoule": 700.0 * strain + 0.297, "average_heart_rate": 68,
                        "max_heart_rate": 141 },
                });
                if let Some(end) = end {
                    cycle["end"] = json!(end);
                }
                cycle
            };
            let (strain, next) = (9.123_45 + n as f64, onset(n + 1));
            let (open, closed) = (told + Duration::minutes(30), next + Duration::minutes(35));
            let cycles = Versions::new(open, cycle(start, None, 1.234_56));
            let cycle = match n {
                6 => cycles,
                // The cycle begins with the night, and moves with it.
                EDITED => cycles
                    .then(open + Duration::hours(12), cycle(moved, None, 7.654_32))
                    .then(closed, cycle(moved, Some(next), strain)),
                _ => cycles.then(closed, cycle(start, Some(next), strain)),
            };
            Night { cycle, sleep: slept, recovery }
        });
        let nap = (at("2026-05-08T12:10:00.500Z"), at("2026-05-08T13:02:41.250Z"));
        let workouts =
            [("2026-05-09T06:00:01.100Z", 41), ("2026-05-09T15:30:09.900Z", 63), ("2026-05-07T16:00:00Z", 50)];
        let workout = |(n, (start, minutes)): (usize, (&str, i64))| {
            let (start, end) = (at(start), at(start) + Duration::milliseconds(minutes * 60_000 + 11_317));
            let object = json!({
                "id": format!("{n}a110000-0000-4000-8000-00000000000{n}"), "user_id": 7, "start": start, "end": end,
                "timezone_offset": ZONE, "sport_name": "cycling", "sport_id": 1, "score_state": "SCORED", "score": {
                    "strain": 8.246_31 + n as f64, "average_heart_rate": 123, "max_heart_rate": 156,
                    "kilojoule": 1_569.340_33, "percent_recorded": 100.0, "distance_meter": 17_702.770_35,
                    "altitude_gain_meter": 46.643_84, "altitude_change_meter": -0.781_37,
                    "zone_durations": { "zone_zero_milli": 60_000, "zone_one_milli": 300_311, "zone_two_milli": 600_517,
                        "zone_three_milli": 700_719, "zone_four_milli": 400_811, "zone_five_milli": 100_913 },
                },
            });
            Versions::new(end + Duration::minutes(10), object)
        };
        Self {
            nights: nights.collect(),
            nap: Versions::new(
                nap.1 + Duration::minutes(15),
                sleep("9a900000-0000-4000-8000-000000000009", nap.0, nap.1, true, 0),
            ),
            workouts: workouts.into_iter().enumerate().map(workout).collect(),
        }
    }

    /// A page of cycles as the API gives it at an instant.
    pub(crate) fn cycles(&self, now: DateTime<Utc>, of: impl IntoIterator<Item = usize>) -> Value {
        let nights = of.into_iter().map(|n| &self.nights[n]);
        let entries = nights.map(|night| {
            json!({ "cycle": night.cycle.when(now), "sleep": night.sleep.when(now), "recovery": night.recovery.when(now) })
        });
        let entries: Vec<Value> = entries.filter(|entry| !entry["cycle"].is_null()).collect();
        json!({ "whoop_cycles": entries, "whoop_sleeps": [], "whoop_workouts": [], "whoop_body": [] })
    }

    /// Sleeps that were asked for one by one.
    pub(crate) fn sleeps(&self, now: DateTime<Utc>, of: &[usize]) -> Value {
        json!({ "whoop_sleeps": of.iter().map(|n| self.nights[*n].sleep.when(now)).collect::<Vec<_>>() })
    }

    /// All there is at an instant.
    pub(crate) fn backfill(&self, now: DateTime<Utc>, of: impl IntoIterator<Item = usize>) -> Value {
        let there = |objects: Vec<Value>| objects.into_iter().filter(|object| !object.is_null()).collect::<Vec<_>>();
        let mut all = self.cycles(now, of);
        all["whoop_sleeps"] = json!(there(vec![self.nap.when(now)]));
        all["whoop_workouts"] = json!(there(self.workouts.iter().map(|workout| workout.when(now)).collect()));
        all
    }

    /// The account export at an instant: its three tables, newest row first.
    pub(crate) fn export(&self, now: DateTime<Utc>) -> [(&'static str, String); 3] {
        let mut tables = [CYCLES.to_owned(), SLEEPS.to_owned(), WORKOUTS.to_owned()];
        for night in self.nights.iter().rev().filter(|night| !night.cycle.when(now).is_null()) {
            let (cycle, sleep) = (night.cycle.when(now), night.sleep.when(now));
            let head = format!("{},{},UTC{ZONE}", local(&cycle["start"]), local(&cycle["end"]));
            let recovery = night.recovery.when(now);
            let recovery = columns(
                &recovery["score"],
                &[
                    ("recovery_score", 1.0, 0),
                    ("resting_heart_rate", 1.0, 0),
                    ("hrv_rmssd_milli", 1.0, 0),
                    ("skin_temp_celsius", 1.0, 2),
                    ("spo2_percentage", 1.0, 2),
                ],
            );
            // The cycle that is still open has neither an end nor a score in an export.
            let score = if cycle["end"].is_null() { &Value::Null } else { &cycle["score"] };
            let strain = columns(
                score,
                &[
                    ("strain", 1.0, 1),
                    ("kilojoule", 1.0 / 4.184, 0),
                    ("max_heart_rate", 1.0, 0),
                    ("average_heart_rate", 1.0, 0),
                ],
            );
            let slept = night_columns(&sleep);
            tables[0] += &format!("{head},{recovery},{strain},{slept}\n");
            tables[1] += &format!("{head},{slept},false\n");
        }
        if !self.nap.when(now).is_null() {
            tables[1] += &format!("2026-05-08 00:00:00,,UTC{ZONE},{},true\n", night_columns(&self.nap.when(now)));
        }
        for workout in self.workouts.iter().map(|workout| workout.when(now)).filter(|workout| !workout.is_null()) {
            let length =
                (at(workout["end"].as_str().unwrap()) - at(workout["start"].as_str().unwrap())).as_seconds_f64();
            let values = columns(
                &workout["score"],
                &[
                    ("strain", 1.0, 1),
                    ("kilojoule", 1.0 / 4.184, 0),
                    ("max_heart_rate", 1.0, 0),
                    ("average_heart_rate", 1.0, 0),
                    ("distance_meter", 1.0, 2),
                    ("altitude_gain_meter", 1.0, 2),
                ],
            );
            let zones = columns(
                &workout["score"]["zone_durations"],
                &["one", "two", "three", "four", "five"].map(|zone| {
                    let name: &'static str = match zone {
                        "one" => "zone_one_milli",
                        "two" => "zone_two_milli",
                        "three" => "zone_three_milli",
                        "four" => "zone_four_milli",
                        _ => "zone_five_milli",
                    };
                    (name, 0.1 / length, 0)
                }),
            );
            let (start, end) = (local(&workout["start"]), local(&workout["end"]));
            tables[2] += &format!(",,UTC{ZONE},{start},{end},{:.0},Cycling,{values},{zones}\n", length / 60.0);
        }
        let names = ["physiological_cycles.csv", "sleeps.csv", "workouts.csv"];
        let mut named = names.into_iter().zip(tables);
        [(); 3].map(|()| named.next().unwrap())
    }
}

const CYCLES: &str = "Cycle start time,Cycle end time,Cycle timezone,Recovery score %,Resting heart rate (bpm),\
    Heart rate variability (ms),Skin temp (celsius),Blood oxygen %,Day Strain,Energy burned (cal),Max HR (bpm),\
    Average HR (bpm),Sleep onset,Wake onset,Sleep performance %,Respiratory rate (rpm),Asleep duration (min),\
    In bed duration (min),Light sleep duration (min),Deep (SWS) duration (min),REM duration (min),Awake duration (min),\
    Sleep need (min),Sleep debt (min),Sleep efficiency %,Sleep consistency %\n";
const SLEEPS: &str = "Cycle start time,Cycle end time,Cycle timezone,Sleep onset,Wake onset,Sleep performance %,\
    Respiratory rate (rpm),Asleep duration (min),In bed duration (min),Light sleep duration (min),\
    Deep (SWS) duration (min),REM duration (min),Awake duration (min),Sleep need (min),Sleep debt (min),\
    Sleep efficiency %,Sleep consistency %,Nap\n";
const WORKOUTS: &str = "Cycle start time,Cycle end time,Cycle timezone,Workout start time,Workout end time,Duration (min),\
    Activity name,Activity Strain,Energy burned (cal),Max HR (bpm),Average HR (bpm),Distance (meters),\
    Altitude gain (meters),HR Zone 1 %,HR Zone 2 %,HR Zone 3 %,HR Zone 4 %,HR Zone 5 %\n";

/// A time as the export writes it: on the person's clock, cut to seconds; empty where there is none.
fn local(instant: &Value) -> String {
    let zone: FixedOffset = ZONE.parse().unwrap();
    let clock = |text: &str| at(text).with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string();
    instant.as_str().map(clock).unwrap_or_default()
}

/// Values as the export rounds them; empty where there are none.
fn columns(score: &Value, of: &[(&str, f64, usize)]) -> String {
    let cell = |(name, factor, digits): &(&str, f64, usize)| {
        score[name].as_f64().map(|value| format!("{:.*}", *digits, value * factor)).unwrap_or_default()
    };
    of.iter().map(cell).collect::<Vec<_>>().join(",")
}

fn night_columns(sleep: &Value) -> String {
    const MINUTE: f64 = 1.0 / 60_000.0;
    let score = &sleep["score"];
    let (stages, needed) = (&score["stage_summary"], &score["sleep_needed"]);
    let milli = |name: &str| stages[name].as_f64();
    let in_bed = milli("total_in_bed_time_milli").zip(milli("total_awake_time_milli"));
    let asleep = in_bed.zip(milli("total_no_data_time_milli")).map(|((bed, awake), none)| bed - awake - none);
    let need = needed.as_object().map(|parts| parts.values().filter_map(Value::as_f64).sum::<f64>());
    let reckoned = json!({ "asleep": asleep, "need": need });
    [
        local(&sleep["start"]),
        local(&sleep["end"]),
        columns(score, &[("sleep_performance_percentage", 1.0, 0), ("respiratory_rate", 1.0, 1)]),
        columns(&reckoned, &[("asleep", MINUTE, 0)]),
        columns(
            stages,
            &[
                ("total_in_bed_time_milli", MINUTE, 0),
                ("total_light_sleep_time_milli", MINUTE, 0),
                ("total_slow_wave_sleep_time_milli", MINUTE, 0),
                ("total_rem_sleep_time_milli", MINUTE, 0),
                ("total_awake_time_milli", MINUTE, 0),
            ],
        ),
        columns(&reckoned, &[("need", MINUTE, 0)]),
        columns(needed, &[("need_from_sleep_debt_milli", MINUTE, 0)]),
        columns(score, &[("sleep_efficiency_percentage", 1.0, 0), ("sleep_consistency_percentage", 1.0, 0)]),
    ]
    .join(",")
}
