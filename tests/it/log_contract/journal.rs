//! Typed events over the sealed log: what is written comes back, destroyed keys redact exactly what they sealed, and a
//! command whose reply was lost is done once.

use crate::support::{Place, everything, on_each};
use async_trait::async_trait;
use candor::domain::Instant;
use candor::domain::erasure::Scope;
use candor::domain::event::{
    Actor, ConsentGranted, ConsentWithdrawn, Event, Meta, ObservationsRecorded, PersonRegistered,
};
use candor::domain::metric::Metric;
use candor::domain::observation::{Observation, ObservationKey, RecordKind, Source};
use candor::domain::person::PersonId;
use candor::domain::profile::Purpose;
use candor::domain::provider::Provider;
use candor::engine::EngineError;
use candor::engine::checkins::CheckIn;
use candor::engine::ports::erasing::Keys as _;
use candor::engine::ports::journal::{Journal, JournalError};
use candor::engine::ports::originals::Originals;
use candor::store::error::StoreError;
use candor::store::keys::KeyStore;
use candor::store::log::{
    AppendError, Appended, Capabilities, ChainedEvent, Direction, EventLog, Expected, Head, Leaf, LogPage, Position,
    ReadError, StreamPage,
};
use candor::store::seal::Key;
use candor::store::verify::verify;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

on_each!(
    what_is_appended_comes_back_and_is_not_readable_in_the_log,
    a_destroyed_provider_key_redacts_what_rests_on_it_and_nothing_else,
    a_stream_that_moved_on_is_a_conflict,
    two_processes_that_write_one_stream_by_turns_go_on_from_each_other,
    a_command_whose_reply_is_lost_is_done_once,
    a_command_that_never_reached_the_log_is_done_once,
    a_check_in_that_is_overtaken_by_the_same_words_is_recorded_once,
    two_who_make_a_key_at_once_get_the_same,
    keys_open_under_their_own_master_only,
    the_keys_table_goes_down_and_up_again,
    an_original_comes_back_byte_for_byte_until_its_key_is_gone,
);

pub(super) fn person(number: u128) -> PersonId {
    PersonId::new(Uuid::from_u128(number))
}

pub(super) fn now() -> Instant {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(super) fn meta() -> Meta {
    Meta { occurred_at: now(), actor: Actor::Person, correlation_id: Uuid::from_u128(5), causation_id: None }
}

/// One night of so many minutes.
pub(super) fn night(provider: Provider, day: u32, minutes: f64) -> Event {
    let start: Instant = format!("2026-01-{day:02}T00:00:00Z").parse().unwrap();
    let key =
        ObservationKey { provider, kind: RecordKind::Sleep, metric: Metric::SleepDuration, start, provider_id: None };
    let observation =
        Observation { row: day, ..Observation::new(key, format!("2026-01-{day:02}").parse().unwrap(), minutes) };
    let source = Source { provider, format: "test".to_owned(), file: None, digest: None };
    ObservationsRecorded { source, observations: vec![observation] }.into()
}

/// Appends events at the end of a person's stream.
pub(super) async fn tell(journal: &dyn Journal, person: PersonId, events: &[Event]) -> u64 {
    let known = journal.read(person, 0, 10_000).await.unwrap();
    let expected = known.last().map(|event| event.revision);
    let events: Vec<_> = events.iter().map(|event| (meta(), event.clone())).collect();
    journal.append(person, expected, &format!("test/{expected:?}"), &events, now()).await.unwrap()
}

pub(super) fn beginning() -> [Event; 2] {
    [PersonRegistered { origin: "test".to_owned() }.into(), ConsentGranted { purpose: Purpose::Processing }.into()]
}

pub(super) async fn destroy(place: &Place, person: PersonId, scope: Scope) {
    let keys = place.keys().await;
    keys.destroy(&keys.ids(person, scope).await.unwrap()).await.unwrap();
}

async fn what_is_appended_comes_back_and_is_not_readable_in_the_log(place: &Place) {
    let journal = place.journal().await;
    tell(&*journal, person(1), &beginning()).await;
    tell(&*journal, person(1), &[night(Provider::Whoop, 3, 437.0)]).await;
    let read = place.journal().await.read(person(1), 0, 10).await.unwrap();
    let events: Vec<Event> = read.iter().map(|recorded| recorded.content.clone().unwrap().1).collect();
    assert_eq!(events, [&beginning()[..], &[night(Provider::Whoop, 3, 437.0)]].concat());
    assert_eq!(read[2].content.as_ref().unwrap().0, meta());
    for event in everything(&*place.log().await, 10).await {
        let body = String::from_utf8_lossy(event.body.as_deref().unwrap()).into_owned();
        assert!(!body.contains("437") && !body.contains("sleep") && !body.contains("test"), "{body}");
    }
}

async fn a_destroyed_provider_key_redacts_what_rests_on_it_and_nothing_else(place: &Place) {
    let journal = place.journal().await;
    for number in [1, 2] {
        tell(&*journal, person(number), &beginning()).await;
        let nights = [night(Provider::Whoop, 3, 437.0), night(Provider::Garmin, 3, 430.0)];
        tell(&*journal, person(number), &nights).await;
    }
    destroy(place, person(1), Scope::Provider(Provider::Whoop)).await;
    // Another process, which has no key in memory.
    let journal = place.journal().await;
    let readable = async |number| {
        let events = journal.read(person(number), 0, 10).await.unwrap();
        events.iter().map(|event| event.content.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(readable(1).await, [true, true, false, true]);
    assert_eq!(readable(2).await, [true, true, true, true]);
    assert_eq!(verify(&*place.log().await, None, &mut |_| {}).await.unwrap().faults, 0);
    // The key of the person is in every event of theirs.
    destroy(place, person(2), Scope::Person).await;
    let journal = place.journal().await;
    let events = journal.read(person(2), 0, 10).await.unwrap();
    assert!(events.iter().all(|event| event.content.is_none()));
    assert_eq!(verify(&*place.log().await, None, &mut |_| {}).await.unwrap().faults, 0);
}

async fn a_stream_that_moved_on_is_a_conflict(place: &Place) {
    let journal = place.journal().await;
    tell(&*journal, person(1), &beginning()).await;
    let events = [(meta(), night(Provider::Whoop, 3, 437.0))];
    for expected in [None, Some(0), Some(2)] {
        let refused = journal.append(person(1), expected, "late", &events, now()).await;
        assert!(matches!(refused, Err(JournalError::Conflict)), "{expected:?}: {refused:?}");
    }
    assert_eq!(journal.append(person(1), Some(1), "late", &events, now()).await.unwrap(), 2);
}

/// Each knows the head that it left itself, which is old as soon as the other writes.
async fn two_processes_that_write_one_stream_by_turns_go_on_from_each_other(place: &Place) {
    let journals = [place.journal().await, place.journal().await];
    tell(&*journals[0], person(1), &beginning()).await;
    for last in 1..9 {
        let (writer, other) = (&journals[last as usize % 2], &journals[(last as usize + 1) % 2]);
        let events = [(meta(), night(Provider::Whoop, 3, 437.0))];
        let appended = writer.append(person(1), Some(last), &format!("turn {last}"), &events, now()).await;
        assert_eq!(appended.unwrap(), last + 1);
        let late = other.append(person(1), Some(last), &format!("late {last}"), &events, now()).await;
        assert!(matches!(late, Err(JournalError::Conflict)), "{late:?}");
    }
    let summary = verify(&*place.log().await, None, &mut |_| {}).await.unwrap();
    assert_eq!((summary.events, summary.faults), (10, 0));
}

/// A log whose next appends lose their replies, after the commit or before anything was written, and whose pages come when
/// they are let.
pub(super) struct Unsteady {
    pub(super) log: Arc<dyn EventLog>,
    /// The first appends that lose nothing.
    pub(super) spared: AtomicU32,
    pub(super) losses: AtomicU32,
    pub(super) after_commit: bool,
    /// What each append expected.
    pub(super) expected: Mutex<Vec<Expected>>,
    /// Rung when a page of the whole log was read.
    pub(super) read: Notify,
    /// How many of them may be handed out.
    pub(super) pages: Semaphore,
    /// The next of them that cannot be had.
    pub(super) missed: AtomicU32,
    /// Rung when an append was asked for.
    pub(super) asked: Notify,
    /// How many of them may be passed on.
    pub(super) appends: Semaphore,
}

impl Unsteady {
    pub(super) fn over(log: Arc<dyn EventLog>) -> Self {
        let [pages, appends] = [(); 2].map(|()| Semaphore::new(Semaphore::MAX_PERMITS));
        let [spared, losses, missed] = [(); 3].map(|()| AtomicU32::new(0));
        let [read, asked] = [(); 2].map(|()| Notify::new());
        Self {
            log,
            spared,
            losses,
            after_commit: true,
            expected: Mutex::default(),
            read,
            pages,
            missed,
            asked,
            appends,
        }
    }
}

/// Takes one off a number that is not used up.
pub(super) fn one_of(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

#[async_trait]
impl EventLog for Unsteady {
    async fn append(
        &self,
        stream: &str,
        expected: Expected,
        events: Arc<[ChainedEvent]>,
    ) -> Result<Appended, AppendError> {
        self.expected.lock().unwrap().push(expected);
        self.asked.notify_one();
        self.appends.acquire().await.unwrap().forget();
        let lose = !one_of(&self.spared) && one_of(&self.losses);
        if lose && !self.after_commit {
            return Err(AppendError::unavailable("the connection was cut before the append"));
        }
        let outcome = self.log.append(stream, expected, events).await;
        if lose { Err(AppendError::unavailable("the connection was cut after the append")) } else { outcome }
    }

    async fn read_stream(
        &self,
        stream: &str,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<StreamPage, ReadError> {
        self.log.read_stream(stream, from, direction, limit).await
    }

    async fn read_all(&self, after: Option<Position>, limit: usize) -> Result<LogPage, StoreError> {
        let page = self.log.read_all(after, limit).await;
        self.read.notify_one();
        self.pages.acquire().await.unwrap().forget();
        if one_of(&self.missed) { Err(StoreError::unavailable("the connection was cut")) } else { page }
    }

    async fn leaves(&self, after: Option<Position>, limit: usize) -> Result<Vec<Leaf>, StoreError> {
        self.log.leaves(after, limit).await
    }

    async fn head(&self, stream: &str) -> Result<Option<Head>, StoreError> {
        self.log.head(stream).await
    }

    async fn last_position(&self) -> Result<Option<Position>, StoreError> {
        self.log.last_position().await
    }

    async fn close(&self, stream: &str) -> Result<(), ReadError> {
        self.log.close(stream).await
    }

    async fn erase_bodies(&self, stream: &str) -> Result<u64, StoreError> {
        self.log.erase_bodies(stream).await
    }

    fn wake(&self) -> tokio::sync::watch::Receiver<u64> {
        self.log.wake()
    }

    fn capabilities(&self) -> Capabilities {
        self.log.capabilities()
    }
}

/// Withdraws a consent, which leaves one event each time it is done, through a log that loses replies.
async fn withdraw(place: &Place, losses: u32, after_commit: bool) -> (Result<(), EngineError>, usize) {
    let log = Arc::new(Unsteady { after_commit, ..Unsteady::over(place.log().await) });
    let engine = place.engine_over(Arc::clone(&log) as Arc<dyn EventLog>).await;
    engine.register(person(1), now()).await.unwrap();
    log.losses.store(losses, Ordering::SeqCst);
    let events = [ConsentWithdrawn { purpose: Purpose::Processing }.into()];
    let done = engine.decide(person(1), "withdraw", now(), |_| Ok(events.to_vec())).await.map(|_| ());
    // A log that takes the same ids again where the stream now ends, as some do, is never asked to.
    let asked = log.expected.lock().unwrap().clone();
    let command: Vec<&Expected> = asked.iter().skip_while(|expected| **expected == Expected::NoStream).collect();
    assert!(command.windows(2).all(|two| two[0] == two[1]), "{asked:?}");
    (done, place.journal().await.read(person(1), 2, 100).await.unwrap().len())
}

async fn a_command_whose_reply_is_lost_is_done_once(place: &Place) {
    // More losses than the journal repeats the same bytes: the stream is loaded again, and has moved on.
    let (done, events) = withdraw(place, 6, true).await;
    assert!(done.is_ok(), "{done:?}");
    assert_eq!(events, 1);
}

async fn a_command_that_never_reached_the_log_is_done_once(place: &Place) {
    let (done, events) = withdraw(place, 6, false).await;
    assert!(done.is_ok(), "{done:?}");
    assert_eq!(events, 1);
    let (done, events) = withdraw(place, u32::MAX, false).await;
    assert!(matches!(done, Err(EngineError::Journal(JournalError::Unavailable(_)))), "{done:?}");
    assert_eq!(events, 1);
}

async fn a_check_in_that_is_overtaken_by_the_same_words_is_recorded_once(place: &Place) {
    let log = Arc::new(Unsteady::over(place.log().await));
    let (slow, fast) = (place.engine_over(Arc::clone(&log) as _).await, place.engine_over(place.log().await).await);
    fast.register(person(1), now()).await.unwrap();
    let said = CheckIn { ratings: [(Metric::CheckinMood, 4.0)].into(), ..CheckIn::default() };
    log.appends.forget_permits(Semaphore::MAX_PERMITS);
    let (words, engine) = (said.clone(), slow.clone());
    let overtaken = tokio::spawn(async move { engine.check_in(person(1), &words, now()).await });
    log.asked.notified().await;
    fast.check_in(person(1), &said, now()).await.unwrap();
    log.appends.add_permits(Semaphore::MAX_PERMITS);
    overtaken.await.unwrap().unwrap();
    let recorded = async || place.journal().await.read(person(1), 2, 100).await.unwrap().len();
    assert_eq!(recorded().await, 1);
    // Another word, said by many at once.
    let said = CheckIn { ratings: [(Metric::CheckinMood, 2.0)].into(), ..CheckIn::default() };
    let many = (0..8).map(|number| {
        let (engine, said) = (if number % 2 == 0 { slow.clone() } else { fast.clone() }, said.clone());
        tokio::spawn(async move { engine.check_in(person(1), &said, now()).await })
    });
    for one in many.collect::<Vec<_>>() {
        one.await.unwrap().unwrap();
    }
    assert_eq!(recorded().await, 2);
}

async fn two_who_make_a_key_at_once_get_the_same(place: &Place) {
    let stores = [place.keys().await, place.keys().await, place.keys().await];
    let made = stores.map(|keys| tokio::spawn(async move { keys.now().await?.of(person(1), Scope::Person).await }));
    let mut ids = Vec::new();
    for made in made {
        ids.push(made.await.unwrap().unwrap());
    }
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]));
    let (other, _) = place.keys().await.now().await.unwrap().of(person(2), Scope::Person).await.unwrap();
    assert_ne!(other, ids[0].0);
}

async fn keys_open_under_their_own_master_only(place: &Place) {
    let (id, key) = place.keys().await.now().await.unwrap().of(person(1), Scope::Person).await.unwrap();
    assert_eq!(place.keys().await.now().await.unwrap().get(id).await.unwrap(), Some(key));
    let other = KeyStore::open(&place.key_place(), Key::new([8; 32]), crate::support::entropy()).await.unwrap();
    assert!(other.now().await.unwrap().get(id).await.is_err());
    assert!(other.now().await.unwrap().of(person(1), Scope::Person).await.is_err());
    assert_eq!(place.keys().await.now().await.unwrap().get(Uuid::from_u128(9)).await.unwrap(), None);
}

async fn the_keys_table_goes_down_and_up_again(place: &Place) {
    let (id, _) = place.keys().await.now().await.unwrap().of(person(1), Scope::Person).await.unwrap();
    KeyStore::migrate_down(&place.key_place(), 0).await.unwrap();
    let keys = place.keys().await;
    assert_eq!(keys.now().await.unwrap().get(id).await.unwrap(), None);
    assert_ne!(keys.now().await.unwrap().of(person(1), Scope::Person).await.unwrap().0, id);
}

async fn an_original_comes_back_byte_for_byte_until_its_key_is_gone(place: &Place) {
    // More than two chunks, and one that ends with a chunk.
    for size in [0, 1, 1 << 20, (2 << 20) + 77] {
        let bytes: Vec<u8> = (0..size).map(|index: u32| (index * 31 % 251) as u8).collect();
        let (file, back) = (place.path("file.csv"), place.path("back.csv"));
        std::fs::write(&file, &bytes).unwrap();
        let originals = place.originals().await;
        let digest = originals.keep(person(1), Provider::Whoop, &file).await.unwrap();
        assert_eq!(originals.keep(person(1), Provider::Whoop, &file).await.unwrap(), digest);
        place.originals().await.give_back(person(1), &digest, &back).await.unwrap();
        assert!(std::fs::read(&back).unwrap() == bytes, "{size} bytes");
        assert!(originals.give_back(person(2), &digest, &back).await.is_err());
    }
    let kept: Vec<_> = std::fs::read_dir(place.path("originals")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 4);
    let digest = candor::store::originals::digest(&place.path("file.csv")).unwrap();
    // A file that was cut or changed is refused, and nothing is written.
    let largest = kept.iter().max_by_key(|path| std::fs::metadata(path).unwrap().len()).unwrap();
    let whole = std::fs::read(largest).unwrap();
    let mut turned = whole.clone();
    turned[whole.len() / 2] ^= 1;
    for damaged in [&whole[..whole.len() - 5], &whole[..4 + (1 << 20)], &turned[..]] {
        std::fs::write(largest, damaged).unwrap();
        let target = place.path("damaged.csv");
        assert!(place.originals().await.give_back(person(1), &digest, &target).await.is_err());
        assert!(!target.exists());
    }
    std::fs::write(largest, &whole).unwrap();
    destroy(place, person(1), Scope::Provider(Provider::Whoop)).await;
    assert!(place.originals().await.give_back(person(1), &digest, &place.path("gone.csv")).await.is_err());
}
