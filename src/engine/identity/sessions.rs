//! Logging in, staying in, and going out.

use std::net::IpAddr;

use secrecy::SecretString;

use super::access::Access;
use super::token::Kind;
use super::{Identity, IdentityError, found};
use crate::domain::Instant;
use crate::domain::account::{AccountId, SessionId};
use crate::engine::ports::accounts::{Credentials, LiveSession, Rotation, Session};

/// What a login or a refresh gives.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Whose they are.
    pub account: AccountId,
    /// The session they belong to.
    pub session: SessionId,
    /// What requests show.
    pub access: Access,
    /// What is shown once, for the next pair.
    pub refresh: SecretString,
    /// When the refresh token ends.
    pub refresh_ends_at: Instant,
}

impl Identity {
    /// Begins a session with a name and a password.
    ///
    /// # Errors
    /// `TooMany` for the address, `Busy`, else `Refused`, or when the store does not answer.
    pub async fn login(
        &self,
        name: &str,
        password: &SecretString,
        address: IpAddr,
        now: Instant,
    ) -> Result<Tokens, IdentityError> {
        self.addresses.admit(address, now).map_err(|retry_after| IdentityError::TooMany { retry_after })?;
        let Credentials { account, version, .. } = self.prove(name, password, now).await?;
        let session = Session { id: SessionId::new(self.id()), account: account.id, started_at: now, used_at: now };
        let (refresh, digest) = Kind::Refresh.draw(self.entropy.as_ref());
        // When the password was changed meanwhile, this session is of an old version and worth nothing.
        self.accounts.begin(&session, version, digest).await?;
        self.tokens(LiveSession { session, account, version }, refresh, now)
    }

    /// Takes a refresh token and gives the next pair.
    ///
    /// A token that comes back after its use ends its session: one of the two who have it is a thief. Only the direct
    /// predecessor of an unused token is forgiven, for ten seconds, since an answer can get lost; the unused one is worth
    /// nothing then.
    ///
    /// # Errors
    /// `Refused`, or when the store does not answer.
    pub async fn refresh(&self, token: &str, now: Instant) -> Result<Tokens, IdentityError> {
        let shown = Kind::Refresh.digest(token).ok_or(IdentityError::Refused)?;
        let (refresh, successor) = Kind::Refresh.draw(self.entropy.as_ref());
        match self.accounts.rotate(shown, successor, now).await? {
            Rotation::Rotated(live) => self.tokens(live, refresh, now),
            Rotation::Reused(session) => {
                tracing::warn!(session.id = %session, "a refresh token came back after its use: its session was ended");
                Err(IdentityError::Refused)
            }
            Rotation::Refused => Err(IdentityError::Refused),
        }
    }

    /// Ends a session of its own account.
    ///
    /// # Errors
    /// When the store does not answer. That it was over already is no fault.
    pub async fn logout(&self, account: AccountId, session: SessionId) -> Result<(), IdentityError> {
        self.accounts.end(account, session).await?;
        Ok(())
    }

    /// The good sessions of an account, the newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sessions(&self, account: AccountId, now: Instant) -> Result<Vec<Session>, IdentityError> {
        Ok(self.accounts.sessions(account, now).await?)
    }

    /// Ends any session of an account.
    ///
    /// # Errors
    /// `NotFound` when the account has no such session, or when the store does not answer.
    pub async fn revoke(&self, account: AccountId, session: SessionId) -> Result<(), IdentityError> {
        found(self.accounts.end(account, session).await?, "session")
    }

    fn tokens(&self, live: LiveSession, refresh: SecretString, now: Instant) -> Result<Tokens, IdentityError> {
        Ok(Tokens {
            account: live.account.id,
            session: live.session.id,
            access: self.access.sign(&live, now)?,
            refresh,
            refresh_ends_at: live.session.ends_at(),
        })
    }
}
