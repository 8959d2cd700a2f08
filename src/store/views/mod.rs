//! The read models: one version in one SQLite file or PostgreSQL schema, filled by polling the log.
//!
//! The checkpoint is committed in the same transaction as the rows it stands for, so a crash between the two cannot be.
//! A rebuild fills a new generation beside the live one; a pointer beside the log switches, and the old one goes.

mod queries;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, RwLock};

use super::chain::hex;
use super::error::StoreError;
use super::journal::SealedJournal;
use super::log::Position;
use super::sql::{Durability, Sql, SqlTx, Value, drop_postgres_schema};
use crate::domain::event::Event;
use crate::domain::person::PersonId;
use crate::domain::state::PersonState;
use crate::engine::ports::journal::{JournalError, Recorded};
use crate::engine::ports::views::{Rebuilt, ViewsError};

/// Events taken in at a time.
const PAGE: usize = 1_000;
const NAME: &str = "people";

/// Where the generations lie.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder of SQLite files.
    Folder(PathBuf),
    /// A PostgreSQL database.
    Postgres(String),
}

/// The read models of all persons.
pub struct PeopleViews {
    place: Place,
    pointer: Sql,
    journal: Arc<SealedJournal>,
    live: RwLock<Generation>,
    catching_up: Mutex<()>,
}

#[derive(Clone)]
struct Generation {
    number: i64,
    sql: Sql,
}

fn unavailable(error: impl std::fmt::Display) -> ViewsError {
    ViewsError::Unavailable(error.to_string())
}

impl PeopleViews {
    /// Opens the live generation, or starts the first. `pointer` is a database beside the log.
    ///
    /// # Errors
    /// When a database cannot be opened.
    pub async fn open(place: Place, pointer: Sql, journal: Arc<SealedJournal>) -> Result<Self, StoreError> {
        pointer
            .write(|tx| {
                Box::pin(async move {
                    tx.schema(
                        "CREATE TABLE IF NOT EXISTS projection_active (
                             name TEXT PRIMARY KEY,
                             generation BIGINT NOT NULL
                         )",
                    )
                    .await?;
                    tx.execute(
                        "INSERT INTO projection_active (name, generation)
                         VALUES ($1, $2)
                         ON CONFLICT (name) DO NOTHING",
                        &[pointer_name().into(), 1_i64.into()],
                    )
                    .await
                })
            })
            .await
            .map_err(|error: StoreError| error)?;
        let number = active(&pointer).await?;
        let live = RwLock::new(generation(&place, number).await?);
        Ok(Self { place, pointer, journal, live, catching_up: Mutex::new(()) })
    }

    async fn live(&self) -> Result<Generation, ViewsError> {
        let number = active(&self.pointer).await.map_err(unavailable)?;
        let current = self.live.read().await.clone();
        if current.number == number {
            return Ok(current);
        }
        let fresh = generation(&self.place, number).await.map_err(unavailable)?;
        *self.live.write().await = fresh.clone();
        Ok(fresh)
    }

    /// Takes in what the log has beyond a generation's checkpoint.
    async fn fill(&self, generation: &Generation) -> Result<(), ViewsError> {
        loop {
            let after = checkpoint(&generation.sql).await?;
            let (events, next, caught_up) = match self.journal.read_all(after, PAGE).await {
                Ok(page) => page,
                Err(JournalError::Inconsistent { position, reason }) => {
                    return Err(ViewsError::Paused { position, reason });
                }
                Err(error) => return Err(unavailable(error)),
            };
            if let Some(next) = next.filter(|next| Some(*next) != after) {
                let (from, to) = (text(after), next.to_string());
                let page = generation.sql.write(move |tx| Box::pin(apply(tx, from, to, events)));
                page.await.map_err(|error: StoreError| unavailable(error))?;
            }
            if caught_up {
                return Ok(());
            }
        }
    }

    async fn caught_up(&self) -> Result<(), ViewsError> {
        let _one_at_a_time = self.catching_up.lock().await;
        let live = self.live().await?;
        self.fill(&live).await
    }

    async fn rebuilt(&self) -> Result<Rebuilt, ViewsError> {
        let _one_at_a_time = self.catching_up.lock().await;
        let old = self.live().await?;
        self.fill(&old).await?;
        let new = generation(&self.place, old.number + 1).await.map_err(unavailable)?;
        clear(&new.sql).await.map_err(unavailable)?;
        self.fill(&new).await?;
        self.fill(&old).await?;
        let (live, digest) = (digest_of(&old.sql).await?, digest_of(&new.sql).await?);
        let number = new.number;
        self.pointer
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(
                        "UPDATE projection_active
                         SET generation = $2
                         WHERE name = $1",
                        &[pointer_name().into(), number.into()],
                    )
                    .await
                })
            })
            .await
            .map_err(|error: StoreError| unavailable(error))?;
        *self.live.write().await = new;
        clear(&old.sql).await.map_err(unavailable)?;
        if let Place::Folder(folder) = &self.place {
            old.sql.close().await;
            for suffix in ["", "-wal", "-shm"] {
                let path = folder.join(format!("{}{suffix}", file_name(old.number)));
                // Another process may still read it; then it stays, empty.
                let _ = std::fs::remove_file(path);
            }
        }
        if let Place::Postgres(url) = &self.place {
            drop_postgres_schema(url, &schema_name(old.number)).await.map_err(unavailable)?;
        }
        Ok(Rebuilt { matches_live: live == digest, digest })
    }
}

fn pointer_name() -> String {
    format!("{NAME}-v{}", schema::VERSION)
}

fn file_name(number: i64) -> String {
    format!("views-{NAME}-v{}-{number}.db", schema::VERSION)
}

fn schema_name(number: i64) -> String {
    format!("candor_views_{NAME}_v{}_{number}", schema::VERSION)
}

fn text(position: Option<Position>) -> String {
    position.map(|position| position.to_string()).unwrap_or_default()
}

async fn active(pointer: &Sql) -> Result<i64, StoreError> {
    let rows = pointer
        .query(
            "SELECT generation
             FROM projection_active
             WHERE name = $1",
            &[pointer_name().into()],
        )
        .await?;
    rows.first().map_or(Ok(1), |row| row.int(0))
}

async fn generation(place: &Place, number: i64) -> Result<Generation, StoreError> {
    let sql = match place {
        Place::Folder(folder) => Sql::open_sqlite(&folder.join(file_name(number)), Durability::Rebuildable).await?,
        Place::Postgres(url) => Sql::open_postgres(url, &schema_name(number), 4).await?,
    };
    sql.write(|tx| {
        Box::pin(async move {
            tx.exclusive(0x6361_6e64_6f74).await?;
            for table in schema::TABLES {
                tx.create(table).await?;
            }
            tx.execute(
                "INSERT INTO projections (name, version, checkpoint)
                 VALUES ($1, $2, $3)
                 ON CONFLICT (name) DO NOTHING",
                &[NAME.into(), i64::from(schema::VERSION).into(), "".into()],
            )
            .await
        })
    })
    .await
    .map_err(|error: StoreError| error)?;
    Ok(Generation { number, sql })
}

/// Empties a generation: for a rebuild that starts anew, and for one that is over.
async fn clear(sql: &Sql) -> Result<(), StoreError> {
    sql.write(|tx| {
        Box::pin(async move {
            for statement in [
                "DELETE FROM observations",
                "DELETE FROM entities",
                "DELETE FROM trail",
                "DELETE FROM person_state",
                "UPDATE projections SET checkpoint = ''",
            ] {
                tx.execute(statement, &[]).await?;
            }
            Ok(())
        })
    })
    .await
}

async fn checkpoint(sql: &Sql) -> Result<Option<Position>, ViewsError> {
    let rows = sql.query("SELECT checkpoint FROM projections", &[]).await.map_err(unavailable)?;
    let text = rows.first().map_or(Ok(String::new()), |row| row.text(0)).map_err(unavailable)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| unavailable("a checkpoint that is no position"))
}

/// Takes in a page and moves the checkpoint with it, unless another process has done so.
async fn apply(tx: &mut SqlTx, from: String, to: String, events: Vec<Recorded>) -> Result<(), StoreError> {
    let moved = tx
        .execute(
            "UPDATE projections
             SET checkpoint = $2
             WHERE checkpoint = $1",
            &[from.into(), to.into()],
        )
        .await?;
    if moved == 0 {
        return Ok(());
    }
    let persons: BTreeSet<PersonId> = events.iter().map(|event| event.person).collect();
    let mut states = BTreeMap::new();
    for person in persons {
        let rows = tx
            .query(
                "SELECT body
                 FROM person_state
                 WHERE person = $1",
                &[person.to_string().into()],
            )
            .await?;
        states.insert(person, queries::state(rows.first())?);
    }
    let mut rows = schema::Rows::default();
    for recorded in &events {
        let state: &mut PersonState = states.entry(recorded.person).or_default();
        let Some((_, event)) = &recorded.content else {
            state.revision = Some(recorded.revision);
            continue;
        };
        let before = match event {
            Event::InsightExpired(e) => state.insights.get(&e.insight_id).cloned(),
            _ => None,
        };
        state.evolve(recorded.revision, event);
        schema::project(&mut rows, recorded.person, recorded.revision, event, before.as_ref(), state);
    }
    tx.upsert("observations", 2, &["person", "key", "file", "body"], &rows.observations).await?;
    let columns = ["person", "entity_type", "entity_id", "day", "status", "body"];
    tx.upsert("entities", 3, &columns, &rows.entities).await?;
    tx.upsert("trail", 4, &["person", "entity_type", "entity_id", "revision"], &rows.trail).await?;
    let states: Vec<Vec<Value>> = states
        .into_iter()
        .map(|(person, state)| {
            let revision = state.revision.unwrap_or_default().cast_signed();
            let body = serde_json::to_string(&state).map_err(StoreError::unavailable)?;
            Ok(vec![person.to_string().into(), revision.into(), body.into()])
        })
        .collect::<Result<_, StoreError>>()?;
    tx.upsert("person_state", 1, &["person", "revision", "body"], &states).await
}

/// The digest over every row, in the order of the keys.
async fn digest_of(sql: &Sql) -> Result<String, ViewsError> {
    let mut hasher = Sha256::new();
    for statement in [
        "SELECT person, key, file, body FROM observations ORDER BY person, key",
        "SELECT person, entity_type, entity_id, day, status, body FROM entities ORDER BY person, entity_type, entity_id",
        "SELECT person, entity_type, entity_id, revision FROM trail ORDER BY person, entity_type, entity_id, revision",
        "SELECT person, revision, body FROM person_state ORDER BY person",
    ] {
        let mut rows = sql.query(statement, &[]).await.map_err(unavailable)?;
        let mut lines: Vec<Vec<u8>> = rows
            .drain(..)
            .map(|row| {
                let mut line = Vec::new();
                row.put_canonical(&mut line);
                line
            })
            .collect();
        // Databases sort texts differently; bytes sort the same everywhere.
        lines.sort_unstable();
        for line in lines {
            hasher.update(&line);
        }
    }
    Ok(hex(&hasher.finalize()))
}
