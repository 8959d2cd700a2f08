//! A log goes from SQLite to the cluster, to PostgreSQL and back to SQLite, and is the same log everywhere.
//!
//! `CANDOR_COPY_EVENTS` names another number of events than the default; docs/cluster.md has the figures of a million.

use super::Trouble;
use crate::support::{Place, append_one, batch, everything};
use candor::engine::ports::checkpoint::{Anchor, Checkpoints as _};
use candor::store::checkpoint::{CheckpointFolder, Signer};
use candor::store::log::{CopyError, EventLog, Expected, copy};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn events() -> usize {
    std::env::var("CANDOR_COPY_EVENTS").ok().map_or(6_000, |text| text.parse().unwrap())
}

/// Fills a log: runs of a few events of many streams, as persons' days come in, and one body that is nearly as large as may be.
async fn fill(log: &dyn EventLog, count: usize) {
    let streams = (count / 400).max(3);
    let (mut heads, mut written, mut run) = (BTreeMap::new(), 0, 0_usize);
    let large = vec![7; 900_000];
    while written < count {
        let stream = format!("person-{}", run * 7 % streams);
        let length = (1 + run % 9).min(count - written);
        let body = format!("body {run}").repeat(20);
        let bodies: Vec<&[u8]> = if run == 1 { vec![&large] } else { vec![body.as_bytes(); length] };
        let head = heads.get(&stream).copied();
        let expected = head.map_or(Expected::NoStream, |head: candor::store::log::Head| Expected::Exact(head.revision));
        let events = batch(&stream, head, &run.to_string(), &bodies);
        heads.insert(stream.clone(), events.last().unwrap().head());
        written += events.len();
        log.append(&stream, expected, events).await.unwrap();
        run += 1;
    }
}

async fn root(place: &Place, log: Arc<dyn EventLog>) -> Anchor {
    let folder = CheckpointFolder::new(place.path("apart"), Signer::new(&[1; 32]).unwrap(), log);
    folder.write().await.unwrap().unwrap().anchor
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_the_same_on_every_place_it_was_copied_to() {
    let mut places = vec![Place::sqlite().await.unwrap(), Place::cluster().await.unwrap()];
    places.extend(Place::postgres().await);
    places.push(Place::sqlite().await.unwrap());
    let first = places[0].log().await;
    fill(&*first, events()).await;
    let anchor = root(&places[0], Arc::clone(&first)).await;
    for pair in places.windows(2) {
        let (from, to) = (pair[0].log().await, pair[1].log().await);
        let begun = std::time::Instant::now();
        let copied = copy(&*from, &*to, &mut |_| {}).await.unwrap();
        println!("{} events in {:.1} s", copied.written, begun.elapsed().as_secs_f64());
        assert_eq!((copied.found, copied.written, copied.root), (0, anchor.size, anchor.root));
        assert_eq!(copied.verified.faults, 0);
        assert_eq!(root(&pair[1], to).await, anchor);
    }
    let last = places[places.len() - 1].log().await;
    let (mut one, mut other, mut streams) = (None, None, BTreeSet::new());
    loop {
        let (from, to) = (first.read_all(one, 2_000).await.unwrap(), last.read_all(other, 2_000).await.unwrap());
        assert!(from.events == to.events);
        streams.extend(from.events.into_iter().map(|event| event.stream));
        (one, other) = (from.next, to.next);
        if from.caught_up {
            break;
        }
    }
    for stream in streams {
        assert_eq!(first.head(&stream).await.unwrap(), last.head(&stream).await.unwrap());
    }
    for place in places {
        place.clean_up().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_broken_off_goes_on_where_it_was() {
    let (here, there) = (Place::sqlite().await.unwrap(), Place::cluster().await.unwrap());
    let (from, to) = (here.log().await, there.log().await);
    fill(&*from, 300).await;
    // What is there already: the first part of it, then what came since.
    let part = Place::sqlite().await.unwrap();
    copy(&*from, &*part.log().await, &mut |_| {}).await.unwrap();
    let copied = copy(&*part.log().await, &*to, &mut |_| {}).await.unwrap();
    append_one(&*from, "person-1", "later").await;
    let fake = there.fake().unwrap();
    fake.troubles([Trouble::KillAfter, Trouble::LoseReply, Trouble::Refuse, Trouble::KillBefore]);
    let again = copy(&*from, &*to, &mut |_| {}).await.unwrap();
    assert_eq!((again.found, again.written), (copied.written, 1));
    let third = copy(&*from, &*to, &mut |_| {}).await.unwrap();
    assert_eq!((third.found, third.written, third.root), (copied.written + 1, 0, again.root));
    assert_eq!(everything(&*to, 100).await.len() as u64, third.found);
    // A place that holds anything else is left as it is, whichever of the two has more.
    append_one(&*to, "person-1", "other").await;
    append_one(&*from, "person-1", "another").await;
    let refused = copy(&*from, &*to, &mut |_| {}).await;
    assert!(matches!(refused, Err(CopyError::Differs(at)) if at == third.found + 1), "{refused:?}");
    let refused = copy(&*part.log().await, &*from, &mut |_| {}).await;
    assert!(matches!(refused, Err(CopyError::Differs(at)) if at == copied.written + 1), "{refused:?}");
}
