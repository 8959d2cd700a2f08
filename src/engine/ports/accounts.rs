//! Where accounts and everything that opens a door are kept: as rows, and of every token only its digest.
//!
//! What must not fall between two requests is one method here: counting an attempt, rotating a refresh token, using a
//! one-time token up. The rules they follow are pure functions beside the trait.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;
use chrono::TimeDelta;
use secrecy::SecretString;
use serde::Serialize;
use sha2::Digest as _;
use thiserror::Error;

use crate::domain::Instant;
use crate::domain::account::{AccountId, AccountName, DeviceId, DeviceScope, Role, SessionId};
use crate::domain::person::PersonId;

/// How long a session lasts at most.
pub const SESSION_LIFE: TimeDelta = TimeDelta::days(30);
/// How long a session lasts without a refresh.
pub const SESSION_IDLE: TimeDelta = TimeDelta::days(7);
/// How long the refresh token before the current one is still taken, for a client whose answer was lost.
pub const REFRESH_GRACE: TimeDelta = TimeDelta::seconds(10);
/// Failures that are forgiven before an account is locked.
pub const FREE_FAILURES: u32 = 10;
/// After so long without a failure they are forgotten.
pub const FAILURES_KEPT: TimeDelta = TimeDelta::days(1);

/// The accounts could not be read or written.
#[derive(Debug, Error)]
#[error("accounts are not available: {0}")]
pub struct AccountsError(pub String);

/// The SHA-256 of a token or of a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(sha2::Sha256::digest(text.as_bytes()).into())
    }

    /// A digest that was kept; `None` when these are not 32 bytes.
    #[must_use]
    pub fn kept(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().map(Self).ok()
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

/// An account, without what proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The name it logs in with.
    pub name: AccountName,
    /// What it is for.
    pub role: Role,
    /// Whose data it owns.
    pub person: Option<PersonId>,
    /// When it was made.
    pub created_at: Instant,
}

/// An account with what proves it.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// Counts the changes of its password: what was given out under another version is worth nothing.
    pub version: i64,
    /// The password's hash in PHC form, once one is set.
    pub password: Option<SecretString>,
}

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// When the login was.
    pub started_at: Instant,
    /// When it was last refreshed.
    pub used_at: Instant,
}

impl Session {
    /// When it ends unless it is refreshed.
    #[must_use]
    pub fn ends_at(&self) -> Instant {
        (self.started_at + SESSION_LIFE).min(self.used_at + SESSION_IDLE)
    }
}

/// A session that is still good, with the account behind it.
#[derive(Clone, Debug)]
pub struct LiveSession {
    /// The session.
    pub session: Session,
    /// The account.
    pub account: Account,
    /// The account's version, which is the session's too.
    pub version: i64,
}

/// A device that was given a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    pub account: AccountId,
    /// What its owner calls it.
    pub label: String,
    /// What it may do.
    pub scopes: BTreeSet<DeviceScope>,
    /// When the token was made.
    pub created_at: Instant,
}

/// The refresh tokens of a session, as far as they are still worth something.
#[derive(Clone, Debug)]
pub struct Family {
    /// The one that is good.
    pub live: Digest,
    /// The one it came from.
    pub previous: Option<Digest>,
    /// The session they belong to.
    pub session: Session,
}

/// What a refresh token that belongs to a family is, when it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The good one: a successor takes its place.
    Live,
    /// The one before, shown again within the grace while its successor is unused: another successor takes the place of that.
    Previous,
    /// One that was used before: somebody has a copy, and the family ends.
    Reused,
    /// One of a session that is over.
    Ended,
}

impl Family {
    /// What a token of this family is.
    ///
    /// `previous` is only ever the direct parent of `live`: once the successor is used it is `previous` itself.
    #[must_use]
    pub fn shown(&self, token: Digest, now: Instant) -> Shown {
        if now >= self.session.ends_at() {
            Shown::Ended
        } else if token == self.live {
            Shown::Live
        } else if self.previous == Some(token) && now - self.session.used_at <= REFRESH_GRACE {
            Shown::Previous
        } else {
            Shown::Reused
        }
    }
}

/// What became of a refresh token.
#[derive(Clone, Debug)]
pub enum Rotation {
    /// Its successor is the good one now.
    Rotated(LiveSession),
    /// It was used before: its session was ended.
    Reused(SessionId),
    /// It is not known, or its session is over.
    Refused,
}

/// How long an account is locked after so many failures in a row.
#[must_use]
pub const fn locked_for(failures: u32) -> Option<TimeDelta> {
    match failures.checked_sub(FREE_FAILURES) {
        None => None,
        Some(0) => Some(TimeDelta::minutes(1)),
        Some(1) => Some(TimeDelta::minutes(2)),
        Some(2) => Some(TimeDelta::minutes(4)),
        Some(3) => Some(TimeDelta::minutes(8)),
        Some(_) => Some(TimeDelta::minutes(15)),
    }
}

/// The store of accounts. Every method fails with [`AccountsError`] when it does not answer, and with nothing else.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Adds an account without a password; `false` when the name is taken.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn add(&self, account: &Account) -> Result<bool, AccountsError>;

    /// Removes an account with everything that opened a door to it; `false` when there is none.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn remove(&self, account: AccountId) -> Result<bool, AccountsError>;

    /// All accounts, by name.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn list(&self) -> Result<Vec<Account>, AccountsError>;

    /// The account with an id.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn get(&self, account: AccountId) -> Result<Option<Account>, AccountsError>;

    /// The account with a name, and what proves it.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn credentials(&self, name: &AccountName) -> Result<Option<Credentials>, AccountsError>;

    /// Whether a name, known or not, is locked.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn is_locked(&self, name: Digest, now: Instant) -> Result<bool, AccountsError>;

    /// Counts an attempt before it is made, as if it had failed, and locks the name when it is one too many; `false` when
    /// the name is locked already. Attempts that are made at once are counted one after the other.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn attempt(&self, name: Digest, now: Instant) -> Result<bool, AccountsError>;

    /// Forgets the failures of a name.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn forgive(&self, name: Digest) -> Result<(), AccountsError>;

    /// Puts a new hash of the same password in the place of an old one, unless the account has moved on.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn rehash(&self, account: AccountId, version: i64, password: &SecretString) -> Result<(), AccountsError>;

    /// Puts a new password in the place of the one of this version, and ends every session but one; the new version, or
    /// `None` when the account has moved on. One-time tokens of the account end too.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn change_password(
        &self,
        account: AccountId,
        version: i64,
        password: &SecretString,
        keep: SessionId,
    ) -> Result<Option<i64>, AccountsError>;

    /// Keeps a one-time token of an account in the place of any older one.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn offer(&self, account: AccountId, token: Digest, ends_at: Instant) -> Result<(), AccountsError>;

    /// The account a one-time token is for, while it is good.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn offered(&self, token: Digest, now: Instant) -> Result<Option<Account>, AccountsError>;

    /// Uses a one-time token up: sets the password and ends every session. `false` when it is not good any more.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn redeem(&self, token: Digest, password: &SecretString, now: Instant) -> Result<bool, AccountsError>;

    /// Begins a session of an account at a version with its first refresh token.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn begin(&self, session: &Session, version: i64, refresh: Digest) -> Result<(), AccountsError>;

    /// Takes a refresh token and puts its successor in its place, or ends the family, as [`Family::shown`] says.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn rotate(&self, token: Digest, successor: Digest, now: Instant) -> Result<Rotation, AccountsError>;

    /// The session with an id, while it is good.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn session(&self, session: SessionId, now: Instant) -> Result<Option<LiveSession>, AccountsError>;

    /// The good sessions of an account, the newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn sessions(&self, account: AccountId, now: Instant) -> Result<Vec<Session>, AccountsError>;

    /// Ends a session of an account; `false` when it has none of this id.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn end(&self, account: AccountId, session: SessionId) -> Result<bool, AccountsError>;

    /// Adds a device with its token.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn add_device(&self, device: &Device, token: Digest) -> Result<(), AccountsError>;

    /// The device a token is for, with its account.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn device(&self, token: Digest) -> Result<Option<(Device, Account)>, AccountsError>;

    /// The devices of an account, the newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn devices(&self, account: AccountId) -> Result<Vec<Device>, AccountsError>;

    /// Ends a device of an account; `false` when it has none of this id.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn end_device(&self, account: AccountId, device: DeviceId) -> Result<bool, AccountsError>;

    /// Deletes what is over: sessions, one-time tokens, failures nobody asks about any more.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn prune(&self, now: Instant) -> Result<(), AccountsError>;
}
