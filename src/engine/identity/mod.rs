//! Who is calling: accounts, passwords, sessions, devices.
//!
//! It answers one question for every request, [`Identity::who`], and refuses in one voice: whoever may not come in is not
//! told why. It knows nothing of HTTP, sends no mail and never sets a password by itself: an operator hands out a one-time
//! token, and its owner sets the password with it.
//!
//! Everything that opens a door is looked up on each request, so what is revoked is closed at once.

mod access;
mod addresses;
mod devices;
mod hashing;
mod password;
mod passwords;
mod sessions;
mod token;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;
use thiserror::Error;

use super::ports::accounts::{Account, Accounts, AccountsError};
use super::ports::entropy::Entropy;
use crate::domain::Instant;
use crate::domain::account::{AccountId, AccountName, DeviceId, DeviceScope, Role, SessionId};
use crate::domain::person::PersonId;
pub use access::{ACCESS_LIFE, Access, AccessTokens, NoSigningKey, SigningKey};
use addresses::Addresses;
pub use hashing::Cost;
use hashing::Hasher;
pub use password::{LONGEST_PASSWORD, SHORTEST_PASSWORD, WeakPassword};
pub use sessions::Tokens;
use token::Kind;

/// How long a one-time token is good.
pub const ONE_TIME_LIFE: TimeDelta = TimeDelta::minutes(15);

/// Why somebody did not get what they asked for.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// What was shown opens nothing. It is the same for a wrong password, an unknown name, a locked account and every fault
    /// of a token.
    #[error("refused")]
    Refused,
    /// Too many tries from this address.
    #[error("too many tries from this address")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Too many passwords are being checked just now.
    #[error("busy checking passwords")]
    Busy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The new password is not taken.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// There is an account of this name.
    #[error("there is an account of this name")]
    NameTaken,
    /// A field does not fit.
    #[error("{field} {fault}")]
    Unfit {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// There is no such account, session or device of this account.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A password or a token could not be made or read. Nothing was let in.
    #[error("a password or a token could not be made or read")]
    Broken,
    /// The store did not answer.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
}

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The account.
    pub account: AccountId,
    /// What it is for.
    pub role: Role,
    /// Whose data it owns.
    pub person: Option<PersonId>,
    /// By which door.
    pub via: Via,
}

/// The door somebody came in by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// A session: all that the role may.
    Session(SessionId),
    /// A device: its scopes and nothing else.
    Device(DeviceId, BTreeSet<DeviceScope>),
}

/// How much is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Logins from one address at once.
    pub burst: u32,
    /// Logins from one address in a minute, after that.
    pub per_minute: u32,
    /// How long a login waits for its turn at hashing.
    pub wait: Duration,
    /// What a hash costs.
    pub cost: Cost,
}

impl Default for Limits {
    fn default() -> Self {
        Self { burst: 10, per_minute: 10, wait: Duration::from_secs(1), cost: Cost::STANDARD }
    }
}

/// The use cases of identity.
pub struct Identity {
    accounts: Arc<dyn Accounts>,
    entropy: Arc<dyn Entropy>,
    access: AccessTokens,
    addresses: Addresses,
    hasher: Hasher,
}

impl Identity {
    /// Identity over a store of accounts.
    #[must_use]
    pub fn new(accounts: Arc<dyn Accounts>, entropy: Arc<dyn Entropy>, access: AccessTokens, limits: Limits) -> Self {
        let addresses = Addresses::new(limits.burst, limits.per_minute);
        let hasher = Hasher::new(limits.cost, limits.wait, Arc::clone(&entropy));
        Self { accounts, entropy, access, addresses, hasher }
    }

    /// Who shows this token: the access token of a session, or the token of a device.
    ///
    /// # Errors
    /// `Refused`, or when the store does not answer.
    pub async fn who(&self, bearer: &str, now: Instant) -> Result<Who, IdentityError> {
        if Kind::Device.is(bearer) {
            let token = Kind::Device.digest(bearer).ok_or(IdentityError::Refused)?;
            let (device, account) = self.accounts.device(token).await?.ok_or(IdentityError::Refused)?;
            let via = Via::Device(device.id, device.scopes);
            return Ok(Who { account: account.id, role: account.role, person: account.person, via });
        }
        let asserted = self.access.read(bearer, now)?;
        let live = self.accounts.session(asserted.session, now).await?.ok_or(IdentityError::Refused)?;
        if live.account.id != asserted.account || live.version != asserted.version {
            return Err(IdentityError::Refused);
        }
        let via = Via::Session(live.session.id);
        Ok(Who { account: live.account.id, role: live.account.role, person: live.account.person, via })
    }

    /// Adds an account without a password; the one-time token sets it.
    ///
    /// # Errors
    /// `NameTaken`; `Unfit` for the account of a person without one; when the store does not answer.
    pub async fn add(
        &self,
        name: AccountName,
        role: Role,
        person: Option<PersonId>,
        now: Instant,
    ) -> Result<SecretString, IdentityError> {
        if role == Role::Person && person.is_none() {
            return Err(IdentityError::Unfit { field: "person", fault: "is missing: the account would own no data" });
        }
        let account = Account { id: AccountId::new(self.id()), name, role, person, created_at: now };
        if !self.accounts.add(&account).await? {
            return Err(IdentityError::NameTaken);
        }
        self.offer(account.id, now).await
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list(&self) -> Result<Vec<Account>, IdentityError> {
        Ok(self.accounts.list().await?)
    }

    /// Removes an account with its password, sessions and devices. The data of its person are not touched.
    ///
    /// # Errors
    /// `NotFound`, or when the store does not answer.
    pub async fn remove(&self, account: AccountId) -> Result<(), IdentityError> {
        found(self.accounts.remove(account).await?, "account")
    }

    /// Deletes what is over. It changes nothing that anybody could still use.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn prune(&self, now: Instant) -> Result<(), IdentityError> {
        Ok(self.accounts.prune(now).await?)
    }

    /// How many password hashes were made since the start.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.hasher.hashes()
    }

    fn id(&self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

fn found(there: bool, what: &'static str) -> Result<(), IdentityError> {
    if there { Ok(()) } else { Err(IdentityError::NotFound(what)) }
}
