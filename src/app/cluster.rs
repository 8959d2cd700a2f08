//! Where the events lie: in tables of this store, or on the cluster that `EVENTSTORE_URL` names.

use std::path::PathBuf;
use std::sync::Arc;

use super::error::Failure;
use crate::store::log::{EventLog, PostgresLog, SqliteLog};
use crate::store::log_place::{self, LogPlace};
use crate::store::sql::Sql;
use crate::store::views::Place;

/// The cluster that is named, if one is.
#[derive(Clone, Default)]
pub(super) struct Cluster {
    /// Its connection string.
    pub url: Option<String>,
    /// A file with one line, `USER:PASSWORD`.
    pub login_file: Option<PathBuf>,
    /// The name under which this log shares the cluster with others; empty for one that has it alone.
    #[cfg_attr(not(feature = "eventstore"), expect(dead_code, reason = "there is no client to tell it"))]
    pub space: String,
}

impl Cluster {
    /// What the variables say.
    pub(super) fn read(
        url: Option<String>,
        login_file: Option<PathBuf>,
        space: Option<String>,
    ) -> Result<Self, Failure> {
        let space = space.unwrap_or_default().trim().to_owned();
        if space.contains('/') || space.starts_with('$') {
            return Err(Failure::configuration(
                "CANDOR_EVENTSTORE_SPACE must be a name without / that begins with no $",
            ));
        }
        Ok(Self { url: url.map(|url| url.trim().to_owned()), login_file, space })
    }

    /// Another one, with the same login and space.
    pub(super) fn at(&self, url: &str) -> Self {
        Self { url: Some(url.to_owned()), ..self.clone() }
    }

    /// The log on it. Nothing is asked yet.
    #[cfg(feature = "eventstore")]
    pub(super) fn log(&self) -> Result<Arc<dyn EventLog>, Failure> {
        Ok(Arc::new(crate::store::log::EventStoreLog::new(self.address()?, &self.space)))
    }

    /// How it is reached, and as whom.
    #[cfg(feature = "eventstore")]
    fn address(&self) -> Result<crate::store::log::eventstore::Address, Failure> {
        let login = match &self.login_file {
            None => None,
            Some(file) => Some(zeroize::Zeroizing::new(std::fs::read_to_string(file).map_err(|error| {
                Failure::configuration(format!("CANDOR_EVENTSTORE_LOGIN_FILE {}: {error}", file.display()))
            })?)),
        };
        let url = self.url.as_deref().ok_or_else(|| Failure::configuration("EVENTSTORE_URL names no cluster"))?;
        let address = crate::store::log::eventstore::Address::parse(url, login.as_ref().map(|text| text.as_str()));
        address.map_err(|bad| Failure::configuration(format!("EVENTSTORE_URL: {bad}")))
    }

    /// Whether nobody between can read or answer.
    #[cfg(feature = "eventstore")]
    pub(super) fn is_safe(&self) -> Result<bool, Failure> {
        self.address().map(|address| address.is_safe() || address.is_local())
    }

    #[cfg(not(feature = "eventstore"))]
    pub(super) fn is_safe(&self) -> Result<bool, Failure> {
        self.log().map(|_| false)
    }

    #[cfg(not(feature = "eventstore"))]
    pub(super) fn log(&self) -> Result<Arc<dyn EventLog>, Failure> {
        Err(Failure::configuration(
            "this build has no client for a cluster: build with --features eventstore, or name none",
        ))
    }
}

/// Opens the log of a store, wherever the events are, and the database that lies with it.
pub(super) async fn open(cluster: &Cluster, place: &Place) -> Result<(Arc<dyn EventLog>, LogPlace, Sql), Failure> {
    let wanted = if cluster.url.is_some() { LogPlace::Cluster } else { LogPlace::Tables };
    let tables = tables(place).await?;
    match (log_place::settle(&tables, wanted).await?, wanted) {
        (LogPlace::Cluster, LogPlace::Cluster) => Ok((cluster.log()?, wanted, tables)),
        (LogPlace::Tables, LogPlace::Tables) => Ok((in_tables(place).await?, wanted, tables)),
        (LogPlace::Tables, LogPlace::Cluster) => Err(Failure::configuration(
            "EVENTSTORE_URL is set, and the log of this store lies in its own tables: `candor log move cluster` moves it, or \
             take the variable out",
        )),
        (LogPlace::Cluster, LogPlace::Tables) => Err(Failure::configuration(
            "the log of this store lies on a cluster: name it in EVENTSTORE_URL; with it `candor log move tables` brings it back",
        )),
    }
}

/// The database that lies with the log, with its tables.
pub(super) async fn tables(place: &Place) -> Result<Sql, Failure> {
    match place {
        Place::Folder(folder) => SqliteLog::prepare(&folder.join("log.db")).await?,
        Place::Postgres(url) => PostgresLog::prepare(url).await?,
    }
    Ok(place.log().await?)
}

/// The log in the tables of a store.
pub(super) async fn in_tables(place: &Place) -> Result<Arc<dyn EventLog>, Failure> {
    Ok(match place {
        Place::Folder(folder) => Arc::new(SqliteLog::open(&folder.join("log.db")).await?),
        Place::Postgres(url) => Arc::new(PostgresLog::open(url).await?),
    })
}

/// The same, where tables that the log has left take in what is copied.
pub(super) async fn tables_to_fill(place: &Place) -> Result<Arc<dyn EventLog>, Failure> {
    Ok(match place {
        Place::Folder(folder) => Arc::new(SqliteLog::fill(&folder.join("log.db")).await?),
        Place::Postgres(url) => Arc::new(PostgresLog::fill(url).await?),
    })
}
