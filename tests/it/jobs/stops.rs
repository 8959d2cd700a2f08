//! A worker that is asked to stop while a provider hangs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use candor::engine::ports::jobs::{Claimed, JobState, Queue, Steps};
use candor::jobs::worker::Pace;
use candor::jobs::{Failure, Handler, Handlers, Worker};
use tokio::sync::Notify;

use super::{job, lists, now, queue, take};
use crate::support::{Place, entropy, on_both};

/// Says that it has begun, and never ends.
struct Hangs(Arc<Notify>);

#[async_trait]
impl Handler for Hangs {
    async fn run(&self, _: &Claimed, _: &mut Steps) -> Result<(), Failure> {
        self.0.notify_one();
        std::future::pending().await
    }
}

async fn a_worker_that_is_stopped_gives_back_what_hangs(place: &Place) {
    assert!(Pace::default().drain <= Duration::from_secs(5), "who presses Ctrl-C waits a few seconds at most");
    let queue = queue(place).await;
    queue.order(vec![job(1, "a")], now()).await.unwrap();
    let begun = Arc::new(Notify::new());
    let worker = Worker {
        name: "worker".to_owned(),
        queue: Arc::clone(&queue) as Arc<dyn Queue>,
        handlers: Handlers::default().with("count", Hangs(Arc::clone(&begun))),
        schedules: Vec::new(),
        pace: Pace { drain: Duration::from_millis(20), ..Pace::default() },
        clock: Arc::new(now),
        entropy: entropy(),
        bell: Arc::new(Notify::new()),
    };
    worker.run(begun.notified()).await;
    // At once, by whoever comes next, and as if it had never been tried.
    let jobs = queue.jobs(lists::all(), None).await.unwrap();
    assert_eq!((jobs[0].state, jobs[0].attempt, jobs[0].run_at), (JobState::Ready, 0, now()));
    let claimed = take(&queue, 9, 1, now()).await;
    assert_eq!((claimed.len(), claimed[0].attempt), (1, 1));
    let runs = queue.runs(lists::all(), None).await.unwrap();
    assert_eq!((runs[0].outcome.as_str(), runs[0].fault.as_ref().unwrap().0.as_str()), ("put_off", "stopped"));
}

on_both!(a_worker_that_is_stopped_gives_back_what_hangs);
