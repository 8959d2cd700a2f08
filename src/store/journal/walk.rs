//! The whole log, page by page, opened: while one page is worked on, the next are fetched and opened.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tracing::{Instrument, warn};

use super::{SealedJournal, unavailable};
use crate::domain::person::PersonId;
use crate::engine::ports::journal::{JournalError, Recorded};
use crate::store::log::{LogPage, Position};

/// Pages that are ready, being opened or being fetched while one is worked on. To open one takes two to three times as long as to
/// fetch it: more would wait for the log. Four pages are held at most, each bounded by the bytes of a page of the log and, once
/// opened, a small multiple of that.
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
    ahead: Option<Ahead>,
}

impl Walk {
    /// Walks from a position on, up to another one when it is given, in pages of at most so many events.
    #[must_use]
    pub fn new(journal: Arc<SealedJournal>, at: Option<Position>, until: Option<Position>, limit: usize) -> Self {
        Self { journal, at, until, limit, ahead: None }
    }

    /// What the next page comes after.
    #[must_use]
    pub const fn at(&self) -> Option<Position> {
        self.at
    }

    /// The next page; at the end of the log an empty one, until there is more. Who gives this up loses no page, but all that
    /// was read ahead.
    ///
    /// # Errors
    /// When the store does not answer, twice if the page was read ahead; it is asked for anew next time.
    pub async fn next(&mut self) -> Result<JournalPage, JournalError> {
        let page = match self.ahead.take() {
            // What failed while it was read ahead may not fail now.
            Some(ahead) => ahead.turn().await.inspect_err(|error| warn!(%error, "a page is read again")).ok(),
            None => None,
        };
        let (page, ahead) = match page {
            Some(turned) => turned,
            None => Ahead::of(self).turn().await?,
        };
        self.at = page.next;
        self.ahead = Some(ahead).filter(|_| !page.caught_up);
        Ok(page)
    }
}

/// The pages from a place to the end of the log, or to where the walk ends, in their order.
struct Ahead {
    pages: mpsc::Receiver<Result<Fetched, JournalError>>,
    /// A task of its own: between two pages nobody would poll it, and what it waits for others wait for too. It only reads and
    /// is given up with this, so that no stop need wait for it.
    fetching: JoinSet<()>,
}

impl Ahead {
    fn of(walk: &Walk) -> Self {
        let (journal, mut at, until, limit) = (Arc::clone(&walk.journal), walk.at, walk.until, walk.limit);
        // One more is fetched while these wait.
        let (sender, pages) = mpsc::channel(AHEAD - 1);
        let mut fetching = JoinSet::new();
        let fetch = async move {
            let mut more = true;
            while more {
                let page = Fetched::from(&journal, at, until, limit).await;
                more = page.as_ref().is_ok_and(|page| !page.caught_up);
                at = page.as_ref().map_or(at, |page| page.next);
                more &= sender.send(page).await.is_ok();
            }
        };
        fetching.spawn(fetch.in_current_span());
        Self { pages, fetching }
    }

    /// The next page, and those after it.
    async fn turn(mut self) -> Result<(JournalPage, Self), JournalError> {
        let Some(fetched) = self.pages.recv().await else {
            let died = self.fetching.join_next().await.and_then(Result::err);
            return Err(died.map_or_else(|| unavailable("the walk has ended"), unavailable));
        };
        Ok((fetched?.opened().await?, self))
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
