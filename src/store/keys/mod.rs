//! Keys, apart from the log: one per person and one per person and provider, wrapped under the master key.
//!
//! A backup of the log without this database holds nothing readable. Destroying a row here is what erases.

mod destroyed;
mod looks;
mod rotation;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use super::chain::put;
use super::error::{Inconsistency, StoreError};
use super::master_key;
use super::migrate::{self, Migration, migration};
use super::seal::{self, Key};
use super::sql::{Durability, Row, SlowAfter, Sql, SqlTx};
use crate::domain::erasure::Scope;
use crate::domain::person::PersonId;
use crate::engine::ports::entropy::Entropy;
use crate::engine::ports::erasing::{DestroyedKey, ErasingError, Keys};
pub use destroyed::{RecordedKeys, destroyed_in};
use looks::Looks;
pub use rotation::{Rotated, RotationError};

const MIGRATIONS: &[Migration] =
    &[migration!("keys", 1, "keys"), migration!("keys", 2, "destroyed"), migration!("keys", 3, "wrapped_under")];

/// Whoever makes keys and whoever wraps them anew take turns: nobody makes one under a master key that is about to go.
const MAKING_LOCK: i64 = 0x6361_6e64_6f75;

/// Where keys lie.
#[derive(Clone, Debug)]
pub enum KeyPlace {
    /// A SQLite file of its own.
    File(PathBuf),
    /// The schema `candor_keys` of a PostgreSQL database, best not the log's.
    Postgres(String),
}

impl KeyPlace {
    async fn sql(&self) -> Result<Sql, StoreError> {
        match self {
            Self::File(path) => Sql::open_sqlite(path, Durability::Full).await,
            Self::Postgres(url) => Sql::open_postgres(url, "candor_keys", 4).await,
        }
    }
}

/// The keys of all persons.
pub struct KeyStore {
    sql: Sql,
    master: Key,
    entropy: Arc<dyn Entropy>,
    known: Mutex<Known>,
    looks: Looks,
}

/// The keys that were opened, and how many had been destroyed by then.
#[derive(Default)]
struct Known {
    destroyed: i64,
    by_scope: BTreeMap<(PersonId, Scope), (Uuid, Key)>,
    by_id: BTreeMap<Uuid, Key>,
}

/// The keys as they were when somebody looked: what another process had destroyed by then is not among them. Whoever appends
/// looks after they have loaded what they decide from, or did so before the first of the appends that theirs goes on from: who
/// destroys a key after that moves the stream on first, and the append conflicts.
pub struct KeysNow<'a> {
    store: &'a KeyStore,
    destroyed: i64,
}

impl KeyStore {
    /// Opens the keys, creating their tables when they are missing.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn open(place: &KeyPlace, master: Key, entropy: Arc<dyn Entropy>) -> Result<Self, StoreError> {
        let sql = place.sql().await?;
        migrate::up(&sql, MIGRATIONS).await?;
        Ok(Self { sql, master, entropy, known: Mutex::default(), looks: Looks::default() })
    }

    /// The same keys, whose slow statements are told of after so long.
    #[must_use]
    pub fn telling_after(self, slow: SlowAfter) -> Self {
        Self { sql: self.sql.telling_after(slow), ..self }
    }

    /// Takes the database back to an older version of its tables, 0 being none: every key is lost then.
    ///
    /// # Errors
    /// When the database cannot be opened or changed.
    pub async fn migrate_down(place: &KeyPlace, version: i64) -> Result<(), StoreError> {
        let sql = place.sql().await?;
        let migrated = migrate::down(&sql, MIGRATIONS, version).await;
        sql.close().await;
        migrated
    }

    /// Looks whether keys were destroyed, and forgets what it knows where some were.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn now(&self) -> Result<KeysNow<'_>, StoreError> {
        let look = async {
            let rows = self.sql.query("SELECT times FROM keys_destroyed", &[]).await?;
            let destroyed = rows.first().map_or(Ok(0), |row| row.int(0))?;
            // A part of the look: what is known moves in the order of looks, and `known_before` relies on it.
            let mut known = self.known();
            if known.destroyed != destroyed {
                *known = Known { destroyed, ..Known::default() };
            }
            Ok(destroyed)
        };
        Ok(KeysNow { store: self, destroyed: self.looks.look(look).await? })
    }

    /// The keys as of the last look, whoever made it: for those who know that none of theirs went since.
    pub(in crate::store) fn known_before(&self) -> KeysNow<'_> {
        KeysNow { store: self, destroyed: self.known().destroyed }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the master key opens what is kept: the one that is named there, else one key is tried; none fits any.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fits(&self) -> Result<bool, StoreError> {
        let named = self.sql.query("SELECT master FROM wrapped_under", &[]).await?;
        if let Some(row) = named.first() {
            return Ok(row.text(0)? == master_key::name(&self.master));
        }
        let rows = self.sql.query("SELECT key_id FROM keys LIMIT 1", &[]).await?;
        let Some(row) = rows.first() else { return Ok(true) };
        let text = row.text(0)?;
        let id = Uuid::parse_str(&text).map_err(|_| Inconsistency::new("keys", "key_id", &text))?;
        Ok(self.now().await?.get(id).await.is_ok())
    }

    /// Whose those of some keys are that are there.
    async fn owners(&self, ids: &[Uuid]) -> Result<Vec<DestroyedKey>, StoreError> {
        let mut owners = Vec::new();
        for key in ids {
            let rows =
                self.sql.query("SELECT person, scope FROM keys WHERE key_id = $1", &[key.to_string().into()]).await?;
            let Some(row) = rows.first() else { continue };
            let misfit = |column| Inconsistency::new("keys", column, key);
            let person = row.text(0)?.parse().map_err(|_| misfit("person"))?;
            let scope = row.text(1)?.parse().map_err(|_| misfit("scope"))?;
            owners.push(DestroyedKey { key: *key, person, scope });
        }
        Ok(owners)
    }

    fn unwrap_key(&self, id: Uuid, person: PersonId, scope: Scope, wrapped: &[u8]) -> Result<Key, StoreError> {
        unwrapped(&self.master, id, person, scope, wrapped)
    }
}

fn unwrapped(master: &Key, id: Uuid, person: PersonId, scope: Scope, wrapped: &[u8]) -> Result<Key, StoreError> {
    let misfit = || Inconsistency::new("keys", "wrapped", id);
    let bytes = seal::decrypt(master, &wrapping(id, person, scope), wrapped).map_err(|_| misfit())?;
    Ok(Key::new(bytes.try_into().map_err(|_| misfit())?))
}

/// The name of the master key that wraps the keys, written where there is none yet.
async fn wrapped_under(tx: &mut SqlTx, name: String) -> Result<String, StoreError> {
    tx.exclusive(MAKING_LOCK).await?;
    tx.execute(
        "INSERT INTO wrapped_under (one, master)
         VALUES (1, $1)
         ON CONFLICT (one) DO NOTHING",
        &[name.into()],
    )
    .await?;
    let rows = tx.query("SELECT master FROM wrapped_under", &[]).await?;
    rows.first().map_or_else(|| Err(Inconsistency::new("wrapped_under", "master", 1).into()), |row| row.text(0))
}

impl KeysNow<'_> {
    /// How many keys had been destroyed.
    #[must_use]
    pub const fn destroyed(&self) -> i64 {
        self.destroyed
    }

    /// The key of a scope, made when there is none yet. Two processes that make it at once get the same one.
    ///
    /// # Errors
    /// When the database does not answer, or a key does not open under this master key.
    pub async fn of(&self, person: PersonId, scope: Scope) -> Result<(Uuid, Key), StoreError> {
        let store = self.store;
        if let Some(found) = self.known().and_then(|known| known.by_scope.get(&(person, scope)).cloned()) {
            return Ok(found);
        }
        let mut bytes = [0; 16];
        store.entropy.fill(&mut bytes);
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        let mut key = Key::default();
        store.entropy.fill(key.as_mut_slice());
        let wrapped =
            seal::encrypt(&store.master, &wrapping(id, person, scope), key.as_slice(), store.entropy.as_ref())
                .map_err(StoreError::unavailable)?;
        let (person_text, scope_text) = (person.to_string(), scope.to_string());
        let name = master_key::name(&store.master);
        let row = store
            .sql
            .write(move |tx| {
                Box::pin(async move {
                    if wrapped_under(tx, name.clone()).await? != name {
                        return Err(StoreError::unavailable(
                            "the keys are wrapped under another master key by now: name that one and start again",
                        ));
                    }
                    let args = [id.to_string().into(), person_text.into(), scope_text.into(), wrapped.into()];
                    tx.execute(
                        "INSERT INTO keys (key_id, person, scope, wrapped)
                         VALUES ($1, $2, $3, $4)
                         ON CONFLICT (person, scope) DO NOTHING",
                        &args,
                    )
                    .await?;
                    let rows = tx
                        .query(
                            "SELECT key_id, wrapped
                             FROM keys
                             WHERE person = $1
                               AND scope = $2",
                            &args[1..3],
                        )
                        .await?;
                    rows.into_iter().next().ok_or_else(|| Inconsistency::new("keys", "key_id", id).into())
                })
            })
            .await
            .map_err(|error: StoreError| error)?;
        let id_text = row.text(0)?;
        let id = Uuid::parse_str(&id_text).map_err(|_| Inconsistency::new("keys", "key_id", &id_text))?;
        let key = store.unwrap_key(id, person, scope, &row.bytes(1)?)?;
        self.remember(id, &key, Some((person, scope)));
        Ok((id, key))
    }

    /// The key with an id; `None` once it is destroyed.
    ///
    /// # Errors
    /// When the database does not answer, or the key does not open under this master key.
    pub async fn get(&self, id: Uuid) -> Result<Option<Key>, StoreError> {
        if let Some(key) = self.known().and_then(|known| known.by_id.get(&id).cloned()) {
            return Ok(Some(key));
        }
        let rows = self
            .store
            .sql
            .query(
                "SELECT person, scope, wrapped
                 FROM keys
                 WHERE key_id = $1",
                &[id.to_string().into()],
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let misfit = |column| Inconsistency::new("keys", column, id);
        let person: PersonId = row.text(0)?.parse().map_err(|_| misfit("person"))?;
        let scope: Scope = row.text(1)?.parse().map_err(|_| misfit("scope"))?;
        let key = self.store.unwrap_key(id, person, scope, &row.bytes(2)?)?;
        self.remember(id, &key, None);
        Ok(Some(key))
    }

    /// What is known as of this look: a key that another look knows may have been destroyed in between.
    fn known(&self) -> Option<MutexGuard<'_, Known>> {
        Some(self.store.known()).filter(|known| known.destroyed == self.destroyed)
    }

    /// Keeps a key in memory, unless one was destroyed since this look: it may be this one.
    fn remember(&self, id: Uuid, key: &Key, of: Option<(PersonId, Scope)>) {
        if let Some(mut known) = self.known() {
            known.by_id.insert(id, key.clone());
            known.by_scope.extend(of.map(|of| (of, (id, key.clone()))));
        }
    }
}

#[async_trait]
impl Keys for KeyStore {
    async fn ids(&self, person: PersonId, scope: Scope) -> Result<Vec<Uuid>, ErasingError> {
        let args = [person.to_string().into(), scope.to_string().into()];
        let rows = self.sql.query(
            "SELECT key_id
             FROM keys
             WHERE person = $1
               AND (scope = $2 OR $2 = 'person')
             ORDER BY key_id",
            &args,
        );
        let id = |row: &Row| {
            let text = row.text(0)?;
            Uuid::parse_str(&text).map_err(|_| Inconsistency::new("keys", "key_id", text).into())
        };
        Ok(rows.await?.iter().map(id).collect::<Result<_, StoreError>>()?)
    }

    async fn destroy(&self, keys: &[Uuid]) -> Result<(), ErasingError> {
        let ids: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let gone = self.sql.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for id in ids {
                    tx.execute("DELETE FROM keys WHERE key_id = $1", &[id.into()]).await?;
                }
                tx.execute("UPDATE keys_destroyed SET times = times + 1", &[]).await
            })
        });
        gone.await?;
        Ok(self.sql.settle().await?)
    }
}

fn wrapping(id: Uuid, person: PersonId, scope: Scope) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, b"candor/key/v1");
    put(&mut out, id.as_bytes());
    put(&mut out, person.uuid().as_bytes());
    put(&mut out, scope.to_string().as_bytes());
    out
}
