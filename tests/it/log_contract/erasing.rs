//! Erasing against those who write meanwhile, and crashes before its first step and before its last.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::journal::{self, Unsteady, night, now, one_of, person};
use crate::support::{Place, on_each};
use async_trait::async_trait;
use candor::domain::erasure::Scope;
use candor::domain::event::{ConsentGranted, ErasureCompleted, ErasureRequested, Event};
use candor::domain::person::PersonId;
use candor::domain::profile::Purpose;
use candor::domain::provider::Provider;
use candor::engine::ports::erasing::Keys as _;
use candor::engine::ports::journal::{Journal as _, JournalError};
use candor::engine::ports::originals::{Originals, OriginalsError};
use candor::engine::{Engine, EngineError};

on_each!(
    whoever_writes_while_it_is_erased_is_erased_or_refused,
    what_is_told_after_an_erasure_can_be_read_whoever_erased,
    who_asked_to_erase_looks_at_the_keys_before_it_seals_again,
    a_crash_before_the_first_step_and_before_the_last_is_finished_by_who_comes_next,
);

/// Whether somebody else was faster too often, or read SQLite's files while what was deleted was to go out of them: what was
/// begun is finished by who asks again.
fn may_be_asked_again(error: &EngineError) -> bool {
    match error {
        EngineError::Journal(JournalError::Conflict) => true,
        EngineError::Erasing(error) => error.to_string().ends_with("somebody reads the database all the time"),
        EngineError::Views(error) => error.to_string().ends_with("somebody reads the database all the time"),
        _ => false,
    }
}

/// Tells a night of WHOOP's; false once that is refused.
async fn tell(engine: &Engine, whose: PersonId, night: &Event) -> bool {
    loop {
        match engine.decide(whose, "night", now(), |_| Ok(vec![night.clone()])).await {
            Ok(_) => return true,
            // Nothing was told.
            Err(error) if may_be_asked_again(&error) => {}
            Err(EngineError::Refused(violation)) => {
                let rules = ["person_is_not_erased", "no_erasure_is_under_way", "provider_needs_consent"];
                assert!(rules.contains(&violation.rule), "{violation}");
                return false;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// The nights in a person's stream: how many can be read, and how many cannot.
async fn nights(engine: &Engine, whose: PersonId) -> (usize, usize) {
    let events = engine.journal.read(whose, 0, 10_000).await.unwrap();
    let nights = events.iter().filter(|event| event.kind == "observations_recorded");
    let readable = nights.clone().filter(|event| event.content.is_some()).count();
    (readable, nights.count() - readable)
}

async fn whoever_writes_while_it_is_erased_is_erased_or_refused(place: &Place) {
    let here = place.engine_over(place.log().await).await;
    for (number, scope) in [(1, Scope::Provider(Provider::Whoop)), (2, Scope::Person)] {
        let whose = person(number);
        here.register(whose, now()).await.unwrap();
        let acknowledged = Arc::new(AtomicU64::new(0));
        let mut writers = Vec::new();
        for writer in 0..2 {
            let engine = place.engine_over(place.log().await).await;
            let acknowledged = Arc::clone(&acknowledged);
            writers.push(tokio::spawn(async move {
                for minutes in 0.. {
                    let night = night(Provider::Whoop, 1 + writer, 300.0 + f64::from(minutes));
                    if !tell(&engine, whose, &night).await {
                        return;
                    }
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            }));
        }
        while acknowledged.load(Ordering::SeqCst) < 6 {
            tokio::task::yield_now().await;
        }
        loop {
            match here.erase(whose, scope, &[], now()).await {
                Ok(_) => break,
                Err(error) if may_be_asked_again(&error) => {}
                Err(error) => panic!("{error}"),
            }
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let fresh = place.engine_over(place.log().await).await;
        let (readable, unreadable) = nights(&fresh, whose).await;
        assert_eq!((readable, unreadable as u64), (0, acknowledged.load(Ordering::SeqCst)), "{scope}");
        assert!(!tell(&fresh, whose, &night(Provider::Whoop, 9, 400.0)).await, "{scope}: it stays so");
        let verified = fresh.verify(None, &|_| ()).await.unwrap();
        assert!(verified.ok, "{scope}: {verified:?}");
    }
    assert!(here.views.rebuild().await.unwrap().matches_live);
}

async fn what_is_told_after_an_erasure_can_be_read_whoever_erased(place: &Place) {
    let provider = Provider::Whoop;
    let (here, other) = (place.engine_over(place.log().await).await, place.engine_over(place.log().await).await);
    for (number, eraser) in [(1, &here), (2, &other)] {
        let whose = person(number);
        here.register(whose, now()).await.unwrap();
        for (day, readable) in [(1, 1), (2, 2)] {
            // The keys are in memory now, and the stream ends with what this process wrote.
            assert!(tell(&here, whose, &night(provider, day, 400.0)).await);
            let fresh = place.engine_over(place.log().await).await;
            assert_eq!(nights(&fresh, whose).await, (readable, 0));
        }
        for round in 1..=2 {
            eraser.erase(whose, Scope::Provider(provider), &[], now()).await.unwrap();
            let again: Event = ConsentGranted { purpose: Purpose::Provider(provider) }.into();
            here.decide(whose, &format!("again/{round}"), now(), |_| Ok(vec![again.clone()])).await.unwrap();
            assert!(tell(&here, whose, &night(provider, 2 + round, 410.0)).await);
            let fresh = place.engine_over(place.log().await).await;
            assert_eq!(nights(&fresh, whose).await, (1, 1 + round as usize), "erased {round} times");
        }
    }
}

async fn who_asked_to_erase_looks_at_the_keys_before_it_seals_again(place: &Place) {
    let (journal, whose, scope) = (place.journal().await, person(1), Scope::Provider(Provider::Whoop));
    journal::tell(&*journal, whose, &journal::beginning()).await;
    let night = |day| night(Provider::Whoop, day, 400.0);
    // No read in between: it goes on from its own last append each time.
    journal.append(whose, Some(1), "a", &[(journal::meta(), night(1))], now()).await.unwrap();
    let keys = place.keys().await.ids(whose, scope).await.unwrap();
    assert_eq!(keys.len(), 1);
    let asked = ErasureRequested { scope, keys, originals: Vec::new() }.into();
    journal.append(whose, Some(2), "b", &[(journal::meta(), asked)], now()).await.unwrap();
    journal::destroy(place, whose, scope).await;
    journal.append(whose, Some(3), "c", &[(journal::meta(), night(2))], now()).await.unwrap();
    // Nor does who goes on from what another one erased and finished.
    let other = place.journal().await;
    let keys = place.keys().await.ids(whose, scope).await.unwrap();
    let asked = ErasureRequested { scope, keys, originals: Vec::new() }.into();
    other.append(whose, Some(4), "d", &[(journal::meta(), asked)], now()).await.unwrap();
    journal::destroy(place, whose, scope).await;
    let completed = ErasureCompleted { scope }.into();
    other.append(whose, Some(5), "e", &[(journal::meta(), completed)], now()).await.unwrap();
    journal.append(whose, Some(6), "f", &[(journal::meta(), night(3))], now()).await.unwrap();
    let read = place.journal().await.read(whose, 2, 10).await.unwrap();
    let readable = [false, true, false, true, true, true];
    assert_eq!(read.iter().map(|event| event.content.is_some()).collect::<Vec<_>>(), readable);
}

/// Originals whose next removal fails, before anything was removed.
struct Failing {
    originals: Arc<dyn Originals>,
    failures: AtomicU32,
}

#[async_trait]
impl Originals for Failing {
    async fn keep(&self, whose: PersonId, provider: Provider, file: &Path) -> Result<String, OriginalsError> {
        self.originals.keep(whose, provider, file).await
    }

    async fn give_back(&self, whose: PersonId, digest: &str, target: &Path) -> Result<(), OriginalsError> {
        self.originals.give_back(whose, digest, target).await
    }

    async fn remove(&self, whose: PersonId, digest: &str) -> Result<(), OriginalsError> {
        if one_of(&self.failures) {
            return Err(OriginalsError("the process is killed here".to_owned()));
        }
        self.originals.remove(whose, digest).await
    }

    async fn name(&self, whose: PersonId, digest: &str) -> Result<String, OriginalsError> {
        self.originals.name(whose, digest).await
    }

    async fn give_back_named(
        &self,
        whose: PersonId,
        provider: Provider,
        name: &str,
        target: &Path,
    ) -> Result<(), OriginalsError> {
        self.originals.give_back_named(whose, provider, name, target).await
    }

    async fn check(&self, whose: PersonId, digest: &str) -> Result<(), OriginalsError> {
        self.originals.check(whose, digest).await
    }
}

async fn a_crash_before_the_first_step_and_before_the_last_is_finished_by_who_comes_next(place: &Place) {
    let good = place.engine_over(place.log().await).await;
    let mut left = BTreeSet::new();
    for (number, before_the_last) in [(1, false), (2, true)] {
        let whose = person(number);
        good.register(whose, now()).await.unwrap();
        let context = candor::engine::ports::export::ReadContext { home_zone: chrono_tz::UTC, now: now() };
        let file = place.path("nights.ndjson");
        let line = r#"{"provider":"whoop","metric":"sleep_duration","value":431,"unit":"min","kind":"sleep","start":"2026-01-01T00:00:00Z","end":"2026-01-01T07:00:00Z"}"#;
        std::fs::write(&file, line).unwrap();
        let surveyed = good.survey(&file, context, |_| ()).await.unwrap();
        good.import(whose, &surveyed, context, &|_| ()).await.unwrap();
        let log = Arc::new(Unsteady { after_commit: false, ..Unsteady::over(place.log().await) });
        let mut bad = place.engine_over(Arc::clone(&log) as _).await;
        let originals = Arc::clone(&bad.originals);
        if before_the_last {
            log.spared.store(1, Ordering::SeqCst);
            log.losses.store(u32::MAX, Ordering::SeqCst);
        } else {
            bad.originals = Arc::new(Failing { originals, failures: AtomicU32::new(1) });
        }
        assert!(bad.erase(whose, Scope::Person, &[], now()).await.is_err());
        assert!(good.state(whose).await.unwrap().erasures.under_way.is_some(), "the request is in the log");
        assert_eq!(nights(&good, whose).await, if before_the_last { (0, 1) } else { (1, 0) });
        assert!(good.verify(None, &|_| ()).await.unwrap().ok);
        good.finish_all_erasing(now()).await.unwrap();
        left.insert(whose);
        assert_eq!(nights(&good, whose).await, (0, 1));
        assert_eq!(BTreeSet::from_iter(good.views.erased().await.unwrap()), left);
        assert!(std::fs::read_dir(place.path("originals")).unwrap().next().is_none());
        assert!(good.verify(None, &|_| ()).await.unwrap().ok);
    }
}
