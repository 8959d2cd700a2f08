//! Garmin's past: asked for once, sent by Garmin when it likes, and never called whole.

use std::sync::Arc;

use candor::domain::provider::Provider;
use candor::engine::live::Live;
use candor::engine::live::history::History;
use candor::engine::ports::connections::Connection;
use candor::providers::garmin::client::GarminApi;
use candor::providers::http::Client;
use chrono::{DateTime, TimeDelta};
use serde_json::json;

use super::fake::Fake;
use super::recorded::{self, Recording, Served, answers};
use super::{connect, live, now, person};
use crate::support::{Place, on_both};

const GARMIN: Provider = Provider::Garmin;

/// The person's account at a Garmin that gives these answers to what is asked after the tokens and the account.
async fn connected(place: &Place, allowed: &str, later: Vec<Recording>) -> (Live, Served) {
    let mut live = live(place, &Fake::new(GARMIN)).await;
    let tokens = json!({ "access_token": "a", "refresh_token": "r", "expires_in": 86_400 }).to_string();
    let first = [tokens.as_str(), r#"{"userId":"10129"}"#, allowed].map(|body| answers(200, &[], body));
    let (base, served) = recorded::serve(first.into_iter().chain(later).collect()).await;
    let api = GarminApi::new(Client::new().unwrap(), base.clone(), recorded::application(&base));
    live.apis.insert(GARMIN, Arc::new(api));
    connect(&live, GARMIN).await;
    served.0.lock().unwrap().1.clear();
    (live, served)
}

async fn connection(live: &Live) -> Connection {
    live.connections.list(Some(person())).await.unwrap().remove(0)
}

async fn the_past_is_asked_for_once_and_what_has_come_is_told_apart(place: &Place) {
    let all = r#"{"permissions":["HEALTH_EXPORT","ACTIVITY_EXPORT","HISTORICAL_DATA_EXPORT"]}"#;
    let (live, served) = connected(place, all, vec![answers(202, &[], "")]).await;
    assert_eq!(live.past(&connection(&live).await).await.unwrap(), History::default());
    for _ in 0..2 {
        live.backfill(person(), GARMIN, now()).await.unwrap();
    }
    let asked = served.0.lock().unwrap().1.clone();
    let span = |asked: &String| {
        let number = |name: &str| asked.split(name).nth(1).unwrap().split(['&', ' ']).next().unwrap().parse().unwrap();
        let of = |name: &str| DateTime::from_timestamp(number(name), 0).unwrap();
        let (from, to) = (of("summaryStartTimeInSeconds="), of("summaryEndTimeInSeconds="));
        ((now() - from).num_days(), (now() - to).num_days())
    };
    let of = |kind: &str| asked.iter().filter(|asked| asked.contains(kind)).map(span).collect::<Vec<_>>();
    for kind in ["dailies", "sleeps", "hrv", "stressDetails", "bodyComps"] {
        assert_eq!(of(kind), [(90, 0)], "{kind}, once");
    }
    assert_eq!(
        of("activities"),
        [(30, 0), (60, 30), (90, 60)],
        "Garmin takes no more than 30 days of activities at once"
    );

    let asked_since = Some(now() - TimeDelta::days(90));
    let past = live.past(&connection(&live).await).await.unwrap();
    assert_eq!(past, History { asked_since, ..History::default() }, "nothing has come, and nothing is called whole");
    let start: candor::domain::Instant = "2026-01-10T00:00:00Z".parse().unwrap();
    let body = json!({ "garmin_push": [], "dailies": [{
        "userId": "10129", "summaryId": "x", "startTimeInSeconds": start.timestamp(), "startTimeOffsetInSeconds": 0,
        "durationInSeconds": 86_400, "steps": 5,
    }] });
    let file = place.path("garmin-push.json");
    std::fs::write(&file, body.to_string()).unwrap();
    let context = candor::engine::ports::export::ReadContext { home_zone: chrono_tz::UTC, now: now() };
    let surveyed = live.engine.survey(&file, context, |_| ()).await.unwrap();
    live.engine.import(person(), &surveyed, context, &|_| ()).await.unwrap();
    let past = live.past(&connection(&live).await).await.unwrap();
    assert_eq!(past, History { asked_since, arrived_since: Some(start), ..History::default() });
}

async fn a_past_that_was_not_allowed_is_not_asked_for(place: &Place) {
    let (live, served) = connected(place, r#"["HEALTH_EXPORT"]"#, vec![answers(403, &[], "")]).await;
    let missing = live.missing(&connection(&live).await);
    let names: Vec<_> = missing.iter().map(|scope| scope.name).collect();
    assert_eq!(names, ["ACTIVITY_EXPORT", "HISTORICAL_DATA_EXPORT"]);
    let synced = live.backfill(person(), GARMIN, now()).await.unwrap();
    assert_eq!(synced.missing, missing);
    assert!(served.0.lock().unwrap().1.is_empty(), "it would be refused");
    assert_eq!(live.past(&connection(&live).await).await.unwrap(), History::default());
}

async fn where_garmin_does_not_say_what_was_allowed_all_is_asked_for(place: &Place) {
    let (live, served) = connected(place, r#"{"activityExport":true}"#, vec![answers(202, &[], "")]).await;
    assert!(live.missing(&connection(&live).await).is_empty());
    live.backfill(person(), GARMIN, now()).await.unwrap();
    assert_eq!(served.0.lock().unwrap().1.len(), 8);
}

on_both!(
    the_past_is_asked_for_once_and_what_has_come_is_told_apart,
    a_past_that_was_not_allowed_is_not_asked_for,
    where_garmin_does_not_say_what_was_allowed_all_is_asked_for,
);
