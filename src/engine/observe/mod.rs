//! OBSERVE: what was measured on this day, and what is missing?
//!
//! Input: the history up to the day. Output: the day's readiness score, and the states in which something is held back:
//! too little data, none for 48 hours, too little of what is usual, sources that disagree; and which kind of missing.

pub mod completeness;
pub mod conflict;
pub(in crate::engine) mod one_source;
pub mod reconcile;

use super::run::{Run, RunError};
use crate::domain::day::LocalDay;
use crate::domain::degradation::Degradation;
use crate::domain::event::{BaselinesFrozen, BaselinesResumed, DayScored, LearningPaused, LearningResumed};
use crate::domain::evidence::{Evidence, Value, Window};
use crate::domain::metric::Cadence;
use crate::domain::provider::Provider;
use crate::domain::score::{self, ScoreInput};

/// Hours without wearable data after which usual values stand still.
const FROZEN_AFTER_HOURS: i64 = 48;
/// The share of what is usual below which nothing is learnt.
const LEAST_QUALITY: f64 = 0.6;
/// Days and points below which no change is looked for.
const RECENT_DAYS: u32 = 14;
const RECENT_POINTS: u32 = 7;

/// Runs the stage.
///
/// # Errors
/// When an event would break an invariant.
pub fn stage(run: &mut Run<'_>) -> Result<(), RunError> {
    score_day(run, run.day)?;
    let mut frozen = None;
    if let Some(now) = run.now {
        let hours = run.state.newest_instant.map(|newest| (now - newest).num_hours());
        frozen = hours.filter(|hours| *hours >= FROZEN_AFTER_HOURS);
        match (run.state.frozen, frozen) {
            (false, Some(hours_without_data)) => run.emit(BaselinesFrozen { day: run.day, hours_without_data })?,
            (true, None) => run.emit(BaselinesResumed { day: run.day })?,
            _ => {}
        }
        run.missing = completeness::missing(run, frozen.is_none());
    } else if run.state.frozen && run.moves_on() {
        // A day that has passed is run since data came in for it: the outage was over by then.
        run.emit(BaselinesResumed { day: run.day })?;
    }
    let quality_pct = learning(run)?;
    run.degradation = degradation(run, frozen);
    run.degradation.extend(quality_pct.map(|quality_pct| Degradation::LearningPaused { quality_pct }));
    Ok(())
}

/// Pauses and resumes learning; the quality in percent while it is paused.
fn learning(run: &mut Run<'_>) -> Result<Option<u32>, RunError> {
    if !run.moves_on() {
        return Ok(None);
    }
    let quality = completeness::quality(run).map(|quality| crate::domain::metric::round_to(quality, 2));
    let low = quality.filter(|quality| *quality < LEAST_QUALITY).map(|quality| (quality * 100.0).round() as u32);
    match (run.state.learning_paused, low) {
        (false, Some(quality_pct)) => run.emit(LearningPaused { day: run.day, quality_pct })?,
        (true, None) => run.emit(LearningResumed { day: run.day })?,
        _ => {}
    }
    Ok(low)
}

fn score_day(run: &mut Run<'_>, day: LocalDay) -> Result<(), RunError> {
    let parts = score::METRICS;
    let [steps, resting_heart_rate, sleep, stress, hrv] = parts.map(|metric| run.history.on(metric, day));
    let value = |part: Option<super::history::DayValue>| part.map(|d| d.value);
    let input = ScoreInput {
        steps: value(steps),
        resting_heart_rate: value(resting_heart_rate),
        sleep_hours: value(sleep).map(|minutes| minutes / 60.0),
        stress: value(stress),
        hrv_ms: value(hrv),
    };
    let Some(score) = score::score(&input, run.state.profile.score_flags) else {
        return Ok(());
    };
    if run.state.scores.get(&day) == Some(&score.score) {
        return Ok(());
    }
    let measured = [steps, resting_heart_rate, sleep, stress, hrv];
    let sources = Provider::distinct(measured.into_iter().flatten().map(|d| d.provider));
    let mut values = vec![Value::new("score", score.score.into(), "", 0), Value::new("score_max", 100.0, "", 0)];
    for (metric, part) in parts.into_iter().zip(measured) {
        let used = score.contributions.iter().any(|c| c.metric == metric.key());
        if let Some(part) = part.filter(|_| used) {
            values.push(Value::new(metric.key(), part.value, metric.unit().symbol(), metric.definition().decimals));
        }
    }
    let evidence = Evidence {
        metric: None,
        sources,
        window: Window::ending(day, 1),
        baseline: None,
        input_revision: run.input_revision,
        values,
    };
    run.emit(DayScored { day, score, evidence })
}

fn degradation(run: &Run<'_>, frozen: Option<i64>) -> Vec<Degradation> {
    let recent = Window::ending(run.day, RECENT_DAYS);
    let in_window = |metric| {
        let days = run.history.days(metric, recent.last);
        days.iter().rev().take_while(|d| d.day >= recent.first).collect::<Vec<_>>()
    };
    // A note says nothing of how much was measured.
    let measured = run.history.metrics().filter(|metric| metric.definition().cadence != Cadence::Noted);
    let points = measured.map(|metric| in_window(metric).len()).max().unwrap_or(0);
    let points = u32::try_from(points).unwrap_or(u32::MAX);
    let mut states = Vec::new();
    if points < RECENT_POINTS {
        states.push(Degradation::InsufficientData { points });
    }
    if let Some(hours_without_data) = frozen {
        states.push(Degradation::BaselinesFrozen { hours_without_data });
    }
    for metric in run.history.metrics() {
        if in_window(metric).iter().any(|d| conflict::between(run.history, metric, d)) {
            states.push(Degradation::ConflictingSignals { metric });
        }
    }
    states
}
