//! Where a person lives: said first or later, the days of a source that names no zone are theirs.

use serde_json::{Value, json};

use super::Server;

/// A run that Strava writes in UTC: at two in the morning of the second of April in Tokyo.
const STRAVA: &str = "Activity ID,Activity Date,Activity Type,Elapsed Time,Moving Time,Distance\n\
    71,\"Apr 1, 2026, 5:00:41 PM\",Run,3601,3600,10.8\n";
/// A workout that names its own offset, and is on the first of April wherever its person lives.
const WHOOP: &str = "Cycle start time,Cycle end time,Cycle timezone,Workout start time,Workout end time,Duration (min),\
    Activity name,Activity Strain\n\
    2026-04-01 08:00:00,,UTC+02:00,2026-04-01 21:00:00,2026-04-01 22:00:00,60,Running,12\n";
/// A night and a weighing by the clock at home.
const FITBIT: [&str; 2] = [
    "{\"sleep\":[{\"logId\":7,\"dateOfSleep\":\"2026-04-02\",\"startTime\":\"2026-04-01T23:10:30.000\",\
     \"endTime\":\"2026-04-02T06:50:00.000\",\"minutesAsleep\":410,\"timeInBed\":459,\"isMainSleep\":true}]}",
    "{\"weight\":[{\"logId\":9,\"date\":\"2026-04-02\",\"time\":\"07:00:00\",\"weight\":71.2,\"bmi\":22}]}",
];

async fn take_all(server: &Server) {
    for (name, file) in
        [("activities.csv", STRAVA), ("workouts.csv", WHOOP), ("sleep.json", FITBIT[0]), ("weight.json", FITBIT[1])]
    {
        let report = server.upload(name, file.into()).await.ok();
        assert_eq!((&report[0]["accepted"], &report[0]["rejected"]), (&json!(1), &json!(0)), "{report:#}");
    }
}

async fn live_in(server: &Server, zone: &str) {
    server.json("PATCH", "/me/profile", &json!({ "home_zone": zone })).await.ok();
}

/// Every measurement that stands.
async fn known(server: &Server) -> Vec<String> {
    let page = server.get("/observations?limit=200").await.ok();
    let told = page["observations"].as_array().unwrap().iter();
    let mut known: Vec<String> = told
        .map(|o| ["metric_key", "day", "start", "end", "value"].map(|name| o[name].to_string()).join(" "))
        .collect();
    known.sort();
    known
}

async fn activities(server: &Server) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let page = server.get("/activities").await.ok();
    page["activities"].as_array().unwrap().iter().map(|a| (text(&a["provider"]), text(&a["day"]))).collect()
}

fn days(strava: &str) -> Vec<(String, String)> {
    [("whoop", "2026-04-01"), ("strava", strava)].map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_zone_that_is_said_later_tells_again_the_days_it_touches_and_no_others() {
    let server = Server::new().await;
    take_all(&server).await;
    server.json("POST", "/loop", &Value::Null).await.ok();
    let in_utc = known(&server).await;
    assert_eq!(activities(&server).await, days("2026-04-01"));
    live_in(&server, "Asia/Tokyo").await;
    let in_tokyo = known(&server).await;
    assert_eq!(activities(&server).await, days("2026-04-02"));
    assert_eq!(in_tokyo.len(), in_utc.len(), "nothing stands twice: {in_tokyo:#?}");
    let night = |known: &[String], start: &str| {
        known.iter().any(|fact| fact.starts_with("\"sleep_duration\" \"2026-04-02\"") && fact.contains(start))
    };
    assert!(night(&in_utc, "2026-04-01T23:10:30") && night(&in_tokyo, "2026-04-01T14:10:30"), "{in_tokyo:#?}");
    // Said first it comes to the same.
    let first = Server::new().await;
    live_in(&first, "Asia/Tokyo").await;
    take_all(&first).await;
    assert_eq!(known(&first).await, in_tokyo);
    assert_eq!(activities(&first).await, days("2026-04-02"));
    // The same files again say nothing new, and whoever moves back has the days they had.
    let again = server.upload("activities.csv", STRAVA.into()).await.ok();
    assert_eq!(again[0]["duplicates"], 1, "{again:#}");
    live_in(&server, "UTC").await;
    assert_eq!((known(&server).await, activities(&server).await), (in_utc, days("2026-04-01")));
    // What was told again is looked at like anything else that comes in late, and the log holds.
    let looked_at = server.json("POST", "/loop", &Value::Null).await.ok();
    assert_eq!(looked_at["days"], 0, "the change itself has done so: {looked_at:#}");
    let verified = server.service.engine.verify(None, &|_| ()).await.unwrap();
    assert!(verified.ok, "{verified:?}");
}
