//! INTERVENE: is there something low-risk this person could try about what was found?
//!
//! Input: the statements that hold, the profile, the catalogue. Output: suggestions with their safety decision, or the
//! reason why one was held back. Safety comes first; what is unknown about a person is not taken for safe.

pub mod safety;

use std::sync::OnceLock;

use serde::Deserialize;

use super::run::{Run, RunError};
use crate::domain::claim::Direction;
use crate::domain::degradation::Degradation;
use crate::domain::event::{ExperimentInvalidated, InterventionProposed, InterventionSuppressed};
use crate::domain::experiment::{ExperimentStatus, is_news};
use crate::domain::insight::{Insight, InsightKind};
use crate::domain::intervention::{CatalogueEntry, Proposal, ProposalStatus};
use crate::domain::safety::{Subject, allowance};

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

/// The catalogue's entry with a key.
#[must_use]
pub fn entry(key: &str) -> Option<&'static CatalogueEntry> {
    catalogue().entries.iter().find(|entry| entry.key == key)
}

/// Suggestions open at once about one statement.
const MOST_OF_ONE: usize = 2;

/// Takes back what is no longer allowed: open suggestions, accepted ones, running experiments. It runs every day, before
/// anything is looked for.
///
/// # Errors
/// When an event would break an invariant.
pub fn withhold(run: &mut Run<'_>) -> Result<(), RunError> {
    let held: Vec<Proposal> = run
        .state
        .proposals
        .values()
        .filter(|held| matches!(held.status, ProposalStatus::Open | ProposalStatus::Accepted))
        .map(|held| held.proposal.clone())
        .collect();
    for proposal in held {
        if let Some(reason) = safety::refused(&proposal.intervention, &run.state) {
            run.emit(InterventionSuppressed { proposal, reason: reason.to_owned() })?;
        }
    }
    // An experiment is called off on the day the person lives in, not on one that is made up for.
    if run.now.is_none() {
        return Ok(());
    }
    let running = run.state.experiments.values().filter(|e| e.status == ExperimentStatus::Running);
    let refused: Vec<_> =
        running.filter_map(|e| Some((e.plan.id, safety::refused(&e.plan.intervention, &run.state)?))).collect();
    for (experiment_id, reason) in refused {
        run.emit(ExperimentInvalidated { experiment_id, day: run.day, reason: reason.to_owned() })?;
    }
    Ok(())
}

/// Runs the stage.
///
/// # Errors
/// When an event would break an invariant.
pub fn stage(run: &mut Run<'_>) -> Result<(), RunError> {
    outlived(run)?;
    let told = |i: &&Insight| !run.state.is_disputed(i, run.day) && !run.state.is_taken_back(&i.evidence.sources);
    let mut adverse: Vec<Insight> =
        run.state.insights.values().filter(told).filter(|i| is_adverse(i)).cloned().collect();
    // What comes first can keep out what contradicts it: the order is not left to the ids.
    adverse.sort_by_key(|insight| (insight.metric, insight.kind, insight.day));
    for insight in adverse {
        suggest(run, &insight)?;
    }
    Ok(())
}

/// A suggestion goes when the change it answers goes or is disputed, or when it cannot be told how things are now.
fn outlived(run: &mut Run<'_>) -> Result<(), RunError> {
    let open = run.state.proposals.values().filter(|held| held.status == ProposalStatus::Open);
    let outlived = open.filter_map(|held| {
        let reason = match run.state.insights.get(&held.proposal.insight_id) {
            None => "insight_no_longer_holds",
            Some(insight) if run.state.is_disputed(insight, run.day) => "insight_is_disputed",
            Some(insight) if run.state.is_taken_back(&insight.evidence.sources) => "consent_was_withdrawn",
            Some(insight) => safety::rests(run, insight.metric)?,
        };
        Some(InterventionSuppressed { proposal: held.proposal.clone(), reason: reason.to_owned() })
    });
    let outlived: Vec<InterventionSuppressed> = outlived.collect();
    for suppressed in outlived {
        run.emit(suppressed)?;
    }
    Ok(())
}

/// Suggests the first entries that are allowed, and records why those before them were held back.
fn suggest(run: &mut Run<'_>, insight: &Insight) -> Result<(), RunError> {
    let wanted = match insight.direction {
        Some(Direction::Lower) => Direction::Higher,
        _ => Direction::Lower,
    };
    let aims = |entry: &&CatalogueEntry| {
        entry.targets.iter().any(|target| target.metric == insight.metric && target.direction == wanted)
    };
    let mut fitting: Vec<&CatalogueEntry> = catalogue().entries.iter().filter(aims).collect();
    // The gentlest first, and of those the best supported.
    fitting.sort_by_key(|entry| (entry.risk, entry.boundary, entry.literature_grade));
    let mut open = 0;
    for entry in fitting {
        let id = run.id(&format!("proposal/{}/{}", entry.key, insight.id));
        let known = run.state.proposals.get(&id).map(|held| held.status);
        if known == Some(ProposalStatus::Declined) {
            continue;
        }
        if matches!(known, Some(ProposalStatus::Open | ProposalStatus::Accepted)) {
            open += 1;
        } else {
            let proposal = Proposal {
                id,
                intervention: entry.key.clone(),
                catalogue_version: catalogue().version,
                metric: insight.metric,
                direction: wanted,
                day: run.day,
                insight_id: insight.id,
                safety: safety::decision(entry, &run.state.profile),
                sources: insight.evidence.sources.clone(),
            };
            match safety::held_back(run, entry, &proposal) {
                None => {
                    run.emit(InterventionProposed { proposal })?;
                    open += 1;
                }
                // What was held back before is not written again every day.
                Some(_) if known.is_some() => {}
                Some(reason) => {
                    if reason == safety::HIGH_RISK {
                        let subject = Subject::Intervention(id);
                        crate::engine::safety::ask(run, subject, reason, proposal.sources.clone())?;
                    }
                    run.emit(InterventionSuppressed { proposal, reason: reason.to_owned() })?;
                }
            }
        }
        if open >= MOST_OF_ONE {
            break;
        }
    }
    Ok(())
}

fn is_adverse(insight: &Insight) -> bool {
    InsightKind::MOVES.contains(&insight.kind)
        && insight.direction.is_some_and(|direction| direction.is_unwelcome_in(insight.metric))
}

/// What this stage holds back, for the person to see.
#[must_use]
pub fn held_back(run: &Run<'_>) -> Vec<Degradation> {
    let mut states = Vec::new();
    let reviews = run.state.reviews.values().filter(|held| held.decision.is_none()).count();
    if reviews > 0 {
        states.push(Degradation::HumanReviewNeeded { reviews: u32::try_from(reviews).unwrap_or(u32::MAX) });
    }
    let news = run.state.evaluations.values().filter(|e| is_news(e.day, run.day));
    states.extend(
        news.filter(|e| !e.unreliable.is_empty()).map(|e| Degradation::EvaluationUnreliable { metric: e.metric }),
    );
    let adverse = run.state.insights.values().filter(|i| is_adverse(i)).map(|i| i.metric);
    states.extend(
        adverse
            .filter(|metric| safety::is_unsteady(run, *metric))
            .map(|metric| Degradation::InterventionSuppressed { metric }),
    );
    let tried = run.state.proposals.values().filter(|held| held.status == ProposalStatus::Invalidated);
    states.extend(
        tried
            .filter(|held| allowance(&run.state).permits(&held.proposal.safety).is_err())
            .map(|held| Degradation::ProtocolInvalidated { intervention: held.proposal.intervention.clone() }),
    );
    states.sort();
    states.dedup();
    states
}
