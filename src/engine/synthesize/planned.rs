//! A plan becomes a text, or it does not: each sentence is checked by itself and replaced by the template's where it fails,
//! the whole is mended where something must not be left out, and what is left of the plan is not enough where most of it
//! was replaced. Nobody trusts what a model says of itself.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::asked::{Asked, is_required, may_be_said};
use super::check::sentence_check;
use super::render::render;
use super::{Brief, template};
use crate::domain::claim::{Claim, ClaimKind, Section, Sentence};
use crate::domain::frame::{Saying, frames};
use crate::domain::plan::{MOST_SENTENCES, NarrativePlan, Opener, PLAN_VERSION, PlannedSentence, SentenceCode};

/// The share of replaced sentences above which nothing of a plan is used.
pub const MOST_REPLACED: f64 = 0.4;

/// Why a plan is of no use at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unusable {
    /// Another version of its shape.
    #[error("unknown_version")]
    UnknownVersion,
    /// No sentence.
    #[error("empty_plan")]
    Empty,
    /// More than two in five of its sentences were replaced.
    #[error("mostly_replaced")]
    MostlyReplaced,
    /// The text as a whole did not pass its check.
    #[error("text_refused")]
    TextRefused,
}

pub use crate::domain::narration::Rejection;

/// A text by a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Composed {
    /// The sentences, notices not among them, in the order of the plan.
    pub sentences: Vec<Sentence>,
    /// What was not taken as planned.
    pub rejections: Vec<Rejection>,
}

impl Composed {
    /// The share of planned sentences that were replaced.
    #[must_use]
    pub fn replaced(&self) -> f64 {
        let planned = self.rejections.iter().filter(|r| r.replaced).count();
        let kept = self.sentences.iter().filter(|sentence| sentence.by_model).count();
        planned as f64 / (planned + kept).max(1) as f64
    }
}

/// Makes the sentences of a plan.
///
/// # Errors
/// Why none of it is used.
pub fn compose(plan: &NarrativePlan, asked: &Asked, brief: &Brief) -> Result<Composed, Unusable> {
    if plan.schema_version != PLAN_VERSION {
        return Err(Unusable::UnknownVersion);
    }
    if plan.sentences.is_empty() {
        return Err(Unusable::Empty);
    }
    let mut text = Text {
        asked,
        brief,
        said: BTreeSet::new(),
        owed: vec![],
        ids: BTreeSet::new(),
        sentences: vec![],
        rejections: vec![],
    };
    for planned in plan.sentences.iter().take(MOST_SENTENCES) {
        text.take(planned);
    }
    if plan.sentences.len() > MOST_SENTENCES {
        text.rejections.push(Rejection { sentence: String::new(), check: "budget".to_owned(), replaced: false });
    }
    // The notices are said whatever a plan says of them.
    if plan.safety_ids != asked.request.safety_ids {
        let check = "notices_are_named".to_owned();
        text.rejections.push(Rejection { sentence: String::new(), check, replaced: false });
    }
    text.mend();
    let composed = Composed { sentences: text.sentences, rejections: text.rejections };
    if composed.replaced() > MOST_REPLACED { Err(Unusable::MostlyReplaced) } else { Ok(composed) }
}

struct Text<'a> {
    asked: &'a Asked,
    brief: &'a Brief,
    /// Places of the claims that have been said.
    said: BTreeSet<usize>,
    /// Places of the claims of sentences that were rejected.
    owed: Vec<usize>,
    ids: BTreeSet<SentenceCode>,
    sentences: Vec<Sentence>,
    rejections: Vec<Rejection>,
}

impl Text<'_> {
    fn take(&mut self, planned: &PlannedSentence) {
        let places: Vec<usize> = planned.claim_ids.iter().filter_map(|code| self.asked.place(*code)).collect();
        match self.accept(planned, &places) {
            Ok(sentence) => {
                self.said.extend(&places);
                self.sentences.push(sentence);
            }
            Err(check) => {
                let rejection = Rejection { sentence: planned.id.to_string(), check: check.to_owned(), replaced: true };
                self.rejections.push(rejection);
                // Its claims are said all the same, unless another sentence of the plan says them.
                self.owed.extend(places);
            }
        }
    }

    /// A planned sentence, or the first check it fails.
    fn accept(&mut self, planned: &PlannedSentence, places: &[usize]) -> Result<Sentence, &'static str> {
        if !self.ids.insert(planned.id) {
            return Err("sentence_id");
        }
        if places.is_empty() || places.len() != planned.claim_ids.len() {
            return Err("claims_exist");
        }
        if places.iter().any(|place| self.said.contains(place)) {
            return Err("claim_is_said_once");
        }
        let claims: Vec<&Claim> = places.iter().map(|place| &self.brief.claims[*place]).collect();
        let (frame, _) = frames().get(&planned.frame).ok_or("frame_exists")?;
        let serves = match claims.as_slice() {
            [claim] => frame.serves(claim),
            [first, second] => Saying::of_two(first, second) == Some(frame.says),
            _ => false,
        };
        if !serves {
            return Err("frame_serves");
        }
        if !may_be_said(frame, self.brief) {
            return Err("nothing_reassures_or_urges_beside_a_notice");
        }
        if !claims.iter().all(|claim| may_stand(claim, planned.section)) {
            return Err("section");
        }
        self.follows(planned, &claims)?;
        let sentence = render(&frame.id, &claims).map_err(|_| "slots")?;
        let sentence = Sentence {
            section: planned.section,
            text: opened(planned.opener, &sentence),
            claim_ids: claims.iter().map(|claim| claim.id.clone()).collect(),
            frame: Some(frame.id.clone()),
            by_model: true,
            grade: claims.iter().filter_map(|claim| claim.grade).max(),
        };
        sentence_check(&sentence, &claims)?;
        Ok(sentence)
    }

    /// Whether an opener fits what stands before it in its section.
    fn follows(&self, planned: &PlannedSentence, claims: &[&Claim]) -> Result<(), &'static str> {
        let before = self.sentences.iter().rev().find(|sentence| sentence.section == planned.section);
        match (planned.opener, before) {
            (Opener::None, _) | (Opener::Also | Opener::Separately, Some(_)) => Ok(()),
            (Opener::InContrast, Some(before)) => {
                let earlier = self.brief.claims.iter().filter(|claim| before.claim_ids.contains(&claim.id));
                let opposed = earlier.flat_map(|earlier| {
                    claims.iter().map(move |claim| earlier.direction.zip(claim.direction).is_some_and(|(a, b)| a != b))
                });
                if opposed.into_iter().any(|opposed| opposed) { Ok(()) } else { Err("opener") }
            }
            (_, None) => Err("opener"),
        }
    }

    /// What must not be left out, and what no model was shown.
    fn mend(&mut self) {
        for place in std::mem::take(&mut self.owed) {
            self.by_template(place);
        }
        for (place, claim) in self.brief.claims.iter().enumerate() {
            let sent = self.asked.sends(place);
            if claim.kind == ClaimKind::Notice || self.said.contains(&place) || (sent && !is_required(claim)) {
                continue;
            }
            if sent {
                let rejection =
                    Rejection { sentence: String::new(), check: "nothing_is_left_out".to_owned(), replaced: false };
                self.rejections.push(rejection);
            }
            self.by_template(place);
        }
    }

    fn by_template(&mut self, place: usize) {
        let claim = &self.brief.claims[place];
        if claim.kind == ClaimKind::Notice || !self.said.insert(place) {
            return;
        }
        // What the template cannot say was refused with the whole brief before any plan was looked at.
        self.sentences.extend(template::said(claim, place).ok());
    }
}

/// A sentence after its opener.
fn opened(opener: Opener, sentence: &str) -> String {
    if opener == Opener::None {
        return sentence.to_owned();
    }
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    opener.words().chars().chain(first).chain(letters).collect()
}

/// The sections a claim may stand in.
pub(super) fn may_stand(claim: &Claim, section: Section) -> bool {
    let home = template::section(claim);
    match claim.kind {
        ClaimKind::Suggestion | ClaimKind::State | ClaimKind::Notice => section == home,
        // What went the unwelcome way stands where it is seen.
        _ if claim.is_unfavourable() => matches!(section, Section::Risk | Section::Summary),
        _ => matches!(section, Section::Summary | Section::KeyPoint | Section::Driver),
    }
}
