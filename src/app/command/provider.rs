//! `provider`: accounts at providers.

use std::io::IsTerminal as _;
use std::net::SocketAddr;

use clap::Subcommand;
use serde_json::json;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::app::returning;
use crate::app::work::Work;
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::engine::live::disconnect::Brought;
use crate::engine::live::history::History;
use crate::engine::live::{Live, LiveError, Task};
use crate::engine::ports::provider_api::Scope;

/// What is to be done with accounts at providers.
#[derive(Clone, Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// Connect an account: prints the page to open, and waits until you come back.
    Connect {
        /// whoop, strava or garmin
        #[arg(value_parser = live)]
        provider: Provider,
        /// Where to wait; the application at the provider must name this address.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Fetch what is new now; a server or `worker` does it by itself.
    Sync {
        /// whoop, strava or garmin; every one that is connected where none is named
        #[arg(value_parser = live)]
        provider: Option<Provider>,
    },
    /// What is set up here, what is connected, and how far it has been fetched.
    List,
    /// End a connection: asks whether what it brought is to stay, unless told.
    Disconnect {
        /// whoop, strava or garmin
        #[arg(value_parser = live)]
        provider: Provider,
        /// What it brought stays.
        #[arg(long, conflicts_with = "delete")]
        keep: bool,
        /// What it brought is erased, with everything that rests on it.
        #[arg(long)]
        delete: bool,
    },
}

/// The providers that can be connected.
const LIVE: [Provider; 3] = [Provider::Whoop, Provider::Strava, Provider::Garmin];

fn live(name: &str) -> Result<Provider, String> {
    let known = LIVE.into_iter().find(|provider| provider.key().eq_ignore_ascii_case(name));
    known.ok_or_else(|| "whoop, strava and garmin can be connected; of others files are imported".to_owned())
}

pub(super) async fn run(
    work: &Work,
    config: &Config,
    out: &Out,
    person: PersonId,
    action: &Action,
) -> Result<bool, Failure> {
    let live = &work.live;
    match action {
        Action::Connect { provider, listen } => connect(live, config, out, person, *provider, *listen).await,
        Action::Sync { provider } => sync(live, config, out, person, *provider).await,
        Action::List => list(live, out, person).await,
        Action::Disconnect { provider, keep, delete } => {
            let brought = match (keep, delete) {
                (true, _) => Brought::Kept,
                (_, true) => Brought::Deleted,
                (false, false) => ask(out, *provider)?,
            };
            disconnect(live, config, out, person, *provider, brought).await
        }
    }
}

/// Asks what becomes of what a provider brought.
fn ask(out: &Out, provider: Provider) -> Result<Brought, Failure> {
    if provider.terms().delete_on_disconnect || !std::io::stdin().is_terminal() {
        return Err(Failure::refused(format!(
            "say what becomes of what {0} brought: `--delete` erases it with everything that rests on it{1}",
            provider.label(),
            if provider.terms().delete_on_disconnect { ", as its terms demand" } else { "; `--keep` leaves it" }
        )));
    }
    loop {
        out.note(&format!(
            "What {} brought: keep it (k), or delete it with everything that rests on it (d)?",
            provider.label()
        ));
        let mut answer = String::new();
        if std::io::stdin().read_line(&mut answer)? == 0 {
            return Err(Failure::refused("nothing was answered, and nothing was done"));
        }
        match answer.trim() {
            "k" | "keep" => return Ok(Brought::Kept),
            "d" | "delete" => return Ok(Brought::Deleted),
            _ => {}
        }
    }
}

async fn disconnect(
    live: &Live,
    config: &Config,
    out: &Out,
    person: PersonId,
    provider: Provider,
    brought: Brought,
) -> Result<bool, Failure> {
    let deleted = brought == Brought::Deleted;
    let revoked = live.disconnect(person, provider, brought, config.now).await?;
    if out.json {
        out.document(&json!({ "provider": provider, "revoked": revoked, "deleted": deleted }))?;
        return Ok(true);
    }
    let label = provider.label();
    let told = if revoked { String::new() } else { format!(" here; {label} itself was not told") };
    let became = if deleted {
        "What it brought is erased, with everything that rested on it; `candor loop` works the rest out anew."
    } else {
        "What it brought stays."
    };
    out.line(&format!("{label} is disconnected{told}. {became}"))?;
    Ok(true)
}

async fn connect(
    live: &Live,
    config: &Config,
    out: &Out,
    person: PersonId,
    provider: Provider,
    listen: SocketAddr,
) -> Result<bool, Failure> {
    let live = Live { public_url: format!("http://{listen}"), ..live.clone() };
    let begun = live.begin(person, provider, config.now).await?;
    let waiting = returning::Waiting::open(listen).await?;
    out.note(&format!("Open this page, and allow access:\n{}", begun.url));
    let came_back = waiting.wait(out, provider, &begun.browser, &live, config.now).await?;
    if out.json {
        out.document(&json!({ "provider": provider, "connected": came_back == person }))?;
    } else {
        out.line(&format!("{} is connected. `candor provider sync` fetches now.", provider.label()))?;
        let connected = live.connections.list(Some(person)).await.map_err(LiveError::from)?;
        let missing = connected.iter().filter(|connection| connection.provider == provider);
        let missing = missing.flat_map(|connection| live.missing(connection)).map(|scope| (provider, scope));
        tell_missing(out, &missing.collect::<Vec<_>>())?;
    }
    Ok(true)
}

async fn sync(
    live: &Live,
    config: &Config,
    out: &Out,
    person: PersonId,
    named: Option<Provider>,
) -> Result<bool, Failure> {
    let connected = live.connections.list(Some(person)).await.map_err(LiveError::from)?;
    let chosen: Vec<Provider> = match named {
        Some(provider) => vec![provider],
        None => connected.iter().map(|connection| connection.provider).collect(),
    };
    if chosen.is_empty() {
        return Err(Failure::refused("nothing is connected: `candor provider connect whoop` begins"));
    }
    let mut rows = Vec::new();
    let mut documents = Vec::new();
    let mut missing = Vec::new();
    for provider in chosen {
        let synced = live.sync(person, provider, config.now).await.map_err(|error| {
            let Failure { code, message } = error.into();
            Failure { code, message: format!("{}: {message}", provider.label()) }
        })?;
        live.order(person, &[Task::Backfill { provider }], config.now).await?;
        let counts = [synced.records, synced.accepted, synced.corrected, synced.duplicates, synced.rejected];
        rows.push([provider.label().to_owned()].into_iter().chain(counts.iter().map(u64::to_string)).collect());
        documents.push(json!({
            "provider": provider, "records": synced.records, "accepted": synced.accepted,
            "corrected": synced.corrected, "duplicates": synced.duplicates, "rejected": synced.rejected,
            "missing_scopes": missing_scopes(&synced.missing),
        }));
        missing.extend(synced.missing.iter().map(|scope| (provider, *scope)));
    }
    if out.json {
        out.document(&json!({ "synced": documents }))?;
    } else {
        out.table(&["provider", "records", "new", "corrected", "known", "refused"], rows)?;
        tell_missing(out, &missing)?;
    }
    Ok(true)
}

async fn list(live: &Live, out: &Out, person: PersonId) -> Result<bool, Failure> {
    let connected = live.connections.list(Some(person)).await.map_err(LiveError::from)?;
    let day = |at: Option<Instant>| at.map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default();
    let (mut documents, mut rows) = (Vec::new(), Vec::new());
    for provider in LIVE {
        let set_up = live.apis.contains_key(&provider);
        let Some(connection) = connected.iter().find(|connection| connection.provider == provider) else {
            documents.push(json!({
                "provider": provider, "set_up": set_up, "state": "not_connected", "since": null, "history_complete": null,
                "history_asked_since": null, "history_arrived_since": null, "missing_scopes": null, "synced_at": null,
                "fault": null,
            }));
            let state = if set_up { "not connected" } else { "not set up" };
            rows.push(vec![provider.label().to_owned(), state.to_owned()]);
            continue;
        };
        let past = live.past(connection).await?;
        documents.push(json!({
            "provider": provider,
            "set_up": set_up,
            "state": connection.state.key(),
            "since": past.since,
            "history_complete": past.complete,
            "history_asked_since": past.asked_since,
            "history_arrived_since": past.arrived_since,
            "missing_scopes": missing_scopes(&live.missing(connection)),
            "synced_at": connection.reach.synced_at,
            "fault": connection.fault,
        }));
        let history = match past {
            History { complete: true, .. } => "whole".to_owned(),
            History { asked_since: Some(asked), arrived_since, .. } => {
                let come =
                    arrived_since.map_or("nothing came yet".to_owned(), |at| format!("came since {}", day(Some(at))));
                format!("asked since {}, {come}", day(Some(asked)))
            }
            History { complete: false, asked_since: None, .. } => String::new(),
        };
        rows.push(vec![
            provider.label().to_owned(),
            connection.state.key().to_owned(),
            day(past.since),
            history,
            day(connection.reach.synced_at),
            connection.fault.clone().unwrap_or_default(),
        ]);
    }
    if out.json {
        out.document(&json!({ "providers": documents }))?;
        return Ok(true);
    }
    out.table(&["provider", "", "fetched since", "history", "fetched up to", "fault"], rows)?;
    let missing = connected
        .iter()
        .flat_map(|connection| live.missing(connection).into_iter().map(|scope| (connection.provider, scope)));
    tell_missing(out, &missing.collect::<Vec<_>>())?;
    Ok(true)
}

/// Permissions that were not given, for machines.
fn missing_scopes(missing: &[Scope]) -> Vec<serde_json::Value> {
    missing.iter().map(|scope| json!({ "scope": scope.name, "means": scope.said() })).collect()
}

/// Permissions that were not given, for people.
fn tell_missing(out: &Out, missing: &[(Provider, Scope)]) -> Result<(), Failure> {
    missing.iter().try_for_each(|(provider, scope)| out.line(&format!("{}: {}.", provider.label(), scope.said())))
}
