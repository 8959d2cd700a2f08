//! What a provider brought is erased for good: nobody can read it any more, everything else stands, and a crash in the middle is
//! finished by whoever comes next.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use candor::domain::Instant;
use candor::domain::day::LocalDay;
use candor::domain::erasure::Scope;
use candor::domain::event::Event;
use candor::domain::person::PersonId;
use candor::domain::profile::Purpose;
use candor::domain::provider::Provider;
use candor::engine::erasure::Erased;
use candor::engine::ports::erasing::{ErasingError, Holder, Keys};
use candor::engine::ports::export::ReadContext;
use candor::engine::ports::journal::JournalError;
use candor::engine::{Engine, EngineError};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Place, on_each};

on_each!(
    what_a_provider_brought_is_gone_and_everything_else_stands,
    a_crash_between_any_two_steps_is_finished_by_who_comes_next,
    a_process_that_still_has_the_key_in_memory_reads_and_writes_nothing_with_it,
    a_key_that_is_gone_without_an_erasure_is_a_fault,
    a_person_is_erased_with_everything_and_nothing_is_ever_written_again,
    a_person_who_never_comes_back_is_erased_all_the_same,
    who_was_held_up_takes_nothing_away_that_came_afterwards,
);

/// What WHOOP measured on one day, to the last digit: found nowhere afterwards.
const CANARY: f64 = 61.718_75;

fn person(number: u128) -> PersonId {
    PersonId::new(Uuid::from_u128(number))
}

fn now() -> Instant {
    "2026-03-31T12:00:00Z".parse().unwrap()
}

/// Ninety days: WHOOP's resting heart rate, which rises, and Garmin's sleep, in a file each.
async fn tell(engine: &Engine, folder: &Path, person: PersonId) {
    let context = ReadContext { home_zone: chrono_tz::UTC, now: now() };
    engine.register(person, now()).await.unwrap();
    for (provider, metric, unit) in [("whoop", "resting_heart_rate", "bpm"), ("garmin", "sleep_duration", "min")] {
        let lines: Vec<String> = (0..90)
            .map(|number| {
                let day: LocalDay = "2026-01-01".parse::<LocalDay>().unwrap().plus(number);
                let swing = f64::from(number * 7 % 5);
                let value = match (provider, number) {
                    ("whoop", 45) => CANARY,
                    ("whoop", 46..) => 62.0 + swing,
                    ("whoop", _) => 52.0 + swing,
                    _ => 430.0 + 3.0 * swing,
                };
                let (start, end) = (format!("{day}T00:00:00Z"), format!("{day}T07:00:00Z"));
                json!({ "provider": provider, "metric": metric, "value": value, "unit": unit, "kind": "sleep",
                        "start": start, "end": end })
                .to_string()
            })
            .collect();
        let file = folder.join(format!("{provider}.ndjson"));
        std::fs::write(&file, lines.join("\n")).unwrap();
        let surveyed = engine.survey(&file, context, |_| ()).await.unwrap();
        engine.import(person, &surveyed, context, &|_| ()).await.unwrap();
        std::fs::remove_file(file).unwrap();
    }
    engine.run_stages(person, now(), None, &|_, _| ()).await.unwrap();
}

async fn erase(engine: &Engine, person: PersonId) -> Result<Erased, EngineError> {
    engine.erase(person, Scope::Provider(Provider::Whoop), &[], now()).await
}

/// Everything that is shown of a person, as one text.
async fn shown(engine: &Engine, person: PersonId) -> String {
    let mut shown = String::new();
    for kind in ["import", "day_score", "insight", "safety_notice", "narrative", "claim", "day", "baseline", "provider"]
    {
        let entities = engine.views.entities(person, kind, None).await.unwrap();
        shown.push_str(&serde_json::to_string(&entities).unwrap());
    }
    let first: LocalDay = "2025-01-01".parse().unwrap();
    let observations = engine.views.observations(person, first).await.unwrap();
    shown.push_str(&serde_json::to_string(&observations).unwrap());
    shown.push_str(&serde_json::to_string(&engine.state(person).await.unwrap()).unwrap());
    shown
}

/// Who measured what is known of a person.
async fn measured_by(engine: &Engine, person: PersonId) -> BTreeSet<Provider> {
    let first: LocalDay = "2025-01-01".parse().unwrap();
    let observations = engine.views.observations(person, first).await.unwrap();
    observations.into_iter().map(|(observation, _)| observation.key.provider).collect()
}

/// The files below a folder that hold the canary: as SQLite writes a number, or as a text.
fn files_with_it(folder: &Path) -> Vec<String> {
    let (number, text) = (CANARY.to_be_bytes(), b"61.71875");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with_it(&path));
        } else if std::fs::read(&path).unwrap().windows(8).any(|part| part == number || part == text) {
            found.push(path.display().to_string());
        }
    }
    found
}

async fn what_a_provider_brought_is_gone_and_everything_else_stands(place: &Place) {
    let engine = place.engine_over(place.log().await).await;
    for number in [1, 2] {
        tell(&engine, &place.path("."), person(number)).await;
    }
    let (before, other) = (shown(&engine, person(1)).await, shown(&engine, person(2)).await);
    assert!(before.contains("61.71875") && before.contains("resting_heart_rate"));
    let statements = engine.state(person(1)).await.unwrap().insights;
    assert!(
        statements.values().any(|insight| insight.evidence.sources.contains(&Provider::Whoop)),
        "it rests on WHOOP"
    );
    let originals = || std::fs::read_dir(place.path("originals")).unwrap().count();
    assert_eq!(originals(), 4);
    if !place.is_postgres() {
        assert!(!files_with_it(&place.path(".")).is_empty(), "the read models are in clear");
    }

    erase(&engine, person(1)).await.unwrap();

    let after = shown(&engine, person(1)).await;
    assert!(!after.contains("61.71875") && !after.contains("\"whoop\""), "{after}");
    assert_eq!(measured_by(&engine, person(1)).await, BTreeSet::from([Provider::Garmin]));
    assert_eq!(originals(), 3, "the original of the file went, the others stay");
    assert_eq!(shown(&engine, person(2)).await, other, "everybody else is as they were");
    if !place.is_postgres() {
        // The other person's rows hold the same number: they are erased too, to look at the bytes.
        erase(&engine, person(2)).await.unwrap();
        assert_eq!(files_with_it(&place.path(".")), Vec::<String>::new());
    }
    // The rest is worked out anew, from what is left, and all of it holds.
    engine.run_stages(person(1), now(), None, &|_, _| ()).await.unwrap();
    let state = engine.state(person(1)).await.unwrap();
    assert!(state.pending.is_empty() && state.erasures.under_way.is_none());
    let verified = engine.verify(None, &|_| ()).await.unwrap();
    assert!(verified.ok && verified.redacted > 0 && verified.runs_reproduced > 0, "{verified:?}");
    let rebuilt = engine.views.rebuild().await.unwrap();
    assert!(rebuilt.matches_live && rebuilt.switched, "{rebuilt:?}");
    // It comes again once it is allowed: under a key of its own, as if it had never been there.
    tell(&engine, &place.path("."), person(1)).await;
    assert_eq!(measured_by(&engine, person(1)).await, BTreeSet::from([Provider::Garmin]), "not before");
    engine.grant(person(1), Purpose::Provider(Provider::Whoop), now()).await.unwrap();
    tell(&engine, &place.path("."), person(1)).await;
    assert_eq!(measured_by(&engine, person(1)).await, BTreeSet::from([Provider::Whoop, Provider::Garmin]));
    let verified = engine.verify(None, &|_| ()).await.unwrap();
    assert!(verified.ok, "{verified:?}");
}

/// Keys and a holder that fail once, before or after they have done it.
struct Failing {
    keys: Arc<dyn Keys>,
    fails_at: u32,
    step: AtomicU32,
}

impl Failing {
    fn step(&self) -> Result<(), ErasingError> {
        let step = self.step.fetch_add(1, Ordering::SeqCst);
        if step == self.fails_at { Err(ErasingError("the process is killed here".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl Keys for Failing {
    async fn ids(&self, person: PersonId, scope: Scope) -> Result<Vec<Uuid>, ErasingError> {
        self.keys.ids(person, scope).await
    }

    async fn destroy(&self, keys: &[Uuid]) -> Result<(), ErasingError> {
        self.step()?;
        self.keys.destroy(keys).await?;
        self.step()
    }
}

#[async_trait]
impl Holder for Failing {
    async fn erase(&self, _: PersonId, _: Scope) -> Result<(), ErasingError> {
        self.step()
    }
}

async fn a_crash_between_any_two_steps_is_finished_by_who_comes_next(place: &Place) {
    let good = place.engine_over(place.log().await).await;
    // After the originals went, after the key went, and before everybody else's is gone.
    for fails_at in 0..3 {
        let person = person(10 + u128::from(fails_at));
        tell(&good, &place.path("."), person).await;
        let failing = Arc::new(Failing { keys: place.keys().await, fails_at, step: AtomicU32::new(0) });
        let mut bad = place.engine_over(place.log().await).await;
        bad.keys = Arc::clone(&failing) as _;
        bad.holders.push(failing);
        assert!(erase(&bad, person).await.is_err(), "step {fails_at}");
        let under_way = good.state(person).await.unwrap().erasures.under_way.unwrap();
        assert_eq!(under_way.scope, Scope::Provider(Provider::Whoop));
        let verified = good.verify(None, &|_| ()).await.unwrap();
        assert!(verified.ok, "in the middle, after step {fails_at}: {verified:?}");
        if fails_at == 2 {
            // Who asks again gets the proof of what was begun.
            assert_eq!(erase(&good, person).await.unwrap().keys_destroyed, under_way.keys);
        }
        // Somebody else just wants to say something.
        good.grant(person, Purpose::NarrativeByModel, now()).await.unwrap();
        let state = good.state(person).await.unwrap();
        assert!(state.erasures.under_way.is_none() && state.consents.contains(&Purpose::NarrativeByModel));
        assert_eq!(measured_by(&good, person).await, BTreeSet::from([Provider::Garmin]));
        let verified = good.verify(None, &|_| ()).await.unwrap();
        assert!(verified.ok && verified.redacted > 0, "after step {fails_at}: {verified:?}");
    }
}

async fn a_process_that_still_has_the_key_in_memory_reads_and_writes_nothing_with_it(place: &Place) {
    let (here, there) = (place.engine_over(place.log().await).await, place.engine_over(place.log().await).await);
    tell(&here, &place.path("."), person(1)).await;
    // The other process has opened every event once, and keeps the keys.
    let readable = async |engine: &Engine| {
        let events = engine.journal.read(person(1), 0, 10_000).await.unwrap();
        let of_whoop = |event: &Event| event.providers().contains(&Provider::Whoop);
        events.iter().filter(|e| e.content.as_ref().is_some_and(|(_, event)| of_whoop(event))).count()
    };
    assert!(readable(&there).await > 0);
    erase(&here, person(1)).await.unwrap();
    assert_eq!(readable(&there).await, 0);
    // What it writes now can be read by everybody, also by one who begins today.
    there.grant(person(1), Purpose::Provider(Provider::Whoop), now()).await.unwrap();
    tell(&there, &place.path("."), person(1)).await;
    let fresh = place.engine_over(place.log().await).await;
    let (written, read) = (readable(&there).await, readable(&fresh).await);
    assert!(written > 0 && written == read, "{written} written, {read} read");
    assert!(fresh.verify(None, &|_| ()).await.unwrap().ok);
}

async fn a_key_that_is_gone_without_an_erasure_is_a_fault(place: &Place) {
    let engine = place.engine_over(place.log().await).await;
    tell(&engine, &place.path("."), person(1)).await;
    erase(&engine, person(1)).await.unwrap();
    let garmin = engine.keys.ids(person(1), Scope::Provider(Provider::Garmin)).await.unwrap();
    engine.keys.destroy(&garmin).await.unwrap();
    let verified = engine.verify(None, &|_| ()).await.unwrap();
    assert!(!verified.ok);
    assert!(verified.faults.iter().any(|fault| fault.rule == "key_is_there"), "{verified:?}");
}

async fn a_person_is_erased_with_everything_and_nothing_is_ever_written_again(place: &Place) {
    let engine = place.engine_over(place.log().await).await;
    let there = place.engine_over(place.log().await).await;
    for number in [1, 2] {
        tell(&engine, &place.path("."), person(number)).await;
    }
    erase(&engine, person(1)).await.unwrap();
    let other = shown(&engine, person(2)).await;
    // Somebody is about to say something for them, and has loaded what they decide from.
    let before = there.state(person(1)).await.unwrap();
    let events = there.journal.read(person(1), 0, 10_000).await.unwrap();
    let late = events.iter().find_map(|event| event.content.clone()).unwrap();

    let erased = engine.erase(person(1), Scope::Person, &[], now()).await.unwrap();
    assert_eq!(erased.keys_destroyed.len(), 3, "the person's, Garmin's and that of their own files");

    let too_late = there.journal.append(person(1), before.revision, "late", &[late], now()).await;
    assert!(matches!(too_late, Err(JournalError::Conflict)), "{too_late:?}");
    for engine in [&engine, &there] {
        let refused = engine.grant(person(1), Purpose::NarrativeByModel, now()).await.unwrap_err();
        assert!(matches!(&refused, EngineError::Refused(rule) if rule.rule == "person_is_not_erased"), "{refused}");
        assert!(matches!(engine.register(person(1), now()).await, Err(EngineError::Refused(_))));
        assert_eq!(engine.views.persons().await.unwrap(), [person(2)]);
        let events = engine.journal.read(person(1), 0, 10_000).await.unwrap();
        let read: Vec<_> = events.iter().filter(|event| event.content.is_some()).map(|e| e.kind.as_str()).collect();
        assert_eq!(read, ["erasure_requested", "erasure_completed"], "the bare fact is left");
        assert_eq!(events.len() as u64, erased.events_unreadable + 2);
    }
    assert_eq!(measured_by(&engine, person(1)).await, BTreeSet::new());
    assert_eq!(shown(&engine, person(2)).await, other, "everybody else is as they were");
    let originals = std::fs::read_dir(place.path("originals")).unwrap().count();
    assert_eq!(originals, 2, "those of the other person");
    let verified = engine.verify(None, &|_| ()).await.unwrap();
    assert!(verified.ok && verified.redacted == erased.events_unreadable, "{verified:?}");
    assert!(engine.views.rebuild().await.unwrap().matches_live);
    if !place.is_postgres() {
        engine.erase(person(2), Scope::Person, &[], now()).await.unwrap();
        assert_eq!(files_with_it(&place.path(".")), Vec::<String>::new());
    }
}

async fn a_person_who_never_comes_back_is_erased_all_the_same(place: &Place) {
    let good = place.engine_over(place.log().await).await;
    for fails_at in 0..3 {
        let person = person(20 + u128::from(fails_at));
        tell(&good, &place.path("."), person).await;
        let failing = Arc::new(Failing { keys: place.keys().await, fails_at, step: AtomicU32::new(0) });
        let mut bad = place.engine_over(place.log().await).await;
        bad.keys = Arc::clone(&failing) as _;
        bad.holders.push(failing);
        assert!(bad.erase(person, Scope::Person, &[], now()).await.is_err(), "step {fails_at}");
        // A server looks by itself.
        good.finish_all_erasing(now()).await.unwrap();
        assert!(good.views.erased().await.unwrap().contains(&person), "after step {fails_at}");
        assert!(good.keys.ids(person, Scope::Person).await.unwrap().is_empty());
        let again = good.erase(person, Scope::Person, &[], now()).await.unwrap();
        assert_eq!(again.keys_destroyed.len(), 4, "the proof can be had again");
    }
    let verified = good.verify(None, &|_| ()).await.unwrap();
    assert!(verified.ok, "{verified:?}");
}

/// Keys whose holder is held up just before they are destroyed, until somebody else has finished and the data are back.
struct HeldUp {
    keys: Arc<dyn Keys>,
    meanwhile: tokio::sync::Mutex<Option<tokio::sync::oneshot::Receiver<()>>>,
    there: tokio::sync::Notify,
}

#[async_trait]
impl Keys for HeldUp {
    async fn ids(&self, person: PersonId, scope: Scope) -> Result<Vec<Uuid>, ErasingError> {
        self.keys.ids(person, scope).await
    }

    async fn destroy(&self, keys: &[Uuid]) -> Result<(), ErasingError> {
        if let Some(meanwhile) = self.meanwhile.lock().await.take() {
            self.there.notify_one();
            meanwhile.await.unwrap();
        }
        self.keys.destroy(keys).await
    }
}

async fn who_was_held_up_takes_nothing_away_that_came_afterwards(place: &Place) {
    let here = place.engine_over(place.log().await).await;
    tell(&here, &place.path("."), person(1)).await;
    let (go_on, meanwhile) = tokio::sync::oneshot::channel();
    let held_up = Arc::new(HeldUp {
        keys: place.keys().await,
        meanwhile: tokio::sync::Mutex::new(Some(meanwhile)),
        there: tokio::sync::Notify::new(),
    });
    let mut there = place.engine_over(place.log().await).await;
    there.keys = Arc::clone(&held_up) as _;
    let late = tokio::spawn(async move { erase(&there, person(1)).await.map(|_| ()) });
    held_up.there.notified().await;
    // Somebody else finishes it, and the person brings everything again.
    here.finish_all_erasing(now()).await.unwrap();
    here.grant(person(1), Purpose::Provider(Provider::Whoop), now()).await.unwrap();
    tell(&here, &place.path("."), person(1)).await;
    go_on.send(()).unwrap();
    late.await.unwrap().unwrap();
    let fresh = place.engine_over(place.log().await).await;
    assert_eq!(measured_by(&fresh, person(1)).await, BTreeSet::from([Provider::Whoop, Provider::Garmin]));
    let verified = fresh.verify(None, &|_| ()).await.unwrap();
    assert!(verified.ok, "{verified:?}");
    assert!(fresh.views.rebuild().await.unwrap().matches_live);
}
