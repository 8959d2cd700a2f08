//! A checkpoint kept outside the log shows what the chain cannot: an end that was cut off, a stream that is gone, a log that
//! was written anew, each by somebody who mended positions and hashes behind them.

use std::fs;
use std::sync::Arc;

use candor::domain::Instant;
use candor::engine::ports::checkpoint::{Anchor, CheckpointError, Checkpoints as _, Kept, Reach};
use candor::engine::ports::jobs::{Claimed, NewJob, Priority, Queue as _, Steps, Turn};
use candor::jobs::grown::Grown;
use candor::jobs::handler::{Failure, Handler as _};
use candor::jobs::schedule::{Condition as _, Schedule};
use candor::jobs::tasks::{Keeping, Tasks};
use candor::store::checkpoint::{CheckpointFolder, Signer};
use candor::store::jobs::JobTables;
use candor::store::log::{Head, Leaf};
use candor::store::sql::{Sql, Value};
use candor::store::verify::Rule;
use chrono::TimeDelta;
use uuid::Uuid;

use super::chain::{change, faults_against, five, five_events};
use crate::support::{Place, append_one, batch, everything, on_each};

on_each!(
    hashes_are_read_as_the_events_hold_them,
    a_log_that_grows_continues_its_checkpoints,
    a_checkpoint_that_was_edited_or_is_of_another_key_is_refused;
    sql: an_erasure_leaves_the_checkpoint_as_it_is,
    an_end_that_was_cut_off_is_found,
    the_last_event_of_a_stream_that_was_taken_out_is_found,
    an_end_that_was_cut_off_and_grown_again_is_found,
    a_stream_that_was_removed_is_found,
    a_stream_that_was_written_anew_is_found,
    an_order_that_was_changed_is_found,
    the_job_of_the_clock_writes_checkpoints_and_gives_up_on_a_log_that_was_changed,
    so_many_events_order_a_checkpoint_before_its_hour,
);

async fn folder(place: &Place) -> CheckpointFolder {
    signed_by(place, 1).await
}

async fn signed_by(place: &Place, key: u8) -> CheckpointFolder {
    CheckpointFolder::new(place.path("apart"), Signer::new(&[key; 32]).unwrap(), place.log().await)
}

async fn written(place: &Place) -> Kept {
    folder(place).await.write().await.unwrap().unwrap()
}

fn files(place: &Place) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(place.path("apart"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// Makes the end of the log what is left of the events.
async fn mend(tables: &Sql) {
    change(tables, "UPDATE log_head SET position = (SELECT COALESCE(MAX(position), 0) FROM events)", &[]).await;
}

/// The chain shows nothing, the checkpoint breaks a rule at a position, and no further checkpoint is written.
#[track_caller]
fn found(place: &Place, anchor: Anchor, at: u64, rule: Rule) -> impl Future<Output = ()> {
    let before = files(place);
    async move {
        assert_eq!(faults_against(place, None).await, [], "the chain must not show it");
        assert_eq!(faults_against(place, Some(anchor)).await, [(at, rule)]);
        let refused = folder(place).await.write().await;
        assert!(
            matches!(&refused, Err(CheckpointError::Refused { rule: broken, what })
                if *broken == rule.to_string() && what.contains("Nothing was written")),
            "{refused:?}"
        );
        assert_eq!(files(place), before);
    }
}

async fn hashes_are_read_as_the_events_hold_them(place: &Place) {
    let log = five_events(place).await;
    let events = everything(&*log, 10).await;
    let expected: Vec<Leaf> = events
        .iter()
        .map(|event| Leaf { position: event.position, event_id: event.event_id, hash: event.hash })
        .collect();
    assert_eq!(log.leaves(None, 10).await.unwrap(), expected);
    assert_eq!(log.leaves(Some(expected[1].position), 2).await.unwrap(), expected[2..4]);
    assert_eq!(log.leaves(Some(expected[4].position), 2).await.unwrap(), []);
}

async fn a_log_that_grows_continues_its_checkpoints(place: &Place) {
    assert_eq!(folder(place).await.write().await.unwrap(), None, "of nothing");
    assert_eq!(folder(place).await.newest().await.unwrap(), None);
    let log = place.log().await;
    let mut sizes = Vec::new();
    for number in 1..=9 {
        append_one(&*log, &format!("person-{}", number % 2), &format!("{number}")).await;
        if number % 4 == 1 {
            let kept = written(place).await;
            assert_eq!((kept.anchor.size, kept.note.clone()), (number, fs::read_to_string(&kept.file).unwrap()));
            assert_eq!(folder(place).await.newest().await.unwrap().as_ref(), Some(&kept));
            sizes.push(kept);
        }
        for kept in &sizes {
            assert_eq!(faults_against(place, Some(kept.anchor)).await, []);
        }
    }
    // Nothing has come since: the same one.
    assert_eq!(written(place).await, sizes[2]);
    // What others keep there is none of ours.
    fs::write(place.path("apart").join("10.checkpoint"), "no").unwrap();
    let names: Vec<String> = files(place).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "00000000000000000001.checkpoint",
            "00000000000000000005.checkpoint",
            "00000000000000000009.checkpoint",
            "10.checkpoint"
        ]
    );
    assert_eq!(written(place).await, sizes[2]);
}

async fn an_end_that_was_cut_off_is_found(place: &Place) {
    let tables = five(place).await;
    let kept = written(place).await;
    change(&tables, "DELETE FROM events WHERE position > 3", &[]).await;
    mend(&tables).await;
    found(place, kept.anchor, 3, Rule::CheckpointSize).await;
    change(&tables, "DELETE FROM events", &[]).await;
    mend(&tables).await;
    found(place, kept.anchor, 0, Rule::CheckpointSize).await;
}

async fn the_last_event_of_a_stream_that_was_taken_out_is_found(place: &Place) {
    let tables = five(place).await;
    let kept = written(place).await;
    change(&tables, "DELETE FROM events WHERE position = 4", &[]).await;
    change(&tables, "UPDATE events SET position = 4 WHERE position = 5", &[]).await;
    mend(&tables).await;
    found(place, kept.anchor, 4, Rule::CheckpointSize).await;
}

async fn an_end_that_was_cut_off_and_grown_again_is_found(place: &Place) {
    let tables = five(place).await;
    let kept = written(place).await;
    change(&tables, "DELETE FROM events WHERE position > 4", &[]).await;
    mend(&tables).await;
    // A process that comes new takes the log for what it is, and goes on.
    let log = place.log().await;
    for key in ["c", "d"] {
        append_one(&*log, "person-2", key).await;
    }
    found(place, kept.anchor, 5, Rule::CheckpointRoot).await;
}

async fn a_stream_that_was_removed_is_found(place: &Place) {
    let tables = five(place).await;
    let log = place.log().await;
    for key in ["c", "d"] {
        append_one(&*log, "person-3", key).await;
    }
    let kept = written(place).await;
    // Person 1 was never here: what came after them moves up.
    change(&tables, "DELETE FROM events WHERE stream = 'person-1'", &[]).await;
    for position in 5_i64..=7 {
        let args: [Value; 2] = [(position - 4).into(), position.into()];
        change(&tables, "UPDATE events SET position = $1 WHERE position = $2", &args).await;
    }
    mend(&tables).await;
    found(place, kept.anchor, 3, Rule::CheckpointSize).await;
    let log = place.log().await;
    for key in ["e", "f", "g", "h"] {
        append_one(&*log, "person-3", key).await;
    }
    found(place, kept.anchor, 7, Rule::CheckpointRoot).await;
}

async fn a_stream_that_was_written_anew_is_found(place: &Place) {
    let tables = five(place).await;
    let kept = written(place).await;
    let second = &everything(&*place.log().await, 10).await[1];
    let head = Head { revision: second.revision, hash: second.hash };
    let forged = batch("person-1", Some(head), "a", &[b"never said", b"four"]);
    for (event, position) in forged.iter().zip(3_i64..) {
        let args: [Value; 6] = [
            event.body.clone().into(),
            event.body_digest.as_bytes().to_vec().into(),
            event.prev_hash.as_bytes().to_vec().into(),
            event.hash.as_bytes().to_vec().into(),
            event.event_id.as_bytes().to_vec().into(),
            position.into(),
        ];
        let sql = if tables.is_postgres() {
            "UPDATE events SET body = $1, body_digest = $2, prev_hash = $3, hash = $4,
                event_id = encode($5, 'hex')::uuid WHERE position = $6"
        } else {
            "UPDATE events SET body = $1, body_digest = $2, prev_hash = $3, hash = $4, event_id = $5 WHERE position = $6"
        };
        change(&tables, sql, &args).await;
    }
    mend(&tables).await;
    found(place, kept.anchor, 5, Rule::CheckpointRoot).await;
}

async fn an_order_that_was_changed_is_found(place: &Place) {
    let tables = five(place).await;
    let kept = written(place).await;
    // No hash of an event holds its position: person 2 comes before the last of person 1 now.
    for sql in [
        "UPDATE events SET position = 99 WHERE position = 4",
        "UPDATE events SET position = 4 WHERE position = 5",
        "UPDATE events SET position = 5 WHERE position = 99",
    ] {
        change(&tables, sql, &[]).await;
    }
    found(place, kept.anchor, 5, Rule::CheckpointRoot).await;
}

async fn an_erasure_leaves_the_checkpoint_as_it_is(place: &Place) {
    let log = place.log().await;
    append_one(&*log, "person-1", "a").await;
    append_one(&*log, "person-2", "a").await;
    let kept = written(place).await;
    let erased = u64::from(log.capabilities().physical_erase);
    assert_eq!(log.erase_bodies("person-1").await.unwrap(), erased);
    assert_eq!(faults_against(place, Some(kept.anchor)).await, []);
    assert_eq!(written(place).await, kept);
}

async fn a_checkpoint_that_was_edited_or_is_of_another_key_is_refused(place: &Place) {
    five_events(place).await;
    let kept = written(place).await;
    let refused = |outcome: Result<Option<Kept>, CheckpointError>| {
        assert!(
            matches!(&outcome, Err(CheckpointError::Refused { rule: "checkpoint_signature", what })
                if what.contains("00000000000000000005.checkpoint")),
            "{outcome:?}"
        );
    };
    refused(signed_by(place, 2).await.newest().await);
    refused(signed_by(place, 2).await.write().await);
    fs::write(&kept.file, kept.note.replace("\n5\n", "\n4\n")).unwrap();
    refused(folder(place).await.write().await);
    // The true checkpoint of another size under this name.
    let signer = Signer::new(&[1; 32]).unwrap();
    fs::write(&kept.file, signer.sign(&Anchor { size: 4, ..kept.anchor })).unwrap();
    refused(folder(place).await.newest().await);
    fs::write(&kept.file, &kept.note).unwrap();
    assert_eq!(Arc::new(folder(place).await).newest().await.unwrap(), Some(kept));
}

async fn the_job_of_the_clock_writes_checkpoints_and_gives_up_on_a_log_that_was_changed(place: &Place) {
    let tables = five(place).await;
    let live = place.live_over(place.engine_over(place.log().await).await).await;
    let jobs = Arc::new(JobTables::open(&place.job_place()).await.unwrap());
    let tasks =
        Tasks { live, breakers: Arc::clone(&jobs) as _, clock: Arc::new(|| "2026-01-01T00:00:00Z".parse().unwrap()) };
    let checkpoints = Arc::new(folder(place).await);
    let keeping = Keeping { tasks, mornings: jobs, target_pct: 90.0, checkpoints };
    let job = Claimed {
        id: Uuid::from_u128(1),
        kind: "checkpoint".to_owned(),
        person: None,
        payload: "{}".to_owned(),
        priority: Priority::Usual,
        attempt: 1,
        max_attempts: 3,
        lease: Uuid::from_u128(2),
        started_at: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    // A second time changes nothing.
    for _ in 0..2 {
        assert_eq!(keeping.run(&job, &mut Steps::default()).await, Ok(()));
        assert_eq!(files(place).len(), 1);
    }
    change(&tables, "DELETE FROM events WHERE position > 3", &[]).await;
    mend(&tables).await;
    let failed = keeping.run(&job, &mut Steps::default()).await;
    assert!(matches!(&failed, Err(Failure::GiveUp { code: "checkpoint_size", .. })), "{failed:?}");
    assert_eq!(files(place).len(), 1);
}

async fn so_many_events_order_a_checkpoint_before_its_hour(place: &Place) {
    five(place).await;
    let jobs = JobTables::open(&place.job_place()).await.unwrap();
    let log = place.log().await;
    let checkpoints = Arc::new(folder(place).await);
    let more = async |by| Grown::new(Arc::clone(&checkpoints) as _, by).holds().await;
    assert_eq!((more(5).await, more(6).await), (true, false), "all of a log that was never held fast");
    written(place).await;
    assert_eq!(checkpoints.reach().await.unwrap(), Some(Reach { events: 5, held: 5 }));

    let order = |due: Instant| NewJob {
        id: Uuid::new_v4(),
        kind: "checkpoint".to_owned(),
        // One of its own for each, so that none waits for another.
        key: due.to_string(),
        person: None,
        payload: "{}".to_owned(),
        priority: Priority::Usual,
        run_at: due,
        max_attempts: 3,
    };
    let grown = Grown::new(Arc::clone(&checkpoints) as _, 3);
    let schedule = Schedule::new("grown", "* * * * *", order).unwrap().only_where(Arc::new(grown));
    let begun: Instant = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut minutes = 0;
    // How many jobs a look, a minute after the last, has ordered.
    let mut ordered = async || {
        minutes += 1;
        let now = begun + TimeDelta::minutes(minutes);
        schedule.look(&jobs, now).await.unwrap();
        let turn = Turn {
            worker: "worker".to_owned(),
            now,
            ended: Vec::new(),
            holding: Vec::new(),
            want: 9,
            least: Priority::History,
            lease: Uuid::new_v4(),
            lease_until: now + TimeDelta::days(1),
        };
        jobs.turn(turn).await.unwrap().claimed.len()
    };
    assert_eq!(ordered().await, 0, "the first look sets it");
    for (number, expected) in [(1, 0), (2, 0), (3, 1)] {
        append_one(&*log, "person-3", &format!("{number}")).await;
        assert_eq!(ordered().await, expected, "after {number} more");
    }
    assert_eq!(written(place).await.anchor.size, 8);
    assert_eq!(ordered().await, 0, "it was held fast");
    // Where none was written since, as one that is refused, it is asked for again after so many more.
    for (number, expected) in [(4, 0), (5, 0), (6, 1), (7, 0), (8, 0), (9, 1), (10, 0)] {
        append_one(&*log, "person-3", &format!("{number}")).await;
        assert_eq!(ordered().await, expected, "after {number} more");
    }
    written(place).await;
    // An end that was cut off is no growth: the checkpoint of the hour tells of it.
    fs::copy(&written(place).await.file, place.path("apart").join(format!("{:020}.checkpoint", 99))).unwrap();
    assert_eq!(checkpoints.reach().await.unwrap(), Some(Reach { events: 15, held: 99 }));
    assert_eq!(ordered().await, 0);
}
