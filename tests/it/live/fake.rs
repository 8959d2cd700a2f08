//! A provider that a test holds in its hands.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use candor::domain::Instant;
use candor::domain::provider::Provider;
use candor::engine::ports::provider_api::{CallFault, Fetched, Grant, Limit, Meter, ProviderApi, Scope, Wanted};
use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};

/// What a provider knows and what it was asked.
#[derive(Default)]
pub(super) struct State {
    /// How often each refresh token was shown.
    pub(super) shown: BTreeMap<String, u32>,
    /// The refresh token that is good.
    pub(super) good: String,
    /// Grants given.
    pub(super) given: u32,
    /// Calls of any kind.
    pub(super) calls: u32,
    /// What was wanted, in order.
    pub(super) wanted: Vec<Wanted>,
    /// What every call comes to, while it is set.
    pub(super) fault: Option<CallFault>,
    /// What is given for a record, by its id.
    pub(super) records: BTreeMap<String, Vec<u8>>,
    /// Since when it has something of every day, where it has anything.
    pub(super) began: Option<Instant>,
    /// Grants ended.
    pub(super) revoked: u32,
    /// How often it may be asked.
    pub(super) limits: Vec<Limit>,
    /// What every window of more than three weeks ago names to be fetched by itself.
    pub(super) follow: Vec<(String, String)>,
}

/// A provider whose refresh tokens work once.
#[derive(Clone)]
pub(super) struct Fake(pub(super) Provider, pub(super) Arc<Mutex<State>>);

impl Fake {
    pub(super) fn new(provider: Provider) -> Self {
        let state = State { good: "refresh-0".to_owned(), ..State::default() };
        Self(provider, Arc::new(Mutex::new(state)))
    }

    pub(super) fn grant(number: u32, now: Instant) -> Grant {
        Grant {
            access: SecretString::from(format!("access-{number}")),
            refresh: Some(SecretString::from(format!("refresh-{number}"))),
            expires_at: now + TimeDelta::hours(1),
            scopes: None,
            account: Some("10129".to_owned()),
        }
    }

    fn fault(&self) -> Result<(), CallFault> {
        let mut state = self.1.lock().unwrap();
        state.calls += 1;
        state.fault.clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl ProviderApi for Fake {
    fn provider(&self) -> Provider {
        self.0
    }

    fn scopes(&self) -> &'static [Scope] {
        &[Scope { name: "read:sleep", within: None, lost: "sleep cannot be read" }]
    }

    fn authorise_url(&self, state: &str, verifier: &str, redirect: &str) -> String {
        assert!(verifier.len() >= 43, "RFC 7636 asks for 43 letters");
        format!("https://provider.test/allow?state={state}&redirect={redirect}")
    }

    async fn exchange(&self, code: &str, _: &str, _: &str, now: Instant) -> Result<Grant, CallFault> {
        self.fault()?;
        if code == "good" { Ok(Self::grant(0, now)) } else { Err(CallFault::GrantEnded) }
    }

    /// Each token works once: who shows one a second time ends the grant, as providers that rotate do.
    async fn refresh(&self, refresh: &SecretString, now: Instant) -> Result<Grant, CallFault> {
        self.fault()?;
        let shown = refresh.expose_secret().to_owned();
        let number = {
            let mut state = self.1.lock().unwrap();
            *state.shown.entry(shown.clone()).or_default() += 1;
            if state.good != shown {
                return Err(CallFault::GrantEnded);
            }
            state.given += 1;
            state.good = format!("refresh-{}", state.given);
            state.given
        };
        // Others get their turn between the provider's deed and its answer.
        tokio::task::yield_now().await;
        Ok(Self::grant(number, now))
    }

    async fn revoke(&self, _: &Grant) -> Result<(), CallFault> {
        self.fault()?;
        self.1.lock().unwrap().revoked += 1;
        Ok(())
    }

    async fn account(&self, _: &Grant, _: &dyn Meter, _: Instant) -> Result<String, CallFault> {
        self.fault().map(|()| "10129".to_owned())
    }

    async fn fetch(
        &self,
        grant: &Grant,
        wanted: &Wanted,
        meter: &dyn Meter,
        now: Instant,
    ) -> Result<Fetched, CallFault> {
        let limits = self.1.lock().unwrap().limits.clone();
        meter.take(self.0, &limits, now).await?;
        self.fault()?;
        let mut state = self.1.lock().unwrap();
        state.wanted.push(wanted.clone());
        if grant.access.expose_secret() != format!("access-{}", state.given) {
            return Err(CallFault::Unauthorised);
        }
        match wanted {
            Wanted::Window { to, .. } => {
                let records = u64::from(state.began.is_some_and(|began| *to > began));
                let past = now - *to > TimeDelta::weeks(3);
                let follow = if past { state.follow.clone() } else { Vec::new() };
                Ok(Fetched { document: None, records, follow })
            }
            Wanted::Record { id, .. } => {
                let document = state.records.get(id).cloned().ok_or(CallFault::NotFound)?;
                Ok(Fetched { document: Some(document), records: 1, follow: Vec::new() })
            }
        }
    }
}
