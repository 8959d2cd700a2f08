//! A walk over the whole log, opened: each event once and in order, however it is cut into pages.

use super::chain::{change, tamperable};
use super::journal::{Unsteady, beginning, destroy, night, person, tell};
use crate::support::{Place, everything, on_each};
use candor::domain::erasure::Scope;
use candor::domain::provider::Provider;
use candor::engine::ports::journal::Journal;
use candor::store::journal::{SealedJournal, Walk};
use candor::store::log::Position;
use futures_util::poll;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::time::timeout;

on_each!(
    each_event_comes_once_and_in_order_whatever_the_size_of_a_page,
    a_walk_ends_where_it_was_told_to,
    at_the_end_it_waits_for_what_comes_next,
    between_two_pages_everybody_else_is_answered,
    a_page_that_is_given_up_comes_again,
    a_hiccup_while_it_reads_ahead_is_not_told_and_one_after_it_is,
    a_destroyed_key_closes_the_pages_that_were_not_yet_read;
    sql: a_page_that_cannot_be_read_is_told_in_its_turn_and_tried_again,
    an_event_that_does_not_open_stands_in_its_place,
);

/// Everything from a walk's next page on, by its positions, in pages of at most so many; and how many pages it took.
async fn rest(walk: &mut Walk, limit: usize) -> (Vec<String>, usize) {
    let (mut positions, mut pages) = (Vec::new(), 0);
    loop {
        let page = walk.next().await.unwrap();
        assert!(page.events.len() <= limit);
        positions.extend(page.events.into_iter().map(|event| event.unwrap().position));
        pages += 1;
        if page.caught_up {
            return (positions, pages);
        }
    }
}

/// Twelve events of two persons by turns, and their positions.
async fn twelve(place: &Place) -> (Arc<SealedJournal>, Vec<Position>) {
    let journal = place.journal().await;
    for day in 1..=4 {
        let first = if day == 1 { beginning().to_vec() } else { vec![night(Provider::Whoop, day, 400.0); 2] };
        tell(&*journal, person(1), &first).await;
        tell(&*journal, person(2), &[night(Provider::Strava, day, 300.0)]).await;
    }
    let events = everything(&*place.log().await, 100).await;
    assert_eq!(events.len(), 12);
    (journal, events.iter().map(|event| event.position).collect())
}

fn told(positions: &[Position]) -> Vec<String> {
    positions.iter().map(Position::to_string).collect()
}

async fn each_event_comes_once_and_in_order_whatever_the_size_of_a_page(place: &Place) {
    let (journal, positions) = twelve(place).await;
    for limit in [1, 2, 5, 11, 12, 100] {
        let mut walk = Walk::new(Arc::clone(&journal), None, None, limit);
        let (seen, pages) = rest(&mut walk, limit).await;
        assert_eq!(seen, told(&positions), "pages of {limit}");
        assert!(pages >= 12_usize.div_ceil(limit), "{pages} pages of {limit}");
        assert_eq!(walk.at(), positions.last().copied());
        let from = Some(positions[6]);
        assert_eq!(rest(&mut Walk::new(Arc::clone(&journal), from, None, limit), limit).await.0, told(&positions[7..]));
    }
}

async fn a_walk_ends_where_it_was_told_to(place: &Place) {
    let (journal, positions) = twelve(place).await;
    for limit in [1, 4, 100] {
        for last in [0, 5, 11] {
            let mut walk = Walk::new(Arc::clone(&journal), None, Some(positions[last]), limit);
            assert_eq!(rest(&mut walk, limit).await.0, told(&positions[..=last]), "pages of {limit}");
            assert_eq!(walk.at(), Some(positions[last]));
        }
        // An end that lies behind the beginning: nothing, and it stays where it is.
        let mut walk = Walk::new(Arc::clone(&journal), Some(positions[6]), Some(positions[2]), limit);
        assert_eq!(rest(&mut walk, limit).await, (vec![], 1));
        assert_eq!(walk.at(), Some(positions[6]));
    }
}

async fn at_the_end_it_waits_for_what_comes_next(place: &Place) {
    let (journal, positions) = twelve(place).await;
    let mut walk = Walk::new(Arc::clone(&journal), None, None, 5);
    assert_eq!(rest(&mut walk, 5).await.0.len(), 12);
    let page = walk.next().await.unwrap();
    assert_eq!((page.events.len(), page.next, page.caught_up), (0, positions.last().copied(), true));
    tell(&*journal, person(2), &[night(Provider::Strava, 9, 300.0)]).await;
    assert_eq!(rest(&mut walk, 5).await.0.len(), 1);
}

/// A hang is a failure; nothing here takes a hundredth of it.
const LONG: Duration = Duration::from_secs(60);

async fn between_two_pages_everybody_else_is_answered(place: &Place) {
    let (journal, positions) = twelve(place).await;
    let mut walk = Walk::new(Arc::clone(&journal), None, None, 1);
    for position in &positions {
        assert_eq!(walk.next().await.unwrap().next, Some(*position));
        // Whatever the walk is fetching now, it holds up nobody, and is not held up.
        for _ in 0..3 {
            timeout(LONG, journal.read(person(1), 0, 100)).await.unwrap().unwrap();
        }
    }
    timeout(LONG, tell(&*journal, person(3), &beginning())).await.unwrap();
    // The end may have been read before they came.
    let last = rest(&mut walk, 1).await.0.len();
    assert_eq!(last + rest(&mut walk, 1).await.0.len(), 2);
}

async fn a_page_that_is_given_up_comes_again(place: &Place) {
    let (_, positions) = twelve(place).await;
    let log = Arc::new(Unsteady::over(place.log().await));
    log.pages.forget_permits(usize::MAX);
    let mut walk = Walk::new(place.journal_over(log.clone()).await, None, None, 1);
    // Given up when it was read and not yet handed out.
    tokio::select! {
        _ = walk.next() => panic!("a page that was not handed out"),
        () = log.read.notified() => {}
    }
    log.pages.add_permits(10_000);
    // Given up after so many looks, in whatever state that finds it.
    let mut seen = Vec::new();
    for looks in (0..5).cycle().take(500) {
        let mut next = pin!(walk.next());
        for _ in 0..looks {
            if let Poll::Ready(page) = poll!(&mut next) {
                seen.extend(page.unwrap().events.into_iter().map(|event| event.unwrap().position));
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    seen.extend(rest(&mut walk, 1).await.0);
    assert_eq!(seen, told(&positions));
}

async fn a_hiccup_while_it_reads_ahead_is_not_told_and_one_after_it_is(place: &Place) {
    let (_, positions) = twelve(place).await;
    let log = Arc::new(Unsteady::over(place.log().await));
    log.pages.forget_permits(usize::MAX);
    log.pages.add_permits(1);
    let mut walk = Walk::new(place.journal_over(log.clone()).await, None, None, 1);
    assert_eq!(walk.next().await.unwrap().next, Some(positions[0]));
    log.missed.store(1, Ordering::SeqCst);
    log.pages.add_permits(1_000);
    assert_eq!(walk.next().await.unwrap().next, Some(positions[1]));
    assert_eq!(log.missed.load(Ordering::SeqCst), 0);
    assert_eq!(rest(&mut walk, 1).await.0, told(&positions[2..]));
    // One that was not read ahead is told at once.
    log.missed.store(1, Ordering::SeqCst);
    let mut other = Walk::new(place.journal_over(log.clone()).await, Some(positions[1]), None, 1);
    assert!(other.next().await.is_err());
    assert_eq!(rest(&mut other, 1).await.0, told(&positions[2..]));
}

async fn a_destroyed_key_closes_the_pages_that_were_not_yet_read(place: &Place) {
    let (_, positions) = twelve(place).await;
    let log = Arc::new(Unsteady::over(place.log().await));
    log.pages.forget_permits(usize::MAX);
    log.pages.add_permits(2);
    let journal = place.journal_over(log.clone()).await;
    let mut walk = Walk::new(Arc::clone(&journal), None, None, 1);
    let open = |page: candor::store::journal::JournalPage| {
        let [event] = <[_; 1]>::try_from(page.events).unwrap_or_else(|_| panic!("one event"));
        let event = event.unwrap();
        (event.person, event.content.is_some())
    };
    assert_eq!(open(walk.next().await.unwrap()), (person(1), true));
    assert_eq!(open(walk.next().await.unwrap()), (person(1), true));
    destroy(place, person(1), Scope::Person).await;
    log.pages.add_permits(1_000);
    for _ in 2..positions.len() {
        let (whose, open) = open(walk.next().await.unwrap());
        assert_eq!(open, whose == person(2));
    }
}

async fn a_page_that_cannot_be_read_is_told_in_its_turn_and_tried_again(place: &Place) {
    let (journal, positions) = twelve(place).await;
    let tables = tamperable(place).await;
    let kept = tables.query("SELECT key_ids FROM events WHERE position = 4", &[]).await.unwrap()[0].bytes(0).unwrap();
    let spoil = "UPDATE events SET key_ids = $1 WHERE position = 4";
    change(&tables, spoil, &[vec![1_u8, 2, 3].into()]).await;
    let mut walk = Walk::new(journal, None, None, 1);
    for position in &positions[..3] {
        assert_eq!(walk.next().await.unwrap().next, Some(*position));
    }
    for _ in 0..2 {
        assert!(walk.next().await.is_err());
        assert_eq!(walk.at(), Some(positions[2]));
    }
    change(&tables, spoil, &[kept.into()]).await;
    assert_eq!(rest(&mut walk, 1).await.0, told(&positions[3..]));
}

async fn an_event_that_does_not_open_stands_in_its_place(place: &Place) {
    let (journal, positions) = twelve(place).await;
    change(&tamperable(place).await, "UPDATE events SET body = $1 WHERE position = 4", &[vec![7_u8; 60].into()]).await;
    for limit in [1, 5, 100] {
        let (mut walk, mut events) = (Walk::new(Arc::clone(&journal), None, None, limit), Vec::new());
        loop {
            let page = walk.next().await.unwrap();
            events.extend(page.events);
            if page.caught_up {
                break;
            }
        }
        let poison = events.remove(3).unwrap_err();
        assert_eq!((poison.position, poison.reason.as_str()), (positions[3].to_string(), "body_opens"));
        let others: Vec<_> = events.into_iter().map(|event| event.unwrap().position).collect();
        assert_eq!(others, told(&[&positions[..3], &positions[4..]].concat()));
    }
}
