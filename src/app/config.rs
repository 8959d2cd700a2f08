//! Configuration: flags and environment, read once.

use std::path::PathBuf;

use super::error::Failure;
use crate::domain::Instant;
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
        Ok(Self { data_dir, database_url, keys_url, master_key, env_mode, now })
    }
}

fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "configuration is the one reader of the environment")]
    std::env::var(name).ok()
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
