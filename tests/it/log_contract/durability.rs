//! What was acknowledged survives the death of the process.

use crate::support::{Place, append_one, batch, everything, log_at, on_each};
use candor::store::log::{Expected, Position};
use candor::store::verify::verify;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

on_each!(a_killed_process_loses_nothing_it_acknowledged);

const ADDRESS: &str = "CANDOR_TEST_LOG_TO_FILL";

/// Runs in a child process only: appends and prints each acknowledged position until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_appends_until_it_is_killed() {
    let Ok(address) = std::env::var(ADDRESS) else {
        return;
    };
    let log = log_at(&address).await;
    for number in 0.. {
        let head = log.head("person-1").await.unwrap();
        let expected = head.map_or(Expected::NoStream, |head| Expected::Exact(head.revision));
        let bodies: [&[u8]; 3] = [b"1", b"2", b"3"];
        let key = format!("{} {number}", std::process::id());
        let appended = log.append("person-1", expected, batch("person-1", head, &key, &bodies)).await;
        println!("acknowledged {}", appended.unwrap().position);
    }
}

async fn a_killed_process_loses_nothing_it_acknowledged(place: &Place) {
    append_one(&*place.log().await, "other", "a").await;
    for round in 0..8_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "log_contract::durability::a_child_appends_until_it_is_killed", "--nocapture"])
            .env(ADDRESS, place.address())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            let mut last = None;
            for line in output.lines() {
                let line = line.unwrap_or_default();
                if let Some((_, position)) = line.split_once("acknowledged ") {
                    last = position.parse().ok().or(last);
                }
            }
            last
        });
        tokio::time::sleep(Duration::from_millis(250 + round * 37)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged: Option<Position> = reader.join().unwrap();
        let log = place.log().await;
        let all = everything(&*log, 1_000).await;
        let is_there = |position| all.iter().any(|event| event.position == position);
        assert!(acknowledged.is_none_or(is_there), "{} events, and not {acknowledged:?}", all.len());
        // Batches of three, whole or not at all, after the first event.
        assert_eq!((all.len() - 1) % 3, 0);
        assert_eq!(verify(&*log, None, &mut |_| {}).await.unwrap().faults, 0);
    }
    assert!(everything(&*place.log().await, 1_000).await.len() > 8);
}
