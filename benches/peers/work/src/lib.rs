//! The work that every peer does, and the clock beside it.
//!
//! A peer appends events of 300 bytes of JSON to streams at an expected version, reads one stream, and reads everything.
//! `scripts/peers` starts a peer once for each measure, on a database of its own, as
//! `PEER STORE ADDRESS FOLDER MEASURE ...`; the answer is one line of JSON.

use std::error::Error;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What can go wrong, in the words of whoever it went wrong with.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The bytes of an event's JSON.
const BYTES: usize = 300;
/// The streams that are appended to.
const STREAMS: u64 = 1_000;
/// The events of each stream when a whole log is filled, and of a batch then.
const FILLED: u64 = 1_000;
const FILLING: u64 = 100;
/// How long writers run before they are measured: connections open, statements are prepared.
const WARMING: Duration = Duration::from_millis(300);

/// Where a peer keeps its events.
pub struct Place {
    /// The engine, and the variant where a peer has several.
    pub store: String,
    /// The URL of a PostgreSQL database, or the path of an SQLite file.
    pub address: String,
    /// A folder for whatever else the peer keeps.
    pub folder: PathBuf,
    /// How many writers will call at once.
    pub writers: u32,
}

/// An event store at work.
pub trait Peer: Send + Sync + 'static {
    /// The JSON of an event that holds this text: so much of the 300 bytes is taken before any text.
    fn json(&self, text: &str) -> String;

    /// Appends one event for each text to a stream that has `at` events, durably.
    fn append(&self, stream: u64, at: u64, texts: Vec<String>) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Reads a stream from its beginning and counts its events.
    fn read_stream(&self, stream: u64) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// Reads every event in the order that the store has, and counts them.
    fn replay(&self) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// The same without taking the events apart, where a store has such a way.
    fn replay_sealed(&self) -> impl Future<Output = Result<Option<u64>, Failure>> + Send {
        async { Ok(None) }
    }
}

/// Does what the arguments of the program ask for.
pub fn run<P: Peer, F: Future<Output = Result<P, Failure>>>(open: impl FnOnce(Place) -> F) -> Result<(), Failure> {
    let start = Instant::now();
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("PEER STORE ADDRESS FOLDER append|fill|read|replay|ready ...");
    let (store, address, folder, measure) = (next()?, next()?, PathBuf::from(next()?), next()?);
    let mut number = || -> Result<u64, Failure> { Ok(next()?.parse()?) };
    let (first, second, third) = match measure.as_str() {
        "append" => (number()?, number()?, number()?),
        "read" => (number()?, 0, 0),
        "replay" => (0, 0, 0),
        _ => (number()?, 0, 0),
    };
    let writers = if measure == "append" { u32::try_from(first)?.max(8) } else { 8 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let answer = runtime.block_on(async {
        let peer = Arc::new(open(Place { store, address, folder, writers }).await?);
        match measure.as_str() {
            "append" => append(&peer, first, second, Duration::from_millis(third)).await,
            "fill" => fill(&*peer, first).await,
            "read" => read(&*peer, Duration::from_millis(first)).await,
            "replay" => replay(&*peer).await,
            "ready" => ready(&*peer, start, first).await,
            _ => Err("no such measure".into()),
        }
    })?;
    println!("{answer}");
    // Connections need no farewell: the database goes with them.
    runtime.shutdown_background();
    Ok(())
}

/// A text that makes the JSON of an event as long as all others.
fn text<P: Peer>(peer: &P, stream: u64, version: u64) -> String {
    let around = peer.json("").len();
    let mut text = format!("{stream}.{version}.");
    while text.len() + around < BYTES {
        text.push(char::from(b'a' + ((text.len() as u64 * 7 + version) % 26) as u8));
    }
    text
}

fn texts<P: Peer>(peer: &P, stream: u64, at: u64, batch: u64) -> Vec<String> {
    (at..at + batch).map(|version| text(peer, stream, version)).collect()
}

/// One writer: the streams that only it appends to, and how many events each has.
struct Writer {
    streams: Vec<(u64, u64)>,
    next: usize,
}

/// What a writer did within its time.
struct Done {
    writer: Writer,
    /// Microseconds that each append took.
    took: Vec<f64>,
}

async fn write<P: Peer>(peer: Arc<P>, mut writer: Writer, batch: u64, until: Instant) -> Result<Done, Failure> {
    let mut took = Vec::new();
    while Instant::now() < until {
        let place = writer.next % writer.streams.len();
        let (stream, at) = writer.streams[place];
        let texts = texts(&*peer, stream, at, batch);
        let start = Instant::now();
        peer.append(stream, at, texts).await?;
        took.push(start.elapsed().as_secs_f64() * 1e6);
        writer.streams[place].1 += batch;
        writer.next += 1;
    }
    Ok(Done { writer, took })
}

/// All writers at once, until the time is up.
async fn together<P: Peer>(
    peer: &Arc<P>,
    writers: Vec<Writer>,
    batch: u64,
    time: Duration,
) -> Result<(Vec<Done>, f64), Failure> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for writer in writers {
        tasks.spawn(write(Arc::clone(peer), writer, batch, start + time));
    }
    let mut done = Vec::new();
    while let Some(one) = tasks.join_next().await {
        done.push(one??);
    }
    // Until the last append was acknowledged, not until the clock said stop.
    Ok((done, start.elapsed().as_secs_f64()))
}

/// So many writers append batches for so long, to streams that are there already.
async fn append<P: Peer>(peer: &Arc<P>, writers: u64, batch: u64, time: Duration) -> Result<String, Failure> {
    let share = |of: u64, index: u64| (index..STREAMS).step_by(of as usize).collect::<Vec<_>>();
    let mut first = JoinSet::new();
    for index in 0..8 {
        let (peer, streams) = (Arc::clone(peer), share(8, index));
        first.spawn(async move {
            for stream in streams {
                peer.append(stream, 0, texts(&*peer, stream, 0, 1)).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(one) = first.join_next().await {
        one??;
    }
    let fresh =
        |index| Writer { streams: share(writers, index).into_iter().map(|stream| (stream, 1)).collect(), next: 0 };
    let (warm, _) = together(peer, (0..writers).map(fresh).collect(), batch, WARMING).await?;
    let warm = warm.into_iter().map(|done| done.writer).collect();
    // Whoever reads this looks at what the processor has done so far.
    println!("warm");
    let (done, seconds) = together(peer, warm, batch, time).await?;
    let mut took: Vec<f64> = done.into_iter().flat_map(|done| done.took).collect();
    took.sort_by(f64::total_cmp);
    let part = |share: f64| took.get((took.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    let events = took.len() as u64 * batch;
    Ok(format!(
        r#"{{"events": {events}, "seconds": {seconds:.4}, "p50_us": {:.1}, "p99_us": {:.1}}}"#,
        part(0.5),
        part(0.99)
    ))
}

/// One writer fills a log in batches of 100, streams of 1,000 events each; tells what an event cost in each tenth.
async fn fill<P: Peer>(peer: &P, events: u64) -> Result<String, Failure> {
    let streams = (events / FILLED).max(1);
    let (mut tenths, mut written) = (Vec::new(), 0);
    let mut start = Instant::now();
    for pass in 0..FILLED / FILLING {
        for stream in 0..streams {
            let at = pass * FILLING;
            peer.append(stream, at, texts(peer, stream, at, FILLING)).await?;
            written += FILLING;
        }
        tenths.push(format!("{:.3}", start.elapsed().as_secs_f64() * 1e6 / (streams * FILLING) as f64));
        start = Instant::now();
    }
    Ok(format!(r#"{{"events": {written}, "us_per_event": [{}]}}"#, tenths.join(", ")))
}

/// Reads streams of a filled log, one after the other.
async fn read<P: Peer>(peer: &P, time: Duration) -> Result<String, Failure> {
    let (start, mut took, mut events) = (Instant::now(), Vec::new(), 0);
    while start.elapsed() < time {
        let one = Instant::now();
        events += peer.read_stream(took.len() as u64 % 10).await?;
        took.push(one.elapsed().as_secs_f64() * 1e3);
    }
    let seconds = start.elapsed().as_secs_f64();
    took.sort_by(f64::total_cmp);
    Ok(format!(r#"{{"events": {events}, "seconds": {seconds:.4}, "p50_ms": {:.3}}}"#, took[took.len() / 2]))
}

async fn replay<P: Peer>(peer: &P) -> Result<String, Failure> {
    let start = Instant::now();
    let events = peer.replay().await?;
    let seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let sealed = peer.replay_sealed().await?;
    let sealed = match sealed {
        Some(_) => format!("{:.4}", start.elapsed().as_secs_f64()),
        None => "null".to_owned(),
    };
    Ok(format!(r#"{{"events": {events}, "seconds": {seconds:.4}, "sealed_seconds": {sealed}}}"#))
}

/// From the start of the program until a stream is loaded and an event appended to it.
async fn ready<P: Peer>(peer: &P, start: Instant, stream: u64) -> Result<String, Failure> {
    let at = peer.read_stream(stream).await?;
    peer.append(stream, at, texts(peer, stream, at, 1)).await?;
    Ok(format!(r#"{{"ms": {:.2}}}"#, start.elapsed().as_secs_f64() * 1e3))
}
