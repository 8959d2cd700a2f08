//! WHOOP's API, version 2: what is fetched of it becomes one document that the import understands, each record as it came.
//!
//! There is no address for one recovery: it is asked for by its cycle. A page's token is called `next_token` in an answer and
//! `nextToken` in a request. A collection that is not there is a fault and never an empty one.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{SecondsFormat, TimeDelta};
use http::Method;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::domain::Instant;
use crate::domain::provider::Provider;
use crate::engine::ports::provider_api::{
    Allowance, CallFault, Fetched, Grant, Limit, Meter, ProviderApi, Scope, Wanted,
};
use crate::providers::http::{Answer, Base, Client, Request};
use crate::providers::oauth::Application;

/// What is asked for. Without `offline` there is no refresh token. A recovery says nothing without its sleep and its cycle.
pub const SCOPES: &[Scope] = &[
    scope("offline", "access ends after an hour each time"),
    scope("read:profile", "whose account it is cannot be seen"),
    scope("read:cycles", "the strain and the energy of days, and recovery, cannot be read"),
    scope("read:recovery", "recovery cannot be read"),
    scope("read:sleep", "sleep and recovery cannot be read"),
    scope("read:workout", "workouts cannot be read"),
];

const fn scope(name: &'static str, lost: &'static str) -> Scope {
    Scope { name, within: None, lost }
}

/// What one application may ask, where WHOOP says nothing else.
const LIMITS: [Limit; 2] =
    [Limit { name: "minute", most: 100, seconds: 60 }, Limit { name: "day", most: 10_000, seconds: 86_400 }];
/// Records of a page: the most that WHOOP gives.
const PAGE: &str = "25";
/// Pages of a month beyond which something is wrong.
const MOST_PAGES: usize = 100;

/// WHOOP.
pub struct WhoopApi {
    client: Client,
    base: Base,
    application: Application,
}

/// A page of records, each as it came.
#[derive(Deserialize)]
struct Page {
    records: Vec<Box<RawValue>>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct CycleHead {
    id: i64,
}

#[derive(Deserialize)]
struct SleepHead {
    id: Uuid,
    cycle_id: i64,
    nap: bool,
}

#[derive(Deserialize)]
struct RecoveryHead {
    cycle_id: i64,
    sleep_id: Uuid,
}

#[derive(Deserialize)]
struct Profile {
    user_id: i64,
}

/// A document for the import.
#[derive(Default, Serialize)]
struct Document {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    whoop_cycles: Vec<Night>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    whoop_sleeps: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    whoop_workouts: Vec<Box<RawValue>>,
}

/// A cycle with the night it began with and the recovery after it.
#[derive(Serialize)]
struct Night {
    cycle: Box<RawValue>,
    sleep: Option<Box<RawValue>>,
    recovery: Option<Box<RawValue>>,
}

/// One asking: with whose grant, counted by whom.
struct Asking<'a> {
    api: &'a WhoopApi,
    access: &'a SecretString,
    meter: &'a dyn Meter,
    now: Instant,
}

impl WhoopApi {
    /// WHOOP at an address, asked by an application.
    #[must_use]
    pub fn new(client: Client, base: Base, application: Application) -> Self {
        Self { client, base, application }
    }
}

impl Asking<'_> {
    async fn send(&self, method: Method, path: &str, query: &[(&str, &str)]) -> Result<Answer, CallFault> {
        self.meter.take(Provider::Whoop, &LIMITS, self.now).await?;
        let request = Request::new(method, self.api.base.below(path, query)).bearer(self.access);
        let answer = self.api.client.send(&self.api.base, request).await?;
        self.meter.told(Provider::Whoop, allowances(&answer, self.now)).await;
        let reset = answer.number("x-ratelimit-reset");
        answer.checked().map_err(|fault| match (fault, reset) {
            // Seconds from now, and not an instant.
            (CallFault::Limited { after: None }, Some(seconds)) => {
                CallFault::Limited { after: Some(std::time::Duration::from_secs(seconds.min(86_400))) }
            }
            (fault, _) => fault,
        })
    }

    async fn one(&self, path: &str) -> Result<Box<RawValue>, CallFault> {
        self.send(Method::GET, path, &[]).await?.json()
    }

    /// Every record of a collection in a window, whole or not at all.
    async fn all(&self, path: &str, from: Instant, to: Instant) -> Result<Vec<Box<RawValue>>, CallFault> {
        let text = |at: Instant| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let (start, end) = (text(from), text(to));
        let (mut records, mut token) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let mut query = vec![("limit", PAGE), ("start", start.as_str()), ("end", end.as_str())];
            query.extend(token.as_deref().map(|token| ("nextToken", token)));
            let page: Page = self.send(Method::GET, path, &query).await?.json()?;
            records.extend(page.records);
            match page.next_token.filter(|token| !token.is_empty()) {
                None => return Ok(records),
                same if same == token => return Err(CallFault::Unreadable("a page points at itself")),
                next => token = next,
            }
        }
        Err(CallFault::Unreadable("its pages do not end"))
    }

    async fn window(&self, grant: &Grant, from: Instant, to: Instant) -> Result<Document, CallFault> {
        let part = async |scopes: &[&str], path: &str| {
            let allowed = scopes.iter().all(|scope| grant.allows(scope));
            if allowed { self.all(path, from, to).await } else { Ok(Vec::new()) }
        };
        let cycles = part(&["read:cycles"], "/v2/cycle").await?;
        let mut sleeps = part(&["read:sleep"], "/v2/activity/sleep").await?;
        let recoveries = part(&["read:recovery", "read:sleep", "read:cycles"], "/v2/recovery").await?;
        // A night that began before the window: its recovery lies inside, and says nothing without it.
        for id in without_sleep(&recoveries, &sleeps)? {
            match self.one(&format!("/v2/activity/sleep/{id}")).await {
                Err(CallFault::NotFound) => {}
                found => sleeps.push(found?),
            }
        }
        let whoop_workouts = part(&["read:workout"], "/v2/activity/workout").await?;
        let (whoop_cycles, whoop_sleeps) = nights(cycles, sleeps, recoveries)?;
        Ok(Document { whoop_cycles, whoop_sleeps, whoop_workouts })
    }

    /// A sleep with its cycle and recovery; where the recovery is wanted, it must be there. WHOOP's webhook of a recovery bears
    /// the id of the sleep.
    async fn night(&self, grant: &Grant, wanted: &str, id: &str) -> Result<Document, CallFault> {
        let sleep = self.one(&format!("/v2/activity/sleep/{id}")).await?;
        let of: SleepHead = head(&sleep)?;
        if of.nap || !grant.allows("read:cycles") {
            return Ok(Document { whoop_sleeps: vec![sleep], ..Document::default() });
        }
        let cycle = self.one(&format!("/v2/cycle/{}", of.cycle_id)).await.map_err(|fault| match fault {
            // The sleep is there: what is not is only its cycle's address.
            CallFault::NotFound => CallFault::Unreadable("a night's cycle is not where it should be"),
            fault => fault,
        })?;
        let recovery = if grant.allows("read:recovery") {
            match self.one(&format!("/v2/cycle/{}/recovery", of.cycle_id)).await {
                // It is not reckoned yet, or not to be seen: the night is there all the same.
                Err(CallFault::NotFound) if wanted == "recovery" => return Err(CallFault::NotFound),
                Err(CallFault::NotFound | CallFault::Forbidden) => None,
                found => Some(found?),
            }
        } else {
            None
        };
        let of_this_sleep = |raw: &RawValue| head::<RecoveryHead>(raw).map(|recovery| recovery.sleep_id == of.id);
        let whoop_cycles = match recovery {
            Some(recovery) if !of_this_sleep(&recovery)? => {
                // The cycle's recovery is another sleep's: this one is a second sleep in it.
                return Ok(Document { whoop_sleeps: vec![sleep], ..Document::default() });
            }
            recovery => vec![Night { cycle, sleep: Some(sleep), recovery }],
        };
        Ok(Document { whoop_cycles, ..Document::default() })
    }
}

fn head<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, CallFault> {
    serde_json::from_str(raw.get()).map_err(|_| CallFault::Unreadable("a record has no id as version 2 gives it"))
}

/// The sleeps that recoveries name and that are not there.
fn without_sleep(recoveries: &[Box<RawValue>], sleeps: &[Box<RawValue>]) -> Result<BTreeSet<Uuid>, CallFault> {
    let there: BTreeSet<Uuid> =
        sleeps.iter().map(|raw| head::<SleepHead>(raw).map(|sleep| sleep.id)).collect::<Result<_, _>>()?;
    let named = recoveries.iter().map(|raw| head::<RecoveryHead>(raw).map(|recovery| recovery.sleep_id));
    let named: BTreeSet<Uuid> = named.collect::<Result<_, _>>()?;
    Ok(named.difference(&there).copied().collect())
}

/// Joins cycles with their nights and recoveries; what is left of the sleeps is naps, and nights whose cycle is not here.
fn nights(
    cycles: Vec<Box<RawValue>>,
    sleeps: Vec<Box<RawValue>>,
    recoveries: Vec<Box<RawValue>>,
) -> Result<(Vec<Night>, Vec<Box<RawValue>>), CallFault> {
    let mut sleeps =
        sleeps.into_iter().map(|raw| Ok((head::<SleepHead>(&raw)?, raw))).collect::<Result<Vec<_>, _>>()?;
    let mut recoveries =
        recoveries.into_iter().map(|raw| Ok((head::<RecoveryHead>(&raw)?, raw))).collect::<Result<Vec<_>, _>>()?;
    let mut joined = Vec::new();
    for cycle in cycles {
        let of: CycleHead = head(&cycle)?;
        let recovery = recoveries.iter().position(|(recovery, _)| recovery.cycle_id == of.id);
        let recovery = recovery.map(|at| recoveries.swap_remove(at));
        let night = |(sleep, _): &(SleepHead, Box<RawValue>)| match &recovery {
            Some((recovery, _)) => sleep.id == recovery.sleep_id,
            None => sleep.cycle_id == of.id && !sleep.nap,
        };
        let sleep = sleeps.iter().position(night).map(|at| sleeps.swap_remove(at).1);
        // A recovery says nothing without its sleep.
        let recovery = recovery.map(|(_, raw)| raw).filter(|_| sleep.is_some());
        joined.push(Night { cycle, sleep, recovery });
    }
    Ok((joined, sleeps.into_iter().map(|(_, raw)| raw).collect()))
}

/// What the headers say: `X-RateLimit-Limit: 100, 100;window=60, 10000;window=86400`, and what is left of the tightest window.
fn allowances(answer: &Answer, now: Instant) -> Vec<Allowance> {
    let text = answer.headers.get("x-ratelimit-limit").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let most: Option<u32> = text.split([',', ';']).next().and_then(|most| most.trim().parse().ok());
    let (left, reset) = (answer.number("x-ratelimit-remaining"), answer.number("x-ratelimit-reset"));
    let (Some(most), Some(left), Some(reset)) = (most, left, reset) else { return Vec::new() };
    let left = u32::try_from(left).unwrap_or(u32::MAX);
    let seconds = i64::try_from(reset.min(86_400)).unwrap_or(86_400);
    vec![Allowance {
        name: "minute",
        used: most.saturating_sub(left),
        most,
        resets_at: now + TimeDelta::seconds(seconds),
    }]
}

#[async_trait]
impl ProviderApi for WhoopApi {
    fn provider(&self) -> Provider {
        Provider::Whoop
    }

    fn scopes(&self) -> &'static [Scope] {
        SCOPES
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
        let request = Request::new(Method::DELETE, self.base.below("/v2/user/access", &[])).bearer(&grant.access);
        self.client.send(&self.base, request).await?.checked().map(|_| ())
    }

    async fn account(&self, grant: &Grant, meter: &dyn Meter, now: Instant) -> Result<String, CallFault> {
        let asking = Asking { api: self, access: &grant.access, meter, now };
        let profile: Profile = asking.send(Method::GET, "/v2/user/profile/basic", &[]).await?.json()?;
        Ok(profile.user_id.to_string())
    }

    async fn fetch(
        &self,
        grant: &Grant,
        wanted: &Wanted,
        meter: &dyn Meter,
        now: Instant,
    ) -> Result<Fetched, CallFault> {
        let asking = Asking { api: self, access: &grant.access, meter, now };
        let document = match wanted {
            Wanted::Window { from, to } => asking.window(grant, *from, *to).await.map_err(|fault| match fault {
                // Nothing of a collection's address says "nothing here": it says that the address is wrong.
                CallFault::NotFound => CallFault::Unreadable("a collection is not where it should be"),
                fault => fault,
            })?,
            Wanted::Record { kind, id } => {
                let id: Uuid = id.parse().map_err(|_| CallFault::NotFound)?;
                match kind.as_str() {
                    // What may not be looked at is not asked for, and nothing is known of it.
                    "sleep" | "recovery" if !grant.allows("read:sleep") => Document::default(),
                    "workout" if !grant.allows("read:workout") => Document::default(),
                    "sleep" | "recovery" => asking.night(grant, kind, &id.to_string()).await?,
                    "workout" => Document {
                        whoop_workouts: vec![asking.one(&format!("/v2/activity/workout/{id}")).await?],
                        ..Document::default()
                    },
                    _ => return Err(CallFault::Unreadable("it names a kind of record that is not known")),
                }
            }
        };
        let records = document.whoop_cycles.len() + document.whoop_sleeps.len() + document.whoop_workouts.len();
        let bytes = serde_json::to_vec(&document).map_err(|_| CallFault::Unreadable("a record is no JSON"))?;
        Ok(Fetched { document: (records > 0).then_some(bytes), records: records as u64, follow: Vec::new() })
    }
}
