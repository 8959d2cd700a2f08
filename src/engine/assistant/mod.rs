//! The assistant's groundwork: the day in short, what happened beside the measurements, and answers to questions.
//!
//! It finds nothing of its own. What it says was said by the stages and passed their checks: sentences of the text that
//! stands, and statements that hold, chosen by what was asked and by what the person works towards.

mod circumstances;
mod daily;
mod objectives;
mod question;
mod topics;

use serde::Serialize;
use uuid::Uuid;

use super::{Engine, EngineError};
use crate::domain::claim::{Claim, Narrative, Period, Section, Sentence};
use crate::domain::day::LocalDay;
use crate::domain::grade::Grade;
use crate::domain::insight::Insight;
use crate::domain::person::PersonId;
use crate::domain::safety::allowance;
use crate::domain::state::PersonState;
use crate::engine::tell::{insight_order, view};

pub use circumstances::Note;
pub use daily::Daily;
pub use objectives::{Aim, Wish};
pub use question::{Answer, Asking};

/// Sentences and statements that are told at once.
const MOST: usize = 6;
/// Suggestions that are told at once.
const SUGGESTIONS: usize = 3;

/// Something that is told, with what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// What it says.
    pub text: String,
    /// What it rests on, each an id for `why`.
    pub claim_ids: Vec<String>,
    /// The weakest grade among them, where they have one.
    pub grade: Option<Grade>,
}

impl From<Sentence> for Told {
    fn from(sentence: Sentence) -> Self {
        let claim_ids = sentence.claim_ids.iter().map(ToString::to_string).collect();
        Self { text: sentence.text, claim_ids, grade: sentence.grade }
    }
}

/// A sentence that stands, and the claims it makes.
struct Standing {
    section: Section,
    told: Told,
    claims: Vec<Claim>,
}

/// The id under which a person's thing is known that says the same whenever it is said.
fn id_of(person: PersonId, what: &str, said: &impl Serialize) -> Uuid {
    // What cannot be encoded cannot be appended either.
    let said = serde_json::to_vec(said).unwrap_or_default();
    Uuid::new_v5(&Uuid::new_v5(&person.uuid(), what.as_bytes()), &said)
}

impl Engine {
    /// The sentences of the daily text that stands up to a day, with their claims, safety notices first. While a notice stops
    /// the analysis there is nothing but notices, and nothing rests on what was taken back or is hidden.
    async fn standing(
        &self,
        person: PersonId,
        state: &PersonState,
        day: LocalDay,
    ) -> Result<(Option<Narrative>, Vec<Standing>), EngineError> {
        let texts = self.views.entities(person, "narrative", None).await?.into_iter();
        let mut texts = texts.filter_map(|entity| serde_json::from_value::<Narrative>(entity.body).ok());
        let Some(text) = texts.find(|text| text.period == Period::Daily && text.day <= day) else {
            return Ok((None, Vec::new()));
        };
        let allowed = allowance(state);
        let mut standing = Vec::new();
        for sentence in text.sentences.clone() {
            let mut claims = Vec::new();
            for id in &sentence.claim_ids {
                claims.push(self.claim(person, id.as_str()).await?);
            }
            let is_notice = sentence.frame.is_none();
            let shown = |claim: &Claim| state.shows(&allowed, claim.names(), &claim.evidence.sources);
            if is_notice || allowed.analysis && claims.iter().all(shown) {
                standing.push(Standing { section: sentence.section, told: sentence.into(), claims });
            }
        }
        Ok((Some(text), standing))
    }
}

/// The statements that hold, may be shown and are not disputed, what moved first.
fn holding(state: &PersonState, day: LocalDay) -> Vec<(&Insight, Told)> {
    let allowed = allowance(state);
    let shown = |insight: &&Insight| {
        allowed.analysis
            && state.shows(&allowed, insight.names(), &insight.evidence.sources)
            && !state.is_disputed(insight, day)
    };
    let mut open: Vec<&Insight> = state.insights.values().filter(shown).collect();
    open.sort_by_key(|insight| insight_order(insight));
    let told = |insight: &Insight| Told {
        text: view(insight, None).statement,
        claim_ids: vec![insight.id.to_string()],
        grade: Some(insight.grade),
    };
    open.into_iter().map(|insight| (insight, told(insight))).collect()
}
