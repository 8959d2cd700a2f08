//! `experiment`: trials on oneself.

use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::person::PersonId;
use crate::engine::trial::Wish;
use crate::engine::{Engine, EngineError, run as runs};

#[derive(Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// Fix an experiment before it starts: before/after, compared with the 28 days before.
    Start {
        /// What to try, by its key in `candor intervention list`.
        intervention: String,
        /// The outcome; else the first the intervention aims at.
        #[arg(long)]
        metric: Option<String>,
        /// The first day; else tomorrow.
        #[arg(long)]
        start: Option<String>,
        /// How many days.
        #[arg(long, default_value_t = 28)]
        days: u32,
    },
    /// End an experiment early.
    Stop {
        /// Its id.
        id: Uuid,
        /// Why.
        #[arg(long, default_value = "stopped by the person")]
        reason: String,
    },
    /// Log whether it was done.
    Log {
        /// Its id.
        id: Uuid,
        /// The first day; else today.
        #[arg(long)]
        day: Option<String>,
        /// The last day, when it is about several.
        #[arg(long)]
        until: Option<String>,
        /// It was not done.
        #[arg(long)]
        missed: bool,
    },
    /// All experiments.
    List,
    /// One experiment with its evaluation.
    Show {
        /// Its id.
        id: Uuid,
    },
}

fn parse_day(text: Option<&String>, flag: &str) -> Result<Option<LocalDay>, Failure> {
    let Some(text) = text else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Failure::usage(format!("{flag} {text:?}: write a day like 2026-03-01")))
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
        Action::Start { intervention, metric, start, days } => {
            let metric: Option<Metric> = match metric {
                None => None,
                Some(key) => Some(key.parse().map_err(Failure::usage)?),
            };
            let start = parse_day(start.as_ref(), "--start")?.unwrap_or_else(|| today.plus(1));
            let wish = Wish { intervention: intervention.clone(), metric, start, days: *days };
            let experiment = engine.start_experiment(person, &wish, config.now).await?;
            if out.json {
                out.document(&experiment)?;
            } else {
                let (first, last) = (experiment.intervention_window.first, experiment.intervention_window.last);
                out.line(&format!(
                    "Experiment {}: {} and its outcome {}, from {first} to {last}, compared with the {} days before. \
                     Log each day with `candor experiment log {}`.",
                    experiment.id, experiment.intervention, experiment.metric, experiment.baseline.days, experiment.id
                ))?;
            }
        }
        Action::Stop { id, reason } => {
            engine.stop_experiment(person, *id, reason, config.now).await?;
            done(out, *id, "stopped")?;
        }
        Action::Log { id, day, until, missed } => {
            let first = parse_day(day.as_ref(), "--day")?.unwrap_or(today);
            let last = parse_day(until.as_ref(), "--until")?.unwrap_or(first);
            let Ok(span) = u32::try_from(last.days_since(first)) else {
                return Err(Failure::usage(format!("--until {last} lies before {first}")));
            };
            let span = span.min(366);
            let days: Vec<LocalDay> = (0..=span).map(|n| first.plus(n)).collect();
            engine.log_adherence(person, *id, &days, !missed, config.now).await?;
            done(out, *id, "logged")?;
        }
        Action::List => {
            let experiments = engine.views.entities(person, "experiment", None).await.map_err(EngineError::from)?;
            if out.json {
                out.document(&experiments.iter().map(|e| &e.body).collect::<Vec<_>>())?;
            } else {
                let rows = experiments.iter().map(|e| {
                    let text = |key: &str| e.body.pointer(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
                    vec![e.entity_id.clone(), text("/plan/intervention"), text("/plan/metric"), e.status.clone()]
                });
                out.table(&["id", "intervention", "outcome", "status"], rows.collect())?;
            }
        }
        Action::Show { id } => {
            let text = id.to_string();
            let found = engine.views.entities(person, "experiment", Some(&text)).await.map_err(EngineError::from)?;
            let Some(experiment) = found.first() else {
                return Err(EngineError::NotFound { what: "experiment", id: text }.into());
            };
            let evaluations = engine.views.entities(person, "evaluation", None).await.map_err(EngineError::from)?;
            let evaluation = evaluations.iter().find(|e| e.body.get("experiment_id") == Some(&json!(text)));
            let schedule = json!({
                "baseline": experiment.body.pointer("/plan/baseline"),
                "intervention_window": experiment.body.pointer("/plan/intervention_window"),
                "washout_days": experiment.body.pointer("/plan/washout_days"),
            });
            out.document(&json!({
                "id": text, "status": experiment.status, "design": experiment.body.pointer("/plan/design"),
                "plan": experiment.body.get("plan"), "schedule": schedule,
                "adherence": experiment.body.get("adherence"), "evaluation": evaluation.map(|e| &e.body),
            }))?;
        }
    }
    Ok(true)
}

fn done(out: &Out, id: Uuid, what: &str) -> Result<(), Failure> {
    if out.json {
        out.document(&json!({ "id": id, "done": what }))
    } else {
        out.line(&format!("Experiment {id}: {what}."))
    }
}
