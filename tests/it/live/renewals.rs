//! Access is renewed by one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use candor::domain::provider::Provider;
use candor::engine::live::LiveError;
use candor::engine::ports::connections::ConnectionState;
use candor::engine::ports::provider_api::CallFault;
use chrono::TimeDelta;
use secrecy::ExposeSecret as _;

use super::fake::Fake;
use super::{connect, live, now, person};
use crate::support::{Place, on_both};

/// Two workers with connections of their own want good access at the same moment, a thousand times.
async fn pain_05_two_workers_never_show_one_refresh_token_twice(place: &Place) {
    let times = if place.is_postgres() { 250 } else { 1_000 };
    let fake = Fake::new(Provider::Whoop);
    let (one, other) = (live(place, &fake).await, live(place, &fake).await);
    connect(&one, Provider::Whoop).await;
    let busy = Arc::new(AtomicU32::new(0));
    for round in 1..=times {
        let at = now() + TimeDelta::hours(round);
        let tries = [one.clone(), other.clone()].map(|live| {
            let busy = Arc::clone(&busy);
            tokio::spawn(async move {
                loop {
                    match live.access(person(), Provider::Whoop, at).await {
                        Ok((_, grant)) => return grant.access.expose_secret().to_owned(),
                        Err(LiveError::Busy(_)) => {
                            busy.fetch_add(1, Ordering::Relaxed);
                            tokio::task::yield_now().await;
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        });
        for access in tries {
            assert_eq!(access.await.unwrap(), format!("access-{round}"));
        }
    }
    let state = fake.1.lock().unwrap();
    assert_eq!(i64::from(state.given), times);
    assert!(state.shown.values().all(|times| *times == 1), "a refresh token was shown twice");
    println!("{times} renewals by two workers, who met at {} of them", busy.load(Ordering::Relaxed).min(state.given));
}

async fn pain_05_a_grant_that_is_no_good_is_asked_for_once_and_then_by_the_person(place: &Place) {
    let fake = Fake::new(Provider::Whoop);
    let live = live(place, &fake).await;
    connect(&live, Provider::Whoop).await;
    fake.1.lock().unwrap().good = "somebody else renewed it".to_owned();
    let later = now() + TimeDelta::hours(2);
    for _ in 0..50 {
        let asked = live.access(person(), Provider::Whoop, later).await;
        assert!(matches!(asked, Err(LiveError::Reconnect(_))), "{asked:?}");
    }
    assert_eq!(fake.1.lock().unwrap().shown["refresh-0"], 1, "no storm");
    let connection = &live.connections.list(Some(person())).await.unwrap()[0];
    assert_eq!(connection.state, ConnectionState::Reconnect);
    // The person connects again, and everything goes on.
    fake.1.lock().unwrap().good = "refresh-0".to_owned();
    connect(&live, Provider::Whoop).await;
    assert!(live.access(person(), Provider::Whoop, now()).await.is_ok());
}

async fn a_provider_that_does_not_answer_costs_no_grant(place: &Place) {
    let fake = Fake::new(Provider::Whoop);
    let live = live(place, &fake).await;
    connect(&live, Provider::Whoop).await;
    let later = now() + TimeDelta::hours(2);
    fake.1.lock().unwrap().fault = Some(CallFault::Unavailable("down"));
    for _ in 0..3 {
        assert!(matches!(live.access(person(), Provider::Whoop, later).await, Err(LiveError::Call(_))));
    }
    fake.1.lock().unwrap().fault = None;
    assert!(live.access(person(), Provider::Whoop, later).await.is_ok(), "the lease was given back");
}

/// A process that dies in the middle of a renewal holds nobody up for longer than its lease.
async fn a_lease_that_ran_out_is_anybodys(place: &Place) {
    let fake = Fake::new(Provider::Whoop);
    let live = live(place, &fake).await;
    connect(&live, Provider::Whoop).await;
    let later = now() + TimeDelta::hours(2);
    let (connection, _) = live.connections.get(person(), Provider::Whoop).await.unwrap().unwrap();
    let until = later + TimeDelta::minutes(2);
    live.connections.ask_to_renew(&connection, live.new_id(), later, until).await.unwrap();
    assert!(matches!(live.access(person(), Provider::Whoop, later).await, Err(LiveError::Busy(_))));
    assert!(live.access(person(), Provider::Whoop, until).await.is_ok());
}

on_both!(
    pain_05_two_workers_never_show_one_refresh_token_twice,
    pain_05_a_grant_that_is_no_good_is_asked_for_once_and_then_by_the_person,
    a_provider_that_does_not_answer_costs_no_grant,
    a_lease_that_ran_out_is_anybodys,
);
