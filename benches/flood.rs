//! Others while somebody floods the login: 1,000 wrong passwords for one account, from 32 connections and as many addresses as
//! guesses, while another signed-in person reads their insights and signs in once a second.
//!
//! `cargo bench --bench flood` starts the real program over a fresh folder and prints how many hashes the guesses cost (at most 15
//! are wanted) and, with and without the flood, the median, the 99th percentile and the longest of the reader's requests in
//! milliseconds (the 99th percentile of a read is to stay under 150). Client and server share the machine.

#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock and starts tasks of its own")]

use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;

const GUESSES: u32 = 1_000;
const CONNECTIONS: u32 = 32;
/// How long the reader is watched while nobody else asks.
const QUIET: Duration = Duration::from_secs(10);
const PASSWORD: &str = "a horse, a kettle and a lamp";
const READER: &str = "reader@example.org";
const VICTIM: &str = "victim@example.org";

/// The program, serving; it ends with the bench.
struct Server {
    child: Child,
    api: String,
    metrics: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn candor(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
    command.arg("--data-dir").arg(data).env("ENV_MODE", "dev");
    for variable in ["DATABASE_URL", "CANDOR_KEYS_URL", "CANDOR_MASTER_KEY", "CANDOR_MASTER_KEY_FILE", "ENABLE_LLM"] {
        command.env_remove(variable);
    }
    command
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut command = candor(data);
        // Each request says by itself where it comes from, so that no address has its fill.
        command.arg("serve").env("CANDOR_TRUSTED_PROXIES", "127.0.0.1");
        command.args(["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its notes")).lines().map_while(Result::ok);
        let mut address = |note: &str| {
            let line = lines.by_ref().find(|line| line.starts_with(note)).expect("where it listens");
            let (_, address) = line.split_once("http://").expect("an address");
            format!("http://{}", address.trim_end_matches("/metrics"))
        };
        let (api, metrics) = (address("candor serves"), address("metrics are on"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, api, metrics }
    }

    /// Adds an account and sets its password.
    async fn add(&self, data: &Path, client: &Client, name: &str) {
        let added = candor(data).args(["--quiet", "user", "add", name]).output().expect("an account");
        let token = String::from_utf8(added.stdout).expect("a token");
        let set = json!({ "one_time_token": token.trim(), "new": PASSWORD });
        let answer = posted(client, &format!("{}/api/v1/auth/password/one-time", self.api), &set).send().await;
        assert_eq!(answer.expect("an answer").status(), StatusCode::NO_CONTENT);
    }

    async fn hashes(&self, client: &Client) -> u64 {
        let shown = client.get(format!("{}/metrics", self.metrics)).send().await.expect("metrics");
        let shown = shown.text().await.expect("metrics");
        let count = shown.lines().find_map(|line| line.strip_prefix("candor_password_hashes_total "));
        count.and_then(|count| count.parse().ok()).expect("a count of hashes")
    }
}

fn posted(client: &Client, url: &str, body: &Value) -> RequestBuilder {
    client.post(url).header("content-type", "application/json").body(body.to_string())
}

/// Addresses nobody has used before.
#[derive(Clone, Default)]
struct Addresses(Arc<AtomicU32>);

impl Addresses {
    fn sign_in(&self, client: &Client, api: &str, name: &str, password: &str) -> RequestBuilder {
        let from = Ipv4Addr::from_bits(0x0a00_0000 + self.0.fetch_add(1, Ordering::Relaxed));
        let login = json!({ "name": name, "password": password });
        posted(client, &format!("{api}/api/v1/auth/login"), &login).header("x-forwarded-for", from.to_string())
    }
}

/// Sends a request, reads its answer whole and tells how long that took.
async fn timed(request: RequestBuilder) -> (StatusCode, String, Duration) {
    let begun = Instant::now();
    let answer = request.send().await.expect("an answer");
    let (status, text) = (answer.status(), answer.text().await.expect("a whole answer"));
    (status, text, begun.elapsed())
}

/// What the reader saw.
#[derive(Default)]
struct Seen {
    reads: Vec<Duration>,
    sign_ins: Vec<Duration>,
    refused: u32,
}

/// Reads, one request after the other, and signs in at once and then every second, until told to stop.
async fn read(api: String, token: String, addresses: Addresses, stop: watch::Receiver<bool>) -> Seen {
    let reads = async {
        let (client, mut reads) = (Client::new(), Vec::new());
        while !*stop.borrow() {
            let (status, _, took) = timed(client.get(format!("{api}/api/v1/insights")).bearer_auth(&token)).await;
            assert_eq!(status, StatusCode::OK);
            reads.push(took);
        }
        reads
    };
    let sign_ins = async {
        let (client, mut sign_ins, mut refused) = (Client::new(), Vec::new(), 0);
        let (mut turns, mut stopped) = (tokio::time::interval(Duration::from_secs(1)), stop.clone());
        loop {
            tokio::select! {
                _ = turns.tick() => {}
                _ = stopped.wait_for(|stop| *stop) => return (sign_ins, refused),
            }
            let (status, _, took) = timed(addresses.sign_in(&client, &api, READER, PASSWORD)).await;
            sign_ins.push(took);
            refused += u32::from(status != StatusCode::OK);
        }
    };
    let (reads, (sign_ins, refused)) = tokio::join!(reads, sign_ins);
    Seen { reads, sign_ins, refused }
}

/// All guesses, from so many connections at once; how many were answered in which way.
async fn flood(api: &str, addresses: &Addresses) -> Vec<(StatusCode, u32)> {
    let left = Arc::new(AtomicU32::new(GUESSES));
    let tasks = (0..CONNECTIONS).map(|_| {
        let (left, addresses, api) = (Arc::clone(&left), addresses.clone(), api.to_owned());
        tokio::spawn(async move {
            let (client, mut answers) = (Client::new(), Vec::new());
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let guess = addresses.sign_in(&client, &api, VICTIM, "a guess that is wrong");
                answers.push(timed(guess).await.0);
            }
            answers
        })
    });
    let mut counts: Vec<(StatusCode, u32)> = Vec::new();
    for answers in futures_util::future::join_all(tasks).await {
        for status in answers.expect("the guesses of a connection") {
            match counts.iter_mut().find(|(other, _)| *other == status) {
                Some((_, count)) => *count += 1,
                None => counts.push((status, 1)),
            }
        }
    }
    counts
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times.get(((times.len() - 1) as f64 * share).round() as usize).map_or(0.0, ms);
    if times.is_empty() {
        return println!("  {what}: none");
    }
    println!("  {what}: {} times, p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms", times.len(), at(0.5), at(0.99), at(1.0));
}

fn ms(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn print_seen(when: &str, seen: Seen) {
    println!("{when}");
    print("reads", seen.reads);
    print("sign-ins", seen.sign_ins);
    println!("  sign-ins that were not let in: {}", seen.refused);
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (server, client, addresses) = (Server::start(&data), Client::new(), Addresses::default());
    for name in [READER, VICTIM] {
        server.add(&data, &client, name).await;
    }
    let signed = timed(addresses.sign_in(&client, &server.api, READER, PASSWORD)).await.1;
    let signed: Value = serde_json::from_str(&signed).expect("tokens");
    let token = signed["access_token"].as_str().expect("a token").to_owned();
    let story = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/sleep_decline/input.ndjson"));
    let sent = client.post(format!("{}/api/v1/imports?name=nights.ndjson", server.api)).bearer_auth(&token);
    assert_eq!(timed(sent.body(story.expect("a story"))).await.0, StatusCode::OK);
    let run = client.post(format!("{}/api/v1/loop", server.api)).bearer_auth(&token);
    assert_eq!(timed(run).await.0, StatusCode::OK);

    let watched =
        |stop: watch::Receiver<bool>| tokio::spawn(read(server.api.clone(), token.clone(), addresses.clone(), stop));
    let (stop, stopped) = watch::channel(false);
    let reader = watched(stopped);
    tokio::time::sleep(QUIET).await;
    stop.send_replace(true);
    print_seen("without a flood", reader.await.expect("what the reader saw"));

    let before = server.hashes(&client).await;
    let (stop, stopped) = watch::channel(false);
    let reader = watched(stopped);
    let begun = Instant::now();
    let answers = flood(&server.api, &addresses).await;
    let took = begun.elapsed();
    stop.send_replace(true);
    let seen = reader.await.expect("what the reader saw");
    let own = seen.sign_ins.len() as u64;
    let hashes = server.hashes(&client).await - before;
    print_seen(&format!("during {GUESSES} wrong passwords in {:.1} s", took.as_secs_f64()), seen);
    println!("  hashes: {hashes}, of them at most {own} for the reader's own sign-ins");
    for (status, count) in answers {
        println!("  guesses answered with {}: {count}", status.as_u16());
    }
}
