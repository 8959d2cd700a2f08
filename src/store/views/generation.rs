//! One generation of the read models: its place, its tables, its checkpoint, its digest.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{observations, schema};
use crate::store::chain::hex;
use crate::store::error::{Inconsistency, StoreError};
use crate::store::log::Position;
use crate::store::log::postgres::SCHEMA as LOG_SCHEMA;
use crate::store::reserve::Reserve;
use crate::store::sql::{Durability, Row, SlowAfter, Sql, drop_postgres_schema, drop_postgres_schemas};

/// The name of this set of read models.
const NAME: &str = "people";

/// How far the log is taken in.
pub(super) const CHECKPOINT: &str = "SELECT checkpoint FROM projections";

/// How far the log is taken in, and every row.
const ROWS: [&str; 6] = [
    CHECKPOINT,
    concat!("SELECT person, key, ", observations::columns!(), " FROM observations"),
    "SELECT person, id, provider, family, day, started_at, body FROM activities",
    "SELECT person, entity_type, entity_id, day, status, body FROM entities",
    "SELECT person, entity_type, entity_id, revision FROM trail",
    "SELECT person, revision, body FROM person_state",
];

/// Where the generations lie.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder of SQLite files.
    Folder(PathBuf),
    /// A PostgreSQL database.
    Postgres(String),
}

impl Place {
    /// The database of the log that lies beside the generations: for the few rows that are in it and not of it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn log(&self) -> Result<Sql, StoreError> {
        match self {
            Self::Folder(folder) => Sql::open_sqlite(&folder.join("log.db"), Durability::Full).await,
            Self::Postgres(url) => Sql::open_postgres(url, LOG_SCHEMA, 4).await,
        }
    }

    /// The room that is kept for read models on a disk of ours.
    pub(super) fn reserve(&self) -> Option<Reserve> {
        match self {
            Self::Folder(folder) => Some(Reserve::of(folder)),
            Self::Postgres(_) => None,
        }
    }
}

/// A generation that is open.
#[derive(Clone)]
pub(super) struct Generation {
    pub(super) number: i64,
    pub(super) sql: Sql,
}

/// The name under which the pointer keeps the live generation of this version.
pub(super) fn pointer_name() -> String {
    format!("{NAME}-v{}", schema::VERSION)
}

fn file_name(number: i64) -> String {
    format!("views-{NAME}-v{}-{number}.db", schema::VERSION)
}

fn schema_name(number: i64) -> String {
    format!("candor_views_{NAME}_v{}_{number}", schema::VERSION)
}

/// The position in the row of the checkpoint.
pub(super) fn position(rows: &[Row]) -> Result<Option<Position>, StoreError> {
    let text = rows.first().map_or(Ok(String::new()), |row| row.text(0))?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Inconsistency::new("projections", "checkpoint", text).into())
}

/// Removes a file that may be gone already.
fn removed(file: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

impl Generation {
    /// Opens a generation, making its tables when they are missing.
    pub(super) async fn open(place: &Place, number: i64, slow: SlowAfter) -> Result<Self, StoreError> {
        let sql = match place {
            Place::Folder(folder) => Sql::open_sqlite(&folder.join(file_name(number)), Durability::Rebuildable).await?,
            Place::Postgres(url) => Sql::open_postgres(url, &schema_name(number), 4).await?,
        };
        let sql = sql.telling_after(slow);
        let opened = Self { number, sql };
        // Making what is there already would stand in the way of whoever takes something in just now.
        if opened.sql.query(CHECKPOINT, &[]).await.is_ok_and(|rows| !rows.is_empty()) {
            return Ok(opened);
        }
        let made = opened.sql.write(|tx| {
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
        });
        made.await.map_err(|error: StoreError| error)?;
        Ok(opened)
    }

    /// Removes a generation that nobody is sent to any more.
    pub(super) async fn remove(place: &Place, number: i64) -> Result<(), StoreError> {
        match place {
            Place::Folder(folder) => {
                for suffix in ["", "-wal", "-shm"] {
                    removed(&folder.join(format!("{}{suffix}", file_name(number))))?;
                }
                Ok(())
            }
            Place::Postgres(url) => drop_postgres_schema(url, &schema_name(number)).await,
        }
    }

    /// Removes every generation of every version but one.
    pub(super) async fn remove_others(place: &Place, live: i64) -> Result<(), StoreError> {
        match place {
            Place::Folder(folder) => {
                let (of_all, kept) = (format!("views-{NAME}-v"), file_name(live));
                for file in std::fs::read_dir(folder)? {
                    let file = file?;
                    let name = file.file_name();
                    let name = name.to_string_lossy();
                    if name.starts_with(&of_all) && !name.starts_with(&kept) {
                        removed(&file.path())?;
                    }
                }
                Ok(())
            }
            Place::Postgres(url) => {
                drop_postgres_schemas(url, &format!("candor_views_{NAME}_v"), &schema_name(live)).await
            }
        }
    }

    /// Empties the tables, for a rebuild that starts anew.
    pub(super) async fn clear(&self) -> Result<(), StoreError> {
        self.sql
            .write(|tx| {
                Box::pin(async move {
                    for statement in [
                        // First, as everybody does: of two that took their locks in other orders one would be ended.
                        "UPDATE projections SET checkpoint = ''",
                        "DELETE FROM observations",
                        "DELETE FROM activities",
                        "DELETE FROM entities",
                        "DELETE FROM trail",
                        "DELETE FROM person_state",
                        "DELETE FROM paused",
                    ] {
                        tx.execute(statement, &[]).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// How far the log is taken in.
    pub(super) async fn checkpoint(&self) -> Result<Option<Position>, StoreError> {
        position(&self.sql.query(CHECKPOINT, &[]).await?)
    }

    /// How far the log is taken in, and the digest over every row as of then, in the order of its bytes: databases sort texts
    /// differently.
    pub(super) async fn digest(&self) -> Result<(Option<Position>, String), StoreError> {
        let (checkpoint, hasher) = self.sql.snapshot(&ROWS, (None, Sha256::new()), digested).await?;
        Ok((checkpoint.flatten(), hex(&hasher.finalize())))
    }
}

/// The checkpoint from the first answer, and every row of the others into a digest.
fn digested(so_far: &mut (Option<Option<Position>>, Sha256), rows: Vec<Row>) -> Result<(), StoreError> {
    let (checkpoint, hasher) = so_far;
    if checkpoint.is_none() {
        *checkpoint = Some(position(&rows)?);
        return Ok(());
    }
    let mut lines: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| {
            let mut line = Vec::new();
            row.put_canonical(&mut line);
            line
        })
        .collect();
    lines.sort_unstable();
    lines.iter().for_each(|line| hasher.update(line));
    Ok(())
}
