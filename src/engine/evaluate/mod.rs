//! EVALUATE: what did an experiment show?
//!
//! Input: an experiment whose days have passed, the history, what the person logged. Output: one evaluation, complete
//! or marked unreliable with every reason. Before/after is observational and never earns a causal verb.

use std::collections::BTreeSet;

use super::model::{self, ONE_LOOK, Point};
use super::run::{Run, RunError};
use crate::domain::claim::Direction;
use crate::domain::event::{EvaluationCompleted, EvaluationMarkedUnreliable};
use crate::domain::evidence::{Evidence, Value, Window};
use crate::domain::experiment::{Evaluation, ExperimentStatus, RunningExperiment, Unreliable, Verdict};
use crate::domain::grade::Grade;
use crate::domain::metric::round_to;
use crate::domain::provider::Provider;

/// Days after an experiment's end in which its data may still come in; later it is judged by what there is.
const LATEST_DATA: u32 = 7;
/// Valid days a window needs before anything is said.
const FEWEST_DAYS: usize = 7;

/// Runs the stage.
///
/// # Errors
/// When an event would break an invariant.
pub fn stage(run: &mut Run<'_>) -> Result<(), RunError> {
    let over: Vec<RunningExperiment> = run
        .state
        .experiments
        .values()
        .filter(|e| e.status == ExperimentStatus::Running)
        .filter(|e| {
            let last = e.plan.intervention_window.last;
            last <= run.analysed || last.plus(LATEST_DATA) <= run.day
        })
        .cloned()
        .collect();
    for experiment in over {
        let evaluation = evaluate(run, &experiment);
        if evaluation.unreliable.is_empty() {
            run.emit(EvaluationCompleted { evaluation })?;
        } else {
            run.emit(EvaluationMarkedUnreliable { evaluation })?;
        }
    }
    Ok(())
}

/// One window's valid days and who measured them.
struct Side {
    points: Vec<Point>,
    providers: BTreeSet<Provider>,
    coverage: f64,
}

fn side(run: &Run<'_>, experiment: &RunningExperiment, window: Window) -> Side {
    let days = run.history.days(experiment.plan.metric, window.last);
    let days: Vec<_> = days.iter().filter(|d| window.contains(d.day)).collect();
    Side {
        points: days.iter().map(|d| Point { day: d.day.number(), value: d.value }).collect(),
        providers: days.iter().map(|d| d.provider).collect(),
        coverage: days.len() as f64 / f64::from(window.days.max(1)),
    }
}

fn evaluate(run: &Run<'_>, experiment: &RunningExperiment) -> Evaluation {
    let plan = &experiment.plan;
    let (metric, counted) = (plan.metric, plan.counted());
    let (before, after) = (side(run, experiment, plan.baseline), side(run, experiment, counted));
    let done = experiment.adherence.iter().filter(|(day, done)| **done && plan.intervention_window.contains(**day));
    let adherence = round_to(done.count() as f64 / f64::from(plan.intervention_window.days.max(1)), 2);
    let coverage = round_to(before.coverage.min(after.coverage), 2);
    let n = before.points.len().min(after.points.len());
    let change = model::compare(&before.points, &after.points, plan.baseline.days, counted.days, ONE_LOOK);

    let mut unreliable = BTreeSet::new();
    let mut mark = |reason, holds| {
        if holds {
            unreliable.insert(reason);
        }
    };
    mark(Unreliable::LowCoverage, coverage < 0.3);
    mark(Unreliable::CoverageGap, (before.coverage - after.coverage).abs() > 0.2);
    mark(Unreliable::LowAdherence, adherence < 0.7);
    mark(Unreliable::SourceSwitch, before.providers != after.providers);
    let concurrent = run.state.experiments.values().any(|other| {
        other.plan.id != plan.id
            && other.plan.metric == metric
            && other.plan.intervention_window.overlaps(&plan.intervention_window)
    });
    mark(Unreliable::ConcurrentExperiment, concurrent);
    if let Some(change) = &change {
        mark(Unreliable::StrongDependence, change.phi > 0.8);
        mark(Unreliable::WideInterval, change.interval.1 - change.interval.0 > 2.0 * change.sd);
    }

    let mut values = vec![
        Value::new("n_with", after.points.len() as f64, "", 0),
        Value::new("n_without", before.points.len() as f64, "", 0),
        Value::new("adherence", adherence, "", 2),
        Value::new("coverage", coverage, "", 2),
    ];
    let confidence = change.map_or(0.0, |c| round_to(c.confidence, 2));
    if let Some(c) = &change {
        values.extend(model::shown(metric, c));
        values.push(Value::new("n_effective", c.n_effective, "", 1));
    }
    values.push(Value::new("confidence", confidence, "", 2));
    let moved = change.map(|c| if c.rises { Direction::Higher } else { Direction::Lower });
    let verdict = match &change {
        _ if n < FEWEST_DAYS => Verdict::InsufficientData,
        None => Verdict::Unclear,
        Some(c) if c.interval.0 <= 0.0 && c.interval.1 >= 0.0 => Verdict::Unclear,
        Some(_) if moved == Some(plan.direction) => Verdict::Helpful,
        Some(_) => Verdict::NotHelpful,
    };
    let n = u32::try_from(n).unwrap_or(u32::MAX);
    let grade = if unreliable.is_empty() { Grade::of(confidence, n, coverage) } else { Grade::D };
    Evaluation {
        id: run.id(&format!("evaluation/{}", plan.id)),
        experiment_id: plan.id,
        intervention: plan.intervention.clone(),
        metric,
        day: run.day,
        baseline_window: plan.baseline,
        intervention_window: counted,
        coverage,
        adherence: adherence.min(1.0),
        verdict,
        unreliable,
        design: plan.design,
        grade,
        confidence,
        n,
        moved,
        evidence: Evidence {
            metric: Some(metric),
            sources: before.providers.union(&after.providers).copied().collect(),
            window: counted,
            baseline: Some(plan.baseline),
            input_revision: run.input_revision,
            values,
        },
    }
}
