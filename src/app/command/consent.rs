//! `consent`: what a person allows.

use std::collections::BTreeSet;

use clap::Subcommand;
use serde_json::json;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::event::{ConsentGranted, ConsentWithdrawn};
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::engine::Engine;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// Allow a purpose: processing, `narrative_by_model`, `values_to_model`, provider:whoop.
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
        Action::Grant { purpose } => {
            let purpose = parse(purpose)?;
            let decide = |state: &crate::domain::state::PersonState| {
                let known = state.consents.contains(&purpose);
                Ok(if known { Vec::new() } else { vec![ConsentGranted { purpose }.into()] })
            };
            engine.decide(person, "consent", config.now, decide).await?
        }
        Action::Withdraw { purpose } => {
            let purpose = parse(purpose)?;
            let decide = |state: &crate::domain::state::PersonState| {
                // A provider's data are taken without being asked for, so what was never granted can be taken back too.
                let known = state.withdrawn.contains(&purpose);
                Ok(if known { Vec::new() } else { vec![ConsentWithdrawn { purpose }.into()] })
            };
            engine.decide(person, "consent", config.now, decide).await?
        }
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
