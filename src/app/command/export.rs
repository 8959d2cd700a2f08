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
use crate::engine::export::{Failed, Step};
use crate::engine::ports::proof::ExportSigner;

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
    let checkpoints = system::checkpoints(config, opened)?;

    let bar = out.bar(0, "writing events");
    let show = |step, done| show(&bar, step, done);
    let signing = (signer, &checkpoints as _);
    let written = opened.engine.export_into(gathering.path(), person, signing, config.now, &show).await?;
    bar.finish_and_clear();
    fs::rename(gathering.path(), folder)?;
    // Nothing is left to be removed.
    let _ = gathering.keep();
    fs::File::open(parent)?.sync_all()?;

    if out.json {
        out.document(&json!({
            "folder": folder, "events": written.events, "observations": written.observations,
            "originals": written.originals, "unreadable": written.unreadable,
        }))?;
    } else {
        out.line(&format!(
            "{} events, {} observations and {} original files were written to {}.",
            written.events,
            written.observations,
            written.originals,
            folder.display()
        ))?;
        out.note(&format!("It is in clear. `candor verify --export {}` checks it.", folder.display()));
    }
    for wrong in written.unreadable.iter().chain(&written.unproven) {
        out.error(wrong);
    }
    Ok(written.unreadable.is_empty() && written.unproven.is_none())
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
        Step::Measured => {
            bar.set_length(done);
            bar.set_message("writing measurements");
        }
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
