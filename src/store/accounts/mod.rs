//! Accounts, sessions and tokens as rows of a database of their own, apart from the log.
//!
//! The log proves its past and keeps it for ever; a credential must be able to vanish. Every statement names the account
//! it is about, and of every token only the digest is here. What reads and then writes takes the account's row first, so
//! that the two databases agree: SQLite has one writer, PostgreSQL makes the second wait at that row.

mod account;
mod attempts;
mod devices;
mod erasing;
mod passwords;
mod rows;
mod sessions;

use std::path::PathBuf;

use async_trait::async_trait;
use secrecy::SecretString;

use super::error::StoreError;
use super::migrate::{self, Migration, migration};
use super::sql::{Durability, SlowAfter, Sql, SqlTx, Value};
use crate::domain::Instant;
use crate::domain::account::{AccountId, AccountName, DeviceId, SessionId};
use crate::engine::ports::accounts::{
    Account, Accounts, AccountsError, Credentials, Device, Digest, LiveSession, Rotation, Session,
};

const MIGRATIONS: &[Migration] = &[migration!("accounts", 1, "accounts")];

/// Where accounts lie.
#[derive(Clone)]
pub enum AccountPlace {
    /// A SQLite file of its own.
    File(PathBuf),
    /// The schema `candor_accounts` of a PostgreSQL database.
    Postgres(String),
}

impl std::fmt::Debug for AccountPlace {
    /// The URL of a database may hold its password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres"),
        }
    }
}

impl AccountPlace {
    async fn sql(&self) -> Result<Sql, StoreError> {
        match self {
            Self::File(path) => Sql::open_sqlite(path, Durability::Full).await,
            Self::Postgres(url) => Sql::open_postgres(url, "candor_accounts", 8).await,
        }
    }
}

/// The tables of accounts.
pub struct AccountTables {
    sql: Sql,
}

impl AccountTables {
    /// Opens the tables, creating them when they are missing.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn open(place: &AccountPlace) -> Result<Self, StoreError> {
        let sql = place.sql().await?;
        migrate::up(&sql, MIGRATIONS).await?;
        Ok(Self { sql })
    }

    /// The same accounts, whose slow statements are told of after so long.
    #[must_use]
    pub fn telling_after(self, slow: SlowAfter) -> Self {
        Self { sql: self.sql.telling_after(slow) }
    }

    /// Takes the database back to an older version of its tables, 0 being none: every account is lost then.
    ///
    /// # Errors
    /// When the database cannot be opened or changed.
    pub async fn migrate_down(place: &AccountPlace, version: i64) -> Result<(), StoreError> {
        let sql = place.sql().await?;
        let migrated = migrate::down(&sql, MIGRATIONS, version).await;
        sql.close().await;
        migrated
    }

    /// Waits for what is under way and closes every connection.
    pub async fn close(&self) {
        self.sql.close().await;
    }

    /// Runs one statement that writes; how many rows it changed.
    async fn execute(&self, sql: &'static str, args: Vec<Value>) -> Result<u64, StoreError> {
        self.sql.write(move |tx| Box::pin(async move { tx.execute(sql, &args).await })).await
    }
}

/// Takes the row of an account: whoever changes this account or one of its sessions waits until the transaction is over.
async fn lock_account(tx: &mut SqlTx, account: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE accounts
         SET version = version
         WHERE account = $1",
        &[account.into()],
    )
    .await?;
    Ok(())
}

fn digest(digest: Digest) -> Value {
    digest.as_bytes().into()
}

fn time(at: Instant) -> Value {
    at.timestamp_micros().into()
}

fn unavailable(error: StoreError) -> AccountsError {
    AccountsError(error.to_string())
}

#[async_trait]
impl Accounts for AccountTables {
    async fn add(&self, account: &Account) -> Result<bool, AccountsError> {
        self.insert_account(account).await.map_err(unavailable)
    }

    async fn remove(&self, account: AccountId) -> Result<bool, AccountsError> {
        self.delete_account(account).await.map_err(unavailable)
    }

    async fn list(&self) -> Result<Vec<Account>, AccountsError> {
        self.all_accounts().await.map_err(unavailable)
    }

    async fn get(&self, account: AccountId) -> Result<Option<Account>, AccountsError> {
        self.account_by_id(account).await.map_err(unavailable)
    }

    async fn credentials(&self, name: &AccountName) -> Result<Option<Credentials>, AccountsError> {
        self.credentials_by_name(name).await.map_err(unavailable)
    }

    async fn is_locked(&self, name: Digest, now: Instant) -> Result<bool, AccountsError> {
        self.name_is_locked(name, now).await.map_err(unavailable)
    }

    async fn attempt(&self, name: Digest, now: Instant) -> Result<bool, AccountsError> {
        self.count_attempt(name, now).await.map_err(unavailable)
    }

    async fn forgive(&self, name: Digest) -> Result<(), AccountsError> {
        self.delete_attempts(name).await.map_err(unavailable)
    }

    async fn rehash(&self, account: AccountId, version: i64, password: &SecretString) -> Result<(), AccountsError> {
        self.replace_hash(account, version, password).await.map_err(unavailable)
    }

    async fn change_password(
        &self,
        account: AccountId,
        version: i64,
        password: &SecretString,
        keep: SessionId,
    ) -> Result<Option<i64>, AccountsError> {
        self.replace_password(account, version, password, keep).await.map_err(unavailable)
    }

    async fn offer(&self, account: AccountId, token: Digest, ends_at: Instant) -> Result<(), AccountsError> {
        self.put_one_time(account, token, ends_at).await.map_err(unavailable)
    }

    async fn offered(&self, token: Digest, now: Instant) -> Result<Option<Account>, AccountsError> {
        self.account_by_one_time(token, now).await.map_err(unavailable)
    }

    async fn redeem(&self, token: Digest, password: &SecretString, now: Instant) -> Result<bool, AccountsError> {
        self.use_one_time(token, password, now).await.map_err(unavailable)
    }

    async fn begin(&self, session: &Session, version: i64, refresh: Digest) -> Result<(), AccountsError> {
        self.insert_session(session, version, refresh).await.map_err(unavailable)
    }

    async fn rotate(&self, token: Digest, successor: Digest, now: Instant) -> Result<Rotation, AccountsError> {
        self.rotate_token(token, successor, now).await.map_err(unavailable)
    }

    async fn session(&self, session: SessionId, now: Instant) -> Result<Option<LiveSession>, AccountsError> {
        self.live_session(session, now).await.map_err(unavailable)
    }

    async fn sessions(&self, account: AccountId, now: Instant) -> Result<Vec<Session>, AccountsError> {
        self.sessions_of(account, now).await.map_err(unavailable)
    }

    async fn end(&self, account: AccountId, session: SessionId) -> Result<bool, AccountsError> {
        self.delete_session(account, session).await.map_err(unavailable)
    }

    async fn add_device(&self, device: &Device, token: Digest) -> Result<(), AccountsError> {
        self.insert_device(device, token).await.map_err(unavailable)
    }

    async fn device(&self, token: Digest) -> Result<Option<(Device, Account)>, AccountsError> {
        self.device_by_token(token).await.map_err(unavailable)
    }

    async fn devices(&self, account: AccountId) -> Result<Vec<Device>, AccountsError> {
        self.devices_of(account).await.map_err(unavailable)
    }

    async fn end_device(&self, account: AccountId, device: DeviceId) -> Result<bool, AccountsError> {
        self.delete_device(account, device).await.map_err(unavailable)
    }

    async fn prune(&self, now: Instant) -> Result<(), AccountsError> {
        self.delete_what_is_over(now).await.map_err(unavailable)
    }
}
