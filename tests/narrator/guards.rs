//! What is sent, and where: to the endpoint that was set, with the key that was set, once, and nowhere else.

use std::process::Command;
use std::time::Duration;

use candor::engine::ports::narrator::{Narrator as _, NoAnswer};
use serde_json::{Value, json};

use super::server::{Server, Turn, completion, response};
use super::{PLAN, narrator, request};

const AMPLE: Duration = Duration::from_secs(60);
/// Set for a copy of this process that asks an endpoint in an environment full of temptations.
const ENDPOINT: &str = "CANDOR_TEST_ENDPOINT";

fn good() -> Server {
    Server::saying(response(200, completion(PLAN).to_string()))
}

fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
}

#[tokio::test]
async fn what_is_sent_is_the_fixed_prompt_the_schema_and_the_request() {
    let server = good();
    let narrator = narrator(&format!("{}/", server.base()), " key-1\n", "the-model");
    narrator.plan(&request("E1"), AMPLE).await.unwrap();
    narrator.plan(&request("E2"), AMPLE).await.unwrap();
    let seen = server.seen();
    assert!(seen[0].starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{:.80}", seen[0]);
    assert!(seen[0].contains("\r\nauthorization: Bearer key-1\r\n"));
    let (one, other) = (body(&seen[0]), body(&seen[1]));
    let fields: Vec<&str> = one.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["max_completion_tokens", "messages", "model", "response_format", "store", "stream"]);
    assert_eq!((&one["store"], &one["stream"]), (&json!(false), &json!(false)));
    assert_eq!(one["model"], json!("the-model"));
    assert_eq!(one["response_format"]["json_schema"]["strict"], json!(true));
    assert_eq!(one["messages"].as_array().map(Vec::len), Some(2));
    let asked = |body: &Value| body["messages"][1]["content"].as_str().unwrap().to_owned();
    assert_eq!(asked(&one), serde_json::to_string(&request("E1")).unwrap());
    assert_eq!(
        seen[0].replace(r#"{\"id\":\"E1\""#, r#"{\"id\":\"E2\""#),
        seen[1],
        "the same bytes but for the request"
    );
    assert_eq!(one["messages"][0], other["messages"][0]);
}

#[tokio::test]
async fn every_call_has_a_connection_of_its_own() {
    // A kept connection that breaks while it is used again is repaired by a second request that nobody asked for.
    let kept = completion(PLAN).to_string();
    let kept = format!("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: {}\r\n\r\n{kept}", kept.len());
    let server = Server::new(vec![Turn::Hold(kept.clone().into())]);
    let narrator = narrator(&server.base(), "k", "m");
    for calls in 1..=3 {
        narrator.plan(&request("E1"), AMPLE).await.unwrap();
        assert_eq!(server.seen().len(), calls);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = good();
        let head = format!(
            "HTTP/1.1 {status} Go\r\nLocation: {}/chat/completions\r\nContent-Length: 0\r\n\r\n",
            elsewhere.base()
        );
        let server = Server::saying(head);
        let answer = narrator(&server.base(), "k", "m").plan(&request("E1"), AMPLE).await;
        assert_eq!(answer, Err(NoAnswer::Redirected), "{status}");
        assert!(elsewhere.seen().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn an_endpoint_with_tls_gets_nothing_in_clear() {
    let server = Server::saying("HTTP/1.1 200 OK\r\n\r\n");
    let base = format!("https://127.0.0.1:{}/v1", server.port());
    assert_eq!(narrator(&base, "k", "m").plan(&request("E1"), AMPLE).await, Err(NoAnswer::Connection));
    let seen = server.seen();
    assert!(seen.len() == 1 && !seen[0].contains("POST") && !seen[0].contains("Bearer"), "{seen:?}");
}

/// Runs as its own child: the environment of a process cannot be changed safely while others read it.
#[tokio::test]
async fn the_environment_changes_neither_the_address_nor_the_key_nor_the_way() {
    if let Ok(endpoint) = std::env::var(ENDPOINT) {
        narrator(&endpoint, "the-key", "m").plan(&request("E1"), AMPLE).await.expect("an answer");
        return;
    }
    let (server, elsewhere) = (good(), good());
    let proxy = format!("http://127.0.0.1:{}", elsewhere.port());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "guards::the_environment_changes_neither_the_address_nor_the_key_nor_the_way"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, &proxy);
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    child.env("OPENAI_BASE_URL", elsewhere.base()).env("OPENAI_API_KEY", "another").env("OPENAI_ADMIN_KEY", "admin");
    // A value that the crate's own configuration panics on.
    child.env("OPENAI_ORG_ID", "organisation\n").env("OPENAI_PROJECT_ID", "project\n");
    let ran = child.env(ENDPOINT, server.base()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].contains("\r\nauthorization: Bearer the-key\r\n"));
    let lower = seen[0].to_ascii_lowercase();
    assert!(!["another", "admin", "organi", "openai-"].iter().any(|word| lower.contains(word)));
    assert!(elsewhere.seen().is_empty(), "nothing goes through a proxy to this machine");
}
