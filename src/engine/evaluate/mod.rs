//! EVALUATE: what did an experiment show?
//!
//! Input: an experiment whose days have passed, the history, what the person logged. Output: one evaluation, complete
//! or marked unreliable with every reason; or, before that, the end of one whose risk has risen. Every day counts in
//! the arm it was scheduled for, whatever was done on it. Before/after is observational and never earns a causal verb.

mod arms;
mod verdict;

pub(in crate::engine) use arms::Arms;
pub use verdict::{Around, evaluate};
pub(in crate::engine) use verdict::{Read, conclude};

use super::intervene;
use super::run::{Run, RunError};
use crate::domain::claim::Direction;
use crate::domain::event::{EvaluationCompleted, EvaluationMarkedUnreliable};
use crate::domain::evidence::Window;
use crate::domain::experiment::{Experiment, ExperimentStatus, RunningExperiment};
use crate::domain::insight::InsightKind;
use crate::domain::metric::Metric;
use crate::domain::state::PersonState;

/// Days after an experiment's end in which its data may still come in; later it is judged by what there is.
const LATEST_DATA: u32 = 7;
/// Days that led to a question: the week that ends when it was asked.
const TRIGGER_DAYS: u32 = 7;

/// Runs the stage.
///
/// # Errors
/// When an event would break an invariant.
pub fn stage(run: &mut Run<'_>) -> Result<(), RunError> {
    let over: Vec<RunningExperiment> = running(&run.state)
        // What must not go on is ended by the next present day, and nothing is concluded from it.
        .filter(|e| intervene::safety::refused(&e.plan.intervention, &run.state).is_none())
        .filter(|e| {
            let last = e.plan.span().last;
            last <= run.analysed || last.plus(LATEST_DATA) <= run.day
        })
        .cloned()
        .collect();
    for experiment in over {
        let plan = &experiment.plan;
        let around = Around {
            id: run.id(&format!("evaluation/{}", plan.id)),
            day: run.day,
            input_revision: run.input_revision,
            triggers: triggers(&run.state, plan.metric, plan.direction),
            concurrent: is_concurrent(&run.state, plan),
            suppressed: !run.state.notices.is_empty(),
        };
        let evaluation = evaluate(&experiment, run.history.days(plan.metric, plan.span().last), &around);
        if evaluation.unreliable.is_empty() {
            run.emit(EvaluationCompleted { evaluation })?;
        } else {
            run.emit(EvaluationMarkedUnreliable { evaluation })?;
        }
    }
    Ok(())
}

fn running(state: &PersonState) -> impl Iterator<Item = &RunningExperiment> {
    state.experiments.values().filter(|e| e.status == ExperimentStatus::Running)
}

/// The weeks in which an outcome was unusual the unwelcome way, which led to the question: what was unusual returns by
/// itself, and would look like an answer.
#[must_use]
pub fn triggers(state: &PersonState, metric: Metric, hoped: Direction) -> Vec<Window> {
    let proposals = state.proposals.values().map(|held| &held.proposal);
    let proposed = proposals.filter(|p| p.metric == metric && p.direction == hoped).map(|p| p.day);
    let changes = state.insights.values().filter(|i| InsightKind::MOVES.contains(&i.kind) && i.metric == metric);
    let changed = changes.filter(|i| i.direction.is_some_and(|moved| moved != hoped)).map(|i| i.first_day);
    proposed.chain(changed).map(|day| Window::ending(day, TRIGGER_DAYS)).collect()
}

/// Whether something else was tried on a day that an experiment looks at, for whatever outcome.
fn is_concurrent(state: &PersonState, plan: &Experiment) -> bool {
    let others = state.experiments.values().filter(|other| other.plan.id != plan.id);
    others.filter_map(RunningExperiment::tried).any(|tried| tried.overlaps(&plan.span()))
}
