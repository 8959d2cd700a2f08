//! One log into another, whatever holds them: the same events, in the same order, with the same ids and hashes.
//!
//! What the other one has already is compared hash by hash, and the copy goes on behind it: so a copy that was broken off is
//! run again as it was. Nothing else is kept about it. At the end the copy is walked as `verify` walks a log, every hash made
//! again, against the root over the hashes of the source.

use super::{AppendError, ChainedEvent, EventLog, Expected, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, Position, StoredEvent};
use crate::engine::ports::checkpoint::Anchor;
use crate::store::checkpoint::merkle::{self, Tree};
use crate::store::error::StoreError;
use crate::store::verify::{Fault, Step, Summary, verify};
use std::collections::VecDeque;
use std::sync::Arc;

/// Events read at a time.
const PAGE: usize = 4_000;
/// How often an append with an unknown outcome is repeated, with the same bytes and ids.
const RETRIES: usize = 3;
/// What a copy came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// How many events were there before.
    pub found: u64,
    /// How many were written.
    pub written: u64,
    /// The copy after that, as it was walked.
    pub verified: Summary,
    /// The root over the hashes of all events.
    pub root: [u8; 32],
}

/// Why a copy was not made, or not finished.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A log did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The other log holds something else.
    #[error("the log to copy to does not begin as this one does: event {0} is another; name an empty place")]
    Differs(u64),
    /// The body of an event was removed, so its batch cannot be written anywhere.
    #[error("the body of the event at position {0} was removed: a log with such events stays where it is")]
    NoBody(Position),
    /// The other log does not take an event.
    #[error("the other log refuses the event at position {0}: {1}")]
    Refused(Position, AppendError),
    /// The copy is not what was to be copied.
    #[error("the copy is not the log: {} at position {}", .0.rule, .0.position.map(|at| at.to_string()).unwrap_or_default())]
    Wrong(Fault),
}

/// Copies what one log has and another has not, and verifies the whole copy. Nobody else may write into the other one.
///
/// # Errors
/// When the other log holds anything else, refuses anything, or either does not answer; the copy may then be run again.
pub async fn copy(
    from: &dyn EventLog,
    to: &dyn EventLog,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<Copied, CopyError> {
    let (mut tree, mut at) = found(from, to).await?;
    let found = tree.size();
    loop {
        let page = from.read_all(at, PAGE).await?;
        at = page.next;
        for event in &page.events {
            tree.push(merkle::leaf(event.hash.as_bytes()));
        }
        for batch in batches(page.events) {
            write(to, batch).await?;
        }
        tell(tree.size());
        if page.caught_up {
            break;
        }
    }
    let anchor = Anchor { size: tree.size(), root: *tree.root().as_bytes() };
    let mut wrong = None;
    let mut tell_wrong = |step| {
        if let Step::Fault(fault) = step {
            wrong.get_or_insert(fault);
        }
    };
    let verified = verify(to, Some(anchor), &mut tell_wrong).await?;
    match wrong {
        Some(fault) => Err(CopyError::Wrong(fault)),
        None if verified.events != tree.size() => Err(CopyError::Differs(tree.size() + 1)),
        None => Ok(Copied { found, written: tree.size() - found, verified, root: anchor.root }),
    }
}

/// The tree over what both logs hold, and where the first one goes on behind it.
async fn found(from: &dyn EventLog, to: &dyn EventLog) -> Result<(Tree, Option<Position>), CopyError> {
    let (mut tree, mut at) = (Tree::default(), None);
    let (mut there, mut after) = (VecDeque::new(), None);
    loop {
        let leaves = to.leaves(after, PAGE).await?;
        let Some(end) = leaves.last() else { return Ok((tree, at)) };
        after = Some(end.position);
        there.extend(leaves);
        while !there.is_empty() {
            let page = from.leaves(at, there.len()).await?;
            if page.is_empty() {
                return Err(CopyError::Differs(tree.size() + 1));
            }
            for leaf in page {
                let copy = there.pop_front();
                if copy.is_none_or(|copy| (leaf.event_id, leaf.hash) != (copy.event_id, copy.hash)) {
                    return Err(CopyError::Differs(tree.size() + 1));
                }
                tree.push(merkle::leaf(leaf.hash.as_bytes()));
                at = Some(leaf.position);
            }
        }
    }
}

/// Runs of events of one stream, each as large as an append may be.
fn batches(events: Vec<StoredEvent>) -> Vec<Vec<StoredEvent>> {
    let mut batches: Vec<Vec<StoredEvent>> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let size = event.body.as_ref().map_or(0, Vec::len) + event.event_type.len() + 16 * event.key_ids.len();
        match batches.last_mut() {
            Some(batch)
                if batch.last().is_some_and(|last| last.stream == event.stream)
                    && batch.len() < MAX_BATCH_EVENTS
                    && bytes + size <= MAX_BATCH_BYTES =>
            {
                bytes += size;
                batch.push(event);
            }
            _ => {
                bytes = size;
                batches.push(vec![event]);
            }
        }
    }
    batches
}

async fn write(to: &dyn EventLog, batch: Vec<StoredEvent>) -> Result<(), CopyError> {
    let Some(first) = batch.first() else { return Ok(()) };
    let (stream, position) = (first.stream.clone(), first.position);
    let expected = first.revision.checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
    let chained: Arc<[ChainedEvent]> = batch.into_iter().map(chained).collect::<Result<_, _>>()?;
    let mut outcome = to.append(&stream, expected, Arc::clone(&chained)).await;
    for _ in 0..RETRIES {
        if !matches!(outcome, Err(AppendError::Unavailable(_))) {
            break;
        }
        outcome = to.append(&stream, expected, Arc::clone(&chained)).await;
    }
    outcome.map(|_| ()).map_err(|refused| CopyError::Refused(position, refused))
}

fn chained(event: StoredEvent) -> Result<ChainedEvent, CopyError> {
    let body = event.body.ok_or(CopyError::NoBody(event.position))?;
    Ok(ChainedEvent {
        event_id: event.event_id,
        revision: event.revision,
        event_type: event.event_type,
        schema_version: event.schema_version,
        recorded_at: event.recorded_at,
        key_ids: event.key_ids,
        body,
        body_digest: event.body_digest,
        prev_hash: event.prev_hash,
        hash: event.hash,
    })
}
