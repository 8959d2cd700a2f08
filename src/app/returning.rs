//! Waiting on this machine for somebody who comes back from a provider's page.

use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::http::{StatusCode, header};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::error::Failure;
use super::present::Out;
use super::serve;
use crate::api::plain_page;
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::engine::live::connect::Returning;
use crate::engine::live::{Live, LiveError};

/// What stands after the question mark of the address somebody comes back to.
#[derive(Default, Deserialize)]
struct Back {
    state: Option<String>,
    code: Option<String>,
    scope: Option<String>,
}

/// How long the last page may be on its way to a browser.
const LAST_PAGE: Duration = Duration::from_secs(5);
/// What the terminal says of somebody who was not sent from here.
const NOT_OURS_HERE: &str = "Somebody came back who was not sent from here, or more than ten minutes ago; nothing was connected. \
                             The wait goes on: open the page above, or stop and begin again.";
/// What their browser says.
const NOT_OURS_THERE: &str = "This is not what your terminal waits for, and nothing was connected. \
                              Open the page that your terminal names, or begin again there.";

/// What a browser is told.
type Said = (StatusCode, String);

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

    /// Waits until somebody comes back as they were sent. Who is not is told so, here and in their browser, and does not end the
    /// wait.
    pub(super) async fn wait(
        self,
        out: &Out,
        provider: Provider,
        browser: &str,
        live: &Live,
        now: Instant,
    ) -> Result<PersonId, Failure> {
        let (sender, mut receiver) = mpsc::channel::<(Back, oneshot::Sender<Said>)>(1);
        let page = get(move |Path(of): Path<String>, back: Result<Query<Back>, QueryRejection>| {
            let sender = sender.clone();
            async move {
                let nobody = (StatusCode::NOT_FOUND, "Nobody waits for this here.".to_owned());
                let (say, said) = oneshot::channel();
                let Query(back) = back.unwrap_or_default();
                let (status, text) = if of == provider.key() && sender.send((back, say)).await.is_ok() {
                    said.await.unwrap_or(nobody)
                } else {
                    nobody
                };
                ([(header::CONNECTION, "close")], plain_page::page(status, &text))
            }
        });
        let router = Router::new().route("/api/v1/providers/{provider}/callback", page);
        let (ended, end) = oneshot::channel::<()>();
        let serving = axum::serve(self.0, router).with_graceful_shutdown(async { drop(end.await) });
        let mut serving = std::pin::pin!(serving.into_future());
        let answered = async {
            let outcome = loop {
                let Some((back, say)) = receiver.recv().await else {
                    return Err(Failure::refused("the wait was ended"));
                };
                let returning = Returning {
                    state: back.state.as_deref().unwrap_or_default(),
                    browser,
                    code: back.code.as_deref(),
                    scope: back.scope.as_deref(),
                };
                let (said, outcome) = match live.complete(provider, returning, now).await {
                    Err(LiveError::NotBegun) => {
                        out.note(NOT_OURS_HERE);
                        ((StatusCode::FORBIDDEN, NOT_OURS_THERE.to_owned()), None)
                    }
                    Err(error) => {
                        let failure = Failure::from(error);
                        let text = format!("{} is not connected: {}.", provider.label(), failure.message);
                        ((StatusCode::FORBIDDEN, text), Some(Err(failure)))
                    }
                    Ok(person) => {
                        let text = format!(
                            "{} is connected. Go back to your terminal; you can close this page.",
                            provider.label()
                        );
                        ((StatusCode::OK, text), Some(Ok(person)))
                    }
                };
                // Who has closed the page need not be told.
                let _ = say.send(said);
                if let Some(outcome) = outcome {
                    break outcome;
                }
            };
            drop(ended);
            outcome
        };
        let outcome = tokio::select! {
            outcome = answered => outcome,
            served = &mut serving => return Err(Failure::refused(format!("the wait was ended: {served:?}"))),
            () = serve::stop_asked() => Err(Failure::refused("you stopped it before you came back")),
        };
        // What is said in the browser is on its way before the wait ends.
        drop(tokio::time::timeout(LAST_PAGE, serving).await);
        outcome
    }
}
