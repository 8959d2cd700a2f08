//! `review`: what a human is asked to look at, and their answer.

use clap::{Subcommand, ValueEnum};
use serde_json::json;
use uuid::Uuid;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::person::PersonId;
use crate::domain::safety::Decision;
use crate::engine::Engine;
use crate::engine::reviews::Verdict;

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
            let decision = match decision {
                Word::Clear => Decision::Clear,
                Word::Keep => Decision::Keep,
            };
            let verdict = Verdict { decision, reason: reason.clone(), by: None };
            if !verdict.says_why() {
                return Err(Failure::usage("--reason: say why, in at most 500 letters"));
            }
            engine.resolve_review(person, *id, &verdict, config.now).await?;
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
    let reviews = engine.reviews(person).await?;
    if out.json {
        out.document(&reviews)?;
        return Ok(true);
    }
    if reviews.is_empty() {
        out.line("Nothing is asked of a reviewer.")?;
        return Ok(true);
    }
    let rows = reviews.iter().map(|review| {
        let decision = match review.decision {
            None => "open",
            Some(Decision::Clear) => "cleared",
            Some(Decision::Keep) => "kept",
        };
        vec![
            review.id.to_string(),
            review.day.to_string(),
            review.reason.clone(),
            format!("{} {}", review.entity_type, review.entity_id),
            decision.to_owned(),
        ]
    });
    out.table(&["id", "since", "because of", "about", "decision"], rows.collect())?;
    Ok(true)
}
