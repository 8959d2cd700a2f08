//! The rules of experiments and of what they are said to have shown refuse what breaks them.

use super::*;

#[test]
fn an_experiment_keeps_its_windows_apart_and_can_be_evaluated() {
    let state = person();
    let start = |change: &dyn Fn(&mut Experiment), base: Experiment| {
        let mut experiment = base;
        change(&mut experiment);
        ExperimentStarted { experiment }
    };
    assert_eq!(check(&state, &ExperimentStarted { experiment: drawn() }.into()), Ok(()));
    let baseline = before_after().window;
    let overlapping = start(&|e| e.layout = Layout::BeforeAfter { baseline }, before_after());
    refused_by("windows_do_not_overlap", &state, overlapping);
    refused_by("experiment_has_days", &state, start(&|e| e.window = Window::ending(day(34), 7), before_after()));
    let endless = Window::starting(day(28), 367);
    refused_by("experiment_ends", &state, start(&|e| e.window = endless, before_after()));
    refused_by("attribution_lag", &state, start(&|e| e.lag_days = 8, before_after()));
    assert_eq!(check(&state, &start(&|e| e.lag_days = 7, drawn()).into()), Ok(()));
    let two = Layout::Blocks { block_days: 14, pairs: 2, seed: 1 };
    refused_by("experiment_has_pairs", &state, start(&|e| e.layout = two, drawn()));
    let more = Layout::Blocks { block_days: 3, pairs: 8, seed: 1 };
    refused_by("blocks_fill_the_days", &state, start(&|e| e.layout = more, drawn()));
    // Three pairs of three days with a day left out hold six days an arm.
    let few = Layout::Blocks { block_days: 3, pairs: 3, seed: 1 };
    let short = start(&|e| (e.layout, e.window) = (few, Window::starting(day(28), 18)), drawn());
    refused_by("experiment_has_days", &state, short);
}

#[test]
fn experiments_do_not_get_in_each_others_way() {
    let mut state = person();
    state.evolve(2, &ExperimentStarted { experiment: before_after() }.into());
    let second = Experiment { id: Uuid::from_u128(10), intervention: "wind_down".into(), ..before_after() };
    refused_by("one_experiment_per_outcome_at_a_time", &state, ExperimentStarted { experiment: second.clone() });
    // Its days before lie in the days of the first.
    let baseline = Window::ending(day(59), 28);
    let (window, layout) = (Window::starting(day(60), 14), Layout::BeforeAfter { baseline });
    let follows = Experiment { window, layout, ..second.clone() };
    refused_by("one_experiment_per_outcome_at_a_time", &state, ExperimentStarted { experiment: follows });
    let other_outcome =
        Experiment { metric: Metric::SleepConsistency, intervention: before_after().intervention, ..second.clone() };
    refused_by("one_experiment_per_intervention_at_a_time", &state, ExperimentStarted { experiment: other_outcome });
    let beside = Experiment { metric: Metric::Stress, ..second.clone() };
    assert_eq!(check(&state, &ExperimentStarted { experiment: beside }.into()), Ok(()));
    for n in 0..2_u32 {
        let later = Experiment {
            id: Uuid::from_u128(20 + u128::from(n)),
            window: Window::starting(day(100 + 50 * n), 42),
            ..drawn()
        };
        assert_eq!(check(&state, &ExperimentStarted { experiment: later.clone() }.into()), Ok(()));
        state.evolve(3, &ExperimentStarted { experiment: later }.into());
    }
    let fourth = Experiment { id: Uuid::from_u128(30), window: Window::starting(day(300), 42), ..drawn() };
    refused_by("experiments_per_metric", &state, ExperimentStarted { experiment: fourth.clone() });
    // One that ended, in whatever way, makes room.
    let gone =
        ExperimentInvalidated { experiment_id: before_after().id, day: day(30), reason: "contraindicated".into() };
    assert_eq!(check(&state, &gone.clone().into()), Ok(()));
    state.evolve(4, &gone.clone().into());
    assert_eq!(check(&state, &ExperimentStarted { experiment: fourth }.into()), Ok(()));
    refused_by("experiment_is_running", &state, gone);
    let unknown = AdherenceLogged { experiment_id: Uuid::from_u128(99), day: day(30), done: true };
    refused_by("experiment_exists", &state, unknown);
}

#[test]
fn an_evaluation_has_both_windows_apart_shares_and_the_grade_it_earns() {
    let mut state = person();
    state.evolve(2, &ExperimentStarted { experiment: before_after() }.into());
    let evaluate = |change: &dyn Fn(&mut Evaluation)| {
        let mut evaluation = verdict();
        change(&mut evaluation);
        EvaluationCompleted { evaluation }
    };
    let helpful = |e: &mut Evaluation| {
        (e.verdict, e.moved, e.confidence) = (Verdict::Helpful, Some(Direction::Higher), 0.9);
        (e.n, e.grade) = (30, Grade::A);
    };
    assert_eq!(check(&state, &evaluate(&helpful).into()), Ok(()));
    refused_by("coverage_is_a_share", &state, evaluate(&|e| e.coverage = 1.5));
    refused_by("adherence_is_a_share", &state, evaluate(&|e| e.adherence = 2.0));
    refused_by("confidence_is_a_share", &state, evaluate(&|e| e.confidence = f64::NAN));
    refused_by("windows_do_not_overlap", &state, evaluate(&|e| e.baseline_windows = e.intervention_windows.clone()));
    refused_by("evaluation_has_windows", &state, evaluate(&|e| e.baseline_windows.clear()));
    refused_by("direction_needs_a_verdict", &state, evaluate(&|e| e.moved = Some(Direction::Higher)));
    refused_by("design_was_fixed", &state, evaluate(&|e| e.design = Design::Randomised));
    let unreliable = |e: &mut Evaluation| {
        helpful(e);
        e.unreliable.insert(Unreliable::LowAdherence);
    };
    refused_by("unreliable_says_nothing", &state, evaluate(&unreliable));
    refused_by("grade_follows_from_numbers", &state, evaluate(&|e| e.grade = Grade::C));
    let drifting = |e: &mut Evaluation| {
        helpful(e);
        e.drift = true;
    };
    refused_by("grade_follows_from_numbers", &state, evaluate(&drifting));
    state.evolve(3, &evaluate(&|_| {}).into());
    refused_by("experiment_is_evaluated_once", &state, evaluate(&|_| {}));
}
