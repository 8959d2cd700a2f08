//! What is done in the background: live providers, their jobs, and the worker that does them, plugged together.

use std::sync::Arc;

use tokio::sync::{Notify, oneshot};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::config::{self, Config};
use super::entropy::OsEntropy;
use super::error::Failure;
use super::present::Out;
use super::provider_settings;
use super::rules;
use super::scrape::{LookedUp, Scraped};
use super::serve;
use super::system::{self, Opened};
use crate::domain::Instant;
use crate::engine::identity::Identity;
use crate::engine::live::{Live, Timed, Watch};
use crate::engine::ports::checkpoint::Checkpoints;
use crate::engine::ports::entropy::Entropy as _;
use crate::engine::ports::jobs::{NewJob, Priority, Queue};
use crate::jobs::grown::Grown;
use crate::jobs::schedule::Schedule;
use crate::jobs::tasks::{Keeping, Tasks};
use crate::jobs::worker::Pace;
use crate::jobs::{Handlers, Worker};
use crate::store::checkpoint::CheckpointFolder;
use crate::store::jobs::{JobPlace, JobTables};

/// What live providers work with.
pub(super) struct Work {
    pub live: Live,
    pub tables: Arc<JobTables>,
    checkpoints: Arc<CheckpointFolder>,
    clock: Arc<dyn Fn() -> Instant + Send + Sync>,
    target_pct: f64,
    checkpoint_events: u64,
}

/// Whether there are tables of jobs to be looked at; who only looks makes none.
pub(super) fn exist(config: &Config) -> bool {
    match system::job_place(config) {
        JobPlace::File(path) => path.exists(),
        JobPlace::Postgres(_) => true,
    }
}

/// Opens the jobs alone.
pub(super) async fn tables(config: &Config) -> Result<JobTables, Failure> {
    Ok(JobTables::open(&system::job_place(config)).await?.telling_after(config.slow_after))
}

/// A fresh random id of a job.
pub(super) fn new_id() -> Uuid {
    let mut bytes = [0; 16];
    OsEntropy.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Opens the jobs and sets the providers up. `public_url` is where people reach this server.
pub(super) async fn open(config: &Config, opened: &Opened, public_url: &str) -> Result<Work, Failure> {
    if let Some(bad) = config.public_url.as_deref().and_then(rules::no_address) {
        return Err(Failure::configuration(bad));
    }
    let tables = Arc::new(tables(config).await?);
    let settings = config.providers.as_ref().map_err(Failure::configuration)?;
    let (apis, webhooks) = provider_settings::set_up(settings, &config.data_dir)?;
    let fixed = config.pretended;
    let clock: Arc<dyn Fn() -> Instant + Send + Sync> = Arc::new(move || fixed.unwrap_or_else(config::clock));
    let watch: Watch = Arc::new(|| {
        #[expect(clippy::disallowed_methods, reason = "how long a step took is written down, never used")]
        let started = std::time::Instant::now();
        Box::new(move || started.elapsed())
    });
    let live = Live {
        engine: opened.engine.clone(),
        queue: Arc::clone(&tables) as Arc<dyn Queue>,
        connections: Arc::new(tables.connections(Arc::clone(&opened.keys), Arc::new(OsEntropy))),
        meter: Arc::clone(&tables) as _,
        priority: Priority::Live,
        apis,
        webhooks,
        public_url: config.public_url.clone().unwrap_or_else(|| public_url.to_owned()),
        folder: config.data_dir.clone(),
        entropy: Arc::new(OsEntropy),
        clock: Arc::clone(&clock),
        timed: Timed::by(watch),
        tasks: TaskTracker::new(),
        bell: Arc::new(Notify::new()),
    };
    let checkpoints = Arc::new(system::checkpoints(config, opened)?);
    let (target_pct, checkpoint_events) = (config.mornings_target_pct, config.checkpoint_events);
    Ok(Work { live, tables, checkpoints, clock, target_pct, checkpoint_events })
}

impl Work {
    /// Where the log is held fast.
    pub(super) fn checkpoints(&self) -> Arc<dyn Checkpoints> {
        Arc::clone(&self.checkpoints) as _
    }

    /// Waits for what must not be left half-done.
    pub(super) async fn finish(&self) {
        self.live.tasks.close();
        self.live.tasks.wait().await;
        self.tables.close().await;
    }

    /// What a scrape looks up.
    pub(super) fn looked_up(&self, identity: Option<Arc<Identity>>) -> LookedUp {
        LookedUp {
            engine: self.live.engine.clone(),
            identity,
            mornings: Arc::clone(&self.tables) as _,
            clock: Arc::clone(&self.clock),
        }
    }

    /// The worker, under a name that tells it from others.
    pub(super) fn worker(&self) -> Result<Worker, Failure> {
        let tasks =
            Tasks { live: self.live.clone(), breakers: Arc::clone(&self.tables) as _, clock: Arc::clone(&self.clock) };
        let keeping = Keeping {
            tasks: tasks.clone(),
            mornings: Arc::clone(&self.tables) as _,
            target_pct: self.target_pct,
            checkpoints: self.checkpoints(),
        };
        let handlers: Handlers = tasks.handlers();
        let handlers = ["poll", "morning", "checkpoint", "prune"]
            .into_iter()
            .fold(handlers, |handlers, kind| handlers.with(kind, keeping.clone()));
        let live = self.live.clone();
        let order = move |kind: &'static str| {
            let live = live.clone();
            move |due: Instant| NewJob {
                id: live.new_id(),
                kind: kind.to_owned(),
                key: kind.to_owned(),
                person: None,
                payload: "{}".to_owned(),
                priority: Priority::Usual,
                run_at: due,
                max_attempts: 3,
            }
        };
        let grown = Grown::new(self.checkpoints(), self.checkpoint_events);
        let schedules = vec![
            Schedule::new("poll", "*/15 * * * *", order("poll")),
            Schedule::new("morning", "*/10 * * * *", order("morning")),
            Schedule::new("checkpoint", "47 * * * *", order("checkpoint")),
            Schedule::new("grown", "* * * * *", order("checkpoint")).map(|each| each.only_where(Arc::new(grown))),
            Schedule::new("prune", "17 3 * * *", order("prune")),
        ];
        Ok(Worker {
            name: format!("worker-{}", self.live.new_id()),
            queue: Arc::clone(&self.live.queue),
            handlers,
            schedules: schedules.into_iter().collect::<Result<_, _>>().map_err(Failure::configuration)?,
            pace: Pace::default(),
            clock: Arc::clone(&self.clock),
            entropy: Arc::new(OsEntropy),
            bell: Arc::clone(&self.live.bell),
        })
    }
}

/// Does jobs alone until a signal.
pub(super) async fn run(config: &Config, out: &Out, scraped: Option<Scraped>) -> Result<bool, Failure> {
    serve::sweep(&config.data_dir);
    let opened = system::open_all(config).await?;
    let work = open(config, &opened, "http://127.0.0.1:8080").await?;
    let worker = work.worker()?;
    let stop = serve::stop_asked();
    out.note(&format!("{} does jobs", worker.name));
    let (ended, end) = oneshot::channel::<()>();
    let shown = async {
        let Some(scraped) = scraped else { return Ok(()) };
        let looked_up = work.looked_up(None);
        out.note(&format!("metrics are on http://{}/metrics", scraped.address()?));
        scraped.serve(looked_up, async { drop(end.await) }).await;
        Ok::<_, Failure>(())
    };
    let worked = async {
        worker.run(stop).await;
        drop(ended);
    };
    let (shown, ()) = tokio::join!(shown, worked);
    shown?;
    work.finish().await;
    Ok(true)
}
