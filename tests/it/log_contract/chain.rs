//! Whatever is edited behind the log's back, the walk names the place.

use crate::support::{Place, append_one, batch, everything, on_each};
use candor::engine::ports::checkpoint::Anchor;
use candor::store::error::StoreError;
use candor::store::log::{EventLog, Expected};
use candor::store::sql::{Sql, Value};
use candor::store::verify::{Fault, Rule, Step, verify};
use std::sync::Arc;

on_each!(
    an_untouched_log_has_no_fault;
    sql: a_flipped_byte_is_named_wherever_it_is,
    a_changed_number_is_named,
    a_removed_event_is_named,
    an_event_before_the_first_is_named,
    a_swapped_order_is_named,
    an_unreadable_row_is_named_and_the_walk_goes_on,
    the_end_of_a_stream_that_is_cut_off_is_named,
    a_moved_end_is_named,
    an_erased_body_leaves_a_chain_that_verifies,
);

async fn faults(place: &Place) -> Vec<(u64, Rule)> {
    faults_against(place, None).await
}

/// The faults of a log, compared with a checkpoint.
pub(super) async fn faults_against(place: &Place, anchor: Option<Anchor>) -> Vec<(u64, Rule)> {
    let mut faults: Vec<Fault> = Vec::new();
    verify(&*place.log().await, anchor, &mut |step| {
        if let Step::Fault(fault) = step {
            faults.push(fault);
        }
    })
    .await
    .unwrap();
    faults.iter().map(|fault| (fault.position.map_or(0, |position| position.number()), fault.rule)).collect()
}

/// Five events of two streams; the third is the middle of the first stream.
pub(super) async fn five_events(place: &Place) -> Arc<dyn EventLog> {
    let log = place.log().await;
    log.append("person-1", Expected::NoStream, batch("person-1", None, "a", &[b"one", b"two", b"three", b"four"]))
        .await
        .unwrap();
    append_one(&*log, "person-2", "b").await;
    log
}

/// The same in tables that can be tampered with, at the positions 1 to 5.
pub(super) async fn five(place: &Place) -> Sql {
    five_events(place).await;
    tamperable(place).await
}

/// The tables of the log without what guards them.
pub(super) async fn tamperable(place: &Place) -> Sql {
    let tables = place.tables().await;
    for sql in if tables.is_postgres() {
        ["DROP TRIGGER events_are_never_changed ON events", "DROP TRIGGER events_are_never_truncated ON events"]
    } else {
        ["DROP TRIGGER events_are_never_changed", "DROP TRIGGER events_are_never_deleted"]
    } {
        change(&tables, sql, &[]).await;
    }
    tables
}

pub(super) async fn change(tables: &Sql, sql: &'static str, args: &[Value]) {
    let args = args.to_vec();
    let changed = tables.write(move |tx| Box::pin(async move { tx.execute(sql, &args).await })).await;
    changed.unwrap_or_else(|error: StoreError| panic!("{sql}: {error}"));
}

async fn an_untouched_log_has_no_fault(place: &Place) {
    assert_eq!(faults(place).await, []);
    five_events(place).await;
    assert_eq!(faults(place).await, []);
}

async fn a_flipped_byte_is_named_wherever_it_is(place: &Place) {
    let tables = five(place).await;
    for (read, write, rule) in [
        (
            "SELECT body FROM events WHERE position = 3",
            "UPDATE events SET body = $1 WHERE position = 3",
            Rule::BodyDigest,
        ),
        (
            "SELECT body_digest FROM events WHERE position = 3",
            "UPDATE events SET body_digest = $1 WHERE position = 3",
            Rule::Hash,
        ),
        (
            "SELECT prev_hash FROM events WHERE position = 3",
            "UPDATE events SET prev_hash = $1 WHERE position = 3",
            Rule::PreviousHash,
        ),
        ("SELECT hash FROM events WHERE position = 3", "UPDATE events SET hash = $1 WHERE position = 3", Rule::Hash),
        (
            "SELECT key_ids FROM events WHERE position = 3",
            "UPDATE events SET key_ids = $1 WHERE position = 3",
            Rule::Hash,
        ),
    ] {
        let original = tables.query(read, &[]).await.unwrap()[0].bytes(0).unwrap();
        for index in 0..original.len() {
            let mut flipped = original.clone();
            flipped[index] ^= 1 << (index % 8);
            change(&tables, write, &[flipped.into()]).await;
            let found = faults(place).await;
            assert_eq!(found.first(), Some(&(3, rule)), "{write} {index}: {found:?}");
        }
        change(&tables, write, &[original.into()]).await;
        assert_eq!(faults(place).await, []);
    }
}

async fn a_changed_number_is_named(place: &Place) {
    let tables = five(place).await;
    for (there, back) in [
        (
            "UPDATE events SET type = 'thing_happenee' WHERE position = 3",
            "UPDATE events SET type = 'thing_happened' WHERE position = 3",
        ),
        (
            "UPDATE events SET schema_version = 2 WHERE position = 3",
            "UPDATE events SET schema_version = 1 WHERE position = 3",
        ),
        (
            "UPDATE events SET recorded_at = recorded_at + 1 WHERE position = 3",
            "UPDATE events SET recorded_at = recorded_at - 1 WHERE position = 3",
        ),
        ("UPDATE events SET revision = 20 WHERE position = 3", "UPDATE events SET revision = 2 WHERE position = 3"),
        (
            "UPDATE events SET stream = 'person-3' WHERE position = 3",
            "UPDATE events SET stream = 'person-1' WHERE position = 3",
        ),
    ] {
        change(&tables, there, &[]).await;
        assert_eq!(faults(place).await.first().map(|(position, _)| *position), Some(3), "{there}");
        change(&tables, back, &[]).await;
        assert_eq!(faults(place).await, []);
    }
    let other_id = if tables.is_postgres() {
        "UPDATE events SET event_id = '00000000-0000-0000-0000-000000000001' WHERE position = 3"
    } else {
        "UPDATE events SET event_id = x'00000000000000000000000000000001' WHERE position = 3"
    };
    change(&tables, other_id, &[]).await;
    assert_eq!(faults(place).await, [(3, Rule::Hash)]);
}

async fn a_removed_event_is_named(place: &Place) {
    let tables = five(place).await;
    change(&tables, "DELETE FROM events WHERE position = 3", &[]).await;
    let found = faults(place).await;
    assert_eq!(found[..2], [(4, Rule::PositionGap), (4, Rule::RevisionGap)]);
    change(&tables, "DELETE FROM events WHERE position = 5", &[]).await;
    assert!(faults(place).await.contains(&(5, Rule::LogHead)));
}

async fn an_event_before_the_first_is_named(place: &Place) {
    let tables = five(place).await;
    let before = if tables.is_postgres() {
        "INSERT INTO events SELECT 0, stream, 4, '00000000-0000-0000-0000-000000000001', type, schema_version, recorded_at,
                                   key_ids, body, body_digest, prev_hash, hash
         FROM events WHERE position = 4"
    } else {
        "INSERT INTO events SELECT 0, stream, 4, x'00000000000000000000000000000001', type, schema_version, recorded_at,
                                   key_ids, body, body_digest, prev_hash, hash
         FROM events WHERE position = 4"
    };
    change(&tables, before, &[]).await;
    assert_eq!(faults(place).await.first(), Some(&(0, Rule::PositionGap)));
}

async fn a_swapped_order_is_named(place: &Place) {
    let tables = five(place).await;
    for sql in [
        "UPDATE events SET position = 99 WHERE position = 3",
        "UPDATE events SET position = 3 WHERE position = 4",
        "UPDATE events SET position = 4 WHERE position = 99",
    ] {
        change(&tables, sql, &[]).await;
    }
    assert_eq!(faults(place).await.first(), Some(&(3, Rule::RevisionGap)));
}

async fn an_unreadable_row_is_named_and_the_walk_goes_on(place: &Place) {
    let tables = five(place).await;
    change(&tables, "UPDATE events SET key_ids = $1 WHERE position = 3", &[vec![1_u8, 2, 3].into()]).await;
    change(&tables, "UPDATE events SET body = $1 WHERE position = 5", &[vec![9_u8].into()]).await;
    let found = faults(place).await;
    assert_eq!(found.first(), Some(&(3, Rule::Unreadable)));
    assert_eq!(found.last(), Some(&(5, Rule::BodyDigest)));
}

async fn the_end_of_a_stream_that_is_cut_off_is_named(place: &Place) {
    let tables = five(place).await;
    change(&tables, "DELETE FROM events WHERE position = 4", &[]).await;
    assert_eq!(faults(place).await, [(5, Rule::PositionGap)]);
}

async fn a_moved_end_is_named(place: &Place) {
    let tables = five(place).await;
    for (end, at) in [("UPDATE log_head SET position = 4", 5), ("UPDATE log_head SET position = 6", 6)] {
        change(&tables, end, &[]).await;
        assert!(faults(place).await.contains(&(at, Rule::LogHead)), "{end}");
    }
}

async fn an_erased_body_leaves_a_chain_that_verifies(place: &Place) {
    let log = place.log().await;
    append_one(&*log, "person-1", "a").await;
    let kept = append_one(&*log, "person-2", "a").await;
    assert_eq!(log.erase_bodies("person-1").await.unwrap(), 1);
    assert_eq!(faults(place).await, []);
    assert_eq!(everything(&*log, 10).await[1], kept);
}
