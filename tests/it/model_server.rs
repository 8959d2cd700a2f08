//! The command line with a model behind it: a server on loopback that plans as it is asked, and one that is not there.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use candor::domain::plan::PlanRequest;
use serde_json::{Value, json};

use crate::command::Store;
use crate::narrators::faithful;

const NOW: &str = "2026-04-06T20:00:00Z";

/// Starts a server that answers each chat with a faithful plan; gives its address and what it was asked.
fn server() -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &seen);
        }
    });
    (address, asked)
}

fn answer(mut stream: TcpStream, seen: &Mutex<Vec<Value>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        let line = line.to_lowercase();
        length = line.strip_prefix("content-length:").map_or(length, |text| text.trim().parse().unwrap());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let messages = body["messages"].as_array().unwrap();
    let request: PlanRequest = serde_json::from_str(messages.last().unwrap()["content"].as_str().unwrap()).unwrap();
    let plan = serde_json::to_string(&faithful(&request)).unwrap();
    let message = json!({ "role": "assistant", "content": plan });
    let reply = json!({
        "id": "one", "object": "chat.completion", "created": 0, "model": "scripted",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": message }],
        "usage": { "prompt_tokens": 900, "completion_tokens": 120, "total_tokens": 1020 },
    })
    .to_string();
    seen.lock().unwrap().push(body);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{reply}",
        reply.len()
    )
    .unwrap();
}

/// The store of a person whose sleep declines.
fn somebody() -> Store {
    let store = Store::new(NOW);
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson");
    store.import(&[input]);
    store
}

fn with_model(store: &Store, address: &str) -> Command {
    let mut command = store.command();
    command.env("ENABLE_LLM", "yes").env("CANDOR_LLM_BASE_URL", address).env("CANDOR_LLM_MODEL", "scripted");
    command.env("CANDOR_LLM_KEY_FILE", store.path("key"));
    std::fs::write(store.path("key"), "sk-canary\n").unwrap();
    command
}

/// Every number of the sentences that a text says with grades, in order of its claims.
fn said(narrative: &Value) -> Vec<(String, Vec<String>)> {
    let sentences = narrative["sentences"].as_array().unwrap().iter().filter(|s| s["section"] != "uncertainty");
    let mut said: Vec<_> = sentences
        .map(|sentence| {
            let text = sentence["text"].as_str().unwrap();
            let mut numbers: Vec<String> = text
                .split(|c: char| !c.is_ascii_digit() && c != '.' && c != '-')
                .map(|number| number.trim_end_matches(['.', '-']).to_owned())
                .filter(|number| number.chars().any(|c| c.is_ascii_digit()))
                .collect();
            numbers.sort();
            numbers.dedup();
            (sentence["claim_ids"][0].as_str().unwrap().to_owned(), numbers)
        })
        .collect();
    said.sort();
    said
}

#[test]
fn a_model_plans_and_the_claims_and_numbers_stay_the_same() {
    let store = somebody();
    store.json(&["loop"]);
    let plain = store.json(&["narrative"]);
    assert_eq!(plain["source"], "template");
    let (address, asked) = server();
    let store = somebody();
    store.text(&["consent", "grant", "narrative_by_model"]);
    let output = with_model(&store, &address).args(["loop"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let planned = store.json(&["narrative"]);
    assert_eq!(planned["source"], "model", "{planned:#}");
    assert_eq!(said(&plain), said(&planned));
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2, "a day and a week");
    let sent: String = asked.iter().map(|body| body["messages"][1]["content"].as_str().unwrap()).collect();
    assert!(!sent.contains("2026") && !sent.contains(crate::command::PERSON) && !sent.contains("whoop"), "{sent}");
    // The key goes to the server and nowhere else, and the log alone makes the text again.
    let trail = store.text(&["--json", "audit"]);
    assert!(trail.contains("model_answered") && !trail.contains("sk-canary"));
    assert_eq!(store.json(&["verify"])["ok"], true);
}

#[test]
fn a_model_that_is_not_there_costs_nothing_but_its_text() {
    let store = somebody();
    store.text(&["consent", "grant", "narrative_by_model"]);
    // Nobody listens on a port that was just given back.
    let address = format!("http://{}/v1", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let output = with_model(&store, &address).args(["loop"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(store.json(&["narrative"])["source"], "template");
    assert!(store.text(&["--json", "audit", "--type", "narrative_fell_back"]).contains("\"connection\""));
}

#[test]
fn a_model_that_is_half_configured_is_refused_by_name() {
    let store = Store::new(NOW);
    let refused = |set: &[(&str, &str)], named: &str| {
        let mut command = store.command();
        command.env("ENABLE_LLM", "yes").envs(set.iter().copied()).args(["status"]);
        let output = command.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{error}");
        assert!(error.contains(named), "{error}");
    };
    refused(&[], "CANDOR_LLM_BASE_URL");
    refused(&[("CANDOR_LLM_BASE_URL", "http://models.example/v1")], "https://");
    refused(&[("CANDOR_LLM_KEY_FILE", "/nowhere/key")], "CANDOR_LLM_KEY_FILE");
    let hosted =
        [("CANDOR_LLM_BASE_URL", "https://models.example/v1"), ("CANDOR_LLM_KEY", "sk"), ("CANDOR_LLM_MODEL", "m")];
    refused(&[&hosted[..], &[("ENV_MODE", "staging")]].concat(), "CANDOR_LLM_RETAINS");
    refused(&[("ENABLE_LLM", "perhaps")], "ENABLE_LLM");
}
