//! Proving that nobody edited the log: one walk over all of it, in order, naming every position that does not fit.
//!
//! The next page is read while the present one is hashed on blocking threads, so the walk costs as long as the slower of
//! the two. It checks positions, revisions, links, hashes, bodies against their digests, the end of the log, and that each
//! stream ends for who appends to it where the walk saw it end. It cannot see by itself events that were taken out with
//! positions closed up behind them, or a log that was written anew with hashes that fit: that takes a checkpoint kept
//! elsewhere, whose root is made again on the way.

use super::chain::Hash;
use super::checkpoint::merkle::{self, Tree};
use super::error::StoreError;
use super::log::{EventLog, Head, LogPage, Position, StoredEvent};
use crate::engine::ports::checkpoint::Anchor;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use tokio::task::JoinHandle;

const PAGE: usize = 4_000;

/// How often a stream that grows during the walk is looked at again.
const ROUNDS: usize = 5;

/// The rule a place in the log breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Positions are without gaps.
    PositionGap,
    /// Revisions of a stream are without gaps, from 0.
    RevisionGap,
    /// An event names the hash of the one before it.
    PreviousHash,
    /// An event's hash is the hash of its header, its body's digest and the hash before it.
    Hash,
    /// A body has the digest its event names.
    BodyDigest,
    /// A row can be read as an event.
    Unreadable,
    /// The last event of a stream is the last one that the log shows of it.
    StreamHead,
    /// The end of the log is its last event.
    LogHead,
    /// The log has as many events as its checkpoint counts.
    CheckpointSize,
    /// The events that its checkpoint counts are those it was made of.
    CheckpointRoot,
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::PositionGap => "position_gap",
            Self::RevisionGap => "revision_gap",
            Self::PreviousHash => "previous_hash",
            Self::Hash => "hash",
            Self::BodyDigest => "body_digest",
            Self::Unreadable => "unreadable",
            Self::StreamHead => "stream_head",
            Self::LogHead => "log_head",
            Self::CheckpointSize => "checkpoint_size",
            Self::CheckpointRoot => "checkpoint_root",
        })
    }
}

/// A place in the log that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// Where; `None` in a log without events. For a checkpoint it is the last event that was compared.
    pub position: Option<Position>,
    /// Which rule it breaks.
    pub rule: Rule,
}

/// What the walk has to say, while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Something does not fit.
    Fault(Fault),
    /// So many events were looked at so far.
    Progress(u64),
}

/// What was looked at, and how much of it does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// How many events.
    pub events: u64,
    /// How many streams.
    pub streams: u64,
    /// How many faults were told.
    pub faults: u64,
    /// The last position that was reached.
    pub position: Option<Position>,
}

/// Walks the whole log, compares it with a checkpoint if there is one, and tells each fault as it is found.
///
/// # Errors
/// When the store does not answer. What it answers, however wrong, is a fault and no error.
pub async fn verify(
    log: &dyn EventLog,
    anchor: Option<Anchor>,
    tell: &mut (dyn FnMut(Step) + Send),
) -> Result<Summary, StoreError> {
    let again = anchor.map(|anchor| MadeAgain { anchor, tree: Tree::default(), last: None });
    let mut walk = Walk { gapless: log.capabilities().gapless_positions, again, ..Walk::default() };
    walk.walk_on(log, tell).await?;
    walk.heads(log, tell).await?;
    let last = log.last_position().await?;
    if walk.position > last {
        // What was walked was there before the end was read: the end was moved back.
        walk.tell(tell, walk.position, Rule::LogHead);
    } else if walk.position < last {
        walk.walk_on(log, tell).await?;
        if walk.position < last {
            walk.tell(tell, last, Rule::LogHead);
        }
    }
    if let Some(again) = walk.again.take()
        && let Some(rule) = again.broken()
    {
        walk.tell(tell, again.last, rule);
    }
    Ok(Summary { events: walk.events, streams: walk.state.len() as u64, faults: walk.faults, position: walk.position })
}

/// The same walk for who only asks whether anything is wrong: the names of the rules that are broken, a fault each, beside what
/// was looked at. `progress` is told how many events were.
///
/// # Errors
/// As for [`verify`].
pub async fn broken_rules(
    log: &dyn EventLog,
    anchor: Option<Anchor>,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<(Summary, Vec<String>), StoreError> {
    let mut rules = Vec::new();
    let mut tell = |step| match step {
        Step::Fault(fault) => rules.push(fault.rule.to_string()),
        Step::Progress(events) => progress(events),
    };
    let summary = verify(log, anchor, &mut tell).await?;
    Ok((summary, rules))
}

/// Where a stream was last seen.
#[derive(Debug, Clone, Copy)]
struct Seen {
    revision: u64,
    hash: Hash,
    position: Position,
}

/// The tree of a checkpoint, made again of the events that are there: never more of it than its edge.
struct MadeAgain {
    anchor: Anchor,
    tree: Tree,
    last: Option<Position>,
}

impl MadeAgain {
    /// Adds a page, as far as the checkpoint goes, on a blocking thread of its own.
    fn grow(mut self, events: &[StoredEvent]) -> JoinHandle<Self> {
        let left = usize::try_from(self.anchor.size - self.tree.size()).unwrap_or(usize::MAX);
        let counted = events.get(..left).unwrap_or(events);
        self.last = counted.last().map(|event| event.position).or(self.last);
        let hashes: Vec<Hash> = counted.iter().map(|event| event.hash).collect();
        tokio::task::spawn_blocking(move || {
            hashes.iter().for_each(|hash| self.tree.push(merkle::leaf(hash.as_bytes())));
            self
        })
    }

    /// What is broken once everything was pushed.
    fn broken(&self) -> Option<Rule> {
        if self.tree.size() < self.anchor.size {
            return Some(Rule::CheckpointSize);
        }
        (*self.tree.root().as_bytes() != self.anchor.root).then_some(Rule::CheckpointRoot)
    }
}

#[derive(Default)]
struct Walk {
    gapless: bool,
    again: Option<MadeAgain>,
    state: HashMap<String, Seen>,
    unreadable: BTreeSet<u64>,
    position: Option<Position>,
    events: u64,
    faults: u64,
}

impl Walk {
    fn tell(&mut self, tell: &mut (dyn FnMut(Step) + Send), position: Option<Position>, rule: Rule) {
        self.faults += 1;
        tell(Step::Fault(Fault { position, rule }));
    }

    async fn walk_on(&mut self, log: &dyn EventLog, tell: &mut (dyn FnMut(Step) + Send)) -> Result<(), StoreError> {
        let mut page = self.read(log, self.position).await?;
        loop {
            let next = page.next;
            let done = page.caught_up || page.events.is_empty();
            let events = page.events;
            let grown = self.again.take().map(|again| again.grow(&events));
            let digests = tokio::task::spawn_blocking(move || digest(events));
            let following = if done { None } else { Some(self.read(log, next).await?) };
            let digests = digests.await.map_err(StoreError::unavailable)?;
            if let Some(grown) = grown {
                self.again = Some(grown.await.map_err(StoreError::unavailable)?);
            }
            for (event, digests) in digests {
                self.check(event, digests, tell);
            }
            self.skip_unreadable(tell);
            tell(Step::Progress(self.events));
            match following {
                Some(following) => page = following,
                None => return Ok(()),
            }
        }
    }

    /// Reads a page; where a row in it cannot be read, finds that row and goes on behind it.
    async fn read(&mut self, log: &dyn EventLog, after: Option<Position>) -> Result<LogPage, StoreError> {
        let mut after = after;
        loop {
            let mut limit = PAGE;
            let error = loop {
                match log.read_all(after, limit).await {
                    Ok(page) => return Ok(page),
                    Err(error) if limit == 1 => break error,
                    Err(_) => limit = (limit / 8).max(1),
                }
            };
            let last = log.last_position().await?;
            let next = Position::sequence(after.map_or(0, Position::number) + 1);
            if !self.gapless || last.is_none_or(|last| next > last) {
                return Err(error);
            }
            self.unreadable.insert(next.number());
            after = Some(next);
        }
    }

    /// Tells the unreadable rows right behind the last event and returns the last position known of.
    fn skip_unreadable(&mut self, tell: &mut (dyn FnMut(Step) + Send)) -> u64 {
        let mut last = self.position.map_or(0, Position::number);
        while self.unreadable.remove(&(last + 1)) {
            last += 1;
            self.position = Some(Position::sequence(last));
            self.tell(tell, self.position, Rule::Unreadable);
        }
        last
    }

    fn check(&mut self, event: StoredEvent, digests: Digests, tell: &mut (dyn FnMut(Step) + Send)) {
        let position = Some(event.position);
        let last = self.skip_unreadable(tell);
        if self.gapless && event.position != Position::sequence(last + 1) {
            self.tell(tell, position, Rule::PositionGap);
        }
        let seen = self.state.get(&event.stream).copied();
        if event.revision != seen.map_or(0, |seen| seen.revision.saturating_add(1)) {
            self.tell(tell, position, Rule::RevisionGap);
        }
        if event.prev_hash != seen.map_or(Hash::GENESIS, |seen| seen.hash) {
            self.tell(tell, position, Rule::PreviousHash);
        }
        if event.hash != digests.hash {
            self.tell(tell, position, Rule::Hash);
        }
        if digests.body.is_some_and(|body| body != event.body_digest) {
            self.tell(tell, position, Rule::BodyDigest);
        }
        self.position = position;
        self.events += 1;
        let now = Seen { revision: event.revision, hash: event.hash, position: event.position };
        match self.state.get_mut(&event.stream) {
            Some(seen) => *seen = now,
            None => {
                self.state.insert(event.stream, now);
            }
        }
    }

    /// Compares the last event that was seen of every stream with its head.
    async fn heads(&mut self, log: &dyn EventLog, tell: &mut (dyn FnMut(Step) + Send)) -> Result<(), StoreError> {
        let mut ends: Vec<(Position, String)> =
            self.state.iter().map(|(stream, seen)| (seen.position, stream.clone())).collect();
        ends.sort_unstable();
        for (_, stream) in ends {
            for round in 0.. {
                let (head, seen) = (log.head(&stream).await?, self.state.get(&stream).copied());
                let fits = |(head, seen): (Head, Seen)| head.revision == seen.revision && head.hash == seen.hash;
                if head.zip(seen).is_some_and(fits) {
                    break;
                }
                if round == ROUNDS {
                    self.tell(tell, seen.map(|seen| seen.position), Rule::StreamHead);
                    break;
                }
                // It may have grown since.
                self.walk_on(log, tell).await?;
            }
        }
        Ok(())
    }
}

/// What an event hashes to.
struct Digests {
    hash: Hash,
    body: Option<Hash>,
}

fn digest(events: Vec<StoredEvent>) -> Vec<(StoredEvent, Digests)> {
    events
        .into_iter()
        .map(|event| {
            let digests = Digests {
                hash: event.header().chain(&event.prev_hash, &event.body_digest),
                body: event.body.as_deref().map(Hash::of),
            };
            (event, digests)
        })
        .collect()
}
