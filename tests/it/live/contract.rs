//! The reader of WHOOP's answers against WHOOP's own description of them, where it lies beside the repository.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use candor::domain::metric::Metric;
use candor::domain::observation::Observation;
use candor::engine::ports::export::{ExportReader, ReadContext, Row};
use candor::providers::ExportFiles;
use serde_json::{Value, json};

use crate::command::samples;

/// What the reader takes from the answers: the schema, the property, and the type it counts on.
const READ: [(&str, &str, &str); 51] = [
    ("Cycle", "id", "integer"),
    ("Cycle", "start", "string"),
    ("Cycle", "end", "string"),
    ("Cycle", "timezone_offset", "string"),
    ("Cycle", "updated_at", "string"),
    ("Cycle", "score_state", "string"),
    ("Cycle", "score", "CycleScore"),
    ("CycleScore", "strain", "number"),
    ("CycleScore", "kilojoule", "number"),
    ("CycleScore", "max_heart_rate", "integer"),
    ("CycleScore", "average_heart_rate", "integer"),
    ("Sleep", "id", "string"),
    ("Sleep", "start", "string"),
    ("Sleep", "end", "string"),
    ("Sleep", "timezone_offset", "string"),
    ("Sleep", "updated_at", "string"),
    ("Sleep", "nap", "boolean"),
    ("Sleep", "score_state", "string"),
    ("Sleep", "score", "SleepScore"),
    ("SleepScore", "stage_summary", "SleepStageSummary"),
    ("SleepScore", "sleep_needed", "SleepNeeded"),
    ("SleepScore", "sleep_efficiency_percentage", "number"),
    ("SleepScore", "sleep_consistency_percentage", "number"),
    ("SleepScore", "sleep_performance_percentage", "number"),
    ("SleepScore", "respiratory_rate", "number"),
    ("SleepStageSummary", "total_in_bed_time_milli", "integer"),
    ("SleepStageSummary", "total_awake_time_milli", "integer"),
    ("SleepStageSummary", "total_no_data_time_milli", "integer"),
    ("SleepStageSummary", "total_light_sleep_time_milli", "integer"),
    ("SleepStageSummary", "total_slow_wave_sleep_time_milli", "integer"),
    ("SleepStageSummary", "total_rem_sleep_time_milli", "integer"),
    ("SleepNeeded", "baseline_milli", "integer"),
    ("SleepNeeded", "need_from_sleep_debt_milli", "integer"),
    ("SleepNeeded", "need_from_recent_strain_milli", "integer"),
    ("SleepNeeded", "need_from_recent_nap_milli", "integer"),
    ("Recovery", "sleep_id", "string"),
    ("RecoveryScore", "recovery_score", "number"),
    ("RecoveryScore", "resting_heart_rate", "number"),
    ("RecoveryScore", "hrv_rmssd_milli", "number"),
    ("RecoveryScore", "skin_temp_celsius", "number"),
    ("RecoveryScore", "spo2_percentage", "number"),
    ("WorkoutV2", "id", "string"),
    ("WorkoutV2", "sport_name", "string"),
    ("WorkoutScore", "distance_meter", "number"),
    ("WorkoutScore", "altitude_gain_meter", "number"),
    ("WorkoutScore", "zone_durations", "ZoneDurations"),
    ("ZoneDurations", "zone_one_milli", "integer"),
    ("ZoneDurations", "zone_two_milli", "integer"),
    ("ZoneDurations", "zone_three_milli", "integer"),
    ("ZoneDurations", "zone_four_milli", "integer"),
    ("ZoneDurations", "zone_five_milli", "integer"),
];

/// Names in the reader that are the document's own, or a unit, or a word of ours.
const OURS: [&str; 15] = [
    "whoop_cycles",
    "whoop_sleeps",
    "whoop_workouts",
    "whoop_body",
    "cycle",
    "sleep",
    "recovery",
    "measured_at",
    "activity",
    "ms",
    "bpm",
    "rpm",
    "points",
    "kg",
    "weight_kilogram",
];

fn schemas() -> Option<Value> {
    let text = fs::read_to_string(samples()?.join("whoop/whoop-openapi-v2.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    Some(document["components"]["schemas"].clone())
}

fn named(property: &Value) -> &str {
    match property["$ref"].as_str() {
        Some(reference) => reference.rsplit('/').next().unwrap(),
        None => property["type"].as_str().unwrap(),
    }
}

/// An object with every property of a schema, or with the required ones alone, from the examples in it.
fn example(schemas: &Value, name: &str, whole: bool) -> Value {
    let schema = &schemas[name];
    let required: Vec<&str> =
        schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let properties = schema["properties"].as_object().unwrap();
    let kept = properties.iter().filter(|(name, _)| whole || required.contains(&name.as_str()));
    let value = |property: &Value| {
        if property.get("$ref").is_some() {
            example(schemas, named(property), whole)
        } else {
            property["example"].clone()
        }
    };
    Value::Object(kept.map(|(name, property)| (name.clone(), value(property))).collect())
}

fn read(document: &Value) -> Vec<Vec<Observation>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answer.json");
    fs::write(&path, document.to_string()).unwrap();
    let context = ReadContext { home_zone: chrono_tz::Tz::UTC, now: "2022-04-25T00:00:00Z".parse().unwrap() };
    let part = ExportFiles.parts(&path).unwrap().remove(0);
    assert_eq!(part.format, "whoop_api_json");
    let mut rows = Vec::new();
    let mut take = |_, row| {
        match row {
            Row::Observations(found) | Row::Activity(_, found) => rows.push(found),
            Row::Unused(_) => rows.push(Vec::new()),
            Row::Rejected(rejection) => panic!("{rejection:?}"),
        }
        ControlFlow::Continue(())
    };
    ExportFiles.rows(&path, &part, &context, context.now, &mut take).unwrap();
    rows
}

#[test]
fn every_property_that_is_read_is_in_the_description_with_its_type() {
    let Some(schemas) = schemas() else { return };
    for (schema, property, kind) in READ {
        let described = &schemas[schema]["properties"][property];
        assert!(described.is_object(), "{schema} has no {property}");
        assert_eq!(named(described), kind, "{schema}.{property}");
    }
    let states = json!(["SCORED", "PENDING_SCORE", "UNSCORABLE"]);
    for schema in ["Cycle", "Sleep", "Recovery", "WorkoutV2"] {
        assert_eq!(schemas[schema]["properties"]["score_state"]["enum"], states);
    }
    assert_eq!(schemas["UserBodyMeasurement"]["properties"]["weight_kilogram"]["type"], "number");
}

/// The names in the reader's own text: the table above leaves none of them out.
#[test]
fn the_table_of_what_is_read_names_all_that_the_reader_names() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/providers/whoop/api");
    let mut names = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.ends_with("api_tests.rs") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let literals = line.split('"').skip(1).step_by(2);
            let name = |literal: &&str| {
                literal.len() > 1 && literal.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            };
            names.extend(literals.filter(name).map(str::to_owned));
        }
    }
    let known: BTreeSet<String> =
        READ.iter().map(|(_, property, _)| *property).chain(OURS).map(str::to_owned).collect();
    assert_eq!(names, known);
}

#[test]
fn the_examples_of_the_description_are_read_whole_and_with_the_required_properties_alone() {
    let Some(schemas) = schemas() else { return };
    for whole in [true, false] {
        let of = |name| example(&schemas, name, whole);
        let mut recovery = of("Recovery");
        // The examples of two schemas do not name the same sleep.
        recovery["sleep_id"] = of("Sleep")["id"].clone();
        let document = json!({
            "whoop_cycles": [{ "cycle": of("Cycle"), "sleep": of("Sleep"), "recovery": recovery }],
            "whoop_sleeps": [of("Sleep")],
            "whoop_workouts": [of("WorkoutV2")],
        });
        let rows = read(&document);
        let counts: Vec<usize> = rows.iter().map(Vec::len).collect();
        // Without a score a workout has its time alone, and the others have nothing.
        assert_eq!(counts, if whole { [21, 12, 12] } else { [0, 0, 1] });
        if !whole {
            continue;
        }
        let value = |row: usize, metric: Metric| {
            rows[row].iter().find(|observation| observation.key.metric == metric).unwrap().value
        };
        // 30,272,735 - 1,403,507 - 0 ms; 8,288.297 kJ at 4.184 kJ; 27,395,716 + 352,230 + 208,595 - 12,312 ms.
        assert!((value(0, Metric::SleepDuration) - 481.1538).abs() < 1e-4);
        assert!((value(0, Metric::Energy) - 1980.9505).abs() < 1e-3);
        assert!((value(0, Metric::SleepNeed) - 465.73715).abs() < 1e-4);
        assert_eq!(value(2, Metric::Zone1Minutes), 10.0);
        // 02:25 to 10:25 in UTC is the evening before at -05:00, and 05:25 in the morning.
        assert!(rows[0].iter().all(|observation| observation.day.to_string() == "2022-04-24"));
        assert_eq!(rows[2][0].day.to_string(), "2022-04-23");
    }
}
