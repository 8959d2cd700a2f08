//! Jobs through a worker: 5,000 that do nothing, and how long one waits until it begins.
//!
//! `cargo bench --bench jobs` prints jobs a second from the first turn to the last, and of 500 jobs that are ordered one by one
//! 10 ms apart while the worker is otherwise idle, the median and the 95th percentile between order and begin in milliseconds.
//! SQLite writes each turn through to the disk. At least 500 a second and at most 150 ms are wanted.

#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Moment};

use async_trait::async_trait;
use candor::engine::ports::entropy::Entropy;
use candor::engine::ports::jobs::{Claimed, NewJob, Priority, Queue, Steps};
use candor::jobs::worker::Pace;
use candor::jobs::{Failure, Handler, Handlers, Worker};
use candor::store::jobs::{JobPlace, JobTables};
use chrono::Utc;
use tokio::sync::Notify;
use uuid::Uuid;

const JOBS: usize = 5_000;
const SINGLE: usize = 500;

struct Chance;

impl Entropy for Chance {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("random bytes");
    }
}

/// Does nothing, and notes when.
struct Notes {
    begun: Arc<Mutex<Vec<(Uuid, Moment)>>>,
    count: Arc<AtomicUsize>,
    all: Arc<Notify>,
}

#[async_trait]
impl Handler for Notes {
    async fn run(&self, job: &Claimed, _: &mut Steps) -> Result<(), Failure> {
        self.begun.lock().expect("notes").push((job.id, Moment::now()));
        if (self.count.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(JOBS) {
            self.all.notify_one();
        }
        Ok(())
    }
}

fn job(number: usize) -> NewJob {
    NewJob {
        id: Uuid::from_u128(number as u128 + 1),
        kind: "nothing".to_owned(),
        key: number.to_string(),
        person: None,
        payload: "{}".to_owned(),
        priority: Priority::Usual,
        run_at: Utc::now(),
        max_attempts: 3,
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let queue = JobTables::open(&JobPlace::File(folder.path().join("jobs.db"))).await.expect("the tables");
    let queue: Arc<JobTables> = Arc::new(queue);
    let (begun, count, all, bell) = (
        Arc::new(Mutex::new(Vec::new())),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(Notify::new()),
        Arc::new(Notify::new()),
    );
    let notes = Notes { begun: Arc::clone(&begun), count: Arc::clone(&count), all: Arc::clone(&all) };
    let worker = Worker {
        name: "bench".to_owned(),
        queue: Arc::clone(&queue) as Arc<dyn Queue>,
        handlers: Handlers::default().with("nothing", notes),
        schedules: Vec::new(),
        pace: Pace::default(),
        clock: Arc::new(Utc::now),
        entropy: Arc::new(Chance),
        bell: Arc::clone(&bell),
    };
    queue.order((0..JOBS).map(job).collect(), Utc::now()).await.expect("ordered");
    let measured = async {
        let started = Moment::now();
        all.notified().await;
        let took = started.elapsed();
        println!("{JOBS} jobs in {took:.2?}: {:.0} a second", JOBS as f64 / took.as_secs_f64());
        begun.lock().expect("notes").clear();
        let mut ordered = Vec::new();
        for number in JOBS..JOBS + SINGLE {
            let job = job(number);
            ordered.push((job.id, Moment::now()));
            queue.order(vec![job], Utc::now()).await.expect("ordered");
            bell.notify_one();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        while begun.lock().expect("notes").len() < SINGLE {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let begun = begun.lock().expect("notes");
        let mut waits: Vec<Duration> = ordered
            .iter()
            .filter_map(|(id, at)| begun.iter().find(|(of, _)| of == id).map(|(_, begun)| *begun - *at))
            .collect();
        waits.sort_unstable();
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
        println!("{SINGLE} jobs one by one: begun after {:.1?} (median), {:.1?} (95th percentile)", at(0.5), at(0.95));
    };
    worker.run(measured).await;
}
