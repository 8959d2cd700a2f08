//! Running the command as a person would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The person every test is about.
pub(crate) const PERSON: &str = "11111111-2222-4333-8444-555555555555";

/// What a shell may have left set, and a test must not depend on.
const SETTINGS: [&str; 26] = [
    "AUTO_RUN_SUCCESS_TARGET_PCT",
    "CANDOR_ALERTS",
    "CANDOR_BACKUP_DIR",
    "CANDOR_CHECKPOINT_DIR",
    "CANDOR_CHECKPOINT_EVENTS",
    "CANDOR_CHECKPOINT_KEY_FILE",
    "CANDOR_DATA_DIR",
    "CANDOR_EVENTSTORE_LOGIN_FILE",
    "CANDOR_EVENTSTORE_SPACE",
    "CANDOR_KEYS_BACKUP_DIR",
    "CANDOR_KEYS_URL",
    "CANDOR_LISTEN",
    "CANDOR_MASTER_KEY",
    "CANDOR_MASTER_KEY_FILE",
    "CANDOR_METRICS_LISTEN",
    "CANDOR_PUBLIC_URL",
    "CANDOR_SIGNING_KEY_FILE",
    "CANDOR_SLOW_QUERY_MS",
    "CANDOR_TRUSTED_PROXIES",
    "CANDOR_WORKER_METRICS_LISTEN",
    "DATABASE_URL",
    "ENABLE_LLM",
    "ENV_MODE",
    "EVENTSTORE_URL",
    "RETENTION_DAYS",
    "RUST_LOG",
];

/// A store of its own for one test.
pub(crate) struct Store {
    folder: tempfile::TempDir,
    url: Option<String>,
    now: String,
}

impl Store {
    pub(crate) fn new(now: &str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: None, now: now.to_owned() }
    }

    pub(crate) fn on_postgres(now: &str, url: &str) -> Self {
        Self { url: Some(url.to_owned()), ..Self::new(now) }
    }

    /// The same store at another time.
    pub(crate) fn at(&mut self, now: &str) -> &Self {
        now.clone_into(&mut self.now);
        self
    }

    /// A place for files beside the store.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = self.with_notes();
        command.arg("--quiet");
        command
    }

    /// A command that tells what it does beside its answer.
    pub(crate) fn with_notes(&self) -> Command {
        let mut command = self.today();
        command.args(["--person", PERSON, "--now", &self.now]);
        command
    }

    /// A command that does not pretend it is another time, which production refuses.
    pub(crate) fn today(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
        for variable in SETTINGS {
            command.env_remove(variable);
        }
        if let Some(url) = &self.url {
            command.env("DATABASE_URL", url);
        }
        command.arg("--data-dir").arg(self.path("data"));
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command().args(args).output().unwrap()
    }

    /// Standard output of a command that must succeed.
    #[track_caller]
    pub(crate) fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {error}{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The JSON document of a command that must succeed.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let text = self.text(&[&["--json"], args].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}\n{text}"))
    }

    /// Imports files and returns the report of each part.
    #[track_caller]
    pub(crate) fn import(&self, files: &[PathBuf]) -> Vec<Value> {
        let mut args = vec!["import".to_owned()];
        args.extend(files.iter().map(|file| file.display().to_string()));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.json(&args)["files"].as_array().unwrap().clone()
    }
}

/// Lines of Candor's own format: one value a day, from what each number of days before the last gives.
pub(crate) fn days(
    provider: &str,
    metric: &str,
    unit: &str,
    last: &str,
    numbers: impl IntoIterator<Item = u64>,
    value: impl Fn(u64) -> f64,
) -> String {
    let last: chrono::NaiveDate = last.parse().unwrap();
    let line = |n: u64| {
        let (day, value) = (last - chrono::Days::new(n), value(n));
        format!(
            "{{\"metric\":\"{metric}\",\"value\":{value},\"unit\":\"{unit}\",\"kind\":\"day\",\
             \"provider\":\"{provider}\",\"start\":\"{day}T06:00:00Z\"}}\n"
        )
    };
    numbers.into_iter().map(line).collect()
}

/// A count of an import's report.
pub(crate) fn count(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name} in {report}"))
}

/// A folder beside the repository, such as that of real exports, where it exists. CI requires it.
pub(crate) fn beside(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CANDOR_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from)
        .join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var("CANDOR_REQUIRE_SAMPLES").as_deref() == Ok("1");
    assert!(!required, "CANDOR_REQUIRE_SAMPLES=1, but there is no {}", folder.display());
    println!("skipped: no {}; generated cases run", folder.display());
    None
}

/// The folder of real exports.
pub(crate) fn samples() -> Option<PathBuf> {
    beside("providers")
}
