//! What texts have claimed, so that a published name never changes its words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::claim::{Claim, ClaimId};
use super::day::LocalDay;

/// What the texts of the newest day with a text have claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The day.
    pub day: Option<LocalDay>,
    /// What each claim says, by its published name.
    pub said: BTreeMap<ClaimId, Uuid>,
}

impl Published {
    /// The name under which a claim may be published: one that is free that day, or says the same.
    #[must_use]
    pub fn name(&self, day: LocalDay, claim: &Claim) -> ClaimId {
        let said = claim.said();
        let mut names = (1..).map(|number| claim.id.in_text(number));
        names.find(|name| self.allows(day, name, said)).unwrap_or_else(|| claim.id.clone())
    }

    /// Whether a name is free on a day, or belongs to the same words.
    #[must_use]
    pub fn allows(&self, day: LocalDay, name: &ClaimId, said: Uuid) -> bool {
        self.day != Some(day) || self.said.get(name).is_none_or(|other| *other == said)
    }

    pub(super) fn take(&mut self, day: LocalDay, claims: &[Claim]) {
        if self.day != Some(day) {
            *self = Self { day: Some(day), said: BTreeMap::new() };
        }
        self.said.extend(claims.iter().map(|claim| (claim.id.clone(), claim.said())));
    }
}
