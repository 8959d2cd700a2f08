//! Connections as a network meets them: heads that do not come, too many at once, and a stop while one is answered.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use candor::api::connections::{Limits, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: candor\r\n\r\n";

/// What is not there by then does not come.
const PATIENCE: Duration = Duration::from_secs(60);

struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<bool>,
}

async fn serving(router: Router, limits: Limits) -> Serving {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async { stopped.await.unwrap() };
    Serving { address, stop, done: tokio::spawn(serve(listener, router, limits, stopped)) }
}

fn healthy() -> Router {
    Router::new().route("/healthz", get(async || "ok\n"))
}

/// One answer, up to the end of its short body.
async fn answer(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"ok\n") {
        let mut some = [0; 1024];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut some)).await;
        let n = read.expect("there is no answer").unwrap();
        assert!(n > 0, "closed after {:?}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&some[..n]);
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_half_a_head_and_waits_is_let_go() {
    let limits = Limits { head: Duration::from_millis(200), ..Limits::default() };
    let serving = serving(healthy(), limits).await;
    let mut slow = TcpStream::connect(serving.address).await.unwrap();
    slow.write_all(&ASK[..20]).await.unwrap();
    let mut idle = TcpStream::connect(serving.address).await.unwrap();
    idle.write_all(ASK).await.unwrap();
    answer(&mut idle).await;
    // Both end without another word from here: the one inside a head, the other after an answer.
    for stream in [&mut slow, &mut idle] {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        ended.expect("it is not let go").unwrap();
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    }
    serving.stop.send(()).unwrap();
    assert!(serving.done.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_too_many_waits_until_another_has_gone() {
    let serving = serving(healthy(), Limits { most: 1, ..Limits::default() }).await;
    let mut first = TcpStream::connect(serving.address).await.unwrap();
    first.write_all(ASK).await.unwrap();
    answer(&mut first).await;
    let mut second = TcpStream::connect(serving.address).await.unwrap();
    second.write_all(ASK).await.unwrap();
    for _ in 0..50 {
        first.write_all(ASK).await.unwrap();
        answer(&mut first).await;
    }
    let unanswered = second.try_read(&mut [0; 1]).unwrap_err();
    assert_eq!(unanswered.kind(), std::io::ErrorKind::WouldBlock);
    drop(first);
    assert!(answer(&mut second).await.starts_with("HTTP/1.1 200 OK"));
    serving.stop.send(()).unwrap();
    drop(second);
    assert!(serving.done.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_their_answer_makes_nobody_wait_for_ever() {
    let much = get(async || "x".repeat(64 * 1024 * 1024));
    let limits = Limits { most: 1, head: Duration::from_millis(200), ..Limits::default() };
    let serving = serving(healthy().route("/much", much), limits).await;
    let mut deaf = TcpStream::connect(serving.address).await.unwrap();
    deaf.write_all(b"GET /much HTTP/1.1\r\nhost: candor\r\n\r\n").await.unwrap();
    let mut next = TcpStream::connect(serving.address).await.unwrap();
    next.write_all(ASK).await.unwrap();
    assert!(answer(&mut next).await.starts_with("HTTP/1.1 200 OK"));
    drop(deaf);
    serving.stop.send(()).unwrap();
    drop(next);
    assert!(serving.done.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_flight_is_answered_after_a_stop_was_asked_for() {
    let (asked, mut came) = mpsc::channel(1);
    let (go, gone) = tokio::sync::watch::channel(false);
    let slow = get(async move || {
        asked.send(()).await.unwrap();
        let _ = gone.clone().wait_for(|gone| *gone).await;
        "ok\n"
    });
    let serving = serving(Router::new().route("/healthz", slow), Limits::default()).await;
    let mut stream = TcpStream::connect(serving.address).await.unwrap();
    stream.write_all(ASK).await.unwrap();
    came.recv().await.unwrap();
    serving.stop.send(()).unwrap();
    go.send(true).unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
    assert!(serving.done.await.unwrap());
    // Who hangs is not waited for beyond the time to drain.
    let (asked, mut came) = mpsc::channel(1);
    let hangs = get(async move || {
        asked.send(()).await.unwrap();
        std::future::pending::<&str>().await
    });
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
    let hanging = self::serving(Router::new().route("/healthz", hangs), limits).await;
    let mut stream = TcpStream::connect(hanging.address).await.unwrap();
    stream.write_all(ASK).await.unwrap();
    came.recv().await.unwrap();
    hanging.stop.send(()).unwrap();
    assert!(!hanging.done.await.unwrap());
}
