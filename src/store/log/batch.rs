//! What a batch must look like before any backend sees it.
//!
//! The limits are the same everywhere: the smallest of the backends decides, so that a log can move without a batch that
//! no longer fits.

use super::{AppendError, ChainedEvent, Expected};
use crate::store::error::Inconsistency;

/// The most events in one append.
pub const MAX_BATCH_EVENTS: usize = 1_000;

/// The most bytes in one append: bodies, names and key ids together.
pub const MAX_BATCH_BYTES: usize = 1 << 20;

/// What an event adds to the size of its batch besides its variable parts: nothing, by contract.
fn size(event: &ChainedEvent) -> usize {
    event.body.len() + event.event_type.len() + 16 * event.key_ids.len()
}

/// Refuses a batch that is empty, too large, or not a chain by itself; returns its size in bytes.
pub(super) fn check(expected: Expected, events: &[ChainedEvent]) -> Result<usize, AppendError> {
    if events.is_empty() {
        return Err(AppendError::Empty);
    }
    let bytes = events.iter().map(size).sum();
    if events.len() > MAX_BATCH_EVENTS || bytes > MAX_BATCH_BYTES {
        return Err(AppendError::TooLarge);
    }
    let mut previous: Option<&ChainedEvent> = None;
    for (event, revision) in events.iter().zip(expected.next_revision()..) {
        if event.revision != revision {
            return Err(Inconsistency::new("events", "revision", event.event_id).into());
        }
        if previous.is_some_and(|previous| previous.hash != event.prev_hash) {
            return Err(Inconsistency::new("events", "prev_hash", event.event_id).into());
        }
        previous = Some(event);
    }
    Ok(bytes)
}

/// Whether one id stands twice in a batch.
pub(super) fn has_twins(events: &[ChainedEvent]) -> bool {
    let mut ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
    ids.sort_unstable();
    ids.windows(2).any(|pair| pair[0] == pair[1])
}
