//! Bringing a person up to date: one run for each day that gained data, in order, and one for the present day.

use serde::Serialize;

use super::ports::journal::JournalError;
use super::run::{self, Run, RunError};
use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::event::{Event, Meta};
use crate::domain::invariants;
use crate::domain::person::PersonId;
use crate::domain::state::PersonState;

/// Events that are gathered from several days before they are appended together.
const EVENTS_PER_APPEND: usize = 400;

/// What a loop did, by stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LoopReport {
    /// The present day, or the day that was asked for.
    pub day: String,
    /// Days run.
    pub days: u64,
    /// OBSERVE: days scored, baselines and learning stopped and resumed.
    pub observe: StageCount,
    /// SAFETY: notices raised and cleared, and questions to a human.
    pub safety: StageCount,
    /// MODEL: statements raised, renewed, expired.
    pub model: StageCount,
    /// INTERVENE: suggestions made or held back.
    pub intervene: StageCount,
    /// EVALUATE: experiments evaluated.
    pub evaluate: StageCount,
    /// SYNTHESIZE: texts published.
    pub synthesize: StageCount,
}

/// Events a stage wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StageCount {
    /// How many.
    pub events: u64,
}

impl LoopReport {
    fn count(&mut self, event: &Event) {
        let stage = match event.kind() {
            "day_scored" | "baselines_frozen" | "baselines_resumed" | "learning_paused" | "learning_resumed" => {
                &mut self.observe
            }
            "safety_notice_raised" | "safety_notice_cleared" | "human_review_requested" => &mut self.safety,
            "insight_suppressed" | "insight_raised" | "insight_renewed" | "insight_expired" | "baseline_computed" => {
                &mut self.model
            }
            "intervention_proposed" | "intervention_suppressed" => &mut self.intervene,
            "evaluation_completed" | "evaluation_marked_unreliable" | "experiment_invalidated" => &mut self.evaluate,
            "narrative_published" => &mut self.synthesize,
            _ => return,
        };
        stage.events += 1;
    }
}

impl Engine {
    /// Runs the stages until nothing is left to do. Without new input or a new local day it writes nothing.
    ///
    /// # Errors
    /// When a run is refused or the log does not take it; days appended before stay.
    pub async fn run_stages(
        &self,
        person: PersonId,
        now: Instant,
        only: Option<LocalDay>,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<LoopReport, EngineError> {
        for attempt in 0..super::TRIES {
            match self.try_run_stages(person, now, only, attempt == 0, progress).await {
                Err(EngineError::Journal(JournalError::Conflict)) => {}
                Err(EngineError::Run(RunError::Refused { day, violation })) => {
                    self.count_refusal(&violation, now).await;
                    return Err(RunError::Refused { day, violation }.into());
                }
                Err(EngineError::Refused(violation)) => {
                    self.count_refusal(&violation, now).await;
                    return Err(violation.into());
                }
                outcome => return outcome,
            }
        }
        Err(JournalError::Conflict.into())
    }

    async fn try_run_stages(
        &self,
        person: PersonId,
        now: Instant,
        only: Option<LocalDay>,
        may_ask: bool,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<LoopReport, EngineError> {
        let mut state = self.finish_erasing(person, now).await?;
        if state.registered {
            invariants::may_process(&state)?;
        }
        let today = run::today(&state, now);
        let plan = plan(&state, today, now, only);
        let first = plan.iter().map(|(day, _)| *day).min().unwrap_or(today);
        let history = self.history(person, run::looks_back_to(&state, first)).await?;
        let history = run::permitted(&state, &history);
        let mut report = LoopReport { day: only.unwrap_or(today).to_string(), ..LoopReport::default() };
        let mut gathered: Vec<(Meta, Event)> = Vec::new();
        let (mut appended, total) = (state.revision, plan.len() as u64);
        let mut planned = None;
        for (index, (day, present)) in plan.into_iter().enumerate() {
            let mut run = Run::day(person, &state, &history, day, present)?;
            // Nobody waits for a model with a notice that was just raised, or because somebody else was faster.
            let urgent = run.events.iter().any(|event| matches!(event, Event::SafetyNoticeRaised(_)));
            if may_ask && !urgent && self.narrator.is_some() && !run.questions.is_empty() {
                self.append(person, appended, &mut gathered, now).await?;
                let questions = std::mem::take(&mut run.questions);
                state = self.ask(person, day, &questions, state, now).await?;
                appended = state.revision;
                run = Run::day(person, &state, &history, day, present)?;
                planned = Some((state.answers.clone(), run.events.clone()));
            }
            let meta = run.meta();
            report.days += 1;
            run.events.iter().for_each(|event| report.count(event));
            gathered.extend(run.events.into_iter().map(|event| (meta.clone(), event)));
            state = run.state;
            progress(index as u64 + 1, total);
            if gathered.len() >= EVENTS_PER_APPEND || index as u64 + 1 == total {
                appended = self.append(person, appended, &mut gathered, now).await?;
            }
        }
        self.views.catch_up().await?;
        if let Some((answers, events)) = planned {
            self.judge(&answers, &events);
        }
        Ok(report)
    }

    /// Appends what was gathered, in order, and gives the revision reached.
    async fn append(
        &self,
        person: PersonId,
        mut appended: Option<u64>,
        gathered: &mut Vec<(Meta, Event)>,
        now: Instant,
    ) -> Result<Option<u64>, EngineError> {
        for chunk in gathered.chunks(1_000) {
            let events: Vec<Event> = chunk.iter().map(|(_, event)| event.clone()).collect();
            let next = appended.map_or(0, |revision| revision + 1);
            let key = format!("run/{next}/{}", super::content(person, &events, now));
            appended = Some(self.journal.append(person, appended, &key, chunk, now).await?);
        }
        gathered.clear();
        Ok(appended)
    }
}

/// Which days to run, in order, and which of them is the present one.
fn plan(
    state: &PersonState,
    today: LocalDay,
    now: Instant,
    only: Option<LocalDay>,
) -> Vec<(LocalDay, Option<Instant>)> {
    if !state.registered {
        return Vec::new();
    }
    if let Some(day) = only {
        // A day that has passed is made up for: its text was written, or not, when it was the present one.
        return vec![(day, (day == today).then_some(now))];
    }
    let mut plan: Vec<_> = state.pending.range(..today).map(|day| (*day, None)).collect();
    let known = state
        .last_present
        .as_ref()
        .is_some_and(|last| last.day >= today && last.input_revision == state.input_revision);
    if !known {
        plan.push((today, Some(now)));
    }
    plan
}
