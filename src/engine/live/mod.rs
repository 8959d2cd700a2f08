//! Live providers: a person connects an account, what is there is fetched into the log, and disconnecting ends it.
//!
//! What a provider gives is a document like any other: it goes the way of an imported file, so that its original is kept and
//! what comes twice, by whatever way, is there once.

pub mod connect;
pub mod disconnect;
pub mod fetch;
pub mod history;
pub mod notice;
pub mod renew;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::ports::connections::{Connections, ConnectionsError};
use super::ports::entropy::Entropy;
use super::ports::jobs::{NewJob, Priority, Queue, QueueError, Steps};
use super::ports::provider_api::{CallFault, Meter, ProviderApi};
use super::ports::webhook::Webhook;
use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;

/// Attempts after which a job of a provider is given up. What waits for a breaker or a budget does not count.
const ATTEMPTS: u32 = 10;

/// What the folders of documents on their way into the log are called at first: whoever finds an old one may remove it.
pub const DOCUMENT_PREFIX: &str = ".upload.";

/// The use cases of live providers, with what they go through.
#[derive(Clone)]
pub struct Live {
    /// The use cases of the log.
    pub engine: Engine,
    /// The jobs.
    pub queue: Arc<dyn Queue>,
    /// The accounts at providers.
    pub connections: Arc<dyn Connections>,
    /// The count of calls.
    pub meter: Arc<dyn Meter>,
    /// What it is done for: it orders nothing more urgent.
    pub priority: Priority,
    /// The providers that are set up here.
    pub apis: BTreeMap<Provider, Arc<dyn ProviderApi>>,
    /// Who reads the notices of the providers that are set up here.
    pub webhooks: BTreeMap<Provider, Arc<dyn Webhook>>,
    /// Where a provider sends a person back to: the address before `/api/v1`.
    pub public_url: String,
    /// Where documents lie on their way into the log.
    pub folder: PathBuf,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The time: what takes long looks at it again.
    pub clock: Arc<dyn Fn() -> Instant + Send + Sync>,
    /// What its steps took: `fetch`, `decode`, `append`.
    pub timed: Timed,
    /// What must not be left half-done when its caller goes away.
    pub tasks: TaskTracker,
    /// Rung when something was ordered.
    pub bell: Arc<Notify>,
}

/// A clock for durations: called once it starts, what it gives tells how long ago that was.
pub type Watch = Arc<dyn Fn() -> Box<dyn Fn() -> Duration + Send + Sync> + Send + Sync>;

/// What the steps of one job took so far.
#[derive(Clone)]
pub struct Timed {
    watch: Watch,
    took: Arc<Mutex<Steps>>,
}

impl Timed {
    /// By a clock.
    #[must_use]
    pub fn by(watch: Watch) -> Self {
        Self { watch, took: Arc::default() }
    }

    /// What each step took, all its turns together.
    #[must_use]
    pub fn steps(&self) -> Steps {
        self.took.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does a step and adds what it took.
    pub async fn step<T>(&self, name: &'static str, doing: impl Future<Output = T>) -> T {
        let started = (self.watch)();
        let done = doing.await;
        *self.took.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += started();
        done
    }
}

/// Why a use case of live providers did not do what it was asked.
#[derive(Debug, Error)]
pub enum LiveError {
    /// This server has no application at that provider.
    #[error("{0} is not set up here")]
    NotSetUp(Provider),
    /// The person has no account there.
    #[error("{0} is not connected")]
    NotConnected(Provider),
    /// What it brought may not be kept.
    #[error("{0}'s terms do not let its data stay once it is disconnected: they can only be deleted")]
    MustGo(Provider),
    /// The grant is no good any more.
    #[error("{0} has to be connected again: it does not take the access it gave any more")]
    Reconnect(Provider),
    /// Somebody who comes back was not sent, or not by this browser, or too long ago.
    #[error("this is not the answer to a connection that was begun here in the last ten minutes; begin again")]
    NotBegun,
    /// The person did not allow it.
    #[error("access was not allowed")]
    NotAllowed,
    /// The provider does not say whose account it is.
    #[error("{0} does not let us see whose account it is; connect again and leave every permission ticked")]
    Nameless(Provider),
    /// The account is another person's here.
    #[error("this account is connected to another person here")]
    OtherPerson,
    /// Somebody else renews the grant just now.
    #[error("the access is being renewed")]
    Busy(Instant),
    /// The provider.
    #[error(transparent)]
    Call(#[from] CallFault),
    /// The log.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The connections.
    #[error(transparent)]
    Connections(#[from] ConnectionsError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// What was to be finished in any case was not.
    #[error("the renewal of the access stopped unexpectedly")]
    Stopped,
    /// The disk.
    #[error("a document could not be written on its way into the log")]
    Disk,
}

/// What a job is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Task {
    /// Fetch what is new, and again what may have changed.
    Sync {
        /// Where.
        provider: Provider,
    },
    /// Fetch the next older part of the history.
    Backfill {
        /// Where.
        provider: Provider,
    },
    /// Fetch one record.
    Record {
        /// Where.
        provider: Provider,
        /// What it is there.
        kind: String,
        /// Its id there.
        id: String,
    },
    /// Look whether a record is gone, and if so take it back.
    Gone {
        /// Where.
        provider: Provider,
        /// What it was there.
        kind: String,
        /// Its id there.
        id: String,
    },
    /// Take in what came along with a notice.
    Pushed {
        /// From where.
        provider: Provider,
        /// The name of its original.
        original: String,
    },
    /// The person took the access back at the provider.
    Revoked {
        /// Where.
        provider: Provider,
    },
    /// Bring the person up to date.
    Loop,
}

impl Task {
    /// What a job was told, as it may be shown: without an address that opens something.
    #[must_use]
    pub fn shown(payload: &str) -> String {
        match serde_json::from_str(payload) {
            Ok(Self::Record { provider, kind, id }) => {
                let shown = Self::Record { provider, kind, id: fetch::plain_id(&id) };
                serde_json::to_string(&shown).unwrap_or_default()
            }
            _ => payload.to_owned(),
        }
    }

    /// Which handler does it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Sync { .. } => "sync",
            Self::Backfill { .. } => "backfill",
            Self::Record { .. } => "record",
            Self::Gone { .. } => "gone",
            Self::Pushed { .. } => "pushed",
            Self::Revoked { .. } => "revoked",
            Self::Loop => "loop",
        }
    }

    /// How urgent it is where nothing less urgent has led to it.
    const fn priority(&self) -> Priority {
        match self {
            Self::Pushed { .. } | Self::Record { .. } | Self::Gone { .. } | Self::Revoked { .. } => Priority::Live,
            Self::Sync { .. } | Self::Loop => Priority::Usual,
            Self::Backfill { .. } => Priority::History,
        }
    }

    /// What makes it the same work as another.
    fn key(&self, person: PersonId) -> String {
        let kind = self.kind();
        match self {
            Self::Sync { provider } | Self::Backfill { provider } | Self::Revoked { provider } => {
                format!("{kind}/{provider}/{person}")
            }
            Self::Record { provider, kind: what, id } | Self::Gone { provider, kind: what, id } => {
                format!("{kind}/{provider}/{person}/{what}/{}", fetch::plain_id(id))
            }
            Self::Pushed { provider, original } => format!("{kind}/{provider}/{person}/{original}"),
            Self::Loop => format!("{kind}/{person}"),
        }
    }
}

impl Live {
    /// The same for one job that is so urgent: it leaves a part of every limit of a provider to what is more urgent.
    #[must_use]
    pub fn at(&self, priority: Priority) -> Self {
        let timed = Timed::by(Arc::clone(&self.timed.watch));
        Self { priority, meter: self.meter.at(priority), timed, ..self.clone() }
    }

    /// A job for a person.
    #[must_use]
    pub fn job(&self, person: PersonId, task: &Task, run_at: Instant) -> NewJob {
        NewJob {
            id: self.new_id(),
            kind: task.kind().to_owned(),
            key: task.key(person),
            person: Some(person),
            // A task has no map with other keys than texts: it can always be written.
            payload: serde_json::to_string(task).unwrap_or_default(),
            priority: task.priority().max(self.priority),
            run_at,
            max_attempts: ATTEMPTS,
        }
    }

    /// Orders tasks for a person.
    ///
    /// # Errors
    /// When the queue does not answer.
    pub async fn order(&self, person: PersonId, tasks: &[Task], now: Instant) -> Result<u64, LiveError> {
        let jobs = tasks.iter().map(|task| self.job(person, task, now)).collect();
        let ordered = self.queue.order(jobs, now).await?;
        self.bell.notify_one();
        Ok(ordered)
    }

    /// A provider that is set up here.
    ///
    /// # Errors
    /// `NotSetUp`.
    pub fn api(&self, provider: Provider) -> Result<&Arc<dyn ProviderApi>, LiveError> {
        self.apis.get(&provider).ok_or(LiveError::NotSetUp(provider))
    }

    /// A fresh random id.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
