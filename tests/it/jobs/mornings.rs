//! On how many mornings the day's loop ran by itself: over distinct days of each person, and what is missing is a failure.

use std::sync::Arc;

use candor::domain::Instant;
use candor::domain::day::LocalDay;
use candor::domain::person::PersonId;
use candor::domain::profile::Purpose;
use candor::engine::ports::jobs::{Claimed, Priority, Steps};
use candor::engine::ports::mornings::{self, Mornings as _, Rate};
use candor::jobs::tasks::Keeping;
use candor::jobs::{Handler as _, Tasks};
use candor::store::checkpoint::{CheckpointFolder, Signer};
use candor::store::jobs::{JobPlace, JobTables};
use chrono::TimeDelta;
use uuid::Uuid;

use super::queue;
use crate::command::Store;
use crate::support::{Place, on_both};

fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

fn person(number: u128) -> PersonId {
    PersonId::new(Uuid::from_u128(number))
}

async fn every_day_since_the_first_counts_once(place: &Place) {
    let queue = queue(place).await;
    let last = day("2026-03-14");
    let rate = async || queue.rate(last, 14).await.unwrap();
    assert_eq!(rate().await, Rate::default());
    assert_eq!(rate().await.percent(), None, "no day is not zero percent");
    // Six days, one of which came to nothing, and one on which nobody looked.
    for (of, done) in [("09", true), ("10", true), ("11", false), ("12", true), ("14", true)] {
        // Looked at every ten minutes: late is still in time, and later nothing is taken back.
        for done in [false, done, done, false] {
            queue.note(person(1), day(&format!("2026-03-{of}")), done).await.unwrap();
        }
    }
    assert_eq!(rate().await, Rate { days: 6, succeeded: 4 });
    // The day that is under way does not count yet.
    queue.note(person(1), last.plus(1), false).await.unwrap();
    assert_eq!(rate().await, Rate { days: 6, succeeded: 4 });
    // One success long ago says nothing of these days.
    queue.note(person(1), day("2001-01-01"), true).await.unwrap();
    assert_eq!(rate().await, Rate { days: 14, succeeded: 4 });
    // Another person's days are added; one who has left is not held against anybody.
    queue.note(person(2), day("2026-03-13"), true).await.unwrap();
    queue.note(person(2), day("2026-03-14"), true).await.unwrap();
    queue.note(person(3), day("2026-03-02"), true).await.unwrap();
    assert_eq!(rate().await, Rate { days: 16, succeeded: 6 });
    assert_eq!(rate().await.percent(), Some(37.5));
    // Where nothing has run for days, that is what is seen.
    assert_eq!(queue.rate(day("2026-03-21"), 7).await.unwrap(), Rate { days: 14, succeeded: 0 });
    queue.forget(day("2026-03-10")).await.unwrap();
    assert_eq!(rate().await, Rate { days: 7, succeeded: 5 });
}

async fn the_clock_notes_each_morning_by_the_persons_own_day(place: &Place) {
    let tables = queue(place).await;
    let engine = place.engine_over(place.log().await).await;
    let begun: Instant = "2026-03-01T00:00:00Z".parse().unwrap();
    for number in [1, 2] {
        engine.register(person(number), begun).await.unwrap();
    }
    engine.withdraw(person(2), Purpose::Processing, begun).await.unwrap();
    let live = place.live_over(engine).await;
    let look = async |at: &str, kind: &str| {
        let at: Instant = at.parse().unwrap();
        let tasks = Tasks { live: live.clone(), breakers: Arc::clone(&tables) as _, clock: Arc::new(move || at) };
        let signer = Signer::new(&[1; 32]).unwrap();
        let checkpoints = Arc::new(CheckpointFolder::new(place.path("checkpoints"), signer, place.log().await));
        let keeping = Keeping { tasks, mornings: Arc::clone(&tables) as _, target_pct: 90.0, checkpoints };
        let job = Claimed {
            id: Uuid::from_u128(1),
            kind: kind.to_owned(),
            person: None,
            payload: "{}".to_owned(),
            priority: Priority::Usual,
            attempt: 1,
            max_attempts: 3,
            lease: Uuid::from_u128(1),
            started_at: at,
        };
        keeping.run(&job, &mut Steps::new()).await.unwrap();
    };
    let rate = async |last: &str| tables.rate(day(last), mornings::DAYS).await.unwrap();
    look("2026-03-02T06:50:00Z", "morning").await;
    assert_eq!(rate("2026-03-02").await.days, 0, "it is no morning yet");
    look("2026-03-02T07:10:00Z", "morning").await;
    assert_eq!(
        rate("2026-03-02").await,
        Rate { days: 1, succeeded: 0 },
        "and of who took consent back none is expected"
    );
    // The loop that it ordered runs.
    let at: Instant = "2026-03-02T07:11:00Z".parse().unwrap();
    live.engine.run_stages(person(1), at, None, &|_, _| ()).await.unwrap();
    look("2026-03-02T07:20:00Z", "morning").await;
    assert_eq!(rate("2026-03-02").await, Rate { days: 1, succeeded: 1 });
    // After eleven it is too late.
    live.engine.run_stages(person(1), at + TimeDelta::days(1) + TimeDelta::hours(5), None, &|_, _| ()).await.unwrap();
    look("2026-03-03T12:20:00Z", "morning").await;
    assert_eq!(rate("2026-03-03").await, Rate { days: 2, succeeded: 1 });
    look("2026-09-01T03:17:00Z", "prune").await;
    assert_eq!(rate("2026-09-01").await.days, 0, "what is long ago is forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_says_the_rate_and_when_it_is_below_the_target() {
    let store = Store::new("2026-03-15T20:00:00Z");
    store.json(&["status"]);
    let tables = JobTables::open(&JobPlace::File(store.path("data/jobs.db"))).await.unwrap();
    for of in 7..=14 {
        tables.note(person(1), day(&format!("2026-03-{of:02}")), of != 9).await.unwrap();
    }
    tables.close().await;
    let expected = serde_json::json!({ "days": 8, "succeeded": 7, "success_pct": 87.5, "target_pct": 90.0 });
    assert_eq!(store.json(&["status"])["jobs"]["mornings"], expected);
    assert!(store.text(&["status"]).contains("7 of 8 days of the last 14 (88 %), below the target of 90 %"));
    let with = |target: &str| {
        let output = store.command().env("AUTO_RUN_SUCCESS_TARGET_PCT", target).arg("status").output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (ok, text) = with("80");
    assert!(ok && text.contains("7 of 8 days") && !text.contains("below"), "{text}");
    for bad in ["101", "-1", "often", "NaN"] {
        assert!(!with(bad).0, "{bad}");
    }
}

on_both!(every_day_since_the_first_counts_once, the_clock_notes_each_morning_by_the_persons_own_day,);
