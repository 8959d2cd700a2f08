//! The latest loop and the latest intake that this process ran, whoever asked for them: when, how long, how it ended.
//!
//! It is kept in memory alone and names nobody. One that was still running when its sender went away is not told of.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::shape;
use crate::domain::Instant;
use crate::engine::EngineError;
use crate::engine::run::RunError;
use crate::engine::stages::LoopReport;

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should.
    Done,
    /// What came in, or a rule, did not allow it.
    Refused,
    /// Something this server needs did not answer, or is at fault.
    Failed,
}

impl Outcome {
    fn of<T>(ended: &Result<T, EngineError>) -> Self {
        match ended {
            Ok(_) => Self::Done,
            Err(
                EngineError::Refused(_)
                | EngineError::NotFound { .. }
                | EngineError::Export(_)
                | EngineError::Run(RunError::Refused { .. }),
            ) => Self::Refused,
            Err(_) => Self::Failed,
        }
    }
}

/// A loop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LatestLoop {
    /// When it began.
    #[schema(format = DateTime)]
    pub at: String,
    /// What it took, in milliseconds.
    pub elapsed_ms: u64,
    /// Days run; null where it did not come to its end.
    pub days: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
}

/// A file or a batch that was taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LatestIntake {
    /// When it had come in whole and was begun to be read.
    #[schema(format = DateTime)]
    pub at: String,
    /// What reading and appending it took, in milliseconds.
    pub elapsed_ms: u64,
    /// Rows read, those that said nothing new or were refused included; null where it was not taken.
    pub rows: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
}

#[derive(Default)]
struct Kept {
    of_loop: Option<LatestLoop>,
    of_intake: Option<LatestIntake>,
}

/// What is kept; its clones keep the same.
#[derive(Clone, Default)]
pub struct Latest(Arc<Mutex<Kept>>);

impl Latest {
    /// Keeps a loop that ended.
    pub(super) fn looped(&self, at: Instant, took: Duration, ended: &Result<LoopReport, EngineError>) {
        let days = ended.as_ref().ok().map(|report| report.days);
        let latest = LatestLoop { at: at.to_rfc3339(), elapsed_ms: ms(took), days, outcome: Outcome::of(ended) };
        self.change(|kept| kept.of_loop = Some(latest));
    }

    /// Keeps an intake that ended.
    pub(super) fn took_in(&self, at: Instant, took: Duration, ended: &Result<Vec<shape::Import>, EngineError>) {
        let rows = ended.as_ref().ok().map(|parts| parts.iter().map(|part| part.read).sum());
        let latest = LatestIntake { at: at.to_rfc3339(), elapsed_ms: ms(took), rows, outcome: Outcome::of(ended) };
        self.change(|kept| kept.of_intake = Some(latest));
    }

    /// The latest of both; nothing before the first.
    pub(super) fn both(&self) -> (Option<LatestLoop>, Option<LatestIntake>) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.of_loop.clone(), kept.of_intake.clone())
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn ms(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
