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

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnected {
    /// Whether the provider was told and has ended the access too.
    pub revoked: bool,
}

impl Live {
    /// Ends a connection: at the provider, as far as it can be reached, and here in any case. Where its data are deleted, nothing of
    /// that provider is taken in afterwards before the person allows it again.
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
    ) -> Result<Disconnected, LiveError> {
        if brought == Brought::Kept && provider.terms().delete_on_disconnect {
            return Err(LiveError::MustGo(provider));
        }
        let revoked = match self.access(person, provider, now).await {
            Ok((_, grant)) => self.api(provider)?.revoke(&grant).await.is_ok(),
            Err(LiveError::NotConnected(provider)) => return Err(LiveError::NotConnected(provider)),
            Err(_) => false,
        };
        self.end(person, provider, brought, now).await?;
        Ok(Disconnected { revoked })
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
        match brought {
            Brought::Kept => {
                let gone = |_: &PersonState| Ok(vec![ProviderDisconnected { provider, kept }.into()]);
                self.engine.decide(person, "disconnect", now, gone).await?;
                self.connections.forget(person, provider).await?;
            }
            Brought::Deleted => {
                let gone = |_: &PersonState| vec![ProviderDisconnected { provider, kept }.into()];
                self.engine.erase(person, Scope::Provider(provider), &gone, now).await?;
                self.loop_soon(person, now).await?;
            }
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
            if let (Ok((_, grant)), Ok(api)) = (self.access(person, provider, now).await, self.api(provider)) {
                drop(api.revoke(&grant).await);
            }
            ended.push(ProviderDisconnected { provider, kept: false }.into());
        }
        let erased = self.engine.erase(person, scope, &|_| ended.clone(), now).await?;
        if scope != Scope::Person {
            self.loop_soon(person, now).await?;
        }
        Ok(erased)
    }
}
