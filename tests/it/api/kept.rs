//! Answers that are kept: the same until the log moves on, named so that a client need not take them twice.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use candor::api::Access;
use serde_json::json;

use super::{Answer, Server};
use crate::support::Place;

const KEPT: [&str; 9] = [
    "/insights",
    "/insights/daily",
    "/today",
    "/days",
    "/days?since=2026-03-01",
    "/metrics",
    "/metrics/summaries",
    "/narratives/daily",
    "/watch/summary",
];

async fn unless(server: &Server, path: &str, etag: &str) -> Answer {
    let request = Request::get(format!("/api/v1{path}")).header(header::IF_NONE_MATCH, etag);
    server.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_sent_again_only_once_it_is_another() {
    let server = Server::with_story().await;
    for path in KEPT {
        let first = server.get(path).await;
        let etag = first.headers[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(first.headers[header::CACHE_CONTROL], "no-store", "{path}");
        let again = server.get(path).await;
        assert_eq!((&again.text, again.headers[header::ETAG].to_str().unwrap()), (&first.text, &*etag), "{path}");
        for named in
            [etag.clone(), format!("\"other\", {etag}"), etag.trim_start_matches("W/").to_owned(), "*".to_owned()]
        {
            let answer = unless(&server, path, &named).await;
            assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NOT_MODIFIED, ""), "{path} {named}");
            assert_eq!(answer.headers[header::ETAG], etag.as_str());
        }
        assert_eq!(unless(&server, path, "\"other\"").await.status, StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_just_said_is_in_the_next_answer() {
    let server = Server::with_story().await;
    let before = server.get("/insights").await;
    let etag = before.headers[header::ETAG].to_str().unwrap().to_owned();
    let id = before.json()[0]["id"].as_str().unwrap().to_owned();
    server.json("PUT", &format!("/insights/{id}/feedback"), &json!({ "feedback": "useful" })).await;
    let after = unless(&server, "/insights", &etag).await;
    assert_eq!((after.status, &after.json()[0]["feedback"]), (StatusCode::OK, &json!("useful")));
    // Whoever writes beside this process is seen too.
    let engine = server.place.engine_over(server.place.log().await).await;
    let now = server.service.now();
    engine.give_feedback(super::person(), &id, candor::domain::feedback::Feedback::NotMe, now).await.unwrap();
    assert_eq!(server.get("/insights").await.ok()[0]["feedback"], "not_me");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_day_that_ends_ends_what_was_kept_of_it() {
    let mut server = Server::with_story().await;
    assert_eq!(server.get("/today").await.ok()["day"], "2026-04-06");
    let tomorrow = "2026-04-07T00:00:00Z".parse().unwrap();
    server.at(tomorrow);
    assert_eq!(server.get("/today").await.ok()["day"], "2026-04-07");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn summaries_say_of_how_many_days_they_are() {
    let server = Server::with_story().await;
    let all = server.get("/metrics/summaries").await.ok();
    let sleep = all.as_array().unwrap().iter().find(|summary| summary["metric_key"] == "sleep_duration").unwrap();
    let last = &sleep["days_7"]["last"];
    let mine = server.get("/observations?metric=sleep_duration&limit=7").await.ok();
    let nights = mine["observations"].as_array().unwrap();
    assert_eq!(&nights[0]["day"], last, "up to the newest day with data");
    let values: Vec<f64> = nights.iter().map(|night| night["value"].as_f64().unwrap()).collect();
    let mean = (values.iter().sum::<f64>() / 7.0).round();
    assert_eq!((sleep["days_7"]["mean"].as_f64().unwrap(), &sleep["days_7"]["days"]), (mean, &json!(7)));
    assert_eq!(sleep["weeks"].as_array().unwrap().len(), 12);
    assert_eq!(sleep["weeks"][11], sleep["days_7"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn measurements_come_in_pages_that_hold_each_once() {
    pages(Server::with_story().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn measurements_come_in_the_same_pages_on_postgres() {
    let Some(place) = Place::postgres().await else { return };
    let server = Server::over(place, Access::Public(super::person())).await;
    let input = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/sleep_decline/input.ndjson"));
    server.upload("nights.ndjson", input.unwrap()).await.ok();
    pages(server).await;
}

async fn pages(server: Server) {
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = server.get(&format!("/observations?since=2026-03-01&limit=20{cursor}")).await.ok();
        for row in page["observations"].as_array().unwrap() {
            seen.push((row["day"].as_str().unwrap().to_owned(), row["metric_key"].clone(), row["start"].clone()));
        }
        pages += 1;
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let all = server.service.engine.views.observations(super::person(), "2026-03-01".parse().unwrap()).await.unwrap();
    assert_eq!(seen.len(), all.len());
    assert!(pages > 1 && seen.is_sorted_by(|a, b| a.0 >= b.0), "the newest first");
    let distinct: std::collections::BTreeSet<String> = seen.iter().map(|row| format!("{row:?}")).collect();
    assert_eq!(distinct.len(), seen.len());
    let foreign = server.get(&format!("/observations?since=2026-03-02&limit=20{cursor}")).await;
    assert_eq!(foreign.json()["errors"][0]["field"], "cursor", "a cursor is of its own list");
    assert_eq!(server.get("/observations?metric=nothing").await.json()["errors"][0]["field"], "metric");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_at_once_are_answered_alike_and_none_with_what_was_before() {
    let server = Server::with_story().await;
    let id = server.get("/insights").await.ok()[0]["id"].as_str().unwrap().to_owned();
    for word in ["useful", "not_me", "wrong", "useful"] {
        let said = json!({ "feedback": word });
        let (path, _) = (format!("/insights/{id}/feedback"), server.get("/insights").await);
        // Some ask while it is said: they may have either, and whoever asks after it has the new one.
        let (done, ..) =
            tokio::join!(server.json("PUT", &path, &said), server.get("/insights"), server.get("/insights"));
        assert!(done.status.is_success(), "{done:?}");
        let (a, b, c) = tokio::join!(server.get("/insights"), server.get("/insights"), server.get("/insights"));
        assert_eq!((&a.text, &b.text), (&b.text, &c.text));
        assert_eq!(a.json()[0]["feedback"], word);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baselines_evaluations_and_safety_are_read_back() {
    let server = Server::with_story().await;
    let baselines = server.get("/baselines").await.ok();
    let baseline = &baselines[0];
    let why = server.get(&format!("/why/{}", baseline["insight_id"].as_str().unwrap())).await.ok();
    assert_eq!(why["evidence"]["metric_key"], baseline["metric_key"]);
    assert_eq!(server.get("/evaluations").await.ok(), json!([]));
    server.json("POST", "/checkins", &json!({ "symptoms": ["fainting"] })).await.ok();
    let safety = server.get("/safety").await.ok();
    assert_eq!(
        (&safety["standing"][0]["rule"], &safety["allows"]["analysis"]),
        (&json!("red_flag_symptom"), &json!(false))
    );
    assert_eq!(server.get("/baselines").await.ok(), json!([]), "nothing is analysed beside it");
}
