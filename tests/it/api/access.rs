//! Who may do what: every operation by every kind of caller. An operation without a row is a failure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use candor::api::{self, Access};
use candor::domain::account::{AccountName, Role};
use candor::domain::person::PersonId;
use candor::engine::identity::{AccessTokens, Cost, Identity, Limits, SigningKey};
use candor::store::accounts::AccountTables;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Answer, NOW, Server, person};
use crate::support::{Place, entropy};

const PASSWORD: &str = "a horse, a kettle and a lamp";

/// A job that nobody has.
const NO_JOB: &str = "00000000-0000-0000-0000-000000000001";

/// What each kind of caller is answered: the owner, another person, a reviewer, an operator, a device that may bring
/// measurements in, a watch that may read the summary, nobody.
type Row = (&'static str, &'static str, Option<Value>, [u16; 7]);

/// Where `{...}` stands, the id of a thing of the owner's is put.
fn rows() -> Vec<Row> {
    let wish = json!({ "intervention": "regular_bedtime", "start": "2026-04-06", "seed": 7 });
    let owners = [200, 200, 403, 403, 403, 403, 401];
    let owners_thing = [200, 404, 403, 403, 403, 403, 401];
    let owners_change = [204, 404, 403, 403, 403, 403, 401];
    let nothing_yet = [404, 404, 403, 403, 403, 403, 401];
    let signed = [200, 200, 200, 200, 403, 403, 401];
    vec![
        ("post", "/auth/login", Some(json!({ "name": "owner@example.org", "password": "wrong" })), [401; 7]),
        ("post", "/auth/refresh", Some(json!({ "refresh_token": "cr_wrong" })), [401; 7]),
        ("post", "/auth/password/one-time", Some(json!({ "one_time_token": "co_x", "new": PASSWORD })), [401; 7]),
        ("post", "/auth/logout", None, [204, 204, 204, 204, 403, 403, 401]),
        ("get", "/auth/sessions", None, signed),
        ("delete", "/auth/sessions/{session}", None, [204, 404, 404, 404, 403, 403, 401]),
        (
            "post",
            "/auth/password",
            Some(json!({ "old": PASSWORD, "new": "short" })),
            [422, 422, 422, 422, 403, 403, 401],
        ),
        ("get", "/devices", None, signed),
        (
            "post",
            "/devices",
            Some(json!({ "label": "watch", "scopes": ["summary_read"] })),
            [201, 201, 201, 201, 403, 403, 401],
        ),
        ("delete", "/devices/{device}", None, [204, 404, 404, 404, 403, 403, 401]),
        ("get", "/me", None, signed),
        ("post", "/me/export", None, owners),
        ("post", "/me/erasure", Some(json!({ "confirm": "no" })), [422, 422, 403, 403, 403, 403, 401]),
        ("get", "/today", None, owners),
        ("get", "/days", None, owners),
        ("get", "/watch/summary", None, [200, 200, 403, 403, 403, 200, 401]),
        ("get", "/metrics", None, owners),
        ("get", "/metrics/summaries", None, owners),
        ("get", "/baselines", None, owners),
        ("get", "/evaluations", None, owners),
        ("get", "/safety", None, owners),
        ("get", "/insights/daily", None, owners),
        ("post", "/insights/context", Some(json!({ "event_type": "travel" })), owners),
        ("post", "/insights/evaluate", Some(json!({ "question": "How do I sleep?" })), owners),
        ("get", "/me/objectives", None, owners),
        ("post", "/me/objectives", Some(json!({ "goal": "sleep" })), owners),
        ("delete", "/me/objectives/{objective}", None, owners_change),
        ("get", "/observations", None, owners),
        ("get", "/activities", None, owners),
        ("get", "/activities/weeks", None, owners),
        ("get", "/activities/{activity}", None, owners_thing),
        ("get", "/activities/{activity}/streams", None, owners_thing),
        ("get", "/insights", None, owners),
        ("put", "/insights/{insight}/feedback", Some(json!({ "feedback": "useful" })), owners_change),
        ("get", "/why/{insight}", None, owners_thing),
        ("get", "/narratives/daily", None, owners_thing),
        ("get", "/audit/", None, owners),
        ("get", "/audit/entity?entity_type=insight&entity_id={insight}", None, owners_thing),
        ("get", "/experiments", None, owners),
        ("post", "/experiments", Some(wish), [200, 200, 403, 403, 403, 403, 401]),
        ("get", "/experiments/{experiment}", None, owners_thing),
        (
            "post",
            "/experiments/{experiment}/adherence",
            Some(json!({ "days": ["2026-04-06"], "said": "done" })),
            owners_change,
        ),
        ("post", "/experiments/{experiment}/stop", Some(json!({ "reason": "enough" })), owners_change),
        ("get", "/reviews", None, owners),
        (
            "post",
            "/reviews/{insight}/decision",
            Some(json!({ "decision": "keep", "reason": "looked at" })),
            [403, 403, 403, 403, 403, 403, 401],
        ),
        ("get", "/interventions", None, owners),
        ("put", "/interventions/{suggestion}/accepted", None, owners_change),
        ("put", "/interventions/{suggestion}/declined", None, owners_change),
        ("get", "/me/profile", None, owners),
        ("patch", "/me/profile", Some(json!({ "height_cm": 180 })), owners),
        ("get", "/me/consents", None, owners),
        ("put", "/me/consents/narrative_by_model", None, owners),
        ("delete", "/me/consents/narrative_by_model", None, owners),
        ("post", "/checkins", Some(json!({ "mood": 3 })), owners),
        (
            "post",
            "/observations",
            Some(json!({ "observations": [{ "metric": "steps", "value": 1, "unit": "steps", "start": NOW }] })),
            [200, 200, 403, 403, 200, 403, 401],
        ),
        ("post", "/imports?name=none.csv", None, [422, 422, 403, 403, 422, 403, 401]),
        ("get", "/imports", None, owners),
        ("get", "/imports/{import}/rejections", None, owners_thing),
        ("get", "/imports/{import}/original", None, owners_thing),
        ("get", "/providers", None, owners),
        ("post", "/providers/whoop/connect", None, nothing_yet),
        ("get", "/providers/whoop/callback", None, [403; 7]),
        ("post", "/providers/whoop/sync", None, nothing_yet),
        ("delete", "/providers/whoop?data=keep", None, nothing_yet),
        ("get", "/jobs", None, owners),
        ("get", "/job_runs", None, owners),
        ("get", "/job_dead_letters", None, owners),
        ("post", "/job_dead_letters/00000000-0000-0000-0000-000000000001/replay", None, nothing_yet),
        ("post", "/loop", None, owners),
        ("get", "/system/status", None, signed),
        // Providers sign, or know an address; who is signed in here does not matter, and none is set up.
        ("post", "/webhooks/whoop", Some(json!({})), [404; 7]),
        ("post", "/webhooks/garmin/guessed", Some(json!({})), [404; 7]),
        ("get", "/webhooks/garmin/guessed?hub.mode=subscribe", None, [404; 7]),
    ]
}

/// Where an operation lies.
fn whole(path: &str) -> String {
    if path.starts_with("/webhooks") { path.to_owned() } else { format!("/api/v1{path}") }
}

struct House {
    server: Server,
    identity: Arc<Identity>,
}

impl House {
    async fn new() -> Self {
        let place = Place::sqlite().await.unwrap();
        let accounts = AccountTables::open(&place.account_place()).await.unwrap();
        let key = SigningKey::new(&Zeroizing::new([9; 32])).unwrap();
        let cost = Cost::new(16, 1).unwrap();
        let limits = Limits { burst: 10_000, per_minute: 10_000, wait: Duration::from_secs(10), cost };
        let identity = Arc::new(Identity::new(Arc::new(accounts), entropy(), AccessTokens::new("candor", key), limits));
        let server = Server::over(place, Access::Private(Arc::clone(&identity))).await;
        let house = Self { server, identity };
        let other = PersonId::new(Uuid::from_u128(8));
        house.server.service.engine.register(other, NOW.parse().unwrap()).await.unwrap();
        house.add("owner", Role::Person, Some(person())).await;
        house.add("other", Role::Person, Some(other)).await;
        house.add("reviewer", Role::Reviewer, None).await;
        house.add("operator", Role::Operator, None).await;
        house
    }

    async fn add(&self, name: &str, role: Role, person: Option<PersonId>) {
        let name = AccountName::new(&format!("{name}@example.org")).unwrap();
        let token = self.identity.add(name, role, person, NOW.parse().unwrap()).await.unwrap();
        let set = json!({ "one_time_token": token.expose_secret(), "new": PASSWORD });
        self.server.json("POST", "/auth/password/one-time", &set).await.ok();
    }

    async fn sign_in(&self, name: &str) -> String {
        let login = json!({ "name": format!("{name}@example.org"), "password": PASSWORD });
        let signed = self.server.json("POST", "/auth/login", &login).await.ok();
        signed["access_token"].as_str().unwrap().to_owned()
    }

    async fn send(&self, method: &str, path: &str, body: Option<&Value>, token: &str) -> Answer {
        let request = Request::builder().method(method.to_uppercase().as_str()).uri(whole(path));
        let request =
            if token.is_empty() { request } else { request.header(header::AUTHORIZATION, format!("Bearer {token}")) };
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.server.send(request.body(body).unwrap()).await
    }

    /// The ids of the owner's things, made anew.
    async fn things(&self) -> BTreeMap<&'static str, String> {
        let token = self.sign_in("owner").await;
        let get = async |path: &str| self.send("get", path, None, &token).await.ok();
        let id = |value: &Value| value.as_str().unwrap().to_owned();
        let watch = json!({ "label": "watch", "scopes": ["summary_read"] });
        let device = self.send("post", "/devices", Some(&watch), &token).await.ok();
        let wish = json!({ "intervention": "regular_bedtime", "start": "2026-04-06", "seed": 7 });
        let experiment = self.send("post", "/experiments", Some(&wish), &token).await;
        let experiments = get("/experiments").await;
        let objective = self.send("post", "/me/objectives", Some(&json!({ "goal": "calm" })), &token).await.ok();
        assert!(experiment.status.is_success() || !experiments.as_array().unwrap().is_empty(), "{experiment:?}");
        BTreeMap::from([
            ("{session}", id(&get("/auth/sessions").await[0]["id"])),
            ("{device}", id(&device["device"]["id"])),
            ("{insight}", id(&get("/insights").await[0]["id"])),
            ("{objective}", id(&objective["id"])),
            ("{activity}", id(&get("/activities").await["activities"][0]["id"])),
            ("{import}", id(&get("/imports").await["taken"][0]["digest"])),
            ("{experiment}", id(&experiments[0]["id"])),
            ("{suggestion}", id(&get("/interventions").await["suggested"][0]["id"])),
        ])
    }

    async fn device(&self, scope: &str) -> String {
        let token = self.sign_in("owner").await;
        let new = json!({ "label": "device", "scopes": [scope] });
        let added = self.send("post", "/devices", Some(&new), &token).await.ok();
        added["token"].as_str().unwrap().to_owned()
    }

    /// A person whose sleep declines, who went for a run and has declared a profile.
    async fn tell(&self) {
        let token = self.sign_in("owner").await;
        let run = "Activity ID,Activity Date,Activity Type,Elapsed Time\n7,\"Apr 1, 2026, 5:00:00 PM\",Run,3600\n";
        let request = Request::post("/api/v1/imports?name=activities.csv");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.server.send(request.body(Body::from(run)).unwrap()).await.ok();
        let input = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/sleep_decline/input.ndjson");
        let request = Request::post("/api/v1/imports?name=nights.ndjson");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.server.send(request.body(Body::from(std::fs::read(input).unwrap())).unwrap()).await.ok();
        self.send("post", "/loop", None, &token).await.ok();
        let profile = json!({ "age_band": "from18_to39", "conditions": [], "heart_medication": false });
        self.send("patch", "/me/profile", Some(&profile), &token).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_by_every_kind_of_caller() {
    let house = House::new().await;
    house.tell().await;
    let (mut wrong, mut asked) = (String::new(), 0);
    for (method, path, body, expected) in rows() {
        let things = house.things().await;
        let filled = things.iter().fold(path.to_owned(), |path, (slot, id)| path.replace(slot, id));
        let mut tokens =
            vec![String::new(), house.device("summary_read").await, house.device("observations_write").await];
        for name in ["operator", "reviewer", "other", "owner"] {
            tokens.push(house.sign_in(name).await);
        }
        // The owner comes last: what others could not do is still there to be done.
        for (token, expected) in tokens.iter().zip(expected.into_iter().rev()) {
            let answer = house.send(method, &filled, body.as_ref(), token).await;
            asked += 1;
            if answer.status.as_u16() != expected {
                let caller = tokens.iter().position(|other| other == token);
                let _ = writeln!(wrong, "{method} {path} by {caller:?}: {} {}", answer.status, answer.text);
            }
        }
    }
    assert_eq!(wrong, "");
    println!("{asked} requests: {} operations by 7 kinds of callers", rows().len());
}

#[test]
fn every_operation_has_a_row() {
    let document = serde_json::to_value(api::document()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            operations.push(format!("{method} {path}"));
        }
    }
    let shape = |path: &str| {
        let path = path.split('?').next().unwrap_or_default();
        let parts = path.split('/').map(|part| if part.starts_with('{') || part == "daily" { "{}" } else { part });
        // A purpose, a provider and a job stand where the document has a parameter.
        let named = ["narrative_by_model", "whoop", "garmin", "guessed", NO_JOB];
        parts.map(|part| if named.contains(&part) { "{}" } else { part }).collect::<Vec<_>>().join("/")
    };
    let mut known: Vec<String> =
        rows().iter().map(|(method, path, ..)| format!("{method} {}", shape(&whole(path)))).collect();
    let mut described: Vec<String> = operations.iter().map(|operation| shape(operation)).collect();
    known.sort();
    described.sort();
    assert_eq!(described, known);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_anothers_is_answered_like_what_is_nobodys() {
    let house = House::new().await;
    house.tell().await;
    let things = house.things().await;
    let other = house.sign_in("other").await;
    let nothing = Uuid::from_u128(4711).to_string();
    for (method, path, body, _) in rows().into_iter().filter(|(.., expected)| expected[1] == 404 && expected[0] != 404)
    {
        let with = |id: &dyn Fn(&str) -> String| {
            things.keys().fold(path.to_owned(), |path, slot| path.replace(slot, &id(slot)))
        };
        let theirs = house.send(method, &with(&|slot| things[slot].clone()), body.as_ref(), &other).await;
        let nobodys = house.send(method, &with(&|_| nothing.clone()), body.as_ref(), &other).await;
        let without_id = |answer: &Answer| {
            let mut problem = answer.json();
            problem["request_id"].take();
            problem
        };
        assert_eq!(theirs.status, nobodys.status, "{method} {path}");
        assert_eq!(without_id(&theirs), without_id(&nobodys), "{method} {path}");
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&theirs), names(&nobodys), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_ended_opens_nothing_at_once() {
    let house = House::new().await;
    let (first, second) = (house.sign_in("owner").await, house.sign_in("owner").await);
    let sessions = house.send("get", "/auth/sessions", None, &first).await.ok();
    let others = sessions.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/auth/sessions/{}", others["id"].as_str().unwrap());
    house.send("delete", &path, None, &first).await.ok();
    assert_eq!(house.send("get", "/today", None, &second).await.status.as_u16(), 401);
    let device = house.device("summary_read").await;
    assert_eq!(house.send("get", "/watch/summary", None, &device).await.status.as_u16(), 200);
    let devices = house.send("get", "/devices", None, &first).await.ok();
    let path = format!("/devices/{}", devices[0]["id"].as_str().unwrap());
    house.send("delete", &path, None, &first).await.ok();
    assert_eq!(house.send("get", "/watch/summary", None, &device).await.status.as_u16(), 401);
    house.send("post", "/auth/logout", None, &first).await.ok();
    assert_eq!(house.send("get", "/today", None, &first).await.status.as_u16(), 401);
    // A password is changed, and what was signed before is over; the answer has the token that takes its place.
    let old = house.sign_in("owner").await;
    let change = json!({ "old": PASSWORD, "new": "another lamp, another kettle" });
    let renewed = house.send("post", "/auth/password", Some(&change), &old).await.ok();
    assert_eq!(house.send("get", "/today", None, &old).await.status.as_u16(), 401);
    let new = renewed["access_token"].as_str().unwrap();
    assert_eq!(house.send("get", "/today", None, new).await.status.as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_is_good_once_and_a_second_showing_ends_its_session() {
    let house = House::new().await;
    let login = json!({ "name": "owner@example.org", "password": PASSWORD });
    let first = house.server.json("POST", "/auth/login", &login).await.ok();
    assert_eq!((&first["token_type"], first["expires_in"].as_i64() <= Some(600)), (&json!("Bearer"), true));
    let refresh =
        async |token: &Value| house.server.json("POST", "/auth/refresh", &json!({ "refresh_token": token })).await;
    let second = refresh(&first["refresh_token"]).await.ok();
    let third = refresh(&second["refresh_token"]).await.ok();
    // The first one is no direct predecessor any more: whoever shows it has stolen it, or was stolen from.
    assert_eq!(refresh(&first["refresh_token"]).await.status.as_u16(), 401);
    assert_eq!(refresh(&third["refresh_token"]).await.status.as_u16(), 401);
    let access = third["access_token"].as_str().unwrap();
    assert_eq!(house.send("get", "/today", None, access).await.status.as_u16(), 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reviewer_answers_for_whoever_has_allowed_it_and_for_nobody_else() {
    let house = House::new().await;
    house.tell().await;
    let (owner, reviewer) = (house.sign_in("owner").await, house.sign_in("reviewer").await);
    house.send("post", "/checkins", Some(&json!({ "symptoms": ["chest_pain"] })), &owner).await.ok();
    let asked = house.send("get", "/reviews", None, &owner).await.ok();
    let open = asked.as_array().unwrap().iter().find(|review| review["reason"] == "red_flag_symptom").unwrap();
    assert!(open["decision"].is_null() && open["text"].as_str().unwrap().contains("urgent help"), "{asked:#}");
    let path = format!("/reviews/{}/decision", open["id"].as_str().unwrap());
    let decide = async |path: &str, reason: &str, token: &str| {
        let said = json!({ "decision": "clear", "reason": reason });
        house.send("post", path, Some(&said), token).await.status.as_u16()
    };
    let named = format!("{path}?person={}", person());
    assert_eq!(decide(&named, "a strained muscle", &reviewer).await, 404, "without consent there is nobody");
    house.send("put", "/me/consents/review", None, &owner).await.ok();
    assert_eq!(decide(&named, "a strained muscle", &owner).await, 403, "nobody clears a notice of their own");
    assert_eq!(decide(&named, "  ", &reviewer).await, 422);
    let unknown = format!("/reviews/{}/decision?person={}", Uuid::from_u128(4711), person());
    assert_eq!(decide(&unknown, "a strained muscle", &reviewer).await, 404);
    assert_eq!(decide(&named, "a strained muscle", &reviewer).await, 204);
    house.send("post", "/loop", None, &owner).await.ok();
    let today = house.send("get", "/today", None, &owner).await.ok();
    assert!(
        today["notices"].as_array().unwrap().iter().all(|notice| notice["rule"] != "red_flag_symptom"),
        "{today:#}"
    );
    let trail = house.send("get", "/audit/?type=human_review_resolved", None, &owner).await.ok();
    let event = &trail["events"][0];
    let account = house.send("get", "/me", None, &reviewer).await.ok()["account"].clone();
    assert_eq!((&event["actor"], &event["content"]["by"]), (&json!("reviewer"), &account), "{event:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reviewer_reads_with_consent_and_its_owner_sees_it() {
    let house = House::new().await;
    house.tell().await;
    let (owner, reviewer) = (house.sign_in("owner").await, house.sign_in("reviewer").await);
    let insights = format!("/insights?person={}", person());
    let before = house.send("get", &insights, None, &reviewer).await;
    let nobody = house.send("get", &format!("/insights?person={}", Uuid::from_u128(4711)), None, &reviewer).await;
    assert_eq!((before.status.as_u16(), nobody.status.as_u16()), (404, 404), "without consent there is nobody");
    house.send("put", "/me/consents/review", None, &owner).await.ok();
    let read = house.send("get", &insights, None, &reviewer).await.ok();
    assert_eq!(read, house.send("get", "/insights", None, &owner).await.ok());
    // So it is with everything that can be read: the same answer, and one more reading in the log.
    let things = house.things().await;
    let mut reads = 1;
    for (_, path, ..) in rows().into_iter().filter(|(method, .., answers)| *method == "get" && answers[2] == 403) {
        // A watch is its owner's, and so are a file as it was sent, accounts at providers and what is done for them.
        let owners =
            ["/watch/summary", "/providers", "/providers/whoop/callback", "/jobs", "/job_runs", "/job_dead_letters"];
        if owners.contains(&path) || path.ends_with("/original") {
            continue;
        }
        let path = things.iter().fold(path.to_owned(), |path, (slot, id)| path.replace(slot, id));
        let with = |joint: char| format!("{path}{joint}person={}", person());
        let asked = with(if path.contains('?') { '&' } else { '?' });
        let theirs = house.send("get", &path, None, &owner).await;
        let read = house.send("get", &asked, None, &reviewer).await;
        assert_eq!(read.status, theirs.status, "{path}");
        // A cursor is drawn anew each time.
        let without_cursor = |answer: &Answer| {
            let mut answer = answer.json();
            answer.as_object_mut().map(|page| page.remove("next_cursor"));
            answer
        };
        if !path.starts_with("/audit/") {
            assert_eq!(without_cursor(&read), without_cursor(&theirs), "{path}");
        }
        reads += 1;
        let trail = house.send("get", "/audit/?type=data_read", None, &owner).await.ok();
        let route = trail["events"][0]["content"]["what"].as_str().unwrap().to_owned();
        assert_eq!(trail["events"].as_array().unwrap().len(), reads, "{path}");
        assert_eq!(route.split('/').nth(3), path.split(['/', '?']).nth(1), "{path}");
    }
    // The owner sees who read what; nobody else may write, and another person still sees nothing of it.
    let trail = house.send("get", "/audit/?type=data_read", None, &owner).await.ok();
    let first = trail["events"].as_array().unwrap().last().unwrap();
    assert_eq!((&first["actor"], &first["content"]["what"]), (&json!("reviewer"), &json!("/api/v1/insights")));
    let change = house.send("patch", &format!("/me/profile?person={}", person()), Some(&json!({})), &reviewer).await;
    assert_eq!(change.status.as_u16(), 403);
    let other = house.sign_in("other").await;
    assert_eq!(house.send("get", &insights, None, &other).await.status.as_u16(), 404, "nobody's, to another person");
    assert_eq!(house.send("get", &insights, None, &owner).await.status.as_u16(), 200, "who names themselves");
    assert_eq!(house.send("get", "/insights?person=me", None, &owner).await.status.as_u16(), 422);
    house.send("delete", "/me/consents/review", None, &owner).await.ok();
    assert_eq!(house.send("get", &insights, None, &reviewer).await.status.as_u16(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_erases_everything_is_gone_with_their_account_and_nobody_else_is_touched() {
    let house = House::new().await;
    house.tell().await;
    let (owner, other) = (house.sign_in("owner").await, house.sign_in("other").await);
    let watch = house.device("summary_read").await;
    let by_mistake = house.send("post", "/me/erasure", Some(&json!({ "confirm": "erase" })), &owner).await;
    assert_eq!(by_mistake.status, 422, "{by_mistake:?}");
    let wish = json!({ "confirm": "erase everything" });
    let erased = house.send("post", "/me/erasure", Some(&wish), &owner).await.ok();
    assert!(
        erased["keys_destroyed"].as_u64() >= Some(2) && erased["events_unreadable"].as_u64() > Some(10),
        "{erased}"
    );

    for token in [&owner, &watch] {
        let path = if token == &owner { "/insights" } else { "/watch/summary" };
        assert_eq!(house.send("get", path, None, token).await.status, 401, "{path}");
    }
    let login = json!({ "name": "owner@example.org", "password": PASSWORD });
    assert_eq!(house.server.json("POST", "/auth/login", &login).await.status, 401);
    assert_eq!(house.send("get", "/me", None, &other).await.status, 200);
    assert_eq!(house.send("get", "/me/profile", None, &other).await.status, 200);
}
