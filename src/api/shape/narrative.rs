//! The text of a day or a week.

use serde::Serialize;
use utoipa::ToSchema;

use super::word;
use crate::domain::claim;

/// A sentence, with the claims it rests on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sentence {
    /// Where it stands: `summary`, `key_point`, `driver`, `risk`, `next_step` or `uncertainty`.
    pub section: String,
    /// What it says.
    pub text: String,
    /// The claims it rests on, each an id for `why`.
    pub claim_ids: Vec<String>,
    /// The weakest grade among them, where they have one.
    pub grade: Option<String>,
}

/// A text.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Narrative {
    /// The day it was made for.
    #[schema(format = Date)]
    pub day: String,
    /// `daily` or `weekly`.
    pub period: String,
    /// Its title.
    pub title: String,
    /// What it says, in order; safety notices stand first, verbatim.
    pub sentences: Vec<Sentence>,
    /// Who chose the sentences: `template`, `model` or `mixed`.
    pub source: String,
    /// What providers ask to be shown beside their data.
    pub attributions: Vec<String>,
    /// With `as_of`: the day of the text that stands now, where it is another.
    #[schema(format = Date)]
    pub now: Option<String>,
}

impl From<claim::Narrative> for Narrative {
    fn from(narrative: claim::Narrative) -> Self {
        let sentence = |sentence: claim::Sentence| Sentence {
            section: word(&sentence.section),
            text: sentence.text,
            claim_ids: sentence.claim_ids.iter().map(ToString::to_string).collect(),
            grade: sentence.grade.map(|grade| word(&grade)),
        };
        Self {
            day: narrative.day.to_string(),
            period: word(&narrative.period),
            title: narrative.title,
            sentences: narrative.sentences.into_iter().map(sentence).collect(),
            source: narrative.source,
            attributions: narrative.attributions,
            now: None,
        }
    }
}
