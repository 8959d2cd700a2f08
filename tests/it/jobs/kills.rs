//! Workers that are killed at any moment: every job is done or given up, and its effect is there exactly once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use candor::domain::Instant;
use candor::engine::ports::entropy::Entropy;
use candor::engine::ports::jobs::{Claimed, JobState, NewJob, Page, Queue, Steps};
use candor::jobs::worker::Pace;
use candor::jobs::{Failure, Handler, Handlers, Worker};
use candor::store::log::{EventLog, Expected};
use tokio::sync::Notify;

use super::{job, lists, queue};
use crate::support::{NOW, Place, batch, entropy, everything, on_both};

/// Appends one event to a stream of the job's own: a second time gives the first answer.
struct Writes {
    log: Arc<dyn EventLog>,
    begun: Arc<AtomicU64>,
    chance: Arc<dyn Entropy>,
}

#[async_trait]
impl Handler for Writes {
    async fn run(&self, job: &Claimed, _: &mut Steps) -> Result<(), Failure> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let mut chance = [0; 1];
        self.chance.fill(&mut chance);
        tokio::time::sleep(Duration::from_micros(u64::from(chance[0]) * 8)).await;
        let number = job.id.as_u128();
        let stream = format!("job-{number}");
        let events = batch(&stream, None, &job.id.to_string(), &[job.payload.as_bytes()]);
        let appended = self.log.append(&stream, Expected::NoStream, events).await;
        appended.map_err(|error| Failure::retry("log", error))?;
        // Some never succeed, though they have had their effect.
        if number.is_multiple_of(50) { Err(Failure::retry("unlucky", "it never ends well")) } else { Ok(()) }
    }
}

async fn every_job_of_workers_that_are_killed_ends_exactly_once_by_effect(place: &Place) {
    let kills = if place.is_postgres() { 100 } else { 500 };
    let (jobs, log) = (queue(place).await, place.log().await);
    let second = Arc::new(AtomicI64::new(0));
    let begun = Arc::new(AtomicU64::new(0));
    let chance = entropy();
    let pace = Pace { poll: Duration::from_millis(5), at_once: 4, ..Pace::default() };
    let worker = |name: u32| {
        let (second, handler) = (
            Arc::clone(&second),
            Writes { log: Arc::clone(&log), begun: Arc::clone(&begun), chance: Arc::clone(&chance) },
        );
        Worker {
            name: format!("worker-{name}"),
            queue: Arc::clone(&jobs) as Arc<dyn Queue>,
            handlers: Handlers::default().with("count", handler),
            schedules: Vec::new(),
            pace,
            clock: Arc::new(move || {
                Instant::from_timestamp_micros(NOW).unwrap()
                    + chrono::TimeDelta::seconds(second.load(Ordering::Relaxed))
            }),
            entropy: Arc::clone(&chance),
            bell: Arc::new(Notify::new()),
        }
    };
    let mut ordered = 0_u128;
    for kill in 0..kills {
        let more = (0..2).map(|_| {
            ordered += 1;
            NewJob { max_attempts: 6, ..job(ordered, &ordered.to_string()) }
        });
        jobs.order(more.collect(), super::now()).await.unwrap();
        let worker = worker(kill);
        let killed = tokio::spawn(async move { worker.run(std::future::pending()).await });
        let mut wait = [0; 1];
        chance.fill(&mut wait);
        tokio::time::sleep(Duration::from_micros(u64::from(wait[0]) * 60)).await;
        // Everything it had in hand stops where it stands.
        killed.abort();
        second.fetch_add(61, Ordering::Relaxed);
    }
    // The last one has all the time it needs: it looks after the hours have passed that failures wait.
    let last = worker(kills);
    let clock = Arc::clone(&second);
    let (queue, mut left) = (Arc::clone(&jobs), usize::MAX);
    let finish = async move {
        while left > 0 {
            clock.fetch_add(4_000, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
            // In one look: a job may go from one state to the other between two.
            let all = queue.jobs(Page { limit: 10_000, ..lists::all() }, None).await.unwrap();
            left = all.iter().filter(|job| matches!(job.state, JobState::Ready | JobState::Running)).count();
        }
    };
    last.run(finish).await;
    let page = |limit| Page { limit, ..lists::all() };
    let done = jobs.jobs(page(10_000), Some(JobState::Done)).await.unwrap().len();
    let dead = jobs.dead_letters(page(10_000)).await.unwrap().len();
    assert_eq!((done + dead) as u128, ordered, "{done} done, {dead} dead");
    let mut effects: BTreeMap<String, u32> = BTreeMap::new();
    for event in everything(&*log, 500).await {
        *effects.entry(event.stream.to_string()).or_default() += 1;
    }
    assert!(effects.values().all(|times| *times == 1));
    assert!(effects.len() as u128 >= ordered - dead as u128, "{} effects, {dead} dead", effects.len());
    let begun = u128::from(begun.load(Ordering::Relaxed));
    assert!(begun > ordered, "{begun} attempts at {ordered} jobs: no worker was killed in the middle of one");
    println!("{kills} kills, {ordered} jobs: {done} done, {dead} given up, {begun} attempts");
}

on_both!(every_job_of_workers_that_are_killed_ends_exactly_once_by_effect);

#[cfg(feature = "eventstore")]
crate::support::on!(cluster_and_postgres: every_job_of_workers_that_are_killed_ends_exactly_once_by_effect);
