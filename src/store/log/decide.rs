//! Which requests of a batch are taken, refused or answered as a repetition.
//!
//! A pure function of what the backend read under its lock. Heads move within the batch as requests are taken, so a
//! request sees the ones before it, and one request's conflict never touches another.

use super::batch::has_twins;
use super::writer::Append;
use super::{AppendError, Appended, Expected, Head, Position};
use crate::store::chain::Hash;
use crate::store::error::Inconsistency;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A stream as the backend has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamState {
    pub head: Head,
    pub closed: bool,
}

/// Where an event with a known id stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub stream: String,
    pub revision: u64,
    pub position: u64,
}

/// What the backend read before deciding.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The position of the last event.
    pub position: u64,
    /// The streams of the batch that exist.
    pub streams: HashMap<String, StreamState>,
    /// The events of the batch that are stored already; `None` when that was not looked up.
    pub places: Option<HashMap<Uuid, Place>>,
}

/// The answer to a whole batch.
#[derive(Debug)]
pub(super) struct Decision {
    /// One answer per request, true once the accepted ones are committed.
    pub outcomes: Vec<Result<Appended, AppendError>>,
    /// The requests whose events are to be written, in order; their positions follow on `Known::position`.
    pub accepted: Vec<usize>,
    /// The heads that change.
    pub heads: Vec<(String, Head)>,
    /// The position of the last event after the batch.
    pub position: u64,
}

/// Decides a batch, or says that the stored ids have to be looked up first.
///
/// Without the stored ids a batch whose expectations all hold is decided at once: an id that is stored nevertheless is
/// caught by the unique index, and the batch is decided again with them.
pub(super) fn decide(known: &Known, batch: &[Append]) -> Option<Decision> {
    // Where streams stand after the requests that were taken so far.
    let mut moved: BTreeMap<&str, Head> = BTreeMap::new();
    let mut taken: HashMap<Uuid, (&str, u64, u64)> = HashMap::new();
    let mut decision = Decision {
        outcomes: Vec::with_capacity(batch.len()),
        accepted: Vec::with_capacity(batch.len()),
        heads: Vec::new(),
        position: known.position,
    };
    for (index, request) in batch.iter().enumerate() {
        let stream = request.stream.as_str();
        let open = |head: &Head| StreamState { head: *head, closed: false };
        let state = moved.get(stream).map(open).or_else(|| known.streams.get(stream).copied());
        let fits = match request.expected {
            Expected::NoStream => state.is_none(),
            Expected::Exact(revision) => state.is_some_and(|state| state.head.revision == revision),
        };
        let closed = state.is_some_and(|state| state.closed);
        if known.places.is_none() && (!fits || closed) {
            return None;
        }
        let place = |id: &Uuid| -> Option<(&str, u64, u64)> {
            let stored = known.places.as_ref().and_then(|places| places.get(id));
            stored
                .map(|place| (place.stream.as_str(), place.revision, place.position))
                .or_else(|| taken.get(id).copied())
        };
        let places: Vec<_> = request.events.iter().map(|event| place(&event.event_id)).collect();
        let repeated = repetition(request, &places);
        let conflict = || AppendError::Conflict { actual: state.map(|state| state.head.revision) };
        let previous = state.map_or(Hash::GENESIS, |state| state.head.hash);
        let outcome = if let Some(position) = repeated {
            Ok(appended(request, position, true))
        } else if closed {
            Err(AppendError::Closed)
        } else if !fits || places.iter().any(Option::is_some) || has_twins(&request.events) {
            Err(conflict())
        } else if request.events[0].prev_hash != previous {
            Err(Inconsistency::new("events", "prev_hash", stream).into())
        } else {
            for event in request.events.iter() {
                decision.position += 1;
                taken.insert(event.event_id, (stream, event.revision, decision.position));
            }
            let last = &request.events[request.events.len() - 1];
            moved.insert(stream, last.head());
            decision.accepted.push(index);
            Ok(appended(request, decision.position, false))
        };
        decision.outcomes.push(outcome);
    }
    decision.heads = moved.into_iter().map(|(stream, head)| (stream.to_owned(), head)).collect();
    Some(decision)
}

/// The position of the last event when every event of the request stands where the request would put it.
fn repetition(request: &Append, places: &[Option<(&str, u64, u64)>]) -> Option<u64> {
    let mut last = None;
    for (event, place) in request.events.iter().zip(places) {
        let (stream, revision, position) = (*place)?;
        if stream != request.stream || revision != event.revision {
            return None;
        }
        last = Some(position);
    }
    last
}

fn appended(request: &Append, position: u64, replayed: bool) -> Appended {
    let first_revision = request.expected.next_revision();
    Appended {
        first_revision,
        last_revision: first_revision + request.events.len() as u64 - 1,
        position: Position::sequence(position),
        replayed: Some(replayed),
    }
}
