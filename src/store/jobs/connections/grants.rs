//! Grants: sealed, renewed by one at a time, and written down before they are used.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{ConnectionTables, named, rows, time, unavailable};
use crate::domain::Instant;
use crate::domain::erasure::Scope;
use crate::engine::ports::connections::{Connection, ConnectionsError, Renewal};
use crate::engine::ports::provider_api::Grant;
use crate::store::chain::put;
use crate::store::error::StoreError;
use crate::store::seal::{self, Key};

/// What is sealed of a grant.
#[derive(Serialize, Deserialize)]
struct Tokens<'a> {
    access: std::borrow::Cow<'a, str>,
    refresh: Option<std::borrow::Cow<'a, str>>,
}

/// A sealed grant is bound to its place and its number: an older one in its stead does not open.
fn bound_to(connection: &Connection, generation: i64) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, b"candor/grant/v1");
    put(&mut out, connection.person.uuid().as_bytes());
    put(&mut out, connection.provider.key().as_bytes());
    put(&mut out, &generation.to_be_bytes());
    out
}

impl ConnectionTables {
    async fn key(&self, connection: &Connection) -> Result<Key, ConnectionsError> {
        let now = self.keys.now().await.map_err(unavailable)?;
        let person = now.of(connection.person, Scope::Person).await.map_err(unavailable)?.1;
        let provider = Scope::Provider(connection.provider);
        let provider = now.of(connection.person, provider).await.map_err(unavailable)?.1;
        Ok(seal::mix(&[person, provider]))
    }

    pub(super) async fn seal(
        &self,
        connection: &Connection,
        grant: &Grant,
        generation: i64,
    ) -> Result<Vec<u8>, ConnectionsError> {
        let tokens = Tokens {
            access: grant.access.expose_secret().into(),
            refresh: grant.refresh.as_ref().map(|refresh| refresh.expose_secret().into()),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&tokens).map_err(unavailable)?);
        let key = self.key(connection).await?;
        seal::encrypt(&key, &bound_to(connection, generation), &plain, self.entropy.as_ref()).map_err(unavailable)
    }

    pub(super) async fn open(
        &self,
        connection: &Connection,
        sealed: &[u8],
        expires_at: Instant,
    ) -> Result<Grant, ConnectionsError> {
        let key = self.key(connection).await?;
        let plain = seal::decrypt(&key, &bound_to(connection, connection.generation), sealed).map_err(unavailable)?;
        let plain = Zeroizing::new(plain);
        let tokens: Tokens<'_> =
            serde_json::from_slice(&plain).map_err(|_| ConnectionsError("a grant cannot be read".to_owned()))?;
        Ok(Grant {
            access: SecretString::from(tokens.access.into_owned()),
            refresh: tokens.refresh.map(|refresh| SecretString::from(refresh.into_owned())),
            expires_at,
            scopes: connection.scopes.clone(),
            account: Some(connection.account.clone()),
        })
    }

    pub(super) async fn lease(
        &self,
        connection: &Connection,
        lease: Uuid,
        now: Instant,
        until: Instant,
    ) -> Result<Renewal, StoreError> {
        let [person, provider] = named(connection.person, connection.provider);
        let generation = connection.generation;
        let leased = self.sql.write(move |tx| {
            Box::pin(async move {
                let taken = tx
                    .execute(
                        "UPDATE connections
                         SET renewing = $4,
                             renewing_until = $6
                         WHERE person = $1
                           AND provider = $2
                           AND generation = $3
                           AND state = 'connected'
                           AND (renewing IS NULL OR renewing_until <= $5)",
                        &[
                            person.clone(),
                            provider.clone(),
                            generation.into(),
                            lease.to_string().into(),
                            time(now),
                            time(until),
                        ],
                    )
                    .await?;
                if taken == 1 {
                    return Ok(Renewal::Yours);
                }
                let busy = tx
                    .query(
                        "SELECT renewing_until
                         FROM connections
                         WHERE person = $1
                           AND provider = $2
                           AND generation = $3
                           AND state = 'connected'",
                        &[person, provider, generation.into()],
                    )
                    .await?;
                busy.first().map_or(Ok(Renewal::Changed), |row| rows::instant(row, 0).map(Renewal::Busy))
            })
        });
        leased.await
    }

    pub(super) async fn write_renewed(&self, connection: &Connection, grant: &Grant) -> Result<bool, ConnectionsError> {
        // A provider gives each refresh token's successor once: whoever has it holds the good one, late or not.
        let [person, provider] = named(connection.person, connection.provider);
        let sealed = self.seal(connection, grant, connection.generation + 1).await?;
        let args = vec![person, provider, connection.generation.into(), sealed.into(), time(grant.expires_at)];
        let sql = "UPDATE connections
             SET grants = $4,
                 expires_at = $5,
                 generation = generation + 1,
                 state = 'connected',
                 renewing = NULL
             WHERE person = $1
               AND provider = $2
               AND generation = $3";
        self.execute(sql, args).await.map(|rows| rows == 1)
    }
}
