//! Serving: the API until somebody asks it to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use super::config::{self, Config};
use super::entropy::OsEntropy;
use super::error::Failure;
use super::present::Out;
use super::scrape::{LookedUp, Scraped};
use super::system;
use super::work::Work;
use crate::api::cache::Cache;
use crate::api::connections::{self, Limits};
use crate::api::importing::Importing;
use crate::api::{self, Access, Elapsed, Latest, Mode, Service};
use crate::engine::Engine;
use crate::engine::ports::proof::ExportSigner;
use crate::jobs::Worker;
use crate::store::seal::Key;
use crate::store::sql::SLOW_TARGET;

/// Files that may be on their way into the log at once.
const UPLOADS: usize = 4;
/// How old what is left of an upload must be to be nobody's any more.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);

/// Serves on an address until a signal, then lets what is in flight finish.
pub(super) async fn run(
    config: &Config,
    out: &Out,
    listen: SocketAddr,
    scraped: Option<(Scraped, LookedUp)>,
    (service, worker): (Service, Worker),
) -> Result<bool, Failure> {
    let stop = stop_asked();
    sweep(&service.uploads);
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        Failure::configuration(format!("{listen} cannot be listened on: {error}; --listen names another address"))
    })?;
    let address = listener.local_addr()?;
    let draining = Arc::clone(&service.draining);
    let stopping = CancellationToken::new();
    let asked = stopping.clone();
    let stop = async move {
        stop.await;
        draining.store(true, std::sync::atomic::Ordering::Relaxed);
        asked.cancel();
    };
    out.note(&format!("candor serves {} on http://{address}", config.mode_name()));
    // Metrics are shown until the last request in flight has been answered.
    let (ended, end) = oneshot::channel::<()>();
    let shown = async {
        let Some((scraped, looked_up)) = scraped else { return Ok(()) };
        out.note(&format!("metrics are on http://{}/metrics", scraped.address()?));
        scraped.serve(looked_up, async { drop(end.await) }).await;
        Ok::<_, Failure>(())
    };
    let answered = async {
        let drained = connections::serve(listener, api::router(&service), Limits::default(), stop).await;
        drop(ended);
        drained
    };
    let worked = worker.run(stopping.cancelled());
    let (drained, shown, ()) = tokio::join!(answered, shown, worked);
    shown?;
    if !drained {
        tracing::warn!("some requests were still running when the time to drain was over");
    }
    Ok(true)
}

/// Removes what killed servers left of uploads: it is health data in clear.
pub(super) fn sweep(folder: &std::path::Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
        let is_upload = entry.file_name().to_string_lossy().starts_with(api::UPLOAD_PREFIX);
        if is_upload && age.is_some_and(|age| age > LEFT_BEHIND) && std::fs::remove_dir_all(entry.path()).is_err() {
            tracing::warn!("what is left of an upload could not be removed");
        }
    }
}

/// What every operation works with. `secret` seals the cursors of pages, apart from what else it signs.
pub(super) fn service(config: &Config, work: &Work, access: Access, secret: &Key) -> Result<Service, Failure> {
    let live = work.live.clone();
    let signer = Arc::new(ExportSigner::new(secret.as_slice()).map_err(Failure::configuration)?);
    let pages = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice()), b"candor/cursors");
    let pages: &[u8; 32] = pages.as_ref().try_into().map_err(Failure::configuration)?;
    let cursor_key = api::cursor_key(pages).ok_or_else(|| Failure::configuration("the signing key cannot be used"))?;
    let fixed = config.pretended;
    Ok(Service {
        engine: live.engine.clone(),
        live,
        access,
        mode: Mode {
            env_mode: config.mode_name(),
            logging_level: config.logging_level(),
            enable_llm: config.model.is_some(),
        },
        clock: Arc::new(move || fixed.unwrap_or_else(config::clock)),
        watch: Arc::new(|| -> Elapsed {
            #[expect(clippy::disallowed_methods, reason = "how long a request took is logged, never used")]
            let started = std::time::Instant::now();
            Box::new(move || started.elapsed())
        }),
        entropy: Arc::new(OsEntropy),
        cursor_key: Arc::new(cursor_key),
        uploads: config.data_dir.clone(),
        turns: Arc::new(Semaphore::new(UPLOADS)),
        importing: Importing::default(),
        cache: Cache::default(),
        signer,
        checkpoints: work.checkpoints(),
        trusted_proxies: config.trusted_proxies.clone().into(),
        draining: Arc::default(),
        latest: Latest::default(),
    })
}

/// Waits for the signal that asks for a stop. It is caught from this call on, not only once somebody waits: who is told that a
/// process is ready may ask it to stop at once.
#[cfg(unix)]
pub(super) fn stop_asked() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let [interrupted, terminated] = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| {
        let caught = signal(kind).inspect_err(|error| tracing::warn!(%error, "a signal to stop cannot be caught"));
        async move {
            match caught {
                Ok(mut caught) => drop(caught.recv().await),
                Err(_) => std::future::pending().await,
            }
        }
    });
    async {
        tokio::select! {
            () = interrupted => {}
            () = terminated => {}
        }
    }
}

/// Waits for the signal that asks for a stop.
#[cfg(not(unix))]
pub(super) async fn stop_asked() {
    let _ = tokio::signal::ctrl_c().await;
}

/// Where this process writes what it does: one JSON object a line on standard error.
pub(super) fn log(config: &Config) -> Result<(), Failure> {
    let level = config.logging_level();
    let (requests, slow) = (api::request_log::TARGET, SLOW_TARGET);
    let filter = format!("{level},{requests}=info,{slow}=warn,hyper=warn,sqlx=warn");
    // What a panic says may hold a value: where it happened is enough.
    std::panic::set_hook(Box::new(|info| {
        let at = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, "a panic");
    }));
    tracing_subscriber::fmt()
        .json()
        // The innermost span names the request; the list would name it again.
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init()
        .map_err(Failure::configuration)
}

/// Refuses an address that others reach: without accounts only this machine may ask.
pub(super) fn for_this_machine(flag: &str, address: Option<SocketAddr>) -> Result<(), Failure> {
    match address.filter(|address| !address.ip().is_loopback()) {
        None => Ok(()),
        Some(address) => Err(Failure::configuration(format!(
            "{flag} {address}: without accounts only this machine may ask; listen on 127.0.0.1 or [::1]"
        ))),
    }
}

/// The access of one person on this machine; they are registered if nobody is here yet.
pub(super) async fn local_access(
    engine: &Engine,
    config: &Config,
    out: &Out,
    named: Option<uuid::Uuid>,
    listen: SocketAddr,
) -> Result<Access, Failure> {
    for_this_machine("--listen", Some(listen))?;
    engine.views.catch_up().await.map_err(crate::engine::EngineError::from)?;
    let known = engine.views.persons().await.map_err(crate::engine::EngineError::from)?;
    let person = if known.is_empty() {
        system::newcomer(engine, config, out, named).await?
    } else {
        system::person(engine, named).await?
    };
    Ok(Access::Public(person))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_that_is_asked_for_before_anybody_waits_is_not_missed() {
        let stop = stop_asked();
        // Not caught, it would end the tests.
        let asked = std::process::Command::new("kill").args(["-TERM", &std::process::id().to_string()]).status();
        assert!(asked.unwrap().success());
        stop.await;
    }
}
