//! Keys, apart from the log: one per person and one per person and provider, wrapped under the master key.
//!
//! A backup of the log without this database holds nothing readable. Destroying a row here is what erases.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::chain::put;
use super::error::{Inconsistency, StoreError};
use super::migrate::{self, Migration, migration};
use super::seal::{self, Key};
use super::sql::{Durability, SlowAfter, Sql};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::engine::ports::entropy::Entropy;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Everything of a person.
    Person,
    /// What rests on one provider's data.
    Provider(Provider),
}

impl Scope {
    fn key(self) -> String {
        match self {
            Self::Person => "person".to_owned(),
            Self::Provider(provider) => format!("provider:{provider}"),
        }
    }
}

const MIGRATIONS: &[Migration] = &[migration!("keys", 1, "keys")];

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
    by_scope: Mutex<BTreeMap<(PersonId, Scope), (Uuid, Key)>>,
    by_id: Mutex<BTreeMap<Uuid, Key>>,
}

impl KeyStore {
    /// Opens the keys, creating their table when it is missing.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn open(place: &KeyPlace, master: Key, entropy: Arc<dyn Entropy>) -> Result<Self, StoreError> {
        let sql = place.sql().await?;
        migrate::up(&sql, MIGRATIONS).await?;
        Ok(Self { sql, master, entropy, by_scope: Mutex::default(), by_id: Mutex::default() })
    }

    /// The same keys, whose slow statements are told of after so long.
    #[must_use]
    pub fn telling_after(self, slow: SlowAfter) -> Self {
        Self { sql: self.sql.telling_after(slow), ..self }
    }

    /// Takes the database back to an older version of its table, 0 being none: every key is lost then.
    ///
    /// # Errors
    /// When the database cannot be opened or changed.
    pub async fn migrate_down(place: &KeyPlace, version: i64) -> Result<(), StoreError> {
        let sql = place.sql().await?;
        let migrated = migrate::down(&sql, MIGRATIONS, version).await;
        sql.close().await;
        migrated
    }

    /// The key of a scope, made when there is none yet. Two processes that make it at once get the same one.
    ///
    /// # Errors
    /// When the database does not answer, or a key does not open under this master key.
    pub async fn of(&self, person: PersonId, scope: Scope) -> Result<(Uuid, Key), StoreError> {
        if let Some(found) = self.by_scope.lock().unwrap_or_else(PoisonError::into_inner).get(&(person, scope)) {
            return Ok(found.clone());
        }
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        let mut key = Key::default();
        self.entropy.fill(key.as_mut_slice());
        let wrapped = seal::encrypt(&self.master, &wrapping(id, person, scope), key.as_slice(), self.entropy.as_ref())
            .map_err(StoreError::unavailable)?;
        let (person_text, scope_text) = (person.to_string(), scope.key());
        let row = self
            .sql
            .write(move |tx| {
                Box::pin(async move {
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
        let key = self.unwrap_key(id, person, scope, &row.bytes(1)?)?;
        self.by_scope.lock().unwrap_or_else(PoisonError::into_inner).insert((person, scope), (id, key.clone()));
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner).insert(id, key.clone());
        Ok((id, key))
    }

    /// The key with an id; `None` once it is destroyed.
    ///
    /// # Errors
    /// When the database does not answer, or the key does not open under this master key.
    pub async fn get(&self, id: Uuid) -> Result<Option<Key>, StoreError> {
        if let Some(key) = self.by_id.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(Some(key.clone()));
        }
        let rows = self
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
        let scope_text = row.text(1)?;
        let scope = match scope_text.strip_prefix("provider:") {
            Some(provider) => Scope::Provider(provider.parse().map_err(|_| misfit("scope"))?),
            None => Scope::Person,
        };
        let key = self.unwrap_key(id, person, scope, &row.bytes(2)?)?;
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner).insert(id, key.clone());
        Ok(Some(key))
    }

    /// Whether the master key opens what is kept: one key is tried, none fits any.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fits(&self) -> Result<bool, StoreError> {
        let rows = self.sql.query("SELECT key_id FROM keys LIMIT 1", &[]).await?;
        let Some(row) = rows.first() else { return Ok(true) };
        let text = row.text(0)?;
        let id = Uuid::parse_str(&text).map_err(|_| Inconsistency::new("keys", "key_id", &text))?;
        Ok(self.get(id).await.is_ok())
    }

    /// Destroys the key of a scope: what it sealed is unreadable from now on.
    ///
    /// # Errors
    /// When the database does not answer; the key may still be there then.
    pub async fn destroy(&self, person: PersonId, scope: Scope) -> Result<(), StoreError> {
        let args = vec![person.to_string().into(), scope.key().into()];
        self.sql
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(
                        "DELETE FROM keys
                         WHERE person = $1
                           AND scope = $2",
                        &args,
                    )
                    .await
                })
            })
            .await
            .map_err(|error: StoreError| error)?;
        self.by_scope.lock().unwrap_or_else(PoisonError::into_inner).remove(&(person, scope));
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    fn unwrap_key(&self, id: Uuid, person: PersonId, scope: Scope, wrapped: &[u8]) -> Result<Key, StoreError> {
        let bytes = seal::decrypt(&self.master, &wrapping(id, person, scope), wrapped)
            .map_err(|_| Inconsistency::new("keys", "wrapped", id))?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| Inconsistency::new("keys", "wrapped", id))?;
        Ok(Key::new(bytes))
    }
}

fn wrapping(id: Uuid, person: PersonId, scope: Scope) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, b"candor/key/v1");
    put(&mut out, id.as_bytes());
    put(&mut out, person.uuid().as_bytes());
    put(&mut out, scope.key().as_bytes());
    out
}
