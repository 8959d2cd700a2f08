//! Jobs on both databases: ordered once, held by one, ended by their lease alone, never lost.

mod fair;
mod kills;
mod lists;
mod mornings;
mod operator;
mod stops;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use candor::domain::Instant;
use candor::engine::ports::breakers::{Breaker, Breakers as _};
use candor::engine::ports::jobs::{Claimed, Ended, Ending, JobFault, NewJob, Priority, Queue, Steps, Turn, Turned};
use candor::jobs::schedule::Schedule;
use candor::jobs::{backoff, breaker};
use candor::store::jobs::JobTables;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::support::{NOW, Place, on_both};

pub(crate) fn now() -> Instant {
    Instant::from_timestamp_micros(NOW).unwrap()
}

pub(crate) async fn queue(place: &Place) -> Arc<JobTables> {
    Arc::new(JobTables::open(&place.job_place()).await.unwrap())
}

pub(crate) fn job(number: u128, key: &str) -> NewJob {
    NewJob {
        id: Uuid::from_u128(number),
        kind: "count".to_owned(),
        key: key.to_owned(),
        person: None,
        payload: format!("{{\"number\":{number}}}"),
        priority: Priority::Usual,
        run_at: now(),
        max_attempts: 3,
    }
}

/// A turn of a worker that takes so many; its leases hold for a minute.
fn wants(lease: u128, want: u32, now: Instant) -> Turn {
    Turn {
        worker: format!("worker-{lease}"),
        now,
        ended: Vec::new(),
        holding: Vec::new(),
        want,
        least: Priority::History,
        lease: Uuid::from_u128(lease),
        lease_until: now + TimeDelta::minutes(1),
    }
}

async fn take(queue: &JobTables, lease: u128, want: u32, now: Instant) -> Vec<Claimed> {
    queue.turn(wants(lease, want, now)).await.unwrap().claimed
}

async fn end(queue: &JobTables, job: &Claimed, ending: Ending, at: Instant) -> Turned {
    let ended = Ended { job: job.clone(), at, ending, steps: Steps::from([("fetch", Duration::from_millis(12))]) };
    queue.turn(Turn { ended: vec![ended], ..wants(9_999, 0, at) }).await.unwrap()
}

pub(crate) fn fault() -> JobFault {
    JobFault { code: "unavailable", reason: "the provider did not answer".to_owned() }
}

async fn one_of_a_key_waits_and_one_runs(place: &Place) {
    let queue = queue(place).await;
    let later = NewJob { run_at: now() + TimeDelta::hours(1), ..job(1, "sync/whoop/a") };
    assert_eq!(queue.order(vec![later], now()).await.unwrap(), 1);
    assert_eq!(take(&queue, 1, 10, now()).await, [], "not yet");
    // The same work wanted sooner is done sooner, once.
    assert_eq!(queue.order(vec![job(2, "sync/whoop/a"), job(3, "sync/whoop/b")], now()).await.unwrap(), 1);
    let claimed = take(&queue, 1, 10, now()).await;
    assert_eq!(claimed.iter().map(|job| job.id.as_u128()).collect::<BTreeSet<_>>(), BTreeSet::from([1, 3]));
    // What comes in while it runs is not lost: it waits until the running one has ended.
    assert_eq!(queue.order(vec![job(4, "sync/whoop/a")], now()).await.unwrap(), 1);
    assert_eq!(take(&queue, 2, 10, now()).await, []);
    let first = claimed.iter().find(|job| job.id.as_u128() == 1).unwrap();
    end(&queue, first, Ending::Done, now()).await;
    assert_eq!(take(&queue, 2, 10, now()).await.len(), 1);
}

async fn a_hundred_workers_at_once_share_jobs_without_doing_one_twice(place: &Place) {
    let queue = queue(place).await;
    let jobs = (1..=300).map(|n| job(n, &n.to_string())).collect();
    assert_eq!(queue.order(jobs, now()).await.unwrap(), 300);
    let takers = (1..=100).map(|lease| {
        let queue = Arc::clone(&queue);
        tokio::spawn(async move { take(&queue, lease, 5, now()).await })
    });
    let mut seen = BTreeSet::new();
    for taker in takers.collect::<Vec<_>>() {
        for claimed in taker.await.unwrap() {
            assert!(seen.insert(claimed.id), "{} was claimed twice", claimed.id);
        }
    }
    assert_eq!(seen.len(), 300);
}

async fn who_lost_the_lease_cannot_end_the_job(place: &Place) {
    let queue = queue(place).await;
    queue.order(vec![job(1, "a")], now()).await.unwrap();
    let slow = take(&queue, 1, 1, now()).await.remove(0);
    let renewed = Turn { holding: vec![(slow.id, slow.lease)], ..wants(1, 0, now() + TimeDelta::seconds(50)) };
    assert_eq!(queue.turn(renewed).await.unwrap(), Turned::default());
    assert_eq!(take(&queue, 2, 1, now() + TimeDelta::seconds(100)).await, [], "it was renewed");
    let after = now() + TimeDelta::seconds(111);
    let second = take(&queue, 2, 1, after).await.remove(0);
    assert_eq!((second.id, second.attempt), (slow.id, 2), "it ran out and was taken back");
    let fenced = end(&queue, &slow, Ending::Dead(fault()), after).await;
    assert_eq!(fenced.lost, [slow.id]);
    let stale = Turn { holding: vec![(slow.id, slow.lease)], ..wants(1, 0, after) };
    assert_eq!(queue.turn(stale).await.unwrap().lost, [slow.id]);
    assert!(end(&queue, &second, Ending::Done, after).await.lost.is_empty());
    assert_eq!(end(&queue, &second, Ending::Done, after).await.lost, [slow.id], "it is over");
}

async fn a_job_that_fails_waits_and_is_given_up_after_its_attempts(place: &Place) {
    let queue = queue(place).await;
    queue.order(vec![job(1, "a")], now()).await.unwrap();
    let mut at = now();
    for attempt in 1..=3 {
        let claimed = take(&queue, attempt.into(), 1, at).await.remove(0);
        assert_eq!(claimed.attempt, attempt);
        // Not its turn: the attempt does not count.
        end(&queue, &claimed, Ending::PutOff { at: at + TimeDelta::hours(1), fault: fault() }, at).await;
        assert_eq!(take(&queue, 7, 1, at).await, []);
        at += TimeDelta::hours(1);
        let claimed = take(&queue, attempt.into(), 1, at).await.remove(0);
        assert_eq!(claimed.attempt, attempt);
        let wait = backoff::wait(attempt, 1.0);
        let again = at + TimeDelta::from_std(wait).unwrap();
        let ending = if attempt < 3 { Ending::Again { at: again, fault: fault() } } else { Ending::Dead(fault()) };
        end(&queue, &claimed, ending, at).await;
        at = again;
    }
    assert_eq!(take(&queue, 8, 1, at + TimeDelta::days(9)).await, []);
    lists::is_dead_and_comes_back(&queue, at).await;
}

async fn a_worker_that_dies_with_every_attempt_leaves_a_dead_letter(place: &Place) {
    let queue = queue(place).await;
    queue.order(vec![job(1, "a")], now()).await.unwrap();
    let mut at = now();
    for attempt in 1..=3 {
        assert_eq!(take(&queue, attempt, 1, at).await.len(), 1);
        at += TimeDelta::seconds(61);
    }
    assert_eq!(take(&queue, 4, 1, at).await, []);
    let dead = queue.dead_letters(lists::all()).await.unwrap();
    assert_eq!((dead.len(), dead[0].fault.0.as_str(), dead[0].attempts), (1, "lost", 3));
}

async fn a_schedule_fires_once_however_many_look(place: &Place) {
    let queue = queue(place).await;
    let schedule = || {
        Schedule::new("nightly", "30 3 * * *", |due| NewJob {
            run_at: due,
            ..job(due.timestamp().unsigned_abs().into(), &format!("nightly/{due}"))
        })
        .unwrap()
    };
    assert!(!schedule().look(&*queue, now()).await.unwrap(), "it has only just been made");
    let mut fired = 0;
    // Three days, looked at every ten minutes by eight processes at once; on the second day nobody looks at all.
    for minutes in (0..3 * 24 * 60).step_by(10).filter(|minute| !(1_440..2_880).contains(minute)) {
        let at = now() + TimeDelta::minutes(minutes);
        let looks = (0..8).map(|_| {
            let (queue, schedule) = (Arc::clone(&queue), schedule());
            tokio::spawn(async move { schedule.look(&*queue, at).await.unwrap() })
        });
        for look in looks.collect::<Vec<_>>() {
            fired += u32::from(look.await.unwrap());
        }
    }
    // Day one, then once for all that was missed, then day three.
    assert_eq!(fired, 3);
    assert_eq!(queue.jobs(lists::all(), None).await.unwrap().len(), 3);
}

async fn a_breaker_is_shared_and_lets_one_try(place: &Place) {
    let (one, other) = (queue(place).await, queue(place).await);
    for second in 0..5 {
        let at = now() + TimeDelta::seconds(second);
        assert_eq!(breaker::passes(&*one, "whoop", at).await.unwrap(), None);
        breaker::tell(&*one, "whoop", true, (at, at)).await.unwrap();
    }
    let open = now() + TimeDelta::seconds(34);
    assert_eq!(breaker::passes(&*other, "whoop", now() + TimeDelta::seconds(33)).await.unwrap(), Some(open));
    assert_eq!(breaker::passes(&*other, "strava", now()).await.unwrap(), None, "others are not affected");
    assert_eq!(other.open_breakers(now()).await.unwrap()[0].0, "whoop");
    let tries = (0..20).map(|n| {
        let queue = Arc::clone(if n % 2 == 0 { &one } else { &other });
        tokio::spawn(async move { breaker::passes(&*queue, "whoop", open).await.unwrap() })
    });
    let mut passed = 0;
    for one in tries.collect::<Vec<_>>() {
        passed += u32::from(one.await.unwrap().is_none());
    }
    assert_eq!(passed, 1);
    breaker::tell(&*other, "whoop", false, (open, open)).await.unwrap();
    assert_eq!(one.breaker("whoop").await.unwrap().0, Breaker::default());
}

async fn calls_that_were_under_way_when_it_opened_neither_close_it_nor_make_it_wait_longer(place: &Place) {
    let queue = queue(place).await;
    let at = |second| now() + TimeDelta::seconds(second);
    let until = async || queue.breaker("whoop").await.unwrap().0.open_until;
    // Sixteen calls begin at once; each is told, one after the other, that it is one too many.
    for second in 1..=16 {
        breaker::tell_limited(&*queue, "whoop", None, (at(0), at(second))).await.unwrap();
    }
    assert_eq!(until().await, Some(at(61)));
    // One of them was answered, and one says when to come back.
    breaker::tell(&*queue, "whoop", false, (at(0), at(17))).await.unwrap();
    assert_eq!(until().await, Some(at(61)));
    let said = Some(Duration::from_mins(10));
    assert_eq!(breaker::tell_limited(&*queue, "whoop", said, (at(0), at(18))).await.unwrap(), at(618));
    assert_eq!(breaker::passes(&*queue, "whoop", at(617)).await.unwrap(), Some(at(618)));
    // Then one asks, and everybody does when that went well.
    assert_eq!(breaker::passes(&*queue, "whoop", at(618)).await.unwrap(), None);
    assert_eq!(breaker::passes(&*queue, "whoop", at(619)).await.unwrap(), Some(at(678)));
    breaker::tell(&*queue, "whoop", false, (at(618), at(620))).await.unwrap();
    assert_eq!(until().await, None);
}

async fn the_tables_go_back_and_come_again(place: &Place) {
    queue(place).await.close().await;
    JobTables::migrate_down(&place.job_place(), 0).await.unwrap();
    let queue = queue(place).await;
    assert_eq!(queue.order(vec![job(1, "a")], now()).await.unwrap(), 1);
    queue.close().await;
}

on_both!(
    one_of_a_key_waits_and_one_runs,
    a_hundred_workers_at_once_share_jobs_without_doing_one_twice,
    who_lost_the_lease_cannot_end_the_job,
    a_job_that_fails_waits_and_is_given_up_after_its_attempts,
    a_worker_that_dies_with_every_attempt_leaves_a_dead_letter,
    a_schedule_fires_once_however_many_look,
    a_breaker_is_shared_and_lets_one_try,
    calls_that_were_under_way_when_it_opened_neither_close_it_nor_make_it_wait_longer,
    the_tables_go_back_and_come_again,
);
