//! What was done for a person in the background, in pages, and what was given up ordered again.

use candor::domain::Instant;
use candor::domain::provider::Provider;
use candor::engine::live::Task;
use candor::engine::ports::jobs::{Ended, Ending, JobFault, Priority, Steps, Turn};
use chrono::TimeDelta;
use serde_json::Value;
use uuid::Uuid;

use super::{Server, person};

/// A server whose person has had so many jobs, each given up after one attempt.
async fn with_dead_letters(many: u32) -> Server {
    let server = Server::new().await;
    let (live, now) = (&server.service.live, (server.service.clock)());
    for number in 0..many {
        let task = Task::Record { provider: Provider::Whoop, kind: "sleep".to_owned(), id: number.to_string() };
        live.order(person(), &[task], now).await.unwrap();
    }
    let turn = |ended: Vec<Ended>, want: u32, now: Instant| Turn {
        worker: "worker".to_owned(),
        now,
        ended,
        holding: Vec::new(),
        want,
        least: Priority::History,
        lease: Uuid::from_u128(1),
        lease_until: now + TimeDelta::minutes(1),
    };
    let claimed = live.queue.turn(turn(Vec::new(), many, now)).await.unwrap().claimed;
    let fault = JobFault { code: "unavailable", reason: "the provider did not answer".to_owned() };
    let ended =
        claimed.into_iter().map(|job| Ended { job, at: now, ending: Ending::Dead(fault.clone()), steps: Steps::new() });
    live.queue.turn(turn(ended.collect(), 0, now)).await.unwrap();
    server
}

/// The ids of every page of a list.
async fn all(server: &Server, list: &str, field: &str, limit: u32) -> (Vec<Value>, usize) {
    let (mut ids, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page = server.get(&format!("/{list}?limit={limit}{cursor}")).await.ok();
        pages += 1;
        ids.extend(page[list].as_array().unwrap().iter().map(|entry| entry[field].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (ids, pages),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_jobs_are_the_whole_of_them() {
    let server = with_dead_letters(45).await;
    for (list, field) in [("jobs", "id"), ("job_runs", "job"), ("job_dead_letters", "job")] {
        let (whole, _) = all(&server, list, field, 200).await;
        assert_eq!(whole.len(), 45, "{list}");
        assert_eq!(all(&server, list, field, 7).await, (whole.clone(), 7), "{list}");
        assert_eq!(all(&server, list, field, 45).await, (whole, 1), "{list}");
    }
    // A cursor fits its list and its filter alone.
    let cursor = server.get("/jobs?limit=1&state=dead").await.ok()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/jobs?state=dead&cursor={cursor}")).await.status.as_u16(), 200);
    for path in ["/jobs?state=done&", "/jobs?", "/job_runs?", "/job_dead_letters?"] {
        let refused = server.get(&format!("{path}cursor={cursor}")).await;
        assert_eq!(refused.status.as_u16(), 422, "{path}: {}", refused.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_ordered_again_once_and_the_job_that_does_it_is_named() {
    let server = with_dead_letters(1).await;
    let letters = server.get("/job_dead_letters").await.ok();
    let job = letters["job_dead_letters"][0]["job"].as_str().unwrap().to_owned();
    let replay = async |job: &str| server.json("POST", &format!("/job_dead_letters/{job}/replay"), &Value::Null).await;
    let first = replay(&job).await;
    assert_eq!(first.status.as_u16(), 202, "{}", first.text);
    let id = first.ok()["id"].as_str().unwrap().to_owned();
    assert_eq!(server.get("/jobs?state=ready").await.ok()["jobs"][0]["id"], id.as_str(), "it waits");
    let second = replay(&job).await;
    assert_eq!(second.status.as_u16(), 409);
    assert!(second.json()["detail"].as_str().unwrap().contains(&id), "{}", second.text);
    let letters = server.get("/job_dead_letters").await.ok();
    assert_eq!(letters["job_dead_letters"][0]["replayed_as"], id.as_str());
    assert_eq!(replay(&Uuid::from_u128(99).to_string()).await.status.as_u16(), 404);
}
