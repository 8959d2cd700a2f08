//! Every way an answer can go wrong: each gives its reason, one request, and nothing else.

use std::time::Duration;

use candor::engine::ports::narrator::{Narrator as _, NoAnswer};
use proptest::prelude::*;
use serde_json::json;

use super::server::{Server, Turn, completion, response};
use super::{PLAN, narrator, request};

/// Far more than any of these calls takes.
const AMPLE: Duration = Duration::from_secs(60);

/// What a call gives against a server, which must have seen one request for it.
async fn outcome(turn: Turn) -> Result<(), NoAnswer> {
    let server = Server::new(vec![turn]);
    let answer = narrator(&server.base(), "k", "m").plan(&request("E1"), AMPLE).await;
    assert_eq!(server.seen().len(), 1, "one call, never a second");
    answer.map(|answer| assert_eq!(serde_json::to_string(&answer.plan).unwrap(), PLAN))
}

async fn said(status: u16, body: impl AsRef<[u8]>) -> Result<(), NoAnswer> {
    outcome(Turn::Say(response(status, body))).await
}

#[tokio::test]
async fn a_whole_plan_is_handed_back_with_its_tokens() {
    let mut body = completion(PLAN);
    body["service_tier"] = json!("a tier nobody has heard of");
    let server = Server::saying(response(200, body.to_string()));
    let answer = narrator(&server.base(), "k", "m").plan(&request("E1"), AMPLE).await.unwrap();
    assert_eq!(serde_json::to_string(&answer.plan).unwrap(), PLAN);
    assert_eq!(answer.tokens, Some((11, 7)));
}

#[tokio::test]
async fn a_status_decides_whatever_stands_in_the_body() {
    let bodies = [
        String::new(),
        json!({"error": {"message": "x", "code": 418}}).to_string(),
        json!({"error": {"message": "x", "type": "t", "param": null, "code": "word"}}).to_string(),
        completion(PLAN).to_string(),
        "<html>".to_owned(),
    ];
    for body in bodies {
        for status in [401, 403, 404] {
            assert_eq!(said(status, &body).await, Err(NoAnswer::Refused), "{status} {body}");
        }
        for status in [429, 503] {
            assert_eq!(said(status, &body).await, Err(NoAnswer::Busy), "{status} {body}");
        }
        for status in [400, 422, 500, 502, 504] {
            assert_eq!(said(status, &body).await, Err(NoAnswer::Server), "{status} {body}");
        }
    }
    assert_eq!(said(204, "").await, Err(NoAnswer::Unreadable));
}

#[tokio::test]
async fn a_server_that_asks_to_come_back_later_is_not_asked_again() {
    for status in [429, 500, 503] {
        for wait in ["Retry-After: 20", "Retry-After: 0", "retry-after-ms: 1", "Retry-After: 99999999999"] {
            let bytes = format!("HTTP/1.1 {status} No\r\n{wait}\r\nContent-Length: 0\r\n\r\n");
            let expected = if status == 500 { NoAnswer::Server } else { NoAnswer::Busy };
            assert_eq!(outcome(Turn::Say(bytes.into())).await, Err(expected), "{status} {wait}");
        }
    }
}

#[tokio::test]
async fn an_error_with_a_status_of_success_is_an_error() {
    assert_eq!(said(200, json!({"error": {"code": 429, "message": "x"}}).to_string()).await, Err(NoAnswer::Busy));
    assert_eq!(said(200, json!({"error": {"code": "401"}}).to_string()).await, Err(NoAnswer::Refused));
    assert_eq!(said(200, json!({"error": "x"}).to_string()).await, Err(NoAnswer::Server));
}

#[tokio::test]
async fn an_answer_that_is_not_finished_is_none() {
    for finish in [json!("length"), json!("content_filter"), json!("a reason of its own"), json!(null)] {
        let mut body = completion(PLAN);
        body["choices"][0]["finish_reason"] = finish;
        assert_eq!(said(200, body.to_string()).await, Err(NoAnswer::NotFinished), "{body}");
    }
    let mut refused = completion(PLAN);
    refused["choices"][0]["message"]["refusal"] = json!("no");
    assert_eq!(said(200, refused.to_string()).await, Err(NoAnswer::NotFinished));
}

#[tokio::test]
async fn what_is_no_completion_is_unreadable() {
    let whole = completion(PLAN).to_string();
    let not_utf8 =
        [&b"{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":\"\xff\xfe"[..], b"\"}}]}"].concat();
    let stream = format!("data: {whole}\n\ndata: [DONE]\n\n");
    let bodies: [&[u8]; 8] = [
        b"",
        b"null",
        b"[]",
        b"{malformed",
        &whole.as_bytes()[..whole.len() - 2],
        &not_utf8,
        stream.as_bytes(),
        &[b'['; 60_000],
    ];
    for body in bodies {
        assert_eq!(said(200, body).await, Err(NoAnswer::Unreadable), "{:.60}", String::from_utf8_lossy(body));
    }
    assert_eq!(said(200, completion(&PLAN[..PLAN.len() - 3]).to_string()).await, Err(NoAnswer::Unreadable));
    assert_eq!(
        said(200, completion("You slept badly because of coffee.").to_string()).await,
        Err(NoAnswer::Unreadable)
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none_however_whole_it_looks() {
    let whole = completion(PLAN).to_string();
    let cut = &response(200, &whole)[..response(200, &whole).len() - 1];
    assert_eq!(outcome(Turn::Say(cut.into())).await, Err(NoAnswer::Connection));
    // Chunked, whole JSON, and no last chunk.
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{whole}\r\n", whole.len());
    assert_eq!(outcome(Turn::Say(chunked.clone().into())).await, Err(NoAnswer::Connection));
    assert_eq!(outcome(Turn::Say(format!("{chunked}0\r\n\r\n").into())).await, Ok(()));
    // Until the connection closes: only the JSON can tell.
    let open = format!("HTTP/1.1 200 OK\r\n\r\n{}", &whole[..whole.len() - 1]);
    assert_eq!(outcome(Turn::Say(open.into())).await, Err(NoAnswer::Unreadable));
    assert_eq!(outcome(Turn::Say(Vec::new())).await, Err(NoAnswer::Connection));
    assert_eq!(outcome(Turn::Say(b"HTTP/1.1 200 O".to_vec())).await, Err(NoAnswer::Connection));
    assert_eq!(outcome(Turn::Say(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())).await, Err(NoAnswer::Connection));
}

#[tokio::test]
async fn nobody_there_is_no_connection() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = narrator(&format!("http://127.0.0.1:{port}/v1"), "k", "m");
    assert_eq!(nobody.plan(&request("E1"), AMPLE).await, Err(NoAnswer::Connection));
}

#[tokio::test]
async fn no_more_than_64_kib_are_read() {
    let fits = |padding: usize| {
        let mut body = completion(PLAN);
        body["padding"] = json!("");
        let room = 64 * 1024 - body.to_string().len();
        body["padding"] = json!("x".repeat(room - 1 + padding));
        body.to_string()
    };
    assert_eq!((fits(1).len(), fits(2).len()), (65_536, 65_537));
    assert_eq!(said(200, fits(1)).await, Ok(()));
    assert_eq!(said(200, fits(2)).await, Err(NoAnswer::TooLarge));
    assert_eq!(said(200, vec![b' '; 10_000_000]).await, Err(NoAnswer::TooLarge));
    // Without an end, a cap that waits for the end would never return.
    let open = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    assert_eq!(outcome(Turn::Flood(open, vec![b' '; 4_096])).await, Err(NoAnswer::TooLarge));
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    assert_eq!(outcome(Turn::Flood(chunked, b"4\r\nnull\r\n".to_vec())).await, Err(NoAnswer::TooLarge));
    // Headers without an end.
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    assert_eq!(outcome(Turn::Flood(head, b"X-A: b\r\n".to_vec())).await, Err(NoAnswer::Connection));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_bytes_give_a_plan_or_a_reason(
        head in prop_oneof![
            Just(Vec::new()),
            Just(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
            Just(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()),
            Just(b"HTTP/1.1 ".to_vec()),
        ],
        body in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let answer = against([head, body].concat());
        prop_assert!(answer != Err(NoAnswer::Timeout), "it took more than a minute");
    }

    #[test]
    fn a_completion_with_bytes_changed_gives_a_plan_or_a_reason(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut body = completion(PLAN).to_string().into_bytes();
        for (place, byte) in changes {
            let place = place.index(body.len());
            body[place] = byte;
        }
        let _ = body.split_off(body.len() - cut.index(body.len()) / 4);
        let answer = against(response(200, body));
        prop_assert!(answer != Err(NoAnswer::Timeout), "it took more than a minute");
    }
}

fn against(bytes: Vec<u8>) -> Result<(), NoAnswer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::saying(bytes);
    runtime.block_on(narrator(&server.base(), "k", "m").plan(&request("E1"), AMPLE)).map(|_| ())
}
