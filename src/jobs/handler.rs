//! Who does a kind of job, and how a failure says what is to become of it: it is told at the line where it happens.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::Instant;
use crate::engine::ports::jobs::{Claimed, JobFault, Steps};

/// Why an attempt did not do it. Reasons hold no health value, no token and no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It may go better later.
    Retry {
        /// A code, as in `unavailable`.
        code: &'static str,
        /// A sentence.
        reason: String,
    },
    /// It will not go better: a person has to look at it.
    GiveUp {
        /// A code, as in `not_understood`.
        code: &'static str,
        /// A sentence.
        reason: String,
    },
    /// It is not its turn: a breaker is open, a budget is used up. The attempt does not count.
    PutOff {
        /// A code, as in `breaker_open`.
        code: &'static str,
        /// A sentence.
        reason: String,
        /// Not before then.
        until: Instant,
    },
}

impl Failure {
    /// A failure that may pass.
    pub fn retry(code: &'static str, reason: impl ToString) -> Self {
        Self::Retry { code, reason: reason.to_string() }
    }

    /// A failure that will not pass.
    pub fn give_up(code: &'static str, reason: impl ToString) -> Self {
        Self::GiveUp { code, reason: reason.to_string() }
    }

    /// What went wrong.
    #[must_use]
    pub fn fault(&self) -> JobFault {
        let (Self::Retry { code, reason, .. } | Self::GiveUp { code, reason } | Self::PutOff { code, reason, .. }) =
            self;
        JobFault { code, reason: reason.clone() }
    }
}

/// Does one kind of job. It may be called again for a job that it has done: a second time must change nothing.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Does a job, and writes into `steps` what each step took.
    async fn run(&self, job: &Claimed, steps: &mut Steps) -> Result<(), Failure>;
}

/// The handlers by kind.
#[derive(Clone, Default)]
pub struct Handlers(BTreeMap<&'static str, Arc<dyn Handler>>);

impl Handlers {
    /// The same with one more.
    #[must_use]
    pub fn with(mut self, kind: &'static str, handler: impl Handler + 'static) -> Self {
        self.0.insert(kind, Arc::new(handler));
        self
    }

    pub(super) fn of(&self, kind: &str) -> Option<Arc<dyn Handler>> {
        self.0.get(kind).cloned()
    }
}
