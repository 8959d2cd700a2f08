//! Experiments: fixing one before it starts, ending it early, logging whether it was done.

use uuid::Uuid;

use super::{Engine, EngineError, intervene, run};
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::event::{AdherenceLogged, ExperimentStarted, ExperimentStopped};
use crate::domain::evidence::Window;
use crate::domain::experiment::{Experiment, ExperimentStatus};
use crate::domain::grade::Design;
use crate::domain::invariants::Violation;
use crate::domain::metric::Metric;
use crate::domain::person::PersonId;

/// Days before the start that are compared with.
pub const BASELINE_DAYS: u32 = 28;

/// What a person wants to try.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The catalogue entry.
    pub intervention: String,
    /// The outcome; the entry's first target when `None`.
    pub metric: Option<Metric>,
    /// The first day with it.
    pub start: LocalDay,
    /// How many days with it, washout included.
    pub days: u32,
}

impl Engine {
    /// Fixes and starts a before/after experiment. Its baseline ends the day before the start.
    ///
    /// # Errors
    /// When the catalogue has no such entry, or an invariant refuses the windows.
    pub async fn start_experiment(
        &self,
        person: PersonId,
        wish: &Wish,
        now: Instant,
    ) -> Result<Experiment, EngineError> {
        let entry = intervene::catalogue()
            .entries
            .iter()
            .find(|entry| entry.key == wish.intervention)
            .ok_or_else(|| EngineError::NotFound { what: "intervention", id: wish.intervention.clone() })?;
        let target =
            entry.targets.iter().find(|target| wish.metric.is_none_or(|metric| metric == target.metric)).ok_or_else(
                || EngineError::NotFound {
                    what: "outcome for this intervention:",
                    id: wish.metric.map_or("", Metric::key).to_owned(),
                },
            )?;
        let name = format!("experiment/{}/{}/{}", entry.key, target.metric, wish.start);
        let experiment = Experiment {
            id: Uuid::new_v5(&person.uuid(), name.as_bytes()),
            intervention: entry.key.clone(),
            metric: target.metric,
            direction: target.direction,
            design: Design::Observational,
            baseline: Window::ending(wish.start.minus(1), BASELINE_DAYS),
            washout_days: entry.washout_days,
            intervention_window: Window {
                first: wish.start,
                last: wish.start.plus(wish.days.saturating_sub(1)),
                days: wish.days,
            },
        };
        let started = experiment.clone();
        self.decide(person, &name, now, |state| {
            if let Some(known) = state.experiments.get(&started.id) {
                if known.plan == started && known.status == ExperimentStatus::Running {
                    return Ok(Vec::new());
                }
                return Err(Violation {
                    rule: "experiment_is_fixed_once",
                    field: "start".to_owned(),
                    reason: "another experiment with this intervention and outcome was fixed for this day: choose \
                             another first day"
                        .to_owned(),
                }
                .into());
            }
            if wish.start < run::today(state, now) {
                return Err(Violation {
                    rule: "experiment_is_fixed_before_it_starts",
                    field: "start".to_owned(),
                    reason: "is today or later: days that have passed cannot be tried any more".to_owned(),
                }
                .into());
            }
            if let Some(reason) = intervene::safety::refusal(entry, state) {
                return Err(Violation {
                    rule: "experiment_is_allowed",
                    field: "intervention".to_owned(),
                    reason: format!("is not for you now: {reason}; `candor today` shows what stands in the way"),
                }
                .into());
            }
            Ok(vec![ExperimentStarted { experiment: started.clone() }.into()])
        })
        .await?;
        Ok(experiment)
    }

    /// Ends an experiment early; it is not evaluated then.
    ///
    /// # Errors
    /// When there is no such running experiment.
    pub async fn stop_experiment(
        &self,
        person: PersonId,
        id: Uuid,
        reason: &str,
        now: Instant,
    ) -> Result<(), EngineError> {
        self.decide(person, &format!("stop/{id}"), now, |state| match state.experiments.get(&id).map(|e| e.status) {
            Some(ExperimentStatus::Running) => {
                Ok(vec![ExperimentStopped { experiment_id: id, reason: reason.to_owned() }.into()])
            }
            _ => Err(EngineError::NotFound { what: "running experiment", id: id.to_string() }),
        })
        .await?;
        Ok(())
    }

    /// Logs whether it was done on a day; a later word about the same day replaces the earlier one.
    ///
    /// # Errors
    /// When there is no such experiment.
    pub async fn log_adherence(
        &self,
        person: PersonId,
        id: Uuid,
        days: &[LocalDay],
        done: bool,
        now: Instant,
    ) -> Result<(), EngineError> {
        self.decide(person, &format!("adherence/{id}"), now, |state| {
            let Some(running) = state.experiments.get(&id).filter(|e| e.status == ExperimentStatus::Running) else {
                return Err(EngineError::NotFound { what: "running experiment", id: id.to_string() });
            };
            let today = run::today(state, now);
            if let Some(day) = days.iter().find(|d| !running.plan.intervention_window.contains(**d) || **d > today) {
                return Err(Violation {
                    rule: "adherence_is_about_days_that_were_tried",
                    field: day.to_string(),
                    reason: "is not a day of this experiment that has come".to_owned(),
                }
                .into());
            }
            let known = Some(&running.adherence);
            let news = days.iter().filter(|day| known.and_then(|k| k.get(day)) != Some(&done));
            Ok(news.map(|day| AdherenceLogged { experiment_id: id, day: *day, done }.into()).collect())
        })
        .await?;
        Ok(())
    }
}
