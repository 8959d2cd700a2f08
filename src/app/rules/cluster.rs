//! The cluster that the log lies on: the way to it, who signs in, and what lies beside it.

use super::Fault;
use super::facts::{Facts, PrivateFile};

const URL: &str = "EVENTSTORE_URL";
const LOGIN: &str = "CANDOR_EVENTSTORE_LOGIN_FILE";

/// A cluster that is named.
pub(super) struct Cluster {
    /// Why it cannot be used at all.
    pub unusable: Option<String>,
    /// Whether nobody between can read or answer: encrypted with its certificate checked, or on this machine.
    pub safe: bool,
    /// Whether its connection string holds a password.
    pub password: bool,
    /// The file of the login.
    pub login: Option<PrivateFile>,
    /// Whether the read models lie in files.
    pub on_files: bool,
    /// Why it does not answer.
    pub silent: Option<String>,
}

pub(super) fn check(facts: &Facts) -> Vec<Fault> {
    let Some(cluster) = &facts.cluster else { return Vec::new() };
    if let Some(why) = &cluster.unusable {
        return vec![Fault::new(URL, why.clone(), "mend it, or take it out for a log in PostgreSQL or SQLite")];
    }
    let rules = [
        (!cluster.safe).then(|| {
            Fault::new(
                URL,
                "the connection is in clear, or nobody checks the other side's certificate",
                "take tls=false and tlsVerifyCert=false out, and name the authority in tlsCAFile",
            )
        }),
        cluster.password.then(|| {
            Fault::new(URL, "it holds a password", format!("write USER:PASSWORD into a file that {LOGIN} names"))
        }),
        cluster.on_files.then(|| {
            Fault::new(
                "DATABASE_URL",
                "the log lies on a cluster, and everything else in files of this machine",
                "name a PostgreSQL, which the processes of all machines share",
            )
        }),
        cluster.login.as_ref().filter(|file| file.mode.is_none_or(|mode| mode & 0o077 != 0)).map(|file| {
            let path = file.path.display();
            Fault::new(LOGIN, format!("others may read {path}"), format!("`chmod 0400 {path}`"))
        }),
        cluster.silent.as_ref().map(|why| {
            Fault::new(URL, format!("the cluster does not answer ({why})"), "start it, or mend the address")
        }),
    ];
    rules.into_iter().flatten().collect()
}
