//! Connections as rows beside the jobs, so that a notice and what it asks for are taken in one transaction. Grants are sealed
//! under the keys of the person and the provider: who destroys one of them has ended the connection too.

mod grants;

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::{JobTables, order, rows, time};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::engine::ports::accounts::Digest;
use crate::engine::ports::connections::{
    Attempt, Connection, ConnectionState, Connections, ConnectionsError, Reach, Renewal,
};
use crate::engine::ports::entropy::Entropy;
use crate::engine::ports::jobs::NewJob;
use crate::engine::ports::provider_api::Grant;
use crate::store::error::{Inconsistency, StoreError};
use crate::store::keys::KeyStore;
use crate::store::sql::{Row, Sql, SqlTx, Value};

/// How long a notice that was taken is remembered: providers stop sending one again long before.
const REMEMBERED: chrono::TimeDelta = chrono::TimeDelta::days(14);

/// The tables of connections.
pub struct ConnectionTables {
    sql: Sql,
    keys: Arc<KeyStore>,
    entropy: Arc<dyn Entropy>,
}

impl JobTables {
    /// The connections that lie beside these jobs.
    #[must_use]
    pub fn connections(&self, keys: Arc<KeyStore>, entropy: Arc<dyn Entropy>) -> ConnectionTables {
        ConnectionTables { sql: self.sql.clone(), keys, entropy }
    }
}

fn unavailable(error: impl std::fmt::Display) -> ConnectionsError {
    ConnectionsError(error.to_string())
}

/// The columns of [`connection`], in its order, for a statement.
macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT person, provider, state, account, scopes, generation, connected_at, fetched_since, history_complete,
                    synced_at, fault, failed_at, grants, expires_at
             FROM connections
             ",
            $rest
        )
    };
}

fn connection(row: &Row) -> Result<Connection, StoreError> {
    let misfit = |column| Inconsistency::new("connections", column, "a value of another kind");
    let scopes = row.opt_text(4)?;
    Ok(Connection {
        person: row.text(0)?.parse().map(PersonId::new).map_err(|_| misfit("person"))?,
        provider: row.text(1)?.parse().map_err(|_| misfit("provider"))?,
        state: if row.text(2)? == "connected" { ConnectionState::Connected } else { ConnectionState::Reconnect },
        account: row.text(3)?,
        scopes: scopes.map(|scopes| scopes.split_whitespace().map(str::to_owned).collect()),
        generation: row.int(5)?,
        connected_at: rows::instant(row, 6)?,
        reach: Reach {
            since: rows::opt_instant(row, 7)?,
            complete: row.int(8)? != 0,
            synced_at: rows::opt_instant(row, 9)?,
        },
        fault: row.opt_text(10)?,
        failed_at: rows::opt_instant(row, 11)?,
    })
}

/// The two arguments that name a connection.
fn named(person: PersonId, provider: Provider) -> [Value; 2] {
    [person.to_string().into(), provider.key().into()]
}

impl ConnectionTables {
    /// Runs one statement that writes; how many rows it changed.
    async fn execute(&self, sql: &'static str, args: Vec<Value>) -> Result<u64, ConnectionsError> {
        let done = self.sql.write(move |tx| Box::pin(async move { tx.execute(sql, &args).await }));
        done.await.map_err(|error: StoreError| unavailable(error))
    }

    async fn query(&self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, ConnectionsError> {
        self.sql.query(sql, args).await.map_err(unavailable)
    }
}

/// Keeps a connection unless its account is another person's.
async fn put(tx: &mut SqlTx, args: &[Value]) -> Result<bool, StoreError> {
    let others = tx
        .query(
            "SELECT 1
             FROM connections
             WHERE provider = $2
               AND account = $3
               AND person <> $1",
            &args[..3],
        )
        .await?;
    if !others.is_empty() {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO connections (person, provider, account, scopes, grants, expires_at, connected_at, generation, state,
                                  history_complete)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'connected', 0)
         ON CONFLICT (person, provider) DO UPDATE
         SET state = 'connected',
             account = EXCLUDED.account,
             scopes = EXCLUDED.scopes,
             grants = EXCLUDED.grants,
             expires_at = EXCLUDED.expires_at,
             generation = EXCLUDED.generation,
             renewing = NULL,
             fault = NULL,
             failed_at = NULL,
             fetched_since = CASE WHEN connections.account = EXCLUDED.account
                                   AND COALESCE(connections.scopes, '') = COALESCE(EXCLUDED.scopes, '')
                                  THEN connections.fetched_since END,
             history_complete = CASE WHEN connections.account = EXCLUDED.account
                                      AND COALESCE(connections.scopes, '') = COALESCE(EXCLUDED.scopes, '')
                                     THEN connections.history_complete ELSE 0 END",
        args,
    )
    .await?;
    Ok(true)
}

#[async_trait]
impl Connections for ConnectionTables {
    async fn begin(&self, state: Digest, attempt: Attempt) -> Result<(), ConnectionsError> {
        let args = vec![
            state.as_bytes().into(),
            attempt.person.to_string().into(),
            attempt.provider.key().into(),
            attempt.browser.as_bytes().into(),
            attempt.verifier.into(),
            time(attempt.ends_at),
        ];
        let sql = "INSERT INTO attempts (state, person, provider, browser, verifier, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6)";
        self.execute(sql, args).await.map(|_| ())
    }

    async fn come_back(&self, state: Digest, now: Instant) -> Result<Option<Attempt>, ConnectionsError> {
        let args = vec![state.as_bytes().into(), time(now)];
        let found = self.sql.write(move |tx| {
            Box::pin(async move {
                let found = tx
                    .query(
                        "DELETE FROM attempts
                         WHERE state = $1
                            OR ends_at <= $2
                         RETURNING state, person, provider, browser, verifier, ends_at",
                        &args,
                    )
                    .await?;
                let misfit = |column| Inconsistency::new("attempts", column, "a value of another kind");
                let mut attempt = None;
                for row in found {
                    let ends_at = rows::instant(&row, 5)?;
                    if row.bytes(0)? != state.as_bytes() || ends_at <= now {
                        continue;
                    }
                    attempt = Some(Attempt {
                        person: row.text(1)?.parse().map(PersonId::new).map_err(|_| misfit("person"))?,
                        provider: row.text(2)?.parse().map_err(|_| misfit("provider"))?,
                        browser: Digest::kept(&row.bytes(3)?).ok_or_else(|| misfit("browser"))?,
                        verifier: row.text(4)?,
                        ends_at,
                    });
                }
                Ok(attempt)
            })
        });
        found.await.map_err(|error: StoreError| unavailable(error))
    }

    async fn connect(
        &self,
        connection: &Connection,
        grant: &Grant,
        jobs: Vec<NewJob>,
        now: Instant,
    ) -> Result<bool, ConnectionsError> {
        let sealed = self.seal(connection, grant, connection.generation).await?;
        let args = [
            connection.person.to_string().into(),
            connection.provider.key().into(),
            connection.account.as_str().into(),
            connection.scopes.as_ref().map(|scopes| scopes.join(" ")).into(),
            sealed.into(),
            time(grant.expires_at),
            time(connection.connected_at),
            connection.generation.into(),
        ];
        let connected = self.sql.write(move |tx| {
            Box::pin(async move {
                if !put(tx, &args).await? {
                    return Ok(false);
                }
                for job in &jobs {
                    order(tx, job, now).await?;
                }
                Ok(true)
            })
        });
        connected.await.map_err(|error: StoreError| unavailable(error))
    }

    async fn get(&self, person: PersonId, provider: Provider) -> Result<Option<(Connection, Grant)>, ConnectionsError> {
        let found = self.query(columns!("WHERE person = $1 AND provider = $2"), &named(person, provider)).await?;
        let Some(row) = found.first() else { return Ok(None) };
        let connection = connection(row).map_err(unavailable)?;
        let sealed = row.bytes(12).map_err(unavailable)?;
        let grant = self.open(&connection, &sealed, rows::instant(row, 13).map_err(unavailable)?).await?;
        Ok(Some((connection, grant)))
    }

    async fn list(&self, person: Option<PersonId>) -> Result<Vec<Connection>, ConnectionsError> {
        let args = [person.map(|person| person.to_string()).into()];
        let found = self.query(columns!("WHERE $1 IS NULL OR person = $1 ORDER BY person, provider"), &args).await?;
        found.iter().map(|row| connection(row).map_err(unavailable)).collect()
    }

    async fn owner(&self, provider: Provider, account: &str) -> Result<Option<PersonId>, ConnectionsError> {
        let args = [provider.key().into(), account.into()];
        let found = self.query("SELECT person FROM connections WHERE provider = $1 AND account = $2", &args).await?;
        found.first().map(|row| rows::id(row, 0).map(PersonId::new)).transpose().map_err(unavailable)
    }

    async fn ask_to_renew(
        &self,
        connection: &Connection,
        lease: Uuid,
        now: Instant,
        until: Instant,
    ) -> Result<Renewal, ConnectionsError> {
        self.lease(connection, lease, now, until).await.map_err(unavailable)
    }

    async fn renewed(&self, connection: &Connection, grant: &Grant) -> Result<bool, ConnectionsError> {
        self.write_renewed(connection, grant).await
    }

    async fn not_renewed(&self, connection: &Connection, lease: Uuid) -> Result<(), ConnectionsError> {
        let [person, provider] = named(connection.person, connection.provider);
        let sql = "UPDATE connections
             SET renewing = NULL
             WHERE person = $1
               AND provider = $2
               AND renewing = $3";
        self.execute(sql, vec![person, provider, lease.to_string().into()]).await.map(|_| ())
    }

    async fn ended(&self, connection: &Connection) -> Result<(), ConnectionsError> {
        let [person, provider] = named(connection.person, connection.provider);
        let sql = "UPDATE connections
             SET state = 'reconnect',
                 renewing = NULL
             WHERE person = $1
               AND provider = $2
               AND generation = $3";
        self.execute(sql, vec![person, provider, connection.generation.into()]).await.map(|_| ())
    }

    async fn synced(
        &self,
        person: PersonId,
        provider: Provider,
        from: Instant,
        to: Instant,
    ) -> Result<(), ConnectionsError> {
        let [person, provider] = named(person, provider);
        let sql = "UPDATE connections
             SET fetched_since = COALESCE(fetched_since, $3),
                 synced_at = $4,
                 fault = NULL,
                 failed_at = NULL
             WHERE person = $1
               AND provider = $2";
        self.execute(sql, vec![person, provider, time(from), time(to)]).await.map(|_| ())
    }

    async fn backfilled(
        &self,
        person: PersonId,
        provider: Provider,
        since: Instant,
        complete: bool,
    ) -> Result<(), ConnectionsError> {
        let [person, provider] = named(person, provider);
        let sql = "UPDATE connections
             SET fetched_since = $3,
                 history_complete = $4,
                 fault = NULL,
                 failed_at = NULL
             WHERE person = $1
               AND provider = $2";
        self.execute(sql, vec![person, provider, time(since), complete.into()]).await.map(|_| ())
    }

    async fn failed(
        &self,
        person: PersonId,
        provider: Provider,
        fault: &str,
        now: Instant,
    ) -> Result<(), ConnectionsError> {
        let [person, provider] = named(person, provider);
        let sql = "UPDATE connections
             SET fault = $3,
                 failed_at = $4
             WHERE person = $1
               AND provider = $2";
        self.execute(sql, vec![person, provider, fault.into(), time(now)]).await.map(|_| ())
    }

    async fn forget(&self, person: PersonId, provider: Provider) -> Result<bool, ConnectionsError> {
        let sql = "DELETE FROM connections
             WHERE person = $1
               AND provider = $2";
        self.execute(sql, named(person, provider).to_vec()).await.map(|rows| rows == 1)
    }

    async fn deliver(
        &self,
        provider: Provider,
        delivery: &str,
        jobs: Vec<NewJob>,
        now: Instant,
    ) -> Result<bool, ConnectionsError> {
        let args = [provider.key().into(), delivery.into(), time(now)];
        let taken = self.sql.write(move |tx| {
            Box::pin(async move {
                tx.execute("DELETE FROM deliveries WHERE received_at < $1", &[time(now - REMEMBERED)]).await?;
                let new = tx
                    .execute(
                        "INSERT INTO deliveries (provider, delivery, received_at)
                         VALUES ($1, $2, $3)
                         ON CONFLICT (provider, delivery) DO NOTHING",
                        &args,
                    )
                    .await?;
                if new == 0 {
                    return Ok(false);
                }
                for job in &jobs {
                    order(tx, job, now).await?;
                }
                Ok(true)
            })
        });
        taken.await.map_err(|error: StoreError| unavailable(error))
    }

    async fn prune(&self, now: Instant) -> Result<(), ConnectionsError> {
        self.execute("DELETE FROM attempts WHERE ends_at <= $1", vec![time(now)]).await?;
        self.execute("DELETE FROM deliveries WHERE received_at < $1", vec![time(now - REMEMBERED)]).await.map(|_| ())
    }
}
