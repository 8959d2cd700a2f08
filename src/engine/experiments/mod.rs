//! Experiments: fixing one before it starts, ending it early, logging whether it was done.

pub mod view;

pub use view::{DayView, ExperimentView, view};

use uuid::Uuid;

use super::{Engine, EngineError, evaluate, intervene, run};
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::event::{AdherenceLogged, ExperimentStarted, ExperimentStopped};
use crate::domain::evidence::Window;
use crate::domain::experiment::{
    Arm, EXPERIMENT_DAYS, Experiment, ExperimentStatus, Layout, RunningExperiment, plan_blocks,
};
use crate::domain::intervention::{CatalogueEntry, Target};
use crate::domain::invariants::Violation;
use crate::domain::metric::Metric;
use crate::domain::person::PersonId;
use crate::domain::state::PersonState;

/// Days before the start that a before/after is compared with, at least; more when it lasts longer.
pub const BASELINE_DAYS: u32 = 28;

/// What a person wants to try.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The catalogue entry.
    pub intervention: String,
    /// The outcome; the entry's first target when `None`.
    pub metric: Option<Metric>,
    /// The first day.
    pub start: LocalDay,
    /// How the days are laid out.
    pub layout: WishedLayout,
    /// How many days, washout included; what is usual for the layout when `None`.
    pub days: Option<u32>,
    /// Days between a day and the outcome that is read for it.
    pub lag_days: u32,
}

/// How a person wants the days laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WishedLayout {
    /// Blocks in an order drawn by lot.
    Blocks {
        /// What to draw it from; `drawn` when nobody names it.
        seed: Option<u32>,
        /// A number that was drawn by chance.
        drawn: u32,
    },
    /// Everything before against everything after.
    BeforeAfter,
}

/// What a person says of some days of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It was done.
    Done,
    /// It was not done.
    NotDone,
    /// It was done on days with it and not done on days without.
    AsScheduled,
}

impl Engine {
    /// Fixes an experiment before it starts: everything that could be bent afterwards is in the one event it writes.
    ///
    /// The same wish again gives the experiment that stands, with the order that was drawn for it.
    ///
    /// # Errors
    /// When the catalogue has no such entry, safety holds it back, or a rule refuses the design.
    pub async fn start_experiment(
        &self,
        person: PersonId,
        wish: &Wish,
        now: Instant,
    ) -> Result<Experiment, EngineError> {
        let entry = intervene::entry(&wish.intervention)
            .ok_or_else(|| EngineError::NotFound { what: "intervention", id: wish.intervention.clone() })?;
        let target =
            entry.targets.iter().find(|target| wish.metric.is_none_or(|metric| metric == target.metric)).ok_or_else(
                || EngineError::NotFound {
                    what: "outcome for this intervention:",
                    id: wish.metric.map_or("", Metric::key).to_owned(),
                },
            )?;
        let name = format!("experiment/{}/{}/{}", entry.key, target.metric, wish.start);
        let id = Uuid::new_v5(&person.uuid(), name.as_bytes());
        let state = self
            .decide(person, &name, now, |state| {
                let planned = plan(state, id, entry, *target, wish)?;
                if let Some(known) = state.experiments.get(&id) {
                    if known.status == ExperimentStatus::Running && known.plan == with_order_of(&planned, known, wish) {
                        return Ok(Vec::new());
                    }
                    return Err(refused(
                        "experiment_is_fixed_once",
                        "start",
                        "another experiment with this intervention and outcome was fixed for this day: choose another \
                         first day",
                    ));
                }
                if wish.start < run::today(state, now) {
                    return Err(refused(
                        "experiment_is_fixed_before_it_starts",
                        "start",
                        "is today or later: days that have passed cannot be tried any more",
                    ));
                }
                if let Some(reason) = intervene::safety::refusal(entry, state) {
                    return Err(refused(
                        "safety_comes_first",
                        "intervention",
                        &match reason {
                            "contraindicated" => {
                                "a condition you declared speaks against it: choose another".to_owned()
                            }
                            "profile_not_declared" => {
                                "it asks for a declared profile: `candor profile set` says what is needed".to_owned()
                            }
                            _ => format!("safety stands in its way ({reason}): `candor today` shows what it is"),
                        },
                    ));
                }
                Ok(vec![ExperimentStarted { experiment: planned }.into()])
            })
            .await?;
        let fixed = state.experiments.get(&id).map(|e| e.plan.clone());
        fixed.ok_or_else(|| EngineError::NotFound { what: "experiment", id: id.to_string() })
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
        self.decide(person, &format!("stop/{id}"), now, |state| {
            running(state, id)?;
            let day = run::today(state, now);
            Ok(vec![ExperimentStopped { experiment_id: id, reason: reason.to_owned(), day }.into()])
        })
        .await?;
        Ok(())
    }

    /// Logs whether it was done on some days; a later word about the same day replaces the earlier one.
    ///
    /// # Errors
    /// When there is no such running experiment, or a day is none of its days that have come.
    pub async fn log_adherence(
        &self,
        person: PersonId,
        id: Uuid,
        days: &[LocalDay],
        said: Said,
        now: Instant,
    ) -> Result<(), EngineError> {
        self.decide(person, &format!("adherence/{id}"), now, |state| {
            let running = running(state, id)?;
            let (today, schedule) = (run::today(state, now), running.plan.schedule());
            let mut events = Vec::new();
            for day in days {
                let Some(scheduled) = schedule.iter().find(|s| s.day == *day && *day <= today) else {
                    return Err(refused(
                        "adherence_is_about_days_that_were_tried",
                        &day.to_string(),
                        "is not a day of this experiment that has come",
                    ));
                };
                let done = match said {
                    Said::Done => true,
                    Said::NotDone => false,
                    Said::AsScheduled => scheduled.arm == Arm::With,
                };
                if running.adherence.get(day) != Some(&done) {
                    events.push(AdherenceLogged { experiment_id: id, day: *day, done }.into());
                }
            }
            Ok(events)
        })
        .await?;
        Ok(())
    }

    /// All experiments, or the one with an id, as they stand today: the newest first.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn experiments(
        &self,
        person: PersonId,
        only: Option<Uuid>,
        now: Instant,
    ) -> Result<Vec<ExperimentView>, EngineError> {
        let state = self.state(person).await?;
        let today = run::today(&state, now);
        let mut found: Vec<_> = state.experiments.values().filter(|e| only.is_none_or(|id| e.plan.id == id)).collect();
        found.sort_by_key(|e| (std::cmp::Reverse(e.plan.window.first), e.plan.id));
        let evaluation = |id| state.evaluations.values().find(|e| e.experiment_id == id);
        Ok(found.into_iter().map(|e| view(e, evaluation(e.plan.id), today)).collect())
    }
}

fn refused(rule: &'static str, field: &str, reason: &str) -> EngineError {
    Violation::new(rule, field, reason).into()
}

fn running(state: &PersonState, id: Uuid) -> Result<&RunningExperiment, EngineError> {
    let found = state.experiments.get(&id).filter(|e| e.status == ExperimentStatus::Running);
    found.ok_or_else(|| EngineError::NotFound { what: "running experiment", id: id.to_string() })
}

/// The experiment that a wish comes to.
fn plan(
    state: &PersonState,
    id: Uuid,
    entry: &CatalogueEntry,
    target: Target,
    wish: &Wish,
) -> Result<Experiment, EngineError> {
    let (layout, days) = match wish.layout {
        WishedLayout::Blocks { seed, drawn } => {
            let blocks = plan_blocks(entry.washout_days, wish.days)?;
            let seed = seed.unwrap_or(drawn);
            (Layout::Blocks { block_days: blocks.block_days, pairs: blocks.pairs, seed }, blocks.days())
        }
        WishedLayout::BeforeAfter => {
            let days = wish.days.unwrap_or(BASELINE_DAYS);
            if days > EXPERIMENT_DAYS {
                return Err(refused("experiment_ends", "days", "lasts 366 days at most"));
            }
            // What was unusual returns by itself: the baseline ends before the week that led to the question.
            let length = days.max(BASELINE_DAYS);
            let mut last = wish.start.minus(1);
            let mut weeks = evaluate::triggers(state, target.metric, target.direction);
            weeks.sort_by_key(|week| std::cmp::Reverse(week.last));
            for week in weeks {
                if week.overlaps(&Window::ending(last, length)) {
                    last = week.first.minus(1);
                }
            }
            (Layout::BeforeAfter { baseline: Window::ending(last, length) }, days)
        }
    };
    Ok(Experiment {
        id,
        intervention: entry.key.clone(),
        metric: target.metric,
        direction: target.direction,
        lag_days: wish.lag_days,
        washout_days: entry.washout_days,
        window: Window::starting(wish.start, days),
        layout,
    })
}

/// A plan with the order that was drawn for it before, unless the wish names one.
fn with_order_of(planned: &Experiment, known: &RunningExperiment, wish: &Wish) -> Experiment {
    let mut planned = planned.clone();
    if let (Layout::Blocks { seed, .. }, Layout::Blocks { seed: drawn, .. }, WishedLayout::Blocks { seed: None, .. }) =
        (&mut planned.layout, known.plan.layout, wish.layout)
    {
        *seed = drawn;
    }
    planned
}
