//! Read models: rows and checkpoint together, rebuilt to the same bytes, switched without a gap, and a person whose event
//! cannot be taken in stands still while everybody else goes on.

use super::journal::{Unsteady, beginning, night, now, person, tell};
use crate::support::{NOW, Place, append_one, on_each};
use candor::domain::Instant;
use candor::domain::activity::Family;
use candor::domain::day::LocalDay;
use candor::domain::erasure::Scope;
use candor::domain::event::{ActivityRecorded, Event, ObservationRetracted};
use candor::domain::observation::{Activity, RecordKind, Source};
use candor::domain::provider::Provider;
use candor::engine::ports::views::{ActivityFilter, ActivityPlace, Views, ViewsError};
use candor::store::chain::{Hash, Header};
use candor::store::event_id::event_ids;
use candor::store::journal::Walk;
use candor::store::log::{ChainedEvent, Expected};
use candor::store::seal::{self, Binding};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Semaphore;

on_each!(
    rows_and_checkpoint_are_committed_together,
    two_processes_take_in_each_event_once,
    a_rebuild_gives_the_same_rows_and_switches_without_a_gap,
    a_reader_never_sees_less_while_read_models_are_made_anew_under_writes,
    who_is_overtaken_while_taking_in_shows_everything_all_the_same,
    what_belongs_to_nobody_never_surfaces,
    an_event_that_cannot_be_taken_in_stops_its_person_only,
    the_lag_is_told_and_reaches_zero,
    what_is_taken_back_is_told_no_more_and_is_remembered,
    activities_come_in_pages_and_only_those_that_are_asked_for,
);

fn nights(count: u32) -> Vec<Event> {
    (1..=count).map(|day| night(Provider::Whoop, day, 400.0 + f64::from(day))).collect()
}

async fn rows_and_checkpoint_are_committed_together(place: &Place) {
    let journal = place.journal().await;
    let views = place.views(&journal).await;
    tell(&*journal, person(1), &beginning()).await;
    views.catch_up().await.unwrap();
    let before = views.digest().await.unwrap();
    tell(&*journal, person(1), &nights(5)).await;
    // The last table a page writes refuses: what was written before it must go too.
    let tables = place.view_tables().await;
    let refuse = if tables.is_postgres() {
        "ALTER TABLE person_state ADD CONSTRAINT no CHECK (revision < 2)"
    } else {
        "CREATE TRIGGER no BEFORE INSERT ON person_state BEGIN SELECT RAISE(ABORT, 'no'); END"
    };
    let allow = if tables.is_postgres() { "ALTER TABLE person_state DROP CONSTRAINT no" } else { "DROP TRIGGER no" };
    let change = async |statement: &'static str| {
        let done = tables.write(move |tx| Box::pin(async move { tx.execute(statement, &[]).await })).await;
        done.map_err(|error: candor::store::error::StoreError| error).unwrap();
    };
    change(refuse).await;
    assert!(views.catch_up().await.is_err());
    assert_eq!(views.digest().await.unwrap(), before);
    assert_eq!(views.progress().await.unwrap().behind, 5);
    change(allow).await;
    views.catch_up().await.unwrap();
    views.catch_up().await.unwrap();
    assert_eq!(views.observations(person(1), LocalDay::FIRST).await.unwrap().len(), 5);
    assert_eq!(views.state(person(1)).await.unwrap().revision, Some(6));
}

async fn two_processes_take_in_each_event_once(place: &Place) {
    let journal = place.journal().await;
    let (one, two) = (Arc::new(place.views(&journal).await), Arc::new(place.views(&place.journal().await).await));
    for round in 1..=10 {
        tell(&*journal, person(round), &beginning()).await;
        tell(&*journal, person(round), &nights(20)).await;
        let both = [&one, &two].map(|views| {
            let views = Arc::clone(views);
            tokio::spawn(async move { views.catch_up().await })
        });
        for done in both {
            done.await.unwrap().unwrap();
        }
        assert_eq!(one.digest().await.unwrap(), two.digest().await.unwrap());
        assert_eq!(two.observations(person(round), LocalDay::FIRST).await.unwrap().len(), 20);
        // A command's trail has each revision once, whoever took it in.
        assert_eq!(one.trail(person(round), Some(("person", &person(round).to_string()))).await.unwrap().len(), 1);
    }
}

async fn a_rebuild_gives_the_same_rows_and_switches_without_a_gap(place: &Place) {
    let journal = place.journal().await;
    for number in 1..=20 {
        tell(&*journal, person(number), &beginning()).await;
        tell(&*journal, person(number), &nights(20)).await;
    }
    let views = Arc::new(place.views(&journal).await);
    let elsewhere = Arc::new(place.views(&place.journal().await).await);
    views.catch_up().await.unwrap();
    let before = views.digest().await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let readers = [&views, &elsewhere].map(|views| {
        let (views, done) = (Arc::clone(views), Arc::clone(&done));
        tokio::spawn(async move {
            let mut reads = 0;
            while !done.load(Ordering::SeqCst) {
                assert_eq!(views.observations(person(7), LocalDay::FIRST).await.unwrap().len(), 20);
                reads += 1;
            }
            reads
        })
    });
    for _ in 0..3 {
        let rebuilt = views.rebuild().await.unwrap();
        assert!(rebuilt.matches_live, "{rebuilt:?}");
        assert_eq!(rebuilt.digest, before);
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    tell(&*journal, person(1), &[night(Provider::Garmin, 1, 399.0)]).await;
    elsewhere.catch_up().await.unwrap();
    assert_eq!(views.observations(person(1), LocalDay::FIRST).await.unwrap().len(), 21);
    assert_ne!(views.digest().await.unwrap(), before);
}

/// What was acknowledged before a read began is in it, in whichever process, and whichever generation is live.
async fn a_reader_never_sees_less_while_read_models_are_made_anew_under_writes(place: &Place) {
    let journal = place.journal().await;
    tell(&*journal, person(1), &beginning()).await;
    // Somebody else, so that a rebuild takes a while.
    for number in 2..=6 {
        tell(&*journal, person(number), &beginning()).await;
        tell(&*journal, person(number), &nights(28)).await;
    }
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let writer = {
        let (journal, views) = (place.journal().await, place.views(&journal).await);
        let (acknowledged, done) = (Arc::clone(&acknowledged), Arc::clone(&done));
        tokio::spawn(async move {
            let providers = [Provider::Whoop, Provider::Garmin, Provider::Strava, Provider::Person];
            for told in 1.. {
                // Nights of the first months, one provider after the other.
                let (provider, day) = (providers[(told - 1) / 28 % 4], 1 + (told - 1) % 28);
                let night = night(provider, u32::try_from(day).unwrap(), 300.0 + told as f64);
                tell(&*journal, person(1), &[night]).await;
                acknowledged.store(told, Ordering::SeqCst);
                views.catch_up().await.unwrap();
                if done.load(Ordering::SeqCst) || told == 4 * 28 {
                    return told;
                }
            }
            unreachable!()
        })
    };
    let readers = [place.views(&place.journal().await).await, place.views(&place.journal().await).await].map(|views| {
        let (acknowledged, done) = (Arc::clone(&acknowledged), Arc::clone(&done));
        tokio::spawn(async move {
            let (mut reads, mut last) = (0, 0);
            while !done.load(Ordering::SeqCst) {
                let before = acknowledged.load(Ordering::SeqCst);
                views.catch_up().await.unwrap();
                let seen = views.observations(person(1), LocalDay::FIRST).await.unwrap().len();
                assert!(seen >= before && seen >= last, "{seen} seen, {before} acknowledged, {last} seen before");
                (reads, last) = (reads + 1, seen);
            }
            reads
        })
    });
    let operator = place.views(&journal).await;
    for _ in 0..6 {
        let rebuilt = operator.rebuild().await.unwrap();
        assert!(rebuilt.matches_live && rebuilt.switched, "{rebuilt:?}");
    }
    done.store(true, Ordering::SeqCst);
    let told = writer.await.unwrap();
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    operator.catch_up().await.unwrap();
    assert_eq!(operator.observations(person(1), LocalDay::FIRST).await.unwrap().len(), told);
}

async fn who_is_overtaken_while_taking_in_shows_everything_all_the_same(place: &Place) {
    let journal = place.journal().await;
    tell(&*journal, person(1), &beginning()).await;
    place.views(&journal).await.catch_up().await.unwrap();
    let mut processes = Vec::new();
    for _ in 0..2 {
        let log = Arc::new(Unsteady::over(place.log().await));
        let views = Arc::new(place.views(&place.journal_over(Arc::clone(&log) as _).await).await);
        log.pages.forget_permits(usize::MAX);
        processes.push((log, views));
    }
    // Each has read a page from the same place on, the second a longer one.
    let mut taking_in = Vec::new();
    for (log, views) in &processes {
        tell(&*journal, person(1), &nights(3)[taking_in.len()..=taking_in.len()]).await;
        let views = Arc::clone(views);
        taking_in.push(tokio::spawn(async move { views.catch_up().await }));
        log.read.notified().await;
    }
    for ((log, _), taking_in) in processes.iter().zip(taking_in) {
        log.pages.add_permits(Semaphore::MAX_PERMITS);
        taking_in.await.unwrap().unwrap();
    }
    let (_, overtaken) = &processes[1];
    assert_eq!(overtaken.observations(person(1), LocalDay::FIRST).await.unwrap().len(), 2);
}

/// The streams of no person are there for others than readers of persons.
async fn what_belongs_to_nobody_never_surfaces(place: &Place) {
    let (log, journal) = (place.log().await, place.journal().await);
    let views = place.views(&journal).await;
    append_one(&*log, "system", "a").await;
    tell(&*journal, person(1), &beginning()).await;
    for stream in ["reservation-0a1b", "$streams", "personal", "person-nobody"] {
        // On a cluster what begins with a dollar is the server's own.
        if !(place.is_cluster() && stream.starts_with('$')) {
            append_one(&*log, stream, "a").await;
        }
    }
    let page = Walk::new(Arc::clone(&journal), None, None, 100).next().await.unwrap();
    let seen: Vec<_> = page.events.iter().map(|event| event.as_ref().unwrap().person).collect();
    assert_eq!(seen, [person(1), person(1)]);
    assert_eq!(page.next, log.last_position().await.unwrap());
    views.catch_up().await.unwrap();
    let progress = views.progress().await.unwrap();
    assert_eq!((progress.behind, progress.paused), (0, Vec::new()));
    assert_eq!(views.persons().await.unwrap(), [person(1)]);
}

/// Appends an event of a type nobody knows, sealed and chained as it should be.
async fn poison(place: &Place, number: u128) {
    let (log, keys) = (place.log().await, place.keys().await);
    let stream = person(number).stream();
    let head = log.head(&stream).await.unwrap().unwrap();
    let (key_id, key) = keys.now().await.unwrap().of(person(number), Scope::Person).await.unwrap();
    let (event_id, key_ids) = (event_ids(&stream, "poison", 1)[0], vec![key_id]);
    let event_type = "thing_of_the_future";
    let binding = Binding { stream: &stream, event_id, event_type, schema_version: 1, key_ids: &key_ids };
    let body = seal::seal(&seal::mix(&[key]), &binding, b"{}", crate::support::entropy().as_ref()).unwrap();
    let (body_digest, revision) = (Hash::of(&body), head.revision + 1);
    let header = Header {
        stream: &stream,
        revision,
        event_id,
        event_type,
        schema_version: 1,
        recorded_at: NOW,
        key_ids: &key_ids,
    };
    let event = ChainedEvent {
        event_id,
        revision,
        event_type: event_type.to_owned(),
        schema_version: 1,
        recorded_at: NOW,
        prev_hash: head.hash,
        hash: header.chain(&head.hash, &body_digest),
        key_ids: key_ids.clone(),
        body,
        body_digest,
    };
    log.append(&stream, Expected::Exact(head.revision), [event].into()).await.unwrap();
}

async fn an_event_that_cannot_be_taken_in_stops_its_person_only(place: &Place) {
    let journal = place.journal().await;
    let views = place.views(&journal).await;
    for number in [1, 2] {
        tell(&*journal, person(number), &beginning()).await;
        tell(&*journal, person(number), &nights(3)).await;
    }
    poison(place, 1).await;
    let at = place.log().await.last_position().await.unwrap().unwrap().to_string();
    tell(&*journal, person(2), &[night(Provider::Whoop, 9, 409.0)]).await;
    for _ in 0..2 {
        views.catch_up().await.unwrap();
        let progress = views.progress().await.unwrap();
        assert_eq!(progress.behind, 0);
        assert_eq!(progress.paused.len(), 1);
        assert_eq!((progress.paused[0].person, &progress.paused[0].position), (person(1), &at));
        assert!(progress.paused[0].reason.contains("thing_of_the_future"), "{progress:?}");
        let refused = views.state(person(1)).await;
        assert!(matches!(&refused, Err(ViewsError::Paused { position, .. }) if *position == at), "{refused:?}");
        assert_eq!(views.observations(person(2), LocalDay::FIRST).await.unwrap().len(), 4);
        // A rebuild by a build that knows no better stops at the same place.
        assert!(views.rebuild().await.unwrap().matches_live);
    }
}

async fn the_lag_is_told_and_reaches_zero(place: &Place) {
    let journal = place.journal().await;
    let views = place.views(&journal).await;
    for number in 1..=60 {
        tell(&*journal, person(number), &beginning()).await;
        tell(&*journal, person(number), &nights(28)).await;
    }
    let progress = views.progress().await.unwrap();
    assert_eq!((progress.behind, progress.oldest), (1_800, Some(now())));
    let later = now() + chrono::TimeDelta::minutes(90);
    assert_eq!((progress.seconds_behind(later), progress.seconds_behind(now())), (5_400, 0));
    views.catch_up().await.unwrap();
    let progress = views.progress().await.unwrap();
    assert_eq!((progress.behind, progress.oldest, progress.seconds_behind(later)), (0, None, 0));
    assert_eq!(views.persons().await.unwrap().len(), 60);
}

/// A fact that was taken back stands no more, is found by the id of its record, and comes back by being told again.
async fn what_is_taken_back_is_told_no_more_and_is_remembered(place: &Place) {
    let journal = place.journal().await;
    let views = place.views(&journal).await;
    tell(&*journal, person(1), &beginning()).await;
    let Event::ObservationsRecorded(mut told) = night(Provider::Whoop, 3, 437.0) else { unreachable!() };
    told.observations[0].record = Some("a".to_owned());
    let observation = told.observations[0].clone();
    let taken_back = ObservationRetracted {
        source: told.source.clone(),
        key: observation.key.clone(),
        previous_value: observation.value,
        previous_day: observation.day,
        previous_end: observation.end,
        record: observation.record.clone(),
        as_of: now(),
        reason: "record_moved".to_owned(),
    };
    // In one page, and each in a page of its own.
    tell(&*journal, person(1), &[told.clone().into(), taken_back.clone().into(), night(Provider::Whoop, 4, 440.0)])
        .await;
    let standing = async || {
        views.catch_up().await.unwrap();
        let standing = views.observations(person(1), LocalDay::FIRST).await.unwrap();
        standing.into_iter().map(|(o, _)| (o.value, o.record)).collect::<Vec<_>>()
    };
    assert_eq!(standing().await, [(440.0, None)]);
    let of_record =
        async |provider, id: &str| views.held_of_records(person(1), provider, &[id.to_owned()]).await.unwrap();
    let held = of_record(Provider::Whoop, "a").await;
    let word = &held[&observation.key];
    assert!(word.retracted && word.as_of == now() && word.value == 0.0);
    assert_eq!(views.held(person(1), std::slice::from_ref(&observation.key)).await.unwrap(), held);
    assert!(of_record(Provider::Garmin, "a").await.is_empty() && of_record(Provider::Whoop, "b").await.is_empty());
    tell(&*journal, person(1), &[told.into()]).await;
    assert_eq!(standing().await.len(), 2);
    tell(&*journal, person(1), &[taken_back.into()]).await;
    assert_eq!(standing().await, [(440.0, None)]);
    let of_days = async |first: &str, last: &str| {
        let days = (first.parse().unwrap(), last.parse().unwrap());
        let held = views.held_of_days(person(1), (Provider::Whoop, RecordKind::Sleep), days).await.unwrap();
        held.values().map(|held| held.retracted).collect::<Vec<_>>()
    };
    assert_eq!(of_days("2026-01-01", "2026-01-04").await, [true, false]);
    assert_eq!(of_days("2026-01-04", "2026-01-09").await, [false]);
    assert!(views.rebuild().await.unwrap().matches_live);
}

/// A page is what was asked for and no more, whichever database holds the rows.
async fn activities_come_in_pages_and_only_those_that_are_asked_for(place: &Place) {
    let journal = place.journal().await;
    let views = place.views(&journal).await;
    // Ten of each person, one an hour from the first of January on, alternately a run of Strava and a ride of WHOOP; two at
    // each start.
    for number in [1, 2] {
        tell(&*journal, person(number), &beginning()).await;
        let told = (0..10).map(|hour: u32| {
            let (provider, sport) = [(Provider::Strava, "TrailRun"), (Provider::Whoop, "Cycling")][hour as usize % 2];
            let start: Instant = format!("2026-01-0{}T0{}:00:00Z", 1 + hour / 4, hour / 2).parse().unwrap();
            let (provider_id, day) = (Some(hour.to_string()), start.date_naive().to_string().parse().unwrap());
            let activity =
                Activity { provider, start, provider_id, end: None, day, sport: sport.to_owned(), row: hour + 1 };
            let source = Source { provider, format: "test".to_owned(), file: None, digest: None };
            ActivityRecorded { source, activity, observations: Vec::new() }.into()
        });
        tell(&*journal, person(number), &told.collect::<Vec<Event>>()).await;
    }
    views.catch_up().await.unwrap();
    let ask = async |filter: &ActivityFilter, after: Option<&ActivityPlace>, limit| {
        let page = views.activities(person(1), filter, after, limit).await.unwrap();
        page.into_iter().map(|(id, activity)| (activity.start, id)).collect::<Vec<_>>()
    };
    let everything = ActivityFilter::default();
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = ask(&everything, after.as_ref(), 3).await;
        let Some((start, id)) = page.last().cloned() else { break };
        (after, paged) = (Some(ActivityPlace { start, id }), [paged, page].concat());
    }
    let ids: Vec<&str> = paged.iter().map(|(_, id)| id.as_str()).collect();
    let newest_first = ["whoop:9", "strava:8", "whoop:7", "strava:6", "whoop:5", "strava:4", "whoop:3", "strava:2"];
    assert_eq!(ids, [&newest_first[..], &["whoop:1", "strava:0"]].concat());
    let count = async |filter: ActivityFilter| ask(&filter, None, 100).await.len();
    assert_eq!(count(ActivityFilter { family: Some(Family::Run), ..everything.clone() }).await, 5);
    assert_eq!(count(ActivityFilter { without: vec![Provider::Strava], ..everything.clone() }).await, 5);
    let both = vec![Provider::Strava, Provider::Whoop];
    assert_eq!(count(ActivityFilter { without: both, ..everything.clone() }).await, 0);
    let day = "2026-01-02".parse().unwrap();
    assert_eq!(count(ActivityFilter { since: day, until: day, ..everything.clone() }).await, 4);
    let started = ("2026-01-01T01:00:00Z".parse().unwrap(), "2026-01-02T02:00:00Z".parse().unwrap());
    assert_eq!(count(ActivityFilter { started, ..everything.clone() }).await, 4);
    let one = views.activity(person(1), "whoop:3").await.unwrap().unwrap();
    assert_eq!((one.sport.as_str(), one.row), ("Cycling", 4));
    assert_eq!(views.activity(person(3), "whoop:3").await.unwrap(), None);
    assert!(views.rebuild().await.unwrap().matches_live);
}
