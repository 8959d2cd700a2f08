//! `checkpoint`, `prove`, and what `verify` compares the log with.

use std::fs;
use std::path::Path;

use serde_json::json;
use uuid::Uuid;

use super::operate::counted;
use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::app::system::{self, Opened};
use crate::engine::ports::checkpoint::{Anchor, CheckpointError, Checkpoints as _};
use crate::store::checkpoint::{Inclusion, Verifier, Wanted};

/// Writes a checkpoint of the log as it is.
pub(super) async fn write(config: &Config, opened: &Opened, out: &Out) -> Result<bool, Failure> {
    let checkpoints = system::checkpoints(config, opened)?;
    let Some(kept) = checkpoints.write().await? else {
        return Err(Failure::refused("the log is empty: there is nothing to hold fast yet"));
    };
    let verifier = checkpoints.signer().verifier().to_string();
    let (size, file) = (kept.anchor.size, &kept.file);
    if out.json {
        out.document(&json!({ "size": size, "file": file, "verifier": verifier, "checkpoint": kept.note }))?;
    } else {
        let count = counted(usize::try_from(size).unwrap_or(usize::MAX), "event");
        out.line(&format!("The log of {count} is held fast in {}.", file.display()))?;
        out.line(&format!("The key that checks it: {verifier}"))?;
        out.note("Keep both where nobody who may change the log can change them.");
    }
    Ok(true)
}

/// Writes the proof that an event is in the log of the newest checkpoint.
pub(super) async fn prove(config: &Config, opened: &Opened, out: &Out, event: &str) -> Result<bool, Failure> {
    let wanted = match (event.parse::<u64>(), Uuid::parse_str(event)) {
        (Ok(position), _) => Wanted::Position(position),
        (_, Ok(id)) => Wanted::Id(id),
        (Err(_), Err(_)) => {
            return Err(Failure::usage("name an event by its id or its position, as `candor audit` shows them"));
        }
    };
    match system::checkpoints(config, opened)?.prove(wanted).await? {
        Some(proof) => {
            out.document(&proof)?;
            Ok(true)
        }
        None => Err(Failure::refused(
            "there is no such event in the newest checkpoint; if it came later, `candor checkpoint` writes one with it",
        )),
    }
}

/// Checks the proof of an event; no store is looked at.
pub(super) fn check(out: &Out, file: &Path, key: &str) -> Result<bool, Failure> {
    let verifier = parse(key)?;
    let text = read(file)?;
    let proof: Inclusion = serde_json::from_str(&text)
        .map_err(|_| Failure::refused(format!("{}: it is no proof as `candor prove` writes it", file.display())))?;
    let rule = proof.check(&verifier).err();
    if out.json {
        let faults: Vec<_> = rule.iter().map(|rule| json!({ "position": "", "rule": rule })).collect();
        out.document(&json!({ "ok": rule.is_none(), "hash": proof.hash, "index": proof.index, "size": proof.size, "faults": faults }))?;
    } else if let Some(rule) = rule {
        out.line(&format!("{}: breaks the rule {rule}", file.display()))?;
        out.note("It proves nothing: it was changed, belongs to another event, or was signed by another key.");
    } else {
        out.line(&format!(
            "ok: the event with the hash {} is number {} of the {} that the checkpoint holds",
            proof.hash,
            proof.index + 1,
            proof.size
        ))?;
    }
    Ok(rule.is_none())
}

/// What the log is compared with: the checkpoint that is named, else the newest one of this store.
///
/// # Errors
/// The rule that a checkpoint breaks which is none or not signed by the key; it is a fault like any other.
pub(super) async fn anchor(
    config: &Config,
    opened: &Opened,
    (file, key): (Option<&Path>, Option<&str>),
) -> Result<Result<Option<Anchor>, (&'static str, String)>, Failure> {
    let checkpoints = system::checkpoints(config, opened)?;
    let Some(file) = file else {
        return match checkpoints.newest().await {
            Ok(kept) => Ok(Ok(kept.map(|kept| kept.anchor))),
            Err(CheckpointError::Refused { rule, what }) => Ok(Err((rule, what))),
            Err(error @ CheckpointError::Unavailable(_)) => Err(error.into()),
        };
    };
    let verifier = match key {
        Some(key) => parse(key)?,
        None => checkpoints.signer().verifier().clone(),
    };
    let opened = verifier.open(&read(file)?);
    Ok(opened.map(Some).map_err(|bad| {
        ("checkpoint_signature", format!("{}: {bad}; name the key that checks it with --key", file.display()))
    }))
}

fn parse(key: &str) -> Result<Verifier, Failure> {
    key.parse().map_err(|bad| Failure::usage(format!("--key: {bad}")))
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}
