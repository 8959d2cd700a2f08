//! An experiment as a person reads it: what was fixed, what each day asks, how it goes, what it showed.

use serde::Serialize;
use uuid::Uuid;

use crate::domain::day::LocalDay;
use crate::domain::experiment::{
    Arm, Block, Ended, Evaluation, Experiment, ExperimentStatus, RunningExperiment, Unreliable,
};
use crate::domain::grade::Design;
use crate::domain::metric::round_to;
use crate::engine::synthesize::{claims, template};

/// A day of the schedule with what was said of it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DayView {
    /// The day.
    pub day: LocalDay,
    /// Its arm.
    pub arm: Arm,
    /// Whether its outcome is left out.
    pub washout: bool,
    /// Whether it was done, where that was logged.
    pub done: Option<bool>,
    /// Whether it went as scheduled.
    pub kept: bool,
}

/// What was fixed, in order.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduleView {
    /// Each run of days in one arm, with the days whose outcomes count for it.
    pub blocks: Vec<Block>,
    /// What each day asks.
    pub days: Vec<DayView>,
}

/// How it was kept to so far.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct KeptView {
    /// Of those, the days that went as scheduled.
    pub kept: u32,
    /// Days that are over, the present one included once it is logged.
    pub scheduled: u32,
    /// The share of the one in the other; nothing before the first day.
    pub share: Option<f64>,
}

/// An experiment with everything a person may ask about it.
#[derive(Clone, Debug, Serialize)]
pub struct ExperimentView {
    /// Its id.
    pub id: Uuid,
    /// Where it stands.
    pub status: ExperimentStatus,
    /// How its evidence comes about.
    pub design: Design,
    /// What was fixed before the start.
    pub plan: Experiment,
    /// What follows from it.
    pub schedule: ScheduleView,
    /// The present day.
    pub today: LocalDay,
    /// The present day's arm, on a day of the experiment.
    pub arm_today: Option<Arm>,
    /// How it was kept to so far.
    pub adherence: KeptView,
    /// How it ended early, where it did.
    pub ended: Option<Ended>,
    /// What it showed.
    pub evaluation: Option<Evaluation>,
    /// The same in words.
    pub statement: Option<String>,
    /// Why it must not be relied on, in words.
    pub reasons: Vec<&'static str>,
}

/// The view of an experiment on a day.
#[must_use]
pub fn view(experiment: &RunningExperiment, evaluation: Option<&Evaluation>, today: LocalDay) -> ExperimentView {
    let plan = &experiment.plan;
    let schedule = plan.schedule();
    // A day that is not over has its turn until it is logged.
    let until = if experiment.adherence.contains_key(&today) { today } else { today.minus(1) };
    let (kept, scheduled) = experiment.adhered(until);
    let days = schedule.iter().map(|s| DayView {
        day: s.day,
        arm: s.arm,
        washout: s.washout,
        done: experiment.adherence.get(&s.day).copied(),
        kept: experiment.kept(*s),
    });
    ExperimentView {
        id: plan.id,
        status: experiment.status,
        design: plan.design(),
        plan: plan.clone(),
        schedule: ScheduleView { blocks: plan.blocks(), days: days.collect() },
        today,
        arm_today: schedule.iter().find(|s| s.day == today).map(|s| s.arm),
        adherence: KeptView {
            kept,
            scheduled,
            share: (scheduled > 0).then(|| round_to(f64::from(kept) / f64::from(scheduled), 2)),
        },
        ended: experiment.ended.clone(),
        evaluation: evaluation.cloned(),
        statement: evaluation.and_then(|e| template::sentence(&claims::evaluation(e), 0).ok()).map(|(_, text)| text),
        reasons: evaluation
            .map_or_else(Vec::new, |e| e.unreliable.iter().map(|reason| Unreliable::label(*reason)).collect()),
    }
}
