//! The narrator: somebody who plans a text from codes. What comes back is trusted with nothing: it is checked sentence by
//! sentence, and without it the template's text is published.

use std::time::Duration;

use async_trait::async_trait;

pub use crate::domain::narration::{Identity, NoAnswer};
use crate::domain::plan::{NarrativePlan, PlanRequest};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The plan, as it was read: its shape is right, what it says is not checked yet.
    pub plan: NarrativePlan,
    /// Tokens read and written, where the server says.
    pub tokens: Option<(u32, u32)>,
}

/// Plans texts.
#[async_trait]
pub trait Narrator: Send + Sync {
    /// Who plans.
    fn identity(&self) -> Identity;

    /// Whether it is to see the numbers of claims, where a person agreed to that; codes else.
    fn wants_values(&self) -> bool;

    /// Asks for a plan; returns within `within` whatever happens. One call, never a second.
    ///
    /// # Errors
    /// Why there is none.
    async fn plan(&self, request: &PlanRequest, within: Duration) -> Result<Answer, NoAnswer>;

    /// Told how much of a plan was replaced, 0 to 1: plans that are mostly replaced are not asked for any more for a while.
    fn judged(&self, replaced: f64);
}
