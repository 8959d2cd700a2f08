//! `log`: the events into another place, and a store that goes on with them there.

use std::path::Path;
use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::operate::counted;
use crate::app::cluster::{self, Cluster};
use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::app::system;
use crate::store::log::{Copied, CopyError, EventLog, copy, events_after};
use crate::store::log_place::{self, LogPlace};
use crate::store::views::{self, Place};

/// What is done with the log.
#[derive(Clone, Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// Copy a log into another place, and verify the copy by its hashes. What is there already is compared; run it again after
    /// anything that stopped it.
    Copy {
        /// The log: a data folder or file of SQLite, postgres://…, or esdb://… of a cluster.
        from: String,
        /// Where it goes: an empty place, or one that a copy was begun in.
        to: String,
    },
    /// Copy the log of this store from where it lies to the other place, and go on there: stop every server before.
    Move {
        /// To the cluster that EVENTSTORE_URL names, or from it into this store's own tables.
        to: To,
    },
}

/// Where the log of a store may lie.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::app) enum To {
    Tables,
    Cluster,
}

pub(super) async fn run(config: &Config, out: &Out, action: &Action) -> Result<bool, Failure> {
    match action {
        Action::Copy { from, to } => {
            let (from, to) = (at(config, from, true).await?, at(config, to, false).await?);
            if from.last_position().await?.is_none() {
                return Err(Failure::refused("the log that is to be copied is empty: is its address right?"));
            }
            let copied = copied(out, from.as_ref(), to.as_ref()).await?;
            report(out, &copied, None)
        }
        Action::Move { to } => moved(config, out, *to).await,
    }
}

/// The log at an address.
async fn at(config: &Config, address: &str, must_exist: bool) -> Result<Arc<dyn EventLog>, Failure> {
    if address.starts_with("postgres://") || address.starts_with("postgresql://") {
        return cluster::in_tables(&Place::Postgres(address.to_owned())).await;
    }
    if address.contains("://") {
        return config.cluster.at(address).log();
    }
    let path = Path::new(address);
    let folder = if path.file_name().is_some_and(|name| name == "log.db") { path.parent() } else { Some(path) };
    let folder = folder.unwrap_or(Path::new(".")).to_owned();
    if must_exist && !folder.join("log.db").exists() {
        return Err(Failure::refused(format!("{}: there is no log there", folder.display())));
    }
    std::fs::create_dir_all(&folder)?;
    cluster::in_tables(&Place::Folder(folder)).await
}

async fn moved(config: &Config, out: &Out, to: To) -> Result<bool, Failure> {
    let Cluster { url: Some(_), .. } = &config.cluster else {
        return Err(Failure::usage("name the cluster in EVENTSTORE_URL, whichever way the log goes"));
    };
    let place = system::place(config);
    let tables = cluster::tables(&place).await?;
    let (here, there) = (cluster::tables_to_fill(&place).await?, config.cluster.log()?);
    let (from, to, wanted, settled) = match to {
        To::Cluster => (here, there, LogPlace::Cluster, LogPlace::Tables),
        To::Tables => (there, here, LogPlace::Tables, LogPlace::Cluster),
    };
    let lies = log_place::settle(&tables, settled).await?;
    if lies == wanted {
        out.line("The log of this store lies there already.")?;
        return Ok(true);
    }
    let copied = copied(out, from.as_ref(), to.as_ref()).await?;
    // What takes time goes before the last look: whoever writes after it where the log lay writes to nobody.
    let next = views::next_generation(&place, &tables).await?;
    let all = copied.verified.events;
    let moved = match wanted {
        LogPlace::Cluster => log_place::leave_tables(&tables, all, next).await?,
        LogPlace::Tables => {
            events_after(from.as_ref(), None, u64::MAX).await? == all
                && log_place::back_in_tables(&tables, all, next).await?
        }
    };
    if !moved {
        return Err(Failure::refused(
            "somebody wrote into the log, or moved it, meanwhile: stop every server, and run it again as it was",
        ));
    }
    report(out, &copied, Some(wanted))
}

async fn copied(out: &Out, from: &dyn EventLog, to: &dyn EventLog) -> Result<Copied, Failure> {
    let bar = out.bar(0, "copying the log");
    let copied = copy(from, to, &mut |events| bar.set_position(events)).await;
    bar.finish_and_clear();
    copied.map_err(|error| match error {
        CopyError::Store(error) => Failure::from(error),
        CopyError::Differs(_) | CopyError::NoBody(_) | CopyError::Refused(..) | CopyError::Wrong(_) => {
            Failure::refused(error.to_string())
        }
    })
}

fn report(out: &Out, copied: &Copied, moved: Option<LogPlace>) -> Result<bool, Failure> {
    let root: String = copied.root.iter().map(|byte| format!("{byte:02x}")).collect();
    let (all, streams) = (copied.verified.events, copied.verified.streams);
    if out.json {
        out.document(&json!({
            "events": all, "streams": streams, "copied": copied.written, "found": copied.found, "root": root,
            "moved": moved.is_some(),
        }))?;
        return Ok(true);
    }
    out.line(&format!(
        "{} of {}, {} copied and {} found there; verified, with the root {root}",
        counted(all, "event"),
        counted(streams, "stream"),
        copied.written,
        copied.found
    ))?;
    match moved {
        Some(LogPlace::Cluster) => {
            out.note("The log of this store lies on the cluster now. Start servers with EVENTSTORE_URL.")
        }
        Some(LogPlace::Tables) => {
            out.note("The log of this store lies in its own tables now. Start servers without EVENTSTORE_URL.")
        }
        None => {}
    }
    Ok(true)
}
