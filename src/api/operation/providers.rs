//! `/providers`: accounts at providers, connected, fetched and ended.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::api::body::{Asked, Named};
use crate::api::caller::Owner;
use crate::api::problem::sentence;
use crate::api::{Problem, Service, plain_page};
use crate::domain::Instant;
use crate::domain::provider::Provider;
use crate::engine::live::connect::Returning;
use crate::engine::live::disconnect::Brought;
use crate::engine::live::history::History;
use crate::engine::live::{Live, LiveError, Task};
use crate::engine::ports::connections::Connection;

/// What the browser of somebody who was sent to a provider holds until they come back.
const COOKIE: &str = "candor_connecting";
/// How long it holds it, in seconds.
const COOKIE_SECONDS: u32 = 600;
/// The least time between two fetches that a person asks for.
const LEAST: TimeDelta = TimeDelta::minutes(5);
/// The providers that can be connected.
const LIVE: [Provider; 3] = [Provider::Whoop, Provider::Garmin, Provider::Strava];

/// A provider, and the account there if one is connected.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ProviderShown {
    /// `whoop`, `garmin` or `strava`.
    provider: &'static str,
    /// Whether this server has an application there.
    set_up: bool,
    /// `not_connected`, `connected`, or `reconnect` where the access that was given is no good any more.
    state: &'static str,
    /// What was allowed there, where the provider says so.
    scopes: Option<Vec<String>>,
    /// The permissions that were not given and that would open more.
    missing_scopes: Vec<MissingScope>,
    /// When it was connected.
    #[schema(format = DateTime)]
    connected_at: Option<String>,
    /// Everything since then is here.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Whether there is nothing older; never where a permission is missing, and never of Garmin, which sends by itself and does
    /// not say when it has sent all.
    history_complete: bool,
    /// Since when the past was asked for, of Garmin.
    #[schema(format = DateTime)]
    history_asked_since: Option<String>,
    /// The start of the oldest that has come of what was asked for, of Garmin.
    #[schema(format = DateTime)]
    history_arrived_since: Option<String>,
    /// Up to when it was last fetched to its end.
    #[schema(format = DateTime)]
    synced_at: Option<String>,
    /// What went wrong last, until a fetch goes well.
    fault: Option<String>,
    /// What must stand beside what is shown of its data.
    attribution: Option<&'static str>,
    /// Whether its data may reach a language model.
    model_allowed: bool,
}

/// A permission that was not given.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct MissingScope {
    /// Its name at the provider.
    scope: &'static str,
    /// What is missing without it, and what to do.
    means: String,
}

/// Where to go.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Connecting {
    /// The provider's page on which access is allowed. It leads back here, in the browser that was given the cookie.
    url: String,
    /// Until when.
    #[schema(format = DateTime)]
    ends_at: String,
}

/// Somebody came back from a provider, and it is connected.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct CameBack {
    /// `whoop`, `garmin` or `strava`.
    provider: &'static str,
    /// Whether it is connected.
    connected: bool,
    /// The same in plain words, with what is missing because of which permission.
    said: String,
}

/// What a fetch was ordered as.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Ordered {
    /// Jobs that are new; 0 where the same wait already.
    jobs: u64,
}

/// What ending a connection came to.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Disconnected {
    /// Whether the provider was told and has ended the access too.
    revoked: bool,
    /// Whether what it brought is erased.
    deleted: bool,
}

impl ProviderShown {
    fn of(live: &Live, provider: Provider, connected: Option<(&Connection, History)>) -> Self {
        let (connection, past) = connected.unzip();
        let past = past.unwrap_or_default();
        let missing = connection.map(|connection| live.missing(connection)).unwrap_or_default();
        let time = |at: Option<Instant>| at.map(|at| at.to_rfc3339());
        let reach = connection.map(|connection| connection.reach).unwrap_or_default();
        let terms = provider.terms();
        Self {
            provider: provider.key(),
            set_up: live.apis.contains_key(&provider),
            state: connection.map_or("not_connected", |connection| connection.state.key()),
            scopes: connection.and_then(|connection| connection.scopes.clone()),
            missing_scopes: missing
                .iter()
                .map(|scope| MissingScope { scope: scope.name, means: sentence(&scope.said()) })
                .collect(),
            connected_at: time(connection.map(|connection| connection.connected_at)),
            since: time(past.since),
            history_complete: past.complete,
            history_asked_since: time(past.asked_since),
            history_arrived_since: time(past.arrived_since),
            synced_at: time(reach.synced_at),
            fault: connection.and_then(|connection| connection.fault.clone()),
            attribution: terms.attribution,
            model_allowed: terms.model_allowed,
        }
    }
}

/// A provider by its name; one that cannot be connected names nothing that exists.
fn named(name: &str) -> Result<Provider, Problem> {
    LIVE.into_iter().find(|provider| provider.key() == name).ok_or_else(Problem::not_found)
}

/// The providers that can be connected, and what is connected.
#[utoipa::path(
    get, path = "/api/v1/providers", tag = "providers", operation_id = "providers", security(("bearer" = [])),
    responses((status = 200, body = Vec<ProviderShown>), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    Owner(person): Owner,
) -> Result<Json<Vec<ProviderShown>>, Problem> {
    let connected = service.live.connections.list(Some(person)).await.map_err(LiveError::from)?;
    let mut shown = Vec::new();
    for provider in LIVE {
        let connection = match connected.iter().find(|connection| connection.provider == provider) {
            Some(connection) => Some((connection, service.live.past(connection).await?)),
            None => None,
        };
        shown.push(ProviderShown::of(&service.live, provider, connection));
    }
    Ok(Json(shown))
}

/// Begins to connect an account: answers with the provider's page, and gives the browser a cookie that it must still have when
/// it comes back.
#[utoipa::path(
    post, path = "/api/v1/providers/{provider}/connect", tag = "providers", operation_id = "connect_provider",
    security(("bearer" = [])), params(("provider" = String, Path, description = "`whoop`, `garmin` or `strava`.")),
    responses((status = 200, body = Connecting), Problem)
)]
pub(in crate::api) async fn connect(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    let begun = service.live.begin(person, named(&name)?, service.now()).await?;
    let secure = if service.live.public_url.starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={}; Path=/api/v1/providers; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}",
        begun.browser
    );
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Problem::internal())?;
    let answer = Connecting { url: begun.url, ends_at: begun.ends_at.to_rfc3339() };
    Ok(([(header::SET_COOKIE, cookie)], Json(answer)).into_response())
}

/// What stands after the question mark when somebody comes back.
#[derive(Debug, Default, Deserialize)]
pub(in crate::api) struct Back {
    state: Option<String>,
    code: Option<String>,
    scope: Option<String>,
}

/// Takes somebody back from a provider: the browser shows what it was given, the provider what it was sent with. A browser is
/// answered with a page in plain words, a program with JSON.
#[utoipa::path(
    get, path = "/api/v1/providers/{provider}/callback", tag = "providers", operation_id = "provider_callback",
    params(
        ("provider" = String, Path, description = "`whoop`, `garmin` or `strava`."),
        ("state" = Option<String>, Query, description = "What the person was sent with."),
        ("code" = Option<String>, Query, description = "The provider's code; none where the person said no."),
        ("scope" = Option<String>, Query, description = "What the person allowed, where the provider says it here."),
    ),
    responses(
        (status = 200, description = "It is connected.", content((CameBack = "application/json"), (String = "text/html"))),
        Problem,
    )
)]
pub(in crate::api) async fn callback(
    State(service): State<Service>,
    Named(name): Named<String>,
    back: Result<Query<Back>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Query(back) = back.unwrap_or_default();
    let in_browser = plain_page::is_wanted(&headers);
    match come_back(&service, &name, &back, &headers).await {
        Ok(back) => {
            let page =
                if in_browser { plain_page::page(StatusCode::OK, &back.said) } else { Json(back).into_response() };
            let forgotten = HeaderValue::from_static(
                "candor_connecting=; Path=/api/v1/providers; Max-Age=0; HttpOnly; SameSite=Lax",
            );
            ([(header::SET_COOKIE, forgotten)], page).into_response()
        }
        Err(problem) if in_browser => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            plain_page::page(status, &format!("It is not connected. {}", problem.detail))
        }
        Err(problem) => problem.into_response(),
    }
}

async fn come_back(service: &Service, name: &str, back: &Back, headers: &HeaderMap) -> Result<CameBack, Problem> {
    let provider = named(name)?;
    let returning = Returning {
        state: back.state.as_deref().unwrap_or_default(),
        browser: cookie(headers).unwrap_or_default(),
        code: back.code.as_deref(),
        scope: back.scope.as_deref(),
    };
    let person = service.live.complete(provider, returning, service.now()).await?;
    let connected = service.live.connections.list(Some(person)).await.map_err(LiveError::from)?;
    let connection = connected.iter().find(|connection| connection.provider == provider);
    let missing = connection.map(|connection| service.live.missing(connection)).unwrap_or_default();
    let missing: Vec<String> = missing.iter().map(|scope| sentence(&scope.said())).collect();
    let said = [format!("{} is connected.", provider.label())].into_iter().chain(missing);
    let said = said.chain(["You can close this page.".to_owned()]).collect::<Vec<_>>().join(" ");
    Ok(CameBack { provider: provider.key(), connected: true, said })
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Orders a fetch of what is new.
#[utoipa::path(
    post, path = "/api/v1/providers/{provider}/sync", tag = "providers", operation_id = "sync_provider",
    security(("bearer" = [])), params(("provider" = String, Path, description = "`whoop`, `garmin` or `strava`.")),
    responses((status = 202, body = Ordered), Problem)
)]
pub(in crate::api) async fn sync(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(name): Named<String>,
) -> Result<(StatusCode, Json<Ordered>), Problem> {
    let provider = named(&name)?;
    let connected = service.live.connections.list(Some(person)).await.map_err(LiveError::from)?;
    let connection = connected.iter().find(|connection| connection.provider == provider);
    let connection = connection.ok_or(LiveError::NotConnected(provider))?;
    // All persons share what the provider allows: one of them asks every five minutes at most.
    let at = connection.reach.synced_at.map_or(service.now(), |at| service.now().max(at + LEAST));
    let tasks = [Task::Sync { provider }, Task::Backfill { provider }];
    let jobs = service.live.order(person, &tasks, at).await?;
    Ok((StatusCode::ACCEPTED, Json(Ordered { jobs })))
}

/// What becomes of what a provider brought.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Data {
    Keep,
    Delete,
}

/// What stands after the question mark when somebody disconnects.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Ending {
    data: Data,
}

/// Ends a connection, here in any case and at the provider as far as it can be reached. What it brought stays, or is erased with
/// everything that rests on it; where the provider's terms demand that it goes, it can only be erased.
#[utoipa::path(
    delete, path = "/api/v1/providers/{provider}", tag = "providers", operation_id = "disconnect_provider",
    security(("bearer" = [])),
    params(
        ("provider" = String, Path, description = "`whoop`, `garmin` or `strava`."),
        ("data" = inline(Data), Query, description = "What becomes of what it brought."),
    ),
    responses((status = 200, body = Disconnected), Problem)
)]
pub(in crate::api) async fn disconnect(
    State(service): State<Service>,
    Owner(person): Owner,
    Named(name): Named<String>,
    Asked(ending): Asked<Ending>,
) -> Result<Json<Disconnected>, Problem> {
    let brought = match ending.data {
        Data::Keep => Brought::Kept,
        Data::Delete => Brought::Deleted,
    };
    let revoked = service.live.disconnect(person, named(&name)?, brought, service.now()).await?;
    Ok(Json(Disconnected { revoked, deleted: brought == Brought::Deleted }))
}
