//! From the numbers of an experiment to its verdict: what it showed, or every reason why it shows nothing.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::arms::Arms;
use crate::domain::claim::Direction;
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Evidence, Value, Window};
use crate::domain::experiment::{
    Arm, Conduct, Evaluation, Experiment, FEWEST_DAYS, Layout, RunningExperiment, Unreliable, Verdict,
};
use crate::domain::grade::{Design, Grade};
use crate::domain::metric::{Metric, round_to};
use crate::engine::history::DayValue;
use crate::engine::model::{self, Change, ONE_LOOK, SUREST, Turn, drift};

/// What stands around an experiment when it is evaluated.
#[derive(Clone, Debug)]
pub struct Around {
    /// The evaluation's id.
    pub id: Uuid,
    /// The day it is made.
    pub day: LocalDay,
    /// The revision up to which observations were read.
    pub input_revision: u64,
    /// The unusual weeks that led to a question about the outcome.
    pub triggers: Vec<Window>,
    /// Whether something else was tried meanwhile.
    pub concurrent: bool,
    /// Whether safety holds the intervention back.
    pub suppressed: bool,
}

/// Evaluates an experiment from the outcome's `days`, in time order. Every threshold is met by rounded numbers.
#[must_use]
pub fn evaluate(experiment: &RunningExperiment, days: &[DayValue], around: &Around) -> Evaluation {
    conclude(experiment, &Read::of(experiment, days), around)
}

/// What the days of an experiment say, before anything is concluded from it.
pub(in crate::engine) struct Read {
    /// What was measured in both arms.
    pub arms: Arms,
    /// The difference between them; `None` where the days do not carry one.
    pub change: Option<Change>,
}

impl Read {
    /// `days` are the outcome's, in time order.
    pub(in crate::engine) fn of(experiment: &RunningExperiment, days: &[DayValue]) -> Self {
        let arms = Arms::of(experiment, days);
        let change = difference(&experiment.plan, &arms.turns, arms.days);
        Self { arms, change }
    }
}

/// The evaluation of what the days say.
pub(in crate::engine) fn conclude(experiment: &RunningExperiment, read: &Read, around: &Around) -> Evaluation {
    let plan = &experiment.plan;
    let Read { arms, change } = read;
    let values = values(experiment, arms, change.as_ref());
    let number = |name: &str| values.iter().find(|v| v.name == name).map_or(0.0, |v| v.value);

    let (without, with) = Arms::counts(&arms.turns);
    let n = u32::try_from(without.min(with)).unwrap_or(u32::MAX);
    let unreliable = reasons(plan, arms, &number, around);
    let confidence = number("confidence");
    let excludes_zero = number("interval_low") > 0.0;
    let drift = number("drift") >= drift::LIKELY;

    let mut earned = Grade::of(confidence, n, number("coverage"));
    if drift && plan.design() == Design::Observational {
        earned = earned.max(Grade::C);
    }
    let rises = change.is_some_and(|c| c.rises);
    let moved = if rises { Direction::Higher } else { Direction::Lower };
    let verdict = if n < FEWEST_DAYS {
        Verdict::InsufficientData
    } else if !unreliable.is_empty() {
        Verdict::Unreliable
    } else if !excludes_zero || earned == Grade::D {
        Verdict::Unclear
    } else if moved == plan.direction {
        Verdict::Helpful
    } else {
        Verdict::NotHelpful
    };
    Evaluation {
        id: around.id,
        experiment_id: plan.id,
        intervention: plan.intervention.clone(),
        metric: plan.metric,
        day: around.day,
        baseline_windows: plan.counted_in(Arm::Without),
        intervention_windows: plan.counted_in(Arm::With),
        coverage: number("coverage"),
        adherence: number("adherence"),
        verdict,
        unreliable,
        drift,
        design: plan.design(),
        conduct: Conduct {
            randomised: plan.design() == Design::Randomised,
            pairs: plan.pairs(),
            washout_days: Some(plan.washout_days),
            lag_days: Some(plan.lag_days),
            adherence: number("adherence"),
            excludes_zero,
            suppressed: around.suppressed,
        },
        grade: if verdict.has_direction() { earned } else { Grade::D },
        confidence,
        n,
        n_effective: number("n_effective"),
        moved: verdict.has_direction().then_some(moved),
        evidence: evidence(plan, arms, around.input_revision, values),
    }
}

/// The difference between the arms, by the regression that fits the design.
fn difference(plan: &Experiment, turns: &[Turn], (without_days, with_days): (u32, u32)) -> Option<Change> {
    match plan.layout {
        Layout::BeforeAfter { .. } => {
            let (before, after) = Arms::sides(turns);
            model::compare(&before, &after, without_days, with_days, ONE_LOOK)
        }
        Layout::Blocks { .. } => {
            model::contrast(turns, without_days, with_days, ONE_LOOK).map(|screened| screened.change())
        }
    }
}

/// Every number of the evaluation, rounded as it is shown.
fn values(experiment: &RunningExperiment, arms: &Arms, change: Option<&Change>) -> Vec<Value> {
    let plan = &experiment.plan;
    let (without, with) = Arms::counts(&arms.turns);
    let (kept, scheduled) = experiment.adhered(plan.window.last);
    let coverage = arms.coverage();
    let mut values = vec![
        Value::new("n_with", with as f64, "", 0),
        Value::new("n_without", without as f64, "", 0),
        Value::new("adherence", f64::from(kept) / f64::from(scheduled.max(1)), "", 2),
        Value::new("coverage", coverage.0.min(coverage.1), "", 2),
        Value::new("coverage_gap", (coverage.0 - coverage.1).abs(), "", 2),
        Value::new("washout_days", plan.washout_days.into(), "", 0),
        Value::new("lag_days", plan.lag_days.into(), "", 0),
    ];
    if plan.pairs() > 0 {
        values.push(Value::new("pairs", plan.pairs().into(), "", 0));
    }
    if let Some(change) = change {
        values.extend(model::shown(plan.metric, change));
        values.push(Value::new("n_effective", change.n_effective, "", 1));
        if plan.design() == Design::Observational {
            let (before, after) = Arms::sides(&arms.turns);
            let drifted = drift::drift(&before, &after, change.rises).map(|p| Value::new("drift", p, "", 2));
            values.extend(drifted.filter(|v| v.value >= drift::LIKELY));
        }
        values.extend(per_protocol(plan, arms, change.rises));
    }
    values.push(Value::new("confidence", change.map_or(0.0, |c| c.confidence.min(SUREST)), "", 2));
    values
}

/// The difference over the days that went as scheduled, beside the answer and never instead of it: who keeps to a
/// schedule on which days is no accident.
fn per_protocol(plan: &Experiment, arms: &Arms, rises: bool) -> Vec<Value> {
    if arms.kept.len() == arms.turns.len() {
        return Vec::new();
    }
    let Some(kept) = difference(plan, &arms.kept, arms.days) else { return Vec::new() };
    let (unit, decimals) = (plan.metric.unit().symbol(), plan.metric.definition().decimals);
    let towards = |x: f64| if rises { x } else { -x };
    let (low, high) = kept.interval;
    let (low, high) = if rises { (low, high) } else { (-high, -low) };
    vec![
        Value::new("per_protocol_n", kept.n as f64, "", 0),
        Value::new("per_protocol_difference", towards(kept.difference), unit, decimals),
        Value::new("per_protocol_low", low, unit, decimals),
        Value::new("per_protocol_high", high, unit, decimals),
    ]
}

/// All that speaks against relying on it.
fn reasons(plan: &Experiment, arms: &Arms, number: &dyn Fn(&str) -> f64, around: &Around) -> BTreeSet<Unreliable> {
    let holds_trigger = match plan.layout {
        Layout::BeforeAfter { baseline } => around.triggers.iter().any(|week| week.overlaps(&baseline)),
        Layout::Blocks { .. } => false,
    };
    let width = round_to(number("interval_high") - number("interval_low"), 6);
    [
        (Unreliable::LowCoverage, number("coverage") < Unreliable::LEAST_COVERAGE),
        (Unreliable::CoverageGap, number("coverage_gap") > Unreliable::MOST_COVERAGE_GAP),
        (Unreliable::LowAdherence, number("adherence") < Unreliable::LEAST_ADHERENCE),
        (Unreliable::ConcurrentExperiment, around.concurrent),
        (Unreliable::SourceSwitch, arms.providers.len() > 1),
        (Unreliable::BaselineHoldsTrigger, holds_trigger),
        (Unreliable::StrongDependence, number("phi") > Unreliable::MOST_PHI),
        (Unreliable::WideInterval, width > Unreliable::MOST_WIDTH_SD * number("sd")),
    ]
    .into_iter()
    .filter_map(|(reason, holds)| holds.then_some(reason))
    .collect()
}

fn evidence(plan: &Experiment, arms: &Arms, input_revision: u64, values: Vec<Value>) -> Evidence {
    let (window, baseline) = match plan.layout {
        Layout::BeforeAfter { baseline } => {
            (plan.counted_in(Arm::With).first().copied().unwrap_or(plan.window), Some(baseline))
        }
        Layout::Blocks { .. } => (plan.span(), None),
    };
    let metric: Metric = plan.metric;
    Evidence {
        metric: Some(metric),
        sources: arms.providers.iter().copied().collect(),
        window,
        baseline,
        input_revision,
        values,
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
