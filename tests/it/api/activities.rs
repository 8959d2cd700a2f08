//! Activities over HTTP: two providers' word on one workout, what a record says, and what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use candor::api;
use candor::domain::Instant;
use candor::domain::activity::Streams;
use candor::domain::observation::Activity;
use candor::engine::ports::export::{ExportError, ExportReader, Part, ReadContext, Row, Survey};
use candor::providers::ExportFiles;
use serde_json::{Value, json};

use super::Server;

const STRAVA: &str = "Activity ID,Activity Date,Activity Type,Elapsed Time,Moving Time,Distance\n";
const WHOOP: &str = "Cycle start time,Cycle end time,Cycle timezone,Workout start time,Workout end time,Duration (min),\
    Activity name,Activity Strain,Energy burned (cal),Max HR (bpm),Average HR (bpm),HR Zone 1 %,HR Zone 2 %,HR Zone 3 %,\
    HR Zone 4 %,HR Zone 5 %,GPS enabled,Distance (meters)\n";

/// A file of Strava: a run of an hour on Wednesday, two rides on Thursday, each the same way.
fn strava() -> Vec<u8> {
    let rows = [
        "71,\"Apr 1, 2026, 5:00:41 PM\",TrailRun,3601,3600,10.8",
        "72,\"Apr 2, 2026, 6:00:00 AM\",Ride,1800,1700,10",
        "73,\"Apr 2, 2026, 4:00:00 PM\",Ride,1810,1710,10",
    ];
    format!("{STRAVA}{}\n", rows.join("\n")).into()
}

/// A file of WHOOP: the same run, and one that begins half an hour into a local Monday.
fn whoop() -> Vec<u8> {
    let rows = [
        "2026-04-01 08:00:00,,UTC+02:00,2026-04-01 19:00:00,2026-04-01 20:00:00,60,Running,12,700,181,150,5,10,50,30,5,true,10700",
        "2026-03-30 08:00:00,,UTC+02:00,2026-03-30 00:30:00,2026-03-30 01:00:00,30,Running,8,300,171,140,5,10,50,30,5,true,5000",
    ];
    format!("{WHOOP}{}\n", rows.join("\n")).into()
}

/// Reads files as ever; the record of one activity is an hour at 3 m/s, the heart ten beats higher in the second half.
struct Recorder(ExportFiles);

impl ExportReader for Recorder {
    fn parts(&self, path: &Path) -> Result<Vec<Part>, ExportError> {
        self.0.parts(path)
    }

    fn survey(
        &self,
        path: &Path,
        part: &Part,
        context: &ReadContext,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Survey, ExportError> {
        self.0.survey(path, part, context, progress)
    }

    fn rows(
        &self,
        path: &Path,
        part: &Part,
        context: &ReadContext,
        as_of: Instant,
        visit: &mut dyn FnMut(u32, Row) -> ControlFlow<()>,
    ) -> Result<(), ExportError> {
        self.0.rows(path, part, context, as_of, visit)
    }

    fn streams(&self, path: &Path, activity: &Activity) -> Result<Option<Streams>, ExportError> {
        let held = std::fs::read(path).unwrap_or_default();
        assert!(held == strava() || held == whoop(), "the original as it was sent");
        if activity.provider_id.as_deref() != Some("71") {
            return Ok(None);
        }
        let seconds = || (0..=3_600).map(f64::from);
        Ok(Some(Streams {
            time_s: seconds().collect(),
            distance_m: seconds().map(|second| Some(second * 3.0)).collect(),
            heart_rate: seconds()
                .map(|second| (second > 30.0).then_some(if second > 1_950.0 { 150.0 } else { 140.0 }))
                .collect(),
            ..Streams::default()
        }))
    }
}

async fn server() -> Server {
    let mut server = Server::new().await;
    server.service.engine.exports = Arc::new(Recorder(ExportFiles));
    server.router = api::router(&server.service);
    server.upload("activities.csv", strava()).await.ok();
    server.upload("workouts.csv", whoop()).await.ok();
    server
}

/// A heart rate at rest of 50 on 28 days, and a highest of 200 on 20, all in one file.
async fn with_reserve(server: &Server) {
    let mut lines = String::new();
    for day in 1..=28 {
        for (metric, value) in [("resting_heart_rate", 50), ("heart_rate_max", if day == 20 { 200 } else { 150 })] {
            let _ = writeln!(
                lines,
                "{{\"metric\": \"{metric}\", \"value\": {value}, \"unit\": \"bpm\", \"kind\": \"day\", \
                 \"start\": \"2026-03-{day:02}T12:00:00+02:00\"}}"
            );
        }
    }
    let report = server.upload("hearts.ndjson", lines.into()).await.ok();
    assert_eq!(report[0]["accepted"], 56, "{report:#}");
}

async fn id_of(server: &Server, provider_id: &str) -> String {
    let all = server.get("/activities").await.ok();
    let entity = format!("strava:{provider_id}");
    let found = all["activities"].as_array().unwrap().iter().find(|activity| activity["entity_id"] == *entity).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

/// What is missing, each with its reason; nothing is absent that is not among it.
#[track_caller]
fn missing(told: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let listed = told["missing"].as_array().unwrap().iter();
    let missing: BTreeMap<String, String> = listed.map(|m| (text(&m["what"]), text(&m["reason"]))).collect();
    let absent = |value: &Value| value.is_null() || value == &json!([]);
    let named = |(name, _): (&String, &Value)| Some(name.clone()).filter(|name| !name.starts_with("missing"));
    let mut there: BTreeSet<String> =
        told.as_object().unwrap().iter().filter(|(_, value)| absent(value)).filter_map(named).collect();
    if told["activity"]["end"].is_null() {
        there.insert("activity.end".to_owned());
    }
    for split in told["splits"].as_array().unwrap() {
        let lacking = split.as_object().unwrap().iter().filter(|(_, value)| value.is_null());
        there.extend(lacking.map(|(name, _)| format!("splits.{name}")));
    }
    let figures = missing.keys().filter(|name| *name != "missing_streams").cloned();
    assert_eq!(figures.collect::<BTreeSet<_>>(), there, "{told:#}");
    assert!(missing.values().all(|reason| reason.len() > 20 && reason.ends_with('.')), "{missing:?}");
    missing
}

#[track_caller]
fn nothing_in_clear(server: &Server) {
    let clear = std::fs::read_dir(server.place.path(".")).unwrap().flatten();
    let left = clear.filter(|entry| entry.file_name().to_string_lossy().starts_with(api::UPLOAD_PREFIX));
    assert_eq!(left.count(), 0, "nothing is left in clear");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_workout_at_two_providers_stands_twice_and_is_linked() {
    let server = server().await;
    let all = server.get("/activities").await.ok();
    let activities = all["activities"].as_array().unwrap();
    let told: Vec<(&str, &str, &str)> = activities
        .iter()
        .map(|a| (a["start"].as_str().unwrap(), a["family"].as_str().unwrap(), a["day"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("2026-04-02T16:00:00+00:00", "ride", "2026-04-02"),
            ("2026-04-02T06:00:00+00:00", "ride", "2026-04-02"),
            ("2026-04-01T17:00:41+00:00", "run", "2026-04-01"),
            ("2026-04-01T17:00:00+00:00", "run", "2026-04-01"),
            ("2026-03-29T22:30:00+00:00", "run", "2026-03-30"),
        ]
    );
    let same = |index: usize| activities[index]["same_as"].as_array().unwrap().clone();
    assert_eq!(same(2), [json!({ "id": activities[3]["id"], "provider": "whoop" })]);
    assert_eq!(same(3), [json!({ "id": activities[2]["id"], "provider": "strava" })]);
    assert!([0, 1, 4].into_iter().all(|index| same(index).is_empty()), "two rides on one day stay two");
    let run = &activities[2];
    assert_eq!((&run["sport"], &run["attribution"]), (&json!("TrailRun"), &json!("Powered by Strava")));
    assert!(run["values"].as_array().unwrap().contains(&json!({
        "metric_key": "activity_distance", "value": 10_800.0, "unit": "m"
    })));
    for activity in activities {
        let id = activity["id"].as_str().unwrap();
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_filtered_and_paged() {
    let server = server().await;
    let starts = |page: &Value| -> Vec<String> {
        page["activities"].as_array().unwrap().iter().map(|a| a["start"].as_str().unwrap().to_owned()).collect()
    };
    let all = starts(&server.get("/activities").await.ok());
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/activities?limit=2{cursor}")).await.ok();
        paged.extend(starts(&page));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);
    let count = async |query: &str| starts(&server.get(&format!("/activities?{query}")).await.ok()).len();
    assert_eq!((count("sport=ride").await, count("sport=Trail%20Run").await, count("sport=golf").await), (2, 3, 0));
    // By the local day: the night run is of Monday, though it was still Sunday in UTC.
    assert_eq!(count("since=2026-03-30&until=2026-03-30").await, 1);
    assert_eq!(count("since=2026-03-29&until=2026-03-29").await, 0);
    let cursor = server.get("/activities?limit=1").await.ok()["next_cursor"].as_str().unwrap().to_owned();
    for wrong in
        ["limit=0".to_owned(), "since=2026-04-02&until=2026-04-01".to_owned(), format!("sport=run&cursor={cursor}")]
    {
        let answer = server.get(&format!("/activities?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_activity_tells_what_its_record_says() {
    let server = server().await;
    with_reserve(&server).await;
    let run = server.get(&format!("/activities/{}", id_of(&server, "71").await)).await.ok();
    assert_eq!(
        (&run["record"], &run["distance_m"], &run["moving_s"]),
        (&json!("kept"), &json!(10_800.0), &json!(3_600.0))
    );
    let splits = run["splits"].as_array().unwrap();
    assert_eq!((splits.len(), &splits[0]["elapsed_s"], &splits[10]["distance_m"]), (11, &json!(333.3), &json!(800.0)));
    assert_eq!((&splits[3]["heart_rate_bpm"], &splits[3]["elevation_m"]), (&json!(140.0), &Value::Null));
    let efforts: Vec<_> =
        run["best_efforts"].as_array().unwrap().iter().map(|e| (&e["distance_m"], &e["time_s"])).collect();
    assert_eq!(efforts.last(), Some(&(&json!(10_000.0), &json!(3_333.3))));
    // Rest 50, highest 200: zone 2 from 140, zone 3 from 155. 30 s had no heart rate yet.
    let zones = &run["zones"];
    let seconds: Vec<_> = zones["zones"].as_array().unwrap().iter().map(|z| z["seconds"].as_f64().unwrap()).collect();
    assert_eq!((seconds, &zones["unknown_s"]), (vec![0.0, 3_570.0, 0.0, 0.0, 0.0], &json!(30.0)));
    assert_eq!((&zones["rest_bpm"], &zones["highest_bpm"]), (&json!(50.0), &json!(200.0)));
    // 140 and 150 at one speed: 1 - 140/150.
    assert_eq!((&run["drift"]["drift_bpm"], &run["drift"]["decoupling_percent"]), (&json!(10.0), &json!(6.7)));
    // By hand: shares .6 and 2/3, 1,920 and 1,650 s of them.
    let trimp = 32.0 * 0.6 * 0.64 * (1.92_f64 * 0.6).exp() + 27.5 * (2.0 / 3.0) * 0.64 * (1.92_f64 * 2.0 / 3.0).exp();
    assert!((run["load"]["trimp_of_men"].as_f64().unwrap() - trimp).abs() < 0.06, "{run:#}");
    assert_eq!(run["missing_streams"], json!(["cadence", "altitude", "speed", "power"]));
    assert_eq!(run["missing_hr_streams"], json!(false));
    // The record has no altitude; the table it came with tells when it ended.
    let lacking: Vec<String> = missing(&run).into_keys().collect();
    assert_eq!(lacking, ["grade_adjusted_s_km", "splits.elevation_m", "splits.grade_adjusted_s_km"]);
    nothing_in_clear(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_named_and_no_zone_is_made_up() {
    let server = server().await;
    // Nothing is known of this person's heart at rest.
    let run = server.get(&format!("/activities/{}", id_of(&server, "71").await)).await.ok();
    assert!(run["zones"].is_null() && run["load"].is_null() && !run["drift"].is_null(), "{run:#}");
    for (what, reason) in missing(&run) {
        let of_the_heart = reason.contains("resting heart rate on 14 of 28 days");
        assert_eq!(of_the_heart, what == "zones" || what == "load", "{what}: {reason}");
    }
    // A table has no record.
    let path = format!("/activities/{}", id_of(&server, "72").await);
    let ride = server.get(&path).await.ok();
    assert_eq!(
        (&ride["record"], &ride["missing_hr_streams"], &ride["elapsed_s"]),
        (&json!("none"), &json!(true), &Value::Null)
    );
    assert_eq!(ride["missing_streams"].as_array().unwrap().len(), 7);
    assert!(missing(&ride).values().all(|reason| reason.contains("second by second")), "{ride:#}");
    let samples = server.get(&format!("{path}/streams")).await.ok();
    assert_eq!((&samples["record"], &samples["samples"], &samples["time_s"]), (&json!("none"), &json!(0), &json!([])));
    for unknown in ["c3RyYXZhOjk5", "strava:71", "%00", "71"] {
        for of in ["", "/streams"] {
            let answer = server.get(&format!("/activities/{unknown}{of}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}{of}");
        }
    }
    // An original that is gone takes the record with it, and nothing else.
    std::fs::remove_dir_all(server.place.path("originals")).unwrap();
    server.json("POST", "/checkins", &json!({ "mood": 3 })).await.ok();
    let run = server.get(&format!("/activities/{}", id_of(&server, "71").await)).await.ok();
    assert_eq!((&run["record"], &run["activity"]["sport"]), (&json!("unreadable"), &json!("TrailRun")));
    assert!(missing(&run).values().all(|reason| reason.contains("cannot be read any more")), "{run:#}");
    nothing_in_clear(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_come_thinned_and_with_their_gaps() {
    let server = server().await;
    let path = format!("/activities/{}/streams", id_of(&server, "71").await);
    let few = server.get(&format!("{path}?downsample=60")).await;
    let etag = few.headers[header::ETAG].clone();
    let few = few.ok();
    assert_eq!((&few["samples"], few["time_s"].as_array().unwrap().len()), (&json!(3_601), 61));
    assert_eq!(
        (&few["time_s"][1], &few["distance_m"][1], &few["pace_s_km"][1]),
        (&json!(60.0), &json!(180.0), &json!(333.3))
    );
    assert_eq!((&few["heart_rate_bpm"][0], &few["heart_rate_bpm"][1]), (&Value::Null, &json!(140.0)));
    assert_eq!((&few["altitude_m"], &few["power_w"]), (&json!([]), &json!([])));
    assert_eq!(server.get(&path).await.ok()["time_s"].as_array().unwrap().len(), 721, "one of five");
    for wrong in ["0", "3601", "x"] {
        let answer = server.get(&format!("{path}?downsample={wrong}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let request = Request::get(format!("/api/v1{path}?downsample=60")).header(header::IF_NONE_MATCH, etag);
    let again = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    nothing_in_clear(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_safety_notice_keeps_back_what_the_record_says() {
    let server = server().await;
    with_reserve(&server).await;
    let path = format!("/activities/{}", id_of(&server, "71").await);
    assert!(!server.get(&path).await.ok()["zones"].is_null());
    server.json("POST", "/checkins", &json!({ "symptoms": ["chest_pain"] })).await.ok();
    let run = server.get(&path).await.ok();
    assert!(run["zones"].is_null() && run["load"].is_null() && run["splits"] == json!([]), "{run:#}");
    assert!(missing(&run).values().all(|reason| reason == "Is not told while a safety notice stands."), "{run:#}");
    assert_eq!(run["activity"]["sport"], "TrailRun");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_was_taken_back_has_no_activities() {
    let server = server().await;
    let path = format!("/activities/{}", id_of(&server, "71").await);
    server.json("DELETE", "/me/consents/provider:strava", &Value::Null).await.ok();
    let left = server.get("/activities").await.ok();
    let left = left["activities"].as_array().unwrap();
    assert!(left.len() == 2 && left.iter().all(|a| a["provider"] == "whoop" && a["same_as"] == json!([])), "{left:#?}");
    assert_eq!(server.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.get(&format!("{path}/streams")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn weeks_begin_on_local_mondays_and_count_a_workout_once() {
    let server = server().await;
    let weeks = server.get("/activities/weeks?sport=run").await.ok();
    // The night run of local Monday and the run of Wednesday, once, as Strava has it, which tells its time in motion. WHOOP
    // tells of the night run how long it took by the clock, which is not that: the pace is that of the other.
    assert_eq!(
        weeks,
        json!([{
            "monday": "2026-03-30", "count": 2, "distance_m": 15_800.0, "without_distance": 0,
            "moving_s": 3_600.0, "without_moving": 1, "pace_s_km": 333.3, "missing": []
        }])
    );
    let strap = "2026-04-02 08:00:00,,UTC+02:00,2026-04-02 18:00:00,2026-04-02 18:30:00,30,Cycling,8,300,171,140,5,10,50,30,5,false,";
    server.upload("more.csv", format!("{WHOOP}{strap}\n").into()).await.ok();
    let rides = server.get("/activities/weeks?sport=ride").await.ok();
    // 10 km in the morning, 10 km in the evening: the strap knows of the second and not how far it was.
    assert_eq!(
        (&rides[0]["count"], &rides[0]["distance_m"], &rides[0]["moving_s"]),
        (&json!(2), &json!(20_000.0), &json!(3_410.0))
    );
    let all = server.get("/activities/weeks").await.ok();
    assert_eq!((&all[0]["count"], all.as_array().unwrap().len()), (&json!(4), 1));
    // A run and a ride have no pace in common.
    assert_eq!((&all[0]["distance_m"], &all[0]["pace_s_km"]), (&json!(35_800.0), &Value::Null));
    let why = "Is of one sport; this week has several, and `sport` names one.";
    assert_eq!(all[0]["missing"], json!([{ "what": "pace_s_km", "reason": why }]));
    assert_eq!(server.get("/activities/weeks?weeks=0").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
