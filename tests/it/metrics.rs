//! What an operator sees: on a listener of its own, of a bounded number of kinds, and nothing of a person.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::json;

use crate::command::Store;
use crate::serving::{PASSWORD, Serving, add_account};

const NAME: &str = "ann@example.org";

/// The value of one series; the test says its whole name.
#[track_caller]
fn value(shown: &str, series: &str) -> f64 {
    let found = shown.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {series} in\n{shown}")).parse().unwrap()
}

/// The names and labels of all series.
fn series(shown: &str) -> Vec<String> {
    let lines = shown.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut names: Vec<String> = lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_does_is_counted() {
    let store = Store::new("2026-04-06T20:00:00Z");
    let serving = Serving::start(&store, &[]);
    serving.set_password(&add_account(&store, NAME), PASSWORD).await;
    let token = serving.sign_in(NAME, PASSWORD).await;
    let wrong = json!({ "name": NAME, "password": "another horse, another lamp" });
    assert_eq!(serving.ask("POST", "/api/v1/auth/login", "", Some(&wrong)).await.status, 401);
    let steps = json!({ "metric": "steps", "value": 8000, "unit": "steps", "start": "2026-04-01T20:00:00Z" });
    let batch = json!({ "observations": [steps] });
    serving.ask("POST", "/api/v1/observations", &token, Some(&batch)).await.ok();
    let ran = serving.ask("POST", "/api/v1/loop", &token, None).await.ok();
    let taken_back = serving.ask("DELETE", "/api/v1/me/consents/processing", &token, None).await;
    taken_back.ok();
    assert_eq!(serving.ask("POST", "/api/v1/checkins", &token, Some(&json!({ "mood": 3 }))).await.status, 422);

    let shown = serving.scrape().await;
    let count = |series: &str| value(&shown, series);
    let requests = |method: &str, route: &str, status: &str| {
        count(&format!("candor_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}"))
    };
    assert_eq!(
        (requests("POST", "/api/v1/auth/login", "2xx"), requests("POST", "/api/v1/auth/login", "4xx")),
        (1., 1.)
    );
    assert_eq!(requests("DELETE", "/api/v1/me/consents/{purpose}", "2xx"), 1.0);
    assert_eq!(count("candor_http_request_duration_seconds_count{route=\"/api/v1/auth/login\"}"), 2.0);
    assert_eq!(count("candor_http_request_duration_seconds_bucket{route=\"/api/v1/auth/login\",le=\"+Inf\"}"), 2.0);
    assert_eq!(count("candor_http_requests_in_flight"), 0.0);
    assert_eq!(count("candor_sign_in_total{outcome=\"signed_in\"}"), 1.0);
    assert_eq!(count("candor_sign_in_total{outcome=\"refused\"}"), 1.0);
    assert_eq!(count("candor_password_hashes_total"), 3.0, "one set, two tried");
    assert_eq!(count("candor_loop_duration_seconds_count"), 1.0);
    assert_eq!(count("candor_loop_days_total"), ran["days"].as_f64().unwrap());
    for stage in ["observe", "safety", "model", "intervene", "evaluate", "synthesize"] {
        assert_eq!(count(&format!("candor_loop_events_total{{stage=\"{stage}\"}}")), ran[stage].as_f64().unwrap());
    }
    assert!(count("candor_events_appended_total") > count("candor_loop_events_total{stage=\"observe\"}"));
    assert_eq!(count("candor_refusals_total{rule=\"processing_needs_consent\"}"), 1.0);
    assert_eq!(count("candor_narratives_total{source=\"template\"}"), ran["synthesize"].as_f64().unwrap());
    assert_eq!((count("candor_views_events_behind"), count("candor_persons_paused")), (0.0, 0.0));
    assert_eq!(count("candor_views_seconds_behind"), 0.0);
    assert_eq!(count(&format!("candor_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
    // Each is explained where it is shown.
    for kind in shown.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = kind.split(' ').next().unwrap();
        assert!(name.starts_with("candor_") && shown.contains(&format!("# HELP {name} ")), "{name}");
    }
    serving.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_only_works_shows_its_counts_too() {
    let store = Store::new("2026-04-06T20:00:00Z");
    let mut command = store.today();
    command.arg("worker").env("ENV_MODE", "dev").env("CANDOR_WORKER_METRICS_LISTEN", "127.0.0.1:0");
    let mut program = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut notes = BufReader::new(program.stderr.take().unwrap()).lines().map_while(Result::ok);
    let address = notes.find_map(|line| line.strip_prefix("metrics are on ").map(str::to_owned)).unwrap();
    let shown = reqwest::get(&address).await.unwrap().text().await.unwrap();
    program.kill().unwrap();
    program.wait().unwrap();
    assert_eq!(value(&shown, &format!("candor_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
    assert_eq!(value(&shown, "candor_views_events_behind"), 0.0);
    assert!(value(&shown, "candor_morning_runs_success_pct").is_nan(), "there was no morning yet, which is not zero");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_makes_up_is_one_series_however_much_it_is() {
    let store = Store::new("2026-04-06T20:00:00Z");
    let serving = Serving::start(&store, &[]);
    let make_up = async |n: u32| {
        for path in [format!("/made-up-{n}"), format!("/api/v1/why/made-up-{n}?made-up={n}")] {
            serving.ask("GET", &path, "", None).await;
        }
        serving.ask(&format!("MADEUP{n}"), &format!("/made-up-{n}"), "", None).await;
        serving.ask(&format!("MADEUP{n}"), "/api/v1/me", "", None).await;
    };
    make_up(0).await;
    let before = series(&serving.scrape().await);
    for n in 1..=1_000 {
        make_up(n).await;
    }
    let shown = serving.scrape().await;
    assert_eq!(series(&shown), before);
    let unknown =
        |method: &str| format!("candor_http_requests_total{{method=\"{method}\",route=\"none\",status=\"4xx\"}}");
    assert_eq!((value(&shown, &unknown("GET")), value(&shown, &unknown("other"))), (1_001., 1_001.));
    assert!(!["made-up", "madeup"].iter().any(|word| shown.to_lowercase().contains(word)), "{shown}");
    serving.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_happened_is_counted_as_nothing() {
    let store = Store::new("2026-04-06T20:00:00Z");
    let serving = Serving::start(&store, &[]);
    let shown = serving.scrape().await;
    for name in ["candor_events_appended_total", "candor_jobs_lost_total", "candor_slow_queries_total"] {
        assert!(series(&shown).contains(&name.to_owned()), "{name}: {shown}");
    }
    serving.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_on_a_port_of_their_own_and_nothing_else_is_there() {
    let store = Store::new("2026-04-06T20:00:00Z");
    let serving = Serving::start(&store, &[]);
    assert_eq!(serving.ask("GET", "/metrics", "", None).await.status, 404);
    let document = serving.ask("GET", "/api/v1/openapi.json", "", None).await.ok();
    let described = |path: &String| ["/api/v1/", "/webhooks/"].iter().any(|start| path.starts_with(start));
    assert!(document["paths"].as_object().unwrap().keys().all(described), "{document}");
    for path in ["/healthz", "/api/v1/openapi.json", "/api/v1/auth/login"] {
        let got = serving.send(serving.client.get(format!("{}{path}", serving.metrics))).await;
        assert_eq!(got.status, 404, "{path}");
    }
    let port = serving.metrics.clone();
    serving.stop();
    assert!(reqwest::get(format!("{port}/metrics")).await.is_err(), "it ends with the server");
}

#[test]
fn an_address_that_is_taken_is_refused_by_the_name_of_its_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let store = Store::new("2026-04-06T20:00:00Z");
    let mut serve = store.today();
    serve.env("ENV_MODE", "dev").args(["serve", "--listen", "127.0.0.1:0", "--metrics"]);
    let refused = serve.arg(taken.local_addr().unwrap().to_string()).output().unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(78), "{told}");
    assert!(told.contains("--metrics"), "{told}");
}
