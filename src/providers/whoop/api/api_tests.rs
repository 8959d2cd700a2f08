//! One night as the API gives it, beside the same night in the export.

use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::files::probe::{Probe, probe, utc};

const SLEEP: &str = r#"{"id":"ecfc6a15-4661-442f-a9a4-f160dd7afae8","cycle_id":93845,"v1_id":1,"user_id":7,
    "created_at":"2024-06-10T11:30:00.000Z","updated_at":"2024-06-10T11:40:00.500Z",
    "start":"2024-06-10T03:40:05.774Z","end":"2024-06-10T11:24:58.120Z","timezone_offset":"-04:00","nap":false,
    "score_state":"SCORED","some_day":{"new":1},"score":{"stage_summary":{"total_in_bed_time_milli":27892346,
    "total_awake_time_milli":4546746,"total_no_data_time_milli":5600,"total_light_sleep_time_milli":15000000,
    "total_slow_wave_sleep_time_milli":3600000,"total_rem_sleep_time_milli":4740000,"sleep_cycle_count":3,
    "disturbance_count":12},"sleep_needed":{"baseline_milli":27000000,"need_from_sleep_debt_milli":4800000,
    "need_from_recent_strain_milli":900000,"need_from_recent_nap_milli":-480000},"respiratory_rate":16.7,
    "sleep_performance_percentage":83.0,"sleep_consistency_percentage":68.0,"sleep_efficiency_percentage":85.2}}"#;
const CYCLE: &str = r#"{"id":93845,"user_id":7,"created_at":"2024-06-10T11:30:00Z","updated_at":"2024-06-11T03:20:00Z",
    "start":"2024-06-10T03:40:05.774Z","end":"2024-06-11T03:10:00.100Z","timezone_offset":"-04:00",
    "score_state":"SCORED","score":{"strain":4.2951,"kilojoule":4945.5,"average_heart_rate":86,"max_heart_rate":142}}"#;
const RECOVERY: &str = r#"{"cycle_id":93845,"sleep_id":"ecfc6a15-4661-442f-a9a4-f160dd7afae8","user_id":7,
    "created_at":"2024-06-10T11:45:00Z","updated_at":"2024-06-10T11:45:00Z","score_state":"SCORED","score":{
    "user_calibrating":false,"recovery_score":91.0,"resting_heart_rate":68.0,"hrv_rmssd_milli":64.2139,
    "spo2_percentage":96.09765625,"skin_temp_celsius":34.601253}}"#;

fn entry(cycle: &str, sleep: &str, recovery: &str) -> Probe {
    let text = format!(r#"{{"whoop_cycles":[{{"cycle":{cycle},"sleep":{sleep},"recovery":{recovery}}}]}}"#);
    probe(text).expect("read")
}

fn sleep(sleep: &str) -> Probe {
    probe(format!(r#"{{"whoop_sleeps":[{sleep}]}}"#)).expect("read")
}

#[test]
fn an_answer_has_the_keys_the_days_and_the_metrics_of_the_export() {
    let answer = entry(CYCLE, SLEEP, RECOVERY);
    assert_eq!(answer.part.format, "whoop_api_json");
    let export = probe(
        "Cycle start time,Cycle end time,Cycle timezone,Recovery score %,Resting heart rate (bpm),\
         Heart rate variability (ms),Skin temp (celsius),Blood oxygen %,Day Strain,Energy burned (cal),Max HR (bpm),\
         Average HR (bpm),Sleep onset,Wake onset,Sleep performance %,Respiratory rate (rpm),Asleep duration (min),\
         In bed duration (min),Light sleep duration (min),Deep (SWS) duration (min),REM duration (min),\
         Awake duration (min),Sleep need (min),Sleep debt (min),Sleep efficiency %,Sleep consistency %\n\
         2024-06-09 23:40:05,2024-06-10 23:10:00,UTC-04:00,91,68,64,34.60,96.10,4.3,1182,142,86,\
         2024-06-09 23:40:05,2024-06-10 07:24:58,83,16.7,389,465,250,60,79,76,537,80,85,68\n",
    )
    .expect("read");
    let of = |read: &Probe| {
        let mut found = read.observations(0).to_vec();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found
    };
    let (answer, export) = (of(&answer), of(&export));
    assert_eq!(answer.len(), export.len());
    for (live, filed) in answer.iter().zip(&export) {
        assert_eq!((&live.key, live.day, live.end), (&filed.key, filed.day, filed.end));
        assert!(live.same_value(filed.value, filed.resolution), "{}: {} {}", live.key.metric, live.value, filed.value);
        assert!(live.resolution <= filed.resolution, "{}", live.key.metric);
        assert_eq!(live.as_of, utc("2024-06-11T03:20:00Z"));
    }
}

#[test]
fn a_nap_is_a_nap_and_a_sleep_alone_is_as_new_as_its_own_change() {
    let nap = sleep(&SLEEP.replace("\"nap\":false", "\"nap\":true"));
    assert_eq!(nap.observations(0).len(), 1);
    let nap = nap.of(0, Metric::NapDuration);
    assert_eq!((nap.key.kind, nap.as_of), (RecordKind::Nap, utc("2024-06-10T11:40:00.500Z")));
    // 27,892,346 - 4,546,746 - 5,600 ms.
    assert!((nap.value - 389.0).abs() < 1e-9);
}

#[test]
fn what_has_no_score_says_nothing_scored() {
    let pending = SLEEP.replace("\"SCORED\"", "\"PENDING_SCORE\"");
    assert!(sleep(&pending).observations(0).is_empty());
    let unheard = SLEEP.replace("\"SCORED\"", "\"SCORING_TOMORROW\"");
    assert!(sleep(&unheard).observations(0).is_empty());
    let unscorable = sleep(&SLEEP.replace("\"SCORED\"", "\"UNSCORABLE\""));
    assert_eq!(unscorable.observations(0).len(), 1);
    let in_bed = unscorable.of(0, Metric::SleepInBed);
    assert!((in_bed.value - 27_892.346 / 60.0).abs() < 1e-9);
    // The night is known before its score: the cycle is filed under the day of its wake.
    let early = entry(CYCLE, &pending, "null");
    assert_eq!(early.observations(0).len(), 4);
    assert_eq!(early.of(0, Metric::Strain).day.to_string(), "2024-06-10");
}

#[test]
fn a_recovery_without_its_sleep_is_refused_by_name() {
    for read in [entry(CYCLE, "null", RECOVERY), entry(CYCLE, &SLEEP.replace("ecfc", "0cfc"), RECOVERY)] {
        assert_eq!(read.rejection(0).field, "recovery.sleep_id");
    }
    // One that is not scored says nothing that would need a time.
    assert_eq!(entry(CYCLE, "null", &RECOVERY.replace("SCORED", "PENDING_SCORE")).observations(0).len(), 4);
}

#[test]
fn each_bad_field_rejects_its_record_alone_and_is_named_with_its_place() {
    let bad = [
        ("\"2024-06-10T11:24:58.120Z\"", "\"yesterday\"", "sleep.end"),
        ("\"2024-06-10T11:24:58.120Z\"", "\"2024-06-09T11:24:58.120Z\"", "sleep.end"),
        ("\"-04:00\"", "\"-44:00\"", "sleep.timezone_offset"),
        ("27892346", "9000000", "sleep.score.stage_summary.total_in_bed_time_milli"),
        ("27892346", "2789", "sleep.score.stage_summary.total_in_bed_time_milli"),
        ("16.7", "\"many\"", "sleep.score.respiratory_rate"),
        ("16.7", "1670", "sleep.score.respiratory_rate"),
        ("\"2024-06-10T11:40:00.500Z\"", "\"2099-06-10T11:40:00Z\"", "updated_at"),
    ];
    for (right, wrong, field) in bad {
        assert!(SLEEP.contains(right), "{right}");
        let read = entry(CYCLE, &SLEEP.replacen(right, wrong, 1), RECOVERY);
        assert_eq!(read.rejection(0).field, field);
        assert!(!read.rejection(0).reason.contains("1670"));
    }
    let read = probe(format!(r#"{{"whoop_sleeps":[{{"id":"x"}},{SLEEP},7]}}"#)).expect("read");
    assert_eq!((read.rejection(0).field.as_str(), read.observations(1).len()), ("start", 12));
    assert_eq!(read.rejection(2).field, "record");
}

#[test]
fn a_weight_is_of_the_instant_it_was_asked_for() {
    let read = probe(
        r#"{"whoop_body":[{"height_meter":1.8288,"weight_kilogram":90.7185,"max_heart_rate":200,
            "measured_at":"2024-06-10T11:24:58Z"}]}"#,
    )
    .expect("read");
    let weight = read.of(0, Metric::Weight);
    assert_eq!((weight.value, weight.key.start), (90.7185, utc("2024-06-10T11:24:58Z")));
    assert_eq!(read.observations(0).len(), 1);
    assert!(read.survey.zone_assumed);
}

#[test]
fn an_answer_without_records_is_read_and_holds_none() {
    let read = probe(r#"{"whoop_cycles":[],"whoop_sleeps":[],"whoop_workouts":[],"whoop_body":[]}"#).expect("read");
    assert!(read.rows.is_empty());
}
