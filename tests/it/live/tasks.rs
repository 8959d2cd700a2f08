//! Tasks as a worker does them: a provider that is down, one that limits, one whose answer cannot be read.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use candor::domain::Instant;
use candor::domain::person::PersonId;
use candor::domain::profile::Purpose;
use candor::domain::provider::Provider;
use candor::engine::live::{Live, Task};
use candor::engine::ports::breakers::Breakers;
use candor::engine::ports::connections::{Connection, ConnectionState, Reach};
use candor::engine::ports::jobs::{JobState, Page, Steps};
use candor::engine::ports::provider_api::{CallFault, Limit};
use candor::jobs::worker::Pace;
use candor::jobs::{Failure, Handler as _, Tasks, Worker};
use candor::store::jobs::JobTables;
use chrono::TimeDelta;
use uuid::Uuid;

use super::fake::Fake;
use super::{connect, live, now, person};
use crate::support::{Place, entropy, on_both};

fn all() -> Page {
    Page { person: None, after: None, limit: 10_000 }
}

/// A worker over live providers, whose clock a test moves.
pub(super) async fn worker(place: &Place, live: &Live, second: &Arc<AtomicI64>) -> Worker {
    let tables: Arc<dyn Breakers> = Arc::new(JobTables::open(&place.job_place()).await.unwrap());
    let second = Arc::clone(second);
    let clock: Arc<dyn Fn() -> Instant + Send + Sync> =
        Arc::new(move || now() + TimeDelta::seconds(second.load(Ordering::Relaxed)));
    let tasks = Tasks { live: live.clone(), breakers: tables, clock: Arc::clone(&clock) };
    Worker {
        name: "worker".to_owned(),
        queue: Arc::clone(&live.queue),
        handlers: tasks.handlers(),
        schedules: Vec::new(),
        pace: Pace { poll: Duration::from_millis(2), ..Pace::default() },
        clock,
        entropy: entropy(),
        bell: Arc::clone(&live.bell),
    }
}

/// Lets a worker work while the time goes on, until nothing waits that is due within so many seconds.
pub(super) async fn work(worker: &Worker, live: &Live, second: &AtomicI64, seconds: i64, step: i64) {
    let end = second.load(Ordering::Relaxed) + seconds;
    let passing = async {
        while second.load(Ordering::Relaxed) < end {
            loop {
                let at = now() + TimeDelta::seconds(second.load(Ordering::Relaxed));
                let ready = live.queue.jobs(all(), Some(JobState::Ready)).await.unwrap();
                let running = live.queue.jobs(all(), Some(JobState::Running)).await.unwrap();
                if running.is_empty() && ready.iter().all(|job| job.run_at > at) {
                    break;
                }
                live.bell.notify_one();
                tokio::task::yield_now().await;
            }
            second.fetch_add(step, Ordering::Relaxed);
        }
    };
    worker.run(passing).await;
}

async fn a_provider_that_is_down_for_an_hour_is_left_alone_and_nothing_is_lost(place: &Place) {
    let (whoop, strava) = (Fake::new(Provider::Whoop), Fake::new(Provider::Strava));
    let mut live = live(place, &whoop).await;
    live.apis.insert(Provider::Strava, Arc::new(strava.clone()));
    connect(&live, Provider::Whoop).await;
    connect(&live, Provider::Strava).await;
    for minute in 0..60 {
        let row = format!(
            "{{\"metric\":\"steps\",\"value\":{minute},\"unit\":\"steps\",\"kind\":\"sample\",\"start\":\"2026-01-01T10:{minute:02}:00Z\"}}\n"
        );
        for fake in [&whoop, &strava] {
            fake.1.lock().unwrap().records.insert(minute.to_string(), row.clone().into_bytes());
        }
    }
    let second = Arc::new(AtomicI64::new(0));
    let worker = worker(place, &live, &second).await;
    work(&worker, &live, &second, 60, 10).await;
    let runs = live.queue.runs(all(), None).await.unwrap();
    let run = runs.iter().find(|run| run.kind == "sync" && run.outcome == "done").unwrap();
    assert_eq!(run.steps.keys().collect::<Vec<_>>(), ["fetch"], "there was nothing to be read");
    let before = whoop.1.lock().unwrap().wanted.len();
    let calls = whoop.1.lock().unwrap().calls;

    whoop.1.lock().unwrap().fault = Some(CallFault::Unavailable("down"));
    // Notices come in all the while, for both.
    for minute in 0..60 {
        for provider in [Provider::Whoop, Provider::Strava] {
            let task = Task::Record { provider, kind: "sleep".to_owned(), id: minute.to_string() };
            live.order(person(), &[task], now() + TimeDelta::minutes(minute + 1)).await.unwrap();
        }
    }
    work(&worker, &live, &second, 3_600, 20).await;
    let (asked, others) = (whoop.1.lock().unwrap().calls - calls, strava.1.lock().unwrap().wanted.len());
    assert!((1..=20).contains(&asked), "who is down was asked {asked} times");
    assert!(others >= 60, "the other provider was asked {others} times");
    let attempts: u32 = live.queue.jobs(all(), None).await.unwrap().iter().map(|job| job.attempt).sum();
    println!("down for an hour: asked {asked} times; {attempts} attempts at all jobs of both");
    assert_eq!(live.queue.dead_letters(all()).await.unwrap().len(), 0, "nothing is given up for an hour's outage");

    whoop.1.lock().unwrap().fault = None;
    work(&worker, &live, &second, 7_200, 60).await;
    let asked: std::collections::BTreeSet<String> =
        whoop.1.lock().unwrap().wanted[before..].iter().map(|wanted| format!("{wanted:?}")).collect();
    let runs = live.queue.runs(all(), None).await.unwrap();
    let done = |kind: &str| runs.iter().find(|run| run.kind == kind && run.outcome == "done").unwrap();
    assert_eq!(done("record").steps.keys().collect::<Vec<_>>(), ["append", "decode", "fetch"]);
    assert_eq!(done("loop").steps.keys().collect::<Vec<_>>(), ["run"]);
    let records = asked.iter().filter(|wanted| wanted.contains("Record")).count();
    assert_eq!(records, 60, "every notice was looked at when it came back");
    assert!(live.queue.jobs(all(), Some(JobState::Ready)).await.unwrap().is_empty());
}

/// Somebody else with an account there.
async fn connect_another(live: &Live, provider: Provider) -> PersonId {
    let other = PersonId::new(Uuid::from_u128(8));
    live.engine.register(other, now()).await.unwrap();
    live.engine.grant(other, Purpose::Provider(provider), now()).await.unwrap();
    let connection = Connection {
        person: other,
        provider,
        state: ConnectionState::Connected,
        account: "10130".to_owned(),
        scopes: None,
        generation: 1,
        connected_at: now(),
        reach: Reach::default(),
        fault: None,
        failed_at: None,
    };
    assert!(live.connections.connect(&connection, &Fake::grant(0, now()), Vec::new(), now()).await.unwrap());
    other
}

async fn a_long_history_of_one_leaves_calls_for_what_others_have_just_measured(place: &Place) {
    let fake = Fake::new(Provider::Strava);
    let live = live(place, &fake).await;
    {
        let mut state = fake.1.lock().unwrap();
        state.limits = vec![Limit { name: "15min", most: 100, seconds: 900 }];
        state.began = Some(now() - TimeDelta::days(3_000));
        state.follow = (0..300).map(|n| ("activity".to_owned(), format!("old-{n}"))).collect();
        for n in 0..300 {
            state.records.insert(format!("old-{n}"), b"{}".to_vec());
            state.records.insert(format!("new-{n}"), b"{}".to_vec());
        }
    }
    let other = connect_another(&live, Provider::Strava).await;
    // A history of hundreds of activities, each a call of its own.
    connect(&live, Provider::Strava).await;
    live.order(person(), &[Task::Backfill { provider: Provider::Strava }], now()).await.unwrap();
    let second = Arc::new(AtomicI64::new(0));
    let worker = worker(place, &live, &second).await;
    work(&worker, &live, &second, 120, 20).await;
    let wanted = |word: &str| {
        let state = fake.1.lock().unwrap();
        state.wanted.iter().filter(|wanted| format!("{wanted:?}").contains(word)).count()
    };
    let of_history = fake.1.lock().unwrap().wanted.len();
    assert!((70..=80).contains(&of_history), "{of_history} of 100 calls went to the history");
    // Fifteen notices in the same quarter of an hour.
    let notices = (0..15).map(|n| Task::Record {
        provider: Provider::Strava,
        kind: "activity".to_owned(),
        id: format!("new-{n}"),
    });
    let at = now() + TimeDelta::seconds(120);
    live.order(other, &notices.collect::<Vec<_>>(), at).await.unwrap();
    work(&worker, &live, &second, 60, 20).await;
    assert_eq!(wanted("new-"), 15, "what is new was fetched at once");
    // And the history goes on in the next window.
    work(&worker, &live, &second, 1_200, 60).await;
    assert!(wanted("old-") > of_history, "{}", wanted("old-"));
}

async fn a_provider_that_was_asked_too_often_is_left_alone_by_everybody(place: &Place) {
    let fake = Fake::new(Provider::Whoop);
    let live = live(place, &fake).await;
    let other = connect_another(&live, Provider::Whoop).await;
    let second = Arc::new(AtomicI64::new(0));
    let worker = worker(place, &live, &second).await;
    let notice = async |person: PersonId, number: i64| {
        let row = format!(
            "{{\"metric\":\"steps\",\"value\":{number},\"unit\":\"steps\",\"kind\":\"sample\",\"start\":\"2026-01-01T10:{number:02}:00Z\"}}\n"
        );
        fake.1.lock().unwrap().records.insert(number.to_string(), row.into_bytes());
        let task = Task::Record { provider: Provider::Whoop, kind: "sleep".to_owned(), id: number.to_string() };
        live.order(person, &[task], now() + TimeDelta::seconds(second.load(Ordering::Relaxed))).await.unwrap();
    };
    let calls = || fake.1.lock().unwrap().calls;
    connect(&live, Provider::Whoop).await;
    work(&worker, &live, &second, 10, 10).await;
    let before = calls();
    // It says neither how long to wait nor what it allows.
    fake.1.lock().unwrap().fault = Some(CallFault::Limited { after: None });
    notice(other, 0).await;
    work(&worker, &live, &second, 10, 10).await;
    assert_eq!(calls() - before, 1);
    for number in 1..20 {
        notice(if number % 2 == 0 { other } else { person() }, number).await;
    }
    work(&worker, &live, &second, 40, 10).await;
    assert_eq!(calls() - before, 1, "nobody asks it for a minute");
    work(&worker, &live, &second, 600, 10).await;
    // After one minute, and then after two, four and eight at the soonest.
    assert!((3..=4).contains(&(calls() - before)), "{} calls in eleven minutes", calls() - before);
    fake.1.lock().unwrap().fault = None;
    work(&worker, &live, &second, 3_600, 60).await;
    assert_eq!(live.queue.jobs(all(), Some(JobState::Ready)).await.unwrap(), [], "and nothing is lost");
    assert_eq!(live.queue.dead_letters(all()).await.unwrap(), []);
}

/// What a fault makes of a job.
async fn outcome(place: &Place, fault: CallFault) -> Failure {
    let fake = Fake::new(Provider::Whoop);
    let live = live(place, &fake).await;
    connect(&live, Provider::Whoop).await;
    fake.1.lock().unwrap().fault = Some(fault);
    let tasks = Tasks {
        live: live.clone(),
        breakers: Arc::new(JobTables::open(&place.job_place()).await.unwrap()),
        clock: Arc::new(now),
    };
    let job = live.job(person(), &Task::Sync { provider: Provider::Whoop }, now());
    let claimed = candor::engine::ports::jobs::Claimed {
        id: job.id,
        kind: job.kind,
        person: job.person,
        payload: job.payload,
        priority: job.priority,
        attempt: 1,
        max_attempts: 3,
        lease: job.id,
        started_at: now(),
    };
    let done = tasks.run(&claimed, &mut Steps::new()).await;
    live.connections.forget(person(), Provider::Whoop).await.unwrap();
    done.unwrap_err()
}

async fn each_fault_is_told_apart_where_it_happens(place: &Place) {
    let until = now() + TimeDelta::minutes(15);
    let code = |failure: &Failure| failure.fault().code;
    let endpoint_gone = outcome(place, CallFault::Unreadable("a collection is not where it should be")).await;
    assert_eq!(code(&endpoint_gone), "not_understood", "pain 1: never an empty success");
    let used = outcome(place, CallFault::NotYet { until }).await;
    assert!(matches!(&used, Failure::PutOff { code: "budget_used", until: at, .. } if *at == until));
    let down = outcome(place, CallFault::Unavailable("it took too long")).await;
    assert!(matches!(down, Failure::Retry { .. }) && code(&down) == "unavailable");
    let quota = outcome(place, CallFault::Forbidden).await;
    assert!(matches!(quota, Failure::GiveUp { .. }) && code(&quota) == "not_allowed", "pain 13: the quota of athletes");
    // Last, since nobody is asked after it.
    let limited = outcome(place, CallFault::Limited { after: Some(Duration::from_secs(900)) }).await;
    assert!(matches!(&limited, Failure::PutOff { until: at, .. } if *at == until), "{limited:?}");
}

on_both!(
    a_provider_that_is_down_for_an_hour_is_left_alone_and_nothing_is_lost,
    a_long_history_of_one_leaves_calls_for_what_others_have_just_measured,
    a_provider_that_was_asked_too_often_is_left_alone_by_everybody,
    each_fault_is_told_apart_where_it_happens,
);
