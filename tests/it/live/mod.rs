//! Live providers on both databases: connected, renewed, fetched, noticed, ended.

mod arrival;
mod coming_back;
mod contract;
mod demands;
mod fake;
mod garmin;
mod notices;
mod pains;
mod permissions;
mod recorded;
mod renewals;
mod tasks;
mod week;

use std::sync::Arc;

use candor::domain::Instant;
use candor::domain::person::PersonId;
use candor::domain::provider::Provider;
use candor::engine::live::connect::Returning;
use candor::engine::live::disconnect::Brought;
use candor::engine::live::{Live, LiveError};
use candor::engine::ports::connections::ConnectionState;
use candor::engine::ports::jobs::{JobState, Page};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::support::{Place, on_both};
use fake::Fake;

pub(crate) fn now() -> Instant {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn person() -> PersonId {
    PersonId::new(Uuid::from_u128(7))
}

/// Live providers with one that a test holds in its hands; its person is registered.
async fn live(place: &Place, fake: &Fake) -> Live {
    let engine = place.engine_over(place.log().await).await;
    engine.register(person(), now()).await.unwrap();
    let mut live = place.live_over(engine).await;
    live.apis.insert(fake.0, Arc::new(fake.clone()));
    live
}

/// The state that a person was sent with.
fn state_of(url: &str) -> String {
    let query = url.split_once('?').unwrap().1;
    query.split('&').find_map(|pair| pair.strip_prefix("state=")).unwrap().to_owned()
}

/// Connects the person's account.
async fn connect(live: &Live, provider: Provider) {
    let begun = live.begin(person(), provider, now()).await.unwrap();
    let state = state_of(&begun.url);
    let back = Returning { state: &state, browser: &begun.browser, code: Some("good"), scope: None };
    assert_eq!(live.complete(provider, back, now()).await.unwrap(), person());
}

async fn who_comes_back_must_be_who_was_sent(place: &Place) {
    let fake = Fake::new(Provider::Whoop);
    let live = live(place, &fake).await;
    let begin = async || {
        let begun = live.begin(person(), Provider::Whoop, now()).await.unwrap();
        (state_of(&begun.url), begun.browser)
    };
    let try_back = async |state: &str, browser: &str, code: Option<&str>, at: Instant| {
        live.complete(Provider::Whoop, Returning { state, browser, code, scope: None }, at).await
    };
    let (state, browser) = begin().await;
    assert!(state.len() >= 43 && browser.len() >= 43 && state != browser);
    assert!(matches!(try_back("made up", &browser, Some("good"), now()).await, Err(LiveError::NotBegun)));
    assert!(matches!(try_back(&state, "", Some("good"), now()).await, Err(LiveError::NotBegun)), "another browser");
    assert!(matches!(try_back(&state, &browser, Some("good"), now()).await, Err(LiveError::NotBegun)), "used up");
    let (state, browser) = begin().await;
    let late = now() + TimeDelta::minutes(11);
    assert!(matches!(try_back(&state, &browser, Some("good"), late).await, Err(LiveError::NotBegun)));
    let (state, browser) = begin().await;
    assert!(matches!(try_back(&state, &browser, None, now()).await, Err(LiveError::NotAllowed)), "they said no");
    let (state, browser) = begin().await;
    assert!(matches!(try_back(&state, &browser, Some("bad"), now()).await, Err(LiveError::Call(_))));
    let (state, browser) = begin().await;
    let other =
        live.complete(Provider::Strava, Returning { state: &state, browser: &browser, code: None, scope: None }, now());
    assert!(matches!(other.await, Err(LiveError::NotBegun)), "another provider");
    // Who did not come back in time is forgotten, and a notice that no provider sends again.
    let (state, browser) = begin().await;
    assert!(live.connections.deliver(Provider::Whoop, "one", Vec::new(), now()).await.unwrap());
    live.connections.prune(now() + TimeDelta::minutes(9)).await.unwrap();
    assert!(!live.connections.deliver(Provider::Whoop, "one", Vec::new(), now()).await.unwrap());
    live.connections.prune(now() + TimeDelta::days(15)).await.unwrap();
    assert!(matches!(try_back(&state, &browser, Some("good"), now()).await, Err(LiveError::NotBegun)), "forgotten");
    assert!(live.connections.deliver(Provider::Whoop, "one", Vec::new(), now()).await.unwrap());
    assert!(live.connections.list(None).await.unwrap().is_empty());
}

async fn an_account_is_one_persons_and_what_was_ticked_is_kept(place: &Place) {
    let fake = Fake::new(Provider::Whoop);
    let live = live(place, &fake).await;
    connect(&live, Provider::Whoop).await;
    let page = Page { person: None, after: None, limit: 10 };
    let ordered = live.queue.jobs(page, Some(JobState::Ready)).await.unwrap();
    let mut kinds: Vec<_> = ordered.iter().map(|job| job.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["backfill", "sync"]);

    let second = PersonId::new(Uuid::from_u128(8));
    live.engine.register(second, now()).await.unwrap();
    let begun = live.begin(second, Provider::Whoop, now()).await.unwrap();
    let state = state_of(&begun.url);
    let back = Returning { state: &state, browser: &begun.browser, code: Some("good"), scope: None };
    assert!(matches!(live.complete(Provider::Whoop, back, now()).await, Err(LiveError::OtherPerson)));

    let begun = live.begin(person(), Provider::Whoop, now()).await.unwrap();
    let state = state_of(&begun.url);
    let back =
        Returning { state: &state, browser: &begun.browser, code: Some("good"), scope: Some("read:sleep read:cycles") };
    live.complete(Provider::Whoop, back, now()).await.unwrap();
    let connection = &live.connections.list(Some(person())).await.unwrap()[0];
    assert_eq!(connection.scopes.as_deref(), Some(["read:sleep".to_owned(), "read:cycles".to_owned()].as_slice()));
    assert_eq!((connection.state, connection.generation), (ConnectionState::Connected, 2));
}

async fn tokens_are_nowhere_in_clear_and_a_connection_ends(place: &Place) {
    let fake = Fake::new(Provider::Whoop);
    let live = live(place, &fake).await;
    connect(&live, Provider::Whoop).await;
    if !place.is_postgres() {
        for name in ["jobs.db", "jobs.db-wal", "log.db", "log.db-wal"] {
            let bytes = std::fs::read(place.path(name)).unwrap_or_default();
            assert!(!bytes.windows(9).any(|part| part == b"refresh-0"), "{name}");
            assert!(!bytes.windows(8).any(|part| part == b"access-0"), "{name}");
        }
    }
    assert!(live.disconnect(person(), Provider::Whoop, Brought::Kept, now()).await.unwrap());
    assert_eq!(fake.1.lock().unwrap().revoked, 1);
    let again = live.disconnect(person(), Provider::Whoop, Brought::Kept, now()).await;
    assert!(matches!(again, Err(LiveError::NotConnected(_))));
    assert!(live.connections.list(None).await.unwrap().is_empty());
    // What it brought stays, and its files may be brought.
    let state = live.engine.state(person()).await.unwrap();
    assert!(candor::domain::invariants::may_take_from(&state, Provider::Whoop).is_ok());
}

async fn strava_is_erased_when_it_is_disconnected_as_its_terms_demand(place: &Place) {
    let fake = Fake::new(Provider::Strava);
    let live = live(place, &fake).await;
    connect(&live, Provider::Strava).await;
    let kept = live.disconnect(person(), Provider::Strava, Brought::Kept, now()).await;
    assert!(matches!(kept, Err(LiveError::MustGo(Provider::Strava))));
    assert_eq!(live.connections.list(None).await.unwrap().len(), 1, "nothing was done");
    live.disconnect(person(), Provider::Strava, Brought::Deleted, now()).await.unwrap();
    assert!(live.connections.list(None).await.unwrap().is_empty());
    let page = Page { person: Some(person()), after: None, limit: 10 };
    let waiting = live.queue.jobs(page, Some(JobState::Ready)).await.unwrap();
    assert_eq!(waiting.iter().map(|job| job.kind.as_str()).collect::<Vec<_>>(), ["loop"], "nothing of Strava waits");
    let state = live.engine.state(person()).await.unwrap();
    assert!(candor::domain::invariants::may_take_from(&state, Provider::Strava).is_err());
}

async fn without_consent_nothing_is_asked_of_a_provider(place: &Place) {
    let fake = Fake::new(Provider::Whoop);
    let live = live(place, &fake).await;
    connect(&live, Provider::Whoop).await;
    let calls = fake.1.lock().unwrap().calls;
    let purpose = candor::domain::profile::Purpose::Provider(Provider::Whoop);
    live.engine.withdraw(person(), purpose, now()).await.unwrap();
    assert!(matches!(live.sync(person(), Provider::Whoop, now()).await, Err(LiveError::Engine(_))));
    assert_eq!(fake.1.lock().unwrap().calls, calls);
}

on_both!(
    who_comes_back_must_be_who_was_sent,
    an_account_is_one_persons_and_what_was_ticked_is_kept,
    tokens_are_nowhere_in_clear_and_a_connection_ends,
    strava_is_erased_when_it_is_disconnected_as_its_terms_demand,
    without_consent_nothing_is_asked_of_a_provider,
);
