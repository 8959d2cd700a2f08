//! A person's word on a statement that holds.

use super::{Engine, EngineError, run};
use crate::domain::Instant;
use crate::domain::claim::entity_of;
use crate::domain::event::FeedbackGiven;
use crate::domain::feedback::{Feedback, Given};
use crate::domain::insight::Insight;
use crate::domain::person::PersonId;

impl Engine {
    /// Records a word on a statement, named by its id or by a claim it makes (`<id>@<day>`). The same word again is no
    /// event; the next loop honours it.
    ///
    /// # Errors
    /// When no such statement holds, or the log does not take it.
    pub async fn give_feedback(
        &self,
        person: PersonId,
        id: &str,
        feedback: Feedback,
        now: Instant,
    ) -> Result<Insight, EngineError> {
        let entity = entity_of(id);
        let unknown = || EngineError::NotFound { what: "insight that holds", id: id.to_owned() };
        let insight_id = entity.parse().map_err(|_| unknown())?;
        let state = self
            .decide(person, &format!("feedback/{insight_id}"), now, |state| {
                let insight = state.insights.get(&insight_id).ok_or_else(unknown)?;
                let statement = insight.statement();
                let day = run::today(state, now);
                // A dispute whose days are over can be renewed.
                let stands =
                    |given: &Given| given.feedback == feedback && (!feedback.disputes() || given.disputes(day));
                if state.feedback.get(&statement).is_some_and(stands) {
                    return Ok(Vec::new());
                }
                let sources = insight.evidence.sources.clone();
                Ok(vec![FeedbackGiven { insight_id, statement, feedback, day, sources }.into()])
            })
            .await?;
        state.insights.get(&insight_id).cloned().ok_or_else(unknown)
    }
}
