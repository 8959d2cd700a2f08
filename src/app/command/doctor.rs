//! `doctor`: what a server would refuse to start with, without starting it.

use serde_json::json;

use crate::app::cli::Addresses;
use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::app::rules::{self, Fault};

pub(super) async fn run(config: &Config, out: &Out, addresses: Addresses) -> Result<bool, Failure> {
    let faults = rules::examine(config, false, addresses).await.faults;
    if config.env_mode.is_none() {
        out.note("ENV_MODE is not set: production's rules hold.");
    }
    if out.json {
        document(config, out, &faults)?;
    } else if faults.is_empty() {
        out.line("nothing to complain of")?;
    }
    if !out.json {
        for fault in &faults {
            out.line(&fault.to_string())?;
        }
    }
    Ok(faults.is_empty())
}

/// Ends a start that the rules do not allow, with all they found.
pub(super) async fn refuse(config: &Config, out: &Out, local: bool, addresses: Addresses) -> Result<(), Failure> {
    if local && config.env_mode.is_none() {
        return Ok(());
    }
    let found = rules::examine(config, local, addresses).await;
    if found.faults.is_empty() {
        return Ok(());
    }
    let mut message = format!("candor does not start in {}:", config.mode_name());
    if out.json {
        document(config, out, &found.faults)?;
        message.push_str(" the faults are listed on standard output");
    } else {
        for fault in &found.faults {
            message.push_str(&format!("\n  {fault}"));
        }
    }
    // What passes is tried again by whatever watches over the server; what is set wrongly is not.
    Err(if found.passing { Failure::refused(message) } else { Failure::configuration(message) })
}

fn document(config: &Config, out: &Out, faults: &[Fault]) -> Result<(), Failure> {
    out.document(&json!({ "ok": faults.is_empty(), "env_mode": config.mode_name(), "faults": faults }))
}
