//! `review`: what a human is asked to look at, and their answer.

use clap::{Subcommand, ValueEnum};
use serde_json::json;
use uuid::Uuid;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::event::{Actor, HumanReviewResolved};
use crate::domain::person::PersonId;
use crate::domain::safety::Decision;
use crate::engine::{Engine, EngineError};

/// Letters a reason may have.
const MOST_OF_A_REASON: usize = 500;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// What is asked, and what was decided.
    List,
    /// Decide, with a reason that stays in the log.
    Resolve {
        /// The review's id.
        id: Uuid,
        /// Whether what it is about is over or harmless (clear), or stands (keep).
        #[arg(long)]
        decision: Word,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::app) enum Word {
    Clear,
    Keep,
}

pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    person: PersonId,
    action: &Action,
) -> Result<bool, Failure> {
    match action {
        Action::List => list(engine, out, person).await,
        Action::Resolve { id, decision, reason } => {
            let reason = reason.trim();
            if reason.is_empty() || reason.chars().count() > MOST_OF_A_REASON {
                return Err(Failure::usage("--reason: say why, in at most 500 letters"));
            }
            let decision = match decision {
                Word::Clear => Decision::Clear,
                Word::Keep => Decision::Keep,
            };
            let resolved = HumanReviewResolved { review_id: *id, decision, reason: reason.to_owned() };
            let decide = |state: &crate::domain::state::PersonState| {
                if !state.reviews.contains_key(id) {
                    return Err(EngineError::NotFound { what: "review", id: id.to_string() });
                }
                Ok(vec![resolved.clone().into()])
            };
            engine.decide_as(Actor::Operator, person, &format!("review/{id}"), config.now, decide).await?;
            if out.json {
                out.document(&json!({ "id": id, "decision": decision }))?;
            } else {
                out.line("It is recorded; `candor loop` brings everything up to date with it.")?;
            }
            Ok(true)
        }
    }
}

async fn list(engine: &Engine, out: &Out, person: PersonId) -> Result<bool, Failure> {
    let state = engine.state(person).await?;
    let reviews: Vec<_> = state.reviews.values().collect();
    if out.json {
        let rows = reviews.iter().map(|held| {
            let (entity_type, entity_id) = held.review.subject.entity();
            let text = state.notices.get(&entity_id).map(|notice| &notice.notice.text);
            json!({
                "id": held.review.id, "entity_type": entity_type, "entity_id": entity_id,
                "reason": held.review.reason, "day": held.review.day, "decision": held.decision, "text": text,
            })
        });
        out.document(&rows.collect::<Vec<_>>())?;
        return Ok(true);
    }
    if reviews.is_empty() {
        out.line("Nothing is asked of a reviewer.")?;
        return Ok(true);
    }
    let rows = reviews.iter().map(|held| {
        let (entity_type, entity_id) = held.review.subject.entity();
        let decision = match held.decision {
            None => "open",
            Some(Decision::Clear) => "cleared",
            Some(Decision::Keep) => "kept",
        };
        vec![
            held.review.id.to_string(),
            held.review.day.to_string(),
            held.review.reason.clone(),
            format!("{entity_type} {entity_id}"),
            decision.to_owned(),
        ]
    });
    out.table(&["id", "since", "because of", "about", "decision"], rows.collect())?;
    Ok(true)
}
