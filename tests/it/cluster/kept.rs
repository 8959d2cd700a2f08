//! What a cluster keeps, and how it decides about an append, as a real node does.
//!
//! An append at the present head is taken without a look at its ids: the same event is written again. One at an earlier
//! revision is compared id by id with what stands there: all equal, and the first answer is given again, also where
//! the batch is only the beginning of what was written; anything else is another version than was expected. Bytes are never
//! compared. Reading the whole log begins with the position that is named.

use super::protocol::event_store::client::streams::append_req::ProposedMessage;
use super::protocol::event_store::client::uuid::Value;
use std::collections::HashMap;
use tonic::Status;
use tonic::codegen::Bytes;

/// The most bytes of one append: what docs/cluster.md tells an operator to set.
const MAX_APPEND: usize = 2 << 20;

/// An event as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) stream: String,
    pub(crate) revision: u64,
    pub(crate) position: u64,
    pub(crate) id: String,
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) custom: Bytes,
    pub(crate) data: Bytes,
}

/// What is expected of a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expects {
    Nothing,
    NoStream,
    Exact(u64),
}

/// The answer to an append.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Written { last: u64, position: u64 },
    WrongVersion { current: Option<u64> },
}

/// Every event there is, in order.
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) events: Vec<Kept>,
    pub(crate) streams: HashMap<String, Vec<usize>>,
    /// How many appends wrote something.
    pub(crate) writes: u64,
}

impl Cluster {
    /// One with what a node writes for itself when it is new.
    pub(crate) fn new() -> Self {
        let mut cluster = Self::default();
        cluster.of_its_own();
        cluster
    }

    /// The node's own events stand between those of others.
    fn of_its_own(&mut self) {
        let metadata = HashMap::from([("type".to_owned(), "$statsCollected".to_owned())]);
        let (id, data) = (uuid::Uuid::new_v4().to_string(), Bytes::from_static(b"{}"));
        self.push(
            "$stats-127.0.0.1:2113",
            ProposedMessage { id: None, metadata, custom_metadata: Bytes::new(), data },
            id,
        );
    }

    fn push(&mut self, stream: &str, message: ProposedMessage, id: String) {
        // A position is an offset in the log: neither dense nor a count.
        let position =
            self.events.last().map_or(0, |last| last.position + 97 + (last.data.len() + last.custom.len()) as u64);
        let of_stream = self.streams.entry(stream.to_owned()).or_default();
        self.events.push(Kept {
            stream: stream.to_owned(),
            revision: of_stream.len() as u64,
            position,
            id,
            metadata: message.metadata,
            custom: message.custom_metadata,
            data: message.data,
        });
        of_stream.push(self.events.len() - 1);
    }

    /// Takes an event away, as whoever has the server's disk may.
    pub(crate) fn remove(&mut self, at: usize) {
        self.events.remove(at);
        for of_stream in self.streams.values_mut() {
            of_stream.retain(|event| *event != at);
            of_stream.iter_mut().filter(|event| **event > at).for_each(|event| *event -= 1);
        }
    }

    /// Decides about an append, and writes it.
    pub(crate) fn append(
        &mut self,
        stream: &str,
        expects: Expects,
        messages: Vec<ProposedMessage>,
    ) -> Result<Outcome, Status> {
        let size: usize = messages.iter().map(|message| message.data.len() + message.custom_metadata.len()).sum();
        if messages.is_empty() {
            return Err(Status::invalid_argument("no events"));
        }
        if size > MAX_APPEND {
            return Err(Status::invalid_argument(format!("Maximum Append Size of {MAX_APPEND} Exceeded.")));
        }
        let ids: Vec<String> = messages.iter().map(id).collect::<Result<_, _>>()?;
        let there = self.streams.get(stream).map(Vec::as_slice).unwrap_or_default();
        let current = (there.len() as u64).checked_sub(1);
        let from = match (expects, current) {
            (Expects::Nothing, _) | (Expects::NoStream, None) => None,
            (Expects::NoStream, Some(_)) => Some(0),
            (Expects::Exact(revision), Some(current)) if revision == current => None,
            (Expects::Exact(revision), Some(current)) if revision < current => Some(revision + 1),
            (Expects::Exact(_), _) => return Ok(Outcome::WrongVersion { current }),
        };
        if let Some(from) = from {
            let stands = usize::try_from(from).ok().and_then(|from| there.get(from..)).unwrap_or_default();
            let equal = stands.len() >= ids.len() && stands.iter().zip(&ids).all(|(at, id)| self.events[*at].id == *id);
            return Ok(match stands.get(ids.len() - 1) {
                Some(last) if equal => {
                    let last = &self.events[*last];
                    Outcome::Written { last: last.revision, position: last.position }
                }
                _ => Outcome::WrongVersion { current },
            });
        }
        for (message, id) in messages.into_iter().zip(ids) {
            self.push(stream, message, id);
        }
        let last = &self.events[self.events.len() - 1];
        let written = Outcome::Written { last: last.revision, position: last.position };
        self.writes += 1;
        if self.writes.is_multiple_of(5) {
            self.of_its_own();
        }
        Ok(written)
    }
}

fn id(message: &ProposedMessage) -> Result<String, Status> {
    match message.id.as_ref().and_then(|id| id.value.as_ref()) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Structured(bits)) => {
            let bits = (bits.most_significant_bits.cast_unsigned(), bits.least_significant_bits.cast_unsigned());
            Ok(uuid::Uuid::from_u64_pair(bits.0, bits.1).to_string())
        }
        None => Err(Status::invalid_argument("an event without an id")),
    }
}
