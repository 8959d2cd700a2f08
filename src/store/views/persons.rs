//! Who is here, who is going, who is gone.

use std::collections::BTreeSet;

use super::{PeopleViews, unavailable};
use crate::domain::person::PersonId;
use crate::engine::ports::views::ViewsError;

impl PeopleViews {
    pub(super) async fn living(&self) -> Result<Vec<PersonId>, ViewsError> {
        let gone: BTreeSet<PersonId> = self.gone().await?.into_iter().collect();
        let all = self.ids("SELECT person FROM person_state ORDER BY person").await?;
        Ok(all.into_iter().filter(|person| !gone.contains(person)).collect())
    }

    pub(super) async fn being_erased(&self) -> Result<Vec<PersonId>, ViewsError> {
        let begun = "SELECT DISTINCT person
             FROM entities
             WHERE entity_type = 'erasure'
               AND status = 'requested'
             ORDER BY person";
        self.ids(begun).await
    }

    pub(super) async fn gone(&self) -> Result<Vec<PersonId>, ViewsError> {
        let gone = "SELECT person
             FROM entities
             WHERE entity_type = 'erasure'
               AND entity_id = 'person'
               AND status = 'completed'
             ORDER BY person";
        self.ids(gone).await
    }

    async fn ids(&self, statement: &'static str) -> Result<Vec<PersonId>, ViewsError> {
        let live = self.live().await?;
        let rows = live.sql.query(statement, &[]).await.map_err(unavailable)?;
        rows.iter().map(|row| row.text(0).map_err(unavailable)?.parse().map_err(unavailable)).collect()
    }
}
