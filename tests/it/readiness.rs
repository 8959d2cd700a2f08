//! The readiness score against vectors computed by an earlier, independent implementation.

use candor::domain::score::{Band, ScoreFlags, ScoreInput, score};
use serde_json::Value;

use crate::command::beside;

fn vectors(name: &str) -> Option<Vec<Value>> {
    let path = beside("reference")?.join("well_being").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn input(of: &Value) -> ScoreInput {
    ScoreInput {
        steps: of["steps"].as_f64(),
        resting_heart_rate: of["rhr"].as_f64(),
        sleep_hours: of["sleep_h"].as_f64(),
        stress: of["stress"].as_f64(),
        hrv_ms: of["hrv_ms"].as_f64(),
    }
}

#[test]
fn scores_bands_and_weights_are_those_of_the_vectors() {
    let Some(vectors) = vectors("score_vectors.jsonl") else { return };
    let mut compared = 0;
    for vector in &vectors {
        let (of, expected) = (&vector["in"], &vector["out"]);
        // Where steps or the resting heart rate are missing or negative, that implementation is known to be wrong.
        if !of["steps"].as_f64().is_some_and(|x| x >= 0.0) || !of["rhr"].as_f64().is_some_and(|x| x >= 0.0) {
            continue;
        }
        let flags = ScoreFlags {
            sleep: of["enable_sleep"].as_bool().unwrap(),
            stress: of["enable_stress"].as_bool().unwrap(),
            hrv: false,
        };
        let scored = score(&input(of), flags).unwrap();
        assert_eq!(Some(u64::from(scored.score)), expected["score"].as_u64(), "{vector}");
        assert_eq!(Some(Band::of(scored.score).label()), expected["band"].as_str(), "{vector}");
        let names =
            [("steps", "steps"), ("resting_heart_rate", "rhr"), ("sleep_duration", "sleep"), ("stress", "stress")];
        for (metric, name) in names {
            let weight = scored.contributions.iter().find(|c| c.metric == metric).map(|c| c.weight);
            let difference = weight.unwrap_or(0.0) - expected["weights"][name].as_f64().unwrap_or(0.0);
            assert!(difference.abs() < 1e-4, "{name} in {vector}");
        }
        compared += 1;
    }
    assert!(compared > 100, "only {compared} vectors were comparable");
    println!("{compared} of {} vectors compared", vectors.len());
}

#[test]
fn scores_with_hrv_are_those_of_the_vectors() {
    let Some(vectors) = vectors("score_hrv_vectors.jsonl") else { return };
    for vector in &vectors {
        let scored = score(&input(&vector["in"]), ScoreFlags { hrv: true, ..ScoreFlags::default() });
        assert_eq!(scored.map(|s| u64::from(s.score)), vector["out"]["score"].as_u64(), "{vector}");
    }
    assert_eq!(vectors.len(), 100);
}
