//! Taking a page of the log into the read models.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::{observations, queries, schema};
use crate::domain::event::Event;
use crate::domain::person::PersonId;
use crate::domain::state::PersonState;
use crate::engine::ports::journal::Recorded;
use crate::store::error::StoreError;
use crate::store::journal::Poison;
use crate::store::sql::SqlTx;

/// Takes in a page and moves the checkpoint with it, unless another process has done so.
///
/// An event that cannot be taken in stops its person there, with its position; everybody else goes on.
pub(super) async fn take_in(
    tx: &mut SqlTx,
    from: String,
    to: String,
    events: Vec<Result<Recorded, Poison>>,
) -> Result<(), StoreError> {
    let moved = tx
        .execute(
            "UPDATE projections
             SET checkpoint = $2
             WHERE checkpoint = $1",
            &[from.into(), to.into()],
        )
        .await?;
    if moved == 0 {
        return Ok(());
    }
    let mut paused: BTreeSet<String> = BTreeSet::new();
    for row in tx.query("SELECT person FROM paused", &[]).await? {
        paused.insert(row.text(0)?);
    }
    let mut states: BTreeMap<PersonId, PersonState> = BTreeMap::new();
    let mut rows = schema::Rows::default();
    for event in events {
        let person = event.as_ref().map_or_else(|poison| poison.person, |recorded| recorded.person);
        if paused.contains(&person.to_string()) {
            continue;
        }
        let recorded = match event {
            Ok(recorded) => recorded,
            Err(poison) => {
                paused.insert(person.to_string());
                rows.paused.push(vec![person.to_string().into(), poison.position.into(), poison.reason.into()]);
                continue;
            }
        };
        let state = match states.entry(person) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(state_of(tx, person).await?),
        };
        let Some((meta, event)) = &recorded.content else {
            state.revision = Some(recorded.revision);
            continue;
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
        schema::project(&mut rows, &recorded, meta, event, &before, state);
    }
    for (person, state) in states {
        let revision = state.revision.unwrap_or_default().cast_signed();
        let body = serde_json::to_string(&state).map_err(StoreError::unavailable)?;
        rows.states.push(vec![person.to_string().into(), revision.into(), body.into()]);
    }
    write(tx, &rows).await
}

async fn state_of(tx: &mut SqlTx, person: PersonId) -> Result<PersonState, StoreError> {
    let rows = tx
        .query(
            "SELECT body
             FROM person_state
             WHERE person = $1",
            &[person.to_string().into()],
        )
        .await?;
    queries::state(rows.first())
}

async fn write(tx: &mut SqlTx, rows: &schema::Rows) -> Result<(), StoreError> {
    let entity = ["person", "entity_type", "entity_id", "day", "status", "body"];
    tx.upsert("observations", 2, &observations::COLUMNS, &rows.observations).await?;
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
    tx.upsert("person_state", 1, &["person", "revision", "body"], &rows.states).await?;
    tx.upsert("paused", 1, &["person", "position", "reason"], &rows.paused).await
}
