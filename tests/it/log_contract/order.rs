//! The order of the log while transactions are open: whoever has taken a position and not committed is waited for, so that
//! no reader ever sees a later event before an earlier one.

use super::concurrency::{insist, tail};
use crate::support::{NOW, Place, append_one, batch, everything, on_both};
use candor::store::chain::Hash;
use candor::store::error::StoreError;
use candor::store::log::{Expected, Head};
use candor::store::sql::{Sql, SqlTx};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

on_both!(
    a_reader_sees_every_event_once_whoever_holds_its_transaction_open,
    an_older_transaction_with_a_later_position_is_not_skipped,
    a_position_that_was_taken_and_given_back_is_given_again,
);

/// The statement by which an event is written; the databases keep an id in columns of their own types.
macro_rules! insert {
    ($id:literal) => {
        concat!(
            "INSERT INTO events (position, stream, revision, event_id, type, schema_version, recorded_at, key_ids, body,
                                 body_digest, prev_hash, hash)
             SELECT position, $1, $2, ",
            $id,
            ", $4, 1, $5, $6, $7, $8, $9, $10
             FROM log_head"
        )
    };
}

/// Writes one event as another process would: takes the next position first, under the lock of the log's end.
async fn append_in(tx: &mut SqlTx, postgres: bool, stream: &str, key: &str) -> Result<u64, StoreError> {
    tx.execute("UPDATE log_head SET position = position + 1", &[]).await?;
    let last = "SELECT revision, hash FROM events WHERE stream = $1 ORDER BY revision DESC LIMIT 1";
    let rows = tx.query(last, &[stream.into()]).await?;
    let head = rows.first().map(|row| Head {
        revision: row.int(0).unwrap().cast_unsigned(),
        hash: Hash::try_from(row.bytes(1).unwrap().as_slice()).unwrap(),
    });
    let batch = batch(stream, head, key, &[key.as_bytes()]);
    let event = &batch[0];
    let statement = if postgres { insert!("CAST(ENCODE($3, 'hex') AS UUID)") } else { insert!("$3") };
    let key_ids: Vec<u8> = event.key_ids.iter().flat_map(uuid::Uuid::as_bytes).copied().collect();
    let values = [
        stream.into(),
        event.revision.cast_signed().into(),
        event.event_id.as_bytes().as_slice().into(),
        event.event_type.as_str().into(),
        NOW.into(),
        key_ids.into(),
        event.body.as_slice().into(),
        event.body_digest.as_bytes().as_slice().into(),
        event.prev_hash.as_bytes().as_slice().into(),
        event.hash.as_bytes().as_slice().into(),
    ];
    tx.execute(statement, &values).await?;
    Ok(tx.query("SELECT position FROM log_head", &[]).await?[0].int(0)?.cast_unsigned())
}

/// An append that stands between its position and its commit: it is undone when `commit` is dropped.
struct Held {
    position: u64,
    commit: oneshot::Sender<()>,
    done: JoinHandle<Result<(), StoreError>>,
}

/// Takes a position and holds the transaction open. What comes first in it waits for `go_on`.
async fn hold(tables: &Sql, stream: &str, key: &str, go_on: Option<oneshot::Receiver<()>>) -> Held {
    let (taken, has_taken) = oneshot::channel();
    let (commit, may_commit) = oneshot::channel::<()>();
    let (tables, stream, key) = (tables.clone(), stream.to_owned(), key.to_owned());
    let done = tokio::spawn(async move {
        let postgres = tables.is_postgres();
        let unit = tables.write(move |tx| {
            Box::pin(async move {
                if let Some(go_on) = go_on {
                    // A number of its own, lower than that of every transaction that comes after.
                    tx.query("SELECT CAST(pg_current_xact_id() AS TEXT)", &[]).await?;
                    go_on.await.map_err(StoreError::unavailable)?;
                }
                let position = append_in(tx, postgres, &stream, &key).await?;
                let _ = taken.send(position);
                may_commit.await.map_err(StoreError::unavailable)
            })
        });
        unit.await
    });
    Held { position: has_taken.await.unwrap(), commit, done }
}

async fn a_reader_sees_every_event_once_whoever_holds_its_transaction_open(place: &Place) {
    let logs = [place.log().await, place.log().await];
    let done = Arc::new(AtomicBool::new(false));
    let reader = tail(place.log().await, Arc::clone(&done));
    let mut writers = Vec::new();
    for writer in 0..4_u64 {
        let tables = place.tables().await;
        writers.push(tokio::spawn(async move {
            let mut chance = ChaCha8Rng::seed_from_u64(writer);
            let mut committed = Vec::new();
            for number in 0..20 {
                let held = hold(&tables, &format!("held-{writer}"), &number.to_string(), None).await;
                tokio::time::sleep(Duration::from_micros(u64::from(chance.next_u32() % 4_000))).await;
                // One in five is given up.
                if chance.next_u32().is_multiple_of(5) {
                    drop(held.commit);
                    held.done.await.unwrap().unwrap_err();
                } else {
                    held.commit.send(()).unwrap();
                    held.done.await.unwrap().unwrap();
                    committed.push(held.position);
                }
            }
            committed
        }));
        let log = Arc::clone(&logs[usize::try_from(writer % 2).unwrap()]);
        writers.push(tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for number in 0..20 {
                // Half of the streams are shared between the two processes.
                let stream = if number % 2 == 0 { "shared".to_owned() } else { format!("own-{writer}") };
                acknowledged.push(insist(&*log, &stream, &format!("{writer} {number}")).await.number());
            }
            acknowledged
        }));
    }
    let mut acknowledged = HashSet::new();
    for writer in writers {
        for position in writer.await.unwrap() {
            assert!(acknowledged.insert(position), "{position} was given twice");
        }
    }
    done.store(true, Ordering::SeqCst);
    let seen: Vec<u64> = reader.await.unwrap().iter().map(|position| position.number()).collect();
    assert!(seen.iter().copied().eq(1..=acknowledged.len() as u64), "{seen:?}");
    assert_eq!(acknowledged, seen.into_iter().collect());
    let verified = candor::store::verify::verify(&*logs[0], None, &mut |_| {}).await.unwrap();
    assert_eq!((verified.faults, verified.events), (0, acknowledged.len() as u64));
}

async fn an_older_transaction_with_a_later_position_is_not_skipped(place: &Place) {
    let log = place.log().await;
    let token = append_one(&*log, "person-1", "first").await.position;
    let tables = place.tables().await;
    let (go_on, may_go_on) = oneshot::channel();
    let mut positions = vec![1];
    // In SQLite a transaction that may write shuts out every other from its beginning.
    let older = if place.is_postgres() {
        let older = tokio::spawn(async move { hold(&tables, "person-2", "older", Some(may_go_on)).await });
        wait_for_an_open_transaction(place).await;
        positions.push(append_one(&*log, "person-1", "younger").await.position.number());
        go_on.send(()).unwrap();
        older.await.unwrap()
    } else {
        hold(&tables, "person-2", "older", None).await
    };
    positions.push(older.position);
    // Its position is taken: nobody is given a later one, and nobody sees past it.
    let waiting = {
        let log = Arc::clone(&log);
        tokio::spawn(async move { insist(&*log, "person-3", "last").await.number() })
    };
    assert_eq!(everything(&*log, 100).await.len() as u64, older.position - 1);
    older.commit.send(()).unwrap();
    older.done.await.unwrap().unwrap();
    positions.push(waiting.await.unwrap());
    assert!(positions.iter().copied().eq(1..=positions.len() as u64), "{positions:?}");
    let page = log.read_all(Some(token), 100).await.unwrap();
    assert!(page.events.iter().map(|event| event.position.number()).eq(positions[1..].iter().copied()));
    if place.is_postgres() {
        let numbers =
            "SELECT CAST(CAST(xmin AS TEXT) AS BIGINT) FROM events WHERE position IN (2, 3) ORDER BY position";
        let rows = place.tables().await.query(numbers, &[]).await.unwrap();
        assert!(rows[1].int(0).unwrap() < rows[0].int(0).unwrap(), "the later position is of the older transaction");
    }
}

/// Waits until a transaction with a number of its own is open in this database.
async fn wait_for_an_open_transaction(place: &Place) {
    let tables = place.tables().await;
    let open = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL";
    while tables.query(open, &[]).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn a_position_that_was_taken_and_given_back_is_given_again(place: &Place) {
    let log = place.log().await;
    append_one(&*log, "person-1", "first").await;
    let tables = place.tables().await;
    for stream in ["person-1", "person-2"] {
        let held = hold(&tables, stream, "never", None).await;
        let position = held.position;
        let waiting = {
            let log = Arc::clone(&log);
            tokio::spawn(async move { insist(&*log, "person-1", &format!("after {position}")).await.number() })
        };
        drop(held.commit);
        held.done.await.unwrap().unwrap_err();
        assert_eq!(waiting.await.unwrap(), position);
    }
    assert_eq!(log.head("person-2").await.unwrap(), None);
    let first = batch("person-2", None, "never", &[b"x"]);
    assert_eq!(log.append("person-2", Expected::NoStream, first).await.unwrap().position.number(), 4);
}
