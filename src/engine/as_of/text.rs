//! A text of an earlier moment, as it may be shown now: what stands today comes first, and holds back what it would.

use super::AsOf;
use crate::domain::claim::{Claim, Narrative, Period, Section, Sentence};
use crate::domain::day::LocalDay;
use crate::domain::event::Event;
use crate::domain::frame::{Frame, frames};
use crate::domain::person::PersonId;
use crate::domain::safety::allowance;
use crate::domain::state::PersonState;
use crate::engine::synthesize::claims;
use crate::engine::{Engine, EngineError};

impl Engine {
    /// The newest text of a period as it stood at a moment, and the day of the text that stands now where that is another.
    /// The notices that stand now come first, and what they hold back is left out.
    ///
    /// # Errors
    /// When there was none, or the store does not answer.
    pub async fn narrative_as_of(
        &self,
        person: PersonId,
        period: Period,
        moment: AsOf,
    ) -> Result<(Narrative, Option<LocalDay>), EngineError> {
        let at = self.revision_at(person, moment).await?;
        let texts = self.views.entities(person, "narrative", None).await?;
        let mut newest = None;
        for entity in texts.iter().filter(|entity| entity.entity_id.split('@').next() == Some(period.key())) {
            newest = newest.or_else(|| serde_json::from_value::<Narrative>(entity.body.clone()).ok());
            let told = self.newest(person, ("narrative", &entity.entity_id), at, |event| match event {
                Event::NarrativePublished(e) => Some((e.narrative, e.claims)),
                _ => None,
            });
            if let Some((text, claims)) = told.await? {
                let now = newest.filter(|newest| *newest != text).map(|newest| newest.day);
                return Ok((shown(text, &claims, &self.state(person).await?), now));
            }
        }
        Err(EngineError::NotFound { what: "narrative", id: super::BEFORE.to_owned() })
    }
}

/// What of a text may be shown in a state that came after it.
fn shown(mut text: Narrative, claims: &[Claim], state: &PersonState) -> Narrative {
    let allowed = allowance(state);
    let standing = state.standing_notices();
    let frame = |sentence: &Sentence| sentence.frame.as_ref().and_then(|id| frames().get(id)).map(|(frame, _)| frame);
    let of_all = |frame: Option<&Frame>| frame.is_some_and(|frame| frame.says.is_of_all());
    let may_be_shown = |sentence: &Sentence| {
        let mut about = claims.iter().filter(|claim| sentence.claim_ids.contains(&claim.id));
        let hidden = |claim: &Claim| !state.shows(&allowed, claim.names(), &claim.evidence.sources);
        let causal = |claim: &Claim| claim.conduct.is_some_and(|conduct| conduct.earns_cause());
        // Nothing urges on, suggests or says what brought something about beside a notice.
        let calm = sentence.section != Section::NextStep && frame(sentence).is_none_or(|frame| frame.tags.is_empty());
        allowed.analysis
            && (of_all(frame(sentence)) || !about.any(|claim| hidden(claim) || !standing.is_empty() && causal(claim)))
            && (standing.is_empty() || calm)
    };
    let then = text.sentences.split_off(text.notices.len().min(text.sentences.len()));
    let mut kept: Vec<Sentence> = then.into_iter().filter(may_be_shown).collect();
    // What is said of all says nothing where nothing else is.
    if kept.iter().all(|sentence| of_all(frame(sentence))) {
        kept.clear();
    }
    let old = std::mem::take(&mut text.sentences).into_iter().zip(std::mem::take(&mut text.notices));
    let day = state.published.day.unwrap_or(text.day);
    for held in &standing {
        text.notices.push(held.notice.clone());
        text.sentences.push(Sentence {
            section: Section::Risk,
            text: held.notice.text.clone(),
            claim_ids: vec![claims::notice(held, day).id],
            frame: None,
            by_model: false,
            grade: None,
        });
    }
    for (sentence, notice) in old.filter(|(_, notice)| standing.iter().all(|held| held.notice.text != notice.text)) {
        text.notices.push(notice);
        text.sentences.push(sentence);
    }
    text.sentences.extend(kept);
    text
}
