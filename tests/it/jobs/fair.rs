//! Whose turn it is: what has just happened first, then persons in turn, and nobody waits for ever.

use std::collections::BTreeMap;

use candor::domain::Instant;
use candor::domain::person::PersonId;
use candor::domain::provider::Provider;
use candor::engine::ports::jobs::{Ending, NewJob, Priority, Queue, Turn};
use candor::engine::ports::provider_api::{Allowance, CallFault, Limit, Meter as _};
use candor::store::jobs::JobTables;
use chrono::TimeDelta;
use uuid::Uuid;

use super::{end, fault, job, now, queue, take, wants};
use crate::support::{Place, on_both};

fn person(number: u128) -> Option<PersonId> {
    Some(PersonId::new(Uuid::from_u128(number)))
}

/// So many jobs of a person; their numbers begin at a thousand times the person's.
fn jobs(of: u128, many: u128, priority: Priority) -> Vec<NewJob> {
    let number = |n| of * 1_000 + n;
    (0..many).map(|n| NewJob { person: person(of), priority, ..job(number(n), &number(n).to_string()) }).collect()
}

/// Whose jobs are taken, one turn after the other, each ended before the next is taken.
async fn turns(queue: &JobTables, many: usize, at: Instant) -> Vec<u128> {
    let mut taken = Vec::new();
    for lease in 0..many {
        for claimed in take(queue, lease as u128 + 1, 1, at).await {
            end(queue, &claimed, Ending::Done, at).await;
            taken.push(claimed.person.map_or(0, |person| person.uuid().as_u128()));
        }
    }
    taken
}

async fn what_has_just_happened_goes_before_a_history_that_was_ordered_long_before(place: &Place) {
    let queue = queue(place).await;
    queue.order(jobs(1, 200, Priority::History), now() - TimeDelta::minutes(30)).await.unwrap();
    // It has been worked on for a while.
    assert_eq!(turns(&queue, 20, now()).await, [1; 20]);
    queue.order(jobs(2, 2, Priority::Usual), now()).await.unwrap();
    queue.order(jobs(3, 3, Priority::Live), now()).await.unwrap();
    queue.order(jobs(4, 2, Priority::History), now()).await.unwrap();
    assert_eq!(turns(&queue, 12, now()).await, [3, 3, 3, 2, 2, 4, 4, 1, 1, 1, 1, 1]);
    // A quarter of a worker takes nothing else.
    let live = Turn { least: Priority::Live, ..wants(90, 5, now()) };
    assert_eq!(queue.turn(live.clone()).await.unwrap().claimed, []);
    queue.order(jobs(5, 1, Priority::Live), now()).await.unwrap();
    assert_eq!(queue.turn(live).await.unwrap().claimed.len(), 1);
}

/// While several persons wait with the same priority, none gets more than one turn ahead of another, whatever each has waiting
/// and in whatever order it was ordered.
async fn persons_of_one_priority_take_turns(place: &Place) {
    let queue = queue(place).await;
    for (round, waiting) in [[40, 5, 1], [3, 3, 30], [1, 50, 2], [7, 7, 7]].into_iter().enumerate() {
        let at = now() + TimeDelta::days(i64::try_from(round).unwrap());
        for priority in Priority::ALL {
            for (person, many) in (1..).zip(waiting) {
                let mut jobs = jobs(person, many, priority);
                jobs.iter_mut().for_each(|job| (job.id, job.run_at) = (Uuid::new_v4(), at));
                queue.order(jobs, at).await.unwrap();
            }
            let mut left: BTreeMap<u128, u128> = (1..).zip(waiting).collect();
            let mut had: BTreeMap<u128, u128> = BTreeMap::new();
            for whose in turns(&queue, usize::try_from(waiting.iter().sum::<u128>()).unwrap(), at).await {
                *left.get_mut(&whose).unwrap() -= 1;
                *had.entry(whose).or_default() += 1;
                for (other, _) in left.iter().filter(|(_, left)| **left > 0) {
                    let (mine, theirs) = (had[&whose], had.get(other).copied().unwrap_or_default());
                    assert!(mine <= theirs + 1, "{waiting:?}: {whose} had {mine} turns and {other} {theirs}");
                }
            }
            assert!(left.values().all(|left| *left == 0));
        }
    }
}

async fn a_history_waits_and_not_for_ever(place: &Place) {
    let queue = queue(place).await;
    queue.order(jobs(1, 1, Priority::History), now()).await.unwrap();
    // More comes in, of somebody else each time, than can be done.
    let mut done_after = None;
    for minute in 0..600_u32 {
        let at = now() + TimeDelta::minutes(minute.into());
        for n in 0..2 {
            let new = u128::from(minute) * 2 + n + 10;
            let live = jobs(new, 1, Priority::Live).into_iter().map(|job| NewJob { run_at: at, ..job });
            queue.order(live.collect(), at).await.unwrap();
        }
        if turns(&queue, 1, at).await == [1] {
            done_after = Some(minute);
            break;
        }
    }
    // The notices of two hours go before it, at half the speed at which they come in.
    assert_eq!(done_after, Some(240));
}

async fn the_same_work_is_as_urgent_as_its_most_urgent_order(place: &Place) {
    let queue = queue(place).await;
    queue.order(jobs(1, 50, Priority::History), now()).await.unwrap();
    queue.order(jobs(2, 50, Priority::Usual), now()).await.unwrap();
    let same = |number: u128| NewJob { key: "1049".to_owned(), ..jobs(1, 50, Priority::Live).remove(number as usize) };
    assert_eq!(queue.order(vec![same(0)], now()).await.unwrap(), 0, "it waits already");
    let first = take(&queue, 1, 1, now()).await.remove(0);
    assert_eq!((first.id.as_u128(), first.priority), (1_049, Priority::Live));
    // Less urgently ordered again, it stays what it was.
    end(&queue, &first, Ending::PutOff { at: now(), fault: fault() }, now()).await;
    queue.order(vec![NewJob { priority: Priority::History, ..same(1) }], now()).await.unwrap();
    assert_eq!(take(&queue, 2, 1, now()).await[0].id.as_u128(), 1_049);
}

/// A history that has used up what it may for the day does not hold back what its person has just measured.
async fn what_waits_for_tomorrow_holds_nothing_back_and_keeps_its_place(place: &Place) {
    let queue = queue(place).await;
    queue.order(jobs(1, 30, Priority::History), now()).await.unwrap();
    let tomorrow = now() + TimeDelta::days(1);
    let mut order = Vec::new();
    for lease in 0..30 {
        let claimed = take(&queue, lease + 1, 1, now()).await.remove(0);
        order.push(claimed.id);
        end(&queue, &claimed, Ending::PutOff { at: tomorrow, fault: fault() }, now()).await;
    }
    let more = jobs(1, 31, Priority::History).split_off(30);
    queue.order(more, now()).await.unwrap();
    queue.order(jobs(2, 2, Priority::History), now()).await.unwrap();
    assert_eq!(turns(&queue, 9, now()).await.len(), 3, "and what is put off is not due");
    queue.order(jobs(3, 1, Priority::History), now()).await.unwrap();
    let mut again = Vec::new();
    for lease in 0..31 {
        again.push(take(&queue, lease + 100, 1, tomorrow).await.remove(0));
    }
    assert_eq!(again.remove(0).person, person(3));
    assert_eq!(again.iter().map(|job| job.id).collect::<Vec<_>>(), order);
}

async fn a_history_leaves_a_fifth_of_every_window_to_what_is_new(place: &Place) {
    let queue = queue(place).await;
    let history = queue.at(Priority::History);
    let limits =
        [Limit { name: "15min", most: 100, seconds: 900 }, Limit { name: "day", most: 1_000, seconds: 86_400 }];
    let take = async |spares: bool, many: u32, at: Instant| {
        let mut taken = 0;
        for _ in 0..many {
            let asked = match spares {
                true => history.take(Provider::Strava, &limits, at).await,
                false => queue.take(Provider::Strava, &limits, at).await,
            };
            match asked {
                Ok(()) => taken += 1,
                Err(CallFault::NotYet { until }) => assert!(until > at),
                Err(other) => panic!("{other}"),
            }
        }
        taken
    };
    let at: Instant = "2026-03-01T00:07:00Z".parse().unwrap();
    assert_eq!(take(true, 150, at).await, 80);
    let clock = queue.at(Priority::Usual);
    let at_the_edge = at + TimeDelta::hours(30);
    let mut by_the_clock = 0;
    for _ in 0..95 {
        by_the_clock += u32::from(clock.take(Provider::Whoop, &limits[..1], at_the_edge).await.is_ok());
    }
    assert_eq!(by_the_clock, 90, "what the clock orders leaves a tenth");
    assert_eq!(take(false, 150, at).await, 20);
    // What is new may use all of it, and history counts what that used.
    let next = at + TimeDelta::minutes(15);
    assert_eq!(take(false, 70, next).await, 70);
    assert_eq!(take(true, 150, next).await, 10);
    // What the provider itself says counts: 95 of 100 by others of this application.
    let third = next + TimeDelta::minutes(15);
    assert_eq!(take(true, 1, third).await, 1);
    let said = Allowance { name: "15min", used: 95, most: 100, resets_at: limits[0].end_of(third) };
    queue.told(Provider::Strava, vec![said]).await;
    assert_eq!((take(true, 9, third).await, take(false, 9, third).await), (0, 5));
    // Of the day's thousand, 186 are used by now, and history leaves two hundred.
    let mut of_the_day = 0;
    for quarter in 3..20 {
        of_the_day += take(true, 100, at + TimeDelta::minutes(15 * quarter)).await;
    }
    assert_eq!(of_the_day, 800 - 186);
    assert_eq!(take(false, 100, at + TimeDelta::hours(6)).await, 100);
}

on_both!(
    what_has_just_happened_goes_before_a_history_that_was_ordered_long_before,
    persons_of_one_priority_take_turns,
    a_history_waits_and_not_for_ever,
    the_same_work_is_as_urgent_as_its_most_urgent_order,
    what_waits_for_tomorrow_holds_nothing_back_and_keeps_its_place,
    a_history_leaves_a_fifth_of_every_window_to_what_is_new,
);
