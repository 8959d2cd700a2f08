//! What an activity's record says, against the vectors of what this replaces, where that was right.

use std::fs;

use candor::domain::activity::{Analysis, Family, Reserve, Streams, Track, analyse};
use serde_json::Value;

use crate::command::beside;

fn vectors(name: &str) -> Option<Value> {
    let text = fs::read_to_string(beside("reference")?.join("fitness").join(name)).expect("the vectors");
    Some(serde_json::from_str(&text).expect("JSON"))
}

fn streams(of: &Value) -> Streams {
    let column =
        |name: &str| of[name].as_array().into_iter().flatten().map(Value::as_f64).collect::<Vec<Option<f64>>>();
    Streams {
        time_s: column("time").into_iter().flatten().collect(),
        distance_m: column("distance"),
        heart_rate: column("heartrate"),
        cadence: column("cadence"),
        altitude_m: column("altitude"),
        ..Streams::default()
    }
}

fn said(of: &Value) -> Analysis {
    let reserve = Reserve::new(48.0, 185.0).expect("a reserve");
    analyse(&Track::of(&streams(of), &Family::Run), &Family::Run, &Ok(reserve))
}

#[test]
fn the_fixture_runs_have_the_splits_zones_and_efforts_of_the_vectors() {
    let Some(vectors) = vectors("fixture_pipeline.json") else { return };
    let expected = &vectors["expected"];
    for activity in vectors["activities"].as_array().unwrap() {
        let id = &activity["activity_id"];
        let found = said(&activity["streams"]);
        let best = |scope: &Value| scope["activity_id"] == *id && scope["scope"] == "activity";
        let efforts: Vec<_> = expected["segments_best"].as_array().unwrap().iter().filter(|row| best(row)).collect();
        assert_eq!((efforts.len(), found.efforts.len()), (3, 3), "{id}");
        for (effort, row) in found.efforts.iter().zip(efforts) {
            assert_eq!(
                (Some(effort.distance_m), Some(effort.time_s)),
                (row["distance_m"].as_f64(), row["time_s"].as_f64())
            );
        }
        // 1,000 m in 300 s, five metres up: one split.
        let split = found.splits[0];
        assert_eq!(
            (found.splits.len(), split.elapsed_s, split.pace_s_km, split.elevation_m),
            (1, 300.0, Some(300.0), Some(5.0))
        );
        let calc =
            expected["activities_calc"].as_array().unwrap().iter().find(|row| row["activity_id"] == *id).unwrap();
        let zones = ["hr_z1_s", "hr_z2_s", "hr_z3_s", "hr_z4_s", "hr_z5_s"].map(|zone| calc[zone].as_f64());
        assert_eq!(found.zones.as_ref().map(|zones| zones.zones_s.map(Some)).unwrap_or_default(), zones, "{id}");
        assert_eq!(found.missing_hr_streams, zones[0].is_none(), "{id}");
    }
}

#[test]
fn the_synthetic_run_is_as_fast_as_in_the_vectors_to_a_sample() {
    let Some(vectors) = vectors("synthetic_run_900s.json") else { return };
    let found = said(&vectors["streams"]);
    let expected = &vectors["expected"];
    assert!((found.distance_m.unwrap() - expected["flat_dist"].as_f64().unwrap()).abs() < 1e-6);
    for (effort, metres) in found.efforts.iter().zip(["400", "800", "1000", "1500"]) {
        // They took whole samples that reach the distance; between samples it is reached up to a second earlier.
        let theirs = expected["segments"][metres].as_f64().unwrap();
        assert!(effort.time_s <= theirs && effort.time_s > theirs - 1.0, "{metres} m: {} and {theirs}", effort.time_s);
    }
    assert_eq!(found.splits.len(), 3);
    assert!((found.splits[2].distance_m - 799.6).abs() < 1e-6);
    // Every second is in a zone, below them, or without a heart rate; none is made up.
    let zones = found.zones.unwrap();
    assert_eq!(zones.zones_s.iter().sum::<f64>() + zones.below_s + zones.unknown_s, 899.0);
}
