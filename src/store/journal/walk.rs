//! The whole log, page by page, opened: while one page is opened, the next is fetched.

use std::sync::Arc;

use super::{SealedJournal, unavailable};
use crate::domain::person::PersonId;
use crate::engine::ports::journal::{JournalError, Recorded};
use crate::store::log::{LogPage, Position};

/// A page of the whole log.
pub struct JournalPage {
    /// The events in their order, those of no person left out; one that does not open stands there as what is wrong with it.
    pub events: Vec<Result<Recorded, Poison>>,
    /// Where the next page begins.
    pub next: Option<Position>,
    /// Whether the page reached the end of the log as it was, or the position up to which it was asked for.
    pub caught_up: bool,
}

/// An event that this build cannot take in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    /// Whose it is.
    pub person: PersonId,
    /// Its place in the log.
    pub position: String,
    /// What is wrong.
    pub reason: String,
}

/// A walk over the log from a position on.
pub struct Walk {
    journal: Arc<SealedJournal>,
    at: Option<Position>,
    until: Option<Position>,
    limit: usize,
    fetched: Option<LogPage>,
}

impl Walk {
    /// Walks from a position on, up to another one when it is given, in pages of at most so many events.
    #[must_use]
    pub fn new(journal: Arc<SealedJournal>, at: Option<Position>, until: Option<Position>, limit: usize) -> Self {
        Self { journal, at, until, limit, fetched: None }
    }

    /// What the next page comes after.
    #[must_use]
    pub const fn at(&self) -> Option<Position> {
        self.at
    }

    /// The next page; at the end of the log an empty one, until there is more.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn next(&mut self) -> Result<JournalPage, JournalError> {
        let page = match self.fetched.take() {
            Some(page) => page,
            None => self.fetch(self.at).await?,
        };
        let LogPage { events, next, caught_up } = page;
        let fetch = async {
            // One that cannot be fetched now is fetched, or missed, when its turn comes.
            if caught_up { None } else { self.fetch(next).await.ok() }
        };
        let open = async { self.journal.opening(&events).await?.all(events).await };
        let (fetched, events) = tokio::join!(fetch, open);
        let events = events?;
        (self.at, self.fetched) = (next, fetched);
        Ok(JournalPage { events, next, caught_up })
    }

    async fn fetch(&self, at: Option<Position>) -> Result<LogPage, JournalError> {
        let mut page = self.journal.log.read_all(at, self.limit).await.map_err(unavailable)?;
        if let Some(until) = self.until.filter(|until| page.next.is_some_and(|next| next >= *until)) {
            page.events.retain(|event| event.position <= until);
            (page.next, page.caught_up) = (page.events.last().map(|event| event.position).or(at), true);
        }
        Ok(page)
    }
}
