//! INTERVENE: is there something low-risk this person could try about what was found?
//!
//! Input: the statements that hold, the profile, the catalogue. Output: suggestions with their safety decision, or the
//! reason why one was held back. Safety comes first; what is unknown about a person is not taken for safe.

use std::sync::OnceLock;

use serde::Deserialize;

use super::run::{Run, RunError};
use crate::domain::claim::Direction;
use crate::domain::event::{InterventionProposed, InterventionSuppressed};
use crate::domain::insight::{Insight, InsightKind};
use crate::domain::intervention::{Boundary, CatalogueEntry, Proposal, RiskLevel, SafetyDecision};
use crate::domain::metric::Desirable;
use crate::domain::profile::Profile;

/// The catalogue as it is shipped: data that people can review.
pub const CATALOGUE: &str = include_str!("catalogue.json");

/// A version of the catalogue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Raised with every change.
    pub version: u32,
    /// The interventions.
    pub entries: Vec<CatalogueEntry>,
}

/// The catalogue of this build; a test holds that the shipped text parses.
#[must_use]
pub fn catalogue() -> &'static Catalogue {
    static PARSED: OnceLock<Catalogue> = OnceLock::new();
    PARSED.get_or_init(|| serde_json::from_str(CATALOGUE).unwrap_or(Catalogue { version: 0, entries: Vec::new() }))
}

/// Runs the stage.
///
/// # Errors
/// When an event would break an invariant.
pub fn stage(run: &mut Run<'_>) -> Result<(), RunError> {
    let adverse: Vec<Insight> = run.state.insights.values().filter(|i| is_adverse(i)).cloned().collect();
    for insight in adverse {
        let wanted = match insight.direction {
            Some(Direction::Lower) => Direction::Higher,
            _ => Direction::Lower,
        };
        for entry in &catalogue().entries {
            let aims = entry.targets.iter().any(|t| t.metric == insight.metric && t.direction == wanted);
            let id = run.id(&format!("proposal/{}/{}", entry.key, insight.id));
            if !aims || run.state.proposals.contains_key(&id) {
                continue;
            }
            let (safety, held_back) = decide(entry, &run.state.profile);
            let proposal = Proposal {
                id,
                intervention: entry.key.clone(),
                catalogue_version: catalogue().version,
                metric: insight.metric,
                direction: wanted,
                day: run.day,
                insight_id: insight.id,
                safety,
                sources: insight.evidence.sources.clone(),
            };
            match held_back {
                None => run.emit(InterventionProposed { proposal })?,
                Some(reason) => run.emit(InterventionSuppressed { proposal, reason })?,
            }
        }
    }
    Ok(())
}

fn is_adverse(insight: &Insight) -> bool {
    InsightKind::MOVES.contains(&insight.kind)
        && matches!(
            (insight.metric.definition().desirable, insight.direction),
            (Desirable::Higher, Some(Direction::Lower)) | (Desirable::Lower, Some(Direction::Higher))
        )
}

/// Whether an entry may be suggested, and what was checked to tell.
fn decide(entry: &CatalogueEntry, profile: &Profile) -> (SafetyDecision, Option<String>) {
    let mut checks = Vec::new();
    let mut held_back = None;
    if profile.is_declared() {
        checks.push("profile declared".to_owned());
    } else {
        checks.push("profile not declared: only low-risk information".to_owned());
        if entry.risk != RiskLevel::Low || entry.boundary != Boundary::Informational {
            held_back = Some("profile_not_declared".to_owned());
        }
    }
    let declared = profile.conditions.clone().unwrap_or_default();
    match declared.intersection(&entry.contraindications).next() {
        Some(_) => {
            checks.push("a declared condition speaks against it".to_owned());
            held_back = Some("contraindicated".to_owned());
        }
        None => checks.push("no declared condition speaks against it".to_owned()),
    }
    if entry.risk == RiskLevel::High {
        held_back = Some("human_review_needed".to_owned());
    }
    let safety = SafetyDecision {
        risk_level: entry.risk,
        evidence_grade: entry.literature_grade,
        boundary: entry.boundary,
        checks,
    };
    (safety, held_back)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::profile::Condition;

    #[test]
    fn the_shipped_catalogue_parses_and_names_its_sources() {
        let parsed: Catalogue = serde_json::from_str(CATALOGUE).unwrap();
        assert_eq!(parsed.entries.len(), 3);
        for entry in parsed.entries {
            assert_eq!((entry.risk, entry.boundary), (RiskLevel::Low, Boundary::Informational));
            assert!(entry.literature_source.len() > 20 && !entry.contraindications.is_empty(), "{}", entry.key);
        }
    }

    #[test]
    fn a_declared_condition_holds_a_suggestion_back() {
        let entry = &catalogue().entries[0];
        let mut profile = Profile::default();
        assert_eq!(decide(entry, &profile).1, None);
        profile.conditions = Some(BTreeSet::from([Condition::Bipolar]));
        assert_eq!(decide(entry, &profile).1.as_deref(), Some("contraindicated"));
    }

    #[test]
    fn an_undeclared_profile_admits_only_low_risk_information() {
        let mut entry = catalogue().entries[0].clone();
        entry.boundary = Boundary::Lifestyle;
        assert_eq!(decide(&entry, &Profile::default()).1.as_deref(), Some("profile_not_declared"));
    }
}
