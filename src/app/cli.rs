//! The command line: what can be asked, and the exit code of the answer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use uuid::Uuid;

use super::command;
use super::config::Config;
use super::error::Failure;
use super::present::Out;
use crate::engine::as_of::AsOf;
use crate::store::flush;
use crate::store::log::left;

/// Turns wearable data into insights it can vouch for.
#[derive(Debug, Parser)]
#[command(name = "candor", version, about, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub(super) struct Global {
    /// The folder of the log, the keys and the read models.
    #[arg(long, global = true, default_value = "./candor-data", env = "CANDOR_DATA_DIR")]
    pub data_dir: PathBuf,
    /// Whose data: needed when several persons share a store.
    #[arg(long, global = true, value_parser = person_id)]
    pub person: Option<Uuid>,
    /// One JSON document, or one a line, on standard output; messages go to standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress and no messages.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Pretend it is this instant or the end of this day; for tests and demonstrations.
    #[arg(long, global = true)]
    pub now: Option<String>,
}

/// Where a server listens.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Addresses {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:8080", env = "CANDOR_LISTEN")]
    pub listen: SocketAddr,
    /// The address to show counts and times on, for Prometheus; never the API's. Left out, nothing is shown.
    #[arg(long, value_name = "ADDRESS", env = "CANDOR_METRICS_LISTEN")]
    pub metrics: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// A made-up person of 180 days through all stages.
    Demo {
        /// Print and leave.
        #[arg(long)]
        once: bool,
    },
    /// Take files in: exports of WHOOP, Strava, Garmin, Apple Health, Oura or Fitbit, FIT, GPX or TCX activities, or
    /// Candor's own NDJSON.
    Import {
        /// The files; their formats are recognised by content.
        #[arg(required_unless_present = "watch")]
        files: Vec<PathBuf>,
        /// Take in what is in this folder and then whatever appears there, each file once it stood still, until Ctrl-C.
        #[arg(long, value_name = "DIR", conflicts_with = "files")]
        watch: Option<PathBuf>,
        /// How often to look at the folder, in seconds.
        #[arg(long, value_name = "SECONDS", default_value = "2", requires = "watch", value_parser = seconds)]
        every: Duration,
    },
    /// Bring everything up to date: run the five stages.
    Loop {
        /// Run this day alone.
        #[arg(long)]
        day: Option<String>,
    },
    /// What matters today.
    Today,
    /// What was measured.
    Metrics {
        /// Every metric Candor knows, with its units and plausible range.
        #[arg(long)]
        all: bool,
    },
    /// What holds, with grades.
    Insights {
        /// What held then: a day, or the revision of an event.
        #[arg(long)]
        as_of: Option<AsOf>,
    },
    /// The text.
    Narrative {
        /// daily or weekly
        #[arg(long, default_value = "daily")]
        period: String,
        /// What was told then: a day, or the revision of an event.
        #[arg(long)]
        as_of: Option<AsOf>,
        /// Every sentence that may be said, for a reviewer, instead of a text.
        #[arg(long)]
        frames: bool,
    },
    /// Why am I seeing this, how sure is it, what would change it.
    Why {
        /// The id of a claim, an insight, an evaluation, or a day.
        id: String,
    },
    /// Say what you think of a statement: the next loop honours it.
    Feedback(command::feedback::Word),
    /// Everything that happened, an event a line.
    Audit(command::audit::Filter),
    /// Ask one question of your own days: does this move that?
    #[command(subcommand)]
    Experiment(command::experiment::Action),
    /// What there is to try.
    #[command(subcommand)]
    Intervention(command::intervention::Action),
    /// What a human is asked to look at before Candor goes on.
    #[command(subcommand)]
    Review(command::review::Action),
    /// What safety and the score need to know about you.
    #[command(subcommand)]
    Profile(command::profile::Action),
    /// What you allow.
    #[command(subcommand)]
    Consent(command::consent::Action),
    /// Say how a day was, each from 1 to 5, or report a symptom.
    Checkin(command::checkin::Ratings),
    /// The statistics against simulated people, other methods beside them; exit 1 when a target is missed.
    Calibrate(command::calibrate::Draws),
    /// Is everything as it was written: chain, rules, read models, and each run made again.
    Verify {
        /// Check an export instead, a folder or its events.ndjson alone, without the store it came from.
        #[arg(long, value_name = "PATH", group = "kept")]
        export: Option<PathBuf>,
        /// The key, in hex, that must have signed it, as `system/status` of its server has it.
        #[arg(long, value_name = "KEY", requires = "export")]
        signed_by: Option<String>,
        /// Compare the log with this checkpoint instead of the newest one of this store.
        #[arg(long, value_name = "FILE", group = "kept")]
        checkpoint: Option<PathBuf>,
        /// Check a proof of `candor prove` instead, without the store it came from.
        #[arg(long, value_name = "FILE", group = "kept", requires = "key")]
        proof: Option<PathBuf>,
        /// The key that checks checkpoints, as `candor checkpoint` shows it; left out, the one of this store, and of an export
        /// any.
        #[arg(long, value_name = "KEY", requires = "kept")]
        key: Option<String>,
    },
    /// Hold the log fast as it is: sign how long it is and what it holds, and keep that apart from it.
    Checkpoint,
    /// Write the proof that an event is in the log, as the newest checkpoint has it, or that the log only grew since an earlier
    /// checkpoint.
    Prove {
        /// The id or the position of the event.
        #[arg(required_unless_present = "since")]
        event: Option<String>,
        /// The earlier checkpoint.
        #[arg(long, value_name = "FILE", conflicts_with = "event")]
        since: Option<PathBuf>,
    },
    /// The master key: another one in its place.
    #[command(subcommand)]
    Key(command::key::Action),
    /// The log: into another place, where the same events are.
    #[command(subcommand)]
    Log(command::log::Action),
    /// Copy what cannot be made again while a server runs, and look at the copy before it counts; the keys go elsewhere.
    Backup(command::backup::Backup),
    /// Put a backup into an empty data folder, unless anything in it is not what was written.
    Restore(command::restore::Restore),
    /// Make the read models anew.
    Rebuild,
    /// Who may sign in.
    #[command(subcommand)]
    User(command::user::Action),
    /// Answer over HTTP.
    Serve {
        /// One person on this machine, without signing in.
        #[arg(long)]
        local: bool,
        #[command(flatten)]
        addresses: Addresses,
    },
    /// Do what is to be done in the background, without answering over HTTP.
    Worker {
        /// The address to show counts and times on, for Prometheus. Left out, nothing is shown.
        #[arg(long, value_name = "ADDRESS", env = "CANDOR_WORKER_METRICS_LISTEN")]
        metrics: Option<SocketAddr>,
    },
    /// Everybody's jobs by kind and state, whom nobody asks just now, and what was given up and why.
    Jobs {
        #[command(subcommand)]
        action: Option<command::jobs::Action>,
    },
    /// Live providers: connect, fetch, list, disconnect.
    #[command(subcommand)]
    Provider(command::provider::Action),
    /// What `serve` would refuse to start with, and what to do about it; exit 1 when there is anything.
    Doctor {
        #[command(flatten)]
        addresses: Addresses,
    },
    /// Write everything to a new folder.
    Export {
        /// The folder; it must not exist yet.
        folder: PathBuf,
    },
    /// Erase everything of a person, or what one provider brought, for good.
    Erase(command::erase::Erase),
    /// How this store is set up, and what it holds.
    Status {
        /// The configuration and where each value comes from.
        #[arg(long)]
        config: bool,
    },
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().filter(|seconds| (0.01..=86_400.0).contains(seconds));
    number
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "write a number of seconds from 0.01 to 86400".to_owned())
}

fn person_id(text: &str) -> Result<Uuid, String> {
    Uuid::parse_str(text).map_err(|_| {
        "a person is named by a UUID, like 11111111-2222-4333-8444-555555555555; `candor status` says how many there are"
            .to_owned()
    })
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let out = Out { json: cli.global.json, quiet: cli.global.quiet };
    let outcome = Config::read(cli.global.data_dir.clone(), cli.global.now.as_deref()).and_then(|config| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(Failure::configuration)?;
        let outcome = runtime.block_on(async {
            tokio::select! {
                biased;
                () = flush::failed() => Err(Failure::refused(flush::WHY)),
                () = left::met() => Err(Failure::configuration(left::WHY)),
                outcome = command::run(&cli, &config, &out) => match outcome {
                    Err(_) if left::is_met() => Err(Failure::configuration(left::WHY)),
                    outcome => outcome,
                },
            }
        });
        runtime.shutdown_timeout(Duration::from_secs(2));
        outcome
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            out.error(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}
