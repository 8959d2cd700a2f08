//! Candor at the work: its journal with sealing and chain, over either log, with the keys in a file of their own.
#![expect(clippy::disallowed_methods, reason = "a bench asks the system for chance")]

use candor::domain::Instant;
use candor::domain::event::{Actor, Event, Meta, PersonRegistered};
use candor::domain::person::PersonId;
use candor::engine::ports::entropy::Entropy;
use candor::engine::ports::journal::{Journal, Recorded};
use candor::store::journal::{SealedJournal, Walk};
use candor::store::keys::{KeyPlace, KeyStore};
use candor::store::log::{EventLog, PostgresLog, SqliteLog};
use candor::store::seal::Key;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;
use work::{Failure, Peer, Place};

/// Events of a page when everything is read, as the read models do.
const PAGE: usize = 1_000;
/// When everything happened: a fixed moment, in microseconds since 1970.
const NOW: i64 = 1_790_000_000_000_000;

/// The operating system's generator, as Candor itself asks for it.
struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("random bytes");
    }
}

struct Candor {
    log: Arc<dyn EventLog>,
    journal: Arc<SealedJournal>,
    meta: Meta,
    now: Instant,
}

impl Candor {
    async fn open(place: Place) -> Result<Self, Failure> {
        let log: Arc<dyn EventLog> = match place.store.as_str() {
            "sqlite" => Arc::new(SqliteLog::open(Path::new(&place.address)).await?),
            _ => Arc::new(PostgresLog::open(&place.address).await?),
        };
        let entropy = Arc::new(OsEntropy);
        let keys = KeyPlace::File(place.folder.join("keys.db"));
        let keys = Arc::new(KeyStore::open(&keys, Key::new([7; 32]), Arc::clone(&entropy) as _).await?);
        let now = Instant::from_timestamp_micros(NOW).ok_or("no such moment")?;
        let meta =
            Meta { occurred_at: now, actor: Actor::Person, correlation_id: Uuid::from_u128(1), causation_id: None };
        Ok(Self { journal: Arc::new(SealedJournal::new(Arc::clone(&log), keys, entropy)), log, meta, now })
    }

    fn event(&self, text: &str) -> (Meta, Event) {
        (self.meta.clone(), PersonRegistered { origin: text.to_owned() }.into())
    }
}

/// A person for each stream; their ids are spread as ids by chance are.
fn person(stream: u64) -> PersonId {
    PersonId::new(Uuid::new_v5(&Uuid::NAMESPACE_OID, &stream.to_be_bytes()))
}

/// An event counts once it was opened and decoded.
fn opened(recorded: &Recorded) -> u64 {
    u64::from(recorded.content.is_some())
}

impl Peer for Candor {
    fn json(&self, text: &str) -> String {
        let (meta, event) = self.event(text);
        String::from_utf8(event.encode(&meta).expect("an event")).expect("JSON")
    }

    async fn append(&self, stream: u64, at: u64, texts: Vec<String>) -> Result<(), Failure> {
        let events: Vec<_> = texts.iter().map(|text| self.event(text)).collect();
        let key = format!("{stream}/{at}");
        self.journal.append(person(stream), at.checked_sub(1), &key, &events, self.now).await?;
        Ok(())
    }

    async fn read_stream(&self, stream: u64) -> Result<u64, Failure> {
        Ok(self.journal.read(person(stream), 0, 2_000).await?.iter().map(opened).sum())
    }

    async fn replay(&self) -> Result<u64, Failure> {
        let (mut log, mut events) = (Walk::new(Arc::clone(&self.journal), None, None, PAGE), 0);
        loop {
            let page = log.next().await?;
            for event in page.events {
                events += opened(&event.map_err(|poison| poison.reason)?);
            }
            if page.caught_up {
                return Ok(events);
            }
        }
    }

    async fn replay_sealed(&self) -> Result<Option<u64>, Failure> {
        let (mut after, mut events) = (None, 0);
        loop {
            let page = self.log.read_all(after, PAGE).await?;
            events += page.events.len() as u64;
            if page.caught_up {
                return Ok(Some(events));
            }
            after = page.next;
        }
    }
}

fn main() -> Result<(), Failure> {
    work::run(Candor::open)
}
