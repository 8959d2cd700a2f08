//! `intervention`: what there is to try, and the person's answer.

use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::person::PersonId;
use crate::engine::suggestions::Answer;
use crate::engine::{Engine, intervene};

#[derive(Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// The catalogue, and what was suggested.
    List,
    /// I will try it.
    Accept {
        /// The suggestion's id.
        id: Uuid,
    },
    /// I will not.
    Decline {
        /// The suggestion's id.
        id: Uuid,
    },
}

pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    person: PersonId,
    action: &Action,
) -> Result<bool, Failure> {
    let (id, answer, said) = match action {
        Action::List => return list(engine, out, person).await,
        Action::Accept { id } => (*id, Answer::Accept, "accepted"),
        Action::Decline { id } => (*id, Answer::Decline, "declined"),
    };
    engine.answer_suggestion(person, id, answer, config.now).await?;
    if out.json {
        out.document(&json!({ "id": id, "status": said }))?;
    } else {
        out.line(&format!("Suggestion {id}: {said}."))?;
    }
    Ok(true)
}

async fn list(engine: &Engine, out: &Out, person: PersonId) -> Result<bool, Failure> {
    let state = engine.state(person).await?;
    let suggested: Vec<_> = state.proposals.values().collect();
    if out.json {
        out.document(&json!({ "catalogue": intervene::catalogue().entries, "suggested": suggested }))?;
        return Ok(true);
    }
    let rows = intervene::catalogue()
        .entries
        .iter()
        .map(|e| vec![e.key.clone(), e.title.clone(), e.literature_grade.to_string(), e.literature_source.clone()]);
    out.table(&["key", "what", "literature", "source"], rows.collect())?;
    let rows = suggested.iter().map(|held| {
        let p = &held.proposal;
        vec![
            p.id.to_string(),
            p.intervention.clone(),
            p.metric.to_string(),
            format!("{:?}", held.status).to_lowercase(),
        ]
    });
    out.heading("Suggested to you")?;
    out.table(&["id", "what", "because of", "status"], rows.collect())?;
    Ok(true)
}
