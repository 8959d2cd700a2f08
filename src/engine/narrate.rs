//! Asking a model for plans, between two makings of one run: the first says what could be asked, the second makes the texts
//! by what came back. Both are the same pure function; what stands between them is in the log, before and after.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::ports::narrator::{Answer, NoAnswer};
use super::run::Question;
use super::{Command, Engine, EngineError};
use crate::domain::Instant;
use crate::domain::claim::Period;
use crate::domain::day::LocalDay;
use crate::domain::event::{Event, ModelAnswered, NarrativeRequested};
use crate::domain::narration::{Answered, Answers, Identity, Outcome};
use crate::domain::person::PersonId;
use crate::domain::plan::PlanRequest;
use crate::domain::profile::Purpose;
use crate::domain::state::PersonState;

/// What a text may take.
pub const BUDGET: Duration = Duration::from_millis(3_000);
/// What a call may take of it: checking and writing come after.
pub const CALL: Duration = Duration::from_millis(2_400);

impl Engine {
    /// Asks for the plans of a run's texts, all at once, and gives the state with the answers; as it was when there is
    /// nobody to ask or nothing to be asked.
    ///
    /// # Errors
    /// When the log does not take a question or an answer.
    pub(super) async fn ask(
        &self,
        person: PersonId,
        day: LocalDay,
        questions: &[Question],
        state: PersonState,
        now: Instant,
    ) -> Result<PersonState, EngineError> {
        let Some(narrator) = self.narrator.as_ref().filter(|_| !questions.is_empty()) else { return Ok(state) };
        let identity = narrator.identity();
        let with_values = narrator.wants_values() && state.consents.contains(&Purpose::ValuesToModel);
        let questions = questions.iter().map(|question| Put {
            day,
            question,
            request: question.asked.sent(with_values),
            payload: question.asked.payload(with_values),
            with_values,
        });
        let mut answers: Vec<Event> = Vec::new();
        let mut unknown: Vec<Put<'_>> = Vec::new();
        for question in questions {
            match state.answers.known(question.question.period, &question.payload, &identity).cloned() {
                Some(plan) => answers.push(question.answered(&identity, Outcome::Reused { plan }, 0, None)),
                None => unknown.push(question),
            }
        }
        // What leaves the process is in the log before it does.
        let requests: Vec<Event> = unknown.iter().map(|question| question.requested(&identity)).collect();
        let command = Command::of_system(person, "ask", &state, &requests, now);
        let state = self.write(&command, state, &requests).await?;
        let planned = |index: usize| {
            let (question, narrator) = (unknown.get(index), Arc::clone(narrator));
            async move {
                let question = question?;
                #[expect(
                    clippy::disallowed_methods,
                    reason = "how long a call took is kept beside its answer, never used"
                )]
                let started = std::time::Instant::now();
                // A narrator that does not keep to its time holds nothing up.
                let call = tokio::time::timeout(CALL, narrator.plan(&question.request, CALL));
                let answer = call.await.unwrap_or(Err(NoAnswer::Timeout));
                Some((question, answer, started.elapsed()))
            }
        };
        // A day and a week: two at most.
        let planned = tokio::join!(planned(0), planned(1));
        for (question, answer, took) in [planned.0, planned.1].into_iter().flatten() {
            let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            let (outcome, tokens) = outcome(answer);
            answers.push(question.answered(&identity, outcome, ms, tokens));
        }
        let command = Command::of_system(person, "answer", &state, &answers, now);
        self.write(&command, state, &answers).await
    }

    /// Tells the narrator what became of the plans it was asked for; one that was used again was judged before.
    pub(super) fn judge(&self, answers: &Answers, events: &[Event]) {
        let Some(narrator) = &self.narrator else { return };
        let asked = |period: &Period| {
            matches!(answers.fresh.get(period), Some(Answered { outcome: Outcome::Planned { .. }, .. }))
        };
        for event in events {
            match event {
                Event::NarrativeFellBack(e) if asked(&e.period) => narrator.judged(1.0),
                Event::NarrativePublished(e) if asked(&e.narrative.period) && e.narrative.source != "template" => {
                    let kept = e.narrative.sentences.iter().filter(|sentence| sentence.by_model).count();
                    let replaced = e.rejections.iter().filter(|rejection| rejection.replaced).count();
                    narrator.judged(replaced as f64 / (replaced + kept).max(1) as f64);
                }
                _ => {}
            }
        }
    }
}

fn outcome(answer: Result<Answer, NoAnswer>) -> (Outcome, Option<(u32, u32)>) {
    match answer {
        Ok(Answer { plan, tokens }) => (Outcome::Planned { plan }, tokens),
        Err(class) => (Outcome::Failed { class }, None),
    }
}

/// A question as it is put to a narrator.
struct Put<'a> {
    day: LocalDay,
    question: &'a Question,
    request: Cow<'a, PlanRequest>,
    payload: String,
    with_values: bool,
}

impl Put<'_> {
    fn requested(&self, identity: &Identity) -> Event {
        NarrativeRequested {
            day: self.day,
            period: self.question.period,
            payload: self.payload.clone(),
            with_values: self.with_values,
            identity: identity.clone(),
            claims: u32::try_from(self.request.claims.len()).unwrap_or(u32::MAX),
            withheld: self.question.asked.withheld.clone(),
            budget_ms: u64::try_from(BUDGET.as_millis()).unwrap_or(u64::MAX),
            sources: self.question.sources.clone(),
        }
        .into()
    }

    fn answered(&self, identity: &Identity, outcome: Outcome, ms: u64, tokens: Option<(u32, u32)>) -> Event {
        let answered = Answered { payload: self.payload.clone(), identity: identity.clone(), outcome };
        let (period, sources) = (self.question.period, self.question.sources.clone());
        ModelAnswered { day: self.day, period, answered, ms, tokens, sources }.into()
    }
}
