//! Reading one stream and reading all of them.

use crate::support::{Place, append_one, batch, check_positions, everything, on_each};
use candor::store::chain::Hash;
use candor::store::log::{AppendError, Direction, Expected, Head, Position, ReadError};
use std::collections::HashMap;

on_each!(
    a_stream_is_paged_both_ways_without_gaps_or_repetitions,
    a_missing_stream_is_not_found_rather_than_empty,
    bodies_come_back_byte_for_byte,
    a_page_of_large_events_ends_before_it_is_too_large,
    a_page_of_a_stream_of_large_events_does_too,
    an_event_can_be_read_as_soon_as_its_append_returns,
    the_global_order_rises_and_keeps_each_streams_order,
    reading_on_from_any_token_gives_every_later_event_once,
    waiting_readers_are_woken;
    sql: the_schema_goes_up_down_and_up_again_with_data_in_it,
    where_streams_end_and_which_are_closed_outlives_a_step_back,
);

async fn a_stream_is_paged_both_ways_without_gaps_or_repetitions(place: &Place) {
    let log = place.log().await;
    let bodies: Vec<&[u8]> = vec![b"x"; 25];
    log.append("person-1", Expected::NoStream, batch("person-1", None, "a", &bodies)).await.unwrap();
    append_one(&*log, "person-2", "a").await;
    for limit in [1, 7, 25, 100] {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let mut from = 0;
        loop {
            let page = log.read_stream("person-1", from, Direction::Forward, limit).await.unwrap();
            assert_eq!(page.head.revision, 24);
            let Some(last) = page.events.last() else { break };
            from = last.revision + 1;
            up.extend(page.events.iter().map(|event| event.revision));
        }
        let mut from = Some(u64::MAX);
        while let Some(revision) = from {
            let page = log.read_stream("person-1", revision, Direction::Backward, limit).await.unwrap();
            down.extend(page.events.iter().map(|event| event.revision));
            from = page.events.last().and_then(|event| event.revision.checked_sub(1));
        }
        assert!(up.iter().copied().eq(0..25), "{limit}");
        assert!(down.iter().copied().eq((0..25).rev()), "{limit}");
    }
}

async fn a_missing_stream_is_not_found_rather_than_empty(place: &Place) {
    let log = place.log().await;
    let missing = log.read_stream("person-1", 0, Direction::Forward, 10).await;
    assert!(matches!(missing, Err(ReadError::NotFound)));
    assert_eq!(log.head("person-1").await.unwrap(), None);
    assert_eq!(log.last_position().await.unwrap(), None);
    let page = log.read_all(None, 10).await.unwrap();
    assert!(page.caught_up && page.events.is_empty() && page.next.is_none());
}

async fn bodies_come_back_byte_for_byte(place: &Place) {
    let log = place.log().await;
    let large: Vec<u8> = (0..1_000_000_u32).map(|index| (index * 7 % 256) as u8).collect();
    let bodies: [&[u8]; 5] = [b"", b"\0\0", b"a\0b", b"\xff\xfe\xc3\x28", &large];
    let events = batch("person-1", None, "a", &bodies);
    log.append("person-1", Expected::NoStream, events.clone()).await.unwrap();
    let page = log.read_stream("person-1", 0, Direction::Forward, 10).await.unwrap();
    assert_eq!(page.events.len(), 5);
    for (stored, sent) in page.events.iter().zip(events.iter()) {
        assert!(stored.body.as_ref() == Some(&sent.body));
        assert_eq!(stored.event_id, sent.event_id);
        assert_eq!(stored.event_type, sent.event_type);
        assert_eq!(stored.schema_version, sent.schema_version);
        assert_eq!(stored.recorded_at, sent.recorded_at);
        assert_eq!(stored.key_ids, sent.key_ids);
        assert_eq!(stored.body_digest, sent.body_digest);
        assert_eq!(stored.prev_hash, sent.prev_hash);
        assert_eq!(stored.hash, sent.hash);
    }
}

async fn a_page_of_large_events_ends_before_it_is_too_large(place: &Place) {
    let log = place.log().await;
    let large = vec![7; 900_000];
    for number in 1..=14 {
        let stream = format!("person-{number}");
        log.append(&stream, Expected::NoStream, batch(&stream, None, "a", &[&large])).await.unwrap();
    }
    // Bodies that are gone weigh nothing, before the end of the page and behind it.
    let erased = if place.is_cluster() { &[][..] } else { &["person-1", "person-13"] };
    for stream in erased {
        assert_eq!(log.erase_bodies(stream).await.unwrap(), 1);
    }
    let page = log.read_all(None, 100).await.unwrap();
    // Eight mebibytes, and the event that goes beyond them.
    assert_eq!((page.events.len(), page.caught_up), (if erased.is_empty() { 10 } else { 11 }, false));
    let rest = log.read_all(page.next, 100).await.unwrap();
    let streams: Vec<_> = page.events.into_iter().chain(rest.events).map(|event| event.stream).collect();
    assert!(streams.into_iter().eq((1..=14).map(|number| format!("person-{number}"))));
    assert!(rest.caught_up);
}

async fn a_page_of_a_stream_of_large_events_does_too(place: &Place) {
    let log = place.log().await;
    let (large, mut head) = (vec![7; 900_000], None);
    for number in 0..14 {
        let events = batch("person-1", head, &number.to_string(), &[&large]);
        let expected = head.map_or(Expected::NoStream, |head: Head| Expected::Exact(head.revision));
        head = events.last().map(|event| event.head());
        log.append("person-1", expected, events).await.unwrap();
    }
    for (direction, from, behind) in [(Direction::Forward, 0, 10), (Direction::Backward, u64::MAX, 3)] {
        let page = log.read_stream("person-1", from, direction, 100).await.unwrap();
        let rest = log.read_stream("person-1", behind, direction, 100).await.unwrap();
        assert_eq!([page.events.len(), rest.events.len()], [10, 4]);
        assert_eq!([Some(page.head), Some(rest.head)], [head; 2]);
        let mut revisions: Vec<_> = page.events.into_iter().chain(rest.events).map(|event| event.revision).collect();
        if direction == Direction::Backward {
            revisions.reverse();
        }
        assert!(revisions.into_iter().eq(0..14));
    }
}

async fn an_event_can_be_read_as_soon_as_its_append_returns(place: &Place) {
    let log = place.log().await;
    let other = place.log().await;
    for number in 0..30 {
        let event = append_one(&*log, "person-1", &number.to_string()).await;
        for log in [&log, &other] {
            assert_eq!(log.head("person-1").await.unwrap().map(|head| head.hash), Some(event.hash));
            assert_eq!(log.last_position().await.unwrap(), Some(event.position));
        }
    }
}

async fn the_global_order_rises_and_keeps_each_streams_order(place: &Place) {
    let log = place.log().await;
    for number in 0..40 {
        append_one(&*log, &format!("person-{}", number * 7 % 5), &number.to_string()).await;
    }
    let all = everything(&*log, 9).await;
    assert_eq!(all.len(), 40);
    check_positions(&*log, &all);
    let mut next: HashMap<String, u64> = HashMap::new();
    for event in all {
        let revision = next.entry(event.stream).or_default();
        assert_eq!(event.revision, *revision);
        *revision += 1;
    }
}

async fn reading_on_from_any_token_gives_every_later_event_once(place: &Place) {
    let log = place.log().await;
    for number in 0..12 {
        append_one(&*log, &format!("person-{}", number % 3), &number.to_string()).await;
    }
    let all = everything(&*log, 100).await;
    let mut token: Option<Position> = None;
    for read in 0..=12 {
        for limit in [1, 5, 12] {
            let mut rest = Vec::new();
            let mut after = token;
            loop {
                let page = log.read_all(after, limit).await.unwrap();
                after = page.next;
                rest.extend(page.events);
                if page.caught_up {
                    break;
                }
            }
            assert_eq!(rest, all[read..]);
        }
        // A token survives being written down.
        token = all.get(read).map(|event| event.position.to_string().parse().unwrap());
    }
}

async fn waiting_readers_are_woken(place: &Place) {
    let log = place.log().await;
    let mut wake = log.wake();
    let waiting = tokio::spawn(async move { wake.changed().await.is_ok() });
    append_one(&*log, "person-1", "a").await;
    assert!(waiting.await.unwrap());
    assert_eq!(log.capabilities().gapless_positions, !place.is_cluster());
}

async fn the_schema_goes_up_down_and_up_again_with_data_in_it(place: &Place) {
    append_one(&*place.log().await, "person-1", "a").await;
    // Steps back take the counts of refusals and the pointer of the read models, and leave the events.
    place.migrate_down(2).await;
    let tables = place.tables().await;
    assert!(tables.query("SELECT rule FROM refusals", &[]).await.is_err());
    assert!(tables.query("SELECT name FROM projection_active", &[]).await.is_ok());
    place.migrate_down(1).await;
    assert!(tables.query("SELECT name FROM projection_active", &[]).await.is_err());
    assert_eq!(tables.query("SELECT position FROM events", &[]).await.unwrap().len(), 1);
    tables.close().await;
    let log = place.log().await;
    assert_eq!(append_one(&*log, "person-1", "b").await.position.number(), 2);
    place.migrate_down(0).await;
    let log = place.log().await;
    assert_eq!(log.last_position().await.unwrap(), None);
    assert_eq!(append_one(&*log, "person-1", "a").await.position.number(), 1);
    assert_eq!(everything(&*place.log().await, 10).await.len(), 1);
}

async fn where_streams_end_and_which_are_closed_outlives_a_step_back(place: &Place) {
    let log = place.log().await;
    append_one(&*log, "person-1", "a").await;
    append_one(&*log, "person-1", "b").await;
    append_one(&*log, "person-2", "a").await;
    log.close("person-2").await.unwrap();
    let ends = [log.head("person-1").await.unwrap().unwrap(), log.head("person-2").await.unwrap().unwrap()];
    place.migrate_down(7).await;
    let tables = place.tables().await;
    let rows = tables.query("SELECT revision, hash, status FROM streams ORDER BY stream", &[]).await.unwrap();
    let written = |row: &candor::store::sql::Row| {
        let hash = Hash::try_from(row.bytes(1).unwrap().as_slice()).unwrap();
        (Head { revision: row.int(0).unwrap().cast_unsigned(), hash }, row.text(2).unwrap())
    };
    let rows: Vec<_> = rows.iter().map(written).collect();
    assert_eq!(rows, [(ends[0], "open".to_owned()), (ends[1], "erased".to_owned())]);
    tables.close().await;
    let log = place.log().await;
    let closed = log.append("person-2", Expected::Exact(0), batch("person-2", Some(ends[1]), "b", &[b"late"])).await;
    assert!(matches!(closed, Err(AppendError::Closed)), "{closed:?}");
    assert_eq!(append_one(&*log, "person-1", "c").await.position.number(), 4);
}
