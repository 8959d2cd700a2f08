//! `export`: everything of a person, in open formats, written whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::files;
use crate::app::present::Out;
use crate::app::system::{self, Opened};
use crate::domain::day::LocalDay;
use crate::domain::person::PersonId;
use crate::engine::ports::checkpoint::Checkpoints as _;
use crate::engine::ports::proof::ExportSigner;
use crate::engine::{Engine, EngineError};
use crate::store::atomic_file::write_atomically;
use crate::store::checkpoint::{Inclusion, Wanted};

pub(super) async fn run(
    opened: &Opened,
    config: &Config,
    out: &Out,
    person: PersonId,
    folder: &Path,
) -> Result<bool, Failure> {
    let engine = &opened.engine;
    if folder.exists() {
        return Err(Failure::usage(format!("{} exists already; name a new folder", folder.display())));
    }
    let state = engine.state(person).await?;
    let observations = engine.views.observations(person, LocalDay::FIRST).await.map_err(EngineError::from)?;
    let insights = engine.insights(person).await?;
    let narratives = engine.views.entities(person, "narrative", None).await.map_err(EngineError::from)?;
    // Everything is gathered beside its place and appears under its name at once.
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let gathering = parent.join(format!(".{}.{}.part", files::name(folder), std::process::id()));
    std::fs::create_dir_all(&gathering)?;
    let events = match events(engine, config, person, &gathering).await {
        Ok(events) => events,
        Err(failure) => {
            let _ = std::fs::remove_dir_all(&gathering);
            return Err(failure);
        }
    };
    // That something is wrong with the log must not keep back everything else either.
    let (proof, unproven) = match prove(config, opened, person, events).await {
        Ok(proof) => (proof, None),
        Err(failure) => (None, Some(failure.message)),
    };
    let write = || -> Result<(), Failure> {
        let mut rows = Vec::new();
        for (observation, _) in &observations {
            rows.push(serde_json::to_string(observation)?);
        }
        write_atomically(&gathering.join("observations.ndjson"), |out| {
            rows.iter().try_for_each(|row| writeln!(out, "{row}"))
        })?;
        if let Some(proof) = &proof {
            let text = serde_json::to_string_pretty(proof)?;
            write_atomically(&gathering.join("proof.json"), |out| out.write_all(text.as_bytes()))?;
        }
        let summary = json!({
            "person": person, "profile": state.profile, "insights": insights,
            "narratives": narratives.iter().map(|n| &n.body).collect::<Vec<_>>(),
        });
        let text = serde_json::to_string_pretty(&summary)?;
        write_atomically(&gathering.join("person.json"), |out| out.write_all(text.as_bytes()))?;
        Ok(())
    };
    let outcome = write();
    let originals = originals(&state.files);
    let mut unreadable = Vec::new();
    if outcome.is_ok() {
        std::fs::create_dir_all(gathering.join("originals"))?;
        for (digest, name) in &originals {
            let target = gathering.join("originals").join(format!("{}-{name}", &digest[..8.min(digest.len())]));
            // One that was lost or changed must not keep back everything else.
            if let Err(error) = engine.originals.give_back(person, digest, &target).await {
                unreadable.push(format!("{name}: {error}"));
            }
        }
    }
    let outcome = outcome.and_then(|()| Ok(std::fs::rename(&gathering, folder)?));
    if let Err(failure) = outcome {
        let _ = std::fs::remove_dir_all(&gathering);
        return Err(failure);
    }
    let given_back = originals.len() - unreadable.len();
    if out.json {
        out.document(&json!({
            "folder": folder, "events": events, "observations": observations.len(), "originals": given_back,
            "unreadable": unreadable,
        }))?;
    } else {
        out.line(&format!(
            "{events} events, {} observations and {given_back} original files were written to {}.",
            observations.len(),
            folder.display()
        ))?;
    }
    for wrong in unreadable.iter().chain(&unproven) {
        out.error(wrong);
    }
    Ok(unreadable.is_empty() && unproven.is_none())
}

/// Holds the log fast, and proves that the last event of an export is in it.
async fn prove(config: &Config, opened: &Opened, person: PersonId, events: u64) -> Result<Option<Inclusion>, Failure> {
    let last = opened.engine.journal.told(person, events.saturating_sub(1), 1).await.map_err(EngineError::from)?;
    let Some(last) = last.first() else { return Ok(None) };
    let checkpoints = system::checkpoints(config, opened)?;
    checkpoints.write().await?;
    Ok(checkpoints.prove(Wanted::Id(last.event_id)).await?)
}

/// The digest and the name of each original, from the keys of the files that were taken.
fn originals(files: &BTreeSet<String>) -> BTreeMap<&str, &str> {
    let named = files.iter().filter_map(|key| key.split_once('/')).filter(|(digest, _)| !digest.is_empty());
    named.map(|(digest, part)| (digest, part.split('/').next().unwrap_or(part))).collect()
}

/// Writes every event with its proof, and gives how many there are.
async fn events(engine: &Engine, config: &Config, person: PersonId, folder: &Path) -> Result<u64, Failure> {
    let secret = system::signing_secret(config)?;
    let signer = Arc::new(ExportSigner::new(secret.as_slice()).map_err(Failure::configuration)?);
    let mut export = engine.export(person, signer, config.now).await?;
    let mut file = BufWriter::new(File::create_new(folder.join("events.ndjson"))?);
    loop {
        let lines = export.next().await?;
        if lines.is_empty() {
            break;
        }
        file.write_all(&lines)?;
    }
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(export.events())
}
