//! What is missing, held back or called off, as claims: said so that silence is not taken for good news.

use super::claims::fact;
use crate::domain::claim::{Claim, ClaimKind};
use crate::domain::degradation::Degradation;
use crate::domain::evidence::{Value, Window};
use crate::domain::experiment::{ExperimentStatus, is_news};
use crate::domain::metric::Metric;
use crate::domain::provider::Provider;
use crate::engine::run::Run;

/// Days whose sources a state speaks of.
const SPOKEN_OF: u32 = 60;

/// Experiments that safety has ended.
pub(super) fn called_off(run: &Run<'_>) -> Vec<Claim> {
    let ended = run.state.experiments.values().filter(|e| e.status == ExperimentStatus::Invalidated);
    let recent = ended.filter(|e| e.ended.as_ref().is_some_and(|e| is_news(e.day, run.day)));
    recent
        .map(|experiment| {
            let (entity, code) = (experiment.plan.id.to_string(), Some("experiment_invalidated"));
            let mut claim = fact(run, &entity, ClaimKind::State, run.day, code, Vec::new());
            claim.metric = Some(experiment.plan.metric);
            claim.evidence.metric = claim.metric;
            claim.evidence.sources = measured_by(run, claim.metric);
            claim
        })
        .collect()
}

/// Who has measured a metric of late: what is said of it rests on them.
fn measured_by(run: &Run<'_>, metric: Option<Metric>) -> Vec<Provider> {
    let days = metric.into_iter().flat_map(|metric| {
        let window = Window::ending(run.analysed, SPOKEN_OF);
        window.each().flat_map(move |day| run.history.by_source(metric, day))
    });
    Provider::distinct(days.map(|(provider, _)| provider))
}

/// Every state of the day.
pub(super) fn states(run: &Run<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for state in &run.degradation {
        let (values, metric) = match state {
            Degradation::InsufficientData { points } => (
                vec![
                    Value::new("n", (*points).into(), "", 0),
                    Value::new("needed", 7.0, "", 0),
                    Value::new("window_days", 14.0, "", 0),
                ],
                None,
            ),
            Degradation::BaselinesFrozen { hours_without_data } => {
                let (since, unit) = match hours_without_data {
                    ..72 => (*hours_without_data, "h"),
                    _ => (hours_without_data / 24, "days"),
                };
                (vec![Value::new("without_data", since as f64, unit, 0)], None)
            }
            Degradation::ConflictingSignals { metric }
            | Degradation::EvaluationUnreliable { metric }
            | Degradation::InterventionSuppressed { metric } => (Vec::new(), Some(*metric)),
            Degradation::LearningPaused { quality_pct } => {
                let values = vec![
                    Value::new("quality_pct", (*quality_pct).into(), "%", 0),
                    Value::new("needed_pct", 60.0, "%", 0),
                    Value::new("window_days", 7.0, "", 0),
                ];
                (values, None)
            }
            Degradation::HumanReviewNeeded { reviews } => (vec![Value::new("reviews", (*reviews).into(), "", 0)], None),
            Degradation::ProtocolInvalidated { .. } => (Vec::new(), None),
        };
        let entity = metric.map_or_else(|| format!("state.{}", state.key()), |m| format!("state.{}.{m}", state.key()));
        let mut claim = fact(run, &entity, ClaimKind::State, run.day, Some(state.key()), values);
        claim.metric = metric;
        claim.evidence.metric = metric;
        claim.evidence.sources = measured_by(run, metric);
        claims.push(claim);
    }
    claims
}
