//! What is shown of jobs.

use candor::domain::Instant;
use candor::engine::ports::jobs::{JobState, Page, Queue};
use candor::store::jobs::JobTables;
use uuid::Uuid;

use super::take;

pub(super) fn all() -> Page {
    Page { person: None, before: None, limit: 1_000 }
}

/// A job that was given up is shown with what it was told and why, and is ordered again once.
pub(super) async fn is_dead_and_comes_back(queue: &JobTables, at: Instant) {
    let dead = queue.dead_letters(all()).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].attempts, dead[0].payload.as_str()), (3, "{\"number\":1}"));
    assert_eq!(dead[0].fault, ("unavailable".to_owned(), "the provider did not answer".to_owned()));
    let runs = queue.runs(all(), Some(Uuid::from_u128(1))).await.unwrap();
    let mut outcomes: Vec<_> = runs.iter().map(|run| (run.run, run.outcome.as_str())).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [(1, "put_off"), (2, "again"), (3, "put_off"), (4, "again"), (5, "put_off"), (6, "dead")]);
    assert_eq!(runs[0].steps["fetch"], 12);
    assert_eq!(queue.jobs(all(), Some(JobState::Dead)).await.unwrap().len(), 1);

    let again = Uuid::from_u128(2);
    assert!(!queue.replay(None, Uuid::from_u128(5), again, at).await.unwrap(), "there is no such letter");
    assert!(queue.replay(None, Uuid::from_u128(1), again, at).await.unwrap());
    assert!(!queue.replay(None, Uuid::from_u128(1), Uuid::from_u128(3), at).await.unwrap(), "once");
    assert_eq!(queue.dead_letters(all()).await.unwrap()[0].replayed_as, Some(again));
    let claimed = take(queue, 1, 10, at).await;
    assert_eq!((claimed.len(), claimed[0].id, claimed[0].payload.as_str()), (1, again, "{\"number\":1}"));
}
