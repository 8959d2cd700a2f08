//! `experiment`: asking one question of your own days.

mod show;

use clap::{Subcommand, ValueEnum};
use serde_json::json;
use uuid::Uuid;

use super::parse_day;
use crate::app::config::Config;
use crate::app::entropy::OsEntropy;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::day::LocalDay;
use crate::domain::experiment::{ExperimentStatus, Layout, USUAL_DAYS};
use crate::domain::metric::Metric;
use crate::domain::person::PersonId;
use crate::engine::experiments::{ExperimentView, Said, Wish, WishedLayout};
use crate::engine::ports::entropy::Entropy as _;
use crate::engine::{Engine, EngineError, run as runs};

/// Said when blocks take fewer days than usual. The figures are those of `docs/calibration.json`, to which a test holds them.
const FEW_DAYS: &str = "With fewer than 84 days it often ends without an answer: in simulation, with a fifth of the days \
                        missing and an outcome that truly moves by one standard deviation, 69 to 81 in 100 experiments \
                        of 42 days, 20 to 28 in 100 of 84 days (docs/calibration.md).";

/// Days one command may log: those of the longest experiment.
const MOST_LOGGED: u32 = 366;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// Fix an experiment before it starts: what is tried, its outcome, its days and their order.
    Start {
        /// What to try, by its key in `candor intervention list`.
        intervention: String,
        /// The outcome; else the first the intervention aims at.
        #[arg(long)]
        metric: Option<String>,
        /// Blocks with and without in an order drawn by lot, or everything before against everything after.
        #[arg(long, value_enum, default_value_t = Design::Blocks)]
        design: Design,
        /// The first day; else tomorrow.
        #[arg(long)]
        start: Option<String>,
        /// How many days; else 84 for blocks, or 28 for before/after. With 42 blocks often end without an answer.
        #[arg(long)]
        days: Option<u32>,
        /// Days between a day and the outcome that is read for it, 0 to 7.
        #[arg(long, default_value_t = 0)]
        lag: u32,
        /// What the order is drawn from; else it is drawn by chance. It is recorded either way.
        #[arg(long)]
        seed: Option<u32>,
    },
    /// End an experiment early.
    Stop {
        /// Its id.
        id: Uuid,
        /// Why.
        #[arg(long, default_value = "stopped by the person")]
        reason: String,
    },
    /// Log whether it was done; without a flag, that it was.
    Log {
        /// Its id.
        id: Uuid,
        /// The first day; else today.
        #[arg(long)]
        day: Option<String>,
        /// The last day, when it is about several.
        #[arg(long)]
        until: Option<String>,
        /// It was done.
        #[arg(long, conflicts_with_all = ["not_done", "as_scheduled"])]
        done: bool,
        /// It was not done, which is what a day without it asks.
        #[arg(long, conflicts_with = "as_scheduled")]
        not_done: bool,
        /// It was done on days with it and not done on days without.
        #[arg(long)]
        as_scheduled: bool,
    },
    /// All experiments.
    List,
    /// One experiment: its schedule, how it goes, what it showed.
    Show {
        /// Its id.
        id: Uuid,
    },
}

/// How the days are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::app) enum Design {
    /// Blocks with and without in an order drawn by lot.
    Blocks,
    /// Everything before against everything after; it cannot show what brought a difference about.
    BeforeAfter,
}

pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    person: PersonId,
    action: &Action,
) -> Result<bool, Failure> {
    let today = runs::today(&engine.state(person).await?, config.now);
    match action {
        Action::Start { intervention, metric, design, start, days, lag, seed } => {
            let metric: Option<Metric> = match metric {
                None => None,
                Some(key) => Some(key.parse().map_err(Failure::usage)?),
            };
            let start = parse_day(start.as_deref(), "--start")?.unwrap_or_else(|| today.plus(1));
            let layout = match (design, seed) {
                (Design::BeforeAfter, Some(_)) => {
                    return Err(Failure::usage("--seed draws the order of blocks; before/after has none"));
                }
                (Design::BeforeAfter, None) => WishedLayout::BeforeAfter,
                (Design::Blocks, seed) => {
                    let mut drawn = [0; 4];
                    OsEntropy.fill(&mut drawn);
                    WishedLayout::Blocks { seed: *seed, drawn: u32::from_le_bytes(drawn) }
                }
            };
            let wish = Wish { intervention: intervention.clone(), metric, start, layout, days: *days, lag_days: *lag };
            let fixed = engine.start_experiment(person, &wish, config.now).await?;
            let view = one(engine, config, person, fixed.id).await?;
            if out.json {
                out.document(&view)?;
            } else {
                show::one(out, &view)?;
            }
            if days.is_some_and(|days| days != fixed.window.days) {
                out.note(&format!(
                    "{} days: the nearest number of whole pairs of blocks to what was asked for.",
                    fixed.window.days
                ));
            }
            if matches!(fixed.layout, Layout::Blocks { .. }) && fixed.window.days < USUAL_DAYS {
                out.note(FEW_DAYS);
            }
            let all = engine.experiments(person, None, config.now).await?;
            let beside = |e: &&ExperimentView| {
                e.id != view.id
                    && e.status == ExperimentStatus::Running
                    && e.plan.window.overlaps(&fixed.span())
                    && e.plan.metric != fixed.metric
            };
            if let Some(other) = all.iter().find(beside) {
                out.note(&format!(
                    "Experiment {} runs on some of these days: with two things tried at once neither answer can be relied \
                     on. `candor experiment stop` ends one.",
                    other.id
                ));
            }
            out.note(&format!("Log each day with `candor experiment log {}`.", fixed.id));
        }
        Action::Stop { id, reason } => {
            engine.stop_experiment(person, *id, reason, config.now).await?;
            done(out, *id, "stopped")?;
        }
        Action::Log { id, day, until, done: _, not_done, as_scheduled } => {
            let first = parse_day(day.as_deref(), "--day")?.unwrap_or(today);
            let last = parse_day(until.as_deref(), "--until")?.unwrap_or(first);
            let Ok(span) = u32::try_from(last.days_since(first)) else {
                return Err(Failure::usage(format!("--until {last} lies before {first}")));
            };
            let days: Vec<LocalDay> = (0..=span.min(MOST_LOGGED)).map(|n| first.plus(n)).collect();
            let said = match (not_done, as_scheduled) {
                (_, true) => Said::AsScheduled,
                (true, false) => Said::NotDone,
                (false, false) => Said::Done,
            };
            engine.log_adherence(person, *id, &days, said, config.now).await?;
            done(out, *id, "logged")?;
        }
        Action::List => {
            let views = engine.experiments(person, None, config.now).await?;
            if out.json {
                out.document(&views)?;
            } else {
                show::list(out, &views)?;
            }
        }
        Action::Show { id } => {
            let view = one(engine, config, person, *id).await?;
            if out.json {
                out.document(&view)?;
            } else {
                show::one(out, &view)?;
            }
        }
    }
    Ok(true)
}

async fn one(engine: &Engine, config: &Config, person: PersonId, id: Uuid) -> Result<ExperimentView, Failure> {
    let found = engine.experiments(person, Some(id), config.now).await?.into_iter().next();
    found.ok_or_else(|| EngineError::NotFound { what: "experiment", id: id.to_string() }.into())
}

fn done(out: &Out, id: Uuid, what: &str) -> Result<(), Failure> {
    if out.json {
        out.document(&json!({ "id": id, "done": what }))
    } else {
        out.line(&format!("Experiment {id}: {what}."))
    }
}
