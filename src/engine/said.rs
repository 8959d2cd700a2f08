//! Where a claim was said: the sentence, the frame it is, who chose that, and the checks it passed before anyone read it.

use serde::Serialize;

use super::synthesize::check::{CHECKS, sentence_check};
use super::{Engine, EngineError};
use crate::domain::claim::{Claim, ClaimKind, Narrative, Period, Section};
use crate::domain::frame::{FrameId, frames};
use crate::domain::grade::Grade;
use crate::domain::person::PersonId;

/// A sentence that a person read.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    /// In which text.
    pub period: Period,
    /// In which part of it.
    pub section: Section,
    /// What it says.
    pub text: String,
    /// The weakest grade among its claims, where they have one.
    pub grade: Option<Grade>,
    /// The frame it was said with; none where a notice stands verbatim.
    pub frame: Option<FrameId>,
    /// The frame's own words, with its slots.
    pub frame_text: Option<String>,
    /// Who chose the frame: `template` or `model`.
    pub chosen_by: &'static str,
    /// The checks it passes, made again now; none for a text of a build that had no frames.
    pub checks: Vec<&'static str>,
}

impl Engine {
    /// The sentences that say a claim, in the texts of its day that stand now.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub(super) async fn said(&self, person: PersonId, claim: &Claim) -> Result<Vec<Said>, EngineError> {
        let mut all = Vec::new();
        let published = self.views.entities(person, "claim", Some(claim.id.as_str())).await?;
        let day = published.first().and_then(|entity| entity.body.get("narrative")?.as_str().map(str::to_owned));
        let Some(day) = day else { return Ok(all) };
        for period in [Period::Daily, Period::Weekly] {
            let id = format!("{}@{day}", period.key());
            let texts = self.views.entities(person, "narrative", Some(&id)).await?;
            let text = texts.into_iter().next().and_then(|e| serde_json::from_value::<Narrative>(e.body).ok());
            let sentences = text.into_iter().flat_map(|text| text.sentences);
            for sentence in sentences.filter(|sentence| sentence.claim_ids.contains(&claim.id)) {
                let frame = sentence.frame.as_ref().and_then(|id| frames().get(id)).map(|(frame, _)| frame);
                // The sentence on all that is uncertain rests on this claim and does not say it.
                let of_state = claim.kind == ClaimKind::State;
                let of_all =
                    frame.map_or(sentence.section == Section::Uncertainty && !of_state, |f| f.says.is_of_all());
                if of_all {
                    continue;
                }
                let mut claims = Vec::new();
                for id in &sentence.claim_ids {
                    claims.push(self.claim(person, id.as_str()).await?);
                }
                let about: Vec<&Claim> = claims.iter().collect();
                let checks = match (frame, sentence_check(&sentence, &about)) {
                    (Some(_), Ok(())) => CHECKS.to_vec(),
                    (None, _) if claim.kind == ClaimKind::Notice => vec!["notices_stand_first_and_verbatim"],
                    _ => Vec::new(),
                };
                all.push(Said {
                    period,
                    section: sentence.section,
                    text: sentence.text,
                    grade: sentence.grade,
                    frame_text: frame.map(|frame| frame.text.clone()),
                    frame: sentence.frame,
                    chosen_by: if sentence.by_model { "model" } else { "template" },
                    checks,
                });
            }
        }
        Ok(all)
    }
}
