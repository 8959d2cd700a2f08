//! PostgreSQL: the way to it, the role, what a power cut may take, and whose store it is.

use super::Fault;
use super::facts::{Database, Facts, Server};
use crate::app::config::EnvMode;
use crate::store::sql::inspect::{ServerSettings, Way};

pub(super) fn check(facts: &Facts) -> Vec<Fault> {
    let mut faults: Vec<Fault> = facts.databases.iter().flat_map(one).collect();
    faults.extend(tagged_otherwise(facts));
    faults
}

fn one(database: &Database) -> Vec<Fault> {
    let setting = database.setting;
    let way = match database.way {
        Way::Local | Way::Verified => None,
        Way::Unverified => Some(Fault::new(
            setting,
            "nobody checks that the database is the right one",
            "add sslmode=verify-full and sslrootcert=FILE, or use a socket",
        )),
        Way::Unreadable => {
            Some(Fault::new(setting, "it is no address of a database", "write postgres://USER@HOST/DATABASE"))
        }
    };
    let server = match &database.server {
        Server::NotAsked => Vec::new(),
        Server::Silent(why) => {
            vec![Fault::new(setting, format!("the database does not answer ({why})"), "start it, or mend the address")]
        }
        Server::Answered(settings) => settings_of(setting, settings),
    };
    way.into_iter().chain(server).collect()
}

fn settings_of(setting: &'static str, settings: &ServerSettings) -> Vec<Fault> {
    let superuser = settings.superuser.then(|| {
        Fault::new(
            setting,
            "the role is a superuser",
            "make a role of its own: CREATE ROLE candor LOGIN; it owns its database",
        )
    });
    let durable = [
        ("fsync", settings.fsync),
        ("full_page_writes", settings.full_page_writes),
        ("synchronous_commit", settings.synchronous_commit),
    ];
    let off = durable.iter().filter(|(_, on)| !on).map(|(name, _)| {
        let what = format!("{name} is off, and a power cut takes what was acknowledged");
        Fault::new(setting, what, format!("set {name} = on in postgresql.conf and reload"))
    });
    superuser.into_iter().chain(off).collect()
}

fn tagged_otherwise(facts: &Facts) -> Option<Fault> {
    let mode = match facts.env_mode {
        Some(EnvMode::Dev) => "dev",
        Some(EnvMode::Staging) => "staging",
        None | Some(EnvMode::Production) => "production",
    };
    let tag = facts.tag.as_deref().filter(|tag| *tag != mode)?;
    Some(Fault::new(
        "ENV_MODE",
        format!("this store belongs to {tag}, and this is {mode}"),
        "name another data folder or database; each mode has its own",
    ))
}
