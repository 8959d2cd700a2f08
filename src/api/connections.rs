//! Connections: how many there are at once, how long a head may be on its way, and how they end.

use std::convert::Infallible;
use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// How long nobody is let in after the system refused to let somebody in: it has no more files, say.
const PAUSE: Duration = Duration::from_secs(1);

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; whoever comes then waits.
    pub most: usize,
    /// How long the head of a request may be on its way, a connection be idle, and a piece of an answer go unread.
    pub head: Duration,
    /// What requests in flight may take once a stop was asked for.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { most: 1024, head: Duration::from_secs(30), drain: Duration::from_secs(25) }
    }
}

/// Answers whoever comes until a stop is asked for, then lets what is in flight finish; `false` when some did not in time.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) -> bool {
    let (turns, tracker, closing) =
        (Arc::new(Semaphore::new(limits.most)), TaskTracker::new(), GracefulShutdown::new());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async {
            let turn = Arc::clone(&turns).acquire_owned().await;
            (turn, accept(&listener).await)
        };
        let (turn, (stream, peer)) = tokio::select! {
            biased;
            () = &mut stop => break,
            next = next => next,
        };
        let router = router.clone();
        let answer = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let router = router.clone();
            async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
        });
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.head));
        let connection = closing.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), answer));
        tracker.spawn(async move {
            // Whoever goes away or sends what is no HTTP has told nobody anything worth a line.
            let _ = connection.await;
            drop(turn);
        });
    }
    // Whoever comes now is told at once that nobody is there.
    drop(listener);
    tracker.close();
    tokio::time::timeout(limits.drain, async {
        closing.shutdown().await;
        tracker.wait().await;
    })
    .await
    .is_ok()
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // An answer is sent when it is there. Where that cannot be said it is only slower.
                let _ = stream.set_nodelay(true);
                return (stream, peer);
            }
            // Whoever hung up while they waited is no reason to make others wait.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection was not taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
