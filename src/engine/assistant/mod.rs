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
use crate::domain::claim::{Claim, ClaimKind, Narrative, Period, Section, Sentence};
use crate::domain::day::LocalDay;
use crate::domain::grade::Grade;
use crate::domain::insight::Insight;
use crate::domain::intervention::ProposalStatus;
use crate::domain::person::PersonId;
use crate::domain::safety::{Allowance, allowance};
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
    /// The sentences of the newest daily text up to a day that still hold, with their claims: nothing that was disputed, answered
    /// or taken back since, and nothing while a notice stops the analysis. Notices are told by themselves.
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
            if claims.iter().all(|claim| still_holds(state, &allowed, claim, day)) {
                standing.push(Standing { section: sentence.section, told: sentence.into(), claims });
            }
        }
        Ok((Some(text), standing))
    }
}

/// Whether what a text of before says still holds, and may still be told.
fn still_holds(state: &PersonState, allowed: &Allowance, claim: &Claim, day: LocalDay) -> bool {
    let told = allowed.analysis && state.shows(allowed, claim.names(), &claim.evidence.sources);
    let entity = || claim.id.parts().0.parse::<Uuid>().ok();
    let stands = |insight: &Uuid| state.insights.get(insight).is_some_and(|held| !state.is_disputed(held, day));
    told && match claim.kind {
        // They stand apart, as they are now.
        ClaimKind::Notice => false,
        ClaimKind::Level | ClaimKind::Change | ClaimKind::Trend | ClaimKind::Step | ClaimKind::Association => {
            entity().is_some_and(|id| stands(&id))
        }
        ClaimKind::Suggestion => entity().and_then(|id| state.proposals.get(&id)).is_some_and(|held| {
            held.status == ProposalStatus::Open
                && allowed.permits(&held.proposal.safety).is_ok()
                && stands(&held.proposal.insight_id)
        }),
        ClaimKind::Experiment => entity().is_some_and(|id| state.evaluations.contains_key(&id)),
        ClaimKind::Streak | ClaimKind::Measured | ClaimKind::DayScore | ClaimKind::State => true,
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
