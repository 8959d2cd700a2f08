//! A retry gives the first answer and leaves one copy.

use crate::support::{Place, append_one, batch, batch_with_ids, everything, on_each};
use candor::store::event_id::event_ids;
use candor::store::log::{AppendError, Direction, Expected, Head};

on_each!(
    an_identical_retry_gives_the_first_answer_and_leaves_one_copy,
    a_retry_that_meets_its_original_in_one_group_is_answered_like_it,
    a_partial_overlap_is_a_conflict,
    a_shorter_or_longer_retry_of_a_command_is_a_conflict,
    the_first_bytes_win;
    sql: ids_used_in_another_stream_are_a_conflict,
);

async fn an_identical_retry_gives_the_first_answer_and_leaves_one_copy(place: &Place) {
    let log = place.log().await;
    let first = append_one(&*log, "person-1", "first").await;
    let head = Head { revision: 0, hash: first.hash };
    let events = batch("person-1", Some(head), "again", &[b"1", b"2", b"3"]);
    let original = log.append("person-1", Expected::Exact(0), events.clone()).await.unwrap();
    let repeated = log.append("person-1", Expected::Exact(0), events.clone()).await.unwrap();
    assert_ne!(repeated.replayed, Some(false));
    for round in 0..10 {
        let stream = format!("person-{}", 2 + round % 3);
        let bodies: Vec<&[u8]> = vec![b"x"; 100];
        let head = log.head(&stream).await.unwrap();
        let expected = head.map_or(Expected::NoStream, |head| Expected::Exact(head.revision));
        let filler = batch(&stream, head, &format!("filler {round}"), &bodies);
        log.append(&stream, expected, filler).await.unwrap();
    }
    append_one(&*log, "person-1", "last").await;
    for log in [log, place.log().await] {
        let repeated = log.append("person-1", Expected::Exact(0), events.clone()).await.unwrap();
        assert_eq!(repeated.first_revision, original.first_revision);
        assert_eq!(repeated.last_revision, original.last_revision);
        assert_eq!(repeated.position, original.position);
        assert_eq!(everything(&*log, 500).await.len(), 1_005);
    }
}

async fn a_retry_that_meets_its_original_in_one_group_is_answered_like_it(place: &Place) {
    let log = place.log().await;
    let events = batch("person-1", None, "a", &[b"1", b"2"]);
    let tries = (0..20).map(|_| {
        let (log, events) = (log.clone(), events.clone());
        tokio::spawn(async move { log.append("person-1", Expected::NoStream, events).await })
    });
    let (mut fresh, mut positions) = (0, Vec::new());
    for one in tries.collect::<Vec<_>>() {
        let appended = one.await.unwrap().unwrap();
        assert_eq!((appended.first_revision, appended.last_revision), (0, 1));
        positions.push(appended.position);
        fresh += u32::from(appended.replayed == Some(false));
    }
    // A cluster does not tell which it was.
    assert_eq!(fresh, u32::from(!place.is_cluster()));
    let all = everything(&*log, 10).await;
    assert_eq!(all.len(), 2);
    assert!(positions.iter().all(|position| *position == all[1].position));
}

async fn a_partial_overlap_is_a_conflict(place: &Place) {
    let log = place.log().await;
    let ids = event_ids("person-1", "a", 4);
    let bodies: [&[u8]; 3] = [b"1", b"2", b"3"];
    log.append("person-1", Expected::NoStream, batch_with_ids("person-1", None, &ids[..3], &bodies)).await.unwrap();
    let page = log.read_stream("person-1", 0, Direction::Forward, 1).await.unwrap();
    let head = Head { revision: 0, hash: page.events[0].hash };
    let shifted = batch_with_ids("person-1", Some(head), &ids[1..], &bodies);
    let refused = log.append("person-1", Expected::Exact(0), shifted).await;
    assert!(matches!(refused, Err(AppendError::Conflict { actual: Some(2) })), "{refused:?}");
    let at_head = batch_with_ids("person-1", Some(page.head), &ids[2..], &bodies[..2]);
    let refused = log.append("person-1", Expected::Exact(2), at_head).await;
    assert!(matches!(refused, Err(AppendError::Conflict { actual: Some(2) })), "{refused:?}");
}

async fn a_shorter_or_longer_retry_of_a_command_is_a_conflict(place: &Place) {
    let log = place.log().await;
    let bodies: [&[u8]; 4] = [b"1", b"2", b"3", b"4"];
    log.append("person-1", Expected::NoStream, batch("person-1", None, "key", &bodies[..3])).await.unwrap();
    for length in [1, 2, 4] {
        let other = batch("person-1", None, "key", &bodies[..length]);
        let refused = log.append("person-1", Expected::NoStream, other).await;
        assert!(matches!(refused, Err(AppendError::Conflict { actual: Some(2) })), "{length}: {refused:?}");
    }
}

async fn the_first_bytes_win(place: &Place) {
    let log = place.log().await;
    log.append("person-1", Expected::NoStream, batch("person-1", None, "a", &[b"first"])).await.unwrap();
    let answer = log.append("person-1", Expected::NoStream, batch("person-1", None, "a", &[b"second"])).await.unwrap();
    assert_ne!(answer.replayed, Some(false));
    let all = everything(&*log, 10).await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].body.as_deref(), Some(b"first".as_slice()));
}

async fn ids_used_in_another_stream_are_a_conflict(place: &Place) {
    let log = place.log().await;
    let taken = append_one(&*log, "person-1", "a").await;
    let stolen = batch_with_ids("person-2", None, &[taken.event_id], &[b"a"]);
    let refused = log.append("person-2", Expected::NoStream, stolen).await;
    assert!(matches!(refused, Err(AppendError::Conflict { actual: None })), "{refused:?}");
}
