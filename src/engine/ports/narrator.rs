//! The narrator: somebody who plans a text from codes. What comes back is trusted with nothing: it is checked sentence by
//! sentence, and without it the template's text is published.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::domain::plan::{NarrativePlan, PlanRequest};

/// Who plans, and with which settings: a plan of another is not used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The model's name.
    pub model: String,
    /// A digest of everything else that shapes an answer: endpoint, prompt, schema, parameters.
    pub settings: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The plan, as it was read: its shape is right, what it says is not checked yet.
    pub plan: NarrativePlan,
    /// Tokens read and written, where the server says.
    pub tokens: Option<(u32, u32)>,
}

/// Why there is no answer. No variant carries a word of what was sent or received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NoAnswer {
    /// It took too long.
    #[error("timeout")]
    Timeout,
    /// No connection, or it broke off.
    #[error("connection")]
    Connection,
    /// The server refused: wrong key, no right, no such model or address.
    #[error("refused")]
    Refused,
    /// The server has too much to do.
    #[error("busy")]
    Busy,
    /// The server failed, or said that it had.
    #[error("server")]
    Server,
    /// The server sent the request somewhere else.
    #[error("redirected")]
    Redirected,
    /// More than 64 KiB.
    #[error("too large")]
    TooLarge,
    /// Not finished: cut off, filtered, or refused by the model.
    #[error("not finished")]
    NotFinished,
    /// Not what a plan looks like.
    #[error("unreadable")]
    Unreadable,
    /// The endpoint has failed too often lately and is not asked.
    #[error("breaker open")]
    BreakerOpen,
}

/// Plans texts.
#[async_trait]
pub trait Narrator: Send + Sync {
    /// Who plans.
    fn identity(&self) -> Identity;

    /// Asks for a plan; returns within `within` whatever happens. One call, never a second.
    ///
    /// # Errors
    /// Why there is none.
    async fn plan(&self, request: &PlanRequest, within: Duration) -> Result<Answer, NoAnswer>;

    /// Told how much of a plan was replaced, 0 to 1: plans that are mostly replaced are not asked for any more for a while.
    fn judged(&self, replaced: f64);
}
