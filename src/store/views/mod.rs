//! The read models: one version in one SQLite file or PostgreSQL schema, filled by polling the log.
//!
//! The checkpoint is committed in the same transaction as the rows it stands for, so a crash between the two cannot be.
//! A rebuild fills a new generation beside the live one and moves a pointer that lies with the log. The generation before
//! stays until the next rebuild: whoever looked at the pointer just before it moved still reads whole tables.

mod activities;
mod generation;
mod observations;
mod persons;
mod queries;
mod schema;
mod snapshot;
mod take_in;

use std::sync::Arc;

use tokio::sync::{Mutex, RwLock};

use super::error::StoreError;
use super::journal::{JournalPage, SealedJournal, Walk};
use super::log::{Position, left};
use super::log_place::{self, LogPlace};
use super::sql::{Row, Sql, SqlTx};
use crate::domain::person::PersonId;
use crate::engine::ports::views::{Progress, Rebuilt, ViewsError};
use generation::{Generation, pointer_name};

pub use generation::Place;
pub use schema::VERSION;

/// Events taken in at a time.
const PAGE: usize = 1_000;

/// The read models of all persons.
pub struct PeopleViews {
    place: Place,
    pointer: Sql,
    journal: Arc<SealedJournal>,
    /// Where the journal's log lies.
    lies: LogPlace,
    live: RwLock<Generation>,
    catching_up: Mutex<()>,
}

fn unavailable(error: impl std::fmt::Display) -> ViewsError {
    ViewsError::Unavailable(error.to_string())
}

impl PeopleViews {
    /// Opens the live generation, or starts the first. `pointer` is the database of the log, which lies where `lies` says.
    ///
    /// # Errors
    /// When a database cannot be opened, or the log was moved away.
    pub async fn open(
        place: Place,
        pointer: Sql,
        journal: Arc<SealedJournal>,
        lies: LogPlace,
    ) -> Result<Self, StoreError> {
        let number = active(&pointer).await?;
        stays(&pointer, lies).await?;
        let live = RwLock::new(Generation::open(&place, number, pointer.slow_after()).await?);
        Ok(Self { place, pointer, journal, lies, live, catching_up: Mutex::new(()) })
    }

    async fn live(&self) -> Result<Generation, ViewsError> {
        let number = active(&self.pointer).await.map_err(unavailable)?;
        let current = self.live.read().await.clone();
        if current.number == number {
            return Ok(current);
        }
        stays(&self.pointer, self.lies).await.map_err(unavailable)?;
        let mut live = self.live.write().await;
        if live.number < number {
            let fresh = Generation::open(&self.place, number, self.pointer.slow_after()).await.map_err(unavailable)?;
            // The one before may have gone on while this one was compared with it: nobody is shown less than before.
            self.fill(&fresh, None).await?;
            *live = fresh;
        }
        Ok(live.clone())
    }

    /// Takes in what the log has beyond a generation's checkpoint, up to a position.
    ///
    /// Returns how many of the events could not be read for want of a key.
    async fn fill(&self, generation: &Generation, until: Option<Position>) -> Result<u64, ViewsError> {
        let mut unreadable = 0;
        let walk = |from| Walk::new(Arc::clone(&self.journal), from, until, PAGE);
        let mut log = walk(None);
        loop {
            let after = generation.checkpoint().await.map_err(unavailable)?;
            // At first, and where another process was faster.
            if log.at() != after {
                log = walk(after);
            }
            let JournalPage { events, next, caught_up } = log.next().await.map_err(unavailable)?;
            let unread = events.iter().flatten().filter(|event| event.content.is_none()).count() as u64;
            let mut taken = true;
            if let Some(next) = next.filter(|next| Some(*next) != after) {
                let from = after.map(|position| position.to_string()).unwrap_or_default();
                let to = next.to_string();
                let journal = Arc::clone(&self.journal);
                let page = generation
                    .sql
                    .write(move |tx| Box::pin(async move { take_in::take_in(tx, &journal, from, to, events).await }));
                taken = match page.await {
                    Ok(taken) => taken,
                    Err(error) if self.place.reserve().is_some_and(|reserve| reserve.give_up_after(&error)) => continue,
                    Err(error) => return Err(unavailable(error)),
                };
            }
            unreadable += unread;
            if taken && caught_up {
                return Ok(unreadable);
            }
        }
    }

    async fn caught_up(&self) -> Result<(), ViewsError> {
        let live = self.live().await?;
        // Most who ask come when nothing is new: they need not wait for each other.
        let head = self.journal.last_position().await.map_err(unavailable)?;
        if head.is_none() || live.checkpoint().await.map_err(unavailable)? == head {
            return Ok(());
        }
        let _one_at_a_time = self.catching_up.lock().await;
        self.fill(&live, None).await.map(|_| ())
    }

    async fn progress(&self) -> Result<Progress, ViewsError> {
        let live = self.live().await?;
        let checkpoint = live.checkpoint().await.map_err(unavailable)?;
        let paused = queries::paused(&live.sql, None).await.map_err(unavailable)?;
        let (behind, oldest) = self.journal.behind(checkpoint).await.map_err(unavailable)?;
        Ok(Progress { behind, oldest, paused })
    }

    async fn refolded(&self, person: PersonId) -> Result<(), ViewsError> {
        loop {
            self.caught_up().await?;
            let live = self.live().await?;
            let journal = Arc::clone(&self.journal);
            let refolded =
                live.sql.write(move |tx| Box::pin(async move { take_in::refold(tx, &journal, person).await }));
            refolded.await.map_err(|error: StoreError| unavailable(error))?;
            live.sql.settle().await.map_err(unavailable)?;
            Generation::remove_others(&self.place, live.number).await.map_err(unavailable)?;
            // Of two that were filled beside each other the other one may be live by now.
            if active(&self.pointer).await.map_err(unavailable)? == live.number {
                return Ok(());
            }
        }
    }

    async fn rebuilt(&self) -> Result<Rebuilt, ViewsError> {
        loop {
            let before = self.journal.keys_destroyed().await.map_err(unavailable)?;
            let rebuilt = self.rebuilt_once().await?;
            // What was read before something was erased may stand in it.
            if self.journal.keys_destroyed().await.map_err(unavailable)? == before {
                return Ok(rebuilt);
            }
        }
    }

    async fn rebuilt_once(&self) -> Result<Rebuilt, ViewsError> {
        let _one_at_a_time = self.catching_up.lock().await;
        let old = self.live().await?;
        self.fill(&old, None).await?;
        let new =
            Generation::open(&self.place, old.number + 1, self.pointer.slow_after()).await.map_err(unavailable)?;
        new.clear().await.map_err(unavailable)?;
        // Others append meanwhile, and take in: both are compared at one position.
        let (reached, live) = old.digest().await.map_err(unavailable)?;
        let mut unreadable = 0;
        if reached.is_some() {
            unreadable = self.fill(&new, reached).await?;
        }
        let (at, digest) = new.digest().await.map_err(unavailable)?;
        if at != reached {
            return Err(unavailable("two rebuilds at once; try again when the other one has ended"));
        }
        if live != digest && unreadable > 0 {
            // The live ones may be all that is left of what those events said.
            return Ok(Rebuilt { matches_live: false, digest, switched: false });
        }
        switch(&self.pointer, new.number).await.map_err(unavailable)?;
        if self.live().await?.number != new.number {
            return Err(unavailable("somebody let the read models begin anew meanwhile; try again"));
        }
        // Those that begin anew pass over a number.
        for before in [old.number - 1, old.number - 2].into_iter().filter(|number| *number > 0) {
            if let Err(error) = Generation::remove(&self.place, before).await {
                tracing::warn!(%error, "read models that nobody uses any more are left behind");
            }
        }
        Ok(Rebuilt { matches_live: live == digest, digest, switched: true })
    }
}

/// Read models that begin anew are the next but one: a rebuild that somebody has begun fills the next.
const BEYOND: i64 = 2;

const ACTIVE: &str = "SELECT generation
                      FROM projection_active
                      WHERE name = $1";

/// The number of the live generation: the first, unless the pointer says otherwise.
async fn active(pointer: &Sql) -> Result<i64, StoreError> {
    number(&pointer.query(ACTIVE, &[pointer_name().into()]).await?)
}

fn number(rows: &[Row]) -> Result<i64, StoreError> {
    rows.first().map_or(Ok(1), |row| row.int(0))
}

/// Whether a generation is still the one that [`next_generation`] would give.
pub(in crate::store) async fn is_next(tx: &mut SqlTx, next: i64) -> Result<bool, StoreError> {
    Ok(number(&tx.query(ACTIVE, &[pointer_name().into()]).await?)? + BEYOND == next)
}

/// Refuses where the log does not lie there any more. Asked after the pointer, which moves with it.
async fn stays(pointer: &Sql, lies: LogPlace) -> Result<(), StoreError> {
    match log_place::settled(pointer).await? {
        Some(place) if place != lies => Err(left::meet()),
        _ => Ok(()),
    }
}

/// Sends every reader to another generation, unless they were sent further already.
async fn switch(pointer: &Sql, number: i64) -> Result<(), StoreError> {
    pointer.write(move |tx| Box::pin(show(tx, number))).await
}

/// The same as a part of what is written together.
pub(in crate::store) async fn show(tx: &mut SqlTx, number: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO projection_active (name, generation)
         VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE
         SET generation = EXCLUDED.generation
         WHERE projection_active.generation < EXCLUDED.generation",
        &[pointer_name().into(), number.into()],
    )
    .await
    .map(|_| ())
}

/// Lets the read models begin anew.
///
/// # Errors
/// When a database does not answer.
pub async fn begin_anew(place: &Place, pointer: &Sql) -> Result<(), StoreError> {
    switch(pointer, next_generation(place, pointer).await?).await
}

/// An empty generation, which has taken nothing in yet: its number, to be shown.
///
/// # Errors
/// When a database does not answer.
pub async fn next_generation(place: &Place, pointer: &Sql) -> Result<i64, StoreError> {
    let next = Generation::open(place, active(pointer).await? + BEYOND, pointer.slow_after()).await?;
    next.clear().await?;
    Ok(next.number)
}
