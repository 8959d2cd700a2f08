//! Nothing that is sent, received or secret reaches a log, at any level.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use candor::engine::ports::narrator::Narrator as _;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use super::server::{Server, Turn, completion, response};
use super::{PLAN, narrator, request};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Captured {
    fn holds(&self, word: &str) -> bool {
        String::from_utf8_lossy(&self.0.lock().expect("the log")).contains(word)
    }
}

#[tokio::test]
async fn at_the_most_talkative_level_no_canary_is_written() {
    // The whole process: what tasks of the connection write counts too.
    let captured = Captured::default();
    let writer = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    writer.with_writer(captured.clone()).init();

    let canary = "c4nary-received";
    let mut turns = Vec::new();
    for status in [200, 204, 307, 400, 401, 429, 500, 503] {
        let bodies = [
            canary.to_owned(),
            json!({"error": {"message": canary, "code": canary}}).to_string(),
            json!({"error": {"message": canary, "code": 500}}).to_string(),
            completion(canary).to_string(),
            completion(&format!("{}\"{canary}\"}}", &PLAN[..PLAN.len() - 1])).to_string(),
            json!({"choices": canary}).to_string(),
        ];
        turns.extend(bodies.map(|body| Turn::Say(response(status, body))));
    }
    turns.push(Turn::Say(
        format!("HTTP/1.1 307 Go\r\nLocation: http://{canary}.invalid/\r\nX-A: {canary}\r\n\r\n").into(),
    ));
    turns.push(Turn::Say(format!("HTTP/1.1 {canary}\r\n\r\n{canary}").into()));
    turns.push(Turn::Say(format!("{canary}\r\n\r\n").into()));
    let mut finished: Value = completion(PLAN);
    finished["choices"][0]["finish_reason"] = json!(canary);
    turns.push(Turn::Say(response(200, finished.to_string())));
    turns.push(Turn::Say(response(200, completion(PLAN).to_string())));
    let calls = turns.len();
    let server = Server::new(turns);
    let mut reasons = Vec::new();
    for _ in 0..calls {
        // A narrator for each, so that no breaker opens.
        let narrator = narrator(&server.base(), "c4nary-key", "c4nary-model");
        let answer = narrator.plan(&request("E1"), Duration::from_secs(60)).await;
        reasons.push(answer.map_err(|reason| format!("{reason} {reason:?}")).map(|_| ()));
    }
    assert_eq!(server.seen().len(), calls);
    assert!(server.seen().iter().all(|seen| seen.contains("c4nary-model") && seen.contains("c4nary-key")));
    assert!(!format!("{reasons:?}").contains("c4nary"));
    assert!(reasons.last().is_some_and(Result::is_ok), "{reasons:?}");
    assert!(!captured.holds("c4nary"), "a canary was written");

    // The same crate without the guards writes what it cannot read, and still does after all those calls: this test can fail,
    // and nobody else was silenced.
    for status in [400, 500] {
        let loud = Server::saying(response(status, format!("unguarded-{status}")));
        let config = async_openai::config::OpenAIConfig::new().with_api_key("k").with_api_base(loud.base());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let client = async_openai::Client::build(http.clone(), config)
            .with_http_service(async_openai::middleware::ReqwestService::new(http));
        let unguarded: Result<Value, _> = client.chat().create_byot(json!({"stream": false})).await;
        assert!(unguarded.is_err());
        assert!(captured.holds(&format!("unguarded-{status}")), "{status}");
    }
}
