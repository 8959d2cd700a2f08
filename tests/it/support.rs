//! What the store's tests are made of: a place for a store on either database, and chains of events.

use crate::postgres;
use candor::engine::Engine;
use candor::engine::live::{Live, Timed};
use candor::engine::ports::entropy::Entropy;
use candor::engine::ports::jobs::Priority;
use candor::providers::ExportFiles;
use candor::store::accounts::AccountPlace;
use candor::store::chain::{Hash, Header};
use candor::store::event_id::event_ids;
use candor::store::jobs::{JobPlace, JobTables};
use candor::store::journal::SealedJournal;
use candor::store::keys::{KeyPlace, KeyStore};
use candor::store::log::{ChainedEvent, EventLog, Head, PostgresLog, SqliteLog, StoredEvent};
use candor::store::log_place;
use candor::store::originals::SealedOriginals;
use candor::store::refusals::RefusalTable;
use candor::store::seal::Key;
use candor::store::sql::{Durability, Sql};
use candor::store::views::{PeopleViews, VERSION};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// The instant the tests record at.
pub(crate) const NOW: i64 = 1_790_000_000_000_000;

/// An empty place for a store on one of the databases.
pub(crate) struct Place {
    folder: TempDir,
    url: Option<String>,
    #[cfg(feature = "eventstore")]
    cluster: Option<LogPlace>,
}

/// The part of a cluster that is one log's own.
#[cfg(feature = "eventstore")]
struct LogPlace {
    url: String,
    space: String,
    /// The cluster itself, where it is in this process.
    fake: Option<crate::cluster::Fake>,
}

impl Place {
    pub(crate) async fn sqlite() -> Option<Self> {
        Some(Self::of(None))
    }

    pub(crate) async fn postgres() -> Option<Self> {
        Some(Self::of(Some(postgres::fresh_database().await?)))
    }

    fn of(url: Option<String>) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            url,
            #[cfg(feature = "eventstore")]
            cluster: None,
        }
    }

    /// The log on a fake cluster, everything else in files.
    #[cfg(feature = "eventstore")]
    pub(crate) async fn cluster() -> Option<Self> {
        let fake = crate::cluster::Fake::start(1);
        let cluster = LogPlace { url: fake.url(), space: String::new(), fake: Some(fake) };
        Some(Self { cluster: Some(cluster), ..Self::of(None) })
    }

    /// The log on a fake cluster, everything else in PostgreSQL.
    #[cfg(feature = "eventstore")]
    pub(crate) async fn cluster_and_postgres() -> Option<Self> {
        Some(Self { cluster: Self::cluster().await?.cluster, ..Self::postgres().await? })
    }

    /// The log on the real node that `EVENTSTORE_URL` names, in a space of its own; `None` where it names none.
    #[cfg(feature = "eventstore")]
    pub(crate) async fn node() -> Option<Self> {
        let url = crate::cluster::real_node()?;
        let cluster = LogPlace { url, space: format!("test-{}", Uuid::new_v4()), fake: None };
        Some(Self { cluster: Some(cluster), ..Self::of(None) })
    }

    /// The cluster in this process that holds the log.
    #[cfg(feature = "eventstore")]
    pub(crate) fn fake(&self) -> Option<&crate::cluster::Fake> {
        self.cluster.as_ref()?.fake.as_ref()
    }

    /// Whether the log lies on a cluster.
    pub(crate) fn is_cluster(&self) -> bool {
        #[cfg(feature = "eventstore")]
        return self.cluster.is_some();
        #[cfg(not(feature = "eventstore"))]
        return false;
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("log.db")
    }

    /// Opens the log, as another process would.
    pub(crate) async fn log(&self) -> Arc<dyn EventLog> {
        #[cfg(feature = "eventstore")]
        if let Some(cluster) = &self.cluster {
            match &self.url {
                Some(url) => PostgresLog::prepare(url).await.unwrap(),
                None => SqliteLog::prepare(&self.file()).await.unwrap(),
            }
            return Arc::new(cluster_log(&cluster.url, &cluster.space));
        }
        match &self.url {
            Some(url) => Arc::new(PostgresLog::open(url).await.unwrap()),
            None => Arc::new(SqliteLog::open(&self.file()).await.unwrap()),
        }
    }

    pub(crate) async fn migrate_down(&self, version: i64) {
        match &self.url {
            Some(url) => PostgresLog::migrate_down(url, version).await.unwrap(),
            None => SqliteLog::migrate_down(&self.file(), version).await.unwrap(),
        }
    }

    /// Where the keys lie: a file apart, or a schema apart.
    pub(crate) fn key_place(&self) -> KeyPlace {
        match &self.url {
            Some(url) => KeyPlace::Postgres(url.clone()),
            None => KeyPlace::File(self.folder.path().join("keys.db")),
        }
    }

    /// Opens the keys, as another process would.
    pub(crate) async fn keys(&self) -> Arc<KeyStore> {
        Arc::new(KeyStore::open(&self.key_place(), Key::new([7; 32]), entropy()).await.unwrap())
    }

    /// A journal over a log, with its own handle on the keys.
    pub(crate) async fn journal_over(&self, log: Arc<dyn EventLog>) -> Arc<SealedJournal> {
        Arc::new(SealedJournal::new(log, self.keys().await, entropy()))
    }

    /// Opens a journal, as another process would.
    pub(crate) async fn journal(&self) -> Arc<SealedJournal> {
        self.journal_over(self.log().await).await
    }

    /// Opens the read models over a journal.
    pub(crate) async fn views(&self, journal: &Arc<SealedJournal>) -> PeopleViews {
        PeopleViews::open(self.view_place(), self.tables().await, Arc::clone(journal), log_place::LogPlace::Tables)
            .await
            .unwrap()
    }

    pub(crate) fn view_place(&self) -> candor::store::views::Place {
        match &self.url {
            Some(url) => candor::store::views::Place::Postgres(url.clone()),
            None => candor::store::views::Place::Folder(self.folder.path().to_owned()),
        }
    }

    /// The tables of the first generation of read models, to look at and to tamper with.
    pub(crate) async fn view_tables(&self) -> Sql {
        match &self.url {
            Some(url) => Sql::open_postgres(url, &format!("candor_views_people_v{VERSION}_1"), 4).await.unwrap(),
            None => {
                let path = self.folder.path().join(format!("views-people-v{VERSION}-1.db"));
                Sql::open_sqlite(&path, Durability::Rebuildable).await.unwrap()
            }
        }
    }

    /// The use cases over a log.
    pub(crate) async fn engine_over(&self, log: Arc<dyn EventLog>) -> Engine {
        let journal = self.journal_over(log).await;
        Engine {
            views: Arc::new(self.views(&journal).await),
            journal,
            originals: Arc::new(self.originals().await),
            keys: self.keys().await,
            holders: vec![Arc::new(self.job_place()), Arc::new(self.account_place())],
            exports: Arc::new(ExportFiles),
            refusals: Arc::new(RefusalTable::new(self.tables().await)),
            narrator: None,
        }
    }

    /// Live providers over the use cases: none is set up.
    pub(crate) async fn live_over(&self, engine: Engine) -> Live {
        let tables = Arc::new(JobTables::open(&self.job_place()).await.unwrap());
        Live {
            engine,
            connections: Arc::new(tables.connections(self.keys().await, entropy())),
            meter: Arc::clone(&tables) as _,
            priority: Priority::Live,
            queue: tables,
            apis: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            public_url: "https://candor.test".to_owned(),
            folder: self.path("."),
            entropy: entropy(),
            clock: Arc::new(|| "2026-01-01T00:00:00Z".parse().unwrap()),
            timed: Timed::by(Arc::new(|| Box::new(|| std::time::Duration::ZERO))),
            tasks: TaskTracker::new(),
            bell: Arc::new(Notify::new()),
        }
    }

    pub(crate) fn account_place(&self) -> AccountPlace {
        match &self.url {
            Some(url) => AccountPlace::Postgres(url.clone()),
            None => AccountPlace::File(self.path("accounts.db")),
        }
    }

    pub(crate) fn job_place(&self) -> JobPlace {
        match &self.url {
            Some(url) => JobPlace::Postgres(url.clone()),
            None => JobPlace::File(self.path("jobs.db")),
        }
    }

    /// The sealed originals.
    pub(crate) async fn originals(&self) -> SealedOriginals {
        SealedOriginals::new(self.path("originals"), self.keys().await, entropy())
    }

    /// Whether it is PostgreSQL.
    pub(crate) fn is_postgres(&self) -> bool {
        self.url.is_some()
    }

    /// A path beside the store.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The log's tables, to look at and to tamper with.
    pub(crate) async fn tables(&self) -> Sql {
        match &self.url {
            Some(url) => Sql::open_postgres(url, "candor_log", 4).await.unwrap(),
            None => Sql::open_sqlite(&self.file(), Durability::Full).await.unwrap(),
        }
    }

    /// Opens the log in tables so that it is filled, as a move does.
    pub(crate) async fn filled(&self) -> Arc<dyn EventLog> {
        match &self.url {
            Some(url) => Arc::new(PostgresLog::fill(url).await.unwrap()),
            None => Arc::new(SqliteLog::fill(&self.file()).await.unwrap()),
        }
    }

    /// What another process needs to open the same log.
    pub(crate) fn address(&self) -> String {
        #[cfg(feature = "eventstore")]
        if let Some(cluster) = &self.cluster {
            return format!("{} {}", cluster.url, cluster.space);
        }
        match &self.url {
            Some(url) => url.clone(),
            None => self.file().display().to_string(),
        }
    }

    pub(crate) async fn clean_up(self) {
        if let Some(url) = &self.url {
            postgres::drop_database(url).await;
        }
    }
}

/// The secret that signs the checkpoints of a log in a test.
pub(crate) const CHECKPOINT_KEY: [u8; 32] = [8; 32];

/// Random bytes of a seeded generator; each source has a seed of its own.
struct Seeded(Mutex<ChaCha8Rng>);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(bytes);
    }
}

pub(crate) fn entropy() -> Arc<dyn Entropy> {
    static SEED: AtomicU64 = AtomicU64::new(0);
    let seed = SEED.fetch_add(1, Ordering::Relaxed);
    Arc::new(Seeded(Mutex::new(ChaCha8Rng::seed_from_u64(seed))))
}

/// The log that another process finds at an address.
pub(crate) async fn log_at(address: &str) -> Arc<dyn EventLog> {
    #[cfg(feature = "eventstore")]
    if address.starts_with("esdb") {
        let (url, space) = address.split_once(' ').unwrap();
        return Arc::new(cluster_log(url, space));
    }
    if address.starts_with("postgres") {
        return Arc::new(PostgresLog::open(address).await.unwrap());
    }
    Arc::new(SqliteLog::open(std::path::Path::new(address)).await.unwrap())
}

#[cfg(feature = "eventstore")]
fn cluster_log(url: &str, space: &str) -> candor::store::log::EventStoreLog {
    let address = candor::store::log::eventstore::Address::parse(url, None).unwrap();
    candor::store::log::EventStoreLog::new(address, space)
}

/// Runs one test body on both databases, as two tests.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        crate::support::on!(sqlite: $($name),+);
        crate::support::on!(postgres: $($name),+);
    };
}
pub(crate) use on_both;

/// The same for what every log promises: on both databases and, where the client is built in, on the fake cluster and on
/// the real node there may be. What stands behind `sql:` looks at tables, or at what only a database has.
macro_rules! on_each {
    ($($name:ident),+ $(,)?; sql: $($sql:ident),+ $(,)?) => {
        crate::support::on!(sqlite: $($name,)+ $($sql),+);
        crate::support::on!(postgres: $($name,)+ $($sql),+);
        #[cfg(feature = "eventstore")]
        crate::support::on!(cluster: $($name),+);
        #[cfg(feature = "eventstore")]
        crate::support::on!(node: $($name),+);
    };
    ($($name:ident),+ $(,)?) => {
        crate::support::on!(sqlite: $($name),+);
        crate::support::on!(postgres: $($name),+);
        #[cfg(feature = "eventstore")]
        crate::support::on!(cluster: $($name),+);
        #[cfg(feature = "eventstore")]
        crate::support::on!(node: $($name),+);
    };
}
pub(crate) use on_each;

/// The tests of one place, in a module of its name.
macro_rules! on {
    ($place:ident: $($name:ident),+) => {
        mod $place {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    if let Some(place) = crate::support::Place::$place().await {
                        super::$name(&place).await;
                        place.clean_up().await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on;

/// A batch that continues a stream, with ids derived from the key.
pub(crate) fn batch(stream: &str, head: Option<Head>, key: &str, bodies: &[&[u8]]) -> Arc<[ChainedEvent]> {
    let ids = event_ids(stream, key, u16::try_from(bodies.len()).unwrap());
    batch_with_ids(stream, head, &ids, bodies)
}

/// A batch that continues a stream, with given ids.
pub(crate) fn batch_with_ids(stream: &str, head: Option<Head>, ids: &[Uuid], bodies: &[&[u8]]) -> Arc<[ChainedEvent]> {
    let mut previous = head.map_or(Hash::GENESIS, |head| head.hash);
    let first = head.map_or(0, |head| head.revision + 1);
    ids.iter()
        .zip(bodies)
        .zip(first..)
        .map(|((id, body), revision)| {
            let key_ids = vec![Uuid::from_u128(0xfeed), Uuid::from_u128(0xbeef)];
            let body_digest = Hash::of(body);
            let header = Header {
                stream,
                revision,
                event_id: *id,
                event_type: "thing_happened",
                schema_version: 1,
                recorded_at: NOW,
                key_ids: &key_ids,
            };
            let hash = header.chain(&previous, &body_digest);
            let event = ChainedEvent {
                event_id: *id,
                revision,
                event_type: "thing_happened".to_owned(),
                schema_version: 1,
                recorded_at: NOW,
                body: body.to_vec(),
                body_digest,
                prev_hash: previous,
                hash,
                key_ids,
            };
            previous = hash;
            event
        })
        .collect()
}

/// Appends one event at the head of a stream.
pub(crate) async fn append_one(log: &dyn EventLog, stream: &str, key: &str) -> StoredEvent {
    use candor::store::log::{Direction, Expected};
    let head = log.head(stream).await.unwrap();
    let expected = head.map_or(Expected::NoStream, |head| Expected::Exact(head.revision));
    let appended = log.append(stream, expected, batch(stream, head, key, &[key.as_bytes()])).await.unwrap();
    let page = log.read_stream(stream, appended.first_revision, Direction::Forward, 1).await.unwrap();
    let event = page.events.into_iter().next().unwrap();
    // A cluster does not tell positions where it reads by stream.
    StoredEvent { position: appended.position, ..event }
}

/// Holds the positions of a whole log: the counting numbers where the backend counts; elsewhere they rise.
pub(crate) fn check_positions(log: &dyn EventLog, events: &[StoredEvent]) {
    if log.capabilities().gapless_positions {
        assert!(events.iter().map(|event| event.position.number()).eq(1..=events.len() as u64));
    } else {
        assert!(events.is_sorted_by(|one, two| one.position < two.position));
    }
}

/// Every event of the log, read in pages of this size.
pub(crate) async fn everything(log: &dyn EventLog, limit: usize) -> Vec<StoredEvent> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = log.read_all(after, limit).await.unwrap();
        after = page.next;
        let done = page.caught_up;
        all.extend(page.events);
        if done {
            return all;
        }
    }
}
