//! What a human is asked to look at, and their answer.

use serde::Serialize;
use uuid::Uuid;

use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::event::{Actor, HumanReviewResolved};
use crate::domain::person::PersonId;
use crate::domain::safety::{Decision, HeldReview};
use crate::domain::state::PersonState;

/// A review as a reviewer reads it.
#[derive(Clone, Debug, Serialize)]
pub struct ReviewView {
    /// Its id.
    pub id: Uuid,
    /// What it is about: a safety notice, an insight, an intervention, an evaluation.
    pub entity_type: &'static str,
    /// Its id.
    pub entity_id: Uuid,
    /// Why it is asked, as in `spo2_low`.
    pub reason: String,
    /// The day it was asked.
    pub day: LocalDay,
    /// What was decided; nothing while it is open.
    pub decision: Option<Decision>,
    /// What the notice it is about says.
    pub text: Option<String>,
}

impl ReviewView {
    fn of(state: &PersonState, held: &HeldReview) -> Self {
        let (entity_type, entity_id) = held.review.subject.entity();
        Self {
            id: held.review.id,
            entity_type,
            entity_id,
            reason: held.review.reason.clone(),
            day: held.review.day,
            decision: held.decision,
            text: state.notices.get(&entity_id).map(|notice| notice.notice.text.clone()),
        }
    }
}

/// A reviewer's answer.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Whether what the review is about is over or harmless, or stands.
    pub decision: Decision,
    /// Why, in the reviewer's words.
    pub reason: String,
    /// The account that says so; nobody's where the operator decides on the machine itself.
    pub by: Option<Uuid>,
}

impl Verdict {
    /// Letters a reason may have.
    pub const MOST_OF_A_REASON: usize = 500;

    /// Whether it says why, and not at too great a length.
    #[must_use]
    pub fn says_why(&self) -> bool {
        (1..=Self::MOST_OF_A_REASON).contains(&self.reason.trim().chars().count())
    }
}

impl Engine {
    /// Everything that was asked about a person, in the order of the days.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn reviews(&self, person: PersonId) -> Result<Vec<ReviewView>, EngineError> {
        let state = self.state(person).await?;
        let mut reviews: Vec<ReviewView> = state.reviews.values().map(|held| ReviewView::of(&state, held)).collect();
        reviews.sort_by_key(|review| (review.day, review.id));
        Ok(reviews)
    }

    /// Records an answer; the next run of the stages honours it.
    ///
    /// # Errors
    /// When there is no such review, a rule refuses the answer, or the log does not take it.
    pub async fn resolve_review(
        &self,
        person: PersonId,
        review: Uuid,
        verdict: &Verdict,
        now: Instant,
    ) -> Result<(), EngineError> {
        let Verdict { decision, reason, by } = verdict;
        let resolved =
            HumanReviewResolved { review_id: review, decision: *decision, reason: reason.trim().to_owned(), by: *by };
        let actor = if by.is_some() { Actor::Reviewer } else { Actor::Operator };
        self.decide_as(actor, person, &format!("review/{review}"), now, |state| {
            if !state.reviews.contains_key(&review) {
                return Err(EngineError::NotFound { what: "review", id: review.to_string() });
            }
            Ok(vec![resolved.clone().into()])
        })
        .await?;
        Ok(())
    }
}
