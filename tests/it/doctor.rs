//! A careless start is refused, and everything that is wrong is told at once.

use std::io::{BufRead as _, BufReader};
use std::process::{Output, Stdio};

use serde_json::Value;

use candor::store::mode_tag;
use candor::store::sql::inspect::{Way, server_settings, way};
use candor::store::views;

use crate::command::Store;
use crate::support::{Place, on_both};

on_both!(a_store_belongs_to_the_mode_that_claims_it_first);

const NOW: &str = "2026-03-01T12:00:00Z";

/// What production asks for that is wrong when nothing is set, whatever the machine.
const SETTINGS: [&str; 6] = [
    "CANDOR_SIGNING_KEY_FILE",
    "CANDOR_MASTER_KEY_FILE",
    "CANDOR_PUBLIC_URL",
    "CANDOR_BACKUP_DIR",
    "CANDOR_ALERTS",
    "RETENTION_DAYS",
];

fn settings(document: &[u8]) -> Vec<String> {
    let document: Value = serde_json::from_slice(document).unwrap();
    assert_eq!(document["ok"], false);
    let faults = document["faults"].as_array().unwrap();
    for fault in faults {
        assert!(fault["what"].is_string() && fault["do"].is_string(), "{fault}");
    }
    faults.iter().map(|fault| fault["setting"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn ended(output: &Output, code: i32) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{message}");
    message
}

#[test]
fn production_does_not_start_with_nothing_set_and_names_every_setting_at_once() {
    let store = Store::new(NOW);
    for mode in [None, Some("production"), Some("a word nobody knows")] {
        let serve = |args: &[&str]| {
            let mut command = store.today();
            mode.iter().for_each(|mode| {
                command.env("ENV_MODE", mode);
            });
            command.args(args).arg("serve").output().unwrap()
        };
        let told = ended(&serve(&[]), 78);
        assert!(SETTINGS.iter().all(|setting| told.contains(setting)), "{mode:?}: {told}");
        let refused = serve(&["--json"]);
        ended(&refused, 78);
        let named = settings(&refused.stdout);
        assert!(SETTINGS.iter().all(|setting| named.iter().any(|name| name == setting)), "{mode:?}: {named:?}");
    }
    assert!(!store.path("data").exists(), "a start that is refused makes nothing");
}

#[test]
fn the_doctor_finds_what_a_start_would_refuse() {
    let store = Store::new(NOW);
    let doctor = |mode: &str| store.today().env("ENV_MODE", mode).args(["--json", "doctor"]).output().unwrap();
    let serve = store.today().env("ENV_MODE", "staging").args(["--json", "serve"]).output().unwrap();
    let found = doctor("staging");
    ended(&found, 1);
    assert_eq!(settings(&found.stdout), settings(&serve.stdout));
    assert!(!settings(&found.stdout).contains(&"CANDOR_PUBLIC_URL".to_owned()));
    let mut open = store.today();
    open.env("ENV_MODE", "staging").args(["--json", "doctor", "--metrics", "0.0.0.0:9464"]);
    assert!(settings(&open.output().unwrap().stdout).contains(&"CANDOR_METRICS_LISTEN".to_owned()));
    let dev = store.today().env("ENV_MODE", "dev").arg("doctor").output().unwrap();
    assert_eq!(ended(&dev, 0), "");
    assert_eq!(dev.stdout, b"nothing to complain of\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_store_starts_in_one_mode_and_is_refused_by_the_other() {
    let store = Store::new(NOW);
    // In memory: how full the disk of the test's machine is shall not decide.
    let data = tempfile::tempdir_in("/dev/shm").unwrap();
    let key = |name: &str, text: &str| {
        let file = store.path(name);
        candor::store::atomic_file::create_private(&file, text.as_bytes()).unwrap();
        file
    };
    let signing = key("signing.key", "b7c1f0a2957de3486b1c0f9ad2e85e7713a64c0928dbf5e1703c9be84fa6d25b");
    let master = key("master.key", "5e0d93c7a81bf2640f7ce519d83ab4261c95f7e06ab8d24193cf5e0b78a1d64f");
    let backups = store.path("backups");
    std::fs::create_dir(&backups).unwrap();
    let candor = |mode: &str, command: &str| {
        let program = store.today();
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "ulimit -c 0; ulimit -n 4096; exec \"$0\" \"$@\""]).arg(program.get_program());
        shell.arg("--data-dir").arg(data.path()).arg("--json").arg(command);
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell
            .env("ENV_MODE", mode)
            .env("CANDOR_SIGNING_KEY_FILE", &signing)
            .env("CANDOR_MASTER_KEY_FILE", &master)
            .env("CANDOR_PUBLIC_URL", "https://candor.example")
            .env("CANDOR_BACKUP_DIR", &backups)
            .env("CANDOR_LISTEN", "127.0.0.1:0")
            .env("CANDOR_ALERTS", "none-accepted")
            .env("RETENTION_DAYS", "0");
        shell
    };
    let mut serving = candor("production", "serve").stderr(Stdio::piped()).spawn().unwrap();
    let first = BufReader::new(serving.stderr.take().unwrap()).lines().map_while(Result::ok).next();
    let _ = serving.kill();
    serving.wait().unwrap();
    assert!(first.as_deref().is_some_and(|line| line.contains("candor serves production")), "{first:?}");
    let doctor = |mode: &str| candor(mode, "doctor").output().unwrap();
    ended(&doctor("production"), 0);
    let refused = doctor("staging");
    ended(&refused, 1);
    assert_eq!(settings(&refused.stdout), ["ENV_MODE"]);
}

async fn a_store_belongs_to_the_mode_that_claims_it_first(place: &Place) {
    let there = place.view_place();
    assert_eq!(mode_tag::read(&there).await.unwrap(), None, "nothing is there yet");
    let log = place.log().await;
    assert_eq!(mode_tag::read(&there).await.unwrap(), None);
    let claims = tokio::join!(mode_tag::claim(&there, "staging"), mode_tag::claim(&there, "staging"));
    assert_eq!((claims.0.unwrap().as_str(), claims.1.unwrap().as_str()), ("staging", "staging"));
    assert_eq!(mode_tag::claim(&there, "production").await.unwrap(), "staging");
    assert_eq!(mode_tag::read(&there).await.unwrap().as_deref(), Some("staging"));
    drop(log);
    place.migrate_down(3).await;
    assert_eq!(mode_tag::read(&there).await.unwrap(), None);
    match &there {
        views::Place::Postgres(url) => {
            let settings = server_settings(url).await.unwrap();
            assert!(settings.fsync && settings.full_page_writes && settings.synchronous_commit, "{settings:?}");
            assert_ne!(way(url), Way::Unreadable);
            let careless = format!("{url}{}options[synchronous_commit]=off", if url.contains('?') { '&' } else { '?' });
            assert!(!server_settings(&careless).await.unwrap().synchronous_commit);
        }
        views::Place::Folder(folder) => {
            #[cfg(unix)]
            for entry in std::fs::read_dir(folder).unwrap() {
                use std::os::unix::fs::PermissionsExt as _;
                let entry = entry.unwrap();
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{}", entry.path().display());
            }
            assert!(folder.join("log.db").exists());
        }
    }
}
