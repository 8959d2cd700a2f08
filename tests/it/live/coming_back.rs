//! Coming back from a provider: a browser reads plain words, a program reads JSON, and the terminal says what it waits for.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use candor::api::Access;
use candor::domain::profile::Purpose;
use candor::domain::provider::Provider;
use candor::engine::EngineError;
use candor::engine::live::LiveError;
use serde_json::{Value, json};

use super::fake::Fake;
use super::recorded::{answers, serve};
use super::{live, now, person, state_of};
use crate::api::{Answer, Server};
use crate::command::{Store, days};
use crate::support::{Place, on_both};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn server() -> Server {
    let mut server = Server::over(Place::sqlite().await.unwrap(), Access::Public(crate::api::person())).await;
    server.service.live.apis.insert(Provider::Whoop, Arc::new(Fake::new(Provider::Whoop)));
    server.rebuilt()
}

/// Sends a person away, and lets them come back with a code.
async fn come_back(server: &Server, accept: &str, code: &str) -> Answer {
    let begun = server.json("POST", "/providers/whoop/connect", &Value::Null).await;
    let cookie = begun.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let state = state_of(begun.ok()["url"].as_str().unwrap());
    let path = format!("/api/v1/providers/whoop/callback?state={state}&scope=read:cycles&{code}");
    let request = Request::get(path).header(header::COOKIE, cookie).header(header::ACCEPT, accept);
    server.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_reads_plain_words_and_a_program_reads_json() {
    let server = server().await;
    let good = come_back(&server, BROWSER, "code=good").await;
    assert_eq!(good.status, StatusCode::OK);
    assert!(
        good.text.contains("<p>WHOOP is connected. Sleep cannot be read: the permission read:sleep was not given;"),
        "{}",
        good.text
    );
    let bad =
        come_back(&server, BROWSER, "error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert_eq!(bad.status, StatusCode::FORBIDDEN);
    assert!(bad.text.contains("<p>It is not connected. Access was not allowed.</p>"), "{}", bad.text);
    for page in [good, bad] {
        assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert_eq!(page.headers[header::REFERRER_POLICY], "no-referrer", "the address holds a code");
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
        assert!(!page.text.contains("script") && !page.text.contains("alert"), "{}", page.text);
    }
    let program = come_back(&server, "application/json", "code=good").await.ok();
    assert_eq!((&program["provider"], &program["connected"]), (&json!("whoop"), &json!(true)));
    let refused = come_back(&server, "application/json", "code=bad").await;
    assert_eq!((refused.status, refused.json()["type"].clone()), (StatusCode::FORBIDDEN, json!("not_connected")));
    let twice = server.get("/providers/whoop/callback?state=a&state=b").await;
    assert_eq!(twice.status, StatusCode::FORBIDDEN, "what cannot be read is nobody's answer");
}

async fn who_took_back_that_anything_is_kept_is_told_before_they_go(place: &Place) {
    let live = live(place, &Fake::new(Provider::Whoop)).await;
    live.engine.withdraw(person(), Purpose::Processing, now()).await.unwrap();
    let begun = live.begin(person(), Provider::Whoop, now()).await;
    assert!(matches!(begun, Err(LiveError::Engine(EngineError::Refused(_)))), "{begun:?}");
}

on_both!(who_took_back_that_anything_is_kept_is_told_before_they_go);

/// A store with a person and a WHOOP at an address.
fn store() -> Store {
    let store = Store::new("2026-03-01T12:00:00Z");
    let file = store.path("first.ndjson");
    std::fs::write(&file, days("file", "steps", "steps", "2026-02-28", 0..1, |_| 1.0)).unwrap();
    store.import(&[file]);
    store
}

fn with_whoop(mut command: Command, at: &str) -> Command {
    command.env("CANDOR_WHOOP_CLIENT_ID", "client").env("CANDOR_WHOOP_CLIENT_SECRET", "a-secret-of-ours");
    for what in ["BASE", "AUTHORISE", "TOKEN"] {
        command.env(format!("CANDOR_WHOOP_{what}_URL"), at);
    }
    command
}

fn visit(address: SocketAddr, query: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let path = format!("/api/v1/providers/whoop/callback?{query}");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: {BROWSER}\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_says_that_somebody_else_came_back_and_goes_on_waiting() {
    let tokens = json!({ "access_token": "a", "refresh_token": "r", "expires_in": 3_600 }).to_string();
    let (base, _) = serve(vec![answers(200, &[], &tokens), answers(200, &[], r#"{"user_id":10129}"#)]).await;
    let store = store();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = with_whoop(store.with_notes(), base.as_str());
    command.args(["provider", "connect", "whoop", "--listen", &address.to_string()]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let url = told.find(|line| line.contains("state=")).unwrap();

    let wrong = visit(address, "state=guessed&code=%3Cb%3E");
    assert!(wrong.starts_with("HTTP/1.1 403") && wrong.contains("This is not what your terminal waits for"), "{wrong}");
    assert!(!wrong.contains("guessed") && !wrong.contains("<b>") && wrong.contains("default-src 'none'"), "{wrong}");
    let line = told.next().unwrap();
    assert!(line.contains("who was not sent from here") && line.contains("The wait goes on"), "{line}");

    let right = visit(address, &format!("state={}&code=good", state_of(&url)));
    assert!(
        right.starts_with("HTTP/1.1 200") && right.contains("WHOOP is connected. Go back to your terminal"),
        "{right}"
    );
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success());
    assert!(String::from_utf8(ended.stdout).unwrap().starts_with("WHOOP is connected."));
}

#[test]
fn connecting_is_refused_at_once_where_nothing_may_be_kept() {
    let store = store();
    store.text(&["consent", "withdraw", "processing"]);
    let refused =
        with_whoop(store.command(), "http://127.0.0.1:1").args(["provider", "connect", "whoop"]).output().unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("candor consent grant processing") && !told.contains("Open this page"), "{told}");
}

#[test]
fn the_status_shows_what_is_set_of_providers_and_no_secret() {
    let store = store();
    let mut command = with_whoop(store.command(), "http://127.0.0.1:4010");
    command.env("CANDOR_GARMIN_CLIENT_ID", "ours").env("CANDOR_GARMIN_CLIENT_SECRET", "another-secret");
    command.env("CANDOR_GARMIN_WEBHOOK_PATH", "0123456789abcdef0123456789abcdef");
    let shown = command.args(["--json", "status", "--config"]).output().unwrap();
    let text = String::from_utf8(shown.stdout).unwrap();
    let config = serde_json::from_str::<Value>(&text).unwrap()["config"].clone();
    for (name, value, from) in [
        ("CANDOR_WHOOP_CLIENT_ID", "client", "environment"),
        ("CANDOR_WHOOP_CLIENT_SECRET", "set", "environment"),
        ("CANDOR_WHOOP_BASE_URL", "http://127.0.0.1:4010/", "environment"),
        ("CANDOR_GARMIN_BASE_URL", "https://apis.garmin.com/", "default"),
        ("CANDOR_GARMIN_WEBHOOK_PATH", "set", "environment"),
    ] {
        assert_eq!(config[name], json!({ "value": value, "from": from }), "{name}");
    }
    assert!(config["CANDOR_STRAVA_CLIENT_ID"].is_null(), "what is not set up is not shown");
    for secret in ["a-secret-of-ours", "another-secret", "0123456789abcdef"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn nonsense_for_the_public_address_is_refused_by_its_name_in_every_mode() {
    let store = store();
    for nonsense in
        ["candor", "ftp://candor.example", "https://", "https://a:b@candor.example", "https://candor.example/?a=b"]
    {
        for (mode, arguments) in
            [("dev", ["worker"].as_slice()), ("dev", &["provider", "list"]), ("", &["serve", "--local"])]
        {
            let mut command = store.today();
            if !mode.is_empty() {
                command.env("ENV_MODE", mode);
            }
            let refused = command.env("CANDOR_PUBLIC_URL", nonsense).args(arguments).output().unwrap();
            let told = String::from_utf8(refused.stderr).unwrap();
            assert_eq!(refused.status.code(), Some(78), "{nonsense} {arguments:?}: {told}");
            assert!(told.contains("CANDOR_PUBLIC_URL: it is no address"), "{told}");
        }
    }
}
