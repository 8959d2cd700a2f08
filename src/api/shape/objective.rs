//! What a person works towards.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::plan::Matter;
use crate::engine::assistant::Aim;

/// What an objective is about.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Sleeping well.
    Sleep,
    /// Feeling recovered.
    Recovery,
    /// Training.
    Training,
    /// Moving through the day.
    Movement,
    /// Being calm.
    Calm,
    /// Having energy.
    Energy,
}

impl From<Goal> for Matter {
    fn from(goal: Goal) -> Self {
        match goal {
            Goal::Sleep => Self::Sleep,
            Goal::Recovery => Self::Recovery,
            Goal::Training => Self::Training,
            Goal::Movement => Self::Movement,
            Goal::Calm => Self::Calm,
            Goal::Energy => Self::Energy,
        }
    }
}

impl From<Matter> for Goal {
    fn from(matter: Matter) -> Self {
        match matter {
            Matter::Sleep => Self::Sleep,
            Matter::Recovery => Self::Recovery,
            Matter::Training => Self::Training,
            Matter::Movement => Self::Movement,
            Matter::Calm => Self::Calm,
            Matter::Energy => Self::Energy,
        }
    }
}

/// An objective, as it stands today.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Objective {
    /// Its id.
    pub id: Uuid,
    /// What it is about.
    pub goal: Goal,
    /// What it leads up to.
    pub event: Option<String>,
    /// The day of that.
    #[schema(format = Date)]
    pub event_day: Option<String>,
    /// The first day.
    #[schema(format = Date)]
    pub since: String,
    /// The last day.
    #[schema(format = Date)]
    pub until: Option<String>,
    /// Whether today is one of its days.
    pub stands: bool,
    /// Days to the event; nothing once it is over.
    pub days_left: Option<i64>,
}

impl From<Aim> for Objective {
    fn from(Aim { objective, stands, days_left }: Aim) -> Self {
        Self {
            id: objective.id,
            goal: objective.goal.into(),
            event: objective.event,
            event_day: objective.event_day.map(|day| day.to_string()),
            since: objective.since.to_string(),
            until: objective.until.map(|day| day.to_string()),
            stands,
            days_left,
        }
    }
}
