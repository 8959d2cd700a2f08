//! Another master key: everything opens under it, nothing under the old one, and a crash anywhere in between is made good by doing
//! the same again.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use candor::domain::erasure::Scope;
use candor::domain::person::PersonId;
use candor::domain::provider::Provider;
use candor::store::keys::{KeyPlace, KeyStore, RotationError};
use candor::store::master_key;
use candor::store::seal::Key;
use candor::store::sql::{Durability, Sql, SqlTx};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use uuid::Uuid;

use crate::command::Store;
use crate::support::{Place, entropy, on_both};

on_both!(
    every_key_opens_under_the_new_master_key_and_none_under_the_old,
    one_key_that_does_not_open_leaves_all_as_they_were,
    who_holds_the_old_master_key_makes_no_key_any_more,
);

const NOW: &str = "2026-03-01T12:00:00Z";

fn person(number: u128) -> PersonId {
    PersonId::new(Uuid::from_u128(number))
}

async fn under(place: &Place, byte: u8) -> KeyStore {
    KeyStore::open(&place.key_place(), Key::new([byte; 32]), entropy()).await.unwrap()
}

async fn tables(place: &KeyPlace) -> Sql {
    match place {
        KeyPlace::File(path) => Sql::open_sqlite(path, Durability::Full).await.unwrap(),
        KeyPlace::Postgres(url) => Sql::open_postgres(url, "candor_keys", 2).await.unwrap(),
    }
}

/// What stands in the column of wrapped keys.
async fn wrapped(place: &Place) -> Vec<Vec<u8>> {
    let rows = tables(&place.key_place()).await.query("SELECT wrapped FROM keys ORDER BY key_id", &[]).await.unwrap();
    rows.iter().map(|row| row.bytes(0).unwrap()).collect()
}

async fn make(keys: &KeyStore, persons: u128) -> Vec<(Uuid, Key)> {
    let mut made = Vec::new();
    for number in 0..persons {
        for scope in [Scope::Person, Scope::Provider(Provider::Whoop)] {
            made.push(keys.now().await.unwrap().of(person(number), scope).await.unwrap());
        }
    }
    made
}

async fn all_open(keys: &KeyStore, made: &[(Uuid, Key)]) -> bool {
    let now = keys.now().await.unwrap();
    let mut open = 0;
    for (id, key) in made {
        open += usize::from(now.get(*id).await.is_ok_and(|found| found.as_ref() == Some(key)));
    }
    assert!(open == 0 || open == made.len(), "{open} of {} open", made.len());
    open > 0
}

async fn every_key_opens_under_the_new_master_key_and_none_under_the_old(place: &Place) {
    let old = under(place, 1).await;
    let made = make(&old, 20).await;
    let before = wrapped(place).await;
    let rotated = old.rotate(&Key::new([2; 32])).await.unwrap();
    assert_eq!((rotated.keys, rotated.before), (40, false));
    let (old, new) = (under(place, 1).await, under(place, 2).await);
    assert!(all_open(&new, &made).await && !all_open(&old, &made).await);
    assert!(new.fits().await.unwrap() && !old.fits().await.unwrap());
    // Whoever does not know whether it was done does it again, from either side.
    for again in [&old, &new] {
        assert!(again.rotate(&Key::new([2; 32])).await.unwrap().before);
    }
    assert!(matches!(old.rotate(&Key::new([3; 32])).await, Err(RotationError::Another)));
    if let KeyPlace::File(path) = place.key_place() {
        for file in [path.clone(), path.with_extension("db-wal")] {
            let bytes = fs::read(&file).unwrap_or_default();
            let held = |old: &Vec<u8>| bytes.windows(old.len()).any(|part| part == old);
            assert!(!before.iter().any(held), "{} holds what the old master key opens", file.display());
        }
    }
}

async fn one_key_that_does_not_open_leaves_all_as_they_were(place: &Place) {
    let old = under(place, 1).await;
    let made = make(&old, 20).await;
    let (broken, before) = (made[30].0, wrapped(place).await);
    let tables = tables(&place.key_place()).await;
    let change = async |sql: &'static str| {
        let id = broken.to_string();
        let done = tables.write(move |tx: &mut SqlTx| Box::pin(async move { tx.execute(sql, &[id.into()]).await }));
        done.await.map_err(|error: candor::store::error::StoreError| error).unwrap();
    };
    change("UPDATE keys SET person = '00000000-0000-0000-0000-0000000000ff' WHERE key_id = $1").await;
    let refused = under(place, 1).await.rotate(&Key::new([2; 32])).await.unwrap_err().to_string();
    assert!(refused.contains(&broken.to_string()), "{refused}");
    assert_eq!(wrapped(place).await, before);
    change("UPDATE keys SET person = '00000000-0000-0000-0000-00000000000f' WHERE key_id = $1").await;
    assert!(all_open(&under(place, 1).await, &made).await);
    under(place, 1).await.rotate(&Key::new([2; 32])).await.unwrap();
    assert!(all_open(&under(place, 2).await, &made).await);
}

async fn who_holds_the_old_master_key_makes_no_key_any_more(place: &Place) {
    let (here, there) = (under(place, 1).await, under(place, 1).await);
    let made = make(&there, 1).await;
    here.rotate(&Key::new([2; 32])).await.unwrap();
    // What it knows it goes on with; a key of its own would be lost with the old master key.
    assert!(all_open(&there, &made).await);
    let refused = there.now().await.unwrap().of(person(9), Scope::Person).await.unwrap_err().to_string();
    assert!(refused.contains("another master key"), "{refused}");
    let new = under(place, 2).await;
    new.now().await.unwrap().of(person(9), Scope::Person).await.unwrap();
    assert_eq!(wrapped(place).await.len(), 3);
}

fn said(output: &Output, code: i32) -> String {
    let text = String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

/// A store of two files and many keys, its keys beside the log's database.
struct Story {
    store: Store,
    url: Option<String>,
    keys: KeyPlace,
}

impl Story {
    async fn new(url: Option<String>) -> Self {
        let store = url.as_ref().map_or_else(|| Store::new(NOW), |url| Store::on_postgres(NOW, url));
        let keys = url.clone().map_or_else(|| KeyPlace::File(store.path("data/keys.db")), KeyPlace::Postgres);
        let story = Self { store, url, keys };
        let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sleep_decline/input.ndjson");
        said(&story.command(&["import", input.to_str().unwrap()]).output().unwrap(), 0);
        make(&story.opened().await, 300).await;
        story
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.store.command();
        if let Some(url) = &self.url {
            command.env("CANDOR_KEYS_URL", url);
        }
        command.args(args);
        command
    }

    /// The keys under what the data folder has for a master key.
    async fn opened(&self) -> KeyStore {
        let master = master_key::parse(&fs::read_to_string(self.store.path("data/master.key")).unwrap()).unwrap();
        KeyStore::open(&self.keys, master, entropy()).await.unwrap()
    }

    fn new_key(&self, byte: u8) -> (Key, String) {
        let bytes = std::array::from_fn(|index| byte.wrapping_mul(31).wrapping_add(index as u8 * 7));
        let file = self.store.path(&format!("{byte}.key"));
        let key = Key::new(bytes);
        master_key::replace(&file, &key).unwrap();
        (key, file.display().to_string())
    }
}

async fn killed_anywhere_it_is_run_again(url: Option<String>) {
    let story = Story::new(url).await;
    let master = story.store.path("data/master.key");
    let mut chance = ChaCha8Rng::seed_from_u64(7);
    let mut whole = Duration::from_millis(400);
    for round in 1..=12 {
        let (key, file) = story.new_key(round);
        let old = fs::read_to_string(&master).unwrap();
        let rotate = ["key", "rotate", "--new", &file];
        if round > 1 {
            let mut process = story.command(&rotate).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole.mul_f64(f64::from(chance.next_u32()) / f64::from(u32::MAX)));
            let _ = process.kill();
            process.wait().unwrap();
        }
        // Whichever of the two master.key holds, it is a whole one, and no key was lost.
        assert!(master_key::parse(&fs::read_to_string(&master).unwrap()).is_some());
        #[expect(clippy::disallowed_methods, reason = "how long it takes says when to kill")]
        let started = std::time::Instant::now();
        said(&story.command(&rotate).output().unwrap(), 0);
        whole = started.elapsed();
        let new = fs::read_to_string(&master).unwrap();
        assert_eq!(master_key::parse(&new), Some(key));
        assert_ne!(new, old);
        assert!(story.opened().await.fits().await.unwrap());
    }
    let opened = story.opened().await;
    let again = make(&opened, 300).await;
    assert_eq!(again.len(), 600, "every one is opened on the way");
    let verified = story.command(&["verify"]).output().unwrap();
    assert!(said(&verified, 0).contains("ok:"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_it_is_run_again_on_sqlite() {
    killed_anywhere_it_is_run_again(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_it_is_run_again_on_postgres() {
    let Some(url) = crate::postgres::fresh_database().await else { return };
    killed_anywhere_it_is_run_again(Some(url.clone())).await;
    crate::postgres::drop_database(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_keys_and_the_file_nothing_starts_and_the_same_again_goes_on() {
    let story = Story::new(None).await;
    let (key, file) = story.new_key(1);
    story.opened().await.rotate(&key).await.unwrap();
    let refused = said(&story.command(&["verify"]).output().unwrap(), 78);
    assert!(refused.contains("`candor key rotate` as before goes on"), "{refused}");
    let (_, other) = story.new_key(2);
    assert!(
        said(&story.command(&["key", "rotate", "--new", &other]).output().unwrap(), 78).contains("nothing was changed")
    );
    let told = story.store.with_notes().args(["key", "rotate", "--new", &file]).output().unwrap();
    let told = said(&told, 0);
    assert!(
        told.contains("wrapped under the new master key already") && told.contains("Destroy the old one"),
        "{told}"
    );
    said(&story.command(&["verify"]).output().unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_key_that_is_named_elsewhere_is_left_to_who_named_it() {
    let story = Story::new(None).await;
    let first = story.store.path("first.key");
    fs::rename(story.store.path("data/master.key"), &first).unwrap();
    let (_, second) = story.new_key(2);
    let run = |file: &Path, args: &[&str]| story.command(args).env("CANDOR_MASTER_KEY_FILE", file).output().unwrap();
    let rotate = ["key", "rotate", "--new", &second];
    let before = fs::read(&first).unwrap();
    said(&run(&first, &rotate), 0);
    assert_eq!(fs::read(&first).unwrap(), before);
    assert!(!story.store.path("data/master.key").exists());
    said(&run(&first, &["verify"]), 78);
    said(&run(Path::new(&second), &["verify"]), 0);

    let missing = story.store.path("missing.key").display().to_string();
    assert!(said(&run(&first, &["key", "rotate", "--new", &missing]), 78).contains("does not exist"));
    fs::write(&first, "00".repeat(32)).unwrap();
    let weak = first.display().to_string();
    assert!(said(&run(Path::new(&second), &["key", "rotate", "--new", &weak]), 2).contains("not random"));
}
