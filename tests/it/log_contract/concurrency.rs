//! Many writers, several processes, and readers in between.

use crate::support::{Place, append_one, batch, check_positions, everything, on_each};
use candor::store::log::{AppendError, EventLog, Expected, Position};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

on_each!(
    of_many_who_expect_the_same_exactly_one_wins,
    a_conflict_never_touches_the_others_of_its_group,
    two_processes_write_and_a_reader_sees_every_event_once,
    concurrent_appends_never_fork_a_chain,
    a_caller_that_goes_away_leaves_nothing_half_done;
    sql: whoever_begins_on_nothing_at_once_opens_the_same_log,
    an_idle_transaction_elsewhere_does_not_stop_the_reader,
    positions_stay_gapless_after_refused_appends,
);

/// Appends at the head until it succeeds; returns the position.
pub(super) async fn insist(log: &dyn EventLog, stream: &str, key: &str) -> Position {
    loop {
        let head = log.head(stream).await.unwrap();
        let expected = head.map_or(Expected::NoStream, |head| Expected::Exact(head.revision));
        match log.append(stream, expected, batch(stream, head, key, &[key.as_bytes()])).await {
            Ok(appended) => return appended.position,
            Err(AppendError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Reads on from where it was, until all is said to be done and nothing is left. Returns the positions in the order seen.
pub(super) fn tail(log: Arc<dyn EventLog>, done: Arc<AtomicBool>) -> tokio::task::JoinHandle<Vec<Position>> {
    tokio::spawn(async move {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let finished = done.load(Ordering::SeqCst);
            let page = log.read_all(after, 7).await.unwrap();
            after = page.next;
            seen.extend(page.events.iter().map(|event| event.position));
            if page.caught_up {
                if finished {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    })
}

async fn whoever_begins_on_nothing_at_once_opens_the_same_log(place: &Place) {
    let open = || place.log();
    let (a, b, c, d, e, f) = tokio::join!(open(), open(), open(), open(), open(), open());
    for (number, log) in [a, b, c, d, e, f].iter().enumerate() {
        append_one(&**log, &format!("person-{number}"), "a").await;
    }
    assert_eq!(everything(&*open().await, 100).await.len(), 6);
}

async fn of_many_who_expect_the_same_exactly_one_wins(place: &Place) {
    let logs = [place.log().await, place.log().await];
    append_one(&*logs[0], "person-1", "first").await;
    for round in 0..5_u64 {
        let head = logs[0].head("person-1").await.unwrap().unwrap();
        let tries: Vec<_> = (0..16)
            .map(|number| {
                let log = Arc::clone(&logs[number % 2]);
                let events = batch("person-1", Some(head), &format!("{round} {number}"), &[b"x"]);
                tokio::spawn(async move { log.append("person-1", Expected::Exact(head.revision), events).await })
            })
            .collect();
        let mut winners = 0;
        for one in tries {
            match one.await.unwrap() {
                Ok(_) => winners += 1,
                Err(AppendError::Conflict { actual }) => assert_eq!(actual, Some(round + 1)),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(winners, 1);
    }
    assert_eq!(everything(&*logs[1], 100).await.len(), 6);
}

async fn a_conflict_never_touches_the_others_of_its_group(place: &Place) {
    let log = place.log().await;
    append_one(&*log, "taken", "a").await;
    let tries: Vec<_> = (0..60)
        .map(|number| {
            let log = Arc::clone(&log);
            let stream = if number % 3 == 0 { "taken".to_owned() } else { format!("person-{number}") };
            let events = batch(&stream, None, &format!("{number}"), &[b"x"]);
            tokio::spawn(async move { (number, log.append(&stream, Expected::NoStream, events).await) })
        })
        .collect();
    for one in tries {
        let (number, outcome) = one.await.unwrap();
        assert_eq!(outcome.is_ok(), number % 3 != 0, "{number}: {outcome:?}");
    }
    assert_eq!(everything(&*log, 100).await.len(), 41);
}

async fn two_processes_write_and_a_reader_sees_every_event_once(place: &Place) {
    let logs = [place.log().await, place.log().await];
    let done = Arc::new(AtomicBool::new(false));
    let tail = tail(place.log().await, Arc::clone(&done));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let log = Arc::clone(&logs[writer % 2]);
            tokio::spawn(async move {
                let mut positions = Vec::new();
                for number in 0..25 {
                    // Half of the streams are shared between the two processes.
                    let stream = if number % 2 == 0 { "shared".to_owned() } else { format!("own-{writer}") };
                    positions.push(insist(&*log, &stream, &format!("{writer} {number}")).await);
                }
                positions
            })
        })
        .collect();
    let mut acknowledged = HashSet::new();
    for writer in writers {
        for position in writer.await.unwrap() {
            assert!(acknowledged.insert(position));
        }
    }
    done.store(true, Ordering::SeqCst);
    let seen = tail.await.unwrap();
    if !place.is_cluster() {
        assert!(seen.iter().map(|position| position.number()).eq(1..=200));
    }
    assert!(seen.is_sorted_by(|one, two| one < two));
    assert_eq!(acknowledged, seen.into_iter().collect());
}

async fn an_idle_transaction_elsewhere_does_not_stop_the_reader(place: &Place) {
    let log = place.log().await;
    append_one(&*log, "person-1", "a").await;
    let tables = place.tables().await;
    let (held, release) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let idle = {
        let (held, release, postgres) = (Arc::clone(&held), Arc::clone(&release), tables.is_postgres());
        let elsewhere = if postgres { tables } else { other_database(place).await };
        tokio::spawn(async move {
            elsewhere
                .write(move |tx| {
                    Box::pin(async move {
                        // Anything that gives the transaction a number of its own.
                        tx.execute("CREATE TABLE elsewhere (id BIGINT)", &[]).await?;
                        held.notify_one();
                        release.notified().await;
                        Ok::<_, candor::store::error::StoreError>(())
                    })
                })
                .await
        })
    };
    held.notified().await;
    for number in 0..5 {
        append_one(&*log, "person-1", &number.to_string()).await;
        assert_eq!(everything(&*log, 100).await.len(), number + 2);
    }
    release.notify_one();
    idle.await.unwrap().unwrap();
}

/// In SQLite every write to the log's own file waits for the one before; the idle one is another store's.
async fn other_database(place: &Place) -> candor::store::sql::Sql {
    let path = place.file().with_file_name("other.db");
    candor::store::sql::Sql::open_sqlite(&path, candor::store::sql::Durability::Full).await.unwrap()
}

async fn positions_stay_gapless_after_refused_appends(place: &Place) {
    let log = place.log().await;
    for number in 0..10_u64 {
        let first = append_one(&*log, "person-1", &number.to_string()).await;
        assert_eq!(first.position.number(), number + 1);
        for wrong in ["x", "y"] {
            let events = batch("person-1", None, &format!("{wrong} {number}"), &[b"x"]);
            assert!(log.append("person-1", Expected::NoStream, events).await.is_err());
        }
        let stolen = crate::support::batch_with_ids("person-2", None, &[first.event_id], &[b"x"]);
        assert!(log.append("person-2", Expected::NoStream, stolen).await.is_err());
    }
}

async fn concurrent_appends_never_fork_a_chain(place: &Place) {
    let logs = [place.log().await, place.log().await];
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let log = Arc::clone(&logs[writer % 2]);
            tokio::spawn(async move {
                for number in 0..10 {
                    insist(&*log, "person-1", &format!("{writer} {number}")).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut faults = Vec::new();
    let summary = candor::store::verify::verify(&*logs[0], None, &mut |step| {
        if let candor::store::verify::Step::Fault(fault) = step {
            faults.push(fault);
        }
    })
    .await
    .unwrap();
    assert_eq!(faults, []);
    assert_eq!((summary.events, summary.streams), (60, 1));
}

async fn a_caller_that_goes_away_leaves_nothing_half_done(place: &Place) {
    let log = place.log().await;
    for number in 0..200_u64 {
        let stream = format!("person-{number}");
        let events = batch(&stream, None, "a", &[b"1", b"2"]);
        let call = log.append(&stream, Expected::NoStream, events);
        let _ = tokio::time::timeout(Duration::from_micros(number * 13 % 700), call).await;
    }
    // In a database a last append waits for everything before it; on a cluster each comes whole whenever it comes.
    append_one(&*log, "last", "a").await;
    for number in 0..200 {
        if let Some(head) = log.head(&format!("person-{number}")).await.unwrap() {
            assert_eq!(head.revision, 1);
        }
    }
    let all = everything(&*log, 100).await;
    check_positions(&*log, &all);
}
