//! What happened beside the measurements.

use serde::Serialize;

use super::id_of;
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::event::CircumstanceNoted;
use crate::domain::evidence::Window;
use crate::domain::noted::{Circumstance, Noted};
use crate::domain::person::PersonId;
use crate::engine::{Engine, EngineError, run};

/// What somebody notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What kind of thing happened.
    pub kind: Circumstance,
    /// The first local day it was about; the present one when `None`.
    pub first: Option<LocalDay>,
    /// The last one; the first when `None`.
    pub last: Option<LocalDay>,
    /// More about it, in their words.
    pub words: Option<String>,
    /// The program that notes it.
    pub source: Option<String>,
}

impl Engine {
    /// Takes a note. The same note again is no event.
    ///
    /// # Errors
    /// What a rule refuses, or the log does not take.
    pub async fn note(&self, person: PersonId, note: &Note, now: Instant) -> Result<Noted, EngineError> {
        let today = run::today(&self.state(person).await?, now);
        let first = note.first.unwrap_or(today);
        let last = note.last.unwrap_or(first);
        let id = id_of(person, "circumstance", &Note { first: Some(first), last: Some(last), ..note.clone() });
        let noted = Noted { id, kind: note.kind, first, last, words: note.words.clone(), source: note.source.clone() };
        self.decide(person, "note", now, |state| {
            Ok(if state.noted.contains(&id) {
                Vec::new()
            } else {
                vec![CircumstanceNoted { noted: noted.clone() }.into()]
            })
        })
        .await?;
        Ok(noted)
    }

    /// What was noted of some days, the newest first.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn noted(&self, person: PersonId, window: Window) -> Result<Vec<Noted>, EngineError> {
        let entities = self.views.entities(person, "circumstance", None).await?;
        let noted = entities.into_iter().filter_map(|entity| serde_json::from_value::<Noted>(entity.body).ok());
        Ok(noted.filter(|noted| noted.first <= window.last && noted.last >= window.first).collect())
    }
}
