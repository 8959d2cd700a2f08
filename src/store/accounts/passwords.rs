//! Passwords, as hashes, and the one-time tokens with which they are set.

use secrecy::{ExposeSecret as _, SecretString};

use super::{AccountTables, digest, lock_account, rows, time};
use crate::domain::Instant;
use crate::domain::account::{AccountId, SessionId};
use crate::engine::ports::accounts::{Account, Digest};
use crate::store::error::StoreError;

impl AccountTables {
    pub(super) async fn replace_hash(
        &self,
        account: AccountId,
        version: i64,
        password: &SecretString,
    ) -> Result<(), StoreError> {
        let replaced = self.execute(
            "UPDATE accounts
             SET password = $1
             WHERE account = $2
               AND version = $3",
            vec![password.expose_secret().into(), account.to_string().into(), version.into()],
        );
        replaced.await.map(|_| ())
    }

    pub(super) async fn replace_password(
        &self,
        account: AccountId,
        version: i64,
        password: &SecretString,
        keep: SessionId,
    ) -> Result<Option<i64>, StoreError> {
        let password = password.expose_secret().to_owned();
        let unit = self.sql.write(move |tx| {
            Box::pin(async move {
                let account = account.to_string();
                let changed = tx
                    .execute(
                        "UPDATE accounts
                     SET password = $1,
                         version = version + 1
                     WHERE account = $2
                       AND version = $3",
                        &[password.into(), account.as_str().into(), version.into()],
                    )
                    .await?;
                if changed == 0 {
                    return Ok(None);
                }
                tx.execute(
                    "DELETE FROM sessions
                     WHERE account = $1
                       AND (session <> $2 OR version <> $3)",
                    &[account.as_str().into(), keep.to_string().into(), version.into()],
                )
                .await?;
                tx.execute(
                    "UPDATE sessions
                     SET version = version + 1
                     WHERE account = $1",
                    &[account.as_str().into()],
                )
                .await?;
                tx.execute(
                    "DELETE FROM one_time_tokens
                     WHERE account = $1",
                    &[account.as_str().into()],
                )
                .await?;
                Ok(Some(version + 1))
            })
        });
        unit.await
    }

    pub(super) async fn put_one_time(
        &self,
        account: AccountId,
        token: Digest,
        ends_at: Instant,
    ) -> Result<(), StoreError> {
        let put = self.execute(
            "INSERT INTO one_time_tokens (account, digest, ends_at)
             VALUES ($1, $2, $3)
             ON CONFLICT (account) DO UPDATE
             SET digest = EXCLUDED.digest,
                 ends_at = EXCLUDED.ends_at",
            vec![account.to_string().into(), digest(token), time(ends_at)],
        );
        put.await.map(|_| ())
    }

    pub(super) async fn account_by_one_time(&self, token: Digest, now: Instant) -> Result<Option<Account>, StoreError> {
        let args = [digest(token), time(now)];
        let found = self.sql.query(
            "SELECT accounts.account, accounts.name, accounts.role, accounts.person, accounts.created_at
             FROM one_time_tokens
             JOIN accounts ON accounts.account = one_time_tokens.account
             WHERE one_time_tokens.digest = $1
               AND one_time_tokens.ends_at > $2",
            &args,
        );
        found.await?.first().map(|row| rows::account(row, 0)).transpose()
    }

    pub(super) async fn use_one_time(
        &self,
        token: Digest,
        password: &SecretString,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let password = password.expose_secret().to_owned();
        let unit = self.sql.write(move |tx| {
            Box::pin(async move {
                let found = tx
                    .query(
                        "SELECT account
                     FROM one_time_tokens
                     WHERE digest = $1",
                        &[digest(token)],
                    )
                    .await?;
                let Some(row) = found.first() else { return Ok(false) };
                let account = row.text(0)?;
                lock_account(tx, &account).await?;
                let used = tx
                    .execute(
                        "DELETE FROM one_time_tokens
                     WHERE digest = $1
                       AND ends_at > $2",
                        &[digest(token), time(now)],
                    )
                    .await?;
                // Of two that come at once, the second finds it gone.
                if used == 0 {
                    return Ok(false);
                }
                tx.execute(
                    "UPDATE accounts
                     SET password = $1,
                         version = version + 1
                     WHERE account = $2",
                    &[password.into(), account.as_str().into()],
                )
                .await?;
                tx.execute(
                    "DELETE FROM sessions
                     WHERE account = $1",
                    &[account.as_str().into()],
                )
                .await?;
                Ok(true)
            })
        });
        unit.await
    }
}
