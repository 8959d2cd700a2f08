//! The real program, serving: started, asked over sockets, stopped by a signal, with all it wrote on standard error.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use crate::command::Store;

/// A password nobody else has.
pub(crate) const PASSWORD: &str = "a horse, a kettle and a lamp";
/// What is not there by then does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A server over a store of its own, on free ports, that keeps metrics.
pub(crate) struct Serving {
    /// `http://` and the address of the API.
    pub(crate) api: String,
    /// `http://` and the address of the metrics.
    pub(crate) metrics: String,
    pub(crate) client: reqwest::Client,
    program: Program,
    log: JoinHandle<String>,
}

/// A running program; it ends with its test, however that ends.
pub(crate) struct Program(pub(crate) Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    /// Every header, a line each.
    pub(crate) headers: String,
    pub(crate) text: String,
}

impl Got {
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!(self.status < 300, "{self:?}");
        if self.text.is_empty() { Value::Null } else { serde_json::from_str(&self.text).unwrap() }
    }
}

impl Serving {
    /// Starts in dev, where nothing has to be set and most is written down.
    pub(crate) fn start(store: &Store, settings: &[(&str, &str)]) -> Self {
        let mut command = store.today();
        command.arg("serve").env("ENV_MODE", "dev").envs(settings.iter().copied());
        Self::of(command)
    }

    /// Starts for one person without signing in, in no mode: held to production's level of the log.
    pub(crate) fn local(store: &Store, settings: &[(&str, &str)]) -> Self {
        let mut command = store.today();
        command.args(["serve", "--local"]).envs(settings.iter().copied());
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        command.stderr(Stdio::piped()).stdout(Stdio::null());
        command.env("CANDOR_LISTEN", "127.0.0.1:0").env("CANDOR_METRICS_LISTEN", "127.0.0.1:0");
        let mut program = Program(command.spawn().unwrap());
        let lines = BufReader::new(program.0.stderr.take().unwrap()).lines();
        let (told, notes) = mpsc::channel();
        let log = std::thread::spawn(move || {
            let mut all = String::new();
            for line in lines.map_while(Result::ok) {
                // After the second note nobody listens any more.
                let _ = told.send(line.clone());
                all.push_str(&line);
                all.push('\n');
            }
            all
        });
        let address = |before: &str| loop {
            let line = notes.recv_timeout(PATIENCE).expect("the server says where it listens");
            if let Some((note, address)) = line.split_once("http://")
                && note.starts_with(before)
            {
                return format!("http://{}", address.trim_end_matches("/metrics"));
            }
        };
        let (api, metrics) = (address("candor serves"), address("metrics are on"));
        Self { api, metrics, client: reqwest::Client::new(), program, log }
    }

    /// Sends a request and reads its answer whole.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Got {
        let response = request.timeout(PATIENCE).send().await.unwrap();
        let status = response.status().as_u16();
        let line = |(name, value): (&_, &reqwest::header::HeaderValue)| {
            format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))
        };
        let headers: String = response.headers().iter().map(line).collect();
        Got { status, headers, text: response.text().await.unwrap() }
    }

    /// A request to the API, with a token and a body where they are given.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> reqwest::RequestBuilder {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.api));
        let request =
            if token.is_empty() { request } else { request.header("authorization", format!("Bearer {token}")) };
        match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        }
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Got {
        self.send(self.request(method, path, token, body)).await
    }

    /// What Prometheus would be shown.
    pub(crate) async fn scrape(&self) -> String {
        let got = self.send(self.client.get(format!("{}/metrics", self.metrics))).await;
        assert_eq!(got.status, 200, "{got:?}");
        assert!(got.headers.contains("content-type: text/plain; version=0.0.4"), "{}", got.headers);
        got.text
    }

    /// Signs in and gives the access token.
    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> String {
        let login = json!({ "name": name, "password": password });
        let signed = self.ask("POST", "/api/v1/auth/login", "", Some(&login)).await.ok();
        signed["access_token"].as_str().unwrap().to_owned()
    }

    /// Sets the password of an account that an operator has added.
    pub(crate) async fn set_password(&self, token: &str, password: &str) {
        let set = json!({ "one_time_token": token, "new": password });
        self.ask("POST", "/api/v1/auth/password/one-time", "", Some(&set)).await.ok();
    }

    /// The processor time of the program so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.program.0.id().to_string())
    }

    /// Waits until it has ended by itself: its exit code, and what it wrote on standard error.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let (done, ended) = mpsc::channel();
        let log = self.log;
        std::thread::spawn(move || done.send(log.join().unwrap()));
        // Standard error ends with the program.
        let told = ended.recv_timeout(PATIENCE).expect("it ends");
        (self.program.0.wait().unwrap().code(), told)
    }

    /// Asks it to stop, waits until it has, and gives what it wrote on standard error.
    pub(crate) fn stop(mut self) -> String {
        let asked = Command::new("kill").args(["-TERM", &self.program.0.id().to_string()]).status().unwrap();
        assert!(asked.success());
        drop(self.client);
        assert!(self.program.0.wait().unwrap().success());
        self.log.join().unwrap()
    }
}

/// The processor time of a process so far, in seconds: of its number, or of `self`.
pub(crate) fn cpu_seconds(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // After the name in brackets: the 12th and 13th numbers are ticks of a hundredth of a second in user and kernel mode.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

/// Adds an account and gives the token that sets its password.
pub(crate) fn add_account(store: &Store, name: &str) -> String {
    let added = store.today().env("ENV_MODE", "dev").args(["--quiet", "user", "add", name]).output().unwrap();
    assert!(added.status.success(), "{added:?}");
    String::from_utf8(added.stdout).unwrap().trim().to_owned()
}
