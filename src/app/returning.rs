//! Waiting on this machine for somebody who comes back from a provider's page.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::error::Failure;
use super::serve;
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::engine::live::connect::Returning;
use crate::engine::live::{Live, LiveError};

/// What stands after the question mark of the address somebody comes back to.
#[derive(Deserialize)]
struct Back {
    state: Option<String>,
    code: Option<String>,
    scope: Option<String>,
}

/// An address that waits.
pub(super) struct Waiting(TcpListener);

impl Waiting {
    /// Begins to wait; on this machine alone.
    pub(super) async fn open(listen: SocketAddr) -> Result<Self, Failure> {
        serve::for_this_machine("--listen", Some(listen))?;
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            Failure::configuration(format!(
                "{listen} cannot be listened on: {error}; stop what listens there, or connect through the server itself"
            ))
        })?;
        Ok(Self(listener))
    }

    /// Waits until somebody comes back as they were sent. Who is not does not end the wait.
    pub(super) async fn wait(
        self,
        provider: Provider,
        browser: &str,
        live: &Live,
        now: Instant,
    ) -> Result<PersonId, Failure> {
        let (sender, mut receiver) = mpsc::channel(1);
        let came = Arc::new(sender);
        let page = get(move |Path(of): Path<String>, Query(back): Query<Back>| {
            let came = Arc::clone(&came);
            async move {
                if of == provider.key() && came.try_send(back).is_ok() {
                    "Go back to your terminal: it says what came of it. You can close this page."
                } else {
                    "Nobody waits for this here."
                }
            }
        });
        let router = Router::new().route("/api/v1/providers/{provider}/callback", page);
        let served = axum::serve(self.0, router);
        let answered = async {
            loop {
                let Some(back) = receiver.recv().await else {
                    return Err(Failure::refused("the wait was ended"));
                };
                let returning = Returning {
                    state: back.state.as_deref().unwrap_or_default(),
                    browser,
                    code: back.code.as_deref(),
                    scope: back.scope.as_deref(),
                };
                match live.complete(provider, returning, now).await {
                    Err(LiveError::NotBegun) => {}
                    completed => return completed.map_err(Failure::from),
                }
            }
        };
        tokio::select! {
            came_back = answered => came_back,
            served = served.into_future() => Err(Failure::refused(format!("the wait was ended: {served:?}"))),
            () = serve::stop_asked() => Err(Failure::refused("you stopped it before you came back")),
        }
    }
}
