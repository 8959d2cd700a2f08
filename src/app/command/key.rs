//! `key`: the master key, which wraps every other.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::operate::counted;
use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::app::{rules, system};
use crate::store::keys::RotationError;
use crate::store::master_key;

/// What is done with the master key.
#[derive(Clone, Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// Wrap every key under another master key: the old one opens nothing any more but old copies of the keys.
    Rotate {
        /// The file of the new one, 64 hex digits.
        #[arg(long, value_name = "FILE")]
        new: PathBuf,
    },
}

/// Wraps every key anew, then puts the new master key in the place of the old one where that is ours to do. After a crash
/// it is run again as it was.
pub(super) async fn run(config: &Config, out: &Out, action: &Action) -> Result<bool, Failure> {
    let Action::Rotate { new } = action;
    let key = system::named_key("--new", new)?;
    if let Some(fault) = rules::weak_key("--new", &key) {
        return Err(Failure::usage(fault));
    }
    let keys = system::keys(config).await?;
    let rotated = keys.rotate(&key).await.map_err(|error| match error {
        RotationError::Another => Failure::configuration(format!("{error}: nothing was changed")),
        RotationError::Store(error) => Failure::from(error),
    })?;
    let own = system::own_master_key(config);
    if let Some(own) = &own {
        master_key::replace(own, &key)?;
    }
    if out.json {
        out.document(&json!({ "keys": rotated.keys, "before": rotated.before, "in_use": own }))?;
        return Ok(true);
    }
    let again = if rotated.before { " already" } else { "" };
    out.line(&format!("{} wrapped under the new master key{again}.", counted(rotated.keys, "key")))?;
    match own {
        Some(own) => out.note(&format!(
            "{} holds it now. Start every server again, keep a copy of it apart from the data, and remove {}.",
            own.display(),
            new.display()
        )),
        None => out.note(&format!(
            "Name it now: {} in CANDOR_MASTER_KEY_FILE, or what it holds in CANDOR_MASTER_KEY. Then start every server again.",
            new.display()
        )),
    }
    out.note("Destroy the old one with every copy of it: as long as it is there, it opens the copies of the keys made before now.");
    Ok(true)
}
