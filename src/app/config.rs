//! Configuration: flags and environment, read once.

use std::path::PathBuf;

use super::error::Failure;
use crate::domain::Instant;
use crate::llm::{Settings, Variables, settings};
use crate::store::seal::Key;

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
    pub keys_url: Option<String>,
    pub master_key: Option<Key>,
    pub env_mode: Option<EnvMode>,
    pub now: Instant,
    /// The endpoint that plans texts, where `ENABLE_LLM` says so.
    pub model: Option<Settings>,
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
        let now = match now {
            Some(text) => parse_instant(text)?,
            None => clock(),
        };
        let (database_url, keys_url) = (postgres_url("DATABASE_URL")?, postgres_url("CANDOR_KEYS_URL")?);
        let master_key = match variable("CANDOR_MASTER_KEY") {
            Some(text) => Some(
                crate::store::master_key::parse(&text)
                    .ok_or_else(|| Failure::configuration("CANDOR_MASTER_KEY must hold 64 hex digits"))?,
            ),
            None => None,
        };
        let model = model(env_mode)?;
        Ok(Self { data_dir, database_url, keys_url, master_key, env_mode, now, model })
    }
}

fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "configuration is the one reader of the environment")]
    std::env::var(name).ok()
}

/// The endpoint that plans texts: off unless `ENABLE_LLM` says yes, and then complete or refused.
fn model(env_mode: Option<EnvMode>) -> Result<Option<Settings>, Failure> {
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
    // What is not known to be a place for trying things is held to production's rule.
    let strict = !matches!(env_mode, None | Some(EnvMode::Dev));
    settings.check(strict, allowed.as_deref()).map_err(|bad| Failure::configuration(bad.to_string()))?;
    Ok(Some(settings))
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

fn clock() -> Instant {
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
