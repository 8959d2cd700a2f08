//! What must hold of an experiment before it starts, and of its evaluation before it is kept.

use super::{Arm, Evaluation, Experiment, ExperimentStatus, FEWEST_PAIRS, Layout, Unreliable};
use crate::domain::evidence::Window;
use crate::domain::grade::{Design, Grade};
use crate::domain::invariants::{Checked, ensure};
use crate::domain::state::PersonState;

/// Experiments one metric may have planned or running.
pub const EXPERIMENTS_PER_METRIC: usize = 3;
/// Days one experiment may last.
pub const EXPERIMENT_DAYS: u32 = 366;
/// Days after which an outcome is still read for a day of an experiment.
pub const LONGEST_LAG: u32 = 7;
/// Days that must count in each arm.
pub const FEWEST_DAYS: u32 = 7;

/// Checks an experiment that is about to be fixed.
///
/// # Errors
/// The first rule it would break.
pub(in crate::domain) fn started(state: &PersonState, experiment: &Experiment) -> Checked {
    ensure(
        experiment.lag_days <= LONGEST_LAG,
        "attribution_lag",
        "lag_days",
        "is 0 to 7: what comes more than a week later cannot be told from all else that happened meanwhile",
    )?;
    ensure(
        experiment.window.days <= EXPERIMENT_DAYS && experiment.span().days <= 2 * EXPERIMENT_DAYS,
        "experiment_ends",
        "days",
        "lasts 366 days at most",
    )?;
    match experiment.layout {
        Layout::BeforeAfter { baseline } => ensure(
            !baseline.overlaps(&experiment.window),
            "windows_do_not_overlap",
            "baseline",
            "the days before end before the intervention begins",
        )?,
        Layout::Blocks { block_days, pairs, .. } => {
            ensure(pairs >= FEWEST_PAIRS, "experiment_has_pairs", "pairs", "at least 3 pairs of blocks")?;
            let days = u64::from(block_days) * 2 * u64::from(pairs);
            let whole = days == u64::from(experiment.window.days);
            ensure(whole, "blocks_fill_the_days", "window", "its days are those of its blocks")?;
        }
    }
    let fewest = experiment.days_counted(Arm::With).min(experiment.days_counted(Arm::Without));
    ensure(
        fewest >= FEWEST_DAYS,
        "experiment_has_days",
        "days",
        "at least 7 days with it and 7 without count after the washout",
    )?;
    alone(state, experiment)
}

/// No two experiments get in each other's way.
fn alone(state: &PersonState, experiment: &Experiment) -> Checked {
    let open = || state.experiments.values().filter(|e| e.status == ExperimentStatus::Running);
    let same_outcome = || open().filter(|e| e.plan.metric == experiment.metric);
    ensure(
        same_outcome().count() < EXPERIMENTS_PER_METRIC,
        "experiments_per_metric",
        "metric",
        "a metric has at most 3 experiments planned or running: wait for one, or `candor experiment stop` one",
    )?;
    // Neither may be tried on a day the other looks at.
    let meets =
        |other: &Experiment| other.window.overlaps(&experiment.span()) || other.span().overlaps(&experiment.window);
    ensure(
        same_outcome().all(|e| !meets(&e.plan)),
        "one_experiment_per_outcome_at_a_time",
        "start",
        "another experiment on this outcome runs on these days or the days it is compared with",
    )?;
    let same_thing = open().filter(|e| e.plan.intervention == experiment.intervention);
    let apart = same_thing.into_iter().all(|e| !e.plan.window.overlaps(&experiment.window));
    ensure(
        apart,
        "one_experiment_per_intervention_at_a_time",
        "start",
        "the same thing is tried on these days for another outcome: a day cannot be with it and without it",
    )
}

/// Checks what an experiment is said to have shown.
///
/// # Errors
/// The first rule it would break.
pub(in crate::domain) fn evaluated(state: &PersonState, evaluation: &Evaluation) -> Checked {
    let experiment = state.experiments.get(&evaluation.experiment_id);
    ensure(experiment.is_some(), "experiment_exists", "experiment_id", "there is no such experiment")?;
    let running = experiment.is_some_and(|e| e.status == ExperimentStatus::Running);
    ensure(
        running,
        "experiment_is_evaluated_once",
        "experiment_id",
        "it was stopped, invalidated or evaluated before",
    )?;
    let designed = experiment.is_some_and(|e| e.plan.design() == evaluation.design);
    ensure(designed, "design_was_fixed", "design", "is the one that was fixed before the start")?;
    for (value, rule, field) in [
        (evaluation.coverage, "coverage_is_a_share", "coverage"),
        (evaluation.confidence, "confidence_is_a_share", "confidence"),
        (evaluation.adherence, "adherence_is_a_share", "adherence"),
    ] {
        ensure((0.0..=1.0).contains(&value), rule, field, "lies between 0 and 1")?;
    }
    let both = !evaluation.baseline_windows.is_empty() && !evaluation.intervention_windows.is_empty();
    ensure(both, "evaluation_has_windows", "baseline_windows", "names the days with and the days without")?;
    let disjoint = |a: &Window| evaluation.intervention_windows.iter().all(|b| !a.overlaps(b));
    ensure(
        evaluation.baseline_windows.iter().all(disjoint),
        "windows_do_not_overlap",
        "baseline_windows",
        "the windows compared share no day",
    )?;
    let told = evaluation.verdict.has_direction();
    ensure(
        told == evaluation.moved.is_some(),
        "direction_needs_a_verdict",
        "moved",
        "only a verdict that was reached has a direction",
    )?;
    ensure(
        !told || evaluation.unreliable.is_empty(),
        "unreliable_says_nothing",
        "verdict",
        "what must not be relied on shows nothing",
    )?;
    ensure(evaluation.grade == earned(evaluation), "grade_follows_from_numbers", "grade", "is the one its numbers earn")
}

/// The grade that an evaluation's own numbers earn: none without a direction, C at most on a drift.
fn earned(evaluation: &Evaluation) -> Grade {
    if !evaluation.verdict.has_direction() {
        return Grade::D;
    }
    let earned = Grade::of(evaluation.confidence, evaluation.n, evaluation.coverage);
    if evaluation.drift && evaluation.design == Design::Observational { earned.max(Grade::C) } else { earned }
}

impl Unreliable {
    /// Adherence under which an evaluation must not be relied on.
    pub const LEAST_ADHERENCE: f64 = 0.7;
    /// Coverage under which an evaluation must not be relied on.
    pub const LEAST_COVERAGE: f64 = 0.3;
    /// Difference between the arms' coverages beyond which it must not.
    pub const MOST_COVERAGE_GAP: f64 = 0.2;
    /// Dependence on the day before beyond which it must not.
    pub const MOST_PHI: f64 = 0.8;
    /// Width of the interval, in SD, beyond which it must not.
    pub const MOST_WIDTH_SD: f64 = 2.0;
}
