//! The client against servers that others wrote: llmock, which answers from the schema it is sent and judges its client, and
//! aimock, which answers from fixtures and keeps a journal. `tests/e2e/narrator.sh` installs and starts them.

use std::time::Duration;

use candor::domain::frame::frames;
use candor::engine::ports::narrator::{Answer, Narrator as _, NoAnswer};
use serde_json::{Value, json};

use super::{PLAN, narrator, request};

const AMPLE: Duration = Duration::from_secs(30);

/// The address of a server; `None` where nobody has started it, which is a fault where it is required.
fn server(variable: &str) -> Option<String> {
    let address = std::env::var(variable).ok();
    if address.is_none() {
        let required = std::env::var("CANDOR_REQUIRE_NARRATOR_SERVERS").as_deref() == Ok("1");
        assert!(!required, "CANDOR_REQUIRE_NARRATOR_SERVERS=1, but {variable} is not set");
        println!("skipped: {variable} is not set; tests/e2e/narrator.sh starts the server");
    }
    address
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

async fn get(address: &str) -> Value {
    let text = http().get(address).send().await.expect("the server").text().await.expect("a text");
    serde_json::from_str(&text).expect("JSON")
}

/// A narrator for each call, so that no breaker opens; a request for each, so that no call looks like the one before.
async fn ask(base: &str, model: &str, call: usize, within: Duration) -> Result<Answer, NoAnswer> {
    let mut request = request(&format!("E{}", 1 + call % 24));
    // Two requests that read the same would be taken for one that was tried again.
    request.claims[0].frames = frames().all().take(1 + call / 24).map(|frame| frame.id.clone()).collect();
    narrator(base, "a-key", model).plan(&request, within).await
}

#[tokio::test]
async fn llmock_answers_from_the_schema_and_finds_nothing_wrong_with_the_client() {
    let Some(root) = server("CANDOR_LLMOCK_URL") else { return };
    let base = format!("{root}/v1");
    http().post(format!("{root}/_llmock/reset")).send().await.expect("a reset");

    // What it makes of the schema is a plan with words of the schema.
    let answer = ask(&base, "m", 0, AMPLE).await.expect("a plan");
    assert!(answer.tokens.is_some());
    for sentence in &answer.plan.sentences {
        assert!(frames().get(&sentence.frame).is_some(), "{}", sentence.frame);
    }

    let reply = |text: &str, finish: &str| json!({"type": "reply", "text": text, "finish_reason": finish});
    let fail = |status: u16| json!({"type": "fail", "status": status});
    let half = &PLAN[..PLAN.len() / 2];
    let script = [
        (json!({"type": "delay", "seconds": 0.3}), Ok(())),
        (json!({"type": "fail", "status": 429, "retry_after": 20}), Err(NoAnswer::Busy)),
        (json!({"type": "fail", "status": 503, "retry_after": 20}), Err(NoAnswer::Busy)),
        (fail(500), Err(NoAnswer::Server)),
        (fail(502), Err(NoAnswer::Server)),
        (fail(529), Err(NoAnswer::Busy)),
        (fail(400), Err(NoAnswer::Server)),
        (fail(401), Err(NoAnswer::Refused)),
        (fail(403), Err(NoAnswer::Refused)),
        (fail(404), Err(NoAnswer::Refused)),
        (reply(half, "length"), Err(NoAnswer::NotFinished)),
        (reply(PLAN, "content_filter"), Err(NoAnswer::NotFinished)),
        (reply(PLAN, "tool_calls"), Err(NoAnswer::NotFinished)),
        (reply(PLAN, "a reason of its own"), Err(NoAnswer::NotFinished)),
        (reply(half, "stop"), Err(NoAnswer::Unreadable)),
        (reply("You slept badly because of coffee.", "stop"), Err(NoAnswer::Unreadable)),
        (reply(PLAN, "stop"), Ok(())),
    ];
    let (mut calls, mut failed) = (1, 0);
    for round in 0..5 {
        for (behaviour, expected) in &script {
            let body = json!({"behaviors": [behaviour]}).to_string();
            let queued = http().post(format!("{root}/_llmock/scenario")).body(body).send().await.expect("the server");
            assert!(queued.status().is_success(), "{behaviour}: {}", queued.text().await.unwrap_or_default());
            let answer = ask(&base, "m", calls, AMPLE).await.map(|_| ());
            assert_eq!(answer, *expected, "round {round}: {behaviour}");
            calls += 1;
            failed += usize::from(behaviour["type"] == json!("fail"));
        }
    }

    let verdict = get(&format!("{root}/_llmock/verdict")).await;
    assert_eq!(verdict["attempts"], json!(calls), "one request a call: {verdict}");
    assert_eq!(verdict["faults_injected"], json!(failed), "every fault was a reason to fall back: {verdict}");
    for finding in verdict["findings"].as_array().expect("findings") {
        // It takes for granted that a client asks again; this one has a template to fall back on.
        assert_eq!(finding["code"], json!("gave_up"), "{finding}");
    }

    // Last, since it leaves a request of which the server knows no end: one that stands still.
    let body = json!({"behaviors": [{"type": "delay", "seconds": 20}]}).to_string();
    http().post(format!("{root}/_llmock/scenario")).body(body).send().await.expect("the server");
    assert_eq!(ask(&base, "m", calls, Duration::from_millis(400)).await, Err(NoAnswer::Timeout));
}

#[tokio::test]
async fn aimock_breaks_every_promise_and_is_asked_once_each_time() {
    let Some(root) = server("CANDOR_AIMOCK_URL") else { return };
    let base = format!("{root}/v1");
    // The fixtures go by the name of the model.
    let script = [
        ("whole", Ok(())),
        ("slow", Ok(())),
        ("cut-short", Err(NoAnswer::NotFinished)),
        ("filtered", Err(NoAnswer::NotFinished)),
        ("own-reason", Err(NoAnswer::NotFinished)),
        ("half-a-plan", Err(NoAnswer::Unreadable)),
        ("prose", Err(NoAnswer::Unreadable)),
        ("malformed", Err(NoAnswer::Unreadable)),
        ("disconnected", Err(NoAnswer::Connection)),
        ("rate-limited", Err(NoAnswer::Busy)),
        ("too-many", Err(NoAnswer::Busy)),
        ("broken", Err(NoAnswer::Server)),
        ("wrong-key", Err(NoAnswer::Refused)),
        ("nobody-wrote-a-fixture", Err(NoAnswer::Refused)),
    ];
    for (call, (model, expected)) in script.iter().enumerate() {
        let answer = ask(&base, model, call, AMPLE).await;
        assert_eq!(answer.as_ref().map(|_| ()).map_err(|reason| *reason), *expected, "{model}");
        if let Ok(answer) = answer {
            assert_eq!(serde_json::to_string(&answer.plan).expect("JSON"), PLAN);
        }
    }
    assert_eq!(ask(&base, "stalled", script.len(), Duration::from_millis(400)).await, Err(NoAnswer::Timeout));
    let journal = get(&format!("{root}/__aimock/journal?path=/v1/chat/completions")).await;
    let entries = journal.as_array().or_else(|| journal["entries"].as_array()).expect("entries");
    for (model, _) in script {
        let asked = entries.iter().filter(|entry| entry["body"]["model"] == json!(model)).count();
        assert_eq!(asked, 1, "{model}");
    }
}
