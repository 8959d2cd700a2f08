//! What only a server of its own can do to a log, and what a cluster does that a database does not.

use super::kept::Cluster;
use super::{Fake, Trouble};
use crate::support::{Place, append_one, batch, everything, on};
use candor::engine::ports::checkpoint::Anchor;
use candor::store::checkpoint::{CheckpointFolder, Signer};
use candor::store::log::eventstore::Address;
use candor::store::log::{AppendError, EventLog, EventStoreLog, Expected};
use candor::store::verify::{Rule, Step, verify};
use std::sync::Arc;
use std::time::Duration;

on!(cluster:
    a_client_whose_server_was_away_comes_back_by_itself,
    a_read_that_ends_early_does_not_spin,
    a_server_that_takes_ids_twice_is_not_asked_to,
    what_others_write_is_passed_over,
    what_is_changed_on_the_servers_disk_is_named,
    an_end_that_was_cut_off_and_a_stream_that_was_removed_are_found
);

fn log_on(fake: &Fake) -> EventStoreLog {
    EventStoreLog::new(Address::parse(&fake.url(), None).unwrap(), "")
}

/// Promise 29: dropped, refused, and back, on the same handle.
async fn a_client_whose_server_was_away_comes_back_by_itself(place: &Place) {
    let fake = place.fake().unwrap();
    let log = place.log().await;
    let first = append_one(&*log, "person-1", "a").await;
    for round in 0..3 {
        fake.kill(0);
        // Nobody answers at its port: both wait, and ask again.
        let (reading, writing) = (Arc::clone(&log), Arc::clone(&log));
        let read = tokio::spawn(async move { reading.head("person-1").await });
        let stream = format!("person-{}", 2 + round);
        let events = batch(&stream, None, "b", &[b"1"]);
        let written = tokio::spawn(async move { writing.append(&stream, Expected::NoStream, events).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!read.is_finished() && !written.is_finished());
        fake.bring_up(0);
        assert_eq!(read.await.unwrap().unwrap().map(|head| head.hash), Some(first.hash));
        assert_eq!(written.await.unwrap().unwrap().last_revision, 0);
    }
    for trouble in [Trouble::Refuse, Trouble::LoseReply, Trouble::KillBefore, Trouble::KillAfter, Trouble::Delay] {
        // One befalls the look at the end of the stream, one the append.
        fake.troubles([trouble, trouble]);
        append_one(&*log, "person-1", &format!("{trouble:?}")).await;
    }
    assert_eq!(everything(&*log, 100).await.len(), 1 + 3 + 5);
    assert_eq!(verify(&*log, None, &mut |_| {}).await.unwrap().faults, 0);
}

/// Of three nodes the leader is asked, whoever that is, and what it acknowledged is read from the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leads_is_asked() {
    let fake = Fake::start(3);
    let log = log_on(&fake);
    append_one(&log, "person-1", "0").await;
    // It steps down, with its connections whole; then the new one dies, and another leads.
    fake.lead(1);
    append_one(&log, "person-1", "1").await;
    fake.kill(1);
    fake.lead(2);
    append_one(&log, "person-1", "2").await;
    // Nobody leads for a while: the one that does not answer is asked until it does.
    fake.kill(2);
    let back = {
        let fake = fake.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            tokio::task::spawn_blocking(move || fake.bring_up(2)).await.unwrap();
        })
    };
    append_one(&log, "person-1", "3").await;
    back.await.unwrap();
    assert_eq!(everything(&log, 2).await.len(), 4);
}

/// Promise 30: an answer that ends, with nothing wrong and less than was asked for, is taken as it is.
async fn a_read_that_ends_early_does_not_spin(place: &Place) {
    let fake = place.fake().unwrap();
    let log = place.log().await;
    append_one(&*log, "person-1", "a").await;
    let before = fake.requests();
    for _ in 0..20 {
        assert_eq!(log.read_all(None, 1_000).await.unwrap().events.len(), 1);
        assert_eq!(everything(&*log, 1).await.len(), 1);
    }
    // A page that is asked for is one question to the server, and one more where it was full.
    let asked = fake.requests() - before;
    assert!(asked <= 20 * 4, "{asked} requests");
}

/// Promise 11 as far as the adapter goes: the server itself would write the same event again.
async fn a_server_that_takes_ids_twice_is_not_asked_to(place: &Place) {
    let fake = place.fake().unwrap();
    let log = place.log().await;
    let first = append_one(&*log, "person-1", "a").await;
    let copies = |kept: &mut Cluster| kept.events.iter().filter(|event| event.stream == "person-1").count();
    let again = batch("person-1", Some(log.head("person-1").await.unwrap().unwrap()), "a", &[b"a"]);
    assert_eq!(again[0].event_id, first.event_id);
    let refused = log.append("person-1", Expected::Exact(0), again).await;
    assert!(matches!(refused, Err(AppendError::Conflict { actual: Some(0) })), "{refused:?}");
    assert_eq!(fake.kept(copies), 1);
    // Behind another event they are not seen, and the server takes them: who retries looks in the trail first.
    append_one(&*log, "person-1", "b").await;
    let again = batch("person-1", Some(log.head("person-1").await.unwrap().unwrap()), "a", &[b"a"]);
    log.append("person-1", Expected::Exact(1), again).await.unwrap();
    assert_eq!(fake.kept(copies), 3);
}

/// Two logs on one server, the server's own events, and those of another program.
async fn what_others_write_is_passed_over(place: &Place) {
    let fake = place.fake().unwrap();
    let (ours, theirs) = (place.log().await, {
        let address = Address::parse(&fake.url(), None).unwrap();
        EventStoreLog::new(address, "theirs")
    });
    let mut kept = Vec::new();
    for number in 0..12 {
        kept.push(append_one(&*ours, "person-1", &format!("ours {number}")).await);
        append_one(&theirs, "person-1", &format!("theirs {number}")).await;
    }
    assert!(fake.kept(|cluster| cluster.events.iter().any(|event| event.stream.starts_with('$'))));
    for limit in [1, 5, 100] {
        assert_eq!(everything(&*ours, limit).await, kept);
    }
    assert_eq!(ours.last_position().await.unwrap(), kept.last().map(|event| event.position));
    // More of others' than one page of bytes holds, behind what is ours, and where nothing is ours at all.
    for number in 0..11 {
        let (stream, body) = (format!("large-{number}"), vec![7; 900_000]);
        theirs.append(&stream, Expected::NoStream, batch(&stream, None, "large", &[&body])).await.unwrap();
    }
    assert_eq!(ours.last_position().await.unwrap(), kept.last().map(|event| event.position));
    assert_eq!(everything(&*ours, 100).await, kept);
    let nobody = EventStoreLog::new(Address::parse(&fake.url(), None).unwrap(), "nobody");
    assert_eq!(nobody.last_position().await.unwrap(), None);
    assert_eq!(everything(&nobody, 100).await, []);
    // An event of nobody's in a stream of ours stops that stream, and no other.
    fake.kept(|cluster| {
        let mut copy = cluster.events.last().unwrap().clone();
        copy.position += 1_000;
        copy.stream = "person-1".to_owned();
        copy.revision = cluster.streams["person-1"].len() as u64;
        copy.custom = tonic::codegen::Bytes::new();
        cluster.events.push(copy);
        let at = cluster.events.len() - 1;
        cluster.streams.get_mut("person-1").unwrap().push(at);
    });
    assert_eq!(everything(&*ours, 100).await, kept);
    assert!(ours.head("person-1").await.is_err());
    append_one(&*ours, "person-2", "a").await;
}

/// The rules that are broken.
async fn broken(log: &dyn EventLog, anchor: Option<Anchor>) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut tell = |step| {
        if let Step::Fault(fault) = step {
            rules.push(fault.rule);
        }
    };
    verify(log, anchor, &mut tell).await.unwrap();
    rules
}

async fn five(log: &dyn EventLog) {
    for number in 0..5 {
        append_one(log, &format!("person-{}", number % 2), &number.to_string()).await;
    }
}

/// Where our third event stands, which is the second of its stream.
fn third(cluster: &Cluster) -> usize {
    cluster.streams["person-0"][1]
}

async fn what_is_changed_on_the_servers_disk_is_named(place: &Place) {
    let fake = place.fake().unwrap();
    let log = log_on(fake);
    five(&log).await;
    assert_eq!(broken(&log, None).await, []);
    // The metadata: behind its tag, schema version and time stand the body's digest, the previous hash and the hash.
    for (byte, rule) in
        [(11, Rule::Hash), (19, Rule::Hash), (20, Rule::Hash), (52, Rule::PreviousHash), (84, Rule::Hash)]
    {
        let original = fake.kept(|cluster| {
            let at = third(cluster);
            let original = cluster.events[at].custom.clone();
            let mut turned = original.to_vec();
            turned[byte] ^= 1;
            cluster.events[at].custom = turned.into();
            original
        });
        assert_eq!(broken(&log, None).await.first(), Some(&rule), "byte {byte}");
        fake.kept(|cluster| {
            let at = third(cluster);
            cluster.events[at].custom = original;
        });
    }
    fake.kept(|cluster| {
        let at = third(cluster);
        cluster.events[at].data = tonic::codegen::Bytes::from_static(b"other");
    });
    assert_eq!(broken(&log, None).await, [Rule::BodyDigest]);
    fake.kept(|cluster| {
        let at = third(cluster);
        cluster.remove(at);
    });
    assert_eq!(broken(&log, None).await[..2], [Rule::RevisionGap, Rule::PreviousHash]);
}

async fn an_end_that_was_cut_off_and_a_stream_that_was_removed_are_found(place: &Place) {
    use candor::engine::ports::checkpoint::Checkpoints as _;
    let fake = place.fake().unwrap();
    let log = log_on(fake);
    five(&log).await;
    let signer = || Signer::new(&[1; 32]).unwrap();
    let folder = CheckpointFolder::new(place.path("apart"), signer(), place.log().await);
    let anchor = folder.write().await.unwrap().unwrap().anchor;
    assert_eq!((anchor.size, broken(&log, Some(anchor)).await), (5, Vec::new()));
    fake.kept(|cluster| {
        let at = *cluster.streams["person-0"].last().unwrap();
        cluster.remove(at);
    });
    assert_eq!(broken(&log, None).await, []);
    assert_eq!(broken(&log, Some(anchor)).await, [Rule::CheckpointSize]);
    assert!(folder.write().await.is_err());
    fake.kept(|cluster| cluster.streams.remove("person-0"));
    assert!(broken(&log, Some(anchor)).await.contains(&Rule::StreamHead));
}
