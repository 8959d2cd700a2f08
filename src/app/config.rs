//! Configuration: flags and environment, read once.

use std::path::PathBuf;

use ipnet::IpNet;

use super::cluster::Cluster;
use super::error::Failure;
use super::provider_settings::{self, ProviderSettings};
use crate::domain::Instant;
use crate::llm::{Settings, Variables, settings};
use crate::store::seal::Key;
use crate::store::sql::SlowAfter;

/// Where this process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnvMode {
    Dev,
    Staging,
    Production,
}

/// What a command needs to know.
pub(super) struct Config {
    pub data_dir: PathBuf,
    pub database_url: Option<String>,
    /// The cluster that the log lies on, where one is named.
    pub cluster: Cluster,
    pub keys_url: Option<String>,
    pub master_key: Option<Key>,
    /// The key that wraps every other: a file of 64 hex digits.
    pub master_key_file: Option<PathBuf>,
    pub env_mode: Option<EnvMode>,
    pub now: Instant,
    /// The instant that `--now` pretends it is.
    pub pretended: Option<Instant>,
    /// The secret that signs access tokens: a file of 64 hex digits.
    pub signing_key_file: Option<PathBuf>,
    /// Where people reach this server.
    pub public_url: Option<String>,
    /// The proxies whose word about where a request comes from is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// The endpoint that plans texts, where `ENABLE_LLM` says so.
    pub model: Option<Settings>,
    /// Whether that endpoint keeps what it is sent, or may, and nobody has accepted it.
    pub model_keeps: bool,
    /// Where checkpoints of the log go.
    pub checkpoint_dir: Option<PathBuf>,
    /// How many events bring one before its hour.
    pub checkpoint_events: u64,
    /// The secret that signs them: a file of 64 hex digits.
    pub checkpoint_key_file: Option<PathBuf>,
    /// Where copies of the data folder go.
    pub backup_dir: Option<PathBuf>,
    /// Where copies of the keys go.
    pub keys_backup_dir: Option<PathBuf>,
    /// Who is told when something fails.
    pub alerts: Option<String>,
    /// How many days data are kept, as it was written.
    pub retention_days: Option<String>,
    /// How long a statement of a database takes before it is told of.
    pub slow_after: SlowAfter,
    /// Percent of mornings that should have had their run by themselves.
    pub mornings_target_pct: f64,
    /// The providers that are set up, or what is wrong with how they are: commands that ask none do not care.
    pub providers: Result<Vec<ProviderSettings>, String>,
    /// What some other program wants logged. It changes nothing here; the rules of a start look at it.
    pub rust_log: Option<String>,
}

impl Config {
    /// Reads the environment and checks it against the flags.
    pub(super) fn read(data_dir: PathBuf, now: Option<&str>) -> Result<Self, Failure> {
        let env_mode = match variable("ENV_MODE").as_deref() {
            None => None,
            Some("dev" | "development") => Some(EnvMode::Dev),
            Some("staging") => Some(EnvMode::Staging),
            Some(_) => Some(EnvMode::Production),
        };
        if now.is_some() && env_mode == Some(EnvMode::Production) {
            return Err(Failure::configuration("--now is refused where ENV_MODE is production"));
        }
        let pretended = now.map(parse_instant).transpose()?;
        let now = pretended.unwrap_or_else(clock);
        let (database_url, keys_url) = (postgres_url("DATABASE_URL")?, postgres_url("CANDOR_KEYS_URL")?);
        let master_key = match variable("CANDOR_MASTER_KEY") {
            Some(text) => Some(
                crate::store::master_key::parse(&text)
                    .ok_or_else(|| Failure::configuration("CANDOR_MASTER_KEY must hold 64 hex digits"))?,
            ),
            None => None,
        };
        let (model, model_keeps) = model(env_mode)?.map_or((None, false), |(model, keeps)| (Some(model), keeps));
        let signing_key_file = named("CANDOR_SIGNING_KEY_FILE").map(PathBuf::from);
        let public_url = named("CANDOR_PUBLIC_URL").map(|text| text.trim().to_owned());
        let trusted_proxies = proxies(named("CANDOR_TRUSTED_PROXIES").as_deref().unwrap_or_default())?;
        Ok(Self {
            data_dir,
            master_key_file: named("CANDOR_MASTER_KEY_FILE").map(PathBuf::from),
            checkpoint_dir: named("CANDOR_CHECKPOINT_DIR").map(PathBuf::from),
            checkpoint_events: checkpoint_events(named("CANDOR_CHECKPOINT_EVENTS").as_deref())?,
            checkpoint_key_file: named("CANDOR_CHECKPOINT_KEY_FILE").map(PathBuf::from),
            backup_dir: named("CANDOR_BACKUP_DIR").map(PathBuf::from),
            keys_backup_dir: named("CANDOR_KEYS_BACKUP_DIR").map(PathBuf::from),
            alerts: named("CANDOR_ALERTS").map(|text| text.trim().to_owned()),
            retention_days: named("RETENTION_DAYS").map(|text| text.trim().to_owned()),
            rust_log: named("RUST_LOG"),
            providers: provider_settings::read(&named).map_err(|failure| failure.message),
            slow_after: slow_after(named("CANDOR_SLOW_QUERY_MS").as_deref())?,
            mornings_target_pct: percent(named("AUTO_RUN_SUCCESS_TARGET_PCT").as_deref())?,
            cluster: Cluster::read(
                named("EVENTSTORE_URL"),
                named("CANDOR_EVENTSTORE_LOGIN_FILE").map(PathBuf::from),
                named("CANDOR_EVENTSTORE_SPACE"),
            )?,
            database_url,
            keys_url,
            master_key,
            env_mode,
            now,
            pretended,
            signing_key_file,
            public_url,
            trusted_proxies,
            model,
            model_keeps,
        })
    }
}

impl Config {
    /// What there is when nothing is set.
    pub(super) fn unset(data_dir: PathBuf, now: Instant) -> Self {
        Self {
            data_dir,
            database_url: None,
            cluster: Cluster::default(),
            keys_url: None,
            master_key: None,
            master_key_file: None,
            env_mode: None,
            now,
            pretended: None,
            signing_key_file: None,
            public_url: None,
            trusted_proxies: Vec::new(),
            model: None,
            model_keeps: false,
            checkpoint_dir: None,
            checkpoint_events: CHECKPOINT_EVENTS,
            checkpoint_key_file: None,
            backup_dir: None,
            keys_backup_dir: None,
            alerts: None,
            retention_days: None,
            rust_log: None,
            providers: Ok(Vec::new()),
            slow_after: SlowAfter::default(),
            mornings_target_pct: MORNINGS_TARGET_PCT,
        }
    }

    /// The mode a server runs in: what is not known is held to production's rules.
    pub(super) fn mode_name(&self) -> &'static str {
        match self.env_mode {
            Some(EnvMode::Dev) => "dev",
            Some(EnvMode::Staging) => "staging",
            None | Some(EnvMode::Production) => "production",
        }
    }

    /// How much of what happens is written down.
    pub(super) fn logging_level(&self) -> &'static str {
        match self.env_mode {
            Some(EnvMode::Dev) => "debug",
            Some(EnvMode::Staging) => "info",
            None | Some(EnvMode::Production) => "warn",
        }
    }
}

fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "configuration is the one reader of the environment")]
    std::env::var(name).ok()
}

/// A variable that says something.
fn named(name: &str) -> Option<String> {
    variable(name).filter(|text| !text.trim().is_empty())
}

fn slow_after(text: Option<&str>) -> Result<SlowAfter, Failure> {
    let Some(text) = text else { return Ok(SlowAfter::default()) };
    let ms = text.trim().parse();
    ms.map(SlowAfter::from_millis).map_err(|_| {
        Failure::configuration(
            "CANDOR_SLOW_QUERY_MS must be a whole number of milliseconds; 0 tells of every statement",
        )
    })
}

/// Events that bring a checkpoint before its hour where nothing else is set.
const CHECKPOINT_EVENTS: u64 = 10_000;

fn checkpoint_events(text: Option<&str>) -> Result<u64, Failure> {
    let Some(text) = text else { return Ok(CHECKPOINT_EVENTS) };
    let events = text.trim().parse().ok().filter(|events| *events > 0);
    events.ok_or_else(|| Failure::configuration("CANDOR_CHECKPOINT_EVENTS must be a whole number from 1"))
}

/// Percent of mornings that should have had their run where nothing else is set.
const MORNINGS_TARGET_PCT: f64 = 90.0;

fn percent(text: Option<&str>) -> Result<f64, Failure> {
    let Some(text) = text else { return Ok(MORNINGS_TARGET_PCT) };
    let percent = text.trim().parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or_else(|| Failure::configuration("AUTO_RUN_SUCCESS_TARGET_PCT must be a number from 0 to 100"))
}

fn proxies(text: &str) -> Result<Vec<IpNet>, Failure> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let net = |part: &str| part.parse::<IpNet>().or_else(|_| part.parse::<std::net::IpAddr>().map(IpNet::from));
    parts
        .map(|part| {
            net(part).map_err(|_| {
                Failure::configuration(format!(
                    "CANDOR_TRUSTED_PROXIES: {part:?} is no network; write addresses or networks like 10.0.0.0/8, \
                     separated by commas"
                ))
            })
        })
        .collect()
}

/// The endpoint that plans texts, and whether it keeps what nobody has accepted that it keeps: off unless `ENABLE_LLM` says yes,
/// and then complete or refused.
fn model(env_mode: Option<EnvMode>) -> Result<Option<(Settings, bool)>, Failure> {
    match variable("ENABLE_LLM").as_deref().map(str::trim) {
        None | Some("" | "no" | "false" | "0") => return Ok(None),
        Some("yes" | "true" | "1") => {}
        Some(_) => return Err(Failure::configuration("ENABLE_LLM must be yes or no")),
    }
    let key_file = variable("CANDOR_LLM_KEY_FILE").filter(|path| !path.is_empty());
    let key = match key_file {
        None => variable(settings::KEY),
        Some(path) => Some(std::fs::read_to_string(&path).map_err(|error| {
            Failure::configuration(format!("CANDOR_LLM_KEY_FILE {path:?} cannot be read: {error}"))
        })?),
    };
    let [base_url, model, payload, retains, allowed] =
        [settings::BASE_URL, settings::MODEL, settings::PAYLOAD, settings::RETAINS, settings::ALLOW_RETENTION]
            .map(variable);
    let found = Settings::read(&Variables {
        base_url: base_url.as_deref(),
        key: key.as_deref(),
        model: model.as_deref(),
        payload: payload.as_deref(),
        retains: retains.as_deref(),
    });
    let settings = found.map_err(|bad| Failure::configuration(bad.to_string()))?;
    // A command of one person on a laptop sets no mode and is not held to a server's rule; a server is, by `rules`.
    let strict = !matches!(env_mode, None | Some(EnvMode::Dev));
    settings.check(strict, allowed.as_deref()).map_err(|bad| Failure::configuration(bad.to_string()))?;
    let keeps = settings.check(true, allowed.as_deref()).is_err();
    Ok(Some((settings, keeps)))
}

fn postgres_url(name: &str) -> Result<Option<String>, Failure> {
    let url = variable(name).filter(|url| !url.is_empty());
    match &url {
        Some(url) if !url.starts_with("postgres://") && !url.starts_with("postgresql://") => {
            Err(Failure::configuration(format!("{name} must start with postgres://")))
        }
        _ => Ok(url),
    }
}

/// The time.
pub(super) fn clock() -> Instant {
    use chrono::SubsecRound as _;
    #[expect(clippy::disallowed_methods, reason = "the composition root hands the time to everything else")]
    chrono::Utc::now().trunc_subsecs(6)
}

fn parse_instant(text: &str) -> Result<Instant, Failure> {
    if let Ok(instant) = chrono::DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc());
    }
    // A bare day means its end, when everything of it has happened.
    let day: crate::domain::day::LocalDay = text.parse().map_err(|_| {
        Failure::usage(format!("--now {text:?}: write an instant like 2026-03-01T08:00:00Z or a day like 2026-03-01"))
    })?;
    Ok(day.end(chrono::Offset::fix(&chrono::Utc)))
}
