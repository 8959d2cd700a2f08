//! The record of an activity: found in the file it came with, read in clear for as long as that takes.

use std::collections::BTreeSet;
use std::path::Path;

use crate::domain::activity::{Family, Streams, Track};
use crate::domain::event::Event;
use crate::domain::observation::Activity;
use crate::domain::person::PersonId;
use crate::engine::{Engine, EngineError};

/// Events about an activity that are looked at for files, the newest.
const EVENTS: u64 = 20;
/// Files that are opened in search of a record, at most.
const FILES: usize = 4;

/// What was found of an activity's record.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// The samples.
    Kept(Streams),
    /// The files it came with hold none.
    None,
    /// A file that may hold one is gone, or its key destroyed, or the record in it is broken.
    Unreadable,
}

impl Record {
    /// The samples, cleaned; none without a record.
    #[must_use]
    pub fn track(&self, family: &Family) -> Track {
        match self {
            Self::Kept(streams) => Track::of(streams, family),
            Self::None | Self::Unreadable => Track::default(),
        }
    }

    /// The stable word.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Kept(_) => "kept",
            Self::None => "none",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Engine {
    /// The record of an activity. Each file is written out in clear into `folder`, which is the caller's own and empty, and
    /// removed before the next.
    ///
    /// # Errors
    /// When the log or the read models do not answer. A file that cannot be read is no error: the rest is told.
    pub(super) async fn record(
        &self,
        person: PersonId,
        id: &str,
        activity: &Activity,
        folder: &Path,
    ) -> Result<Record, EngineError> {
        let mut found = Record::None;
        for (number, digest) in self.files_of(person, id, activity).await?.into_iter().take(FILES).enumerate() {
            let clear = folder.join(format!("record-{number}"));
            if let Err(error) = self.originals.give_back(person, &digest, &clear).await {
                tracing::warn!(%error, "the original of an activity cannot be read");
                found = Record::Unreadable;
                continue;
            }
            let (exports, activity) = (self.exports.clone(), activity.clone());
            let read = tokio::task::spawn_blocking(move || {
                let read = exports.streams(&clear, &activity);
                // Whatever came of it, it does not stay in clear; the folder goes too.
                if let Err(error) = std::fs::remove_file(&clear) {
                    tracing::warn!(%error, "an original in clear was not removed at once");
                }
                read
            });
            match read.await {
                Ok(Ok(Some(streams))) => return Ok(Record::Kept(streams)),
                Ok(Ok(None)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(reason = error.without_name(), "the record of an activity cannot be read");
                    found = Record::Unreadable;
                }
                Err(_) => found = Record::Unreadable,
            }
        }
        Ok(found)
    }

    /// The files an activity may have come with, by the digest of their original: first those that its events name, the newest
    /// first, then whatever else was taken from its provider, since a file that says nothing new of it leaves no event.
    async fn files_of(&self, person: PersonId, id: &str, activity: &Activity) -> Result<Vec<String>, EngineError> {
        let mut digests: Vec<String> = Vec::new();
        for revision in self.views.trail_page(person, ("activity", id), None, EVENTS).await? {
            let read = self.journal.read(person, revision, 1).await?;
            for (_, event) in read.into_iter().filter_map(|recorded| recorded.content) {
                if let Event::ActivityRecorded(recorded) = event {
                    digests.extend(recorded.source.digest);
                }
            }
        }
        let taken = self.imported(person).await?;
        let others = taken.into_iter().filter(|part| part.source.provider == activity.provider);
        digests.extend(others.filter_map(|part| part.source.digest));
        let mut seen = BTreeSet::new();
        digests.retain(|digest| seen.insert(digest.clone()));
        Ok(digests)
    }
}
