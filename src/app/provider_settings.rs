//! The providers that are set up here: which application of ours asks them, and where.
//!
//! A provider is set up by its client id; then its secret must be there too. Addresses have defaults and are settings all the
//! same, since providers move them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;

use super::error::Failure;
use crate::domain::provider::Provider;
use crate::engine::ports::provider_api::ProviderApi;
use crate::engine::ports::webhook::Webhook;
use crate::providers::garmin::{client::GarminApi, webhook::GarminWebhook};
use crate::providers::http::{Base, Client};
use crate::providers::oauth::Application;
use crate::providers::strava::{self, client::StravaApi, webhook::StravaWebhook};
use crate::providers::whoop::{self, client::WhoopApi, webhook::WhoopWebhook};

/// What is set of one provider.
#[derive(Clone)]
pub(super) struct ProviderSettings {
    pub provider: Provider,
    pub client_id: String,
    pub client_secret: SecretString,
    /// Where its API is asked.
    pub base: Base,
    authorise: Base,
    token: Base,
    revoke: Option<Base>,
    /// The end of the address of its notices, where they are not signed.
    webhook_path: String,
    verify_token: Option<SecretString>,
    signing: Option<SecretString>,
    subscriptions: Vec<i64>,
}

/// The addresses of a provider where nothing else is set: API, page of consent, tokens, end of a grant.
struct Addresses {
    base: &'static str,
    authorise: &'static str,
    token: &'static str,
    revoke: Option<&'static str>,
}

const fn addresses(provider: Provider) -> Option<Addresses> {
    match provider {
        Provider::Whoop => Some(Addresses {
            base: "https://api.prod.whoop.com/developer",
            authorise: "https://api.prod.whoop.com/oauth/oauth2/auth",
            token: "https://api.prod.whoop.com/oauth/oauth2/token",
            revoke: None,
        }),
        Provider::Strava => Some(Addresses {
            base: "https://www.strava.com/api/v3",
            authorise: "https://www.strava.com/oauth/authorize",
            token: "https://www.strava.com/oauth/token",
            revoke: Some("https://www.strava.com/oauth/deauthorize"),
        }),
        Provider::Garmin => Some(Addresses {
            base: "https://apis.garmin.com",
            authorise: "https://connect.garmin.com/oauth2Confirm",
            token: "https://diauth.garmin.com/di-oauth2-service/oauth/token",
            revoke: None,
        }),
        Provider::Oura | Provider::Fitbit | Provider::AppleHealth | Provider::File | Provider::Person => None,
    }
}

/// Reads the settings of every provider that is set up.
pub(super) fn read(named: &dyn Fn(&str) -> Option<String>) -> Result<Vec<ProviderSettings>, Failure> {
    Provider::ALL
        .into_iter()
        .filter_map(|provider| addresses(provider).map(|addresses| one(provider, &addresses, named)))
        .filter_map(Result::transpose)
        .collect()
}

fn one(
    provider: Provider,
    addresses: &Addresses,
    named: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<ProviderSettings>, Failure> {
    let name = |what: &str| format!("CANDOR_{}_{what}", provider.key().to_uppercase());
    let Some(client_id) = named(&name("CLIENT_ID")) else { return Ok(None) };
    let secret = |what: &str| secret(&name(what), named);
    let base = |what: &str, usual: &str| {
        let text = named(&name(what)).unwrap_or_else(|| usual.to_owned());
        Base::parse(&text).map_err(|bad| Failure::configuration(format!("{}: {bad}", name(what))))
    };
    let client_secret = secret("CLIENT_SECRET")?.ok_or_else(|| {
        let (id, secret) = (name("CLIENT_ID"), name("CLIENT_SECRET_FILE"));
        Failure::configuration(format!("{id} is set and {secret} is not: name the file with the application's secret"))
    })?;
    let webhook_path = named(&name("WEBHOOK_PATH")).unwrap_or_default();
    let letters: std::collections::BTreeSet<char> = webhook_path.chars().collect();
    let plain = webhook_path.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_');
    if !webhook_path.is_empty() && (webhook_path.len() < 16 || letters.len() < 8 || !plain) {
        return Err(Failure::configuration(format!(
            "{} must be 16 letters and digits or more that nobody can guess: `openssl rand -hex 16` makes them",
            name("WEBHOOK_PATH")
        )));
    }
    let subscriptions = named(&name("SUBSCRIPTIONS")).unwrap_or_default();
    let subscriptions = subscriptions.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| {
        part.parse()
            .map_err(|_| Failure::configuration(format!("{} are numbers, with commas between", name("SUBSCRIPTIONS"))))
    });
    Ok(Some(ProviderSettings {
        provider,
        client_id,
        client_secret,
        base: base("BASE_URL", addresses.base)?,
        authorise: base("AUTHORISE_URL", addresses.authorise)?,
        token: base("TOKEN_URL", addresses.token)?,
        revoke: addresses.revoke.map(|usual| base("REVOKE_URL", usual)).transpose()?,
        webhook_path,
        verify_token: secret("VERIFY_TOKEN")?,
        signing: secret("SIGNING_SECRET")?,
        subscriptions: subscriptions.collect::<Result<_, _>>()?,
    }))
}

/// A secret by its value or by the file that holds it.
fn secret(name: &str, named: &dyn Fn(&str) -> Option<String>) -> Result<Option<SecretString>, Failure> {
    let file_name = format!("{name}_FILE");
    let text = match (named(name), named(&file_name)) {
        (Some(_), Some(_)) => {
            return Err(Failure::configuration(format!("{name} and {file_name} are both set: remove one")));
        }
        (Some(text), None) => Some(text),
        (None, Some(path)) => Some(
            std::fs::read_to_string(&path)
                .map_err(|error| Failure::configuration(format!("{file_name} {path:?} cannot be read: {error}")))?,
        ),
        (None, None) => None,
    };
    match text.as_deref().map(str::trim) {
        None => Ok(None),
        Some("") => Err(Failure::configuration(format!("{name} is empty: an empty secret keeps nobody out"))),
        Some(text) => Ok(Some(SecretString::from(text.to_owned()))),
    }
}

/// What the providers that are set up here are asked with, and who reads their notices.
pub(super) type SetUp = (BTreeMap<Provider, Arc<dyn ProviderApi>>, BTreeMap<Provider, Arc<dyn Webhook>>);

/// Makes what asks the providers and what reads their notices; `folder` is where a long one lies while it is read.
pub(super) fn set_up(settings: &[ProviderSettings], folder: &Path) -> Result<SetUp, Failure> {
    let (mut apis, mut webhooks): SetUp = SetUp::default();
    if settings.is_empty() {
        return Ok((apis, webhooks));
    }
    let client = Client::new().map_err(Failure::configuration)?;
    for set in settings.iter().cloned() {
        let provider = set.provider;
        let application = |scopes, separator, pkce, refresh_scope| Application {
            client_id: set.client_id.clone(),
            client_secret: set.client_secret.clone(),
            authorise: set.authorise.clone(),
            token: set.token.clone(),
            scopes,
            separator,
            pkce,
            refresh_scope,
        };
        let (client, base) = (client.clone(), set.base.clone());
        match provider {
            Provider::Whoop => {
                let application = application(whoop::client::SCOPES, " ", false, Some("offline"));
                apis.insert(provider, Arc::new(WhoopApi::new(client, base, application)));
                webhooks.insert(provider, Arc::new(WhoopWebhook::new(set.client_secret)));
            }
            Provider::Strava => {
                let application = application(strava::client::SCOPES, ",", false, None);
                let revoke = set.revoke.unwrap_or_else(|| base.clone());
                apis.insert(provider, Arc::new(StravaApi::new(client, base, revoke, application)));
                if let (false, Some(verify_token)) = (set.webhook_path.is_empty(), set.verify_token) {
                    let (path, signing, subscriptions) = (set.webhook_path, set.signing, set.subscriptions);
                    webhooks.insert(provider, Arc::new(StravaWebhook { path, verify_token, signing, subscriptions }));
                }
            }
            Provider::Garmin => {
                // Garmin asks the person on its own page what they allow, and takes no word of it here.
                let application = application(&[], " ", true, None);
                apis.insert(provider, Arc::new(GarminApi::new(client, base.clone(), application)));
                if !set.webhook_path.is_empty() {
                    let (path, client_id, folder) = (set.webhook_path, set.client_id.into(), folder.to_owned());
                    webhooks.insert(provider, Arc::new(GarminWebhook { path, client_id, base, folder }));
                }
            }
            Provider::Oura | Provider::Fitbit | Provider::AppleHealth | Provider::File | Provider::Person => {}
        }
    }
    Ok((apis, webhooks))
}

impl ProviderSettings {
    /// What is set, by the name of each setting, with whether it is only the usual; of a secret, that it is set.
    pub(super) fn shown(&self) -> Vec<(String, String, bool)> {
        let name = |what: &str| format!("CANDOR_{}_{what}", self.provider.key().to_uppercase());
        let usual = addresses(self.provider);
        let address = |what: &str, base: &Base, usual: Option<&str>| {
            let same = usual.is_some_and(|usual| Base::parse(usual).as_ref() == Ok(base));
            (name(what), base.as_str().to_owned(), same)
        };
        let mut shown = vec![
            (name("CLIENT_ID"), self.client_id.clone(), false),
            (name("CLIENT_SECRET"), "set".to_owned(), false),
            address("BASE_URL", &self.base, usual.as_ref().map(|usual| usual.base)),
            address("AUTHORISE_URL", &self.authorise, usual.as_ref().map(|usual| usual.authorise)),
            address("TOKEN_URL", &self.token, usual.as_ref().map(|usual| usual.token)),
        ];
        let revoke = usual.as_ref().and_then(|usual| usual.revoke);
        shown.extend(self.revoke.iter().map(|base| address("REVOKE_URL", base, revoke)));
        let secrets = [
            ("WEBHOOK_PATH", !self.webhook_path.is_empty()),
            ("VERIFY_TOKEN", self.verify_token.is_some()),
            ("SIGNING_SECRET", self.signing.is_some()),
        ];
        shown
            .extend(secrets.into_iter().filter(|(_, set)| *set).map(|(what, _)| (name(what), "set".to_owned(), false)));
        if !self.subscriptions.is_empty() {
            let numbers: Vec<String> = self.subscriptions.iter().map(ToString::to_string).collect();
            shown.push((name("SUBSCRIPTIONS"), numbers.join(","), false));
        }
        shown
    }

    /// Whether any of its addresses is on this machine.
    pub(super) fn is_mocked(&self) -> bool {
        let all = [Some(&self.base), Some(&self.authorise), Some(&self.token), self.revoke.as_ref()];
        all.into_iter().flatten().any(Base::is_local)
    }
}
