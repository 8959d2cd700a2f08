//! A walk over the whole log, opened: each event once and in order, however it is cut into pages.

use super::chain::{change, five};
use super::journal::{beginning, night, person, tell};
use crate::support::{Place, everything, on_each};
use candor::domain::provider::Provider;
use candor::store::journal::{SealedJournal, Walk};
use candor::store::log::Position;
use std::sync::Arc;

on_each!(
    each_event_comes_once_and_in_order_whatever_the_size_of_a_page,
    a_walk_ends_where_it_was_told_to,
    at_the_end_it_waits_for_what_comes_next;
    sql: a_page_that_cannot_be_read_is_told_in_its_turn_and_tried_again,
);

/// Everything from a walk's next page on, by its positions, and how many pages it took.
async fn rest(walk: &mut Walk) -> (Vec<String>, usize) {
    let (mut positions, mut pages) = (Vec::new(), 0);
    loop {
        let page = walk.next().await.unwrap();
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
        let (seen, pages) = rest(&mut walk).await;
        assert_eq!(seen, told(&positions), "pages of {limit}");
        assert!(pages >= 12_usize.div_ceil(limit), "{pages} pages of {limit}");
        assert_eq!(walk.at(), positions.last().copied());
        let from = Some(positions[6]);
        assert_eq!(rest(&mut Walk::new(Arc::clone(&journal), from, None, limit)).await.0, told(&positions[7..]));
    }
}

async fn a_walk_ends_where_it_was_told_to(place: &Place) {
    let (journal, positions) = twelve(place).await;
    for limit in [1, 4, 100] {
        for last in [0, 5, 11] {
            let mut walk = Walk::new(Arc::clone(&journal), None, Some(positions[last]), limit);
            assert_eq!(rest(&mut walk).await.0, told(&positions[..=last]), "pages of {limit}");
            assert_eq!(walk.at(), Some(positions[last]));
        }
    }
}

async fn at_the_end_it_waits_for_what_comes_next(place: &Place) {
    let (journal, positions) = twelve(place).await;
    let mut walk = Walk::new(Arc::clone(&journal), None, None, 5);
    assert_eq!(rest(&mut walk).await.0.len(), 12);
    let page = walk.next().await.unwrap();
    assert_eq!((page.events.len(), page.next, page.caught_up), (0, positions.last().copied(), true));
    tell(&*journal, person(2), &[night(Provider::Strava, 9, 300.0)]).await;
    assert_eq!(rest(&mut walk).await.0.len(), 1);
}

async fn a_page_that_cannot_be_read_is_told_in_its_turn_and_tried_again(place: &Place) {
    let tables = five(place).await;
    let kept = tables.query("SELECT key_ids FROM events WHERE position = 4", &[]).await.unwrap()[0].bytes(0).unwrap();
    let spoil = "UPDATE events SET key_ids = $1 WHERE position = 4";
    change(&tables, spoil, &[vec![1_u8, 2, 3].into()]).await;
    let mut walk = Walk::new(place.journal().await, None, None, 1);
    for position in 1..=3 {
        assert_eq!(walk.next().await.unwrap().next, Some(Position::sequence(position)));
    }
    for _ in 0..2 {
        assert!(walk.next().await.is_err());
        assert_eq!(walk.at(), Some(Position::sequence(3)));
    }
    change(&tables, spoil, &[kept.into()]).await;
    for position in 4..=5 {
        assert_eq!(walk.next().await.unwrap().next, Some(Position::sequence(position)));
    }
}
