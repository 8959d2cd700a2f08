//! `restore`: puts a backup into an empty data folder, once all of it was looked at and whoever was erased since is erased again.
//!
//! Everything is made ready in a folder inside the data folder. One rename says that it is whole; what is left then is to move
//! its files up, and whichever command comes next does that if this one was killed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::operate::counted;
use crate::app::cluster;
use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::files;
use crate::app::present::Out;
use crate::app::system::{self, Opened};
use crate::domain::erasure::Scope;
use crate::domain::person::PersonId;
use crate::engine::EngineError;
use crate::engine::ports::checkpoint::Anchor;
use crate::engine::ports::erasing::DestroyedKey;
use crate::engine::verify::Verified;
use crate::store::backup::copy;
use crate::store::backup::manifest::{Holds, Manifest};
use crate::store::backup::shelf::Shelf;
use crate::store::keys::{RecordedKeys, destroyed_in};
use crate::store::log::events_after;
use crate::store::log_place::{self, LogPlace};
use crate::store::mode_tag;
use crate::store::verify::broken_rules;
use crate::store::views::{self, Place};

/// Where a restore is made ready: a killed one leaves it behind, and the next removes it.
const UNREADY: &str = "restore.part";
/// The same once it is whole.
const READY: &str = "restored";

/// What is put back.
#[derive(Clone, Debug, Args)]
pub(in crate::app) struct Restore {
    /// The backup. Left out where log and keys lie in databases that their own tools have put back: they are looked at, and who
    /// was erased since is erased again.
    folder: Option<PathBuf>,
    /// The copy of the keys, best the newest.
    #[arg(long, value_name = "DIR", requires = "folder")]
    keys: Option<PathBuf>,
    /// Although it is older than the newest checkpoint of the log, or not all in it can be read.
    #[arg(long)]
    anyway: bool,
}

/// What a store that is put back is held against.
struct Against {
    /// The keys that are destroyed.
    gone: Vec<DestroyedKey>,
    /// The checkpoint that lies in the backup, for where none is kept elsewhere.
    note: Option<String>,
    /// Whether it counts although something of it is missing.
    anyway: bool,
}

/// What was found and done before anything counted.
struct Restored {
    verified: Verified,
    again: Vec<(PersonId, Scope)>,
    /// Checkpoints of events that are not there.
    later: Vec<PathBuf>,
}

pub(super) async fn run(config: &Config, out: &Out, options: &Restore) -> Result<bool, Failure> {
    let Some(folder) = &options.folder else {
        if config.database_url.is_none() {
            return Err(Failure::usage("name the backup: `candor restore DIR --keys DIR`"));
        }
        let against = Against { gone: destroyed(config, &[])?, note: None, anyway: options.anyway };
        let restored = ready(like(config, config.data_dir.clone())?, out, against).await?;
        return report(config, out, &restored);
    };
    let data = &config.data_dir;
    empty(data)?;
    let manifest = Manifest::read(folder, Holds::Store)?;
    match (&manifest.log, &config.database_url) {
        (Some(_), Some(_)) => {
            return Err(Failure::usage("this backup holds a log of SQLite: restore it without DATABASE_URL"));
        }
        (None, None) => {
            return Err(Failure::usage(
                "the log of this backup lay in PostgreSQL: put that back by its own tools, and name it in DATABASE_URL",
            ));
        }
        _ => {}
    }
    let keys = match (&options.keys, &config.keys_url) {
        (Some(keys), None) => Some((keys, Manifest::read(keys, Holds::Keys)?)),
        (None, Some(_)) => None,
        (None, None) => {
            return Err(Failure::usage("name the copy of the keys with --keys: without them nothing can be read"));
        }
        (Some(_), Some(_)) => return Err(Failure::usage("the keys lie where CANDOR_KEYS_URL says: leave --keys out")),
    };
    let staged = like(config, data.join(UNREADY))?;
    let mut gone = destroyed(config, &[Some(folder), keys.as_ref().map(|(keys, _)| *keys)])?;
    gone.extend(manifest.destroyed.iter().chain(keys.iter().flat_map(|(_, keys)| &keys.destroyed)).cloned());
    gone.sort();
    gone.dedup();

    let unready = staged.data_dir.clone();
    if unready.exists() {
        std::fs::remove_dir_all(&unready)?;
    }
    let source = Source { folder, manifest, keys };
    let restored = match gathered(config, &source, &unready).await {
        Ok(()) => {
            let note = source.manifest.log.map(|log| log.checkpoint);
            ready(staged, out, Against { gone, note, anyway: options.anyway }).await
        }
        Err(failure) => Err(failure),
    };
    if restored.is_err() {
        std::fs::remove_dir_all(&unready)?;
    }
    let restored = restored?;
    for entry in std::fs::read_dir(&unready)? {
        copy::flush(&entry?.path())?;
    }
    copy::flush(&unready)?;
    std::fs::rename(&unready, data.join(READY))?;
    copy::flush(data)?;
    place_what_is_ready(data)?;
    report(config, out, &restored)
}

/// A backup and the copy of its keys.
struct Source<'a> {
    folder: &'a Path,
    manifest: Manifest,
    keys: Option<(&'a PathBuf, Manifest)>,
}

/// Copies every file, each only if it is what was written, and looks through the databases.
async fn gathered(config: &Config, source: &Source<'_>, unready: &Path) -> Result<(), Failure> {
    let Source { folder, manifest, keys } = source;
    copy::folder_private(unready)?;
    let sizes = manifest.files.iter().chain(keys.iter().flat_map(|(_, keys)| &keys.files)).map(|file| file.bytes);
    // The read models are made beside it.
    copy::room(unready, sizes.sum::<u64>() * 2)?;
    manifest.copy_out(folder, unready)?;
    if let Some((keys, manifest)) = keys {
        manifest.copy_out(keys, unready)?;
    }
    for name in ["log.db", "accounts.db", "jobs.db", "keys.db"].map(|name| unready.join(name)) {
        if name.exists() {
            copy::intact(&name)?;
        }
    }
    let place = config.database_url.clone().map_or_else(|| Place::Folder(unready.to_owned()), Place::Postgres);
    let (owner, mode) = (mode_tag::read(&place).await?, config.mode_name());
    match owner.filter(|owner| owner != mode) {
        None => Ok(()),
        Some(owner) => {
            Err(Failure::configuration(format!("ENV_MODE: this backup belongs to {owner}, and this is {mode}")))
        }
    }
}

/// Moves what a restore has made ready into the data folder. Of several that do so at once each does a part.
pub(super) fn place_what_is_ready(data: &Path) -> Result<(), Failure> {
    let gone_already = |outcome: std::io::Result<()>| match outcome {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    };
    let ready = data.join(READY);
    let Ok(entries) = std::fs::read_dir(&ready) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        gone_already(std::fs::rename(&path, data.join(files::name(&path))))?;
    }
    copy::flush(data)?;
    gone_already(std::fs::remove_dir(&ready))?;
    Ok(copy::flush(data)?)
}

/// Nothing lies there but keys that somebody has put there, and checkpoints.
fn empty(data: &Path) -> Result<(), Failure> {
    copy::folder_private(data)?;
    for entry in std::fs::read_dir(data)? {
        let name = files::name(&entry?.path());
        let ours = ["checkpoints", "lost+found", UNREADY].contains(&name.as_str()) || name.ends_with(".key");
        if !ours {
            return Err(Failure::refused(format!(
                "{} is not empty ({name} lies there): a backup is put into a new data folder only, which --data-dir names",
                data.display()
            )));
        }
    }
    Ok(())
}

/// The same settings over another folder. The secrets are those in the data folder, where somebody has put them: none is made.
fn like(config: &Config, folder: PathBuf) -> Result<Config, Failure> {
    if let Some(own) = system::own_master_key(config).filter(|own| !own.exists()) {
        return Err(Failure::configuration(format!(
            "{} is missing, and nothing can be read without it: put your copy of it there first",
            own.display()
        )));
    }
    let secret = config.checkpoint_key_file.clone().unwrap_or_else(|| config.data_dir.join("checkpoint.key"));
    Ok(Config {
        master_key: Some(system::master_key(config)?),
        database_url: config.database_url.clone(),
        keys_url: config.keys_url.clone(),
        cluster: config.cluster.clone(),
        checkpoint_dir: Some(system::checkpoint_folder(config)),
        checkpoint_key_file: (config.checkpoint_key_file.is_some() || secret.exists()).then_some(secret),
        env_mode: config.env_mode,
        slow_after: config.slow_after,
        ..Config::unset(folder, config.now)
    })
}

/// Every key that is known to be destroyed: where checkpoints lie, and in all backups there are beside these.
fn destroyed(config: &Config, beside: &[Option<&PathBuf>]) -> Result<Vec<DestroyedKey>, Failure> {
    let mut gone = destroyed_in(&system::checkpoint_folder(config))?;
    let real = beside.iter().flatten().filter_map(|folder| folder.canonicalize().ok());
    let beside = real.filter_map(|folder| folder.parent().map(Path::to_path_buf));
    let named = [&config.backup_dir, &config.keys_backup_dir].into_iter().flatten().cloned();
    for folder in beside.chain(named) {
        for holds in [Holds::Store, Holds::Keys] {
            gone.extend(Shelf::new(folder.clone(), holds).list()?.into_iter().flat_map(|one| one.manifest.destroyed));
        }
    }
    Ok(gone)
}

/// Looks at a store and makes it ready, in a runtime of its own: when that ends, no file of it is open any more.
async fn ready(staged: Config, out: &Out, against: Against) -> Result<Restored, Failure> {
    let out = Out { json: out.json, quiet: out.quiet };
    let done = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(made_ready(&staged, &out, against))
    });
    done.await.map_err(Failure::refused)?
}

async fn made_ready(staged: &Config, out: &Out, against: Against) -> Result<Restored, Failure> {
    let Against { gone, note, anyway } = against;
    if staged.cluster.url.is_some() {
        let place = system::place(staged);
        let tables = cluster::tables(&place).await?;
        // A cluster that was put back, or filled from a copy, may have other positions than the read models know.
        if log_place::settle(&tables, LogPlace::Cluster).await? == LogPlace::Cluster {
            views::begin_anew(&place, &tables).await?;
        }
    }
    let mut opened = system::open_all(staged).await?;
    let (anchor, later) = anchor(staged, &opened, note.as_deref()).await?;
    if let (Some(newest), false) = (later.last(), anyway) {
        return Err(Failure::refused(format!(
            "this log ends before {}: events are missing that were there when that checkpoint was made. Take a newer backup; \
             where there is none, --anyway takes this one",
            newest.display()
        )));
    }
    let bar = out.bar(0, "verifying");
    let (_, broken) = broken_rules(opened.log.as_ref(), anchor, &|events| bar.set_position(events)).await?;
    bar.finish_and_clear();
    if !broken.is_empty() {
        return Err(Failure::refused(format!("the log does not verify ({}): take another backup", broken.join(", "))));
    }
    let now = staged.now;
    let engine = &mut opened.engine;
    engine.views.catch_up().await.map_err(EngineError::from)?;
    engine.finish_all_erasing(now).await?;
    let keys = RecordedKeys::new(Arc::clone(&opened.keys), system::checkpoint_folder(staged));
    engine.keys = Arc::new(keys.naming(gone.clone()));
    let again = engine.erase_again(&gone, now).await?;
    let bar = out.bar(0, "verifying");
    let verified = engine.verify(None, &|events| bar.set_position(events)).await?;
    bar.finish_and_clear();
    if verified.faults.iter().any(|fault| fault.rule == "key_is_there") && !anyway {
        return Err(Failure::refused(
            "keys of this log are missing: the copy of the keys is older than the log. Name a newer one; where there is none, \
             --anyway leaves unreadable what they opened",
        ));
    }
    Ok(Restored { verified, again, later })
}

/// The newest checkpoint that this log can hold, and those it is too short for.
async fn anchor(
    staged: &Config,
    opened: &Opened,
    note: Option<&str>,
) -> Result<(Option<Anchor>, Vec<PathBuf>), Failure> {
    let folder = system::checkpoint_folder(staged);
    if staged.checkpoint_key_file.is_none() {
        let kept = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        if kept.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|ending| ending == "checkpoint")) {
            return Err(Failure::configuration(format!(
                "the key that checks the checkpoints in {} is missing: put checkpoint.key back first, or name it in \
                 CANDOR_CHECKPOINT_KEY_FILE",
                folder.display()
            )));
        }
        return Ok((None, Vec::new()));
    }
    let events = events_after(opened.log.as_ref(), None, u64::MAX).await?;
    let checkpoints = system::checkpoints(staged, opened)?;
    let (newest, later) = checkpoints.up_to(events)?;
    let anchor = match (newest, note) {
        (Some(kept), _) => Some(kept.anchor),
        (None, Some(note)) => Some(checkpoints.signer().verifier().open(note).map_err(|bad| {
            Failure::refused(format!(
                "the checkpoint in the backup: {bad}; put this store's checkpoint.key back, or take another backup"
            ))
        })?),
        (None, None) => None,
    };
    Ok((anchor, later))
}

fn report(config: &Config, out: &Out, restored: &Restored) -> Result<bool, Failure> {
    let Restored { verified, again, later } = restored;
    if out.json {
        let again: Vec<_> = again.iter().map(|(person, scope)| json!({ "person": person, "scope": scope })).collect();
        out.document(&json!({
            "ok": verified.ok, "events": verified.events, "redacted": verified.redacted, "erased_again": again,
            "faults": verified.faults, "later_checkpoints": later,
        }))?;
        return Ok(verified.ok);
    }
    out.line(&format!("{} are in {}, verified.", counted(verified.events, "event"), config.data_dir.display()))?;
    for (person, scope) in again {
        out.line(&format!("erased again, as it was before: {scope} of person {person}"))?;
    }
    for fault in &verified.faults {
        out.line(&format!("position {}: {}", fault.position, fault.rule))?;
    }
    if !later.is_empty() {
        out.line(
            "These checkpoints say what is missing. Move them aside, or `verify` and every new checkpoint are refused:",
        )?;
        for file in later {
            out.line(&format!("  {}", file.display()))?;
        }
    }
    Ok(verified.ok)
}
