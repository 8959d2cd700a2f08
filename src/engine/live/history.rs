//! What is known of how much of an account's past is here.

use chrono::TimeDelta;

use super::{Live, LiveError};
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::engine::EngineError;
use crate::engine::ports::connections::Connection;

/// How much of an account's past is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Everything since then is here, as far as it was allowed.
    pub since: Option<Instant>,
    /// Whether there is nothing older, and nothing that was not allowed. Of a provider that sends by itself nobody can say so.
    pub complete: bool,
    /// Since when it was asked for, of a provider that sends by itself.
    pub asked_since: Option<Instant>,
    /// The start of the oldest that has come since then.
    pub arrived_since: Option<Instant>,
}

impl Live {
    /// How much of an account's past is here.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn past(&self, connection: &Connection) -> Result<History, LiveError> {
        let reach = connection.reach;
        let polls = self.apis.get(&connection.provider).is_none_or(|api| api.polls());
        if polls {
            let complete = reach.complete && self.missing(connection).is_empty();
            return Ok(History { since: reach.since, complete, ..History::default() });
        }
        let Some(asked_since) = reach.since else { return Ok(History::default()) };
        self.engine.views.catch_up().await.map_err(EngineError::from)?;
        // A local day may have begun the day before.
        let since = LocalDay::new((asked_since - TimeDelta::days(1)).date_naive());
        let seen = self.engine.views.observations(connection.person, since).await.map_err(EngineError::from)?;
        let of_provider = seen.iter().map(|(seen, _)| &seen.key).filter(|key| key.provider == connection.provider);
        let arrived_since = of_provider.map(|key| key.start).filter(|start| *start >= asked_since).min();
        Ok(History { asked_since: Some(asked_since), arrived_since, ..History::default() })
    }
}
