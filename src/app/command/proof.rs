//! `checkpoint`, `prove`, what `verify` compares the log with, and what it checks without a store.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::operate::counted;
use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::app::system::{self, Opened};
use crate::engine::ports::checkpoint::{Anchor, CheckpointError, Checkpoints as _};
use crate::store::checkpoint::{Consistency, Inclusion, Verifier, Wanted};
use crate::store::log::Position;
use crate::store::{exported_folder, proof};

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
    let wanted = match (event.parse::<Position>(), Uuid::parse_str(event)) {
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

/// Writes the proof that the log of the newest checkpoint only grew since an earlier one.
pub(super) async fn prove_since(config: &Config, opened: &Opened, out: &Out, file: &Path) -> Result<bool, Failure> {
    let checkpoints = system::checkpoints(config, opened)?;
    let note = read(file)?;
    let before = checkpoints.signer().verifier().open(&note);
    let before = before.map_err(|bad| Failure::refused(format!("{}: {bad}", file.display())))?;
    out.document(&checkpoints.prove_since(&note, before).await?)?;
    Ok(true)
}

/// What `prove` writes: they have no member in common but the checkpoint.
#[derive(Deserialize)]
#[serde(untagged)]
enum Proof {
    Event(Inclusion),
    Growth(Consistency),
}

/// Checks a proof; no store is looked at.
pub(super) fn check(out: &Out, file: &Path, key: &str) -> Result<bool, Failure> {
    let verifier = parse(key)?;
    let proof: Proof = serde_json::from_str(&read(file)?)
        .map_err(|_| Failure::refused(format!("{}: it is no proof as `candor prove` writes it", file.display())))?;
    let (document, told) = match proof {
        Proof::Event(proof) => (
            json!({ "hash": proof.hash, "index": proof.index, "size": proof.size }),
            proof.check(&verifier).map(|()| {
                format!(
                    "the event with the hash {} is number {} of the {} that the checkpoint holds",
                    proof.hash,
                    proof.index + 1,
                    proof.size
                )
            }),
        ),
        Proof::Growth(proof) => {
            let grew = proof.check(&verifier);
            let (from, size) = grew.map_or((None, None), |(from, size)| (Some(from), Some(size)));
            let told = grew.map(|(from, to)| {
                format!("the log of {to} events begins with the {from} of the earlier checkpoint, unchanged")
            });
            (json!({ "from": from, "size": size }), told)
        }
    };
    let rule = told.as_ref().err();
    if out.json {
        let mut document = document;
        document["ok"] = json!(rule.is_none());
        document["faults"] = rule.iter().map(|rule| json!({ "position": "", "rule": rule })).collect();
        out.document(&document)?;
    } else {
        match &told {
            Ok(told) => out.line(&format!("ok: {told}"))?,
            Err(rule) => {
                out.line(&format!("{}: breaks the rule {rule}", file.display()))?;
                out.note("It proves nothing: it was changed, belongs to something else, or was signed by another key.");
            }
        }
    }
    Ok(told.is_ok())
}

/// Checks an export; the store it came from is not looked at.
pub(super) fn verify_export(
    out: &Out,
    path: &Path,
    signed_by: Option<&str>,
    key: Option<&str>,
) -> Result<bool, Failure> {
    if signed_by.is_some_and(|key| key.len() != 64 || !key.bytes().all(|digit| digit.is_ascii_hexdigit())) {
        return Err(Failure::usage(
            "--signed-by is 64 hexadecimal digits, as `exports_signed_by` of `system/status` has them",
        ));
    }
    let verifier = key.map(parse).transpose()?;
    let bar = out.bar(0, "verifying");
    let progress = |events| bar.set_position(events);
    let checked = if path.is_dir() {
        exported_folder::check(path, signed_by, verifier.as_ref(), &progress)
    } else if verifier.is_some() {
        return Err(Failure::usage("--key checks the proof in an exported folder; name the folder"));
    } else {
        let opened = File::open(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        proof::check(BufReader::new(opened), signed_by, &progress)
    };
    bar.finish_and_clear();
    let checked = checked.map_err(|error| Failure::refused(format!("{}: {error}", path.display())))?;
    if out.json {
        out.document(&checked)?;
        return Ok(checked.ok);
    }
    if checked.ok {
        let signed = checked.signed_by.as_deref().unwrap_or_default();
        let (whose, when) = (checked.stream.as_deref().unwrap_or_default(), checked.exported_at.as_deref());
        let when = when.unwrap_or_default();
        out.line(&format!("ok: {} of {whose}, as they were recorded up to {when}", counted(checked.events, "event")))?;
        if checked.erased > 0 {
            out.line(&format!(
                "{} erased: their place is proven, what they said is gone",
                counted(checked.erased, "event")
            ))?;
        }
        if checked.files > 0 {
            out.line(&format!(
                "{} as they were made",
                counted(usize::try_from(checked.files).unwrap_or(usize::MAX), "file")
            ))?;
        }
        if let Some(size) = checked.checkpoint {
            out.line(&format!("the last event is in the log of a checkpoint of {size} events"))?;
        }
        out.line(&format!("signed by {signed}"))?;
        if checked.checkpoint.is_some() && key.is_none() {
            out.note("Who signed that checkpoint was not looked at: name the key with --key.");
        }
        if signed_by.is_none() {
            out.note(
                "Compare that key with the one your server gives as `exports_signed_by`, or name it with --signed-by.",
            );
        }
    }
    for fault in &checked.faults {
        out.line(&format!("{}: breaks the rule {}", fault.position, fault.rule))?;
    }
    if !checked.ok {
        out.note("This is not an export as a server made it: it was cut, changed, or signed by another.");
    }
    Ok(checked.ok)
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
