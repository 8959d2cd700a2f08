//! Expectations, atomicity and limits of an append.

use crate::support::{Place, append_one, batch, batch_with_ids, everything, on_each};
use candor::store::log::{AppendError, Expected, Head, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, ReadError};
use uuid::Uuid;

on_each!(
    the_first_event_of_a_stream_has_revision_0,
    a_stream_that_exists_is_a_conflict_for_who_expects_none,
    only_the_exact_head_is_accepted,
    a_missing_stream_is_a_conflict_for_who_expects_one,
    a_batch_is_appended_whole_or_not_at_all,
    an_empty_batch_is_refused,
    the_limits_of_a_batch_are_kept_to_the_byte,
    a_batch_that_does_not_continue_the_chain_is_refused,
    a_closed_stream_takes_nothing_and_keeps_what_it_has;
    sql: what_is_written_cannot_be_changed_or_deleted,
);

fn conflict(result: Result<candor::store::log::Appended, AppendError>) -> Option<u64> {
    match result {
        Err(AppendError::Conflict { actual }) => actual,
        other => panic!("no conflict: {other:?}"),
    }
}

async fn the_first_event_of_a_stream_has_revision_0(place: &Place) {
    let log = place.log().await;
    let appended =
        log.append("person-1", Expected::NoStream, batch("person-1", None, "a", &[b"1", b"2"])).await.unwrap();
    assert_eq!((appended.first_revision, appended.last_revision), (0, 1));
    assert_ne!(appended.replayed, Some(true));
    assert_eq!(log.last_position().await.unwrap(), Some(appended.position));
}

async fn a_stream_that_exists_is_a_conflict_for_who_expects_none(place: &Place) {
    let log = place.log().await;
    append_one(&*log, "person-1", "a").await;
    let second = batch("person-1", None, "b", &[b"2"]);
    assert_eq!(conflict(log.append("person-1", Expected::NoStream, second).await), Some(0));
}

async fn only_the_exact_head_is_accepted(place: &Place) {
    let log = place.log().await;
    let mut last = append_one(&*log, "person-1", "a").await;
    for key in ["b", "c"] {
        last = append_one(&*log, "person-1", key).await;
    }
    assert_eq!(last.revision, 2);
    for wrong in [0, 1, 3, 4, u64::MAX / 2] {
        let head = Head { revision: wrong, hash: last.hash };
        let events = batch("person-1", Some(head), "d", &[b"4"]);
        assert_eq!(conflict(log.append("person-1", Expected::Exact(wrong), events).await), Some(2), "{wrong}");
    }
    assert_eq!(append_one(&*log, "person-1", "d").await.revision, 3);
}

async fn a_missing_stream_is_a_conflict_for_who_expects_one(place: &Place) {
    let log = place.log().await;
    let other = append_one(&*log, "person-1", "a").await;
    let head = Head { revision: 0, hash: other.hash };
    let events = batch("person-2", Some(head), "a", &[b"2"]);
    assert_eq!(conflict(log.append("person-2", Expected::Exact(0), events).await), None);
}

async fn a_batch_is_appended_whole_or_not_at_all(place: &Place) {
    let log = place.log().await;
    let taken = append_one(&*log, "person-1", "a").await;
    let before = log.last_position().await.unwrap();
    // On a cluster an id is compared with those of its own stream.
    if !place.is_cluster() {
        let ids = [Uuid::from_u128(1), taken.event_id, Uuid::from_u128(2)];
        let events = batch_with_ids("person-2", None, &ids, &[b"1", b"2", b"3"]);
        assert_eq!(conflict(log.append("person-2", Expected::NoStream, events).await), None);
    }
    let twins = [Uuid::from_u128(3), Uuid::from_u128(3)];
    let events = batch_with_ids("person-2", None, &twins, &[b"1", b"2"]);
    assert_eq!(conflict(log.append("person-2", Expected::NoStream, events).await), None);
    assert_eq!(log.last_position().await.unwrap(), before);
    assert_eq!(log.head("person-2").await.unwrap(), None);
    let next = append_one(&*log, "person-2", "b").await;
    assert_eq!(everything(&*log, 10).await, [taken, next]);
}

async fn an_empty_batch_is_refused(place: &Place) {
    let log = place.log().await;
    let refused = log.append("person-1", Expected::NoStream, [].into()).await;
    assert!(matches!(refused, Err(AppendError::Empty)));
}

async fn the_limits_of_a_batch_are_kept_to_the_byte(place: &Place) {
    let log = place.log().await;
    let small = batch("person-1", None, "a", &[b""]);
    let overhead = small[0].event_type.len() + 16 * small[0].key_ids.len();
    let body = vec![7; MAX_BATCH_BYTES - overhead + 1];
    let refused = log.append("person-1", Expected::NoStream, batch("person-1", None, "a", &[&body])).await;
    assert!(matches!(refused, Err(AppendError::TooLarge)));
    let fits = batch("person-1", None, "a", &[&body[1..]]);
    log.append("person-1", Expected::NoStream, fits).await.unwrap();

    let bodies: Vec<&[u8]> = vec![b"x"; MAX_BATCH_EVENTS + 1];
    let refused = log.append("person-2", Expected::NoStream, batch("person-2", None, "a", &bodies)).await;
    assert!(matches!(refused, Err(AppendError::TooLarge)));
    let fits = batch("person-2", None, "a", &bodies[1..]);
    let appended = log.append("person-2", Expected::NoStream, fits).await.unwrap();
    assert_eq!(appended.last_revision, MAX_BATCH_EVENTS as u64 - 1);
    assert_eq!(everything(&*log, 300).await.len(), MAX_BATCH_EVENTS + 1);
}

async fn a_batch_that_does_not_continue_the_chain_is_refused(place: &Place) {
    let log = place.log().await;
    let first = append_one(&*log, "person-1", "a").await;
    let forked = Head { revision: 0, hash: first.body_digest };
    let events = batch("person-1", Some(forked), "b", &[b"2"]);
    let refused = log.append("person-1", Expected::Exact(0), events).await;
    assert!(matches!(refused, Err(AppendError::Inconsistent(_))), "{refused:?}");
    let mut events = batch("person-2", None, "a", &[b"1", b"2"]).to_vec();
    events.swap(0, 1);
    let refused = log.append("person-2", Expected::NoStream, events.into()).await;
    assert!(matches!(refused, Err(AppendError::Inconsistent(_))));
}

async fn a_closed_stream_takes_nothing_and_keeps_what_it_has(place: &Place) {
    let log = place.log().await;
    assert!(matches!(log.close("person-1").await, Err(ReadError::NotFound)));
    let first = append_one(&*log, "person-1", "a").await;
    let other = place.log().await;
    // Who remembers where the stream ends takes notice too.
    let last = append_one(&*other, "person-1", "b").await;
    log.close("person-1").await.unwrap();
    log.close("person-1").await.unwrap();
    let head = Head { revision: 1, hash: last.hash };
    for log in [&other, &log] {
        let refused = log.append("person-1", Expected::Exact(1), batch("person-1", Some(head), "c", &[b"3"])).await;
        assert!(matches!(refused, Err(AppendError::Closed)), "{refused:?}");
        let repeated = log.append("person-1", Expected::NoStream, batch("person-1", None, "a", &[b"a"])).await;
        assert_ne!(repeated.unwrap().replayed, Some(false));
    }
    assert_eq!(everything(&*log, 10).await, [first, last]);
}

async fn what_is_written_cannot_be_changed_or_deleted(place: &Place) {
    let log = place.log().await;
    append_one(&*log, "person-1", "a").await;
    let tables = place.tables().await;
    for sql in [
        "DELETE FROM events",
        "UPDATE events SET body = body",
        "UPDATE events SET type = 'other'",
        "UPDATE events SET body = NULL, type = 'other'",
        "UPDATE events SET recorded_at = recorded_at + 1, body = NULL",
    ] {
        let refused = tables.write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await })).await;
        assert!(refused.is_err(), "{sql}");
    }
    assert_eq!(log.erase_bodies("person-1").await.unwrap(), 1);
    assert_eq!(log.erase_bodies("person-1").await.unwrap(), 0);
    assert_eq!(everything(&*log, 10).await[0].body, None);
}
