//! Access that is good now: renewed in time, by one at a time, and written down before it is used.
//!
//! A provider that gives each refresh token once ends the whole grant when two use the same one. So whoever renews holds a lease
//! in the database, looks again whether somebody else was faster, and writes the new grant down before anything else. Nothing
//! can be done about a process that dies between the provider's answer and that write: the person has to connect again.

use chrono::TimeDelta;

use super::{Live, LiveError};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::engine::ports::connections::{Connection, ConnectionState, Renewal};
use crate::engine::ports::provider_api::{CallFault, Grant};

/// Access that ends within this time is renewed first.
const MARGIN: TimeDelta = TimeDelta::minutes(5);
/// How long a renewal may take; a call to a provider is given up long before.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// How long to leave somebody else who renews alone before looking again.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(2);
/// How often a change by somebody else is followed.
const TRIES: usize = 8;

impl Live {
    /// A connection with access that is good now.
    ///
    /// # Errors
    /// `Reconnect` where only the person can give access, `Busy` where somebody else renews it just now.
    pub async fn access(
        &self,
        person: PersonId,
        provider: Provider,
        now: Instant,
    ) -> Result<(Connection, Grant), LiveError> {
        self.access_after(person, provider, None, now).await
    }

    /// The same where the access of a generation was not taken: it must be a newer one.
    ///
    /// # Errors
    /// As for [`Self::access`].
    pub async fn access_after(
        &self,
        person: PersonId,
        provider: Provider,
        not_taken: Option<i64>,
        now: Instant,
    ) -> Result<(Connection, Grant), LiveError> {
        for _ in 0..TRIES {
            // A job that has run for long renews by the time it is, or its lease would be over when it begins.
            let now = now.max((self.clock)());
            let found = self.connections.get(person, provider).await?;
            let (connection, grant) = found.ok_or(LiveError::NotConnected(provider))?;
            if connection.state == ConnectionState::Reconnect {
                return Err(LiveError::Reconnect(provider));
            }
            if grant.expires_at - now > MARGIN && not_taken != Some(connection.generation) {
                return Ok((connection, grant));
            }
            let lease = self.new_id();
            match self.connections.ask_to_renew(&connection, lease, now, now + LEASE).await? {
                Renewal::Changed => {}
                Renewal::Busy(until) => return Err(LiveError::Busy(until.min(now + LOOK_AGAIN))),
                Renewal::Yours => {
                    // Between the provider's answer and the moment it is written down nobody may be cancelled.
                    let live = self.clone();
                    let renewing = self.tasks.spawn(async move { live.renew(&connection, &grant, lease, now).await });
                    renewing.await.unwrap_or(Err(LiveError::Stopped))?;
                }
            }
        }
        Err(LiveError::Busy(now + LOOK_AGAIN))
    }

    async fn renew(
        &self,
        connection: &Connection,
        grant: &Grant,
        lease: uuid::Uuid,
        now: Instant,
    ) -> Result<(), LiveError> {
        let provider = connection.provider;
        let renewed = match &grant.refresh {
            None => Err(CallFault::GrantEnded),
            Some(refresh) => self.api(provider)?.refresh(refresh, now).await,
        };
        match renewed {
            Ok(renewed) => {
                self.connections.renewed(connection, &renewed).await?;
                Ok(())
            }
            Err(CallFault::GrantEnded) => {
                self.connections.ended(connection).await?;
                Err(LiveError::Reconnect(provider))
            }
            Err(fault) => {
                self.connections.not_renewed(connection, lease).await?;
                Err(fault.into())
            }
        }
    }
}
