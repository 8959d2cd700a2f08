//! `export`: everything of a person, in open formats, written whole or not at all.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use indicatif::ProgressBar;
use serde_json::json;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::files;
use crate::app::present::Out;
use crate::app::system::{self, Opened};
use crate::domain::person::PersonId;
use crate::engine::EngineError;
use crate::engine::export::{Failed, Step};
use crate::engine::ports::checkpoint::Checkpoints as _;
use crate::engine::ports::proof::ExportSigner;
use crate::store::checkpoint::{Inclusion, Wanted};

pub(super) async fn run(
    opened: &Opened,
    config: &Config,
    out: &Out,
    person: PersonId,
    folder: &Path,
) -> Result<bool, Failure> {
    if folder.exists() {
        return Err(Failure::usage(format!("{} exists already; name a new folder", folder.display())));
    }
    // Everything is gathered beside its place and appears under its name at once; what fails leaves nothing behind.
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = format!(".{}.", files::name(folder));
    let gathering = private(tempfile::Builder::new().prefix(&name).suffix(".part")).tempdir_in(parent)?;
    let secret = system::signing_secret(config)?;
    let signer = Arc::new(ExportSigner::new(secret.as_slice()).map_err(Failure::configuration)?);
    let mut written = opened.engine.export_into(gathering.path(), person, signer, config.now);

    let bar = out.bar(0, "writing events");
    let events = written.events(&|step, done| show(&bar, step, done)).await?;
    // That something is wrong with the log must not keep back everything else either.
    let (proof, unproven) = match prove(config, opened, person, events).await {
        Ok(proof) => (proof, None),
        Err(failure) => (None, Some(failure.message)),
    };
    if let Some(proof) = &proof {
        written.put("proof.json", &serde_json::to_vec_pretty(proof)?)?;
    }
    bar.set_message("writing measurements");
    written.measured(&|step, done| show(&bar, step, done)).await?;
    written.told().await?;
    bar.set_message("writing originals");
    let given_back = written.originals().await?;
    let observations = written.observations();
    written.seal()?;
    bar.finish_and_clear();
    fs::rename(gathering.path(), folder)?;
    // Nothing is left to be removed.
    let _ = gathering.keep();
    fs::File::open(parent)?.sync_all()?;

    if out.json {
        out.document(&json!({
            "folder": folder, "events": events, "observations": observations, "originals": given_back.originals,
            "unreadable": given_back.unreadable,
        }))?;
    } else {
        out.line(&format!(
            "{events} events, {observations} observations and {} original files were written to {}.",
            given_back.originals,
            folder.display()
        ))?;
        out.note(&format!("It is in clear. `candor verify --export {}` checks it.", folder.display()));
    }
    for wrong in given_back.unreadable.iter().chain(&unproven) {
        out.error(wrong);
    }
    Ok(given_back.unreadable.is_empty() && unproven.is_none())
}

/// What is in clear is its owner's alone.
fn private<'a, 'b, 'c>(builder: &'c mut tempfile::Builder<'a, 'b>) -> &'c mut tempfile::Builder<'a, 'b> {
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder
}

fn show(bar: &ProgressBar, step: Step, done: u64) {
    match step {
        Step::Events { of } => bar.set_length(of),
        Step::Measured => bar.set_length(done),
    }
    bar.set_position(done);
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Engine(error) => error.into(),
            Failed::Disk(error) => error.into(),
        }
    }
}

/// Holds the log fast, and proves that the last event of an export is in it.
async fn prove(config: &Config, opened: &Opened, person: PersonId, events: u64) -> Result<Option<Inclusion>, Failure> {
    let last = opened.engine.journal.told(person, events.saturating_sub(1), 1).await.map_err(EngineError::from)?;
    let Some(last) = last.first() else { return Ok(None) };
    let checkpoints = system::checkpoints(config, opened)?;
    checkpoints.write().await?;
    Ok(checkpoints.prove(Wanted::Id(last.event_id)).await?)
}
