//! What the use cases ask of the read models.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::observations::{columns, held, key_text, observation};
use super::{Generation, PeopleViews, activities, snapshot, unavailable};
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::{Activity, Observation, ObservationKey, RecordKind};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::domain::state::PersonState;
use crate::engine::ports::Held;
use crate::engine::ports::views::{
    ActivityFilter, ActivityPlace, Entity, ObservationFilter, ObservationPlace, Paused, Progress, Rebuilt, TrailEntry,
    Views, ViewsError,
};
use crate::store::error::{Inconsistency, StoreError};
use crate::store::sql::{Row, Sql};

/// Keys asked for in one statement.
const KEYS: usize = 1_000;

fn entity(row: &Row) -> Result<Entity, StoreError> {
    let body = row.text(4)?;
    Ok(Entity {
        entity_type: row.text(0)?,
        entity_id: row.text(1)?,
        day: row.text(2)?,
        status: row.text(3)?,
        body: serde_json::from_str(&body).map_err(|_| Inconsistency::new("entities", "body", "an entity"))?,
    })
}

/// The persons that stand still, or the one asked for if they do.
pub(super) async fn paused(sql: &Sql, person: Option<PersonId>) -> Result<Vec<Paused>, StoreError> {
    let person = person.map(|person| person.to_string()).unwrap_or_default();
    let rows = sql
        .query(
            "SELECT person, position, reason
             FROM paused
             WHERE person = $1 OR $1 = ''
             ORDER BY person",
            &[person.into()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let text = row.text(0)?;
            let person = text.parse().map_err(|_| Inconsistency::new("paused", "person", text))?;
            Ok(Paused { person, position: row.text(1)?, reason: row.text(2)? })
        })
        .collect()
}

impl PeopleViews {
    /// The live generation, for questions about a person that is not standing still.
    async fn live_of(&self, person: PersonId) -> Result<Generation, ViewsError> {
        let live = self.live().await?;
        match paused(&live.sql, Some(person)).await.map_err(unavailable)?.pop() {
            Some(Paused { position, reason, .. }) => Err(ViewsError::Paused { position, reason }),
            None => Ok(live),
        }
    }
}

#[async_trait]
impl Views for PeopleViews {
    async fn catch_up(&self) -> Result<(), ViewsError> {
        self.caught_up().await
    }

    async fn progress(&self) -> Result<Progress, ViewsError> {
        self.progress().await
    }

    async fn persons(&self) -> Result<Vec<PersonId>, ViewsError> {
        self.living().await
    }

    async fn erasing(&self) -> Result<Vec<PersonId>, ViewsError> {
        self.being_erased().await
    }

    async fn erased(&self) -> Result<Vec<PersonId>, ViewsError> {
        self.gone().await
    }

    async fn state(&self, person: PersonId) -> Result<PersonState, ViewsError> {
        let live = self.live_of(person).await?;
        let rows = live.sql.query(snapshot::OF_PERSON, &[person.to_string().into()]).await.map_err(unavailable)?;
        if let Some(state) = snapshot::kept(&rows) {
            return Ok(state);
        }
        let until = live.checkpoint().await.map_err(unavailable)?;
        snapshot::folded(&self.journal, person, until).await.map_err(unavailable)
    }

    async fn revision(&self, person: PersonId) -> Result<Option<u64>, ViewsError> {
        let live = self.live().await?;
        let rows = live
            .sql
            .query(
                "SELECT s.revision, p.position, p.reason
                 FROM person_state s
                 LEFT JOIN paused p ON p.person = s.person
                 WHERE s.person = $1",
                &[person.to_string().into()],
            )
            .await
            .map_err(unavailable)?;
        let Some(row) = rows.first() else { return Ok(None) };
        if let (Some(position), Some(reason)) =
            (row.opt_text(1).map_err(unavailable)?, row.opt_text(2).map_err(unavailable)?)
        {
            return Err(ViewsError::Paused { position, reason });
        }
        row.int(0).map(|revision| Some(revision.cast_unsigned())).map_err(unavailable)
    }

    async fn held(
        &self,
        person: PersonId,
        keys: &[ObservationKey],
    ) -> Result<BTreeMap<ObservationKey, Held>, ViewsError> {
        let live = self.live_of(person).await?;
        let mut words = BTreeMap::new();
        for keys in keys.chunks(KEYS) {
            let texts: Vec<String> = keys.iter().map(key_text).collect();
            let list = serde_json::Value::from(texts).to_string();
            let statement = if live.sql.is_postgres() {
                concat!(
                    "SELECT ",
                    columns!(),
                    " FROM observations
                      WHERE person = $1
                        AND key IN (SELECT jsonb_array_elements_text($2::jsonb))"
                )
            } else {
                concat!(
                    "SELECT ",
                    columns!(),
                    " FROM observations
                      WHERE person = $1
                        AND key IN (SELECT value FROM json_each($2))"
                )
            };
            let args = [person.to_string().into(), list.into()];
            for row in live.sql.query(statement, &args).await.map_err(unavailable)? {
                let (key, word) = held(&row).map_err(unavailable)?;
                words.insert(key, word);
            }
        }
        Ok(words)
    }

    async fn held_of_records(
        &self,
        person: PersonId,
        provider: Provider,
        records: &[String],
    ) -> Result<BTreeMap<ObservationKey, Held>, ViewsError> {
        let live = self.live_of(person).await?;
        let list = serde_json::Value::from(records).to_string();
        let statement = if live.sql.is_postgres() {
            concat!(
                "SELECT ",
                columns!(),
                " FROM observations
                  WHERE person = $1
                    AND record IN (SELECT jsonb_array_elements_text($2::jsonb))
                    AND provider = $3"
            )
        } else {
            concat!(
                "SELECT ",
                columns!(),
                " FROM observations
                  WHERE person = $1
                    AND record IN (SELECT value FROM json_each($2))
                    AND provider = $3"
            )
        };
        let args = [person.to_string().into(), list.into(), provider.key().into()];
        let rows = live.sql.query(statement, &args).await.map_err(unavailable)?;
        rows.iter().map(|row| held(row).map_err(unavailable)).collect()
    }

    async fn held_of_days(
        &self,
        person: PersonId,
        (provider, kind): (Provider, RecordKind),
        (first, last): (LocalDay, LocalDay),
    ) -> Result<BTreeMap<ObservationKey, Held>, ViewsError> {
        let live = self.live_of(person).await?;
        let statement = concat!(
            "SELECT ",
            columns!(),
            " FROM observations
              WHERE person = $1
                AND day BETWEEN $2 AND $3
                AND provider = $4
                AND kind = $5"
        );
        let args = [
            person.to_string().into(),
            i64::from(first.number()).into(),
            i64::from(last.number()).into(),
            provider.key().into(),
            kind.key().into(),
        ];
        let rows = live.sql.query(statement, &args).await.map_err(unavailable)?;
        rows.iter().map(|row| held(row).map_err(unavailable)).collect()
    }

    async fn observations(&self, person: PersonId, since: LocalDay) -> Result<Vec<(Observation, String)>, ViewsError> {
        let live = self.live_of(person).await?;
        let statement = concat!(
            "SELECT ",
            columns!(),
            " FROM observations
              WHERE person = $1
                AND day >= $2
                AND retracted = 0"
        );
        let args = [person.to_string().into(), since.number().into()];
        let rows = live.sql.query_all(statement, &args).await.map_err(unavailable)?;
        let found = rows.iter().map(|row| observation(row).map_err(unavailable));
        let mut found = found.collect::<Result<Vec<_>, _>>()?;
        // Here, since PostgreSQL gives rows as they lie, and each database sorts texts its own way.
        found.sort_unstable_by(|(a, _), (b, _)| (a.key.start, &a.key).cmp(&(b.key.start, &b.key)));
        Ok(found)
    }

    async fn observations_page(
        &self,
        person: PersonId,
        filter: &ObservationFilter,
        after: Option<&ObservationPlace>,
        limit: u64,
    ) -> Result<Vec<(Observation, String)>, ViewsError> {
        let live = self.live_of(person).await?;
        let (day, start, key) = match after {
            None => (i64::MAX, i64::MAX, String::new()),
            Some(place) => (i64::from(place.day.number()), place.key.start.timestamp_micros(), key_text(&place.key)),
        };
        let rows = live
            .sql
            .query(
                concat!(
                    "SELECT ",
                    columns!(),
                    " FROM observations
                      WHERE person = $1
                        AND day BETWEEN $2 AND $3
                        AND (metric = $4 OR $4 = '')
                        AND retracted = 0
                        AND (day, started_at, key) < ($5, $6, $7)
                      ORDER BY day DESC, started_at DESC, key DESC
                      LIMIT $8"
                ),
                &[
                    person.to_string().into(),
                    i64::from(filter.since.number()).into(),
                    i64::from(filter.until.number()).into(),
                    filter.metric.map(Metric::key).unwrap_or_default().into(),
                    day.into(),
                    start.into(),
                    key.into(),
                    i64::try_from(limit).unwrap_or(i64::MAX).into(),
                ],
            )
            .await
            .map_err(unavailable)?;
        rows.iter().map(|row| observation(row).map_err(unavailable)).collect()
    }

    async fn activities(
        &self,
        person: PersonId,
        filter: &ActivityFilter,
        after: Option<&ActivityPlace>,
        limit: u64,
    ) -> Result<Vec<(String, Activity)>, ViewsError> {
        activities::page(&self.live_of(person).await?, person, filter, after, limit).await.map_err(unavailable)
    }

    async fn activity(&self, person: PersonId, id: &str) -> Result<Option<Activity>, ViewsError> {
        activities::one(&self.live_of(person).await?, person, id).await.map_err(unavailable)
    }

    async fn entities(&self, person: PersonId, entity_type: &str, id: Option<&str>) -> Result<Vec<Entity>, ViewsError> {
        let live = self.live_of(person).await?;
        let rows = live
            .sql
            .query(
                "SELECT entity_type, entity_id, day, status, body
                 FROM entities
                 WHERE person = $1
                   AND entity_type = $2
                   AND (entity_id = $3 OR $3 = '')",
                &[person.to_string().into(), entity_type.into(), id.unwrap_or_default().into()],
            )
            .await
            .map_err(unavailable)?;
        let mut entities: Vec<Entity> =
            rows.iter().map(entity).collect::<Result<_, StoreError>>().map_err(unavailable)?;
        entities.sort_by(|a, b| b.day.cmp(&a.day).then_with(|| a.entity_id.cmp(&b.entity_id)));
        Ok(entities)
    }

    async fn trail(&self, person: PersonId, of: Option<(&str, &str)>) -> Result<Vec<TrailEntry>, ViewsError> {
        let live = self.live_of(person).await?;
        let (entity_type, entity_id) = of.unwrap_or_default();
        let rows = live
            .sql
            .query(
                "SELECT revision, entity_type, entity_id
                 FROM trail
                 WHERE person = $1
                   AND (entity_type = $2 OR $2 = '')
                   AND (entity_id = $3 OR $3 = '')
                 ORDER BY revision",
                &[person.to_string().into(), entity_type.into(), entity_id.into()],
            )
            .await
            .map_err(unavailable)?;
        rows.iter()
            .map(|row| {
                let revision = row.int(0).map_err(unavailable)?.cast_unsigned();
                let (entity_type, entity_id) = (row.text(1).map_err(unavailable)?, row.text(2).map_err(unavailable)?);
                Ok(TrailEntry { revision, entity_type, entity_id })
            })
            .collect()
    }

    async fn trail_page(
        &self,
        person: PersonId,
        (entity_type, entity_id): (&str, &str),
        below: Option<u64>,
        limit: u64,
    ) -> Result<Vec<u64>, ViewsError> {
        let live = self.live_of(person).await?;
        let place = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let rows = live
            .sql
            .query(
                "SELECT revision
                 FROM trail
                 WHERE person = $1
                   AND entity_type = $2
                   AND entity_id = $3
                   AND revision < $4
                 ORDER BY revision DESC
                 LIMIT $5",
                &[
                    person.to_string().into(),
                    entity_type.into(),
                    entity_id.into(),
                    below.map_or(i64::MAX, place).into(),
                    place(limit).into(),
                ],
            )
            .await
            .map_err(unavailable)?;
        rows.iter().map(|row| row.int(0).map(i64::cast_unsigned).map_err(unavailable)).collect()
    }

    async fn digest(&self) -> Result<String, ViewsError> {
        self.live().await?.digest().await.map(|(_, digest)| digest).map_err(unavailable)
    }

    async fn refold(&self, person: PersonId) -> Result<(), ViewsError> {
        self.refolded(person).await
    }

    async fn rebuild(&self) -> Result<Rebuilt, ViewsError> {
        self.rebuilt().await
    }
}
