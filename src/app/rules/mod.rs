//! What a server refuses to start with: every rule at once, each with the setting at fault and what to do.
//!
//! A rule is a pure function from [`Facts`], which are gathered once, to faults. Dev has no rules; staging has all but those
//! about the public host; production has all, and a mode that is not set or not known is production. `serve` prints the
//! faults and does not start, `doctor` prints the same ones.

mod clock;
mod cluster;
mod database;
mod decisions;
mod facts;
mod folder;
mod keys;
mod log_level;
mod machine;
mod providers;
mod reach;
#[cfg(test)]
mod table_tests;

use std::fmt;

use serde::Serialize;

use super::cli::Addresses;
use super::config::{Config, EnvMode};
use facts::{Facts, Server};
pub(super) use keys::weak as weak_key;
pub(super) use reach::no_address;

/// One thing that is wrong with the way a server is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Fault {
    /// The variable or flag to change.
    pub setting: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    #[serde(rename = "do")]
    pub remedy: String,
}

impl Fault {
    fn new(setting: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { setting, what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.setting, self.what, self.remedy)
    }
}

/// What was found.
pub(super) struct Findings {
    pub faults: Vec<Fault>,
    /// Nothing is wrong but that a database or the cluster does not answer just now: to be tried again, not to be set otherwise.
    pub passing: bool,
}

/// Holds a server that would be started this way against the rules of its mode.
pub(super) async fn examine(config: &Config, local: bool, addresses: Addresses) -> Findings {
    if config.env_mode == Some(EnvMode::Dev) {
        return Findings { faults: Vec::new(), passing: false };
    }
    let facts = facts::gather(config, local, addresses).await;
    let faults = check(&facts);
    let silent = facts.databases.iter().filter(|database| matches!(database.server, Server::Silent(_))).count()
        + usize::from(facts.cluster.as_ref().is_some_and(|cluster| cluster.silent.is_some()));
    Findings { passing: silent > 0 && silent == faults.len(), faults }
}

/// Every fault there is.
fn check(facts: &Facts) -> Vec<Fault> {
    let public = match facts.env_mode {
        Some(EnvMode::Dev) => return Vec::new(),
        Some(EnvMode::Staging) => false,
        None | Some(EnvMode::Production) => true,
    };
    let mut faults = keys::check(facts);
    faults.extend(reach::local(facts));
    if public {
        faults.extend(reach::public_url(facts));
    }
    faults.extend(reach::proxies(facts));
    faults.extend(reach::metrics(facts));
    faults.extend(clock::check(facts));
    faults.extend(log_level::check(facts));
    faults.extend(database::check(facts));
    faults.extend(cluster::check(facts));
    faults.extend(folder::check(facts));
    faults.extend(decisions::check(facts));
    faults.extend(machine::check(facts));
    faults.extend(providers::check(facts));
    faults
}
