//! Telling files again whose days were told by a home zone that has changed since.
//!
//! A source that names no zone is told by the person's own, else by UTC. When they say where they live, the same words are
//! read again by that: the original as it was kept, newer than the telling before by the least step, so that whatever was
//! truly said later still stands.

use std::collections::BTreeMap;
use std::path::Path;

use super::taking::Taking;
use crate::domain::Instant;
use crate::domain::event::Assumed;
use crate::domain::invariants;
use crate::domain::person::PersonId;
use crate::engine::ports::export::ReadContext;
use crate::engine::{Engine, EngineError};

impl Engine {
    /// Tells again what was told by another home zone than the profile's. Each original is written out in clear into
    /// `folder`, which is the caller's own and empty, and removed before the next. A file whose original is gone, or whose
    /// provider was taken back, stays as it was told, and is tried again the next time. Whether anything was told again.
    ///
    /// # Errors
    /// When the store does not answer or the log does not take a batch: what was told again until then stays, and the next
    /// call goes on from there.
    pub async fn retell(&self, person: PersonId, now: Instant, folder: &Path) -> Result<bool, EngineError> {
        let state = self.state(person).await?;
        let home_zone = state.profile.zone();
        let mut files: BTreeMap<&str, Vec<(&str, &Assumed)>> = BTreeMap::new();
        for (key, assumed) in state.assumed.iter().filter(|(_, assumed)| assumed.zone != home_zone) {
            // The key of a part is the digest and its name.
            let (digest, name) = key.split_once('/').unwrap_or((key, ""));
            files.entry(digest).or_default().push((name, assumed));
        }
        let mut again = false;
        for (digest, parts) in files {
            let Some((name, _)) = parts.first() else { continue };
            // A member of a zip is named after it.
            let clear = folder.join(name.split('/').next().unwrap_or("original"));
            if let Err(error) = self.originals.give_back(person, digest, &clear).await {
                tracing::warn!(%error, "a file is not told by the new home zone: its original cannot be read");
                continue;
            }
            let context = ReadContext { home_zone, now };
            let told = self.retell_parts(person, (digest, &clear), &parts, context).await;
            if let Err(error) = std::fs::remove_file(&clear) {
                tracing::warn!(%error, "an original in clear was not removed at once");
            }
            again |= told?;
        }
        Ok(again)
    }

    async fn retell_parts(
        &self,
        person: PersonId,
        (digest, clear): (&str, &Path),
        parts: &[(&str, &Assumed)],
        context: ReadContext,
    ) -> Result<bool, EngineError> {
        let surveyed = self.survey(clear, context, |_| ()).await?;
        let state = self.state(person).await?;
        let mut again = false;
        for (part, survey) in &surveyed.parts {
            let Some((_, assumed)) = parts.iter().find(|(name, _)| *name == part.name) else { continue };
            if invariants::may_take_from(&state, part.provider).is_err() {
                continue;
            }
            let digest = Some(digest.to_owned());
            let retold = assumed.retold.saturating_add(1);
            let taking = Taking { engine: self, person, part, as_of: assumed.as_of, now: context.now, digest, retold };
            let report = taking.rows(clear, context, &|_| ()).await?;
            taking.conclude(&report, survey.zone_assumed.then_some(context.home_zone)).await?;
            again = true;
        }
        Ok(again)
    }
}
