//! What is shown of jobs.

use std::collections::BTreeSet;

use candor::domain::Instant;
use candor::domain::person::PersonId;
use candor::engine::ports::jobs::{self, Ending, JobState, NewJob, Page, Queue, Replay, Standing};
use candor::store::jobs::JobTables;
use chrono::TimeDelta;
use uuid::Uuid;

use super::{end, fault, job, now, queue, take};
use crate::support::{Place, on_both};

pub(super) fn all() -> Page {
    Page { person: None, after: None, limit: 1_000 }
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
    let replay = async |job, again| queue.replay(None, Uuid::from_u128(job), Uuid::from_u128(again), at).await.unwrap();
    assert_eq!(replay(5, 2).await, Replay::Unknown, "there is no such letter");
    let stranger = Some(PersonId::new(Uuid::from_u128(77)));
    assert_eq!(queue.replay(stranger, Uuid::from_u128(1), again, at).await.unwrap(), Replay::Unknown);
    assert_eq!(replay(1, 2).await, Replay::As(again));
    assert_eq!(replay(1, 3).await, Replay::Before(again), "once");
    assert_eq!(queue.dead_letters(all()).await.unwrap()[0].replayed_as, Some(again));
    let claimed = take(queue, 1, 10, at).await;
    assert_eq!((claimed.len(), claimed[0].id, claimed[0].payload.as_str()), (1, again, "{\"number\":1}"));
    // It dies again while the same work was ordered anew: that is the job that does it.
    queue.order(vec![job(9, "a")], at).await.unwrap();
    end(queue, &claimed[0], Ending::Dead(fault()), at).await;
    assert_eq!(replay(2, 4).await, Replay::As(Uuid::from_u128(9)));
    assert_eq!(replay(2, 5).await, Replay::Before(Uuid::from_u128(9)));
    assert!(queue.jobs(all(), None).await.unwrap().iter().all(|job| job.id != Uuid::from_u128(4)));
}

/// Every entry stands on one page, whatever happens at the same instant.
async fn pages_leave_nothing_out_and_repeat_nothing(place: &Place) {
    let queue = queue(place).await;
    queue.order((1..=23).map(|n| job(n, &n.to_string())).collect(), now()).await.unwrap();
    // Two attempts of each at one instant, and then they are given up.
    for ending in [Ending::PutOff { at: now(), fault: fault() }, Ending::Dead(fault())] {
        for claimed in take(&queue, 1, 23, now()).await {
            end(&queue, &claimed, ending.clone(), now()).await;
        }
    }
    let mut page = Page { limit: 5, ..all() };
    let (mut jobs, mut pages) = (Vec::new(), 0);
    loop {
        let found = queue.jobs(page, None).await.unwrap();
        let Some(last) = found.last() else { break };
        // As it goes over the wire.
        page.after = Some(last.place().to_string().parse().unwrap());
        jobs.extend(found);
        pages += 1;
    }
    assert_eq!((pages, jobs.len()), (5, 23));
    assert_eq!(jobs, queue.jobs(all(), None).await.unwrap());
    let mut page = Page { limit: 5, ..all() };
    let mut runs = Vec::new();
    loop {
        let found = queue.runs(page, None).await.unwrap();
        let Some(last) = found.last() else { break };
        page.after = Some(last.place());
        runs.extend(found);
    }
    assert_eq!(runs.len(), 46);
    assert_eq!(runs, queue.runs(all(), None).await.unwrap());
    let mut page = Page { limit: 5, ..all() };
    let mut dead = Vec::new();
    loop {
        let found = queue.dead_letters(page).await.unwrap();
        let Some(last) = found.last() else { break };
        page.after = Some(last.place());
        dead.extend(found);
    }
    assert_eq!(dead.iter().map(|letter| letter.job).collect::<BTreeSet<_>>().len(), 23);
    assert_eq!(dead.len(), 23);
    assert_eq!("1/2/3".parse::<jobs::Place>().ok(), None);
}

/// What was done is kept for a week, and what was given up for a quarter of a year.
async fn what_ended_is_forgotten_in_time(place: &Place) {
    let queue = queue(place).await;
    queue.order((1..=3).map(|n| job(n, &n.to_string())).collect(), now()).await.unwrap();
    let claimed = take(&queue, 1, 3, now()).await;
    for job in &claimed {
        let ending = match job.id.as_u128() {
            1 => Ending::Done,
            2 => Ending::Dead(fault()),
            _ => Ending::PutOff { at: now(), fault: fault() },
        };
        end(&queue, job, ending, now()).await;
    }
    let left = async || {
        let jobs = queue.jobs(all(), None).await.unwrap().len();
        (jobs, queue.runs(all(), None).await.unwrap().len(), queue.dead_letters(all()).await.unwrap().len())
    };
    let after = |days| now() + TimeDelta::days(days) + TimeDelta::seconds(1);
    let prune = async |days: i64| queue.prune(after(days - 7), after(days - 90)).await.unwrap();
    assert_eq!((prune(6).await, left().await), (0, (3, 3, 1)));
    assert_eq!((prune(7).await, left().await), (1, (2, 1, 1)), "what waits is not forgotten, though its attempts are");
    assert_eq!((prune(89).await, left().await), (0, (2, 1, 1)));
    assert_eq!((prune(90).await, left().await), (1, (1, 0, 0)));
}

/// Everybody's jobs, counted.
async fn jobs_are_counted_by_kind_and_state(place: &Place) {
    let queue = queue(place).await;
    let later = NewJob { run_at: now() + TimeDelta::hours(1), ..job(4, "d") };
    let other = NewJob { kind: "another".to_owned(), run_at: now() + TimeDelta::seconds(1), ..job(5, "e") };
    queue.order(vec![job(1, "a"), job(2, "b"), job(3, "c"), later, other], now()).await.unwrap();
    assert_eq!(take(&queue, 1, 1, now()).await.len(), 1);
    let at = now() + TimeDelta::minutes(5);
    let standing = |kind: &str, state, count, oldest| Standing { kind: kind.to_owned(), state, count, oldest };
    let expected = [
        standing("another", JobState::Ready, 1, Some(now() + TimeDelta::seconds(1))),
        standing("count", JobState::Ready, 3, Some(now())),
        standing("count", JobState::Running, 1, None),
    ];
    assert_eq!(queue.standings(at).await.unwrap(), expected);
}

on_both!(
    pages_leave_nothing_out_and_repeat_nothing,
    what_ended_is_forgotten_in_time,
    jobs_are_counted_by_kind_and_state,
);
