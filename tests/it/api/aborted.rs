//! Requests that are dropped half-way, as a client does that goes away: nothing stays open in the database, what was
//! acknowledged is there once, and the rest is there once or not at all.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use candor::api::{self, Access};
use candor::domain::event::Event;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use serde_json::json;
use tower::ServiceExt as _;

use super::{Server, person};
use crate::support::Place;

const REQUESTS: u32 = 10_000;
/// Requests that are under way at once.
const AT_ONCE: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_that_are_dropped_leave_nothing_half_done() {
    let Some(place) = Place::postgres().await else { return };
    let server = Server::over(place, Access::Public(person())).await;
    let router = api::router(&server.service);
    let mut hands = tokio::task::JoinSet::new();
    for hand in 0..AT_ONCE {
        let router = router.clone();
        hands.spawn(async move {
            let mut chance = ChaCha8Rng::seed_from_u64(hand);
            let mut acknowledged = Vec::new();
            for number in (0..REQUESTS).filter(|number| u64::from(*number) % AT_ONCE == hand) {
                // Every request says something of its own.
                let mood = 1.0 + f64::from(number) / 10_000.0;
                let request = Request::post("/api/v1/checkins").header(header::CONTENT_TYPE, "application/json");
                let request = request.body(Body::from(json!({ "mood": mood }).to_string())).unwrap();
                // From a microsecond to a quarter of a second, every order of magnitude as often.
                let patience = Duration::from_micros(1 << (chance.next_u32() % 19));
                let answered = tokio::time::timeout(patience, router.clone().oneshot(request)).await;
                if answered.is_ok_and(|answer| answer.unwrap().status().is_success()) {
                    acknowledged.push(mood.to_bits());
                }
            }
            acknowledged
        });
    }
    let acknowledged: Vec<u64> = hands.join_all().await.into_iter().flatten().collect();
    // What was begun is finished by itself; then no connection is left inside a transaction.
    let verified = server.service.engine.verify(None, &|_| ()).await.unwrap();
    assert!(verified.ok, "{:?}", verified.faults);
    let open = server.place.tables().await;
    let rows = open
        .query(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database()
               AND state LIKE 'idle in transaction%'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(rows[0].int(0).unwrap(), 0, "connections inside a transaction");
    let mut written: BTreeMap<u64, u32> = BTreeMap::new();
    let mut from = 0;
    loop {
        let page = server.service.engine.journal.read(person(), from, 1_000).await.unwrap();
        let Some(last) = page.last() else { break };
        from = last.revision + 1;
        for recorded in page {
            if let Some((_, Event::CheckInRecorded(event))) = recorded.content {
                *written.entry(event.observations[0].value.to_bits()).or_default() += 1;
            }
        }
    }
    assert!(written.values().all(|count| *count == 1), "something was written twice");
    assert!(acknowledged.iter().all(|mood| written.contains_key(mood)), "something acknowledged is not there");
    let (done, there) = (acknowledged.len(), written.len());
    println!("{REQUESTS} requests, {done} acknowledged, {there} written, each once; none is open");
    assert!(done > 100 && there < REQUESTS as usize, "the patience was never, or always, too short");
}
