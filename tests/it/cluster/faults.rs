//! Five hundred times the server is cut off, loses a reply or is started again, while persons are written to and read models
//! take in what was written: nothing is lost, nothing is there twice, and nobody has to do anything.
//!
//! `CANDOR_CLUSTER_TROUBLES` names another number than the default, and `CANDOR_CLUSTER_SEED` another order of them.

use super::Trouble;
use crate::serving::cpu_seconds;
use crate::support::{Place, on};
use candor::domain::metric::Metric;
use candor::domain::person::PersonId;
use candor::engine::checkins::CheckIn;
use candor::engine::ports::journal::JournalError;
use candor::engine::{Engine, EngineError};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use uuid::Uuid;

on!(cluster: nothing_is_lost_or_doubled_whatever_the_server_does);

const WRITERS: u128 = 4;

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().map_or(usual, |text| text.parse().unwrap())
}

fn person(number: u128) -> PersonId {
    PersonId::new(Uuid::from_u128(number + 1))
}

fn now() -> candor::domain::Instant {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// What befalls the requests, in an order of its own for each seed: so many troubles, each after up to five that pass.
fn troubles(count: u64, seed: u64) -> Vec<Option<Trouble>> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut all = Vec::new();
    for _ in 0..count {
        all.extend((0..chance.next_u32() % 6).map(|_| None));
        all.push(Some(match chance.next_u32() % 7 {
            0 => Trouble::Refuse,
            1 | 2 => Trouble::KillBefore,
            3 | 4 => Trouble::KillAfter,
            5 => Trouble::LoseReply,
            _ => Trouble::Delay,
        }));
    }
    all
}

/// Says another word each time until it is told to end; how many were acknowledged.
async fn tell(engine: Engine, whose: PersonId, done: Arc<AtomicBool>) -> usize {
    let mut acknowledged = 0;
    while !done.load(Ordering::SeqCst) {
        // From 1 to 5 and a note that no other has.
        let said = CheckIn {
            ratings: [(Metric::CheckinMood, f64::from(1 + acknowledged as u32 % 5))].into(),
            ..CheckIn::default()
        };
        let at = now() + chrono::TimeDelta::seconds(acknowledged as i64);
        loop {
            match engine.check_in(whose, &said, at).await {
                Ok(_) => break,
                // The server was away for longer than anybody waits: whoever asked asks again, with the same words.
                Err(EngineError::Journal(JournalError::Unavailable(_)) | EngineError::Views(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        acknowledged += 1;
    }
    acknowledged
}

async fn nothing_is_lost_or_doubled_whatever_the_server_does(place: &Place) {
    let fake = place.fake().unwrap();
    let count = number("CANDOR_CLUSTER_TROUBLES", 500);
    let engine = place.engine_over(place.log().await).await;
    for writer in 0..WRITERS {
        engine.register(person(writer), now()).await.unwrap();
    }
    let before = engine.journal.head(person(0)).await.unwrap().unwrap() + 1;
    let (done, cpu) = (Arc::new(AtomicBool::new(false)), cpu_seconds("self"));
    let begun = std::time::Instant::now();
    fake.troubles(troubles(count, number("CANDOR_CLUSTER_SEED", 1)));
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let engine = place.engine_over(place.log().await).await;
        writers.push(tokio::spawn(tell(engine, person(writer), Arc::clone(&done))));
    }
    // Read models take in meanwhile, in a process of their own; what they cannot read they read the next time.
    let views = place.views(&place.journal().await).await;
    while fake.troubles_left() > 0 {
        let _ = candor::engine::ports::views::Views::catch_up(&views).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    done.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.push(writer.await.unwrap());
    }
    println!(
        "{count} troubles, {} acknowledged, {:.1} s of processor in {:.1} s",
        acknowledged.iter().sum::<usize>(),
        cpu_seconds("self") - cpu,
        begun.elapsed().as_secs_f64()
    );
    // What the server was asked bounds what was done: an endless loop would ask, or use the processor, without end.
    assert!(fake.requests() < 100 * (count + 100), "{} requests", fake.requests());
    for (writer, acknowledged) in (0..WRITERS).zip(&acknowledged) {
        let events = engine.journal.read(person(writer), 0, 100_000).await.unwrap();
        assert_eq!(events.len() as u64, before + *acknowledged as u64, "writer {writer}");
        let mut ids: Vec<Uuid> = events.iter().map(|event| event.event_id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), events.len(), "an event stands twice");
    }
    let verified = engine.verify(None, &|_| ()).await.unwrap();
    assert!(verified.ok, "{verified:?}");
    candor::engine::ports::views::Views::catch_up(&views).await.unwrap();
    assert!(engine.views.rebuild().await.unwrap().matches_live);
}
