//! Accounts at providers, with their grants; who is allowing access just now; and the notices that were taken.

use async_trait::async_trait;
use thiserror::Error;

use super::accounts::Digest;
use super::jobs::NewJob;
use super::provider_api::Grant;
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;

/// The connections did not answer: what was asked of them may or may not have been done.
#[derive(Debug, Error)]
#[error("the connections are not available: {0}")]
pub struct ConnectionsError(pub String);

/// Whether a connection can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// It can.
    Connected,
    /// Its grant is no good any more: the person has to connect again.
    Reconnect,
}

impl ConnectionState {
    /// The stable name.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Reconnect => "reconnect",
        }
    }
}

/// An account at a provider.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Whose.
    pub person: PersonId,
    /// Where.
    pub provider: Provider,
    /// Whether it can be used.
    pub state: ConnectionState,
    /// The account's id there.
    pub account: String,
    /// What the person allowed, where the provider says so.
    pub scopes: Option<Vec<String>>,
    /// Counts the grants.
    pub generation: i64,
    /// When it was connected.
    pub connected_at: Instant,
    /// How far it has been fetched.
    pub reach: Reach,
    /// What the last fault was, until a fetch goes well.
    pub fault: Option<String>,
    /// When that was.
    pub failed_at: Option<Instant>,
}

/// How far a connection has been fetched. Of a provider that sends by itself: asked for, and nobody says when it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Everything since then was fetched, or asked for.
    pub since: Option<Instant>,
    /// Whether there is nothing older to be fetched, or to be asked for.
    pub complete: bool,
    /// When it was last fetched to its end.
    pub synced_at: Option<Instant>,
}

/// A person who is allowing access just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Who.
    pub person: PersonId,
    /// Where.
    pub provider: Provider,
    /// The digest of what their browser holds.
    pub browser: Digest,
    /// The secret half of PKCE.
    pub verifier: String,
    /// Until when they may come back.
    pub ends_at: Instant,
}

/// What came of asking to renew a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Nobody else renews it until the lease ends.
    Yours,
    /// Somebody else does, at most until then.
    Busy(Instant),
    /// There is a newer grant, or the connection cannot be used.
    Changed,
}

/// The connections.
#[async_trait]
pub trait Connections: Send + Sync {
    /// Remembers that a person went to a provider with a state.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn begin(&self, state: Digest, attempt: Attempt) -> Result<(), ConnectionsError>;

    /// Who went there with this state: once, and not after its end.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn come_back(&self, state: Digest, now: Instant) -> Result<Option<Attempt>, ConnectionsError>;

    /// Keeps a connection with its grant and orders jobs with it; false where the account is another person's here. One that
    /// was there already gets the new grant and keeps its reach, unless something else is allowed than was: then its history
    /// begins anew.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn connect(
        &self,
        connection: &Connection,
        grant: &Grant,
        jobs: Vec<NewJob>,
        now: Instant,
    ) -> Result<bool, ConnectionsError>;

    /// A connection with its grant.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn get(&self, person: PersonId, provider: Provider) -> Result<Option<(Connection, Grant)>, ConnectionsError>;

    /// The connections of a person, or of everybody, by provider.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn list(&self, person: Option<PersonId>) -> Result<Vec<Connection>, ConnectionsError>;

    /// Whose an account is.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn owner(&self, provider: Provider, account: &str) -> Result<Option<PersonId>, ConnectionsError>;

    /// Asks to renew a grant of a generation; `lease` names who asks.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn ask_to_renew(
        &self,
        connection: &Connection,
        lease: uuid::Uuid,
        now: Instant,
        until: Instant,
    ) -> Result<Renewal, ConnectionsError>;

    /// Writes the grant that followed one of a generation down, before it is used; false where there is a newer one.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn renewed(&self, connection: &Connection, grant: &Grant) -> Result<bool, ConnectionsError>;

    /// Gives the lease of a renewal back that came to nothing.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn not_renewed(&self, connection: &Connection, lease: uuid::Uuid) -> Result<(), ConnectionsError>;

    /// Notes that a grant of a generation is no good any more.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn ended(&self, connection: &Connection) -> Result<(), ConnectionsError>;

    /// Notes that everything of a window was fetched up to its end; what went wrong before is forgotten.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn synced(
        &self,
        person: PersonId,
        provider: Provider,
        from: Instant,
        to: Instant,
    ) -> Result<(), ConnectionsError>;

    /// Notes how far back the history was fetched, and whether there is nothing older.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn backfilled(
        &self,
        person: PersonId,
        provider: Provider,
        since: Instant,
        complete: bool,
    ) -> Result<(), ConnectionsError>;

    /// Notes what went wrong, as a code, and when.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn failed(
        &self,
        person: PersonId,
        provider: Provider,
        fault: &str,
        now: Instant,
    ) -> Result<(), ConnectionsError>;

    /// Forgets a connection; whether there was one.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn forget(&self, person: PersonId, provider: Provider) -> Result<bool, ConnectionsError>;

    /// Takes a notice of a provider and orders what it asks for, in one transaction; false when it was taken before.
    ///
    /// # Errors
    /// When the connections do not answer: then the notice is not taken, and the provider sends it again.
    async fn deliver(
        &self,
        provider: Provider,
        delivery: &str,
        jobs: Vec<NewJob>,
        now: Instant,
    ) -> Result<bool, ConnectionsError>;

    /// Forgets who set out for a provider and did not come back in time, and notices that no provider sends again.
    ///
    /// # Errors
    /// When the connections do not answer.
    async fn prune(&self, now: Instant) -> Result<(), ConnectionsError>;
}
