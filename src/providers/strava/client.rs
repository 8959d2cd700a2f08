//! Strava's API, version 3: what is fetched of it becomes one document that the import understands, each record as it came.
//!
//! A page may be short though more follow: only an empty one is the last. The list of activities holds summaries; the streams
//! of each are fetched by themselves, so that a limit that is reached in the middle loses nothing.

use async_trait::async_trait;
use http::Method;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::Instant;
use crate::domain::provider::Provider;
use crate::engine::ports::provider_api::{
    Allowance, CallFault, Fetched, Grant, Limit, Meter, ProviderApi, Scope, Wanted,
};
use crate::providers::http::{Answer, Base, Client, Request};
use crate::providers::oauth::Application;

/// What is asked for: private activities along, so that one that becomes private is not taken for one that was deleted.
pub const SCOPES: &[Scope] = &[
    Scope { name: "read", within: Some("read_all"), lost: "your public profile cannot be read" },
    Scope { name: "activity:read", within: Some(PRIVATE), lost: "activities cannot be read" },
    Scope { name: PRIVATE, within: None, lost: "activities that only you can see cannot be read" },
];
/// What opens the activities that only the athlete can see, and all others.
const PRIVATE: &str = "activity:read_all";
/// What one application may read, where Strava says nothing else.
const LIMITS: [Limit; 2] =
    [Limit { name: "15min", most: 100, seconds: 900 }, Limit { name: "day", most: 1_000, seconds: 86_400 }];
/// Activities of a page.
const PAGE: &str = "100";
/// Pages of a month beyond which something is wrong.
const MOST_PAGES: usize = 50;
/// The streams that are asked for: no places.
const STREAMS: &str = "time,distance,heartrate,cadence,altitude,velocity_smooth,watts,moving";

/// Strava.
pub struct StravaApi {
    client: Client,
    base: Base,
    revoke: Base,
    application: Application,
}

#[derive(Deserialize)]
struct ActivityHead {
    id: i64,
}

#[derive(Deserialize)]
struct AthleteHead {
    id: i64,
}

/// A document for the import.
#[derive(Serialize)]
struct Document {
    strava_activities: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    /// An activity does not say when it was changed: the word is as new as the asking.
    fetched_at: Instant,
    activity: Box<RawValue>,
    streams: Option<Box<RawValue>>,
}

/// One asking: with whose grant, counted by whom.
struct Asking<'a> {
    api: &'a StravaApi,
    access: &'a SecretString,
    meter: &'a dyn Meter,
    now: Instant,
}

impl StravaApi {
    /// Strava at an address, asked by an application; `revoke` is where a grant is ended.
    #[must_use]
    pub fn new(client: Client, base: Base, revoke: Base, application: Application) -> Self {
        Self { client, base, revoke, application }
    }
}

impl Asking<'_> {
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, CallFault> {
        self.meter.take(Provider::Strava, &LIMITS, self.now).await?;
        let request = Request::new(Method::GET, self.api.base.below(path, query)).bearer(self.access);
        let answer = self.api.client.send(&self.api.base, request).await?;
        let told = allowances(&answer, self.now);
        let again = told.iter().filter(|told| told.used >= told.most).map(|told| told.resets_at).max();
        self.meter.told(Provider::Strava, told).await;
        answer.checked().map_err(|fault| match (fault, again) {
            // There is no Retry-After: the window that is used up says when to come back.
            (CallFault::Limited { after: None }, Some(until)) => CallFault::NotYet { until },
            (fault, _) => fault,
        })
    }

    /// Every activity that starts in a window, whole or not at all.
    async fn window(&self, from: Instant, to: Instant) -> Result<Vec<Box<RawValue>>, CallFault> {
        // Both ends are exclusive.
        let (after, before) = ((from.timestamp() - 1).to_string(), (to.timestamp() + 1).to_string());
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let number = page.to_string();
            let query =
                [("after", after.as_str()), ("before", before.as_str()), ("page", number.as_str()), ("per_page", PAGE)];
            let records: Vec<Box<RawValue>> = self.get("/athlete/activities", &query).await?.json()?;
            if records.is_empty() {
                return Ok(all);
            }
            all.extend(records);
        }
        Err(CallFault::Unreadable("its pages do not end"))
    }

    async fn activity(&self, id: i64) -> Result<Entry, CallFault> {
        let activity = self.get(&format!("/activities/{id}"), &[]).await?.json()?;
        let query = [("keys", STREAMS), ("key_by_type", "true")];
        let streams = match self.get(&format!("/activities/{id}/streams"), &query).await {
            // One that was typed in by hand has none.
            Err(CallFault::NotFound) => None,
            found => Some(found?.json()?),
        };
        Ok(Entry { fetched_at: self.now, activity, streams })
    }
}

fn head<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, CallFault> {
    serde_json::from_str(raw.get()).map_err(|_| CallFault::Unreadable("a record has no number"))
}

/// What the headers say: `X-ReadRateLimit-Limit: 100,1000` and `X-ReadRateLimit-Usage`, each for 15 minutes and the day; an
/// older answer has `X-RateLimit-` alone. Windows begin at full quarters of an hour and at midnight in UTC.
fn allowances(answer: &Answer, now: Instant) -> Vec<Allowance> {
    let pair = |name: &str| -> Option<(u32, u32)> {
        let (short, day) = answer.headers.get(name)?.to_str().ok()?.split_once(',')?;
        Some((short.trim().parse().ok()?, day.trim().parse().ok()?))
    };
    let of = |kind: &str| Some((pair(&format!("x-{kind}-limit"))?, pair(&format!("x-{kind}-usage"))?));
    let Some(((most_short, most_day), (used_short, used_day))) = of("readratelimit").or_else(|| of("ratelimit")) else {
        return Vec::new();
    };
    let [short, day] = LIMITS;
    vec![
        Allowance { name: short.name, used: used_short, most: most_short, resets_at: short.end_of(now) },
        Allowance { name: day.name, used: used_day, most: most_day, resets_at: day.end_of(now) },
    ]
}

#[async_trait]
impl ProviderApi for StravaApi {
    fn provider(&self) -> Provider {
        Provider::Strava
    }

    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    fn authorise_url(&self, state: &str, verifier: &str, redirect: &str) -> String {
        self.application.authorise_url(state, verifier, redirect)
    }

    async fn exchange(&self, code: &str, verifier: &str, redirect: &str, now: Instant) -> Result<Grant, CallFault> {
        let grant = self.application.exchange(&self.client, (code, verifier, redirect), now).await?;
        Ok(grant)
    }

    async fn refresh(&self, refresh: &SecretString, now: Instant) -> Result<Grant, CallFault> {
        self.application.refresh(&self.client, refresh, now).await
    }

    async fn revoke(&self, grant: &Grant) -> Result<(), CallFault> {
        let request = Request::new(Method::POST, self.revoke.below("", &[])).bearer(&grant.access).form(&[]);
        self.client.send(&self.revoke, request).await?.checked().map(|_| ())
    }

    async fn account(&self, grant: &Grant, meter: &dyn Meter, now: Instant) -> Result<String, CallFault> {
        let asking = Asking { api: self, access: &grant.access, meter, now };
        let athlete: AthleteHead = asking.get("/athlete", &[]).await?.json()?;
        Ok(athlete.id.to_string())
    }

    async fn fetch(
        &self,
        grant: &Grant,
        wanted: &Wanted,
        meter: &dyn Meter,
        now: Instant,
    ) -> Result<Fetched, CallFault> {
        if !grant.allows("activity:read") && !grant.allows(PRIVATE) {
            return Ok(Fetched { document: None, records: 0, follow: Vec::new() });
        }
        let asking = Asking { api: self, access: &grant.access, meter, now };
        let (entries, follow) = match wanted {
            Wanted::Window { from, to } => {
                let found = asking.window(*from, *to).await.map_err(|fault| match fault {
                    CallFault::NotFound => CallFault::Unreadable("the list of activities is not where it should be"),
                    fault => fault,
                })?;
                let named =
                    |raw: &RawValue| head::<ActivityHead>(raw).map(|head| ("activity".to_owned(), head.id.to_string()));
                let follow = found.iter().map(|raw| named(raw)).collect::<Result<_, _>>()?;
                (found.into_iter().map(|activity| Entry { fetched_at: now, activity, streams: None }).collect(), follow)
            }
            Wanted::Record { kind, id } if kind == "activity" => {
                let id: i64 = id.parse().map_err(|_| CallFault::NotFound)?;
                (vec![asking.activity(id).await?], Vec::new())
            }
            Wanted::Record { .. } => return Err(CallFault::Unreadable("it names a kind of record that is not known")),
        };
        let records = entries.len() as u64;
        let bytes = serde_json::to_vec(&Document { strava_activities: entries })
            .map_err(|_| CallFault::Unreadable("a record is no JSON"))?;
        Ok(Fetched { document: (records > 0).then_some(bytes), records, follow })
    }
}
