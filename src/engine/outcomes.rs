//! What was usual before each change, what experiments showed, and what safety has said: read back whole.

use super::synthesize::{claims, template};
use super::tell::NoticeView;
use super::{Engine, EngineError};
use crate::domain::event::BaselineComputed;
use crate::domain::experiment::Evaluation;
use crate::domain::person::PersonId;
use crate::domain::safety::{Allowance, SafetyNotice, allowance};

/// What an experiment showed, with the sentence that says it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What it showed.
    pub evaluation: Evaluation,
    /// The same in words; nothing where no sentence says it.
    pub statement: Option<String>,
}

/// What safety says of a person.
#[derive(Clone, Debug)]
pub struct SafetyView {
    /// The notices that stand, the most urgent first.
    pub standing: Vec<NoticeView>,
    /// Those that were cleared, the newest first.
    pub cleared: Vec<NoticeView>,
    /// What is allowed now.
    pub allows: Allowance,
}

impl Engine {
    /// What was usual before each change that was found, the newest first; nothing that a notice hides or stops, and nothing of
    /// a provider that was taken back.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn baselines(&self, person: PersonId) -> Result<Vec<BaselineComputed>, EngineError> {
        let state = self.state(person).await?;
        let allowed = allowance(&state);
        let entities = self.views.entities(person, "baseline", None).await?;
        let pinned =
            entities.into_iter().filter_map(|entity| serde_json::from_value::<BaselineComputed>(entity.body).ok());
        let shown =
            |b: &BaselineComputed| allowed.analysis && state.shows(&allowed, std::iter::once(b.metric), &b.sources);
        Ok(pinned.filter(shown).collect())
    }

    /// What experiments showed, the newest first, by the same rule.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn evaluations(&self, person: PersonId) -> Result<Vec<Shown>, EngineError> {
        let state = self.state(person).await?;
        let allowed = allowance(&state);
        let shown =
            |e: &&Evaluation| allowed.analysis && state.shows(&allowed, std::iter::once(e.metric), &e.evidence.sources);
        let mut evaluations: Vec<&Evaluation> = state.evaluations.values().filter(shown).collect();
        evaluations.sort_by_key(|evaluation| (std::cmp::Reverse(evaluation.day), evaluation.id));
        let in_words = |e: &Evaluation| template::sentence(&claims::evaluation(e), 0).ok().map(|(_, text)| text);
        Ok(evaluations.into_iter().map(|e| Shown { evaluation: e.clone(), statement: in_words(e) }).collect())
    }

    /// The notices that stand, those that were cleared, and what they allow now.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn safety(&self, person: PersonId) -> Result<SafetyView, EngineError> {
        let state = self.state(person).await?;
        let entities = self.views.entities(person, "safety_notice", None).await?;
        let cleared = entities.into_iter().filter(|entity| entity.status == "cleared");
        let cleared = cleared.filter_map(|entity| serde_json::from_value::<SafetyNotice>(entity.body).ok());
        Ok(SafetyView {
            standing: state.standing_notices().into_iter().map(NoticeView::of).collect(),
            cleared: cleared.map(|notice| NoticeView::of(&notice)).collect(),
            allows: allowance(&state),
        })
    }
}
