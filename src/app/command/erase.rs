//! `erase`: everything of a person, or of one provider, for good.

use std::io::IsTerminal as _;

use clap::Args;
use serde_json::json;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::erasure::Scope;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::engine::live::Live;

/// What is to be erased.
#[derive(Clone, Debug, Args)]
pub(in crate::app) struct Erase {
    /// Only what this provider brought, by files or live, and what rests on it: `provider disconnect` also ends the access.
    #[arg(long)]
    provider: Option<Provider>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(
    live: &Live,
    config: &Config,
    out: &Out,
    person: PersonId,
    erase: &Erase,
) -> Result<bool, Failure> {
    let scope = erase.provider.map_or(Scope::Person, Scope::Provider);
    let what = match erase.provider {
        None => format!("everything of person {person}"),
        Some(provider) => format!("what {} brought, and all that rests on it,", provider.label()),
    };
    if !erase.yes {
        ask(out, &what)?;
    }
    let erased = live.erase(person, scope, config.now).await?;
    if out.json {
        out.document(&json!(erased))?;
        return Ok(true);
    }
    let keys = erased.keys_destroyed.len();
    let done = match keys {
        0 => "there was nothing of it".to_owned(),
        1 => "1 key was destroyed".to_owned(),
        keys => format!("{keys} keys were destroyed"),
    };
    out.line(&format!(
        "Erased: {what} cannot be read by anybody any more ({done}). {} events stand in the log unreadable, and the log says so at \
         position {} (hash {}). Exports that you made are yours to delete. `candor backup` now, and no older backup brings it back.",
        erased.events_unreadable, erased.position, erased.hash
    ))?;
    if let Some(provider) = erase.provider {
        out.line(&format!("Nothing of it is taken in any more before `candor consent grant provider:{provider}`."))?;
    }
    Ok(true)
}

fn ask(out: &Out, what: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::refused(format!("{what} would be erased for good: `--yes` says that you want it")));
    }
    out.note(&format!("This erases {what} for good. Type `erase` to go on:"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() == "erase" { Ok(()) } else { Err(Failure::refused("nothing was erased")) }
}
