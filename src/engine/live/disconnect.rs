//! Ending a connection, and what becomes of what it brought.

use super::{Live, LiveError};
use crate::domain::Instant;
use crate::domain::erasure::Scope;
use crate::domain::event::{Event, ProviderDisconnected};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::domain::state::PersonState;
use crate::engine::erasure::Erased;

/// What becomes of what a provider brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brought {
    /// It stays.
    Kept,
    /// It goes, with everything that rests on it, whichever way it came.
    Deleted,
}

impl Live {
    /// Ends a connection: at the provider, as far as it can be reached, and here in any case. Where its data are deleted, nothing of
    /// that provider is taken in afterwards before the person allows it again. Returns whether the provider ended the access too.
    ///
    /// # Errors
    /// `NotConnected`, `MustGo` where its terms do not let its data stay, or when the connections or the log do not answer: what
    /// was begun to be erased is erased all the same.
    pub async fn disconnect(
        &self,
        person: PersonId,
        provider: Provider,
        brought: Brought,
        now: Instant,
    ) -> Result<bool, LiveError> {
        if brought == Brought::Kept && provider.terms().delete_on_disconnect {
            return Err(LiveError::MustGo(provider));
        }
        let revoked = self.revoke(person, provider, now).await?;
        self.end(person, provider, brought, now).await?;
        Ok(revoked)
    }

    /// Ends a connection here.
    pub(super) async fn end(
        &self,
        person: PersonId,
        provider: Provider,
        brought: Brought,
        now: Instant,
    ) -> Result<(), LiveError> {
        let kept = brought == Brought::Kept;
        let ended = vec![ProviderDisconnected { provider, kept }.into()];
        if kept {
            self.engine.decide(person, "disconnect", now, |_: &PersonState| Ok(ended.clone())).await?;
            self.connections.forget(person, provider).await?;
        } else {
            self.erase_here(person, Scope::Provider(provider), &ended, now).await?;
        }
        Ok(())
    }

    /// Erases what is in a scope. Access at the providers it is about ends first, as far as they can be reached: afterwards
    /// nobody has the means to end it.
    ///
    /// # Errors
    /// When the connections or the log do not answer: what was begun to be erased is erased all the same.
    pub async fn erase(&self, person: PersonId, scope: Scope, now: Instant) -> Result<Erased, LiveError> {
        let connected = self.connections.list(Some(person)).await?.into_iter().map(|connection| connection.provider);
        let mut ended: Vec<Event> = Vec::new();
        for provider in connected.filter(|provider| scope == Scope::Person || scope == Scope::Provider(*provider)) {
            // One that ended meanwhile needs no end.
            drop(self.revoke(person, provider, now).await);
            ended.push(ProviderDisconnected { provider, kept: false }.into());
        }
        self.erase_here(person, scope, &ended, now).await
    }

    /// Ends the access at the provider; whether it did, since a provider may not be there.
    async fn revoke(&self, person: PersonId, provider: Provider, now: Instant) -> Result<bool, LiveError> {
        match self.access(person, provider, now).await {
            Ok((_, grant)) => Ok(self.api(provider)?.revoke(&grant).await.is_ok()),
            Err(LiveError::NotConnected(provider)) => Err(LiveError::NotConnected(provider)),
            Err(_) => Ok(false),
        }
    }

    /// Erases here, and has the days reckoned anew without it.
    async fn erase_here(
        &self,
        person: PersonId,
        scope: Scope,
        ended: &[Event],
        now: Instant,
    ) -> Result<Erased, LiveError> {
        let erased = self.engine.erase(person, scope, ended, now).await?;
        if scope != Scope::Person {
            self.loop_soon(person, now).await?;
        }
        Ok(erased)
    }
}
