//! A worker: claims jobs, does several at once, renews its leases, and ends each by its lease alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant as Moment, sleep, sleep_until, timeout};
use uuid::Uuid;

use super::backoff;
use super::handler::{Failure, Handlers};
use super::schedule::Schedule;
use crate::domain::Instant;
use crate::engine::ports::entropy::Entropy;
use crate::engine::ports::jobs::{Claimed, Ended, Ending, Priority, Queue, Steps, Turn, Turned};

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Jobs done at once; a quarter of them is kept for what has just happened.
    pub at_once: u32,
    /// How often it looks for jobs that others ordered; what is ordered in this process wakes it.
    pub poll: Duration,
    /// How long a lease holds without being renewed.
    pub lease: Duration,
    /// How often leases are renewed.
    pub renew: Duration,
    /// How long an attempt may take.
    pub attempt: Duration,
    /// How long a stop waits for what is under way: a provider that hangs holds nobody up, since its job goes back to the queue.
    pub drain: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            at_once: 16,
            poll: Duration::from_millis(100),
            lease: Duration::from_mins(1),
            renew: Duration::from_secs(20),
            attempt: Duration::from_mins(30),
            drain: Duration::from_secs(3),
        }
    }
}

/// How long a worker waits after the queue did not answer.
const AFTER_A_FAULT: Duration = Duration::from_secs(1);

/// How often schedules are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What an attempt came to, before it is decided what becomes of the job.
type Outcome = (Claimed, Result<(), Failure>, Steps);

/// Does jobs until it is asked to stop.
pub struct Worker {
    /// Its name, for who looks at the jobs.
    pub name: String,
    /// The queue.
    pub queue: Arc<dyn Queue>,
    /// Who does what.
    pub handlers: Handlers,
    /// What is ordered by the clock.
    pub schedules: Vec<Schedule>,
    /// How it works.
    pub pace: Pace,
    /// The time.
    pub clock: Arc<dyn Fn() -> Instant + Send + Sync>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Rung when this process has ordered something.
    pub bell: Arc<Notify>,
}

impl Worker {
    /// Works until `stop`, then lets what is under way finish; what does not in time goes back to the queue.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        let mut work = Work::default();
        let mut renew_at = Moment::now() + self.pace.renew;
        let mut look_at = Moment::now();
        tokio::pin!(stop);
        loop {
            if Moment::now() >= look_at {
                self.look_at_the_clock().await;
                look_at = Moment::now() + LOOK;
            }
            let (want, renewing) = (self.free(&work), Moment::now() >= renew_at);
            let Some(turned) = self.turn(&mut work, want, renewing).await else {
                tokio::select! {
                    () = sleep(AFTER_A_FAULT) => continue,
                    () = &mut stop => break,
                }
            };
            if renewing {
                renew_at = Moment::now() + self.pace.renew;
            }
            self.begin(&mut work, turned);
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = work.under_way.join_next_with_id() => self.end(&mut work, ended),
                () = self.bell.notified(), if self.free(&work) > 0 => {}
                () = sleep(self.pace.poll), if self.free(&work) > 0 => {}
                () = sleep_until(renew_at) => {}
            }
            // What has ended meanwhile is written down in the same turn.
            while let Some(ended) = work.under_way.try_join_next_with_id() {
                self.end(&mut work, ended);
            }
        }
        self.drain(work).await;
    }

    fn free(&self, work: &Work) -> u32 {
        self.pace.at_once.saturating_sub(u32::try_from(work.under_way.len()).unwrap_or(u32::MAX))
    }

    async fn look_at_the_clock(&self) {
        let now = (self.clock)();
        for schedule in &self.schedules {
            if let Err(error) = schedule.look(self.queue.as_ref(), now).await {
                tracing::warn!(%error, "a schedule could not be looked at");
            }
        }
    }

    /// One turn; nothing when the queue did not answer: what ended is kept and told again.
    async fn turn(&self, work: &mut Work, want: u32, renewing: bool) -> Option<Turned> {
        let now = (self.clock)();
        let lease_until = now + TimeDelta::from_std(self.pace.lease).unwrap_or(TimeDelta::MAX);
        // However long what is past takes, what has just happened does not wait for it.
        let kept = self.pace.at_once / 4;
        let (want, least) = if want > kept { (want - kept, Priority::History) } else { (want, Priority::Live) };
        let holding = work.holding.values().map(|job| (job.id, job.lease));
        let turn = Turn {
            worker: self.name.clone(),
            now,
            ended: work.ended.clone(),
            holding: if renewing { holding.collect() } else { Vec::new() },
            want,
            least,
            lease: self.new_id(),
            lease_until,
        };
        match self.queue.turn(turn).await {
            Ok(turned) => {
                work.ended.clear();
                Some(turned)
            }
            Err(error) => {
                tracing::error!(%error, "the queue of jobs did not answer");
                None
            }
        }
    }

    fn begin(&self, work: &mut Work, turned: Turned) {
        for lost in turned.lost {
            // Somebody else has the job: what is still done for it here would not be written down.
            let under_way = work.holding.iter().find(|(_, job)| job.id == lost).map(|(id, _)| *id);
            if let Some(handle) = under_way.and_then(|id| work.handles.remove(&id)) {
                handle.abort();
            }
        }
        for job in turned.claimed {
            let (handler, limit, held) = (self.handlers.of(&job.kind), self.pace.attempt, job.clone());
            let handle = work.under_way.spawn(async move {
                let mut steps = Steps::new();
                let outcome = match handler {
                    None => Err(Failure::give_up("unknown_kind", "this build knows no such job")),
                    Some(handler) => match timeout(limit, handler.run(&job, &mut steps)).await {
                        Ok(outcome) => outcome,
                        Err(_) => Err(Failure::retry("too_long", "it took longer than an attempt may")),
                    },
                };
                (job, outcome, steps)
            });
            work.holding.insert(handle.id(), held);
            work.handles.insert(handle.id(), handle);
        }
    }

    fn end(&self, work: &mut Work, ended: Result<(Id, Outcome), JoinError>) {
        let (job, outcome, steps) = match ended {
            Ok((id, outcome)) => {
                work.forget(id);
                outcome
            }
            Err(error) => match work.forget(error.id()) {
                Some(job) if error.is_panic() => {
                    (job, Err(Failure::retry("panic", "it stopped unexpectedly")), Steps::new())
                }
                _ => return,
            },
        };
        let ending = self.ending(&job, outcome);
        work.ended.push(Ended { job, at: (self.clock)(), ending, steps });
    }

    /// What becomes of a job.
    fn ending(&self, job: &Claimed, outcome: Result<(), Failure>) -> Ending {
        let Err(failure) = outcome else { return Ending::Done };
        let fault = failure.fault();
        tracing::warn!(job.kind = job.kind, job.attempt = job.attempt, code = fault.code, "a job was not done");
        match failure {
            Failure::GiveUp { .. } => Ending::Dead(fault),
            Failure::Retry { .. } if job.attempt >= job.max_attempts => Ending::Dead(fault),
            Failure::Retry { .. } => {
                let wait = backoff::wait(job.attempt, self.chance());
                Ending::Again { at: (self.clock)() + TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX), fault }
            }
            Failure::PutOff { until, .. } => Ending::PutOff { at: until, fault },
        }
    }

    async fn drain(&self, mut work: Work) {
        let until = Moment::now() + self.pace.drain;
        while !work.under_way.is_empty() {
            tokio::select! {
                Some(ended) = work.under_way.join_next_with_id() => self.end(&mut work, ended),
                () = sleep_until(until) => break,
            }
        }
        let now = (self.clock)();
        for (_, job) in std::mem::take(&mut work.holding) {
            let fault = Failure::retry("stopped", "the worker was stopped before it was done").fault();
            work.ended.push(Ended { job, at: now, ending: Ending::PutOff { at: now, fault }, steps: Steps::new() });
        }
        work.under_way.shutdown().await;
        // What cannot be written down now comes back when its lease runs out.
        self.turn(&mut work, 0, false).await;
    }

    fn chance(&self) -> f64 {
        let mut bytes = [0; 4];
        self.entropy.fill(&mut bytes);
        f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
    }

    fn new_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// What a worker has in hand.
#[derive(Default)]
struct Work {
    under_way: JoinSet<Outcome>,
    handles: BTreeMap<Id, tokio::task::AbortHandle>,
    holding: BTreeMap<Id, Claimed>,
    /// Attempts that ended and are not written down yet.
    ended: Vec<Ended>,
}

impl Work {
    fn forget(&mut self, id: Id) -> Option<Claimed> {
        self.handles.remove(&id);
        self.holding.remove(&id)
    }
}
