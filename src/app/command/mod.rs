//! One file a command: ask the engine, show the answer.

pub(super) mod audit;
pub(super) mod backup;
pub(super) mod calibrate;
pub(super) mod checkin;
pub(super) mod consent;
mod doctor;
pub(super) mod erase;
pub(super) mod experiment;
mod export;
pub(super) mod feedback;
mod import;
pub(super) mod intervention;
pub(super) mod jobs;
pub(super) mod key;
pub(super) mod log;
mod operate;
pub(super) mod profile;
mod proof;
pub(super) mod provider;
mod read;
pub(super) mod restore;
pub(super) mod review;
pub(super) mod user;
mod watching;

use std::sync::Arc;

use super::cli::{Addresses, Cli, Command};
use super::config::Config;
use super::error::Failure;
use super::present::Out;
use super::scrape::Scraped;
use super::{demo, serve, system, work};
use crate::api::Access;
use crate::domain::day::LocalDay;
pub(super) use read::{context, show};

/// The day that a flag names, if it is given.
fn parse_day(text: Option<&str>, flag: &str) -> Result<Option<LocalDay>, Failure> {
    let Some(text) = text else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Failure::usage(format!("{flag} {text:?}: write a day like 2026-03-01")))
}

/// Runs a command; `false` when the answer is no.
pub(super) async fn run(cli: &Cli, config: &Config, out: &Out) -> Result<bool, Failure> {
    let global = &cli.global;
    restore::place_what_is_ready(&config.data_dir)?;
    match &cli.command {
        Command::Demo { once } => return demo::run(config, out, *once).await,
        Command::Metrics { all: true } => return read::registry(out),
        Command::Narrative { frames: true, .. } => return read::frames(out),
        Command::Calibrate(draws) => return calibrate::run(out, draws),
        Command::Import { files, watch, every } => {
            let engine = system::open(config).await?;
            if let Some(folder) = watch {
                return watching::run(&engine, config, out, global.person, folder, *every).await;
            }
            return import::run(&engine, config, out, global.person, files).await;
        }
        Command::Status { config: show } => {
            let engine = system::open(config).await?;
            return operate::status(&engine, config, out, *show).await;
        }
        Command::Serve { local, addresses } => {
            serve::log(config)?;
            doctor::refuse(config, out, *local, *addresses).await?;
            let scraped = match addresses.metrics {
                Some(address) => Some(Scraped::open(address).await?),
                None => None,
            };
            let opened = system::open_all(config).await?;
            let engine = &opened.engine;
            if !*local {
                system::claim(config).await?;
            }
            let secret = system::signing_secret(config)?;
            let access = if *local {
                serve::for_this_machine("--metrics", addresses.metrics)?;
                serve::local_access(engine, config, out, global.person, addresses.listen).await?
            } else {
                let identity = system::identity(config, &secret).await?;
                identity.prune(config.now).await?;
                Access::Private(Arc::new(identity))
            };
            let work = work::open(config, &opened, &format!("http://{}", addresses.listen)).await?;
            let identity = match &access {
                Access::Private(identity) => Some(Arc::clone(identity)),
                Access::Public(_) => None,
            };
            let scraped = scraped.map(|scraped| (scraped, work.looked_up(identity)));
            let service = serve::service(config, &work, access, &secret)?;
            let served = serve::run(config, out, addresses.listen, scraped, (service, work.worker()?)).await;
            work.finish().await;
            return served;
        }
        Command::Worker { metrics } => {
            serve::log(config)?;
            // It answers nobody: where it would listen is no fault of its.
            let nowhere = Addresses { listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)), metrics: *metrics };
            doctor::refuse(config, out, false, nowhere).await?;
            let scraped = match metrics {
                Some(address) => Some(Scraped::open(*address).await?),
                None => None,
            };
            system::claim(config).await?;
            return work::run(config, out, scraped).await;
        }
        Command::Jobs { action } => return jobs::run(config, out, action.as_ref()).await,
        Command::Provider(action) => {
            let opened = system::open_all(config).await?;
            let work = work::open(config, &opened, "http://127.0.0.1:8080").await?;
            // Who connects an account may have nothing here yet.
            let person = match (action, import::owner(&opened.engine, global.person).await) {
                (provider::Action::Connect { .. } | provider::Action::List, Ok(None)) => {
                    system::newcomer(&opened.engine, config, out, global.person).await?
                }
                _ => system::person(&opened.engine, global.person).await?,
            };
            return provider::run(&work, config, out, person, action).await;
        }
        Command::Erase(what) => {
            let opened = system::open_all(config).await?;
            let work = work::open(config, &opened, "http://127.0.0.1:8080").await?;
            let person = system::person(&opened.engine, global.person).await?;
            return erase::run(&work.live, config, out, person, what).await;
        }
        Command::Doctor { addresses } => return doctor::run(config, out, *addresses).await,
        Command::User(action) => {
            let engine = system::open(config).await?;
            return user::run(&engine, config, out, global.person, action).await;
        }
        Command::Verify { export: Some(path), signed_by, key, .. } => {
            return proof::verify_export(out, path, signed_by.as_deref(), key.as_deref());
        }
        Command::Verify { proof: Some(file), key: Some(key), .. } => return proof::check(out, file, key),
        Command::Verify { checkpoint, key, .. } => {
            let opened = system::open_all(config).await?;
            let anchor = proof::anchor(config, &opened, (checkpoint.as_deref(), key.as_deref())).await?;
            return operate::verify(&opened.engine, out, anchor).await;
        }
        Command::Backup(options) => return backup::run(config, out, options).await,
        Command::Restore(options) => return restore::run(config, out, options).await,
        Command::Key(action) => return key::run(config, out, action).await,
        Command::Log(action) => return log::run(config, out, action).await,
        Command::Checkpoint => {
            let opened = system::open_all(config).await?;
            return proof::write(config, &opened, out).await;
        }
        Command::Prove { since: Some(file), .. } => {
            let opened = system::open_all(config).await?;
            return proof::prove_since(config, &opened, out, file).await;
        }
        Command::Prove { event, since: None } => {
            let opened = system::open_all(config).await?;
            return proof::prove(config, &opened, out, event.as_deref().unwrap_or_default()).await;
        }
        Command::Export { folder } => {
            let opened = system::open_all(config).await?;
            let person = system::person(&opened.engine, global.person).await?;
            return export::run(&opened, config, out, person, folder).await;
        }
        Command::Rebuild => {
            let engine = system::open(config).await?;
            return operate::rebuild(&engine, out).await;
        }
        _ => {}
    }
    let engine = system::open(config).await?;
    // What a person says of themselves may come before their first file.
    let person = match (&cli.command, import::owner(&engine, global.person).await) {
        (Command::Profile(profile::Action::Set(_)), Ok(None)) => {
            system::newcomer(&engine, config, out, global.person).await?
        }
        _ => system::person(&engine, global.person).await?,
    };
    match &cli.command {
        Command::Loop { day } => operate::stages(&engine, config, out, person, day.as_deref()).await,
        Command::Today => read::today(&engine, config, out, person).await,
        Command::Metrics { .. } => read::metrics(&engine, out, person).await,
        Command::Insights { as_of } => read::insights(&engine, out, person, *as_of).await,
        Command::Narrative { period, as_of, .. } => read::narrative(&engine, config, out, person, period, *as_of).await,
        Command::Why { id } => read::why(&engine, out, person, id).await,
        Command::Feedback(word) => feedback::run(&engine, config, out, person, word).await,
        Command::Audit(filter) => audit::run(&engine, out, person, filter).await,
        Command::Experiment(action) => experiment::run(&engine, config, out, person, action).await,
        Command::Intervention(action) => intervention::run(&engine, config, out, person, action).await,
        Command::Review(action) => review::run(&engine, config, out, person, action).await,
        Command::Profile(action) => profile::run(&engine, config, out, person, action).await,
        Command::Consent(action) => consent::run(&engine, config, out, person, action).await,
        Command::Checkin(ratings) => checkin::run(&engine, config, out, person, ratings).await,
        Command::Demo { .. }
        | Command::Import { .. }
        | Command::Status { .. }
        | Command::Jobs { .. }
        | Command::Calibrate(_)
        | Command::Serve { .. }
        | Command::Doctor { .. }
        | Command::Worker { .. }
        | Command::Provider(_)
        | Command::Erase(_)
        | Command::User(_)
        | Command::Verify { .. }
        | Command::Export { .. }
        | Command::Key(_)
        | Command::Log(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Checkpoint
        | Command::Prove { .. }
        | Command::Rebuild => Ok(true),
    }
}
