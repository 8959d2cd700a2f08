//! What every operation works with.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use aws_lc_rs::aead::LessSafeKey;
use ipnet::IpNet;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::cache::Cache;
use super::caller::Access;
use super::importing::Importing;
use super::latest::Latest;
use crate::domain::Instant;
use crate::engine::Engine;
use crate::engine::live::Live;
use crate::engine::ports::checkpoint::Checkpoints;
use crate::engine::ports::entropy::Entropy;
use crate::engine::ports::proof::ExportSigner;

/// How the server was started, for `system/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// `dev`, `staging` or `production`.
    pub env_mode: &'static str,
    /// The level of the log.
    pub logging_level: &'static str,
    /// Whether a model may plan texts.
    pub enable_llm: bool,
}

/// The engine, who may ask it, and what comes from outside: time and chance.
#[derive(Clone)]
pub struct Service {
    /// The use cases.
    pub engine: Engine,
    /// Live providers and their jobs.
    pub live: Live,
    /// Who may ask.
    pub access: Access,
    /// How it was started.
    pub mode: Mode,
    /// The time.
    pub clock: Arc<dyn Fn() -> Instant + Send + Sync>,
    /// A clock for durations: called once it starts, what it gives tells how long ago that was.
    pub watch: Arc<dyn Fn() -> Elapsed + Send + Sync>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Seals the cursors of pages; the same in every process, so that any of them takes the other's.
    pub cursor_key: Arc<LessSafeKey>,
    /// The folder in which uploads wait for being read.
    pub uploads: PathBuf,
    /// The files that may be on their way into the log at once.
    pub turns: Arc<Semaphore>,
    /// How far those of this process have come.
    pub importing: Importing,
    /// Answers that still hold.
    pub cache: Cache,
    /// Signs exports.
    pub signer: Arc<ExportSigner>,
    /// Where the log is held fast, so that an export can prove its last event.
    pub checkpoints: Arc<dyn Checkpoints>,
    /// The proxies whose word about where a request comes from is taken.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Whether a stop was asked for: what is in flight is finished, and no more is sent here.
    pub draining: Arc<AtomicBool>,
    /// The latest loop and the latest intake, for `system/status`.
    pub latest: Latest,
}

/// How long ago a stopwatch was started.
pub type Elapsed = Box<dyn Fn() -> Duration + Send + Sync>;

impl Service {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Instant {
        (self.clock)()
    }

    /// Starts a stopwatch.
    #[must_use]
    pub fn stopwatch(&self) -> Elapsed {
        (self.watch)()
    }

    /// A fresh random id.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
