//! What is ordered by the clock. Each schedule stands in the database with the instant at which it is due; who moves it on
//! has fired it, and nobody else has.

use std::sync::Arc;

use async_trait::async_trait;
use croner::Cron;

use crate::domain::Instant;
use crate::engine::ports::jobs::{NewJob, Queue, QueueError};

/// What has to hold where a schedule is due: otherwise nothing is ordered until it is due again.
#[async_trait]
pub trait Condition: Send + Sync {
    /// Whether it holds now.
    async fn holds(&self) -> bool;

    /// Takes note that it held, and a job was ordered for it.
    fn ordered(&self);
}

/// A schedule: its rule in the form of cron, in UTC, and the job it orders.
pub struct Schedule {
    name: &'static str,
    rule: &'static str,
    cron: Cron,
    order: Box<dyn Fn(Instant) -> NewJob + Send + Sync>,
    condition: Option<Arc<dyn Condition>>,
}

/// A rule that cannot be read or never comes due.
#[derive(Debug, thiserror::Error)]
#[error("the schedule {name} has a rule that is none: {rule}")]
pub struct BadRule {
    name: &'static str,
    rule: &'static str,
}

impl Schedule {
    /// Orders what `order` makes for the instant at which it is due.
    ///
    /// # Errors
    /// When the rule cannot be read.
    pub fn new(
        name: &'static str,
        rule: &'static str,
        order: impl Fn(Instant) -> NewJob + Send + Sync + 'static,
    ) -> Result<Self, BadRule> {
        let cron = rule.parse::<Cron>().map_err(|_| BadRule { name, rule })?;
        Ok(Self { name, rule, cron, order: Box::new(order), condition: None })
    }

    /// The same where something holds besides.
    #[must_use]
    pub fn only_where(self, condition: Arc<dyn Condition>) -> Self {
        Self { condition: Some(condition), ..self }
    }

    /// Orders what is due. What was missed while nobody looked is ordered once, not once for every time.
    ///
    /// # Errors
    /// When the queue does not answer.
    pub async fn look(&self, queue: &dyn Queue, now: Instant) -> Result<bool, QueueError> {
        let Ok(next) = self.cron.find_next_occurrence(&now, false) else {
            return Ok(false);
        };
        match queue.due(self.name, self.rule).await? {
            None => {
                queue.fire(self.name, self.rule, None, next, Vec::new()).await?;
                Ok(false)
            }
            Some(due) if due <= now => {
                let wanted = match &self.condition {
                    None => true,
                    Some(condition) => condition.holds().await,
                };
                let jobs = wanted.then(|| (self.order)(due)).into_iter().collect();
                let fired = queue.fire(self.name, self.rule, Some(due), next, jobs).await?;
                if let Some(condition) = self.condition.as_ref().filter(|_| fired && wanted) {
                    condition.ordered();
                }
                Ok(fired)
            }
            Some(_) => Ok(false),
        }
    }
}
