//! What a database says about itself, before anything is entrusted to it.

use std::net::IpAddr;
use std::str::FromStr as _;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{Connection as _, PgConnection};

use crate::store::error::StoreError;

/// The first SQLite whose write-ahead log cannot be corrupted by several connections at once: 3.51.3.
pub const OLDEST_SQLITE: i32 = 3_051_003;

/// The SQLite in this build, as its numbers are written: 3.51.3 is 3051003.
#[must_use]
pub fn sqlite_version() -> i32 {
    rusqlite::version_number()
}

/// How a connection gets to its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It does not leave this machine.
    Local,
    /// Over the network, to a server that proves its name.
    Verified,
    /// Over the network, to whoever answers.
    Unverified,
    /// The address cannot be read.
    Unreadable,
}

/// The way to the server that a URL names.
#[must_use]
pub fn way(url: &str) -> Way {
    let Ok(options) = PgConnectOptions::from_str(url) else { return Way::Unreadable };
    let host = options.get_host().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if options.get_socket().is_some() || host.starts_with('/') || here {
        return Way::Local;
    }
    if matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) { Way::Verified } else { Way::Unverified }
}

/// Settings of a server that decide what a power cut or a stolen password may take, as a connection gets them that asks
/// for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Whether the role may do everything.
    pub superuser: bool,
    /// Whether files are flushed.
    pub fsync: bool,
    /// Whether a page that is half written can be mended.
    pub full_page_writes: bool,
    /// Whether a commit waits for the disk.
    pub synchronous_commit: bool,
}

/// Asks a server for its settings.
///
/// # Errors
/// When the server does not answer.
pub async fn server_settings(url: &str) -> Result<ServerSettings, StoreError> {
    let mut connection = PgConnection::connect(url).await?;
    let (superuser, fsync, pages, commit): (String, String, String, String) = sqlx::query_as(
        "SELECT current_setting('is_superuser'),
                current_setting('fsync'),
                current_setting('full_page_writes'),
                current_setting('synchronous_commit')",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(ServerSettings {
        superuser: superuser == "on",
        fsync: fsync == "on",
        full_page_writes: pages == "on",
        synchronous_commit: commit != "off",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_elsewhere_must_prove_its_name() {
        let cases = [
            ("postgres://u@localhost/d", Way::Local),
            ("postgres://u@127.0.0.1:5433/d", Way::Local),
            ("postgres://u@[::1]/d", Way::Local),
            ("postgres://u@localhost/d?host=/var/run/postgresql", Way::Local),
            ("postgres://u@db.example/d?host=/var/run/postgresql", Way::Local),
            ("postgres://u@db.example/d", Way::Unverified),
            ("postgres://u@db.example/d?sslmode=require", Way::Unverified),
            ("postgres://u@db.example/d?sslmode=verify-ca", Way::Unverified),
            ("postgres://u@db.example/d?sslmode=verify-full", Way::Verified),
            ("postgres://u@localhost/d?host=db.example", Way::Unverified),
            ("postgres://u@db.example/d?sslmode=perhaps", Way::Unreadable),
            ("postgres://u@db.example:port/d", Way::Unreadable),
        ];
        for (url, expected) in cases {
            assert_eq!(way(url), expected, "{url}");
        }
    }
}
