//! Versioned migrations, each with its way back.
//!
//! A migration is a pair of scripts for each database. Pending ones run in one transaction under a lock, so that two
//! processes that start together migrate once; what ran is written down with the digest of its text, and a text that was
//! changed after its release is refused.

use super::chain::Hash;
use super::error::{Inconsistency, StoreError};
use super::sql::{Sql, SqlTx};

const MIGRATION_LOCK: i64 = 0x6361_6e64_6f73;

/// One step of a schema, forwards and back, for both databases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    pub version: i64,
    pub name: &'static str,
    pub sqlite: Scripts,
    pub postgres: Scripts,
}

/// The two directions of one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scripts {
    pub up: &'static str,
    pub down: &'static str,
}

/// The step of a schema whose scripts are `migrations/<schema>/<database>/000<version>_<name>.{up,down}.sql`.
macro_rules! migration {
    ($schema:literal, $version:literal, $name:literal) => {
        $crate::store::migrate::Migration {
            version: $version,
            name: $name,
            sqlite: $crate::store::migrate::migration!($schema, $version, $name, "sqlite"),
            postgres: $crate::store::migrate::migration!($schema, $version, $name, "postgres"),
        }
    };
    ($schema:literal, $version:literal, $name:literal, $database:literal) => {
        $crate::store::migrate::Scripts {
            up: $crate::store::migrate::migration!($schema, $version, $name, $database, ".up.sql"),
            down: $crate::store::migrate::migration!($schema, $version, $name, $database, ".down.sql"),
        }
    };
    ($schema:literal, $version:literal, $name:literal, $database:literal, $way:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/migrations/",
            $schema,
            "/",
            $database,
            "/000",
            $version,
            "_",
            $name,
            $way
        ))
    };
}
pub(crate) use migration;

impl Migration {
    fn scripts(&self, tx: &SqlTx) -> Scripts {
        if tx.is_postgres() { self.postgres } else { self.sqlite }
    }
}

/// Brings a schema up to the newest version.
pub(crate) async fn up(sql: &Sql, migrations: &'static [Migration]) -> Result<(), StoreError> {
    sql.write(move |tx| {
        Box::pin(async move {
            let done = applied(tx).await?;
            for migration in migrations {
                let scripts = migration.scripts(tx);
                let digest = Hash::of(scripts.up.as_bytes());
                match done.iter().find(|(version, _)| *version == migration.version) {
                    Some((_, known)) if known.as_slice() == digest.as_bytes() => {}
                    Some(_) => {
                        return Err(Inconsistency::new("migrations", "digest", migration.version).into());
                    }
                    None => {
                        tx.script(scripts.up).await?;
                        tx.execute(
                            "INSERT INTO migrations (version, name, digest)
                             VALUES ($1, $2, $3)",
                            &[migration.version.into(), migration.name.into(), digest.as_bytes()[..].into()],
                        )
                        .await?;
                    }
                }
            }
            Ok(())
        })
    })
    .await
}

/// Takes a schema back to `target`; 0 undoes everything.
pub(crate) async fn down(sql: &Sql, migrations: &'static [Migration], target: i64) -> Result<(), StoreError> {
    sql.write(move |tx| {
        Box::pin(async move {
            let done = applied(tx).await?;
            for migration in migrations.iter().rev().filter(|migration| migration.version > target) {
                if done.iter().any(|(version, _)| *version == migration.version) {
                    tx.script(migration.scripts(tx).down).await?;
                    tx.execute(
                        "DELETE FROM migrations
                         WHERE version = $1",
                        &[migration.version.into()],
                    )
                    .await?;
                }
            }
            Ok(())
        })
    })
    .await
}

/// The versions that ran, with the digests of their texts.
async fn applied(tx: &mut SqlTx) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    tx.exclusive(MIGRATION_LOCK).await?;
    tx.schema(
        "CREATE TABLE IF NOT EXISTS migrations (
             version BIGINT PRIMARY KEY,
             name TEXT NOT NULL,
             digest BLOB NOT NULL
         )",
    )
    .await?;
    tx.query(
        "SELECT version, digest
         FROM migrations
         ORDER BY version",
        &[],
    )
    .await?
    .iter()
    .map(|row| Ok((row.int(0)?, row.bytes(1)?)))
    .collect()
}
