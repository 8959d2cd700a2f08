//! `consent`: what a person allows.

use std::collections::BTreeSet;

use clap::Subcommand;
use serde_json::json;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::engine::Engine;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// Allow a purpose: processing, `narrative_by_model`, `values_to_model`, review, provider:whoop.
    Grant {
        /// The purpose.
        purpose: String,
    },
    /// Take it back.
    Withdraw {
        /// The purpose.
        purpose: String,
    },
    /// What is allowed now.
    List,
}

pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    person: PersonId,
    action: &Action,
) -> Result<bool, Failure> {
    let parse = |text: &str| text.parse::<Purpose>().map_err(Failure::usage);
    let state = match action {
        Action::List => engine.state(person).await?,
        Action::Grant { purpose } => engine.grant(person, parse(purpose)?, config.now).await?,
        Action::Withdraw { purpose } => engine.withdraw(person, parse(purpose)?, config.now).await?,
    };
    let names = |purposes: &BTreeSet<Purpose>| purposes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (granted, withdrawn) = (names(&state.consents), names(&state.withdrawn));
    if out.json {
        return out.document(&json!({ "granted": granted, "withdrawn": withdrawn })).map(|()| true);
    }
    let list = if granted.is_empty() { "nothing".to_owned() } else { granted.join(", ") };
    out.line(&format!("You allow: {list}."))?;
    if !withdrawn.is_empty() {
        out.line(&format!(
            "You took back: {}. From the next `candor loop` on none of it happens; what is held stays held.",
            withdrawn.join(", ")
        ))?;
    }
    Ok(true)
}
