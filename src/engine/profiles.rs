//! Declaring what safety and the score need to know.

use std::path::Path;

use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::event::ProfileDeclared;
use crate::domain::person::PersonId;
use crate::domain::profile::{Profile, ProfileChange};

impl Engine {
    /// Changes the profile that stands, and brings what was told in line with it: until the next loop the old text and its
    /// suggestions would stand. Days that were told by another home zone are told again; `folder`, the caller's own and empty,
    /// takes the originals they are read from.
    ///
    /// # Errors
    /// What a rule refuses, or the log does not take.
    pub async fn declare(
        &self,
        person: PersonId,
        change: &ProfileChange,
        now: Instant,
        folder: &Path,
    ) -> Result<Profile, EngineError> {
        let before = self.state(person).await?;
        let after = self
            .decide(person, "profile", now, |state| {
                let profile = change.to(&state.profile);
                Ok(if state.profile == profile { Vec::new() } else { vec![ProfileDeclared { profile }.into()] })
            })
            .await?;
        // Before anything was told there is nothing that a condition could speak against.
        let told = !before.scores.is_empty() || !before.insights.is_empty();
        let again = self.retell(person, now, folder).await?;
        if told && (again || before.profile != after.profile) {
            self.run_stages(person, now, None, &|_, _| ()).await?;
        }
        Ok(after.profile)
    }
}
