//! Proving, changing and setting passwords.

use secrecy::{ExposeSecret as _, SecretString};

use super::access::Access;
use super::token::Kind;
use super::{Identity, IdentityError, LONGEST_PASSWORD, ONE_TIME_LIFE, password};
use crate::domain::Instant;
use crate::domain::account::{AccountId, AccountName, SessionId};
use crate::engine::ports::accounts::{Credentials, Digest, LiveSession, Session};

impl Identity {
    /// Whether a name and a password belong together.
    ///
    /// The path is the same for a name that does not exist: it is counted, locked and hashed for alike. An attempt is counted
    /// before it is made, so that a thousand at once are no more than ten. While a name is locked nothing is hashed.
    pub(super) async fn prove(
        &self,
        name: &str,
        password: &SecretString,
        now: Instant,
    ) -> Result<Credentials, IdentityError> {
        let name = AccountName::new(name);
        // What is no name at all is nobody's: it is told from others by nothing but its form, which its sender knows.
        let key = Digest::of(name.as_ref().map_or("", AccountName::as_str));
        if self.accounts.is_locked(key, now).await? {
            return Err(IdentityError::Refused);
        }
        let permit = self.hasher.permit().await?;
        let found = match &name {
            Ok(name) => self.accounts.credentials(name).await?,
            Err(_) => None,
        };
        if !self.accounts.attempt(key, now).await? {
            return Err(IdentityError::Refused);
        }
        let hash = found.as_ref().and_then(|found| found.password.as_ref());
        // Nobody has a longer one, and it is not hashed: the cost of a hash is not for the sender to choose.
        let overlong = password.expose_secret().chars().nth(LONGEST_PASSWORD).is_some();
        let empty = SecretString::default();
        let shown = if overlong { &empty } else { password };
        let checked = self.hasher.check(permit, shown, hash).await?;
        let Some(found) = found.filter(|_| checked.right) else { return Err(IdentityError::Refused) };
        self.accounts.forgive(key).await?;
        if let Some(renewed) = checked.renewed {
            self.accounts.rehash(found.account.id, found.version, &renewed).await?;
        }
        Ok(found)
    }

    /// Changes a password. Every other session ends, and so does the access token in hand: the new one takes its place.
    ///
    /// A wrong old password counts as a failed login.
    ///
    /// # Errors
    /// `Weak`, `Busy`, else `Refused`, or when the store does not answer.
    pub async fn change_password(
        &self,
        account: AccountId,
        session: SessionId,
        old: &SecretString,
        new: &SecretString,
        now: Instant,
    ) -> Result<Access, IdentityError> {
        let live = self.accounts.session(session, now).await?.filter(|live| live.account.id == account);
        let LiveSession { session, account, .. } = live.ok_or(IdentityError::Refused)?;
        password::check(new.expose_secret(), &account.name)?;
        let Credentials { version, .. } = self.prove(account.name.as_str(), old, now).await?;
        let hash = self.hasher.hash(self.hasher.permit().await?, new).await?;
        let changed = self.accounts.change_password(account.id, version, &hash, session.id).await?;
        let version = changed.ok_or(IdentityError::Refused)?;
        let session = Session { used_at: now, ..session };
        self.access.sign(&LiveSession { session, account, version }, now)
    }

    /// A one-time token for an account whose owner forgot the password. It changes nothing until it is used.
    ///
    /// # Errors
    /// `NotFound`, or when the store does not answer.
    pub async fn reset(&self, name: &AccountName, now: Instant) -> Result<SecretString, IdentityError> {
        let found = self.accounts.credentials(name).await?.ok_or(IdentityError::NotFound("account"))?;
        self.offer(found.account.id, now).await
    }

    /// Sets a password with a one-time token, which is used up; every session of the account ends. A password that is not
    /// taken leaves the token as it is. Devices stay: their owner sees and ends them one by one.
    ///
    /// # Errors
    /// `Weak`, `Busy`, else `Refused`, or when the store does not answer.
    pub async fn set_password(&self, one_time: &str, new: &SecretString, now: Instant) -> Result<(), IdentityError> {
        let token = Kind::OneTime.digest(one_time).ok_or(IdentityError::Refused)?;
        let account = self.accounts.offered(token, now).await?.ok_or(IdentityError::Refused)?;
        password::check(new.expose_secret(), &account.name)?;
        let hash = self.hasher.hash(self.hasher.permit().await?, new).await?;
        if !self.accounts.redeem(token, &hash, now).await? {
            return Err(IdentityError::Refused);
        }
        Ok(self.accounts.forgive(Digest::of(account.name.as_str())).await?)
    }

    pub(super) async fn offer(&self, account: AccountId, now: Instant) -> Result<SecretString, IdentityError> {
        let (token, digest) = Kind::OneTime.draw(self.entropy.as_ref());
        self.accounts.offer(account, digest, now + ONE_TIME_LIFE).await?;
        Ok(token)
    }
}
