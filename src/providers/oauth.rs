//! OAuth 2.0 as providers speak it: the page where a person allows access, the exchange of its code, and the renewal.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use http::Method;
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::http::{Answer, Base, Client, Request};
use crate::domain::Instant;
use crate::engine::ports::provider_api::{CallFault, Grant, Scope};

/// An application that is registered with a provider.
#[derive(Clone)]
pub struct Application {
    /// Its id there.
    pub client_id: String,
    /// Its secret there.
    pub client_secret: SecretString,
    /// Where a person allows access.
    pub authorise: Base,
    /// Where codes and refresh tokens are exchanged.
    pub token: Base,
    /// What is asked for.
    pub scopes: &'static [Scope],
    /// What stands between scopes.
    pub separator: &'static str,
    /// Whether the provider takes PKCE.
    pub pkce: bool,
    /// What stands in a refresh request besides the usual.
    pub refresh_scope: Option<&'static str>,
}

/// A provider's answer with tokens.
#[derive(Deserialize)]
struct Tokens {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    /// Seconds from now.
    expires_in: Option<i64>,
    /// Seconds since 1970.
    expires_at: Option<i64>,
    scope: Option<String>,
    athlete: Option<Athlete>,
}

#[derive(Deserialize)]
struct Athlete {
    id: i64,
}

/// Why tokens were refused, as RFC 6749 (5.2) names it, and Strava in its own words.
#[derive(Default, Deserialize)]
struct Refusal {
    error: Option<String>,
    #[serde(default)]
    errors: Vec<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    resource: Option<String>,
}

/// A refusal of what was exchanged does not pass by trying again. One of our own application is its operator's to mend: the
/// grants are still good.
fn refused(answer: &Answer) -> CallFault {
    let said: Refusal = answer.json().unwrap_or_default();
    let ours = ["invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"];
    let of_ours = said.error.as_deref().is_some_and(|error| ours.contains(&error));
    let application = said.errors.iter().any(|refused| refused.resource.as_deref() == Some("Application"));
    let of_grant = said.error.as_deref() == Some("invalid_grant") || !said.errors.is_empty() && !application;
    if of_ours || application || answer.status.as_u16() == 401 && !of_grant {
        CallFault::Unavailable("it does not take this server's application: look at its client id and secret")
    } else {
        CallFault::GrantEnded
    }
}

impl Application {
    /// The page on which a person allows access.
    #[must_use]
    pub fn authorise_url(&self, state: &str, verifier: &str, redirect: &str) -> String {
        let scopes = self.scopes.iter().map(|scope| scope.name).collect::<Vec<_>>().join(self.separator);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let mut query = vec![
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", redirect),
            ("response_type", "code"),
            ("scope", scopes.as_str()),
            ("state", state),
        ];
        if self.pkce {
            query.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
        }
        self.authorise.below("", &query).to_string()
    }

    /// Exchanges the code of a redirect.
    ///
    /// # Errors
    /// `GrantEnded` when it is no good.
    pub async fn exchange(
        &self,
        client: &Client,
        (code, verifier, redirect): (&str, &str, &str),
        now: Instant,
    ) -> Result<Grant, CallFault> {
        let mut fields = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect)];
        if self.pkce {
            fields.push(("code_verifier", verifier));
        }
        self.ask(client, &fields, now).await
    }

    /// Renews a grant.
    ///
    /// # Errors
    /// `GrantEnded` when the refresh token is no good.
    pub async fn refresh(&self, client: &Client, refresh: &SecretString, now: Instant) -> Result<Grant, CallFault> {
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", refresh.expose_secret())];
        fields.extend(self.refresh_scope.map(|scope| ("scope", scope)));
        let mut grant = self.ask(client, &fields, now).await?;
        // Who does not send a new one means the old one to stay.
        grant.refresh = grant.refresh.or_else(|| Some(refresh.clone()));
        Ok(grant)
    }

    async fn ask(&self, client: &Client, fields: &[(&str, &str)], now: Instant) -> Result<Grant, CallFault> {
        let known = [("client_id", self.client_id.as_str()), ("client_secret", self.client_secret.expose_secret())];
        let fields: Vec<(&str, &str)> = known.iter().chain(fields).copied().collect();
        let url: Url = self.token.below("", &[]);
        let answer = client.send(&self.token, Request::new(Method::POST, url).form(&fields)).await?;
        if matches!(answer.status.as_u16(), 400 | 401) {
            return Err(refused(&answer));
        }
        let tokens: Tokens = answer.checked()?.json()?;
        let lasts = tokens.expires_in.map(|seconds| now + TimeDelta::seconds(seconds.clamp(0, 366 * 86_400)));
        let ends = tokens.expires_at.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let separators = [' ', ','];
        Ok(Grant {
            access: tokens.access_token,
            refresh: tokens.refresh_token,
            expires_at: lasts.or(ends).ok_or(CallFault::Unreadable("it does not say how long the access lasts"))?,
            scopes: tokens
                .scope
                .map(|scope| scope.split(separators).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()),
            account: tokens.athlete.map(|athlete| athlete.id.to_string()),
        })
    }
}
