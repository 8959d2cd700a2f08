//! Time: no call outlives what it is given, and an endpoint that keeps failing is left alone for a while.

use std::time::Duration;

use candor::engine::ports::narrator::{Narrator as _, NoAnswer};
use tokio::time::{Instant, advance, pause};

use super::server::{Server, Turn, completion, response};
use super::{PLAN, narrator, request};

const WITHIN: Duration = Duration::from_secs(300);
/// A timer's step.
const STEP: Duration = Duration::from_millis(2);

/// Against a server that stands still after some bytes. From then on only the timer moves.
async fn stalled(bytes: &[u8]) {
    let mut server = Server::new(vec![Turn::Hold(bytes.to_vec())]);
    let (narrator, request) = (narrator(&server.base(), "k", "m"), request("E1"));
    let began = Instant::now();
    let mut call = narrator.plan(&request, WITHIN);
    tokio::select! {
        answer = &mut call => panic!("{answer:?} before the server had the request"),
        () = server.arrived() => pause(),
    }
    assert_eq!(call.await, Err(NoAnswer::Timeout));
    assert!(began.elapsed() <= WITHIN + STEP);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_server_that_never_answers_costs_the_time_that_was_given() {
    stalled(b"").await;
}

#[tokio::test]
async fn a_server_that_stops_in_the_middle_costs_the_time_that_was_given() {
    stalled(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"choices\":[").await;
}

#[tokio::test]
async fn a_server_that_goes_on_for_ever_costs_the_time_that_was_given() {
    let mut server = Server::new(vec![Turn::Drip(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())]);
    let (narrator, request) = (narrator(&server.base(), "k", "m"), request("E1"));
    let began = Instant::now();
    let mut call = narrator.plan(&request, WITHIN);
    tokio::select! {
        answer = &mut call => panic!("{answer:?} before the server had the request"),
        () = server.arrived() => pause(),
    }
    let answer = loop {
        server.drip();
        tokio::select! {
            biased;
            answer = &mut call => break answer,
            () = advance(Duration::from_secs(1)) => assert!(began.elapsed() <= WITHIN + Duration::from_secs(2)),
        }
    };
    assert_eq!(answer, Err(NoAnswer::Timeout));
}

#[tokio::test]
async fn no_time_at_all_is_a_timeout_and_no_amount_of_it_a_panic() {
    let server = Server::saying(response(200, completion(PLAN).to_string()));
    let narrator = narrator(&server.base(), "k", "m");
    for _ in 0..10 {
        assert_eq!(narrator.plan(&request("E1"), Duration::ZERO).await, Err(NoAnswer::Timeout));
    }
    assert!(server.seen().is_empty(), "nothing was sent");
    assert!(narrator.plan(&request("E1"), Duration::MAX).await.is_ok());
}

#[tokio::test]
async fn after_five_failures_nobody_is_asked_for_half_a_minute() {
    let mut turns = vec![Turn::Say(response(500, "")); 5];
    turns.push(Turn::Say(response(200, completion(PLAN).to_string())));
    let server = Server::new(turns);
    let (narrator, request) = (narrator(&server.base(), "k", "m"), request("E1"));
    for _ in 0..5 {
        assert_eq!(narrator.plan(&request, WITHIN).await, Err(NoAnswer::Server));
    }
    assert_eq!(narrator.plan(&request, WITHIN).await, Err(NoAnswer::BreakerOpen));
    assert_eq!(server.seen().len(), 5, "nothing was sent");
    pause();
    advance(Duration::from_secs(30)).await;
    tokio::time::resume();
    assert!(narrator.plan(&request, WITHIN).await.is_ok());
    assert!(narrator.plan(&request, WITHIN).await.is_ok());
}

#[tokio::test]
async fn who_was_refused_does_not_ask_again() {
    for status in [401, 403, 404] {
        let server = Server::saying(response(status, ""));
        let narrator = narrator(&server.base(), "k", "m");
        assert_eq!(narrator.plan(&request("E1"), WITHIN).await, Err(NoAnswer::Refused));
        pause();
        advance(Duration::from_secs(86_400)).await;
        assert_eq!(narrator.plan(&request("E1"), WITHIN).await, Err(NoAnswer::BreakerOpen));
        tokio::time::resume();
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn plans_that_are_mostly_replaced_are_not_asked_for() {
    let server = Server::saying(response(200, completion(PLAN).to_string()));
    let narrator = narrator(&server.base(), "k", "m");
    for _ in 0..50 {
        narrator.judged(0.3);
    }
    assert_eq!(narrator.plan(&request("E1"), WITHIN).await, Err(NoAnswer::BreakerOpen));
    assert!(server.seen().is_empty());
}
