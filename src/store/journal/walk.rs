//! The whole log, page by page, opened: while some pages are opened, each on a core, the next is fetched.

use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::task::AbortOnDropHandle;

use super::{SealedJournal, unavailable};
use crate::domain::person::PersonId;
use crate::engine::ports::journal::{JournalError, Recorded};
use crate::store::log::{LogPage, Position};

/// Pages that are opened at once. To open one takes two to three times as long as to fetch it: more would wait for the log.
const AHEAD: usize = 3;

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
    pages: Option<BoxStream<'static, Result<JournalPage, JournalError>>>,
}

impl Walk {
    /// Walks from a position on, up to another one when it is given, in pages of at most so many events.
    #[must_use]
    pub fn new(journal: Arc<SealedJournal>, at: Option<Position>, until: Option<Position>, limit: usize) -> Self {
        Self { journal, at, until, limit, pages: None }
    }

    /// What the next page comes after.
    #[must_use]
    pub const fn at(&self) -> Option<Position> {
        self.at
    }

    /// The next page; at the end of the log an empty one, until there is more.
    ///
    /// # Errors
    /// When the store does not answer; the page is asked for anew next time.
    pub async fn next(&mut self) -> Result<JournalPage, JournalError> {
        let mut pages = self.pages.take().unwrap_or_else(|| self.ahead());
        let page = pages.next().await.unwrap_or_else(|| Err(unavailable("the walk has ended")))?;
        self.at = page.next;
        self.pages = Some(pages).filter(|_| !page.caught_up);
        Ok(page)
    }

    /// The pages from here to the end of the log, or to where the walk ends, the last one with `caught_up`; one that cannot be
    /// had is the last, in its turn.
    fn ahead(&self) -> BoxStream<'static, Result<JournalPage, JournalError>> {
        let (journal, until, limit) = (Arc::clone(&self.journal), self.until, self.limit);
        let opening = stream::unfold(Some(self.at), move |at| {
            let journal = Arc::clone(&journal);
            async move {
                let at = at?;
                // A task of its own: nobody polls this while a page is worked on, and what it waits for, others wait for too.
                let fetching = tokio::spawn(async move { Fetched::from(&journal, at, until, limit).await });
                let page = AbortOnDropHandle::new(fetching).await.unwrap_or_else(|died| Err(unavailable(died)));
                let then = page.as_ref().ok().filter(|page| !page.caught_up).map(|page| page.next);
                Some((async move { page?.opened().await }, then))
            }
        });
        opening.buffered(AHEAD).boxed()
    }
}

/// A page whose events are being opened.
struct Fetched {
    events: JoinHandle<Vec<Result<Recorded, Poison>>>,
    next: Option<Position>,
    caught_up: bool,
}

impl Fetched {
    async fn from(
        journal: &SealedJournal,
        at: Option<Position>,
        until: Option<Position>,
        limit: usize,
    ) -> Result<Self, JournalError> {
        let LogPage { events, next, caught_up } = fetch(journal, at, until, limit).await?;
        let opening = journal.opening(&events).await?;
        Ok(Self { events: spawn_blocking(move || opening.all(events)), next, caught_up })
    }

    async fn opened(self) -> Result<JournalPage, JournalError> {
        let Self { events, next, caught_up } = self;
        Ok(JournalPage { events: events.await.map_err(unavailable)?, next, caught_up })
    }
}

async fn fetch(
    journal: &SealedJournal,
    at: Option<Position>,
    until: Option<Position>,
    limit: usize,
) -> Result<LogPage, JournalError> {
    let mut page = journal.log.read_all(at, limit).await.map_err(unavailable)?;
    if let Some(until) = until.filter(|until| page.next.is_some_and(|next| next >= *until)) {
        page.events.retain(|event| event.position <= until);
        (page.next, page.caught_up) = (page.events.last().map(|event| event.position).or(at), true);
    }
    Ok(page)
}
