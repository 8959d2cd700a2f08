//! Garmin's Health API: it pushes, and is not to be polled. History is asked for and comes later, by push as well; a ping names
//! an address, which is followed on Garmin's own host alone.

use async_trait::async_trait;
use chrono::TimeDelta;
use http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::push::PART;
use crate::domain::Instant;
use crate::domain::provider::Provider;
use crate::engine::ports::provider_api::{CallFault, Fetched, Grant, Limit, Meter, ProviderApi, Scope, Wanted};
use crate::providers::http::{Answer, Base, Client, Request};
use crate::providers::oauth::Application;

/// What the person is asked for on Garmin's own page; the last is off there at first.
const PERMISSIONS: &[Scope] = &[
    Scope { name: "HEALTH_EXPORT", within: None, lost: "days, sleep, heart rate variability and weight do not come" },
    Scope { name: "ACTIVITY_EXPORT", within: None, lost: "activities do not come" },
    Scope { name: HISTORY_EXPORT, within: None, lost: "nothing comes of what was measured before you connected" },
];
/// What opens the history.
const HISTORY_EXPORT: &str = "HISTORICAL_DATA_EXPORT";
/// What is asked of an application of ours at most; Garmin writes no other limit down.
const LIMITS: [Limit; 1] = [Limit { name: "minute", most: 100, seconds: 60 }];
/// The kinds of summaries whose history is asked for: the permission that opens it, and the days that one request may span.
const HISTORY: [(&str, &str, i64); 6] = [
    ("dailies", "HEALTH_EXPORT", 90),
    ("sleeps", "HEALTH_EXPORT", 90),
    ("hrv", "HEALTH_EXPORT", 90),
    ("stressDetails", "HEALTH_EXPORT", 90),
    ("bodyComps", "HEALTH_EXPORT", 90),
    ("activities", "ACTIVITY_EXPORT", 30),
];

/// Garmin.
pub struct GarminApi {
    client: Client,
    base: Base,
    application: Application,
}

/// What a person allowed, in either of the two shapes that are seen.
#[derive(Deserialize)]
#[serde(untagged)]
enum Allowed {
    List(Vec<String>),
    Named { permissions: Vec<String> },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    user_id: String,
}

impl GarminApi {
    /// Garmin at an address, asked by an application.
    #[must_use]
    pub fn new(client: Client, base: Base, application: Application) -> Self {
        Self { client, base, application }
    }

    async fn send(
        &self,
        access: &SecretString,
        method: Method,
        url: reqwest::Url,
        meter: &dyn Meter,
        now: Instant,
    ) -> Result<Answer, CallFault> {
        meter.take(Provider::Garmin, &LIMITS, now).await?;
        self.client.send(&self.base, Request::new(method, url).bearer(access)).await
    }

    async fn ask_for_history(
        &self,
        grant: &Grant,
        (from, to): (Instant, Instant),
        meter: &dyn Meter,
        now: Instant,
    ) -> Result<(), CallFault> {
        for (kind, _, days) in HISTORY.into_iter().filter(|(_, permission, _)| grant.allows(permission)) {
            let mut end = to;
            while end > from {
                let start = from.max(end - TimeDelta::days(days));
                let (first, last) = (start.timestamp().to_string(), end.timestamp().to_string());
                let query = [("summaryStartTimeInSeconds", first.as_str()), ("summaryEndTimeInSeconds", last.as_str())];
                let url = self.base.below(&format!("/wellness-api/rest/backfill/{kind}"), &query);
                let answer = self.send(&grant.access, Method::GET, url, meter, now).await?;
                // It was asked for before.
                if answer.status.as_u16() != 409 {
                    answer.checked()?;
                }
                end = start;
            }
        }
        Ok(())
    }

    async fn follow(
        &self,
        grant: &Grant,
        (kind, address): (&str, &str),
        meter: &dyn Meter,
        now: Instant,
    ) -> Result<Fetched, CallFault> {
        let url: reqwest::Url = address.parse().map_err(|_| CallFault::Unreadable("a ping's address is none"))?;
        if !self.base.is_home_of(&url) {
            return Err(CallFault::Unreadable("a ping's address is not Garmin's"));
        }
        let records: Vec<Box<RawValue>> =
            self.send(&grant.access, Method::GET, url, meter, now).await?.checked()?.json()?;
        let whose = |raw: &RawValue| serde_json::from_str::<User>(raw.get()).ok().map(|user| user.user_id);
        if records.iter().filter_map(|raw| whose(raw)).any(|user| grant.account.as_ref() != Some(&user)) {
            return Err(CallFault::Unreadable("a ping's address holds records of another account"));
        }
        let count = records.len() as u64;
        // The empty list stands first: by it the document is known, whatever its records hold.
        let mut document = format!("{{\"{PART}\":[],{}:", serde_json::Value::from(kind)).into_bytes();
        serde_json::to_writer(&mut document, &records).map_err(|_| CallFault::Unreadable("a record is no JSON"))?;
        document.push(b'}');
        Ok(Fetched { document: (count > 0).then_some(document), records: count, follow: Vec::new() })
    }
}

#[async_trait]
impl ProviderApi for GarminApi {
    fn provider(&self) -> Provider {
        Provider::Garmin
    }

    fn scopes(&self) -> &'static [Scope] {
        PERMISSIONS
    }

    async fn allowed(&self, grant: &Grant, meter: &dyn Meter, now: Instant) -> Result<Option<Vec<String>>, CallFault> {
        let url = self.base.below("/wellness-api/rest/user/permissions", &[]);
        let answer = self.send(&grant.access, Method::GET, url, meter, now).await?.checked()?;
        Ok(answer.json().ok().map(|allowed: Allowed| match allowed {
            Allowed::List(permissions) | Allowed::Named { permissions } => permissions,
        }))
    }

    fn history_scope(&self) -> Option<&'static str> {
        Some(HISTORY_EXPORT)
    }

    fn polls(&self) -> bool {
        false
    }

    fn authorise_url(&self, state: &str, verifier: &str, redirect: &str) -> String {
        self.application.authorise_url(state, verifier, redirect)
    }

    async fn exchange(&self, code: &str, verifier: &str, redirect: &str, now: Instant) -> Result<Grant, CallFault> {
        self.application.exchange(&self.client, (code, verifier, redirect), now).await
    }

    async fn refresh(&self, refresh: &SecretString, now: Instant) -> Result<Grant, CallFault> {
        self.application.refresh(&self.client, refresh, now).await
    }

    async fn revoke(&self, grant: &Grant) -> Result<(), CallFault> {
        let url = self.base.below("/wellness-api/rest/user/registration", &[]);
        let request = Request::new(Method::DELETE, url).bearer(&grant.access);
        self.client.send(&self.base, request).await?.checked().map(|_| ())
    }

    async fn account(&self, grant: &Grant, meter: &dyn Meter, now: Instant) -> Result<String, CallFault> {
        let url = self.base.below("/wellness-api/rest/user/id", &[]);
        let user: User = self.send(&grant.access, Method::GET, url, meter, now).await?.checked()?.json()?;
        Ok(user.user_id)
    }

    async fn fetch(
        &self,
        grant: &Grant,
        wanted: &Wanted,
        meter: &dyn Meter,
        now: Instant,
    ) -> Result<Fetched, CallFault> {
        match wanted {
            Wanted::Window { from, to } => {
                self.ask_for_history(grant, (*from, *to), meter, now).await?;
                Ok(Fetched { document: None, records: 0, follow: Vec::new() })
            }
            Wanted::Record { kind, id } => self.follow(grant, (kind, id), meter, now).await,
        }
    }
}
