//! A person's folded state as it is kept, so that a decision need not read their stream from its beginning.
//!
//! It is worth nothing by itself. It lies among the tables of the version that folds it, which no other version reads, and
//! beside it stands its digest: one that does not fit is not believed, and the state is folded from the log again.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::domain::person::PersonId;
use crate::domain::state::PersonState;
use crate::engine::ports::journal::{Journal as _, Recorded};
use crate::store::chain::hex;
use crate::store::error::StoreError;
use crate::store::journal::{SealedJournal, Walk};
use crate::store::log::Position;
use crate::store::sql::{Row, Value};

/// The table.
pub(super) const TABLE: &str = "CREATE TABLE person_state (
    person TEXT NOT NULL,
    revision BIGINT NOT NULL,
    body TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (person)
)";

/// Its columns.
pub(super) const COLUMNS: [&str; 4] = ["person", "revision", "body", "digest"];

/// What is kept of one person.
pub(super) const OF_PERSON: &str = "SELECT person, revision, body, digest
     FROM person_state
     WHERE person = $1";

/// Events read at a time.
const PAGE: usize = 1_000;

/// The row of a state.
///
/// # Errors
/// When a number in it is not finite, which the invariants refuse before.
pub(super) fn row(person: PersonId, state: &PersonState) -> Result<Vec<Value>, StoreError> {
    let (person, revision) = (person.to_string(), state.revision.unwrap_or_default().cast_signed());
    let body = serde_json::to_string(state).map_err(StoreError::unavailable)?;
    let digest = digest(&person, revision, &body);
    Ok(vec![person.into(), revision.into(), body.into(), digest.into()])
}

fn digest(person: &str, revision: i64, body: &str) -> String {
    hex(&Sha256::digest(format!("{person} {revision} {body}")))
}

/// The state in the rows of one person, the default one where there is none; nothing where it does not fit its digest.
pub(super) fn kept(rows: &[Row]) -> Option<PersonState> {
    let Some(row) = rows.first() else { return Some(PersonState::default()) };
    let (person, revision, body) = (row.text(0).ok()?, row.int(1).ok()?, row.text(2).ok()?);
    let fits = row.text(3).is_ok_and(|kept| kept == digest(&person, revision, &body));
    serde_json::from_str(&body).ok().filter(|_| fits)
}

/// The state of a person up to a position, from the log: for a kept one that cannot be believed.
///
/// # Errors
/// When the log does not answer, or an event of theirs cannot be read.
pub(super) async fn folded(
    journal: &Arc<SealedJournal>,
    person: PersonId,
    until: Option<Position>,
) -> Result<PersonState, StoreError> {
    tracing::warn!("a kept state does not fit its digest, and is folded from the log again");
    let mut state = PersonState::default();
    loop {
        let from = state.revision.map_or(0, |revision| revision + 1);
        let page = journal.read(person, from, PAGE).await.map_err(StoreError::unavailable)?;
        if page.is_empty() {
            return Ok(state);
        }
        for recorded in page {
            let position: Position = recorded.position.parse().map_err(StoreError::unavailable)?;
            if position == Position::UNKNOWN {
                return walked(journal, person, until).await;
            }
            if until.is_none_or(|until| position > until) {
                return Ok(state);
            }
            take(&mut state, &recorded);
        }
    }
}

/// The same from the whole log, where a stream does not tell how its events stand in it.
async fn walked(
    journal: &Arc<SealedJournal>,
    person: PersonId,
    until: Option<Position>,
) -> Result<PersonState, StoreError> {
    let mut state = PersonState::default();
    if until.is_none() {
        return Ok(state);
    }
    let mut walk = Walk::new(Arc::clone(journal), None, until, PAGE);
    loop {
        let page = walk.next().await.map_err(StoreError::unavailable)?;
        for event in page.events {
            match event {
                Ok(recorded) if recorded.person == person => take(&mut state, &recorded),
                Err(poison) if poison.person == person => return Err(StoreError::unavailable(poison.reason)),
                Ok(_) | Err(_) => {}
            }
        }
        if page.caught_up {
            return Ok(state);
        }
    }
}

fn take(state: &mut PersonState, recorded: &Recorded) {
    match &recorded.content {
        Some((_, event)) => state.evolve(recorded.revision, event),
        None => state.revision = Some(recorded.revision),
    }
}
