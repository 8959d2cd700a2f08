//! What there is to try, and what was suggested.

use serde::Serialize;
use utoipa::ToSchema;

use super::word;
use crate::domain::intervention::CatalogueEntry;
use crate::domain::state::HeldProposal;

/// An entry of the catalogue.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// What it is.
    pub title: String,
    /// How sure the literature is: `A` to `D`.
    pub literature_grade: String,
    /// Where that stands.
    pub literature_source: String,
}

/// A suggestion, with its safety decision.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Suggestion {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// The entry.
    pub intervention: String,
    /// The metric it aims at.
    pub metric_key: &'static str,
    /// The statement that led to it.
    #[schema(format = Uuid)]
    pub insight_id: String,
    /// `low`, `moderate` or `high`.
    pub risk_level: String,
    /// `informational`, `lifestyle` or `experiment`.
    pub boundary: String,
    /// `A` to `D`.
    pub evidence_grade: String,
    /// What was looked at.
    pub checks: Vec<String>,
    /// `open`, `accepted`, `declined`, `suppressed` or `invalidated`.
    pub status: String,
}

/// The catalogue and what was suggested.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Interventions {
    /// Everything there is to try.
    pub catalogue: Vec<Entry>,
    /// What was suggested to this person.
    pub suggested: Vec<Suggestion>,
}

impl From<&CatalogueEntry> for Entry {
    fn from(entry: &CatalogueEntry) -> Self {
        Self {
            key: entry.key.clone(),
            title: entry.title.clone(),
            literature_grade: word(&entry.literature_grade),
            literature_source: entry.literature_source.clone(),
        }
    }
}

impl From<&HeldProposal> for Suggestion {
    fn from(held: &HeldProposal) -> Self {
        let proposal = &held.proposal;
        Self {
            id: proposal.id.to_string(),
            intervention: proposal.intervention.clone(),
            metric_key: proposal.metric.key(),
            insight_id: proposal.insight_id.to_string(),
            risk_level: word(&proposal.safety.risk_level),
            boundary: word(&proposal.safety.boundary),
            evidence_grade: word(&proposal.safety.evidence_grade),
            checks: proposal.safety.checks.clone(),
            status: word(&held.status),
        }
    }
}
