//! Statements that take long are told of, with their text and without their values.

use serde_json::{Value, json};

use crate::command::Store;
use crate::postgres;
use crate::serving::{PASSWORD, Serving, add_account};

const NOW: &str = "2026-04-06T20:00:00Z";
/// A name, and a value of a measurement, that no statement holds.
const NAME: &str = "ann.of.the.slow.query@example.org";
const STEPS: u32 = 87_431;

/// What was told of statements, a line each.
fn told(log: &str) -> Vec<Value> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["target"] == "candor::slow_query").collect()
}

fn batch() -> Value {
    json!({ "observations": [{ "metric": "steps", "value": STEPS, "unit": "steps", "start": "2026-04-01T20:00:00Z" }] })
}

async fn every_statement_is_told_of_when_the_limit_is_nothing(store: &Store) {
    let serving = Serving::start(store, &[("CANDOR_SLOW_QUERY_MS", "0")]);
    serving.set_password(&add_account(store, NAME), PASSWORD).await;
    let token = serving.sign_in(NAME, PASSWORD).await;
    let taken = serving.ask("POST", "/api/v1/observations", &token, Some(&batch())).await.ok();
    assert_eq!(taken["accepted"], 1);
    let request = serving.request("GET", "/api/v1/days", &token, None).header("x-request-id", "the-days");
    serving.send(request).await.ok();
    let shown = serving.scrape().await;
    let counted = shown.lines().find_map(|line| line.strip_prefix("candor_slow_queries_total ")).unwrap().to_owned();
    let log = serving.stop();
    let told = told(&log);
    assert!(told.len() as u64 >= counted.parse().unwrap(), "{counted}");
    for line in &told {
        let fields = &line["fields"];
        let statement = fields["statement"].as_str().unwrap();
        assert!(!statement.contains('\n') && !statement.contains("  "), "{statement}");
        assert!(fields["rows"].is_u64() && fields["elapsed_ms"].is_u64() && line["level"] == "WARN", "{line}");
    }
    // Of what accounts, keys and read models do: queries, statements in transactions, many rows at once, and the ends.
    for part in ["FROM accounts", "INTO keys", "INTO observations", "UPDATE projections", "BEGIN", "COMMIT"] {
        let statement = |line: &Value| line["fields"]["statement"].as_str().unwrap().contains(part);
        assert!(told.iter().any(statement), "nothing of {part}");
    }
    assert!(told.iter().any(|line| line["span"]["id"] == "the-days"), "a line stands under its request");
    for value in [NAME, PASSWORD, &STEPS.to_string()] {
        assert!(!log.contains(value), "{value} in the log");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_is_told_of_on_sqlite() {
    every_statement_is_told_of_when_the_limit_is_nothing(&Store::new(NOW)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_is_told_of_on_postgres() {
    let Some(url) = postgres::fresh_database().await else { return };
    every_statement_is_told_of_when_the_limit_is_nothing(&Store::on_postgres(NOW, &url)).await;
    postgres::drop_database(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_decides_and_no_mode_hides_what_is_over_it() {
    for (limit, expected) in [("0", true), ("3600000", false)] {
        let serving = Serving::local(&Store::new(NOW), &[("CANDOR_SLOW_QUERY_MS", limit)]);
        serving.ask("GET", "/api/v1/days", "", None).await.ok();
        assert_eq!(!told(&serving.stop()).is_empty(), expected, "{limit} ms");
    }
}

#[test]
fn a_limit_that_is_no_number_is_refused_by_its_name() {
    let refused = Store::new(NOW).today().env("CANDOR_SLOW_QUERY_MS", "soon").arg("status").output().unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(78), "{error}");
    assert!(error.contains("CANDOR_SLOW_QUERY_MS"), "{error}");
}
