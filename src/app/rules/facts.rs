//! What the rules are about, gathered once: settings, keys, files, databases, limits of the process.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use super::cluster::Cluster;
use crate::app::cli::Addresses;
use crate::app::command::backup::newest;
use crate::app::config::{Config, EnvMode};
use crate::domain::Instant;
use crate::domain::provider::Provider;
use crate::store::mode_tag;
use crate::store::seal::Key;
use crate::store::sql::inspect::{self, ServerSettings, Way};
use crate::store::{master_key, views};

/// How long a database has to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything a rule may look at.
pub(super) struct Facts {
    pub env_mode: Option<EnvMode>,
    pub local: bool,
    pub listen: SocketAddr,
    pub metrics: Option<SocketAddr>,
    pub public_url: Option<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub rust_log: Option<String>,
    pub signing_key: Secret,
    pub master_key: Secret,
    /// What signs checkpoints; where none is named, one in the data folder does.
    pub checkpoint_key: Secret,
    pub databases: Vec<Database>,
    pub cluster: Option<Cluster>,
    /// What the log was tagged with, if it was.
    pub tag: Option<String>,
    /// Whether the log or the keys lie in SQLite files.
    pub on_sqlite: bool,
    pub sqlite_version: i32,
    pub files: Vec<PrivateFile>,
    pub backup: Backup,
    pub checkpoints: Backup,
    /// Days since the last backup; where there is none, since there has been a log. Nothing where there is nothing to lose yet.
    pub unsaved_days: Option<i64>,
    pub alerts: Option<String>,
    pub retention_days: Option<String>,
    /// Whether a model is asked that keeps what it is sent, or may, and nobody has accepted it.
    pub model_keeps: bool,
    /// What is wrong with how a provider is set up.
    pub bad_provider: Option<String>,
    /// Providers that are asked at an address of this machine.
    pub mocked_providers: Vec<Provider>,
    /// Whether the time is pretended.
    pub pretended: bool,
    /// The share of the data folder's disk that is free; `None` where it is not known.
    pub disk_free_percent: Option<u64>,
    /// The files this process may have open; `None` where it is not known.
    pub open_files: Option<u64>,
    /// The bytes of a core dump; `None` where it is not known.
    pub core_bytes: Option<u64>,
}

/// Where a secret comes from.
pub(super) enum Secret {
    /// Nobody named one.
    Unnamed,
    /// By value and by file at once.
    Twice,
    /// A file that cannot be read.
    Unreadable(PathBuf, String),
    /// A file that holds something else.
    NoKey(PathBuf),
    /// A key, and the file it was read from.
    Given(Key, Option<PrivateFile>),
}

/// A file that its owner alone should read.
#[derive(Clone)]
pub(super) struct PrivateFile {
    pub path: PathBuf,
    /// Its permissions; `None` on systems without them.
    pub mode: Option<u32>,
}

/// A PostgreSQL database that is named.
pub(super) struct Database {
    pub setting: &'static str,
    pub way: Way,
    pub server: Server,
}

/// What a database said about itself.
pub(super) enum Server {
    /// It was not asked, since the way to it is not safe.
    NotAsked,
    /// It did not answer.
    Silent(String),
    Answered(ServerSettings),
}

/// Where backups or checkpoints go.
pub(super) enum Backup {
    Unnamed,
    /// Not a folder that exists.
    NoFolder,
    /// The data folder or a part of it.
    InsideData,
    Apart,
}

/// Looks at everything. What cannot be found out is a fact too.
pub(super) async fn gather(config: &Config, local: bool, addresses: Addresses) -> Facts {
    let mut databases = Vec::new();
    for (setting, url) in [("DATABASE_URL", &config.database_url), ("CANDOR_KEYS_URL", &config.keys_url)] {
        if let Some(url) = url {
            databases.push(database(setting, url).await);
        }
    }
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    Facts {
        env_mode: config.env_mode,
        local,
        listen: addresses.listen,
        metrics: addresses.metrics,
        public_url: config.public_url.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        mocked_providers: config
            .providers
            .iter()
            .flatten()
            .filter(|set| set.is_mocked())
            .map(|set| set.provider)
            .collect(),
        bad_provider: config.providers.as_ref().err().cloned(),
        rust_log: config.rust_log.clone(),
        signing_key: config.signing_key_file.as_deref().map_or(Secret::Unnamed, secret),
        master_key: match (&config.master_key, &config.master_key_file) {
            (None, None) => Secret::Unnamed,
            (Some(_), Some(_)) => Secret::Twice,
            (Some(key), None) => Secret::Given(key.clone(), None),
            (None, Some(file)) => secret(file),
        },
        checkpoint_key: config.checkpoint_key_file.as_deref().map_or(Secret::Unnamed, secret),
        tag: tag(config, &databases).await,
        cluster: cluster(config).await,
        databases,
        on_sqlite: config.database_url.is_none() || config.keys_url.is_none(),
        sqlite_version: inspect::sqlite_version(),
        files: private_files(&config.data_dir),
        backup: backup(config.backup_dir.as_deref(), &config.data_dir),
        checkpoints: checkpoints(config.checkpoint_dir.as_deref(), &config.data_dir),
        unsaved_days: unsaved_days(config),
        alerts: config.alerts.clone(),
        retention_days: config.retention_days.clone(),
        model_keeps: config.model_keeps,
        pretended: config.pretended.is_some(),
        disk_free_percent: disk_free_percent(&config.data_dir),
        open_files: limit(&limits, "Max open files"),
        core_bytes: limit(&limits, "Max core file size"),
    }
}

fn secret(file: &Path) -> Secret {
    match std::fs::read_to_string(file).map(zeroize::Zeroizing::new) {
        Err(error) if error.kind() == ErrorKind::InvalidData => Secret::NoKey(file.to_owned()),
        Err(error) => Secret::Unreadable(file.to_owned(), error.to_string()),
        Ok(text) => match master_key::parse(&text) {
            None => Secret::NoKey(file.to_owned()),
            Some(key) => Secret::Given(key, Some(PrivateFile { path: file.to_owned(), mode: mode(file) })),
        },
    }
}

async fn database(setting: &'static str, url: &str) -> Database {
    let way = inspect::way(url);
    let server = match way {
        // A password is not sent to who knows whom.
        Way::Unverified | Way::Unreadable => Server::NotAsked,
        Way::Local | Way::Verified => match tokio::time::timeout(PATIENCE, inspect::server_settings(url)).await {
            Err(_) => Server::Silent(format!("no answer in {} s", PATIENCE.as_secs())),
            Ok(Err(error)) => Server::Silent(error.to_string()),
            Ok(Ok(settings)) => Server::Answered(settings),
        },
    };
    Database { setting, way, server }
}

/// The cluster that the log lies on.
async fn cluster(config: &Config) -> Option<Cluster> {
    let url = config.cluster.url.as_deref()?;
    let (safe, log) = match (config.cluster.is_safe(), config.cluster.log()) {
        (Ok(safe), Ok(log)) => (safe, log),
        (Err(failure), _) | (_, Err(failure)) => {
            return Some(Cluster {
                unusable: Some(failure.message),
                safe: false,
                password: false,
                login: None,
                on_files: false,
                silent: None,
            });
        }
    };
    let silent = if safe {
        match tokio::time::timeout(PATIENCE, log.last_position()).await {
            Err(_) => Some(format!("no answer in {} s", PATIENCE.as_secs())),
            Ok(answer) => answer.err().map(|error| error.to_string()),
        }
    } else {
        // A password is not sent to who knows whom.
        None
    };
    Some(Cluster {
        unusable: None,
        safe,
        password: url.contains('@'),
        login: config.cluster.login_file.as_ref().map(|path| PrivateFile { path: path.clone(), mode: mode(path) }),
        on_files: config.database_url.is_none(),
        silent,
    })
}

/// The mode of the log, where it can be read; a log that cannot is found by what opens it.
async fn tag(config: &Config, databases: &[Database]) -> Option<String> {
    let place = match &config.database_url {
        None => views::Place::Folder(config.data_dir.clone()),
        Some(url) => {
            let log = databases.iter().find(|database| database.setting == "DATABASE_URL")?;
            matches!(log.server, Server::Answered(_)).then(|| views::Place::Postgres(url.clone()))?
        }
    };
    mode_tag::read(&place).await.ok().flatten()
}

fn private_files(folder: &Path) -> Vec<PrivateFile> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PrivateFile> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "db"))
        .map(|path| PrivateFile { mode: mode(&path), path })
        .collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn mode(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(path).ok().map(|metadata| metadata.permissions().mode() & 0o777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

fn backup(folder: Option<&Path>, data: &Path) -> Backup {
    let Some(folder) = folder else { return Backup::Unnamed };
    let Ok(folder) = folder.canonicalize() else { return Backup::NoFolder };
    if !folder.is_dir() {
        return Backup::NoFolder;
    }
    match data.canonicalize() {
        Ok(data) if folder.starts_with(&data) => Backup::InsideData,
        _ => Backup::Apart,
    }
}

fn unsaved_days(config: &Config) -> Option<i64> {
    let log = || std::fs::metadata(config.data_dir.join("log.db")).and_then(|file| file.created()).ok();
    let since = newest(config).map(|one| one.manifest.made_at).or_else(|| log().map(Instant::from))?;
    Some((config.now - since).num_days())
}

/// The folder of checkpoints is made with the first one: where it is not there yet, the one that it will be made in counts.
fn checkpoints(folder: Option<&Path>, data: &Path) -> Backup {
    match folder {
        Some(folder) if folder.starts_with(data) => Backup::InsideData,
        Some(folder) => backup(folder.ancestors().find(|folder| folder.exists()), data),
        None => Backup::Unnamed,
    }
}

/// Of the disk of a folder, or of the folder it will be made in: what this process may still take of all it could ever
/// have taken. Blocks kept for the superuser or beyond a quota are nobody's here, as `df` counts.
fn disk_free_percent(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
        let disk = rustix::fs::statvfs(there).ok()?;
        let used = disk.f_blocks.saturating_sub(disk.f_bfree);
        disk.f_bavail.saturating_mul(100).checked_div(used.saturating_add(disk.f_bavail))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// The limit that holds, from the table Linux keeps.
fn limit(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_the_table_of_linux() {
        let table = "Limit                     Soft Limit           Hard Limit           Units     \n\
                     Max core file size        0                    unlimited            bytes     \n\
                     Max open files            1024                 524288               files     \n\
                     Max file size             unlimited            unlimited            bytes     \n";
        assert_eq!(limit(table, "Max core file size"), Some(0));
        assert_eq!(limit(table, "Max open files"), Some(1024));
        assert_eq!(limit(table, "Max file size"), Some(u64::MAX));
        assert_eq!(limit("", "Max open files"), None);
    }

    #[test]
    fn a_backup_lies_apart_from_what_it_is_of() {
        let folder = tempfile::tempdir().unwrap();
        let (data, inside, apart) =
            (folder.path().join("data"), folder.path().join("data/backup"), folder.path().join("backup"));
        for folder in [&inside, &apart] {
            std::fs::create_dir_all(folder).unwrap();
        }
        assert!(matches!(backup(None, &data), Backup::Unnamed));
        assert!(matches!(backup(Some(&folder.path().join("nowhere")), &data), Backup::NoFolder));
        assert!(matches!(backup(Some(&data), &data), Backup::InsideData));
        assert!(matches!(backup(Some(&inside), &data), Backup::InsideData));
        assert!(matches!(backup(Some(&apart), &data), Backup::Apart));
    }

    #[test]
    fn checkpoints_lie_apart_too_and_their_folder_may_come_later() {
        let folder = tempfile::tempdir().unwrap();
        let (data, file) = (folder.path().join("data"), folder.path().join("file"));
        let inside = |data: &Path| checkpoints(Some(&data.join("checkpoints")), data);
        assert!(matches!(checkpoints(None, &data), Backup::Unnamed));
        assert!(matches!(inside(&data), Backup::InsideData), "before there are data");
        std::fs::create_dir_all(&data).unwrap();
        std::fs::write(&file, "").unwrap();
        assert!(matches!(inside(&data), Backup::InsideData));
        assert!(matches!(checkpoints(Some(&folder.path().join("apart/of/it")), &data), Backup::Apart));
        assert!(matches!(checkpoints(Some(&file.join("in it")), &data), Backup::NoFolder));
    }

    #[cfg(unix)]
    #[test]
    fn the_disk_of_a_folder_that_is_not_there_yet_is_known() {
        let folder = tempfile::tempdir().unwrap();
        assert!(disk_free_percent(&folder.path().join("not/yet")).is_some_and(|percent| percent <= 100));
        assert!(disk_free_percent(Path::new("not-yet")).is_some());
    }
}
