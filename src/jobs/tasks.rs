//! The tasks of live providers as jobs: each behind the breakers of its provider and of its person there, each failure told
//! apart at the line where it happens.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{TimeDelta, Timelike as _};

use super::breaker;
use super::handler::{Failure, Handler, Handlers};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::domain::provider::Provider;
use crate::engine::EngineError;
use crate::engine::live::{Live, LiveError, Task};
use crate::engine::ports::breakers::Breakers;
use crate::engine::ports::checkpoint::{CheckpointError, Checkpoints};
use crate::engine::ports::connections::ConnectionState;
use crate::engine::ports::jobs::{Claimed, QueueError, Steps};
use crate::engine::ports::mornings::{self, Mornings};
use crate::engine::ports::provider_api::CallFault;
use crate::engine::run;

/// Does the tasks of live providers.
#[derive(Clone)]
pub struct Tasks {
    /// The use cases.
    pub live: Live,
    /// The breakers.
    pub breakers: Arc<dyn Breakers>,
    /// The time.
    pub clock: Arc<dyn Fn() -> Instant + Send + Sync>,
}

impl Tasks {
    /// The handlers of every kind of task.
    #[must_use]
    pub fn handlers(self) -> Handlers {
        ["sync", "backfill", "record", "gone", "pushed", "revoked", "loop"]
            .into_iter()
            .fold(Handlers::default(), |handlers, kind| handlers.with(kind, self.clone()))
    }

    async fn guarded(&self, person: PersonId, provider: Provider, task: &Task, now: Instant) -> Result<(), Failure> {
        let names = [format!("{provider}/{person}"), provider.to_string()];
        for name in &names {
            if let Some(until) = breaker::passes(self.breakers.as_ref(), name, now).await.map_err(queue)? {
                let reason =
                    "too many calls in a row have failed, or there were too many: none is made until then".to_owned();
                return Err(Failure::PutOff { code: "breaker_open", reason, until });
            }
        }
        let done = self.provider(person, task, now).await;
        let [of_person, of_provider] = &names;
        if let Err(LiveError::Call(fault @ CallFault::Limited { after })) = &done {
            // Its limits are those of this application: whoever asks next would be told the same.
            let told = (now, (self.clock)());
            let until = breaker::tell_limited(self.breakers.as_ref(), of_provider, *after, told).await;
            return Err(Failure::PutOff {
                code: "rate_limited",
                reason: fault.to_string(),
                until: until.map_err(queue)?,
            });
        }
        // Only an answer says something of a provider, or that there was none.
        let answered = match &done {
            Ok(()) => Some((false, false)),
            Err(LiveError::Call(CallFault::NotYet { .. })) => None,
            Err(LiveError::Call(CallFault::Unavailable(_))) => Some((true, true)),
            Err(LiveError::Call(CallFault::NotFound)) => Some((false, false)),
            Err(LiveError::Call(_)) => Some((false, true)),
            Err(_) => None,
        };
        if let Some((down, failed)) = answered {
            let (breakers, at) = (self.breakers.as_ref(), (now, (self.clock)()));
            breaker::tell(breakers, of_provider, down, at).await.map_err(queue)?;
            breaker::tell(breakers, of_person, failed, at).await.map_err(queue)?;
        }
        let failed = done.map_err(failure);
        // What only waits its turn is no fault that a person has to know of.
        if let Err(Failure::Retry { code, .. } | Failure::GiveUp { code, .. }) = &failed {
            let noted = self.live.connections.failed(person, provider, code, (self.clock)()).await;
            noted.map_err(|error| Failure::retry("store", error))?;
        }
        failed
    }

    async fn provider(&self, person: PersonId, task: &Task, now: Instant) -> Result<(), LiveError> {
        match task {
            Task::Sync { provider } => self.live.sync(person, *provider, now).await.map(|_| ()),
            Task::Backfill { provider } => self.live.backfill(person, *provider, now).await.map(|_| ()),
            Task::Record { provider, kind, id } => {
                self.live.record(person, *provider, (kind, id), now).await.map(|_| ())
            }
            Task::Gone { provider, kind, id } => self.live.gone(person, *provider, (kind, id), now).await,
            Task::Revoked { provider } => self.live.revoked(person, *provider, now).await,
            Task::Pushed { provider, original } => self.live.pushed(person, *provider, original, now).await.map(|_| ()),
            Task::Loop => Ok(()),
        }
    }
}

#[async_trait]
impl Handler for Tasks {
    async fn run(&self, job: &Claimed, steps: &mut Steps) -> Result<(), Failure> {
        let task: Task = serde_json::from_str(&job.payload)
            .map_err(|_| Failure::give_up("not_understood", "its payload is none that this build knows"))?;
        let person = job.person.ok_or_else(|| Failure::give_up("not_understood", "it is about nobody"))?;
        let tasks = Self { live: self.live.at(job.priority), ..self.clone() };
        let now = (self.clock)();
        let done = match &task {
            Task::Loop => tasks.stages(person, now).await,
            // Nobody is asked: it says nothing of the provider.
            Task::Pushed { .. } => tasks.provider(person, &task, now).await.map_err(failure),
            Task::Sync { provider }
            | Task::Backfill { provider }
            | Task::Record { provider, .. }
            | Task::Gone { provider, .. }
            | Task::Revoked { provider } => tasks.guarded(person, *provider, &task, now).await,
        };
        steps.extend(tasks.live.timed.steps());
        done
    }
}

impl Tasks {
    async fn stages(&self, person: PersonId, now: Instant) -> Result<(), Failure> {
        let ran = self.live.timed.step("run", self.live.engine.run_stages(person, now, None, &|_, _| ())).await;
        ran.map(|_| ()).map_err(|error| failure(error.into()))
    }
}

fn queue(error: QueueError) -> Failure {
    Failure::retry("store", error)
}

/// What is to become of a task that was not done.
fn failure(error: LiveError) -> Failure {
    match error {
        LiveError::Busy(until) => Failure::PutOff { code: "renewing", reason: error.to_string(), until },
        LiveError::Call(CallFault::NotYet { until }) => {
            Failure::PutOff { code: "budget_used", reason: CallFault::NotYet { until }.to_string(), until }
        }
        LiveError::Call(fault @ CallFault::Limited { .. }) => Failure::retry("rate_limited", fault),
        LiveError::Call(fault @ (CallFault::Unavailable(_) | CallFault::Unauthorised)) => {
            Failure::retry("unavailable", fault)
        }
        // A notice may be ahead of what it names. That it is gone, only a notice of that says.
        LiveError::Call(fault @ CallFault::NotFound) => Failure::retry("not_found", fault),
        LiveError::Call(fault @ CallFault::Forbidden) => Failure::give_up("not_allowed", fault),
        // A page of maintenance passes; what does not is given up after all its attempts.
        LiveError::Call(fault @ CallFault::Unreadable(_)) => Failure::retry("not_understood", fault),
        LiveError::Call(fault @ CallFault::GrantEnded) => Failure::give_up("reconnect", fault),
        LiveError::Reconnect(_) | LiveError::NotConnected(_) | LiveError::NotSetUp(_) => {
            Failure::give_up("reconnect", error)
        }
        LiveError::NotBegun
        | LiveError::NotAllowed
        | LiveError::Nameless(_)
        | LiveError::OtherPerson
        | LiveError::MustGo(_) => Failure::give_up("not_connected", error),
        LiveError::Engine(EngineError::Refused(violation)) => Failure::give_up(violation.rule, violation.reason),
        // What a file holds may be health data: its place is enough.
        LiveError::Engine(EngineError::Export(_)) => Failure::give_up("not_understood", "the document cannot be read"),
        LiveError::Engine(EngineError::NotFound { .. }) => Failure::give_up("not_found", "there is no such thing"),
        LiveError::Engine(_) => Failure::retry("store", "the log or its read models did not answer"),
        LiveError::Connections(_) | LiveError::Queue(_) | LiveError::Disk | LiveError::Stopped => {
            Failure::retry("store", error)
        }
    }
}

/// How long a connection may go without being asked what is new: a notice that was lost is made good then.
const POLL_AFTER: TimeDelta = TimeDelta::hours(1);
/// How long a connection that was given up on is left alone by the clock; a notice or its person tries it before.
const AFTER_A_FAULT: TimeDelta = TimeDelta::hours(6);
/// How long jobs that were done are shown, with their attempts.
const SHOWN: TimeDelta = TimeDelta::days(7);
/// How long those that were given up are kept to be looked at and ordered again.
const GIVEN_UP: TimeDelta = TimeDelta::days(90);
/// Days for which mornings are kept.
const KEPT_MORNINGS: u32 = 90;
/// The hours of a person's morning in which the day's loop runs.
const MORNING: std::ops::Range<u32> = 7..11;

/// Does what comes due by the clock and is about nobody in particular.
#[derive(Clone)]
pub struct Keeping {
    /// The tasks of persons.
    pub tasks: Tasks,
    /// What is known of mornings.
    pub mornings: Arc<dyn Mornings>,
    /// The rate of mornings, in percent, below which who runs the server is warned.
    pub target_pct: f64,
    /// Where the log is held fast.
    pub checkpoints: Arc<dyn Checkpoints>,
}

impl Keeping {
    /// Orders what is new of every connection that was not asked for long.
    async fn poll(&self, now: Instant) -> Result<(), LiveError> {
        let live = &self.tasks.live;
        live.engine.finish_all_erasing(now).await?;
        for connection in live.connections.list(None).await? {
            let polls = live.apis.get(&connection.provider).is_some_and(|api| api.polls());
            let stale = connection.reach.synced_at.is_none_or(|at| now - at >= POLL_AFTER);
            let failed = connection.failed_at.is_some_and(|at| now - at < AFTER_A_FAULT);
            if polls && stale && !failed && connection.state == ConnectionState::Connected {
                live.order(connection.person, &[Task::Sync { provider: connection.provider }], now).await?;
            }
        }
        Ok(())
    }

    /// Forgets what is kept no longer.
    async fn prune(&self, now: Instant) -> Result<(), LiveError> {
        let live = &self.tasks.live;
        live.queue.prune(now - SHOWN, now - GIVEN_UP).await?;
        live.connections.prune(now).await?;
        let last = mornings::last(now);
        self.mornings.forget(last.minus(KEPT_MORNINGS)).await?;
        let rate = self.mornings.rate(last, mornings::DAYS).await?;
        if let Some(percent) = rate.percent().filter(|percent| *percent < self.target_pct) {
            tracing::warn!(percent, target = self.target_pct, "too few mornings had their run by themselves");
        }
        Ok(())
    }

    /// Orders the loop of everybody whose morning it is and whose day was not looked at yet.
    async fn morning(&self, now: Instant) -> Result<(), LiveError> {
        let engine = &self.tasks.live.engine;
        engine.views.catch_up().await.map_err(EngineError::from)?;
        for person in engine.views.persons().await.map_err(EngineError::from)? {
            // One whose read models stand still is no reason to leave the others alone.
            if let Err(error) = self.morning_of(person, now).await {
                tracing::warn!(%error, "a person's morning could not be looked at");
            }
        }
        Ok(())
    }

    /// Holds the log fast as it is; where it does not continue what was held fast before, that is for a person to look at.
    async fn checkpoint(&self) -> Result<(), Failure> {
        match self.checkpoints.write().await {
            Ok(_) => Ok(()),
            Err(error @ CheckpointError::Refused { rule, .. }) => {
                tracing::error!(%error, "the log does not continue its last checkpoint");
                Err(Failure::give_up(rule, error))
            }
            Err(error @ CheckpointError::Unavailable(_)) => Err(Failure::retry("store", error)),
        }
    }

    async fn morning_of(&self, person: PersonId, now: Instant) -> Result<(), LiveError> {
        let state = self.tasks.live.engine.state(person).await?;
        let hour = now.with_timezone(&state.profile.zone()).hour();
        let today = run::today(&state, now);
        // Of who takes back that their data are processed nothing is expected.
        if !MORNING.contains(&hour) || !state.consents.contains(&Purpose::Processing) {
            return Ok(());
        }
        let looked_at = state.last_present.as_ref().is_some_and(|last| last.day >= today);
        self.mornings.note(person, today, looked_at).await?;
        if !looked_at {
            self.tasks.live.order(person, &[Task::Loop], now).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Handler for Keeping {
    async fn run(&self, job: &Claimed, _: &mut Steps) -> Result<(), Failure> {
        let now = (self.tasks.clock)();
        let done = match job.kind.as_str() {
            "poll" => self.poll(now).await,
            "morning" => self.morning(now).await,
            "checkpoint" => return self.checkpoint().await,
            _ => self.prune(now).await,
        };
        done.map_err(failure)
    }
}
