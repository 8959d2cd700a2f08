//! Reading pages from the cluster, without what is not ours.

use eventstore::{Client, Credentials, Error, Position as At, ReadAllOptions, ReadStreamOptions, StreamPosition};
use uuid::Uuid;

use super::EventStoreLog;
use super::client::Refused;
use super::envelope::{Met, Raw, met};
use crate::store::error::{Inconsistency, StoreError};
use crate::store::log::{Direction, Head, LogPage, PAGE_BYTES, Position, ReadError, StoredEvent, StreamPage};

/// Events asked for at a time.
const PAGE: usize = 1_000;

/// Where a stream ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// The last event of ours.
    pub head: Head,
    /// Its id; `None` for a closed stream, whose last event is the mark.
    pub id: Option<Uuid>,
}

impl End {
    pub const fn is_closed(&self) -> bool {
        self.id.is_none()
    }
}

/// Where a page of the whole log begins.
#[derive(Debug, Clone, Copy)]
enum From {
    /// Behind this position, or at the beginning.
    After(Option<Position>),
    /// Before this position, or at the end, backwards.
    Before(Option<Position>),
}

impl From {
    /// Whether an event is one that was asked for: the server may begin with the one at the position itself.
    fn takes(self, position: Position) -> bool {
        match self {
            Self::After(after) => after.is_none_or(|after| position > after),
            Self::Before(before) => before.is_none_or(|before| position < before),
        }
    }
}

impl EventStoreLog {
    /// Where a stream ends; `None` when there is no such stream.
    pub(super) async fn end(&self, stream: &str) -> Result<Option<End>, StoreError> {
        let last = self.raw_stream(stream, StreamPosition::End, 1).await?;
        let Some(raw) = last.into_iter().flatten().next() else { return Ok(None) };
        match raw.met {
            Met::Event(event) => {
                let head = Head { revision: event.revision, hash: event.hash };
                Ok(Some(End { head, id: Some(event.event_id) }))
            }
            Met::Closed(head) => Ok(Some(End { head, id: None })),
            Met::Foreign => Err(foreign(stream, raw.revision).into()),
        }
    }

    pub(super) async fn page(
        &self,
        stream: &str,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<StreamPage, ReadError> {
        let (start, mut head) = match direction {
            Direction::Forward => (StreamPosition::Position(from), None),
            Direction::Backward => {
                // The server is not asked for what lies behind the end, backwards.
                let end = self.end(stream).await?.ok_or(ReadError::NotFound)?.head;
                (StreamPosition::Position(from.min(end.revision)), Some(end))
            }
        };
        let raws = self.raw_stream_towards(stream, start, direction, limit.max(1)).await?.ok_or(ReadError::NotFound)?;
        let (mut events, mut bytes, asked_for_more) = (Vec::new(), 0, raws.len() < limit);
        for raw in raws {
            match raw.met {
                Met::Event(event) => {
                    bytes += event.body.as_ref().map_or(0, Vec::len);
                    events.push(*event);
                }
                Met::Closed(before) => head = Some(before),
                Met::Foreign => return Err(StoreError::from(foreign(stream, raw.revision)).into()),
            }
        }
        events.truncate(limit);
        let last = |event: &StoredEvent| Head { revision: event.revision, hash: event.hash };
        let ended = asked_for_more && bytes < PAGE_BYTES;
        let head = match head.or(events.last().filter(|_| ended).map(last)) {
            Some(head) => head,
            None => self.end(stream).await?.ok_or(ReadError::NotFound)?.head,
        };
        Ok(StreamPage { events, head })
    }

    pub(super) async fn all(&self, after: Option<Position>, limit: usize) -> Result<LogPage, StoreError> {
        let (mut events, mut bytes, mut at) = (Vec::new(), 0, after);
        let (mut ended, mut full) = (false, limit == 0);
        while !ended && !full {
            // One more, for the event that was read last: the server begins with it.
            let count = (limit - events.len()).min(PAGE) + 1;
            let raws;
            (raws, ended) = self.raw_all(From::After(at), count).await?;
            for raw in raws {
                at = Some(raw.position);
                if let Met::Event(event) = raw.met {
                    bytes += event.body.as_ref().map_or(0, Vec::len);
                    events.push(*event);
                    full = events.len() == limit || bytes >= PAGE_BYTES;
                    if full {
                        break;
                    }
                }
            }
        }
        let next = events.last().map(|event: &StoredEvent| event.position).or(after);
        Ok(LogPage { events, next, caught_up: ended && !full })
    }

    /// The last position that is ours.
    pub(super) async fn last(&self) -> Result<Option<Position>, StoreError> {
        // What lies behind it is the server's own, or another's: seldom more than a few.
        let (mut before, mut count) = (None, 2);
        loop {
            let (raws, ended) = self.raw_all(From::Before(before), count).await?;
            before = raws.last().map(|raw| raw.position).or(before);
            let own = raws.into_iter().find(|raw| matches!(raw.met, Met::Event(_)));
            if own.is_some() || ended {
                return Ok(own.map(|raw| raw.position));
            }
            count = (count * 16).min(PAGE);
        }
    }

    /// Events of one stream, fewer where they are large; `None` when there is no such stream.
    async fn raw_stream(
        &self,
        stream: &str,
        from: StreamPosition<u64>,
        count: usize,
    ) -> Result<Option<Vec<Raw>>, StoreError> {
        self.raw_stream_towards(stream, from, Direction::Backward, count).await
    }

    async fn raw_stream_towards(
        &self,
        stream: &str,
        from: StreamPosition<u64>,
        direction: Direction,
        count: usize,
    ) -> Result<Option<Vec<Raw>>, StoreError> {
        let options = ReadStreamOptions::default().position(from).max_count(count).requires_leader(true);
        let options = match direction {
            Direction::Forward => options.forwards(),
            Direction::Backward => options.backwards(),
        };
        let options = match self.cell.login() {
            Some(login) => options.authenticated(Credentials::clone(login)),
            None => options,
        };
        let named = self.space.named(stream);
        let question = |client: Client| {
            let (named, options, space) = (named.clone(), options.clone(), self.space.clone());
            async move {
                let mut found = client.read_stream(named, &options).await?;
                let (mut raws, mut bytes) = (Vec::new(), 0);
                while bytes < PAGE_BYTES
                    && let Some(resolved) = found.next().await?
                {
                    let Some(event) = resolved.event else { continue };
                    bytes += event.data.len();
                    raws.push(met(&space, event));
                }
                Ok::<_, Error>(raws)
            }
        };
        match self.cell.ask(question).await {
            Ok(raws) => Ok(Some(raws)),
            Err(Refused::NotFound) => Ok(None),
            Err(Refused::Conflict) => Err(StoreError::unavailable("a read was answered with a conflict")),
            Err(Refused::Store(error)) => Err(error),
        }
    }

    /// Events of the whole server, and whether there is nothing behind them.
    async fn raw_all(&self, from: From, count: usize) -> Result<(Vec<Raw>, bool), StoreError> {
        let position = match from {
            From::After(None) => StreamPosition::Start,
            From::Before(None) => StreamPosition::End,
            From::After(Some(at)) | From::Before(Some(at)) => {
                let (commit, prepare) = at.parts();
                StreamPosition::Position(At { commit, prepare })
            }
        };
        let options = ReadAllOptions::default().position(position).max_count(count).requires_leader(true);
        let options = match from {
            From::After(_) => options.forwards(),
            From::Before(_) => options.backwards(),
        };
        let options = match self.cell.login() {
            Some(login) => options.authenticated(Credentials::clone(login)),
            None => options,
        };
        let question = |client: Client| {
            let (options, space) = (options.clone(), self.space.clone());
            async move {
                let mut found = client.read_all(&options).await?;
                let (mut raws, mut bytes, mut sent) = (Vec::new(), 0, 0);
                while let Some(resolved) = found.next().await? {
                    sent += 1;
                    let Some(event) = resolved.event else { continue };
                    let size = event.data.len();
                    let raw = met(&space, event);
                    if !from.takes(raw.position) {
                        continue;
                    }
                    raws.push(raw);
                    bytes += size;
                    if bytes >= PAGE_BYTES {
                        return Ok((raws, false));
                    }
                }
                Ok::<_, Error>((raws, sent < count))
            }
        };
        match self.cell.ask(question).await {
            Ok(found) => Ok(found),
            Err(Refused::Store(error)) => Err(error),
            Err(Refused::NotFound | Refused::Conflict) => {
                Err(StoreError::unavailable("the server does not read its whole log"))
            }
        }
    }
}

fn foreign(stream: &str, revision: u64) -> Inconsistency {
    Inconsistency::new("events", "metadata", format!("{stream}@{revision}"))
}
