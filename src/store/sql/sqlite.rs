//! SQLite, spoken to directly: connections with the settings that keep them safe, and statements over them.
//!
//! An async driver hands every statement and every row from one thread to another, which costs several times what SQLite
//! itself does. Here a unit of work runs on one thread where waiting for the disk holds nobody up.

use std::ffi::c_int;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::hooks::Wal;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, ToSql};

use super::connect::Durability;
use super::inspect::OLDEST_SQLITE;
use super::value::{Row, Value};
use crate::store::atomic_file::folder_of;
use crate::store::error::{Inconsistency, StoreError};
use crate::store::flush;

/// Statements a connection keeps prepared.
const STATEMENTS: usize = 64;
/// Pages in the write-ahead log at which they are written into the file: SQLite's own measure.
const CHECKPOINT_PAGES: c_int = 1_000;
/// The same for the log of events: a page that many appends change is written into the file once for all of them.
const CHECKPOINT_PAGES_OF_LOG: c_int = 4_000;
/// How often somebody else may be faster at making a file.
const TURNS: usize = 100;
/// Connections that are kept for the next reader.
const READERS: usize = 4;

/// Opens a connection that writes; with `create` the file is made when it is missing.
pub(crate) fn open(path: &Path, durability: Durability, create: bool) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Inconsistency::new("sqlite", "sqlite_version", rusqlite::version()).into());
    }
    if create {
        make_private(path);
    }
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    use_wal(&connection)?;
    keep_name_of_wal(path, &connection)?;
    connection.wal_hook(Some(checkpoint::<CHECKPOINT_PAGES>));
    connection.execute_batch(
        "PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA secure_delete = ON;",
    )?;
    connection.execute_batch(match durability {
        Durability::Full => "PRAGMA synchronous = FULL",
        Durability::Rebuildable => "PRAGMA synchronous = NORMAL",
    })?;
    Ok(connection)
}

/// Opens the connection that writes the log of events, which is there.
pub(crate) fn open_log(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path, Durability::Full, false)?;
    connection.wal_hook(Some(checkpoint::<CHECKPOINT_PAGES_OF_LOG>));
    Ok(connection)
}

/// Switches to the write-ahead log. The switch itself waits for nobody: where another process is at it too, whoever was later
/// waits for its lock as a writer does, and looks again.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let switch = || -> rusqlite::Result<()> {
        let mut wal = connection.prepare("PRAGMA journal_mode = WAL")?;
        let mut answer = wal.query(())?;
        // To its end: the change is committed by the step after its answer.
        while answer.next()?.is_some() {}
        Ok(())
    };
    for _ in 0..TURNS {
        match switch() {
            Err(busy) if busy.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
            }
            switched => return switched,
        }
    }
    switch()
}

/// The name of the write-ahead log must be on the disk before anything in it counts. SQLite flushes the folder at the first
/// commit, but does not look at what that came to.
fn keep_name_of_wal(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if !Path::new(&log).exists() {
        // A first read makes it.
        connection.query_row("SELECT count(*) FROM sqlite_master", (), |_| Ok(()))?;
        flush::flush(&File::open(folder_of(path))?)?;
    }
    Ok(())
}

/// What SQLite does by itself after a commit; but by itself it tells nobody that it failed.
fn checkpoint<const AT: c_int>(wal: &Wal, pages: c_int) -> rusqlite::Result<()> {
    if pages >= AT
        && let Err(error) = wal.checkpoint()
    {
        flush::note(&error);
    }
    // The commit stands, whatever became of this.
    Ok(())
}

/// Closes the connection that writes. What closing does by itself is done before, where it can tell that it failed.
pub(super) fn close(connection: Option<Connection>) {
    let Some(connection) = connection else { return };
    let done: rusqlite::Result<i64> = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |row| row.get(0));
    if let Err(error) = done {
        flush::note(&error);
    }
}

/// Makes a file that only its owner may read, where there is none; the files SQLite makes beside it get the same
/// permissions. What goes wrong here is told by SQLite, which opens the file next.
fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    // One that exists is never opened here: closing it would take away the locks that this process holds on it.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

/// Connections that only read, lent out one at a time.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Readers of a file that exists.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Arc::default() }
    }

    /// Reads on a thread where waiting for the disk holds nobody up.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let readers = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = readers.take()?;
            let outcome = work(&mut connection);
            // After a fault a connection may be in any state: it is not lent out again.
            if outcome.is_ok() {
                readers.give_back(connection);
            }
            outcome
        });
        done.await.unwrap_or_else(|panic| Err(StoreError::unavailable(panic).into()))
    }

    fn take(&self) -> Result<Connection, StoreError> {
        if let Some(connection) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(connection);
        }
        // A file that is removed while it is open must not come back empty.
        let connection = open(&self.path, Durability::Full, false)?;
        connection.execute_batch("PRAGMA query_only = ON")?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS {
            idle.push(connection);
        }
    }

    /// Closes the connections nobody reads with.
    pub(crate) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(Some(value)) => ValueRef::Integer(*value),
            Self::Float(Some(value)) => ValueRef::Real(*value),
            Self::Text(Some(value)) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(Some(value)) => ValueRef::Blob(value),
            Self::Int(None) | Self::Float(None) | Self::Text(None) | Self::Bytes(None) => ValueRef::Null,
        }))
    }
}

/// Binds `$1`, `$2` and so on: SQLite takes them for names, in whichever order they stand in the text.
fn bind(statement: &mut Statement<'_>, args: &[Value]) -> Result<(), StoreError> {
    for (number, arg) in (1..).zip(args) {
        if let Some(index) = statement.parameter_index(&format!("${number}"))? {
            statement.raw_bind_parameter(index, arg)?;
        }
    }
    Ok(())
}

/// Writes the write-ahead log into the file and cuts it to nothing.
pub(super) fn settle(connection: Option<&Connection>) -> Result<(), StoreError> {
    let Some(connection) = connection else { return Ok(()) };
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
    if busy == 0 { Ok(()) } else { Err(StoreError::unavailable("somebody reads the database all the time")) }
}

/// Runs a statement and returns how many rows it changed.
pub(super) fn execute(connection: &Connection, sql: &str, args: &[Value]) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, args)?;
    Ok(statement.raw_execute()? as u64)
}

/// Runs a query and returns its rows.
pub(in crate::store) fn query(connection: &Connection, sql: &str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, args)?;
    let columns = statement.column_count();
    let mut answer = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = answer.next()? {
        rows.push(Row::from_sqlite(row, columns)?);
    }
    Ok(rows)
}

/// Runs one statement for each row, its parameters in the order of the columns.
pub(super) fn for_each(connection: &Connection, sql: &str, rows: &[&Vec<Value>]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    for row in rows {
        statement.execute(rusqlite::params_from_iter(row.iter()))?;
    }
    Ok(())
}
