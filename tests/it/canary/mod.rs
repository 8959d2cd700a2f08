//! Canaries: an e-mail address, a token, a password, a heart rate and the name of a file are put wherever a request has room for
//! them, and are then looked for in all that a server writes down, counts and refuses with.
//!
//! The id of a request is the caller's own word and is written beside what is logged of it, so nobody puts a secret there; one
//! that is no plain word, or as long as a token, is not taken.

mod schema;
mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::command::Store;
use crate::serving::{Got, Serving, add_account};
use words::{
    CORES, DIGITS, EMAIL, FILE, HEART_RATE, Needles, PASSWORD, RESTING, TEMPERATURE, TOKEN, WHOLE, WORD, WRONG,
};

/// Somebody who puts canaries everywhere.
struct Walk {
    serving: Serving,
    needles: Needles,
    token: String,
    /// The address the next sign-in seems to come from.
    address: u32,
    sent: u32,
    refused: u32,
    /// How many requests held each of what is looked for.
    held: BTreeMap<String, u32>,
    /// Refused and accepted answers of each operation.
    answers: BTreeMap<String, (u32, u32)>,
    leaks: String,
}

impl Walk {
    async fn send(&mut self, operation: &str, request: RequestBuilder) -> Got {
        for found in self.needles.found_in(&written(&request)) {
            *self.held.entry(found.to_owned()).or_default() += 1;
        }
        let got = self.serving.send(request).await;
        self.sent += 1;
        let (refused, accepted) = self.answers.entry(operation.to_owned()).or_default();
        if got.status < 400 {
            *accepted += 1;
            return got;
        }
        *refused += 1;
        self.refused += 1;
        for found in self.needles.found_in(&format!("{}\n{}", got.headers, got.text)) {
            let _ = writeln!(self.leaks, "{operation}: {found} in {} {}", got.status, got.text);
        }
        assert_ne!(got.status, 500, "{operation}: {}", got.text);
        got
    }

    /// Signs in from an address that nobody else uses.
    async fn sign_in(&mut self, name: &str, password: &str) -> Got {
        self.address += 1;
        let login = json!({ "name": name, "password": password });
        let request = self.serving.request("POST", "/api/v1/auth/login", "", Some(&login));
        let from = std::net::Ipv4Addr::from_bits(0x0a00_0000 + self.address).to_string();
        self.send("POST /api/v1/auth/login", request.header("x-forwarded-for", from)).await
    }

    async fn signed_in(&mut self) {
        self.token = self.sign_in(EMAIL, PASSWORD).await.ok()["access_token"].as_str().unwrap().to_owned();
    }

    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> RequestBuilder {
        self.serving.request(method, path, &self.token, body)
    }

    async fn accepted(&mut self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let request = self.request(method, path, body);
        self.send(&format!("{method} {path}"), request).await.ok()
    }

    /// Sends a file, under the canary's name.
    async fn upload(&mut self, bytes: &[u8]) -> Got {
        let request = self.request("POST", &format!("/api/v1/imports?name={FILE}"), None);
        self.send("POST /api/v1/imports", request.body(bytes.to_vec())).await
    }
}

/// All that a request says.
fn written(request: &RequestBuilder) -> String {
    let request = request.try_clone().unwrap().build().unwrap();
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    let head = format!("{} {} {:?}", request.method(), request.url(), request.headers());
    format!("{head} {}", String::from_utf8_lossy(body))
}

/// Everything as a field of a body, a part of a path or a parameter.
fn canaries() -> Vec<Value> {
    vec![json!(EMAIL), json!(TOKEN), json!(WORD), json!(PASSWORD), json!(HEART_RATE), json!(WHOLE)]
}

fn in_address(canary: &Value) -> String {
    let text = canary.as_str().map_or_else(|| canary.to_string(), str::to_owned);
    text.replace('@', "%40").replace(' ', "%20")
}

/// A server whose one account bears the canaries, with what it has drawn for it by chance.
async fn begun(store: &Store) -> Walk {
    let settings = [("CANDOR_SLOW_QUERY_MS", "0"), ("CANDOR_TRUSTED_PROXIES", "127.0.0.1")];
    let serving = Serving::start(store, &settings);
    let once = add_account(store, EMAIL);
    serving.set_password(&once, PASSWORD).await;
    let (token, answers) = (String::new(), BTreeMap::new());
    let needles = Needles::with(&[]);
    let mut walk = Walk {
        serving,
        needles,
        token,
        address: 0,
        sent: 0,
        refused: 0,
        held: BTreeMap::new(),
        answers,
        leaks: String::new(),
    };
    let signed = walk.sign_in(EMAIL, PASSWORD).await.ok();
    walk.token = signed["access_token"].as_str().unwrap().to_owned();
    let me = walk.accepted("GET", "/api/v1/me", None).await;
    let new = json!({ "label": WORD, "scopes": ["observations_write"] });
    let device = walk.accepted("POST", "/api/v1/devices", Some(&new)).await;
    let signature = walk.token.rsplit('.').next().unwrap().to_owned();
    let drawn = [&signed["refresh_token"], &device["token"], &me["person"], &me["account"]];
    let mut drawn: Vec<&str> = drawn.into_iter().map(|value| value.as_str().unwrap()).collect();
    drawn.extend([once.as_str(), signature.as_str()]);
    walk.needles = Needles::with(&drawn);
    walk
}

/// A zip with one file, whose name is a canary too.
fn zipped(text: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(format!("{WORD}/{FILE}"), zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(text.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

/// What is accepted: the canaries are in the store then.
async fn told(walk: &mut Walk) {
    let measured = |metric: &str, value: f64| {
        let start = "2026-04-01T06:00:00+02:00";
        json!({ "metric": metric, "value": value, "unit": "bpm", "start": start, "id": WORD })
    };
    let batch = json!({ "observations": [measured("heart_rate_average", HEART_RATE), measured("resting_heart_rate", RESTING)] });
    let taken = walk.accepted("POST", "/api/v1/observations", Some(&batch)).await;
    assert_eq!((&taken["accepted"], &taken["rejected"]), (&json!(2), &json!(0)), "{taken}");
    let said = json!({ "mood": 3, "body_temperature": TEMPERATURE });
    assert_eq!(walk.accepted("POST", "/api/v1/checkins", Some(&said)).await["recorded"], 2);
    let row = |value: Value, unit: &str| {
        let start = "2026-04-02T06:00:00+02:00";
        json!({ "metric": "resting_heart_rate", "value": value, "unit": unit, "start": start, "id": EMAIL }).to_string()
    };
    let file = [row(json!(RESTING), "bpm"), row(json!(EMAIL), "bpm"), row(json!(HEART_RATE), WORD)].join("\n");
    let taken = walk.upload(file.as_bytes()).await.ok();
    assert_eq!((&taken[0]["file"], &taken[0]["accepted"], &taken[0]["rejected"]), (&json!(FILE), &json!(1), &json!(2)));
    // Files that cannot be taken: a picture, a table nobody knows, rows that break off, and a zip with such in it.
    let table = format!("{EMAIL},{WORD}\n{HEART_RATE},{TOKEN}\n");
    let broken = format!("{}\n{{\"metric\": \"{WORD}\", \"{EMAIL}", row(json!(RESTING), "bpm"));
    let (table_in_zip, broken_in_zip) = (zipped(&table), zipped(&format!("{}\n{{\"{EMAIL}", row(json!(1), "bpm"))));
    let texts = [table.as_bytes(), broken.as_bytes(), EMAIL.as_bytes()];
    for bytes in
        [b"\x89PNG\r\n\x1a\n....".as_slice(), b"PK\x03\x04", &table_in_zip, &broken_in_zip].into_iter().chain(texts)
    {
        walk.upload(bytes).await;
    }
    walk.accepted("POST", "/api/v1/loop", None).await;
    // The owner sees what they said: what is looked for below can be found.
    for (path, part) in [("/api/v1/audit/", "4207531924"), ("/api/v1/devices", WORD)] {
        let request = walk.request("GET", path, None);
        let text = walk.send(&format!("GET {path}"), request).await.text;
        assert!(walk.needles.found_in(&text).contains(&part), "{path}: {text}");
    }
    for (name, password) in [(EMAIL, WRONG), (WORD, WRONG), (TOKEN, PASSWORD)] {
        assert_eq!(walk.sign_in(name, password).await.status, 401);
    }
}

/// One operation, with a canary in each place and in all at once.
async fn walked(walk: &mut Walk, document: &Value, method: &str, path: &str, description: &Value) {
    let operation = format!("{method} {path}");
    let none = Vec::new();
    let parameters = description["parameters"].as_array().unwrap_or(&none);
    let places = |place: &str| {
        let named = parameters.iter().filter(|parameter| parameter["in"] == place);
        named.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (parts, asked) = (places("path"), places("query"));
    let schema = &description["requestBody"]["content"]["application/json"]["schema"];
    let body = (!schema.is_null()).then(|| schema::harmless(document, schema));
    let harmless = parts
        .iter()
        .fold(path.to_owned(), |path, part| path.replace(&format!("{{{part}}}"), &uuid::Uuid::nil().to_string()));
    let (client, api) = (walk.serving.client.clone(), walk.serving.api.clone());
    let request = |path: &str, body: Option<&Value>| {
        let request = client.request(method.parse().unwrap(), format!("{api}{path}"));
        match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        }
    };
    let mut requests = Vec::new();
    for canary in canaries() {
        let word = in_address(&canary);
        let part = |path: &str, part: &String| path.replace(&format!("{{{part}}}"), &word);
        let everywhere = parts.iter().fold(path.to_owned(), |path, name| part(&path, name));
        requests.push(request(&everywhere, body.as_ref()));
        let query: Vec<String> = asked.iter().map(|name| format!("{name}={word}")).collect();
        for query in query.iter().cloned().chain([query.join("&"), format!("{word}={word}"), word.clone()]) {
            requests.push(request(&format!("{harmless}?{query}"), body.as_ref()));
        }
        let Some(body) = &body else { continue };
        let (leaves, objects) = schema::places(body);
        for leaf in &leaves {
            let changed = schema::with(body, std::slice::from_ref(leaf), |_| canary.clone());
            requests.push(request(&harmless, Some(&changed)));
        }
        let all = schema::with(body, &leaves, |_| canary.clone());
        let fitting =
            schema::with(body, &leaves, |held| if held.is_number() { json!(HEART_RATE) } else { canary.clone() });
        let listed = schema::with(body, &leaves, |_| json!([canary, { "x": canary }]));
        for body in [all, fitting, listed, canary.clone(), json!([canary]), json!({ word.clone(): canary })] {
            requests.push(request(&harmless, Some(&body)));
        }
        for object in &objects {
            let more = schema::with(body, std::slice::from_ref(object), |held| {
                let mut held = held.clone();
                held[&word] = canary.clone();
                held
            });
            requests.push(request(&harmless, Some(&more)));
        }
        let broken = request(&harmless, None).header("content-type", "application/json");
        requests.push(broken.body(format!("{{\"{word}\": {canary}, {canary}")));
        requests.push(request(&harmless, None).header("content-type", TOKEN).body(canary.to_string()));
    }
    let headers = [
        ("x-request-id", EMAIL),
        ("x-request-id", TOKEN),
        ("x-forwarded-for", EMAIL),
        ("user-agent", WORD),
        ("cookie", TOKEN),
        ("origin", "https://qzxcanary.example"),
        ("referer", "https://qzxcanary.example/jykbramble"),
        ("sec-fetch-site", WORD),
        ("accept-encoding", WORD),
        ("idempotency-key", TOKEN),
        (WORD, EMAIL),
    ];
    for (name, value) in headers {
        requests.push(request(&harmless, body.as_ref()).header(name, value));
    }
    for request in requests {
        let got = walk.send(&operation, request.bearer_auth(&walk.token)).await;
        // Whoever has gone out, or has another password, comes in again.
        if got.status < 300 && ["/logout", "/password"].iter().any(|end| path.ends_with(end)) {
            walk.signed_in().await;
        }
    }
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{EMAIL}:{PASSWORD}")));
    for authorization in [&format!("Bearer {TOKEN}"), &basic, TOKEN, EMAIL] {
        walk.send(&operation, request(&harmless, body.as_ref()).header("authorization", authorization)).await;
    }
}

/// The operations, those last that end a session or lock an account.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, description) in methods.as_object().unwrap() {
            operations.push((method.to_uppercase(), path.clone(), description.clone()));
        }
    }
    let last = |path: &str| (path.contains("/auth/"), path.ends_with("/password"), path.ends_with("/login"));
    operations.sort_by_key(|(_, path, _)| last(path));
    operations
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_in_any_field_of_any_operation_is_in_no_log_no_metric_and_no_refusal() {
    let store = Store::new("2026-04-06T20:00:00Z");
    let mut walk = begun(&store).await;
    told(&mut walk).await;
    let document = walk.accepted("GET", "/api/v1/openapi.json", None).await;
    let operations = operations(&document);
    for (method, path, description) in &operations {
        walked(&mut walk, &document, method, path, description).await;
    }
    for canary in [EMAIL, TOKEN, WORD, FILE] {
        let word = in_address(&json!(canary));
        for (method, path) in
            [("GET", format!("/{word}")), ("PUT", format!("/api/v1/{word}?{word}")), (WORD, "/".into())]
        {
            let request = walk.request(method, &path, None);
            assert!(walk.send("none", request).await.status >= 400, "{method} {path}");
        }
    }
    let shown = walk.serving.scrape().await;
    let Walk { serving, needles, sent, refused, held, answers, mut leaks, .. } = walk;
    let log = serving.stop();
    for line in log.lines().chain(shown.lines()) {
        for found in needles.found_in(line) {
            let _ = writeln!(leaks, "{found} in {line}");
        }
    }
    assert_eq!(leaks, "");

    // All of it was really asked, refused, written down and counted.
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let requests: Vec<&Value> = lines.iter().filter(|line| line["target"] == "candor::requests").collect();
    assert!(requests.len() as u32 >= sent && sent > 2_000 && refused > 1_000, "{} lines, {sent} sent", requests.len());
    assert!(lines.iter().any(|line| line["target"] == "candor::slow_query"));
    for (core, least) in CORES.into_iter().zip([400, 400, 400, 200, 10]).chain(DIGITS.into_iter().zip([400, 200])) {
        assert!(held.get(core).is_some_and(|requests| *requests >= least), "{core}: {held:?}");
    }
    for (method, path, _) in &operations {
        let (refused, accepted) = answers[&format!("{method} {path}")];
        assert!(refused >= 4 && refused + accepted >= 20, "{method} {path}: {refused} refused, {accepted} accepted");
        let of_this =
            |line: &&&Value| line["fields"]["route"] == path.as_str() && line["fields"]["method"] == method.as_str();
        assert!(requests.iter().filter(of_this).count() as u32 >= refused + accepted, "{method} {path} in the log");
        assert!(shown.contains(&format!("method=\"{method}\",route=\"{path}\"")), "{method} {path} in the metrics");
    }
    println!("{sent} requests to {} operations, {refused} refused; {} lines of log", operations.len(), lines.len());
}
