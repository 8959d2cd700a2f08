//! Every rule in every mode: what is found is written by hand.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::cluster::Cluster;
use super::facts::{Backup, Database, Facts, PrivateFile, Secret, Server};
use super::{check, examine};
use crate::app::cli::Addresses;
use crate::app::config::{Config, EnvMode};
use crate::domain::provider::Provider;
use crate::store::master_key;
use crate::store::seal::Key;
use crate::store::sql::inspect::{ServerSettings, Way};

const SIGNING: &str = "b7c1f0a2957de3486b1c0f9ad2e85e7713a64c0928dbf5e1703c9be84fa6d25b";
const MASTER: &str = "5e0d93c7a81bf2640f7ce519d83ab4261c95f7e06ab8d24193cf5e0b78a1d64f";
/// Fifteen bytes, each another.
const FIFTEEN: &str = "00112233445566778899aabbccddee";

fn key(text: &str) -> Key {
    master_key::parse(text).unwrap()
}

fn file(name: &str, mode: u32) -> PrivateFile {
    PrivateFile { path: PathBuf::from(name), mode: Some(mode) }
}

fn given(text: &str, mode: u32) -> Secret {
    Secret::Given(key(text), Some(file("a.key", mode)))
}

fn database(way: Way, change: impl Fn(&mut ServerSettings)) -> Vec<Database> {
    let mut settings =
        ServerSettings { superuser: false, fsync: true, full_page_writes: true, synchronous_commit: true };
    change(&mut settings);
    vec![Database { setting: "DATABASE_URL", way, server: Server::Answered(settings) }]
}

/// A server nobody complains of in any mode.
fn sound(env_mode: Option<EnvMode>) -> Facts {
    Facts {
        env_mode,
        local: false,
        listen: "127.0.0.1:8080".parse().unwrap(),
        metrics: None,
        public_url: Some("https://candor.example".to_owned()),
        trusted_proxies: Vec::new(),
        rust_log: None,
        signing_key: given(SIGNING, 0o400),
        master_key: given(MASTER, 0o600),
        checkpoint_key: Secret::Unnamed,
        databases: Vec::new(),
        cluster: None,
        tag: None,
        on_sqlite: true,
        sqlite_version: 3_051_003,
        files: vec![file("log.db", 0o600)],
        backup: Backup::Apart,
        checkpoints: Backup::Apart,
        unsaved_days: Some(7),
        alerts: Some("none-accepted".to_owned()),
        retention_days: Some("0".to_owned()),
        model_keeps: false,
        mocked_providers: Vec::new(),
        bad_provider: None,
        pretended: false,
        disk_free_percent: Some(10),
        open_files: Some(4096),
        core_bytes: Some(0),
    }
}

/// A cluster nobody complains of.
fn cluster() -> Cluster {
    Cluster {
        unusable: None,
        safe: true,
        password: false,
        login: Some(file("login", 0o400)),
        on_files: false,
        silent: None,
    }
}

fn on_cluster(facts: &mut Facts, change: impl Fn(&mut Cluster)) {
    let mut cluster = cluster();
    change(&mut cluster);
    facts.cluster = Some(cluster);
}

type Change = fn(&mut Facts);

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn at(address: &str) -> Option<SocketAddr> {
    address.parse().ok()
}

/// What is changed, then what staging and production complain of. Dev never complains.
fn cases() -> Vec<(&'static str, Change, &'static [&'static str], &'static [&'static str])> {
    const SIGN: &[&str] = &["CANDOR_SIGNING_KEY_FILE"];
    const WRAP: &[&str] = &["CANDOR_MASTER_KEY_FILE"];
    const SITE: &[&str] = &["CANDOR_PUBLIC_URL"];
    const PROXY: &[&str] = &["CANDOR_TRUSTED_PROXIES"];
    const METRICS: &[&str] = &["CANDOR_METRICS_LISTEN"];
    const LOG: &[&str] = &["RUST_LOG"];
    const BASE: &[&str] = &["DATABASE_URL"];
    const NODE: &[&str] = &["EVENTSTORE_URL"];
    const ENTRY: &[&str] = &["CANDOR_EVENTSTORE_LOGIN_FILE"];
    const DATA: &[&str] = &["CANDOR_DATA_DIR"];
    const BACK: &[&str] = &["CANDOR_BACKUP_DIR"];
    const FAST: &[&str] = &["CANDOR_CHECKPOINT_DIR"];
    const SEAL: &[&str] = &["CANDOR_CHECKPOINT_KEY_FILE"];
    const TELL: &[&str] = &["CANDOR_ALERTS"];
    const KEEP: &[&str] = &["RETENTION_DAYS"];
    const TIME: &[&str] = &["--now"];
    const MODEL: &[&str] = &["CANDOR_LLM_ALLOW_RETENTION"];
    const SET: &[&str] = &["CANDOR_*_CLIENT_ID"];
    const MOCK: &[&str] = &["CANDOR_WHOOP_BASE_URL"];
    const FILES: &[&str] = &["LimitNOFILE"];
    const CORE: &[&str] = &["LimitCORE"];
    const MODE: &[&str] = &["ENV_MODE"];
    const LOCAL: &[&str] = &["--local"];
    const NONE: &[&str] = &[];
    vec![
        ("nothing", |_| {}, NONE, NONE),
        ("a clock that stands", |f| f.pretended = true, TIME, TIME),
        ("a model that keeps what it is sent", |f| f.model_keeps = true, MODEL, MODEL),
        ("a provider without its secret", |f| f.bad_provider = text("it is not there"), SET, SET),
        ("a provider that is a mock", |f| f.mocked_providers = vec![Provider::Whoop], MOCK, MOCK),
        ("no signing key", |f| f.signing_key = Secret::Unnamed, SIGN, SIGN),
        ("no master key", |f| f.master_key = Secret::Unnamed, WRAP, WRAP),
        ("the master key by value", |f| f.master_key = Secret::Given(key(MASTER), None), NONE, NONE),
        ("the master key twice", |f| f.master_key = Secret::Twice, WRAP, WRAP),
        ("a key that is not there", |f| f.signing_key = Secret::Unreadable("k".into(), "gone".into()), SIGN, SIGN),
        ("a file without a key", |f| f.master_key = Secret::NoKey("k".into()), WRAP, WRAP),
        ("one key for both", |f| f.signing_key = given(MASTER, 0o400), SIGN, SIGN),
        ("15 different bytes", |f| f.signing_key = given(&format!("{FIFTEEN}{FIFTEEN}0011"), 0o400), SIGN, SIGN),
        ("16 different bytes", |f| f.signing_key = given(&format!("{FIFTEEN}{FIFTEEN}0001"), 0o400), NONE, NONE),
        ("one byte 32 times", |f| f.master_key = given(&"a7".repeat(32), 0o400), WRAP, WRAP),
        ("a published key", |f| f.master_key = given(super::keys::PUBLISHED[2], 0o400), WRAP, WRAP),
        ("a key its group reads", |f| f.signing_key = given(SIGNING, 0o440), SIGN, SIGN),
        ("a key others read", |f| f.master_key = given(MASTER, 0o604), WRAP, WRAP),
        ("no signing in", |f| f.local = true, LOCAL, LOCAL),
        ("no address", |f| f.public_url = None, NONE, SITE),
        ("an address in clear", |f| f.public_url = text("http://candor.example"), NONE, SITE),
        ("the address of this machine", |f| f.public_url = text("https://localhost:8443"), NONE, SITE),
        ("the address of this machine, by a name", |f| f.public_url = text("https://app.localhost."), NONE, SITE),
        ("a number for an address", |f| f.public_url = text("https://192.0.2.7"), NONE, SITE),
        ("a long number for an address", |f| f.public_url = text("https://[2001:db8::7]/"), NONE, SITE),
        ("no address at all", |f| f.public_url = text("candor.example"), NONE, SITE),
        ("an open port", |f| f.listen = "0.0.0.0:8080".parse().unwrap(), PROXY, PROXY),
        (
            "an open port behind a proxy",
            |f| {
                f.listen = "[::]:8080".parse().unwrap();
                f.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
            },
            NONE,
            NONE,
        ),
        ("everybody is a proxy", |f| f.trusted_proxies = vec!["::/0".parse().unwrap()], PROXY, PROXY),
        ("metrics on this machine", |f| f.metrics = at("127.0.0.1:9464"), NONE, NONE),
        ("metrics on this machine, by a long number", |f| f.metrics = at("[::1]:9464"), NONE, NONE),
        ("metrics on a private network", |f| f.metrics = at("172.30.80.7:9464"), NONE, NONE),
        ("metrics on a private network, by a long number", |f| f.metrics = at("[fd00::7]:9464"), NONE, NONE),
        ("metrics on the open network", |f| f.metrics = at("192.0.2.7:9464"), METRICS, METRICS),
        ("metrics on the open network, by a long number", |f| f.metrics = at("[2001:db8::7]:9464"), METRICS, METRICS),
        (
            "metrics on the open network, written otherwise",
            |f| f.metrics = at("[::ffff:192.0.2.7]:1"),
            METRICS,
            METRICS,
        ),
        ("metrics everywhere", |f| f.metrics = at("0.0.0.0:9464"), METRICS, METRICS),
        ("metrics everywhere, by a long number", |f| f.metrics = at("[::]:9464"), METRICS, METRICS),
        ("debug", |f| f.rust_log = text("debug"), LOG, LOG),
        ("trace for one part", |f| f.rust_log = text("warn,candor::api=TRACE"), LOG, LOG),
        ("debug by its number", |f| f.rust_log = text("candor=4"), LOG, LOG),
        ("everything of one part", |f| f.rust_log = text("info,sqlx"), LOG, LOG),
        ("info", |f| f.rust_log = text("info,sqlx=warn,hyper=off"), NONE, NONE),
        ("a database by its socket", |f| f.databases = database(Way::Local, |_| {}), NONE, NONE),
        ("a database that proves its name", |f| f.databases = database(Way::Verified, |_| {}), NONE, NONE),
        ("a database that does not", |f| f.databases = database(Way::Unverified, |_| {}), BASE, BASE),
        ("a database without address", |f| f.databases = database(Way::Unreadable, |_| {}), BASE, BASE),
        (
            "a database that is down",
            |f| {
                let server = Server::Silent("refused".to_owned());
                f.databases = vec![Database { setting: "CANDOR_KEYS_URL", way: Way::Local, server }];
            },
            &["CANDOR_KEYS_URL"],
            &["CANDOR_KEYS_URL"],
        ),
        ("a cluster", |f| f.cluster = Some(cluster()), NONE, NONE),
        (
            "a cluster that cannot be used",
            |f| on_cluster(f, |c| c.unusable = text("it is no connection string")),
            NODE,
            NODE,
        ),
        ("a cluster in clear", |f| on_cluster(f, |c| c.safe = false), NODE, NODE),
        ("a cluster with a password in its address", |f| on_cluster(f, |c| c.password = true), NODE, NODE),
        ("a cluster beside files", |f| on_cluster(f, |c| c.on_files = true), BASE, BASE),
        ("a login that others read", |f| on_cluster(f, |c| c.login = Some(file("login", 0o640))), ENTRY, ENTRY),
        ("a cluster that is down", |f| on_cluster(f, |c| c.silent = text("refused")), NODE, NODE),
        ("a superuser", |f| f.databases = database(Way::Local, |s| s.superuser = true), BASE, BASE),
        ("no fsync", |f| f.databases = database(Way::Local, |s| s.fsync = false), BASE, BASE),
        ("torn pages", |f| f.databases = database(Way::Local, |s| s.full_page_writes = false), BASE, BASE),
        (
            "commits that do not wait",
            |f| f.databases = database(Way::Local, |s| s.synchronous_commit = false),
            BASE,
            BASE,
        ),
        ("a store of staging", |f| f.tag = text("staging"), NONE, MODE),
        ("a store of production", |f| f.tag = text("production"), MODE, NONE),
        ("a file others read", |f| f.files.push(file("keys.db", 0o644)), DATA, DATA),
        ("a file that runs", |f| f.files.push(file("keys.db", 0o700)), DATA, DATA),
        ("an old SQLite", |f| f.sqlite_version = 3_051_002, DATA, DATA),
        ("checkpoints with the backups", |f| f.checkpoints = Backup::Unnamed, NONE, NONE),
        ("checkpoints in no folder", |f| f.checkpoints = Backup::NoFolder, FAST, FAST),
        ("checkpoints in the data folder", |f| f.checkpoints = Backup::InsideData, FAST, FAST),
        ("a key of checkpoints", |f| f.checkpoint_key = given(SIGNING, 0o400), NONE, NONE),
        ("a key of checkpoints that others read", |f| f.checkpoint_key = given(SIGNING, 0o404), SEAL, SEAL),
        ("no key of checkpoints in its file", |f| f.checkpoint_key = Secret::NoKey("k".into()), SEAL, SEAL),
        ("no backups", |f| f.backup = Backup::Unnamed, BACK, BACK),
        ("backups nowhere", |f| f.backup = Backup::NoFolder, BACK, BACK),
        ("a backup of eight days ago", |f| f.unsaved_days = Some(8), BACK, BACK),
        ("nothing to lose yet", |f| f.unsaved_days = None, NONE, NONE),
        ("backups in the data folder", |f| f.backup = Backup::InsideData, BACK, BACK),
        (
            "nothing on SQLite",
            |f| {
                f.on_sqlite = false;
                f.backup = Backup::Unnamed;
            },
            NONE,
            NONE,
        ),
        ("nobody is told", |f| f.alerts = None, TELL, TELL),
        ("an unknown word about alerts", |f| f.alerts = text("mail"), TELL, TELL),
        ("no retention", |f| f.retention_days = None, KEEP, KEEP),
        ("a retention of some days", |f| f.retention_days = text("400"), NONE, NONE),
        ("a retention that is no number", |f| f.retention_days = text("-1"), KEEP, KEEP),
        ("a full disk", |f| f.disk_free_percent = Some(9), DATA, DATA),
        ("an unknown disk", |f| f.disk_free_percent = None, DATA, DATA),
        ("few open files", |f| f.open_files = Some(1024), FILES, FILES),
        ("unknown open files", |f| f.open_files = None, FILES, FILES),
        ("core dumps", |f| f.core_bytes = Some(u64::MAX), CORE, CORE),
        ("unknown core dumps", |f| f.core_bytes = None, CORE, CORE),
        (
            "several faults at once",
            |f| {
                f.signing_key = given(&"00".repeat(32), 0o644);
                f.public_url = None;
                f.alerts = None;
            },
            &["CANDOR_SIGNING_KEY_FILE", "CANDOR_SIGNING_KEY_FILE", "CANDOR_ALERTS"],
            &["CANDOR_SIGNING_KEY_FILE", "CANDOR_SIGNING_KEY_FILE", "CANDOR_PUBLIC_URL", "CANDOR_ALERTS"],
        ),
    ]
}

#[test]
fn every_rule_holds_in_its_modes_and_in_no_other() {
    for (name, change, staging, production) in cases() {
        // A mode that is not set is production.
        let modes = [
            (Some(EnvMode::Dev), &[][..]),
            (Some(EnvMode::Staging), staging),
            (Some(EnvMode::Production), production),
            (None, production),
        ];
        for (mode, expected) in modes {
            let mut facts = sound(mode);
            change(&mut facts);
            let found: Vec<&str> = check(&facts).iter().map(|fault| fault.setting).collect();
            assert_eq!(found, expected, "{name} in {mode:?}");
        }
    }
}

#[test]
fn a_fault_says_what_to_do_and_never_repeats_a_secret() {
    for (name, change, ..) in cases() {
        let mut facts = sound(None);
        change(&mut facts);
        for fault in check(&facts) {
            let told = fault.to_string();
            assert!(fault.what.len() > 8 && fault.remedy.len() > 8 && !told.ends_with('.'), "{name}: {told}");
            let held = [SIGNING, MASTER, &"a7".repeat(32), super::keys::PUBLISHED[2]];
            assert!(!held.iter().any(|key| told.contains(key)), "{name}: {told}");
        }
    }
}

#[tokio::test]
async fn dev_starts_with_zero_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::unset(folder.path().join("data"), "2026-03-01T12:00:00Z".parse().unwrap());
    let open = "0.0.0.0:8080".parse().unwrap();
    let addresses = Addresses { listen: open, metrics: Some(open) };
    assert!(!examine(&config, true, addresses).await.faults.is_empty());
    config.env_mode = Some(EnvMode::Dev);
    assert!(examine(&config, true, addresses).await.faults.is_empty());
    assert!(!folder.path().join("data").exists(), "looking makes nothing");
}
