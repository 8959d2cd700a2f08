//! The table of activities: what a list is filtered and paged by in columns of its own, the activity itself as it was told.

use super::Generation;
use crate::domain::Instant;
use crate::domain::activity::Family;
use crate::domain::observation::Activity;
use crate::domain::person::PersonId;
use crate::engine::ports::views::{ActivityFilter, ActivityPlace};
use crate::store::error::{Inconsistency, StoreError};
use crate::store::sql::{Row, Value};

/// The table. Instants are in microseconds since 1970, days are numbered as `LocalDay::number` has it; `family` is the sport
/// behind the provider's word.
pub const TABLE: &str = "CREATE TABLE activities (
        person TEXT NOT NULL,
        id TEXT NOT NULL,
        provider TEXT NOT NULL,
        family TEXT NOT NULL,
        day BIGINT NOT NULL,
        started_at BIGINT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (person, id)
    )";

/// What finds the newest of a person.
pub const INDEX: &str = "CREATE INDEX activities_by_start ON activities (person, started_at, id)";

/// The columns in the order of [`row`]; the first two are the key.
pub const COLUMNS: [&str; 7] = ["person", "id", "provider", "family", "day", "started_at", "body"];

/// An activity's name: the provider's own id, else when it started.
#[must_use]
pub fn id_of(provider: crate::domain::provider::Provider, id: Option<&str>, start: Instant) -> String {
    id.map_or_else(|| format!("{provider}:{}", start.timestamp()), |id| format!("{provider}:{id}"))
}

/// The row of an activity.
pub fn row(person: PersonId, id: &str, activity: &Activity) -> Vec<Value> {
    vec![
        person.to_string().into(),
        id.into(),
        activity.provider.key().into(),
        Family::of(&activity.sport).key().into(),
        i64::from(activity.day.number()).into(),
        activity.start.timestamp_micros().into(),
        serde_json::to_string(activity).unwrap_or_default().into(),
    ]
}

fn activity(row: &Row) -> Result<(String, Activity), StoreError> {
    let told = serde_json::from_str(&row.text(1)?);
    Ok((row.text(0)?, told.map_err(|_| Inconsistency::new("activities", "body", "an activity"))?))
}

/// Some activities of a person, the newest first, after a place.
pub(super) async fn page(
    live: &Generation,
    person: PersonId,
    filter: &ActivityFilter,
    after: Option<&ActivityPlace>,
    limit: u64,
) -> Result<Vec<(String, Activity)>, StoreError> {
    let (start, id) = after.map_or((i64::MAX, ""), |place| (place.start.timestamp_micros(), place.id.as_str()));
    // Between bars each provider's key stands for itself.
    let without: String = filter.without.iter().map(|provider| format!("|{provider}|")).collect();
    let rows = live
        .sql
        .query(
            "SELECT id, body
             FROM activities
             WHERE person = $1
               AND (started_at, id) < ($2, $3)
               AND started_at BETWEEN $4 AND $5
               AND day BETWEEN $6 AND $7
               AND (family = $8 OR $8 = '')
               AND $9 NOT LIKE '%|' || provider || '|%'
             ORDER BY started_at DESC, id DESC
             LIMIT $10",
            &[
                person.to_string().into(),
                start.into(),
                id.into(),
                filter.started.0.timestamp_micros().into(),
                filter.started.1.timestamp_micros().into(),
                i64::from(filter.since.number()).into(),
                i64::from(filter.until.number()).into(),
                filter.family.as_ref().map(Family::key).unwrap_or_default().into(),
                without.into(),
                i64::try_from(limit).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    rows.iter().map(activity).collect()
}

/// One activity.
pub(super) async fn one(live: &Generation, person: PersonId, id: &str) -> Result<Option<Activity>, StoreError> {
    let rows = live
        .sql
        .query(
            "SELECT id, body
             FROM activities
             WHERE person = $1
               AND id = $2",
            &[person.to_string().into(), id.into()],
        )
        .await?;
    Ok(rows.first().map(activity).transpose()?.map(|(_, activity)| activity))
}
