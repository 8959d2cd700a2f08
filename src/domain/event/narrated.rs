//! What happens to a text: a model is asked or not, and one is published.

use serde::{Deserialize, Serialize};

use crate::domain::claim::{Claim, ClaimId, Narrative, Period};
use crate::domain::day::LocalDay;
use crate::domain::narration::{Answered, Identity, Rejection};
use crate::domain::provider::Provider;

/// A model is about to be asked for a plan: recorded before anything leaves the process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NarrativeRequested {
    /// The day of the text.
    pub day: LocalDay,
    /// What it looks back on.
    pub period: Period,
    /// The digest of what is sent.
    pub payload: String,
    /// Whether the numbers of the claims are sent with their codes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_values: bool,
    /// Who is asked.
    pub identity: Identity,
    /// Claims that are sent, as codes.
    pub claims: u32,
    /// Claims that are not, for their provider's terms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<ClaimId>,
    /// Milliseconds it may take.
    pub budget_ms: u64,
    /// Whose data it rests on.
    pub sources: Vec<Provider>,
}

/// What came of asking a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelAnswered {
    /// The day of the text.
    pub day: LocalDay,
    /// What it looks back on.
    pub period: Period,
    /// The question, who was asked, and what came of it.
    #[serde(flatten)]
    pub answered: Answered,
    /// Milliseconds it took.
    pub ms: u64,
    /// Tokens read and written, where the server says.
    pub tokens: Option<(u32, u32)>,
    /// Whose data it rests on.
    pub sources: Vec<Provider>,
}

/// A model was asked, and the template's text is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NarrativeFellBack {
    /// The day of the text.
    pub day: LocalDay,
    /// What it looks back on.
    pub period: Period,
    /// Why: the class of what went wrong.
    pub reason: String,
    /// Whose data it rests on.
    pub sources: Vec<Provider>,
}

/// A text was published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NarrativePublished {
    /// The text.
    pub narrative: Narrative,
    /// The claims it rests on, as they stood.
    pub claims: Vec<Claim>,
    /// Sentences of a model's plan that were not taken, and what was mended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejections: Vec<Rejection>,
}
