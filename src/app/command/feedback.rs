//! `feedback`: a person's word on a statement.

use clap::Args;
use serde_json::json;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::feedback::Feedback;
use crate::domain::person::PersonId;
use crate::engine::Engine;

#[derive(Debug, Args)]
pub(in crate::app) struct Word {
    /// The id of an insight that holds, or of a claim it makes.
    id: String,
    /// useful, wrong or not_me
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(Feedback::ALL.map(Feedback::key)))]
    feedback: String,
}

pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    person: PersonId,
    word: &Word,
) -> Result<bool, Failure> {
    let feedback: Feedback = word.feedback.parse().map_err(|none| Failure::usage(format!("{none}")))?;
    let insight = engine.give_feedback(person, &word.id, feedback, config.now).await?;
    if out.json {
        out.document(&json!({ "id": insight.id, "feedback": feedback }))?;
        return Ok(true);
    }
    out.line(match feedback {
        Feedback::Useful => "Noted. From the next `candor loop` on it is told before others of its kind.",
        Feedback::Wrong | Feedback::NotMe => {
            "Noted. From the next `candor loop` on it is not told, and nothing is suggested because of it, for 90 days. \
             `candor insights` keeps it, marked."
        }
    })?;
    Ok(true)
}
