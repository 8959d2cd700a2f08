//! Connecting an account.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;

use super::{Live, LiveError, Task};
use crate::domain::Instant;
use crate::domain::event::{ConsentGranted, ProviderConnected};
use crate::domain::invariants;
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::domain::provider::Provider;
use crate::domain::state::PersonState;
use crate::engine::EngineError;
use crate::engine::ports::accounts::Digest;
use crate::engine::ports::connections::{Attempt, Connection, ConnectionState, Reach};
use crate::engine::ports::provider_api::{CallFault, Scope};

/// How long a person may take at the provider.
const ATTEMPT: TimeDelta = TimeDelta::minutes(10);

/// A person on their way to a provider.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The page to go to.
    pub url: String,
    /// What their browser must show when they come back.
    pub browser: String,
    /// Until when.
    pub ends_at: Instant,
}

/// Somebody who comes back from a provider.
#[derive(Clone, Copy, Debug)]
pub struct Returning<'a> {
    /// The state they were sent with.
    pub state: &'a str,
    /// What their browser shows.
    pub browser: &'a str,
    /// The provider's code; none where the person said no.
    pub code: Option<&'a str>,
    /// What they allowed, where the provider says it here.
    pub scope: Option<&'a str>,
}

impl Live {
    /// The permissions that a person did not give and that would open more.
    #[must_use]
    pub fn missing(&self, connection: &Connection) -> Vec<Scope> {
        let needed = self.apis.get(&connection.provider).map_or(&[][..], |api| api.scopes());
        Scope::missing(needed, connection.scopes.as_deref())
    }

    /// Where a provider sends people back to.
    #[must_use]
    pub fn redirect(&self, provider: Provider) -> String {
        format!("{}/api/v1/providers/{provider}/callback", self.public_url.trim_end_matches('/'))
    }

    /// Sends a person to a provider. State and the browser's part are random, and only their digests are kept.
    ///
    /// # Errors
    /// `NotSetUp`, a rule where the person took back that anything of theirs is kept, or when the connections do not answer.
    pub async fn begin(&self, person: PersonId, provider: Provider, now: Instant) -> Result<Begun, LiveError> {
        let api = self.api(provider)?;
        // Before they go there: what they would allow could not be used.
        invariants::may_process(&self.engine.state(person).await?).map_err(EngineError::from)?;
        let [state, browser, verifier] = [self.secret(), self.secret(), self.secret()];
        let attempt = Attempt {
            person,
            provider,
            browser: Digest::of(&browser),
            verifier: verifier.clone(),
            ends_at: now + ATTEMPT,
        };
        self.connections.begin(Digest::of(&state), attempt.clone()).await?;
        let url = api.authorise_url(&state, &verifier, &self.redirect(provider));
        Ok(Begun { url, browser, ends_at: attempt.ends_at })
    }

    /// Takes back whom [`Self::begin`] sent: exchanges the code, keeps the grant, notes the consent and orders the first fetch.
    ///
    /// # Errors
    /// `NotBegun` where state or browser are not those of an attempt that still holds; it cannot be used twice.
    pub async fn complete(&self, provider: Provider, back: Returning<'_>, now: Instant) -> Result<PersonId, LiveError> {
        let attempt = self.connections.come_back(Digest::of(back.state), now).await?;
        let attempt = attempt.filter(|attempt| attempt.provider == provider);
        let attempt = attempt.filter(|attempt| attempt.browser == Digest::of(back.browser));
        let attempt = attempt.ok_or(LiveError::NotBegun)?;
        let code = back.code.ok_or(LiveError::NotAllowed)?;
        let api = self.api(provider)?;
        let mut grant = api.exchange(code, &attempt.verifier, &self.redirect(provider), now).await?;
        // What the person left ticked is said in the redirect by some, in the answer by others.
        let said = back.scope.map(|scope| {
            scope.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        });
        grant.scopes = said.or(grant.scopes);
        let account = match grant.account.clone() {
            Some(account) => account,
            None => match api.account(&grant, self.meter.as_ref(), now).await {
                Err(CallFault::Forbidden | CallFault::Unauthorised) => {
                    // Whose it is nobody knows: access that somebody has here must not end with it.
                    if self.connections.list(None).await?.iter().all(|other| other.provider != provider) {
                        drop(api.revoke(&grant).await);
                    }
                    return Err(LiveError::Nameless(provider));
                }
                account => account?,
            },
        };
        if grant.scopes.is_none() {
            // Who cannot say it just now is asked like one who never says it.
            grant.scopes = api.allowed(&grant, self.meter.as_ref(), now).await.unwrap_or_default();
        }
        let person = attempt.person;
        if self.connections.owner(provider, &account).await?.is_some_and(|owner| owner != person) {
            // Not revoked: at the provider that ends the whole account's access, which is the other person's.
            return Err(LiveError::OtherPerson);
        }
        let generation = match self.connections.get(person, provider).await {
            Ok(Some((known, _))) => known.generation + 1,
            // One whose key is gone does not open any more: it is replaced.
            Ok(None) | Err(_) => 1,
        };
        // The consent first: nothing may be fetched without it.
        let purpose = Purpose::Provider(provider);
        let connected = |state: &PersonState| {
            let granted = (!state.consents.contains(&purpose)).then(|| ConsentGranted { purpose }.into());
            Ok(granted.into_iter().chain([ProviderConnected { provider }.into()]).collect())
        };
        self.engine.decide(person, "connect", now, connected).await?;
        let connection = Connection {
            person,
            provider,
            state: ConnectionState::Connected,
            account,
            scopes: grant.scopes.clone(),
            generation,
            connected_at: now,
            reach: Reach::default(),
            fault: None,
            failed_at: None,
        };
        let first = [Task::Sync { provider }, Task::Backfill { provider }];
        let jobs = first.iter().map(|task| self.job(person, task, now)).collect();
        if !self.connections.connect(&connection, &grant, jobs, now).await? {
            return Err(LiveError::OtherPerson);
        }
        // Somebody may have been erased, or have taken it back, since it was allowed.
        let state = self.engine.state(person).await?;
        if invariants::may_take_from(&state, provider).is_err() {
            self.connections.forget(person, provider).await?;
            return Err(LiveError::NotBegun);
        }
        self.bell.notify_one();
        Ok(person)
    }

    /// 256 random bits as a text for a URL.
    fn secret(&self) -> String {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}
