//! `backup`: a copy of what cannot be made again, made while a server runs and looked at before it counts. The keys go elsewhere.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use clap::Args;
use serde_json::json;

use super::operate::counted;
use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::app::system;
use crate::engine::ports::checkpoint::{Checkpoints as _, Kept};
use crate::engine::ports::erasing::DestroyedKey;
use crate::store::backup::manifest::{Entry, Holds, LogEnd, Manifest};
use crate::store::backup::shelf::{Draft, Shelf, Shelved};
use crate::store::backup::{BackupError, copy};
use crate::store::keys::destroyed_in;
use crate::store::log::SqliteLog;
use crate::store::verify::broken_rules;

/// Days after which copies of keys are removed: whoever was erased meanwhile could be read with them.
const DAYS_OF_KEYS: i64 = 30;

/// Where copies go, and which stay.
#[derive(Clone, Debug, Args)]
pub(in crate::app) struct Backup {
    /// The folder of backups, best on another disk; each backup is a folder in it. Left out, CANDOR_BACKUP_DIR.
    folder: Option<PathBuf>,
    /// The folder of copies of the keys, which is nobody's who has the backups. Left out, CANDOR_KEYS_BACKUP_DIR.
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Keep so many of the newest backups, and say which ones are more than that.
    #[arg(long, value_name = "N")]
    keep: Option<NonZeroUsize>,
    /// Remove those.
    #[arg(long, requires = "keep")]
    apply: bool,
}

pub(super) async fn run(config: &Config, out: &Out, options: &Backup) -> Result<bool, Failure> {
    let folder =
        options.folder.as_ref().or(config.backup_dir.as_ref()).ok_or_else(|| {
            Failure::usage("name a folder on another disk: `candor backup DIR`, or CANDOR_BACKUP_DIR")
        })?;
    let keys = options.keys.as_ref().or(config.keys_backup_dir.as_ref());
    let on_sqlite = config.database_url.is_none();
    if on_sqlite && config.cluster.url.is_some() {
        return Err(Failure::refused(
            "the log lies on a cluster, which has backups of its own: name a PostgreSQL in DATABASE_URL for what lies beside \
             it (docs/cluster.md)",
        ));
    }
    if on_sqlite && !config.data_dir.join("log.db").exists() {
        return Err(Failure::refused(format!("{}: there is no log yet to be copied", config.data_dir.display())));
    }
    apart(&config.data_dir, folder, keys)?;
    let opened = system::open_all(config).await?;
    let held_fast = system::checkpoints(config, &opened)?.write().await?;
    let held_fast = held_fast.ok_or_else(|| Failure::refused("the log is empty: there is nothing to be copied yet"))?;

    let shelf = Shelf::new(folder.clone(), Holds::Store);
    let draft = shelf.begin(config.now)?;
    copy::room(&draft.folder, copy::needed(&config.data_dir))?;
    let mut manifest = Manifest::new(Holds::Store, config.now, env!("CARGO_PKG_VERSION"));
    if on_sqlite {
        let bar = out.bar(0, "verifying the copy");
        manifest.log = Some(databases(config, &draft, &held_fast, &|events| bar.set_position(events)).await?);
        bar.finish_and_clear();
    }
    copy::originals(&config.data_dir, &draft.folder)?;
    manifest.files = Entry::all(&draft.folder)?;
    // Last: what was erased while the rest was copied is among them.
    manifest.destroyed = destroyed(config, &shelf)?;
    let made = draft.finish(&manifest)?;
    let kept_keys = match keys {
        Some(keys) if config.keys_url.is_none() => Some(copy_keys(config, keys, &manifest.destroyed)?),
        _ => None,
    };
    let surplus = surplus(&shelf, options)?;
    report(config, out, &Report { made: &made, keys: kept_keys.as_ref(), surplus: &surplus, options })
}

/// The newest backup in the folder that the settings name.
pub(in crate::app) fn newest(config: &Config) -> Option<Shelved> {
    let folder = config.backup_dir.clone()?;
    // One that cannot be looked at is none that could be put back.
    Shelf::new(folder, Holds::Store).list().ok()?.pop()
}

/// What is told of a backup.
struct Report<'a> {
    made: &'a Shelved,
    keys: Option<&'a (Shelved, Vec<PathBuf>)>,
    surplus: &'a [PathBuf],
    options: &'a Backup,
}

fn report(config: &Config, out: &Out, report: &Report<'_>) -> Result<bool, Failure> {
    let Report { made, keys, surplus, options } = report;
    let manifest = &made.manifest;
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    if out.json {
        out.document(&json!({
            "folder": made.folder, "events": manifest.log.as_ref().map(|log| log.events), "files": manifest.files.len(),
            "bytes": bytes, "keys": keys.map(|(keys, _)| &keys.folder), "removed_keys": keys.map(|(_, gone)| gone),
            "surplus": surplus, "removed": options.apply,
        }))?;
        return Ok(true);
    }
    let log = manifest.log.as_ref().map(|log| format!("{}, verified on the copy, ", counted(log.events, "event")));
    let (log, files) = (log.unwrap_or_default(), counted(manifest.files.len(), "file"));
    out.line(&format!("{log}{files} of {} kB in {}", bytes.div_ceil(1_000), made.folder.display()))?;
    if config.database_url.is_some() {
        out.note(
            "The log, the accounts and the jobs lie in PostgreSQL and are not in it: `pg_basebackup` and the archive of its \
             own log copy them; docs/backup.md says how, and how to come back.",
        );
    }
    if config.cluster.url.is_some() {
        out.note("The events lie on a cluster and are not in it: docs/cluster.md says how they are copied.");
    }
    match keys {
        Some((keys, gone)) => {
            out.line(&format!("the keys in {}", keys.folder.display()))?;
            for folder in gone {
                out.line(&format!("removed older keys: {}", folder.display()))?;
            }
        }
        None if config.keys_url.is_some() => out.note(
            "The keys lie in a database of their own (CANDOR_KEYS_URL): copy it apart from the log's, and keep no copy longer \
             than 30 days.",
        ),
        None => out.note(
            "The keys are not in it, and without them nothing in it can be read: name another folder with --keys or \
             CANDOR_KEYS_BACKUP_DIR, where nobody comes who has the backups.",
        ),
    }
    for folder in *surplus {
        let done = if options.apply { "removed" } else { "more than is to be kept, `--apply` removes it" };
        out.line(&format!("{done}: {}", folder.display()))?;
    }
    Ok(true)
}

/// The backups lie outside the data folder, and the keys outside the backups: a copy of one must not take the other along.
fn apart(data: &Path, folder: &Path, keys: Option<&PathBuf>) -> Result<(), Failure> {
    // Nothing is made before it is known to be in a good place.
    let real = |path: &Path| -> std::io::Result<PathBuf> {
        let path = std::path::absolute(path)?;
        let there = path.ancestors().find(|folder| folder.exists()).unwrap_or(&path);
        Ok(there.canonicalize()?.join(path.strip_prefix(there).unwrap_or(Path::new(""))))
    };
    let (data, folder) = (real(data)?, real(folder)?);
    if folder.starts_with(&data) {
        return Err(Failure::usage(format!("{} lies in the data folder; name one on another disk", folder.display())));
    }
    let Some(keys) = keys.map(|keys| real(keys)).transpose()? else { return Ok(()) };
    if keys.starts_with(&data) || keys.starts_with(&folder) || folder.starts_with(&keys) {
        return Err(Failure::usage(format!(
            "{}: the keys must lie apart from the data and from the backups, since they open them; name another folder",
            keys.display()
        )));
    }
    Ok(())
}

/// Copies the databases and walks the chain of the copy. The jobs and the accounts first: what they do not know yet is done
/// again, and what they know the log has.
async fn databases(
    config: &Config,
    draft: &Draft,
    held_fast: &Kept,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<LogEnd, Failure> {
    for name in ["jobs.db", "accounts.db", "log.db"] {
        let (source, target) = (config.data_dir.join(name), draft.folder.join(name));
        if source.exists() {
            copied(source, target).await?;
        }
    }
    let file = draft.folder.join("log.db");
    let log = SqliteLog::open(&file).await?;
    let (summary, broken) = broken_rules(&log, Some(held_fast.anchor), progress).await?;
    log.shut_down().await;
    if !broken.is_empty() {
        return Err(Failure::refused(format!(
            "the copy of the log does not verify ({}), and was thrown away; `candor verify` says what is wrong",
            broken.join(", ")
        )));
    }
    copy::flush(&file)?;
    let head = summary.position.map(|position| position.to_string()).unwrap_or_default();
    Ok(LogEnd { events: summary.events, head, checkpoint: held_fast.note.clone() })
}

async fn copied(source: PathBuf, target: PathBuf) -> Result<(), Failure> {
    let copied = tokio::task::spawn_blocking(move || copy::database(&source, &target));
    Ok(copied.await.map_err(Failure::refused)??)
}

/// Every key that is known to be destroyed: where checkpoints lie, and in the backups before.
fn destroyed(config: &Config, shelf: &Shelf) -> Result<Vec<DestroyedKey>, Failure> {
    let mut destroyed = destroyed_in(&system::checkpoint_folder(config))?;
    destroyed.extend(shelf.list()?.into_iter().flat_map(|one| one.manifest.destroyed));
    destroyed.sort();
    destroyed.dedup();
    Ok(destroyed)
}

/// Copies the keys, then removes the copies that are older than they may be, or that may hold a key destroyed since.
fn copy_keys(config: &Config, folder: &Path, destroyed: &[DestroyedKey]) -> Result<(Shelved, Vec<PathBuf>), Failure> {
    let shelf = Shelf::new(folder.to_owned(), Holds::Keys);
    let draft = shelf.begin(config.now)?;
    copy::database(&config.data_dir.join("keys.db"), &draft.folder.join("keys.db"))?;
    let mut manifest = Manifest::new(Holds::Keys, config.now, env!("CARGO_PKG_VERSION"));
    manifest.files = Entry::all(&draft.folder)?;
    manifest.destroyed = destroyed.to_vec();
    let made = draft.finish(&manifest)?;
    let oldest = config.now - TimeDelta::days(DAYS_OF_KEYS);
    let mut gone = Vec::new();
    for one in shelf.list()? {
        let outlived = one.manifest.made_at < oldest || one.manifest.destroyed != destroyed;
        if outlived && one.folder != made.folder {
            shelf.remove(&one)?;
            gone.push(one.folder);
        }
    }
    Ok((made, gone))
}

/// The backups beyond those that are to be kept; they are removed where that was said.
fn surplus(shelf: &Shelf, options: &Backup) -> Result<Vec<PathBuf>, BackupError> {
    let Some(keep) = options.keep else { return Ok(Vec::new()) };
    let mut all = shelf.list()?;
    all.truncate(all.len().saturating_sub(keep.get()));
    if options.apply {
        all.iter().try_for_each(|one| shelf.remove(one))?;
    }
    Ok(all.into_iter().map(|one| one.folder).collect())
}
