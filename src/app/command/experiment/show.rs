//! `experiment show` and `list`, for people: what was fixed, what today asks, how it went, what it showed.

use crate::app::error::Failure;
use crate::app::present::{self, Out};
use crate::domain::evidence::Window;
use crate::domain::experiment::{Arm, Block, ExperimentStatus, Layout};
use crate::engine::experiments::{DayView, ExperimentView};
use crate::engine::intervene;

/// Days with the intervention, in words.
pub(super) fn arm(arm: Arm) -> &'static str {
    match arm {
        Arm::With => "with it",
        Arm::Without => "without it",
    }
}

/// The design in a line.
pub(super) fn design(view: &ExperimentView) -> String {
    let plan = &view.plan;
    let each = match plan.layout {
        Layout::Blocks { .. } => "of each block",
        Layout::BeforeAfter { .. } => "with it",
    };
    let washout = match plan.washout_days {
        0 => "no day left out".to_owned(),
        1 => format!("the first day {each} left out"),
        days => format!("the first {days} days {each} left out"),
    };
    let read = match plan.lag_days {
        0 => "its outcome read on the same day".to_owned(),
        1 => "its outcome read a day later".to_owned(),
        days => format!("its outcome read {days} days later"),
    };
    match plan.layout {
        Layout::Blocks { block_days, pairs, seed } => {
            format!(
                "{pairs} pairs of {block_days}-day blocks in an order drawn by lot (seed {seed}), {washout}, {read}"
            )
        }
        Layout::BeforeAfter { baseline } => format!(
            "before and after: compared with the {} days up to {}, {washout}, {read}; it cannot show what brought a \
             difference about",
            baseline.days, baseline.last
        ),
    }
}

fn status(view: &ExperimentView) -> &'static str {
    match view.status {
        ExperimentStatus::Running if view.today < view.plan.window.first => "planned",
        ExperimentStatus::Running if view.today > view.plan.window.last => "to be evaluated",
        ExperimentStatus::Running => "running",
        ExperimentStatus::Stopped => "stopped",
        ExperimentStatus::Invalidated => "invalidated",
        ExperimentStatus::Evaluated => "evaluated",
    }
}

/// All experiments in a table.
pub(super) fn list(out: &Out, views: &[ExperimentView]) -> Result<(), Failure> {
    let rows = views.iter().map(|view| {
        let plan = &view.plan;
        let (what, outcome) = (plan.intervention.clone(), plan.metric.to_string());
        vec![view.id.to_string(), what, outcome, plan.window.first.to_string(), status(view).to_owned()]
    });
    out.table(&["id", "intervention", "outcome", "from", "status"], rows.collect())
}

/// One experiment with its calendar.
pub(super) fn one(out: &Out, view: &ExperimentView) -> Result<(), Failure> {
    let plan = &view.plan;
    let title = intervene::entry(&plan.intervention).map_or(plan.intervention.as_str(), |entry| entry.title.as_str());
    out.heading(&format!("{title}: does it move your {}?", plan.metric.label()))?;
    out.line(&format!("Experiment {}: {}, {} to {}.", view.id, status(view), plan.window.first, plan.window.last))?;
    out.line(&format!("Fixed before the start: {}.", design(view)))?;
    if let Some(ended) = &view.ended {
        let risen = if view.status == ExperimentStatus::Invalidated { " (risk level rose: blocks)" } else { "" };
        out.line(&format!("It ended on {}: {}{risen}.", ended.day, reason(&ended.reason)))?;
    }
    if let (Some(today), ExperimentStatus::Running) = (view.arm_today, view.status) {
        out.line(&format!("Today, {}, is a day {}.", view.today, arm(today)))?;
    }
    if let Some(share) = view.adherence.share {
        let (kept, all) = (view.adherence.kept, view.adherence.scheduled);
        out.line(&format!("So far {kept} of {all} days were logged to have gone as scheduled ({share:.2})."))?;
    }
    let rows = view.schedule.blocks.iter().map(|block| row(view, block));
    out.table(&["days", "arm", "counts", "day by day"], rows.collect())?;
    out.note(
        "day by day: + as scheduled, x not as scheduled, ? not logged, . still to come; (..) left out of the answer",
    );
    if let Some(evaluation) = &view.evaluation {
        out.heading("What it showed")?;
        out.line(&format!("{} {}", present::grade(evaluation.grade), view.statement.as_deref().unwrap_or_default()))?;
        for reason in &view.reasons {
            out.line(&format!("  not to be relied on: {reason}"))?;
        }
        out.line(&format!("Why, how sure, what would change it: candor why {}", evaluation.id))?;
    }
    Ok(())
}

fn reason(key: &str) -> &str {
    match key {
        "contraindicated" => "a condition you declared speaks against going on",
        other => other,
    }
}

fn span(window: Window) -> String {
    if window.days == 0 { "none".to_owned() } else { format!("{} to {}", window.first, window.last) }
}

fn row(view: &ExperimentView, block: &Block) -> Vec<String> {
    let days = view.schedule.days.iter().filter(|day| block.days.contains(day.day));
    let marks: Vec<String> = days.map(|day| mark(view, day)).collect();
    let here = if block.days.contains(view.today) { " <- today" } else { "" };
    vec![
        format!("{}{here}", span(block.days)),
        arm(block.arm).to_owned(),
        span(block.counted),
        if marks.is_empty() { "as it was".to_owned() } else { marks.join(" ") },
    ]
}

fn mark(view: &ExperimentView, day: &DayView) -> String {
    let mark = match day.done {
        Some(_) if day.kept => "+",
        Some(_) => "x",
        None if day.day >= view.today => ".",
        None => "?",
    };
    if day.washout { format!("({mark})") } else { mark.to_owned() }
}
