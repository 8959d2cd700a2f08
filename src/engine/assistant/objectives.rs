//! What a person works towards.

use serde::Serialize;
use uuid::Uuid;

use super::id_of;
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::event::{ObjectiveEnded, ObjectiveSet};
use crate::domain::objective::Objective;
use crate::domain::person::PersonId;
use crate::domain::plan::Matter;
use crate::domain::state::PersonState;
use crate::engine::{Engine, EngineError, run};

/// What somebody wants to work towards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wish {
    /// What it is about.
    pub goal: Matter,
    /// What it leads up to, in their words.
    pub event: Option<String>,
    /// The day of that.
    pub event_day: Option<LocalDay>,
    /// The first day; the present one when `None`.
    pub since: Option<LocalDay>,
    /// The last one, where it is known.
    pub until: Option<LocalDay>,
}

/// An objective as it stands on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Aim {
    /// What was said.
    #[serde(flatten)]
    pub objective: Objective,
    /// Whether it stands on that day.
    pub stands: bool,
    /// Days to its event; none without one, or once it is over.
    pub days_left: Option<i64>,
}

/// A person's objectives on a day, the one whose event is nearest first.
pub(super) fn aims(state: &PersonState, day: LocalDay) -> Vec<Aim> {
    let aim = |objective: &Objective| Aim {
        stands: objective.stands_on(day),
        days_left: objective.days_left(day),
        objective: objective.clone(),
    };
    let mut aims: Vec<Aim> = state.objectives.values().map(aim).collect();
    aims.sort_by_key(|aim| (!aim.stands, aim.days_left.unwrap_or(i64::MAX), aim.objective.since, aim.objective.id));
    aims
}

/// What the person works towards on a day.
pub(super) fn goals(state: &PersonState, day: LocalDay) -> Vec<Matter> {
    let of_aims = aims(state, day).into_iter().filter(|aim| aim.stands).map(|aim| aim.objective.goal);
    of_aims.chain(state.profile.matters.iter().copied()).collect()
}

impl Engine {
    /// What a person works towards, the nearest event first.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn objectives(&self, person: PersonId, now: Instant) -> Result<Vec<Aim>, EngineError> {
        let state = self.state(person).await?;
        Ok(aims(&state, run::today(&state, now)))
    }

    /// Sets an objective. The same wish again is the same objective, and no event while it stands.
    ///
    /// # Errors
    /// What a rule refuses, or the log does not take.
    pub async fn set_objective(&self, person: PersonId, wish: &Wish, now: Instant) -> Result<Aim, EngineError> {
        let day = run::today(&self.state(person).await?, now);
        let since = wish.since.unwrap_or(day);
        let id = id_of(person, "objective", &Wish { since: Some(since), ..wish.clone() });
        let Wish { goal, event, event_day, until, .. } = wish.clone();
        let objective = Objective { id, goal, event, event_day, since, until };
        self.decide(person, "objective", now, |state| {
            let stands = state.objectives.get(&id) == Some(&objective);
            Ok(if stands { Vec::new() } else { vec![ObjectiveSet { objective: objective.clone() }.into()] })
        })
        .await?;
        Ok(Aim { stands: objective.stands_on(day), days_left: objective.days_left(day), objective })
    }

    /// Ends an objective.
    ///
    /// # Errors
    /// When there is none of this id, or the log does not take it.
    pub async fn end_objective(&self, person: PersonId, id: Uuid, now: Instant) -> Result<(), EngineError> {
        self.decide(person, &format!("objective/{id}/end"), now, |state| {
            let known = state.objectives.contains_key(&id);
            let ended = vec![ObjectiveEnded { objective_id: id }.into()];
            known.then_some(ended).ok_or_else(|| EngineError::NotFound { what: "objective", id: id.to_string() })
        })
        .await?;
        Ok(())
    }
}
