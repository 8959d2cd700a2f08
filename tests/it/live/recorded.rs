//! The clients against answers that were recorded from the providers themselves, headers and all, and against answers as the
//! documents of limits describe them.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use candor::domain::Instant;
use candor::domain::provider::Provider;
use candor::engine::ports::provider_api::{CallFault, Grant, Limit, Meter, ProviderApi, Wanted};
use candor::providers::http::{Base, Client};
use candor::providers::oauth::Application;
use candor::providers::strava::client::StravaApi;
use candor::providers::whoop::client::WhoopApi;
use candor::store::jobs::JobTables;
use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};

use super::now;
use crate::command::samples;
use crate::support::{Place, on_both};

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Recording {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Reads the one answer of a recording: a status, headers as a list each, a body in quotation marks.
fn recording(folder: &Path, name: &str) -> Recording {
    let text = std::fs::read_to_string(folder.join(format!("{name}.yml"))).unwrap();
    let answer = text.split_once("\n  response:\n").unwrap().1;
    let status = answer.lines().find_map(|line| line.trim().strip_prefix("code: ")).unwrap().parse().unwrap();
    let body = answer.split_once("      string: '").unwrap().1;
    let body = body.split("'\n").next().unwrap().trim().replace("''", "'");
    let lines: Vec<&str> = answer.split_once("    body:").unwrap().0.lines().collect();
    let headers = lines.windows(2).filter_map(|pair| {
        let name = pair[0].strip_prefix("      ")?.strip_suffix(':')?;
        let value = pair[1].trim().strip_prefix("- ")?.trim_matches('\'');
        let kept = name.to_lowercase().contains("ratelimit");
        (kept && !name.starts_with(' ')).then(|| (name.to_lowercase(), value.to_owned()))
    });
    Recording { status, headers: headers.collect(), body }
}

/// What a server was asked, and what it answers.
#[derive(Clone)]
pub(super) struct Served(pub(super) Arc<Mutex<(Vec<Recording>, Vec<String>)>>);

async fn answer(State(served): State<Served>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut state = served.0.lock().unwrap();
    let mut asked = format!("{} {}", parts.method, parts.uri);
    let agent = parts.headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    write!(asked, " {} [{agent}]", String::from_utf8_lossy(&body)).unwrap();
    state.1.push(asked);
    let next = if state.0.len() > 1 { state.0.remove(0) } else { state.0[0].clone() };
    let mut response = Response::new(Body::from(next.body));
    *response.status_mut() = StatusCode::from_u16(next.status).unwrap();
    for (name, value) in next.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        response.headers_mut().insert(name, HeaderValue::from_str(&value).unwrap());
    }
    response
}

/// A server on loopback that gives these answers one after the other, the last for ever.
pub(super) async fn serve(answers: Vec<Recording>) -> (Base, Served) {
    let served = Served(Arc::new(Mutex::new((answers, Vec::new()))));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Base::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let router = Router::new().fallback(answer).with_state(served.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (base, served)
}

pub(super) fn application(base: &Base) -> Application {
    Application {
        client_id: "24523".to_owned(),
        client_secret: SecretString::from("client-secret".to_owned()),
        authorise: base.clone(),
        token: base.clone(),
        scopes: &[],
        separator: ",",
        pkce: false,
        refresh_scope: None,
    }
}

pub(super) async fn strava(answers: Vec<Recording>) -> (StravaApi, Served) {
    let (base, served) = serve(answers).await;
    (StravaApi::new(Client::new().unwrap(), base.clone(), base.clone(), application(&base)), served)
}

pub(super) fn grant() -> Grant {
    Grant {
        access: SecretString::from("access-token".to_owned()),
        refresh: None,
        expires_at: now() + TimeDelta::hours(1),
        scopes: None,
        account: None,
    }
}

pub(super) async fn tables(place: &Place) -> JobTables {
    JobTables::open(&place.job_place()).await.unwrap()
}

const LIMITS: [Limit; 2] =
    [Limit { name: "15min", most: 100, seconds: 900 }, Limit { name: "day", most: 1_000, seconds: 86_400 }];

async fn strava_answers_as_it_did_when_it_was_recorded(place: &Place) {
    let Some(folder) = samples() else { return };
    let folder = folder.join("strava/samples/dblock-strava-ruby-client");
    let of = |name: &str| recording(&folder, name);
    let meter = tables(place).await;

    let (api, served) = strava(vec![of("token_refresh_token")]).await;
    let at: Instant = "2018-11-22T22:31:57Z".parse().unwrap();
    let renewed = api.refresh(&SecretString::from("refresh-token".to_owned()), at).await.unwrap();
    assert_eq!(renewed.access.expose_secret(), "new-access-token");
    assert_eq!(renewed.refresh.unwrap().expose_secret(), "new-refresh-token");
    assert_eq!(renewed.expires_at, at + TimeDelta::seconds(14_282));
    let asked = served.0.lock().unwrap().1.remove(0);
    for part in
        ["client_id=24523", "client_secret=client-secret", "grant_type=refresh_token", "refresh_token=refresh-token"]
    {
        assert!(asked.contains(part), "{asked}");
    }
    assert!(asked.starts_with("POST /") && asked.contains("[candor/"), "{asked}");

    let (api, _) = strava(vec![of("token_invalid_code")]).await;
    let bad = api.exchange("code", "verifier", "http://127.0.0.1/back", at).await;
    assert!(matches!(bad, Err(CallFault::GrantEnded)), "{bad:?}");

    let one = Wanted::Record { kind: "activity".to_owned(), id: "1946417534".to_owned() };
    let (api, _) = strava(vec![of("authorization_error")]).await;
    assert_eq!(api.fetch(&grant(), &one, &meter, at).await.unwrap_err(), CallFault::Unauthorised);
    let (api, _) = strava(vec![of("not_found_error")]).await;
    assert_eq!(api.fetch(&grant(), &one, &meter, at).await.unwrap_err(), CallFault::NotFound);

    // 429 with 600 of 600 and 30,000 of 30,000 used: the day is used up, and nothing is asked until it ends.
    let (api, served) = strava(vec![of("activity_with_ratelimit_exceeded")]).await;
    let midnight: Instant = "2018-11-26T00:00:00Z".parse().unwrap();
    let at: Instant = "2018-11-25T13:45:45Z".parse().unwrap();
    assert_eq!(api.fetch(&grant(), &one, &meter, at).await.unwrap_err(), CallFault::NotYet { until: midnight });
    for hours in 1..10 {
        let later = at + TimeDelta::hours(hours);
        assert_eq!(api.fetch(&grant(), &one, &meter, later).await.unwrap_err(), CallFault::NotYet { until: midnight });
    }
    assert_eq!(served.0.lock().unwrap().1.len(), 1, "who said no is not asked again");

    let (api, served) = strava(vec![of("deauthorize")]).await;
    // Though no call is left.
    api.revoke(&grant()).await.unwrap();
    assert!(served.0.lock().unwrap().1[0].starts_with("POST /"));
}

async fn pain_13_a_budget_is_shared_and_begins_anew(place: &Place) {
    let (one, other) = (tables(place).await, tables(place).await);
    let at: Instant = "2026-03-01T12:07:00Z".parse().unwrap();
    let (mut taken, mut until) = (0, None);
    for call in 0..150 {
        let meter: &dyn Meter = if call % 2 == 0 { &one } else { &other };
        match meter.take(Provider::Strava, &LIMITS, at).await {
            Ok(()) => taken += 1,
            Err(CallFault::NotYet { until: at }) => until = Some(at),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((taken, until), (100, Some("2026-03-01T12:15:00Z".parse().unwrap())));
    assert!(one.take(Provider::Whoop, &LIMITS, at).await.is_ok(), "another provider has its own");
    for quarter in 1..10 {
        let later = at + TimeDelta::minutes(15 * quarter);
        for _ in 0..100 {
            other.take(Provider::Strava, &LIMITS, later).await.unwrap();
        }
    }
    // A thousand in a day, whatever the quarters say.
    let spent = one.take(Provider::Strava, &LIMITS, at + TimeDelta::hours(5)).await;
    assert_eq!(spent, Err(CallFault::NotYet { until: "2026-03-02T00:00:00Z".parse().unwrap() }));
    assert!(one.take(Provider::Strava, &LIMITS, at + TimeDelta::hours(12)).await.is_ok());
}

pub(super) fn answers(status: u16, headers: &[(&str, &str)], body: &str) -> Recording {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Recording { status, headers, body: body.to_owned() }
}

pub(super) async fn whoop(recordings: Vec<Recording>) -> (WhoopApi, Served) {
    let (base, served) = serve(recordings).await;
    (WhoopApi::new(Client::new().unwrap(), base.clone(), application(&base)), served)
}

async fn pain_01_an_endpoint_that_is_gone_is_never_an_empty_success(place: &Place) {
    let meter = tables(place).await;
    let window = Wanted::Window { from: now() - TimeDelta::days(7), to: now() };
    // As version 1 was: cycles are there, everything else is not.
    let empty = answers(200, &[], r#"{"records":[]}"#);
    let (api, _) = whoop(vec![empty.clone(), answers(404, &[], "")]).await;
    let fault = api.fetch(&grant(), &window, &meter, now()).await.unwrap_err();
    assert!(matches!(fault, CallFault::Unreadable(_)), "{fault:?}");
    // Answers that are no answers.
    for body in ["", "[]", "<html>", r#"{"data":[]}"#, r#"{"records":[{"id":"not a number"}]}"#] {
        let (api, _) = whoop(vec![answers(200, &[], body), empty.clone()]).await;
        let fault = api.fetch(&grant(), &window, &meter, now()).await;
        assert!(matches!(fault, Err(CallFault::Unreadable(_))), "{body}: {fault:?}");
    }
    let (api, _) = whoop(vec![answers(302, &[("location", "http://127.0.0.1:1/")], "")]).await;
    assert!(matches!(api.fetch(&grant(), &window, &meter, now()).await, Err(CallFault::Unreadable(_))), "no redirect");
    let (api, _) = whoop(vec![empty]).await;
    let fetched = api.fetch(&grant(), &window, &meter, now()).await.unwrap();
    assert_eq!((fetched.document, fetched.records), (None, 0), "nothing here is told as nothing here");
}

async fn pain_04_pages_are_asked_for_by_the_name_that_whoop_takes_and_come_to_an_end(place: &Place) {
    let meter = tables(place).await;
    let window = Wanted::Window { from: now() - TimeDelta::days(7), to: now() };
    let page = |token: &str| answers(200, &[], &format!(r#"{{"records":[],"next_token":"{token}"}}"#));
    let (api, served) = whoop(vec![page("one"), page("two"), answers(200, &[], r#"{"records":[]}"#)]).await;
    api.fetch(&grant(), &window, &meter, now()).await.unwrap();
    let asked = served.0.lock().unwrap().1.clone();
    assert!(asked[1].contains("nextToken=one") && asked[2].contains("nextToken=two"), "{asked:?}");
    assert!(
        asked[0].contains("limit=25&start=2026-02-22T12%3A00%3A00.000Z&end=2026-03-01T12%3A00%3A00.000Z"),
        "{asked:?}"
    );
    let (api, _) = whoop(vec![page("same")]).await;
    assert!(matches!(api.fetch(&grant(), &window, &meter, now()).await, Err(CallFault::Unreadable(_))));
}

async fn whoop_says_in_seconds_when_to_come_back(place: &Place) {
    let meter = tables(place).await;
    let window = Wanted::Window { from: now() - TimeDelta::days(7), to: now() };
    let limited = [
        ("x-ratelimit-limit", "100, 100;window=60, 10000;window=86400"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "37"),
    ];
    let (api, served) = whoop(vec![answers(429, &limited, "")]).await;
    let after = Some(Duration::from_secs(37));
    assert_eq!(api.fetch(&grant(), &window, &meter, now()).await.unwrap_err(), CallFault::Limited { after });
    let fault = api.fetch(&grant(), &window, &meter, now() + TimeDelta::seconds(5)).await.unwrap_err();
    assert_eq!(fault, CallFault::NotYet { until: now() + TimeDelta::seconds(60) }, "others of this server wait too");
    assert_eq!(served.0.lock().unwrap().1.len(), 1);
}

on_both!(
    strava_answers_as_it_did_when_it_was_recorded,
    pain_13_a_budget_is_shared_and_begins_anew,
    pain_01_an_endpoint_that_is_gone_is_never_an_empty_success,
    pain_04_pages_are_asked_for_by_the_name_that_whoop_takes_and_come_to_an_end,
    whoop_says_in_seconds_when_to_come_back,
);
