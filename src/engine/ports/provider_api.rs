//! A provider as the engine knows it: grants of access, and documents that the import understands.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use secrecy::SecretString;
use thiserror::Error;

use super::jobs::Priority;
use crate::domain::Instant;
use crate::domain::provider::Provider;

/// Access to one account at a provider. Tokens are never printed.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Opens the account until it expires.
    pub access: SecretString,
    /// Gets the next one. Some providers take it once.
    pub refresh: Option<SecretString>,
    /// When `access` ends.
    pub expires_at: Instant,
    /// What the person allowed, where the provider says so.
    pub scopes: Option<Vec<String>>,
    /// The account's id at the provider, where the answer names it.
    pub account: Option<String>,
}

impl Grant {
    /// Whether the person allowed something; where the provider does not say what they allowed, it is held to be so.
    #[must_use]
    pub fn allows(&self, permission: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|given| given == permission))
    }
}

/// A permission that a person is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its name at the provider.
    pub name: &'static str,
    /// Another that holds it too.
    pub within: Option<&'static str>,
    /// What is missing without it, in plain words.
    pub lost: &'static str,
}

impl Scope {
    /// What is missing, why, and what to do.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{}: the permission {} was not given; connect again to give it", self.lost, self.name)
    }

    /// Those of `needed` that a person did not give; none where the provider does not say what was given.
    #[must_use]
    pub fn missing(needed: &[Self], given: Option<&[String]>) -> Vec<Self> {
        let Some(given) = given else { return Vec::new() };
        let is_given = |name: &str| given.iter().any(|given| given == name);
        needed.iter().filter(|scope| !is_given(scope.name) && !scope.within.is_some_and(is_given)).copied().collect()
    }
}

/// Why a provider did not give what it was asked for. Nothing here repeats an address, a token or a measurement.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallFault {
    /// The grant is no good any more: the person has to connect again.
    #[error("the provider does not take this grant any more")]
    GrantEnded,
    /// The access token is no good; another may be.
    #[error("the provider did not take the access token")]
    Unauthorised,
    /// The person did not allow this, or the application may not.
    #[error("the provider does not allow this")]
    Forbidden,
    /// There is no such record.
    #[error("the provider has no such record")]
    NotFound,
    /// Too many calls.
    #[error("the provider asks to be asked later")]
    Limited {
        /// How long to wait at least, where it says so.
        after: Option<Duration>,
    },
    /// No call is left in a window of the provider's limits: it was not asked.
    #[error("no call is left until the provider's limits begin anew")]
    NotYet {
        /// When they do.
        until: Instant,
    },
    /// It did not answer, or not in time, or with a fault of its own.
    #[error("the provider did not answer as it should: {0}")]
    Unavailable(&'static str),
    /// It answered with what this build does not understand.
    #[error("the provider's answer cannot be read: {0}")]
    Unreadable(&'static str),
}

/// What is wanted of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Everything of a time, which is at most 31 days long.
    Window {
        /// From this instant on.
        from: Instant,
        /// Up to this one.
        to: Instant,
    },
    /// One record that a webhook named.
    Record {
        /// What it is, in the provider's word: `sleep`, `recovery`, `workout`, `activity`.
        kind: String,
        /// Its id there.
        id: String,
    },
}

/// What a provider gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// A document that the import understands; none where there is nothing.
    pub document: Option<Vec<u8>>,
    /// Records in it.
    pub records: u64,
    /// Records of which there is more to be fetched, each by itself: kind and id.
    pub follow: Vec<(String, String)>,
}

/// What a provider says of how often it may still be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The window, as in `15min`.
    pub name: &'static str,
    /// Calls made in it.
    pub used: u32,
    /// Calls allowed in it.
    pub most: u32,
    /// When it begins anew.
    pub resets_at: Instant,
}

/// How often a provider may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The window, as in `15min`.
    pub name: &'static str,
    /// Calls allowed in it.
    pub most: u32,
    /// How long it is; it begins anew at whole multiples of that since 1970.
    pub seconds: u32,
}

impl Limit {
    /// When the window that holds an instant ends.
    #[must_use]
    pub fn end_of(&self, now: Instant) -> Instant {
        let seconds = i64::from(self.seconds.max(1));
        let end = (now.timestamp().div_euclid(seconds) + 1).saturating_mul(seconds);
        DateTime::from_timestamp(end, 0).unwrap_or(now)
    }
}

/// Tells how often a provider may still be asked, and is asked before each call.
#[async_trait]
pub trait Meter: Send + Sync {
    /// Takes one call out of every window of a provider.
    ///
    /// # Errors
    /// `NotYet` where none is left, `Unavailable` where that cannot be known.
    async fn take(&self, provider: Provider, limits: &[Limit], now: Instant) -> Result<(), CallFault>;

    /// What an answer's headers said.
    async fn told(&self, provider: Provider, allowances: Vec<Allowance>);

    /// The same count for what is so urgent: it leaves a part of every window to what is more urgent.
    fn at(&self, priority: Priority) -> Arc<dyn Meter>;
}

/// A provider's API.
#[async_trait]
pub trait ProviderApi: Send + Sync {
    /// Which provider.
    fn provider(&self) -> Provider;

    /// The permissions that this module needs. What one that was not given would open is not asked for.
    fn scopes(&self) -> &'static [Scope];

    /// What the person allowed, of a provider that says it neither when it sends them back nor with the tokens; none where it
    /// cannot be told.
    ///
    /// # Errors
    /// When the provider does not say just now.
    async fn allowed(&self, grant: &Grant, meter: &dyn Meter, now: Instant) -> Result<Option<Vec<String>>, CallFault> {
        let _ = (meter, now);
        Ok(grant.scopes.clone())
    }

    /// The permission without which the past cannot be asked for at all, where there is one.
    fn history_scope(&self) -> Option<&'static str> {
        None
    }

    /// Whether it may be asked what is new. Some send everything by themselves and do not want to be asked.
    fn polls(&self) -> bool {
        true
    }

    /// The page on which a person allows access; `verifier` is the secret half of PKCE.
    fn authorise_url(&self, state: &str, verifier: &str, redirect: &str) -> String;

    /// Exchanges the code of a redirect for a grant.
    ///
    /// # Errors
    /// `GrantEnded` when the code is no good.
    async fn exchange(&self, code: &str, verifier: &str, redirect: &str, now: Instant) -> Result<Grant, CallFault>;

    /// Renews a grant.
    ///
    /// # Errors
    /// `GrantEnded` when the refresh token is no good.
    async fn refresh(&self, refresh: &SecretString, now: Instant) -> Result<Grant, CallFault>;

    /// Ends a grant at the provider. No limit holds it back: it is the last call.
    ///
    /// # Errors
    /// When the provider did not take it.
    async fn revoke(&self, grant: &Grant) -> Result<(), CallFault>;

    /// The account's id at the provider.
    ///
    /// # Errors
    /// When the provider does not say.
    async fn account(&self, grant: &Grant, meter: &dyn Meter, now: Instant) -> Result<String, CallFault>;

    /// Fetches what is wanted as one document. A `NotFound` of a window is never an empty one: it is a fault.
    ///
    /// # Errors
    /// When any part of it could not be fetched: then none of it is given.
    async fn fetch(
        &self,
        grant: &Grant,
        wanted: &Wanted,
        meter: &dyn Meter,
        now: Instant,
    ) -> Result<Fetched, CallFault>;
}
