//! Taking a page of the log into the read models.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{PAGE, activities, generation, observations, schema, snapshot};
use crate::domain::event::Event;
use crate::domain::person::PersonId;
use crate::domain::state::PersonState;
use crate::engine::ports::journal::{Journal as _, Recorded};
use crate::store::error::StoreError;
use crate::store::journal::{Poison, SealedJournal};
use crate::store::log::Position;
use crate::store::sql::SqlTx;

/// Takes in a page and moves the checkpoint with it. False when another process has moved it: then nothing was taken in, and
/// what that one took in may end before this page does.
pub(super) async fn take_in(
    tx: &mut SqlTx,
    journal: &Arc<SealedJournal>,
    from: String,
    to: String,
    events: Vec<Result<Recorded, Poison>>,
) -> Result<bool, StoreError> {
    let moved = tx
        .execute(
            "UPDATE projections
             SET checkpoint = $2
             WHERE checkpoint = $1",
            &[from.as_str().into(), to.into()],
        )
        .await?;
    if moved == 0 {
        return Ok(false);
    }
    let mut paused: BTreeSet<String> = BTreeSet::new();
    for row in tx.query("SELECT person FROM paused", &[]).await? {
        paused.insert(row.text(0)?);
    }
    let mut folding = Folding { paused, ..Folding::default() };
    for event in events {
        let person = event.as_ref().map_or_else(|poison| poison.person, |recorded| recorded.person);
        if let Entry::Vacant(unknown) = folding.states.entry(person) {
            unknown.insert(state_of(tx, journal, person, from.parse().ok()).await?);
        }
        folding.take(event);
    }
    write(tx, &folding.rows()?).await?;
    Ok(true)
}

/// Folds one person's part again, up to the revision that it had reached: what comes after is taken in as ever.
pub(super) async fn refold(tx: &mut SqlTx, journal: &Arc<SealedJournal>, person: PersonId) -> Result<(), StoreError> {
    // Nobody takes anything in meanwhile.
    tx.execute("UPDATE projections SET checkpoint = checkpoint", &[]).await?;
    let until = generation::position(&tx.query(generation::CHECKPOINT, &[]).await?)?;
    let Some(reached) = state_of(tx, journal, person, until).await?.revision else { return Ok(()) };
    for statement in [
        "DELETE FROM observations WHERE person = $1",
        "DELETE FROM activities WHERE person = $1",
        "DELETE FROM entities WHERE person = $1",
        "DELETE FROM trail WHERE person = $1",
        "DELETE FROM person_state WHERE person = $1",
    ] {
        tx.execute(statement, &[person.to_string().into()]).await?;
    }
    let mut state = PersonState::default();
    while state.revision.is_none_or(|revision| revision < reached) {
        let from = state.revision.map_or(0, |revision| revision + 1);
        let page = journal.read(person, from, PAGE).await.map_err(StoreError::unavailable)?;
        if page.is_empty() {
            return Err(StoreError::unavailable("the log ends before its read models do"));
        }
        let mut folding = Folding { states: BTreeMap::from([(person, state)]), ..Folding::default() };
        for recorded in page.into_iter().take_while(|recorded| recorded.revision <= reached) {
            folding.take(Ok(recorded));
        }
        write(tx, &folding.rows()?).await?;
        state = folding.states.remove(&person).unwrap_or_default();
    }
    Ok(())
}

/// Events on their way into rows.
#[derive(Default)]
struct Folding {
    /// Persons whose next event cannot be taken in.
    paused: BTreeSet<String>,
    states: BTreeMap<PersonId, PersonState>,
    rows: schema::Rows,
}

impl Folding {
    /// An event that cannot be taken in stops its person there, with its position; everybody else goes on.
    fn take(&mut self, event: Result<Recorded, Poison>) {
        let person = event.as_ref().map_or_else(|poison| poison.person, |recorded| recorded.person);
        if self.paused.contains(&person.to_string()) {
            return;
        }
        let recorded = match event {
            Ok(recorded) => recorded,
            Err(poison) => {
                self.paused.insert(person.to_string());
                self.rows.paused.push(vec![person.to_string().into(), poison.position.into(), poison.reason.into()]);
                return;
            }
        };
        let state = self.states.entry(person).or_default();
        let Some((meta, event)) = &recorded.content else {
            state.revision = Some(recorded.revision);
            return;
        };
        let before = match event {
            Event::InsightExpired(e) => {
                schema::Ended { insight: state.insights.get(&e.insight_id).cloned(), ..schema::Ended::default() }
            }
            Event::SafetyNoticeCleared(e) => {
                schema::Ended { notice: state.notices.get(&e.notice_id).cloned(), ..schema::Ended::default() }
            }
            _ => schema::Ended::default(),
        };
        state.evolve(recorded.revision, event);
        schema::project(&mut self.rows, &recorded, meta, event, &before, state);
    }

    /// The rows, with those of the states they end in.
    fn rows(&mut self) -> Result<schema::Rows, StoreError> {
        let mut rows = std::mem::take(&mut self.rows);
        for (person, state) in &self.states {
            rows.states.push(snapshot::row(*person, state)?);
        }
        Ok(rows)
    }
}

async fn state_of(
    tx: &mut SqlTx,
    journal: &Arc<SealedJournal>,
    person: PersonId,
    until: Option<Position>,
) -> Result<PersonState, StoreError> {
    let rows = tx.query(snapshot::OF_PERSON, &[person.to_string().into()]).await?;
    match snapshot::kept(&rows) {
        Some(state) => Ok(state),
        None => snapshot::folded(journal, person, until).await,
    }
}

async fn write(tx: &mut SqlTx, rows: &schema::Rows) -> Result<(), StoreError> {
    let entity = ["person", "entity_type", "entity_id", "day", "status", "body"];
    tx.upsert("observations", 2, &observations::COLUMNS, &rows.observations).await?;
    for key in &rows.activities_gone {
        tx.execute(
            "DELETE FROM activities
             WHERE person = $1
               AND id = $2",
            key,
        )
        .await?;
    }
    tx.upsert("activities", 2, &activities::COLUMNS, &rows.activities).await?;
    for key in &rows.ended {
        tx.execute(
            "DELETE FROM entities
             WHERE person = $1
               AND entity_type = $2
               AND entity_id = $3",
            key,
        )
        .await?;
    }
    tx.upsert("entities", 3, &entity, &rows.entities).await?;
    tx.upsert("trail", 4, &["person", "entity_type", "entity_id", "revision"], &rows.trail).await?;
    tx.upsert("person_state", 1, &snapshot::COLUMNS, &rows.states).await?;
    tx.upsert("paused", 1, &["person", "position", "reason"], &rows.paused).await
}
