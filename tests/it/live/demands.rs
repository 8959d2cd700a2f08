//! What users of comparable systems ask for, of all that takes data in, each by its number in the list of demands.

use std::io::{Seek as _, Write as _};
use std::path::PathBuf;

use candor::domain::person::PersonId;
use candor::domain::provider::Provider;
use candor::engine::live::connect::Returning;
use candor::engine::live::disconnect::Brought;
use candor::engine::live::notice::Noticed;
use candor::engine::live::{Live, LiveError};
use candor::engine::ports::accounts::Digest;
use candor::engine::ports::export::ReadContext;
use candor::engine::ports::proof::hex;
use candor::engine::ports::provider_api::{CallFault, Wanted};
use candor::engine::ports::webhook::{Happened, Notice, Pushed};
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::arrival::zipped;
use super::fake::Fake;
use super::pains::{night, sleeps};
use super::week::{Week, at};
use super::{connect, live, now, person, state_of};
use crate::command::{Store, count, days};
use crate::support::{Place, on_both};
use crate::watching::Watching;

const NOW: &str = "2026-05-10T12:00:00Z";
const WHOOP: Provider = Provider::Whoop;

fn file(store: &Store, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = store.path(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn metric(store: &Store, key: &str) -> Value {
    let metrics = store.json(&["metrics"]);
    metrics.as_array().unwrap().iter().find(|metric| metric["metric_key"] == key).cloned().unwrap_or_default()
}

fn events(store: &Store, kind: &str) -> Vec<Value> {
    let told = store.text(&["--json", "audit", "--type", kind]);
    told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn recorded(store: &Store) -> Vec<Value> {
    let events = events(store, "observations_recorded");
    events.iter().flat_map(|event| event["content"]["observations"].as_array().unwrap().clone()).collect()
}

/// A watch and a ring count the same steps, in files that overlap and come twice, in either order.
#[test]
fn demand_01_nothing_is_lost_or_doubled_when_two_devices_report() {
    let of = |provider: &str, numbers, value: f64| days(provider, "steps", "steps", "2026-05-10", numbers, |_| value);
    let parts = [of("garmin", 5..20, 8_000.0), of("oura", 0..12, 7_000.0), of("garmin", 5..12, 8_000.0)];
    for order in [[0, 1, 2, 0], [1, 2, 0, 1]] {
        let store = Store::new(NOW);
        let files = order.map(|n| file(&store, &format!("{n}.ndjson"), &parts[n]));
        for file in files {
            store.import(&[file]);
        }
        // All 15 and 12 values are there, and none of them twice.
        let mut told: Vec<_> =
            recorded(&store).iter().map(|o| (o["provider"].to_string(), o["day"].to_string())).collect();
        told.sort();
        assert_eq!(told.len(), 15 + 12);
        told.dedup();
        assert_eq!(told.len(), 15 + 12);
        // Each of the 20 days has what one of them counted, not the sum.
        store.json(&["loop"]);
        assert_eq!(metric(&store, "steps")["days"], 20);
        let scored = events(&store, "day_scored");
        assert_eq!(scored.len(), 20);
        for score in scored {
            let values = score["content"]["evidence"]["values"].as_array().unwrap();
            let steps = &values.iter().find(|value| value["name"] == "steps").unwrap()["value"];
            match score["content"]["day"].as_str().unwrap() {
                day if day < "2026-04-29" => assert_eq!(steps, 8_000.0, "only the watch counted"),
                day if day > "2026-05-05" => assert_eq!(steps, 7_000.0, "only the ring counted"),
                _ => assert!(steps == 8_000.0 || steps == 7_000.0, "{score}"),
            }
        }
        assert_eq!(store.json(&["verify"])["ok"], true);
    }
}

/// A night is fetched again with another value: what was told first stays in the trail, and coming back late it changes nothing.
#[test]
fn demand_02_a_refetch_never_overwrites_history() {
    let store = Store::new(NOW);
    let (from, to) = ("2026-05-08T21:00:00Z", "2026-05-09T05:00:00Z");
    let told = |updated: &str, asleep: u64| sleeps(&[night("a", from, to, "+02:00", updated, asleep)]);
    let first = file(&store, "first.json", told("2026-05-09T05:10:00Z", 27_000_000));
    store.import(std::slice::from_ref(&first));
    let trail = store.text(&["--json", "audit"]);
    let again = store.import(&[file(&store, "again.json", told("2026-05-09T09:00:00Z", 24_000_000))]);
    assert_eq!((count(&again[0], "accepted"), count(&again[0], "corrected")), (0, 1));
    assert_eq!(metric(&store, "sleep_duration")["newest_value"], 400.0);
    store.import(&[first]);
    assert_eq!(metric(&store, "sleep_duration")["newest_value"], 400.0);

    assert!(store.text(&["--json", "audit"]).starts_with(&trail), "what was written stays as it was written");
    let corrected = events(&store, "observation_corrected");
    assert!(corrected.iter().any(|event| event["content"]["previous_value"] == 450.0), "{corrected:?}");
    let slept = recorded(&store).into_iter().find(|o| o["metric"] == "sleep_duration");
    assert_eq!(slept.unwrap()["value"], 450.0);
}

/// A day without a value is not a day of zero, and a zero that was measured is one.
#[test]
fn demand_03_missing_is_not_zero() {
    let store = Store::new(NOW);
    // A month without the days 3 to 7 before the last; on one day nobody walked.
    let steps = |n: u64| if n == 10 { 0.0 } else { 8_000.0 + (n % 5) as f64 };
    let lines = days("garmin", "steps", "steps", "2026-05-06", (0..30).filter(|n| !(3..8).contains(n)), steps);
    store.import(&[file(&store, "month.ndjson", lines)]);
    store.json(&["loop"]);
    assert_eq!(metric(&store, "steps")["days"], 25);
    let values: Vec<f64> = recorded(&store).iter().map(|o| o["value"].as_f64().unwrap()).collect();
    assert_eq!((values.len(), values.iter().filter(|value| **value == 0.0).count()), (25, 1));
    // No score is made of nothing, and it is said that nothing came.
    assert_eq!(events(&store, "day_scored").len(), 25);
    let today = store.json(&["today"]);
    assert_eq!((&today["score"], &today["newest_data"]), (&Value::Null, &json!("2026-05-06")));
    assert!(metric(&store, "resting_heart_rate").is_null(), "what was never measured has no value at all");
}

/// Tokyo, over the date line to Honolulu, and on to Auckland: each night has the date that the clock beside the bed showed.
#[test]
fn demand_04_travel_days_keep_their_local_day() {
    let store = Store::new(NOW);
    let slept = [
        // 2 May at 21:30 in UTC.
        ("2026-05-02T23:00:00+09:00", "2026-05-03T06:30:00+09:00", "2026-05-03"),
        // The third begins again: 3 May at 17:00 in UTC, and a second evening of it.
        ("2026-05-03T22:00:00-10:00", "2026-05-04T06:00:00-10:00", "2026-05-04"),
        // 5 May is lost to the date line; this wake is at 18:00 on the sixth in UTC.
        ("2026-05-06T22:30:00+12:00", "2026-05-07T06:00:00+12:00", "2026-05-07"),
    ];
    let line = |(from, to, _): &(&str, &str, &str)| {
        json!({ "metric": "sleep_duration", "value": 430, "unit": "min", "kind": "sleep", "start": from, "end": to })
            .to_string()
            + "\n"
    };
    store.import(&[file(&store, "nights.ndjson", slept.iter().map(line).collect::<String>())]);
    let days = || recorded(&store).iter().map(|o| o["day"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let expected: Vec<_> = slept.iter().map(|(_, _, day)| (*day).to_owned()).collect();
    assert_eq!(days(), expected);
    // Where home is moves no day that was told with its clock.
    store.json(&["profile", "set", "--home-zone", "Pacific/Honolulu"]);
    store.json(&["loop"]);
    assert_eq!(days(), expected);
    let sleep = metric(&store, "sleep_duration");
    assert_eq!((&sleep["days"], &sleep["newest_day"]), (&json!(3), &json!("2026-05-07")));
}

/// Files alone give scores, insights and a text, with no provider set up.
#[test]
fn demand_05_no_provider_is_needed() {
    let store = Store::new(NOW);
    store.import(&[file(&store, "export.zip", zipped(&Week::new().export(at(NOW))))]);
    store.json(&["loop"]);
    let providers = store.json(&["provider", "list"])["providers"].clone();
    assert!(providers.as_array().unwrap().iter().all(|provider| provider["set_up"] == false), "{providers}");
    assert!(store.json(&["today"])["score"].is_number());
    assert!(!store.json(&["insights"]).as_array().unwrap().is_empty());
    assert!(store.text(&["narrative"]).contains("readiness score"));
}

/// A provider that does not answer, and one that takes its access back, takes nothing away that its own export has brought.
async fn demand_05_a_provider_that_is_gone_changes_nothing(place: &Place) {
    let fake = Fake::new(WHOOP);
    let live = live(place, &fake).await;
    let path = place.path("demands-export.zip");
    std::fs::write(&path, zipped(&Week::new().export(at(NOW)))).unwrap();
    let context = ReadContext { home_zone: chrono_tz::Tz::UTC, now: at(NOW) };
    let surveyed = live.engine.survey(&path, context, |_| ()).await.unwrap();
    live.engine.import(person(), &surveyed, context, &|_| ()).await.unwrap();
    let told = async || {
        live.engine.run_stages(person(), at(NOW), None, &|_, _| ()).await.unwrap();
        live.engine.views.catch_up().await.unwrap();
        let scores = live.engine.views.entities(person(), "day_score", None).await.unwrap();
        let scores: Vec<_> = scores.into_iter().map(|day| (day.entity_id, day.body)).collect();
        let insights = serde_json::to_value(live.engine.insights(person()).await.unwrap()).unwrap();
        (scores, insights, facts(&live, person()).await)
    };
    let before = told().await;
    assert_eq!(before.0.len(), 7);
    connect(&live, WHOOP).await;
    for fault in [CallFault::Unavailable("it was shut down"), CallFault::Forbidden, CallFault::GrantEnded] {
        fake.1.lock().unwrap().fault = Some(fault);
        assert!(live.sync(person(), WHOOP, now()).await.is_err());
        assert_eq!(told().await, before);
    }
}

/// An archive, and a file with a byte order mark, foreign line ends and a row that is refused.
#[test]
fn demand_06_originals_come_back_byte_for_byte() {
    let store = Store::new(NOW);
    let archive = zipped(&Week::new().export(at(NOW)));
    let row = "{\"metric\":\"steps\",\"value\":9000,\"unit\":\"steps\",\"start\":\"2026-05-01T12:00:00Z\"}";
    let lines = format!("\u{feff}{row}\r\n{}\r\n", row.replace("9000", "-1")).into_bytes();
    let reports = store.import(&[file(&store, "export.zip", &archive), file(&store, "steps.ndjson", &lines)]);
    let last = reports.last().unwrap();
    assert_eq!((count(last, "accepted"), count(last, "rejected")), (1, 1));
    // They come from the store and from nowhere else.
    for name in ["export.zip", "steps.ndjson"] {
        std::fs::remove_file(store.path(name)).unwrap();
    }
    let folder = store.path("back");
    let told = store.json(&["export", &folder.display().to_string()]);
    assert_eq!((&told["originals"], &told["unreadable"]), (&json!(2), &json!([])));
    for (name, bytes) in [("export.zip", archive), ("steps.ndjson", lines)] {
        let mut kept = std::fs::read_dir(folder.join("originals")).unwrap().map(|entry| entry.unwrap().path());
        let kept = kept.find(|path| path.display().to_string().ends_with(name)).unwrap();
        assert!(std::fs::read(kept).unwrap() == bytes, "{name}");
    }
}

/// The history of 75 days is fetched backwards in parts of 30, is whole after half a year of silence, and is not asked for again.
async fn demand_07_history_says_when_it_is_complete_and_only_gaps_are_fetched(place: &Place) {
    let fake = Fake::new(WHOOP);
    let live = live(place, &fake).await;
    connect(&live, WHOOP).await;
    fake.1.lock().unwrap().began = Some(now() - TimeDelta::days(75));
    // What was asked since the last look, in days before now.
    let asked = || {
        let wanted = std::mem::take(&mut fake.1.lock().unwrap().wanted);
        let ago = |wanted: Wanted| match wanted {
            Wanted::Window { from, to } => ((now() - from).num_days(), (now() - to).num_days()),
            Wanted::Record { .. } => panic!("nobody named a record"),
        };
        wanted.into_iter().map(ago).collect::<Vec<_>>()
    };
    let complete = async || live.connections.list(Some(person())).await.unwrap()[0].reach.complete;
    live.sync(person(), WHOOP, now()).await.unwrap();
    assert_eq!(asked(), [(30, 0)]);
    for part in [(60, 30), (90, 60)] {
        live.backfill(person(), WHOOP, now()).await.unwrap();
        assert_eq!((asked(), complete().await), (vec![part], false));
    }
    live.backfill(person(), WHOOP, now()).await.unwrap();
    assert_eq!(asked(), [(120, 90), (150, 120), (180, 150), (210, 180), (240, 210), (270, 240)]);
    assert!(complete().await);
    // What is there is not asked for again; what is new is, with the days that may have changed since.
    live.backfill(person(), WHOOP, now()).await.unwrap();
    assert_eq!(asked(), []);
    live.sync(person(), WHOOP, now() + TimeDelta::days(1)).await.unwrap();
    assert_eq!(asked(), [(7, -1)]);
    assert!(complete().await);
}

/// The answer to why a score is what it is leads to the file and the row of each value.
#[test]
fn demand_08_a_score_names_where_it_came_from() {
    let store = Store::new(NOW);
    let of = |provider: &str, metric: &str, unit: &str, value: f64| {
        days(provider, metric, unit, "2026-05-10", 0..3, |_| value)
    };
    store.import(&[
        file(&store, "watch.ndjson", of("garmin", "steps", "steps", 8_000.0)),
        file(&store, "band.ndjson", of("whoop", "resting_heart_rate", "bpm", 55.0)),
    ]);
    store.json(&["loop"]);
    let why = store.json(&["why", "2026-05-09"]);
    let mut rows: Vec<_> = why["rows"].as_array().unwrap().clone();
    rows.sort_by_key(|row| row["metric"].to_string());
    // The second line of each file is the day before the last.
    let row = |metric: &str, value: f64, source: &str, file: &str| json!({ "day": "2026-05-09", "metric": metric, "value": value, "source": source, "file": file, "row": 2 });
    let pulse = row("resting_heart_rate", 55.0, "WHOOP", "band.ndjson");
    assert_eq!(rows, [pulse, row("steps", 8_000.0, "Garmin", "watch.ndjson")], "{why:#}");
    assert_eq!(why["evidence"]["sources"].as_array().unwrap().len(), 2);
    assert!(why["events"].as_array().unwrap().iter().any(|event| event["type"] == "day_scored"));
}

/// A phone's SDNN and a band's RMSSD of the same days stand beside each other, and what takes RMSSD takes no other.
#[test]
fn demand_12_sdnn_never_becomes_rmssd() {
    let store = Store::new(NOW);
    let record = |day: u32| {
        format!(
            "<Record type=\"HKQuantityTypeIdentifierHeartRateVariabilitySDNN\" sourceName=\"Watch\" unit=\"ms\" \
             creationDate=\"2026-05-{day:02} 08:01:00 +0200\" startDate=\"2026-05-{day:02} 08:00:00 +0200\" \
             endDate=\"2026-05-{day:02} 08:01:00 +0200\" value=\"43.5\"/>\n"
        )
    };
    let records: String = (1..=10).map(record).collect();
    let export = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<HealthData locale=\"en_DE\">\n\
         <ExportDate value=\"2026-05-10 12:00:00 +0200\"/>\n{records}</HealthData>\n"
    );
    store.import(&[file(&store, "export.xml", export)]);
    store.json(&["loop"]);
    assert_eq!(metric(&store, "hrv_sdnn")["days"], 10);
    assert!(metric(&store, "hrv_rmssd").is_null());
    let today = store.json(&["today"]);
    let band = today["context"].as_array().unwrap().iter().find(|shown| shown["key"] == "hrv_band").unwrap();
    assert!(band["n"] == 0 && band["missing"].is_string(), "{band}");

    store.import(&[file(&store, "band.ndjson", days("whoop", "hrv_rmssd", "ms", "2026-05-10", 0..2, |_| 61.5))]);
    let told = ["hrv_sdnn", "hrv_rmssd"].map(|key| metric(&store, key));
    assert_eq!(told.each_ref().map(|metric| metric["days"].as_u64().unwrap()), [10, 2]);
    assert_eq!(told.each_ref().map(|metric| metric["newest_value"].as_f64().unwrap()), [43.5, 61.5]);
}

/// How many facts are known of a person.
async fn facts(live: &Live, person: PersonId) -> usize {
    live.engine.views.catch_up().await.unwrap();
    live.engine.views.observations(person, candor::domain::day::LocalDay::FIRST).await.unwrap().len()
}

fn notice(delivery: &str, happened: Happened) -> Notice {
    Notice { delivery: delivery.to_owned(), account: "10129".to_owned(), happened }
}

fn one_night(id: &str, day: u32) -> Vec<u8> {
    let (from, to) = (format!("2026-02-{day:02}T21:00:00Z"), format!("2026-02-{:02}T05:00:00Z", day + 1));
    sleeps(&[night(id, &from, &to, "+01:00", &to, 27_000_000)]).into_bytes()
}

fn push(id: &str, day: u32) -> Pushed {
    let mut document = tempfile::spooled_tempfile(1 << 20);
    document.write_all(&one_night(id, day)).unwrap();
    document.rewind().unwrap();
    Pushed { account: "10129".to_owned(), document }
}

async fn demand_14_what_is_disconnected_takes_nothing_more(place: &Place) {
    let fake = Fake::new(WHOOP);
    let live = live(place, &fake).await;
    connect(&live, WHOOP).await;
    for (id, day) in [("a", 10), ("b", 12)] {
        fake.1.lock().unwrap().records.insert(id.to_owned(), one_night(id, day));
    }
    live.record(person(), WHOOP, ("sleep", "a"), now()).await.unwrap();
    let known = facts(&live, person()).await;
    assert!(known > 0);

    live.disconnect(person(), WHOOP, Brought::Kept, now()).await.unwrap();
    let calls = fake.1.lock().unwrap().calls;
    let refused = [
        live.sync(person(), WHOOP, now()).await,
        live.backfill(person(), WHOOP, now()).await,
        live.record(person(), WHOOP, ("sleep", "b"), now()).await,
    ];
    for answer in refused {
        assert!(matches!(answer, Err(LiveError::NotConnected(_))), "{answer:?}");
    }
    let changed = Happened::Changed { kind: "sleep".to_owned(), id: "b".to_owned() };
    assert_eq!(live.take_notice(WHOOP, &notice("1", changed), now()).await.unwrap(), Noticed::Stranger);
    assert_eq!(live.take_push(WHOOP, push("b", 12), now()).await.unwrap(), Noticed::Stranger);
    assert_eq!(fake.1.lock().unwrap().calls, calls, "it is not even asked");
    assert_eq!(facts(&live, person()).await, known, "what it brought stays, and nothing comes to it");
}

/// Two persons of one household, one account: it is the first one's until they let go of it.
async fn demand_15_two_persons_never_share_an_account(place: &Place) {
    let fake = Fake::new(WHOOP);
    let live = live(place, &fake).await;
    connect(&live, WHOOP).await;
    let second = PersonId::new(Uuid::from_u128(9));
    live.engine.register(second, now()).await.unwrap();
    let try_to_connect = async || {
        let begun = live.begin(second, WHOOP, now()).await.unwrap();
        let state = state_of(&begun.url);
        let back = Returning { state: &state, browser: &begun.browser, code: Some("good"), scope: None };
        live.complete(WHOOP, back, now()).await
    };
    assert!(matches!(try_to_connect().await, Err(LiveError::OtherPerson)));
    assert_eq!(live.take_push(WHOOP, push("a", 10), now()).await.unwrap(), Noticed::Taken);
    assert_eq!(facts(&live, person()).await, 0, "it is kept, and not read yet");
    let original = async |of: PersonId, id: &str, day: u32| {
        let digest = Digest::of(std::str::from_utf8(&one_night(id, day)).unwrap());
        live.engine.originals.name(of, &hex(digest.as_bytes())).await.unwrap()
    };
    live.pushed(person(), WHOOP, &original(person(), "a", 10).await, now()).await.unwrap();
    let first = facts(&live, person()).await;
    assert!(first > 0);
    assert_eq!(facts(&live, second).await, 0);

    live.disconnect(person(), WHOOP, Brought::Kept, now()).await.unwrap();
    assert_eq!(try_to_connect().await.unwrap(), second);
    assert_eq!(live.take_push(WHOOP, push("b", 12), now()).await.unwrap(), Noticed::Taken);
    let theirs = original(second, "b", 12).await;
    assert_ne!(theirs, original(person(), "b", 12).await, "its name says nothing to others");
    assert!(live.pushed(person(), WHOOP, &theirs, now()).await.is_err(), "it is the other's");
    live.pushed(second, WHOOP, &theirs, now()).await.unwrap();
    assert_eq!((facts(&live, person()).await, facts(&live, second).await > 0), (first, true));
}

on_both!(
    demand_05_a_provider_that_is_gone_changes_nothing,
    demand_07_history_says_when_it_is_complete_and_only_gaps_are_fetched,
    demand_14_what_is_disconnected_takes_nothing_more,
    demand_15_two_persons_never_share_an_account,
);

/// A day of Garmin that lies in a folder is taken, and nothing here could send a password to Garmin.
#[test]
fn pain_17_garmin_files_need_no_password() {
    let store = Store::new(NOW);
    let folder = store.path("inbox");
    std::fs::create_dir_all(&folder).unwrap();
    let watching = Watching::start(&store, &folder);
    let day = json!({ "dailies": [{ "userId": "u", "summaryId": "d", "calendarDate": "2026-05-09", "steps": 9000,
        "startTimeInSeconds": 1_778_277_600, "startTimeOffsetInSeconds": 7200, "durationInSeconds": 86_400 }] });
    std::fs::rename(file(&store, "garmin.json", day.to_string()), folder.join("garmin.json")).unwrap();
    let (name, accepted) = watching.next();
    assert_eq!(name, "garmin.json");
    assert!(accepted > Some(0));
    assert_eq!(watching.interrupt(), Some(0));
    let steps = metric(&store, "steps");
    assert_eq!((&steps["newest_value"], &steps["source"]), (&json!(9_000.0), &json!("Garmin")));

    let help = store.text(&["provider", "connect", "--help"]).to_lowercase();
    assert!(help.contains("garmin"));
    for word in ["password", "login", "mfa", "e-mail"] {
        assert!(!help.contains(word), "{help}");
    }
    let (mut left, mut read) = (vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))], 0);
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).to_lowercase();
        let both = |line: &str| line.contains("garmin") && line.contains("password");
        assert!(!text.contains("sso.garmin") && !text.lines().any(both), "{}", path.display());
        read += 1;
    }
    assert!(read > 100);
}
